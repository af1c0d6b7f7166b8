"""Who may connect from a browser: origins (RFC 6455 10.2), and the Host of a page that rebinds DNS.

A browser sends the cookies of a victim with a handshake from any page and asks nobody first. So the default is the same
origin alone, compared whole; a request without Origin is no browser's and comes in; and because a foreign name can be
made to point at 127.0.0.1, a listener there also wants a Host that names this machine.
"""

import re

from harness import expect, expect_equal, main, test
from server import Server
from wire import TLS, Peer, request


def on_this_wire(text):
    """What is written for a plain server: over TLS the two schemes change places, and their ports."""
    other = {"http:": "https:", "https:": "http:", "HTTP:": "HTTPS:", ":80": ":443", ":443": ":80"}
    return re.sub(r"https?:|HTTP:|:80\b|:443\b", lambda found: other[found[0]], text) if TLS else text


def ask(server, path="/ws", where=None, **fields):
    with Peer(where or server.port) as peer:
        status, _ = peer.send(request(path, **fields)).head()
        return status


def expect_answers(server, table):
    """Each row: the Origin (None for none), the Host, and whether it comes in. PORT stands for the port."""
    for origin, host, allowed in table:
        fields = {"host": on_this_wire(host).replace("PORT", str(server.port))}
        if origin is not None:
            fields["Origin"] = on_this_wire(origin).replace("PORT", str(server.port))
        for path in ("/ws", "/echo"):
            expect_equal(ask(server, path, **fields), 101 if allowed else 403, f"the status of {path} with {fields}")


@test
def the_default_is_the_same_origin_and_nothing_that_looks_like_it():
    own = "localhost:PORT"
    with Server() as server:
        expect_answers(server, [
            (None, own, True),
            ("http://localhost:PORT", own, True),
            ("HTTP://LocalHost:PORT", own, True),
            ("http://localhost:PORT", "LOCALHOST:PORT", True),
            ("http://127.0.0.1:PORT", "127.0.0.1:PORT", True),
            ("http://[::1]:PORT", "[::1]:PORT", True),
            ("http://app.localhost:PORT", "app.localhost:PORT", True),
            # The port of the scheme may be written or left out.
            ("http://localhost", "localhost", True),
            ("http://localhost:80", "localhost", True),
            ("http://localhost", "localhost:80", True),
            # Another scheme, host or port.
            ("null", own, False),
            ("", own, False),
            ("https://localhost:PORT", own, False),
            ("file://localhost:PORT", own, False),
            ("http://localhost", own, False),
            ("http://localhost:1", own, False),
            ("http://127.0.0.1:PORT", own, False),
            ("http://evil.example", own, False),
            ("http://evil.example:PORT", own, False),
            # What a search inside the text, or a pattern, would let in.
            ("http://localhost:PORT.evil.example", own, False),
            ("http://localhost.evil.example:PORT", own, False),
            ("http://evil.example/localhost:PORT", own, False),
            ("http://evillocalhost:PORT", own, False),
            ("http://sub.localhost:PORT", own, False),
            ("http://localhosts:PORT", own, False),
            ("http://localhost:PORT@evil.example", own, False),
            ("http://evil.example@localhost:PORT", own, False),
            ("http://user@localhost:PORT", own, False),
            ("http://localhost.:PORT", own, False),
            ("http://localhost:PORT/", own, False),
            ("http://localhost:PORT/path", own, False),
            ("http://localhost:PORT#x", own, False),
            ("http://localhost:PORT?x", own, False),
            ("http://localhost:0PORT", own, False),
            ("http://localhost:PORT`evil.example", own, False),
            ("localhost:PORT", own, False),
            ("//localhost:PORT", own, False),
            ("http:localhost:PORT", own, False),
            ("http://", own, False),
            ("://localhost:PORT", own, False),
            ("http://xn--lcalhost-s4a:PORT", own, False),
            ("http://localhost:PORT http://evil.example", own, False),
            ("http://localhost:PORT, http://evil.example", own, False),
            ("*", own, False),
        ])


@test
def on_a_loopback_listener_a_rebound_name_does_not_come_in():
    with Server() as server:
        expect_answers(server, [
            ("http://evil.example:PORT", "evil.example:PORT", False),
            ("http://localhost.evil.example:PORT", "localhost.evil.example:PORT", False),
            ("http://127.0.0.1.evil.example:PORT", "127.0.0.1.evil.example:PORT", False),
            ("http://evil.example:PORT", "127.0.0.1:PORT", False),
            ("http://192.0.2.1:PORT", "192.0.2.1:PORT", False),
            ("http://", "", False),
            (None, "evil.example:PORT", True),  # no browser; a proxy in front of us may keep its own name
        ])
        name = rf"evil\.example:{server.port}"
        server.wait_for_log(rf"{name}' is not this machine's own name.*--allow-origin {on_this_wire('http://')}{name}$")


@test
def every_403_logs_the_flag_that_would_allow_it():
    with Server() as server:
        for origin in map(on_this_wire, ("http://evil.example", "https://app.example:8443")):
            expect_equal(ask(server, Origin=origin), 403)
            server.wait_for_log(rf"warning .*127\.0\.0\.1:\d+ refused: .*'{origin}' .*--allow-origin {origin}$")
        expect_equal(ask(server, Origin="null"), 403)
        server.wait_for_log(r"warning .*127\.0\.0\.1:\d+ refused: .*--allow-origin '\*'$")


@test
def an_origin_in_the_log_cannot_move_the_cursor():
    with Server() as server:
        expect(ask(server, Origin="http://a\x9b31m\xc2\x9b.example") in (400, 403), "it comes in")
        expect(ask(server, Origin="http://" + "a" * 8000) in (403, 431), "it comes in")
        server.stop()
        log = server.log()
        expect("\x9b" not in log and "\ufffd" not in log, f"the log is {log!r}")
        expect(len(log) < 3000, f"the log has {len(log)} characters")


@test
def two_origins_are_refused():
    with Server("--allow-origin", "http://a.example") as server, Peer(server.port) as peer:
        twice = request("/ws", Origin="http://a.example").replace(b"\r\n\r\n", b"\r\norigin: http://a.example\r\n\r\n")
        expect(peer.send(twice).head()[0] in (400, 403), "it comes in")


@test
def allow_origin_lets_exactly_these_in_besides_our_own():
    with Server("--allow-origin", on_this_wire("https://App.Example"),
                "--allow-origin", on_this_wire("http://other.example:3000")) as server:
        own = "localhost:PORT"
        expect_answers(server, [
            ("https://app.example", own, True),
            ("https://app.example:443", own, True),
            ("https://APP.example", "127.0.0.1:PORT", True),
            ("https://app.example", "app.example", True),  # named by the operator: no rebinding
            ("http://other.example:3000", own, True),
            ("http://localhost:PORT", own, True),
            (None, own, True),
            ("http://app.example", own, False),
            ("https://app.example:444", own, False),
            ("https://sub.app.example", own, False),
            ("https://appXexample", own, False),
            ("https://app.example.evil.example", own, False),
            ("http://other.example", own, False),
            ("null", own, False),
        ])


@test
def an_asterisk_lets_all_in():
    with Server("--allow-origin", "*") as server:
        expect_answers(server, [
            ("http://evil.example", "localhost:PORT", True),
            ("null", "localhost:PORT", True),
            ("http://evil.example:PORT", "evil.example:PORT", True),
            (None, "localhost:PORT", True),
        ])


@test
def the_page_and_healthz_have_no_such_rule():
    with Server() as server:
        for path in ("/", "/healthz"):
            with Peer(server.port) as peer:
                peer.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\n\r\n".encode())
                expect_equal(peer.head()[0], 200, path)


main()
