"""The HTTP side of `ws101 serve`, asked by curl; where curl is too polite, byte by byte.

RFC 9110 and 9112: what the paths answer, the bounds of a request and the status past each, one connection for many
requests, and that a handshake that is refused ends its connection.
"""

import json
import re
import subprocess

from harness import DEADLINE, expect, expect_equal, main, test
from server import Server
from wire import KEY, TLS, Peer, certificate, request

CURL_TRUST = ("--cacert", certificate()[0]) if TLS else ()


def curl(server, path="/", *flags, feed=None):
    """Returns the response's status, its head (header names in lower case) and its body."""
    command = ["curl", "--silent", "--show-error", "--include", "--http1.1", "--max-time", str(DEADLINE), *flags,
               *CURL_TRUST, server.url(path, "http")]
    done = subprocess.run(command, input=feed, capture_output=True, timeout=2 * DEADLINE)
    expect_equal(done.returncode, 0, f"curl's exit status ({done.stderr.decode().strip()})")
    rest, head, text = done.stdout, {}, ""
    while True:  # a 100 Continue is a head of its own
        text, _, rest = rest.partition(b"\r\n\r\n")
        lines = text.decode().split("\r\n")
        status = int(lines[0].split()[1])
        if status != 100:
            break
    for line in lines[1:]:
        name, _, value = line.partition(":")
        head[name.lower()] = value.strip()
    return status, head, rest


def upgrade_flags(**changed):
    fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
    fields.update({name.replace("_", "-"): value for name, value in changed.items()})
    return [word for name, value in fields.items() if value is not None for word in ("-H", f"{name}: {value}")]


@test
def the_page_is_html_and_healthz_says_ok():
    with Server() as server:
        status, head, body = curl(server, "/")
        expect_equal((status, head["content-type"]), (200, "text/html; charset=utf-8"))
        expect(body.startswith(b"<!DOCTYPE html>") and b"/ws" in body, "the page is no page with a client for /ws")
        expect(not re.search(rb"(src|href)=[\"']?https?:", body), "the page asks other servers for something")
        expect_equal(int(head["content-length"]), len(body), "Content-Length")
        status, head, body = curl(server, "/healthz")
        expect_equal((status, body, head["content-type"]), (200, b"ok\n", "text/plain; charset=utf-8"))
        expect(re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", head["date"]), f"Date is {head['date']!r}")


@test
def a_query_is_no_part_of_the_path():
    with Server() as server:
        expect_equal(curl(server, "/healthz?probe=1")[0], 200, "the status")


@test
def head_is_get_without_the_body():
    with Server() as server:
        for path in ("/", "/healthz"):
            _, wanted, body = curl(server, path)
            status, head, none = curl(server, path, "--head")
            expect_equal((status, none), (200, b""), path)
            for name in ("content-type", "content-length"):
                expect_equal(head[name], wanted[name], name)
            expect_equal(int(head["content-length"]), len(body), "Content-Length")


@test
def an_unknown_path_is_404_and_a_wrong_method_405_with_allow():
    with Server() as server:
        for path in ("/nothing", "/ws/", "/WS", "//", "/echo/x", "/%77s"):
            expect_equal(curl(server, path)[0], 404, f"the status of {path}")
        for method, path in (("POST", "/"), ("PUT", "/healthz"), ("DELETE", "/ws"), ("PATCH", "/echo"),
                             ("OPTIONS", "/")):
            status, head, _ = curl(server, path, "-X", method)
            expect_equal((status, head["allow"]), (405, "GET, HEAD"), f"{method} {path}")


@test
def every_bound_of_a_request_has_its_status():
    long = "x" * 20_000
    cases = [
        (431, "a head of 20 KB", ["-H", f"X-Long: {long}"], None),
        (431, "101 fields", [word for i in range(101) for word in ("-H", f"X-{i}: y")], None),
        (413, "a body of 2 MiB", ["--data-binary", "@-"], b"b" * (2 << 20)),
        (413, "chunks of 2 MiB", ["--data-binary", "@-", "-H", "Transfer-Encoding: chunked"], b"b" * (2 << 20)),
        (405, "a body of 1 MiB, which is allowed", ["--data-binary", "@-"], b"b" * (1 << 20)),
    ]
    with Server() as server:
        for wanted, name, flags, feed in cases:
            status, head, _ = curl(server, "/", *flags, feed=feed)
            expect_equal(status, wanted, f"the status of {name}")
            expect_equal(head.get("connection"), "close" if wanted in (413, 431) else None, f"Connection after {name}")
        status, head, _ = curl(server, "/" + long)
        expect(status in (414, 431) and head["connection"] == "close", f"a target of 20 KB is answered with {status}")


@test
def bounds_are_those_of_the_flags():
    with Server("--max-head", "1KiB", "--max-headers", "5", "--max-body", "10") as server:
        expect_equal(curl(server, "/", "-H", "X: " + "x" * 500)[0], 200)
        expect_equal(curl(server, "/", "-H", "X: " + "x" * 1000)[0], 431)
        expect_equal(curl(server, "/", "-H", "A: 1", "-H", "B: 2")[0], 200)
        expect_equal(curl(server, "/", *[word for i in range(6) for word in ("-H", f"X-{i}: y")])[0], 431)
        expect_equal(curl(server, "/", "--data-binary", "0123456789")[0], 405)
        expect_equal(curl(server, "/", "--data-binary", "0123456789+")[0], 413)


@test
def one_connection_serves_many_requests():
    with Server() as server:
        urls = [server.url(path, "http") for path in ("/healthz", "/nothing", "/", "/healthz")]
        command = ["curl", "--silent", *CURL_TRUST, "--write-out", "%{json}\n"]
        for url in urls:
            command += ["--output", "/dev/null", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        expect_equal([answer["num_connects"] for answer in answers], [1, 0, 0, 0], "the connections made")
        expect_equal([answer["http_code"] for answer in answers], [200, 404, 200, 200], "the answers")


@test
def pipelined_requests_are_answered_in_order():
    with Server() as server, Peer(server.port) as peer:
        paths = ["/healthz", "/a", "/healthz", "/b", "/healthz"] * 20
        peer.send(*[f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths])
        for path in paths:
            status, text = peer.head()
            peer.take(int(re.search(r"Content-Length: (\d+)", text)[1]))
            expect_equal(status, 200 if path == "/healthz" else 404, f"the answer to {path}")


@test
def connection_close_and_http_1_0_end_the_connection():
    with Server() as server:
        for start in (b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                      b"GET /healthz HTTP/1.0\r\n\r\n"):
            with Peer(server.port) as peer:
                answer = peer.send(start, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").rest()
                expect(answer.endswith(b"\r\n\r\nok\n"), f"{start!r} is answered with {answer!r}")
                expect(b"Connection: close\r\n" in answer, f"{start!r} is answered without Connection: close")


REFUSED = [
    ("no Upgrade", 426, upgrade_flags(Upgrade=None), "sec-websocket-version"),
    ("another protocol", 426, upgrade_flags(Upgrade="h2c"), "sec-websocket-version"),
    ("Upgrade: notwebsocket", 426, upgrade_flags(Upgrade="notwebsocket"), "sec-websocket-version"),
    ("no Connection: Upgrade", 400, upgrade_flags(Connection="keep-alive"), None),
    ("version 8", 426, upgrade_flags(Sec_WebSocket_Version="8"), "sec-websocket-version"),
    ("version 1337", 426, upgrade_flags(Sec_WebSocket_Version="1337"), "sec-websocket-version"),
    ("no version", 426, upgrade_flags(Sec_WebSocket_Version=None), "sec-websocket-version"),
    ("no key", 400, upgrade_flags(Sec_WebSocket_Key=None), None),
    ("a key of 15 bytes", 400, upgrade_flags(Sec_WebSocket_Key="MTIzNDU2Nzg5MDEyMzQ1"), None),
    ("two keys", 400, [*upgrade_flags(), "-H", f"sec-websocket-key: {KEY}"], None),
    ("a malformed extension", 400, upgrade_flags(Sec_WebSocket_Extensions="a;;b"), None),
    ("a foreign origin", 403, upgrade_flags(Origin="http://evil.example"), None),
    ("POST", 405, [*upgrade_flags(), "-X", "POST"], "allow"),
    ("HTTP/1.0", 400, [*upgrade_flags(), "--http1.0"], None),
    ("a body", 400, [*upgrade_flags(), "-X", "GET", "--data-binary", "x"], None),
]


@test
def a_refused_handshake_has_a_real_status_and_closes():
    with Server() as server:
        for path in ("/ws", "/echo"):
            for name, wanted, flags, field in REFUSED:
                status, head, body = curl(server, path, *flags)
                expect_equal(status, wanted, f"the status of {path} with {name}")
                expect(len(body) > 10 and body.endswith(b"\n"), f"{name} is refused without a sentence: {body!r}")
                expect("upgrade" not in head or status == 426, f"{name} is refused with Upgrade: {head.get('upgrade')}")
                expect("evil" not in str(head), f"{name} has its own words in the answer's head")
                if "no Upgrade" not in name:
                    expect_equal(head.get("connection"), "close", f"Connection after {name}")
                if field:
                    expect(field in head, f"{name} is refused without {field}")
                if status == 426:
                    expect_equal(head["sec-websocket-version"], "13", f"the version that {name} is told")


@test
def nothing_behind_a_refused_handshake_is_served():
    second = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    cases = [(426, request(Sec_WebSocket_Version="1337")), (405, request(method="POST")),
             (400, request(version="HTTP/1.0")), (403, request(Origin="http://evil.example")),
             (200, request("/healthz", Upgrade="foo")), (404, request("/nothing")),
             (400, request(Sec_WebSocket_Key="x"))]
    with Server() as server:
        for wanted, first in cases:
            with Peer(server.port) as peer:
                answer = peer.send(first, second).rest()
                expect_equal(int(answer.split(b" ")[1]), wanted, f"the status of {first!r}")
                expect_equal(answer.count(b"HTTP/1.1 "), 1, f"the answers to {first!r} and a second request")


@test
def a_plain_request_to_a_websocket_path_is_told_what_to_do():
    with Server() as server:
        status, head, body = curl(server, "/ws")
        expect_equal((status, head["sec-websocket-version"]), (426, "13"))
        expect_equal(head["upgrade"], "websocket", "Upgrade (RFC 9110 15.5.22 requires it)")
        expect(b"WebSocket" in body, f"the sentence is {body!r}")


@test
def a_handshake_that_comes_byte_by_byte_is_answered_like_any_other():
    with Server() as server, Peer(server.port) as peer:
        for byte in request("/echo"):
            peer.send(bytes([byte]))
        status, text = peer.head()
        expect_equal(status, 101, "the status")
        expect("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in text, f"no answer to the key: {text!r}")
        peer.echo()


main()
