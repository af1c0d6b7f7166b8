"""The time limits of `ws101 serve`: the heartbeat, and how long a handshake, a message, a close, an idle peer may take.

What must end is waited for; what must live is shown to live through several times the limit. No figure here asks a busy
machine to be quick.
"""

import asyncio
import contextlib
import time

import websockets

from harness import DEADLINE, expect, expect_equal, main, test
from server import Server
from wire import BINARY, CLOSE, PING, PONG, TEXT, Peer, apply_mask, frame, header, request


@contextlib.contextmanager
def at_least(seconds, what):
    started = time.monotonic()
    yield
    passed = time.monotonic() - started
    expect(passed >= seconds, f"{what} ended after {passed:.3f} s already, not {seconds} s")


def trickle(peer, data, pause):
    """Sends byte after byte, until all are gone or the other side has had enough. Returns whether it had."""
    peer.socket.settimeout(pause)
    for byte in data:
        try:
            peer.socket.sendall(bytes([byte]))
            piece = peer.socket.recv(65536)
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
        peer.received += piece
        if piece:
            break
        peer.socket.settimeout(DEADLINE)
        return True
    else:
        peer.socket.settimeout(DEADLINE)
        return False
    peer.socket.settimeout(DEADLINE)
    return True


# ---- Heartbeat (RFC 6455 5.5.2)

@test
def a_silent_peer_is_pinged_and_then_dropped_without_a_close_frame():
    with Server("--ping-interval", "200ms", "--pong-timeout", "300ms") as server:
        before = server.descriptors()
        for path in ("/ws?period=1h", "/echo"):
            with Peer(server.port) as peer:
                peer.upgrade(path)
                with at_least(0.4, "the silent peer"):
                    expect_equal(peer.frame().opcode, PING, "the first frame")
                    expect_equal(peer.rest(), b"", "what comes behind the ping")
        server.wait_for_log(r"lost, 1006 ")
        server.wait_for_descriptors(before)


@test
def a_silent_peer_whose_kernel_takes_our_messages_is_dropped_too():
    """That its system acknowledges our bytes does not mean that anybody is there."""
    with Server("--ping-interval", "200ms", "--pong-timeout", "300ms") as server, Peer(server.port) as peer:
        peer.upgrade("/ws?period=50ms").frame_of(PING)
        peer.rest()
        server.wait_for_log(r"lost, 1006 ")


@test
def a_peer_that_answers_pings_lives():
    with Server("--ping-interval", "100ms", "--pong-timeout", "10s") as server, Peer(server.port) as peer:
        peer.upgrade()
        for _ in range(8):
            ping = peer.frame_of(PING)
            expect(len(ping.payload) <= 125 and ping.final, f"the ping is {ping}")
            peer.send(frame(PONG, ping.payload))
        peer.echo()


@test
async def other_peoples_clients_answer_pings_by_themselves():
    with Server("--ping-interval", "100ms", "--pong-timeout", "5s") as server:
        async with server.connect("/echo", ping_interval=None) as socket:
            with Peer(server.port) as silent:
                # One that dies for the same reason in the same server shows that the limit works meanwhile.
                silent.upgrade()
                await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(None, silent.rest), DEADLINE)
            await socket.send("still here")
            expect_equal(await asyncio.wait_for(socket.recv(), DEADLINE), "still here")


@test
def any_byte_is_life():
    with Server("--ping-interval", "200ms", "--pong-timeout", "2s", "--message-timeout", "off") as server:
        with Peer(server.port) as peer:
            peer.upgrade()
            payload = b"slow, and never a pong between" * 2
            data = header(BINARY, len(payload)) + apply_mask(payload, b"\x37\xfa\x21\x3d")
            started = time.monotonic()
            for byte in data:  # 66 bytes in 3.3 s at least
                peer.send(bytes([byte]))
                time.sleep(0.05)
            expect(time.monotonic() - started > 3, "the limit has not passed")
            expect_equal(peer.frame_of(BINARY).payload, payload, "the echo")


@test
def a_peer_that_takes_our_bytes_slowly_is_not_dead():
    size = 16 << 20
    with Server("--ping-interval", "200ms", "--pong-timeout", "1s") as server:
        with Peer(server.port, receive_buffer=256 << 10) as peer:
            peer.upgrade().send(header(BINARY, size, key=b"\0\0\0\0"), bytes(size))
            started = time.monotonic()
            left = size
            expect_equal(len(peer.take(10)), 10, "the header of the echo")
            while left > 0:  # for 3 s, which is three times the limit, it says nothing and reads a little
                left -= len(peer.take(min(left, 128 << 10)))
                if time.monotonic() - started < 3:
                    time.sleep(0.1)
            expect(time.monotonic() - started >= 3, "the message was gone too soon")
            peer.send(frame(PONG))
            peer.echo()


@test
def ping_interval_off_pings_nobody():
    with Server("--ping-interval", "off", "--pong-timeout", "100ms") as server, Peer(server.port) as peer:
        peer.upgrade("/ws?period=300ms")
        for _ in range(4):
            expect_equal(peer.frame().opcode, TEXT, "the opcode")


@test
def pong_timeout_off_pings_and_drops_nobody():
    with Server("--ping-interval", "100ms", "--pong-timeout", "off") as server, Peer(server.port) as peer:
        peer.upgrade()
        for _ in range(8):
            expect_equal(peer.frame().opcode, PING, "the opcode")
        peer.echo()


# ---- A message

@test
def a_message_that_does_not_end_is_1008():
    starts = [("half a frame", header(BINARY, 1000) + b"x" * 10), ("half a header", header(BINARY, 70_000)[:5]),
              ("one byte", b"\x82"), ("fragments", frame(TEXT, b"a", final=False)),
              ("an empty fragment", frame(TEXT, final=False)), ("half a ping", header(PING, 10) + b"xx")]
    with Server("--message-timeout", "300ms", "--ping-interval", "off") as server:
        for name, start in starts:
            with Peer(server.port) as peer:
                with at_least(0.3, name):
                    got = peer.upgrade().send(start).frame()
                expect_equal((got.opcode, got.close_code), (CLOSE, 1008), f"the answer to {name}")
                expect(b"in time" in got.payload, f"the reason is {got.payload!r}")
                expect_equal(peer.rest(), b"", "what comes behind the Close frame")


@test
def bytes_and_pings_now_and_then_do_not_prolong_a_message():
    with Server("--message-timeout", "500ms", "--ping-interval", "off") as server:
        with Peer(server.port) as peer:
            peer.upgrade().send(header(BINARY, 1000))
            expect(trickle(peer, b"x" * 1000, 0.05), "20 s later the message is still welcome")
            got = peer.frame()
            expect_equal((got.opcode, got.close_code), (CLOSE, 1008), "the answer")
        with Peer(server.port) as peer:
            peer.upgrade().send(frame(TEXT, b"start", final=False))
            expect(trickle(peer, frame(PING) * 150, 0.02), "the pings prolonged it")


@test
def a_message_in_time_starts_no_clock_for_the_next():
    with Server("--message-timeout", "300ms", "--ping-interval", "off") as server, Peer(server.port) as peer:
        peer.upgrade("/ws?period=200ms")
        for _ in range(5):
            peer.echo(b"whole", TEXT)
            peer.send(frame(TEXT, b"in ", final=False), frame(0, b"two"))
            while (got := peer.frame_of(TEXT)).payload != b"in two":
                expect(got.payload != b"", "an empty message came")
            peer.frame_of(TEXT)  # the periodic one: idle time passes


# ---- HTTP

@test
def a_handshake_that_takes_too_long_is_408():
    with Server("--handshake-timeout", "300ms") as server:
        half_a_body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
        for start in (b"", b"G", request()[:50], request()[:-1], half_a_body):
            with Peer(server.port) as peer:
                with at_least(0.29, "the handshake"):
                    answer = peer.send(start).rest()
                if start:
                    expect(answer.startswith(b"HTTP/1.1 408 "), f"{start!r}: {answer!r}")
                    expect(b"Connection: close\r\n" in answer, f"{start!r}: {answer!r}")
                else:
                    expect(answer == b"" or answer.startswith(b"HTTP/1.1 408 "), f"silence: {answer!r}")


@test
def bytes_now_and_then_do_not_prolong_a_handshake():
    with Server("--handshake-timeout", "500ms") as server, Peer(server.port) as peer:
        expect(trickle(peer, request() + b"x" * 500, 0.03), "it goes on for ever")
        expect(peer.rest().startswith(b"HTTP/1.1 408 "), "it was not a 408")


@test
def an_idle_http_connection_is_closed_after_keep_alive():
    with Server("--keep-alive", "300ms", "--handshake-timeout", "1h") as server, Peer(server.port) as peer:
        for _ in range(3):
            peer.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            expect_equal(peer.head()[0], 200)
            expect_equal(peer.take(3), b"ok\n")
        with at_least(0.29, "the idle connection"):
            expect_equal(peer.rest(), b"", "what comes before the end")


@test
def a_websocket_outlives_the_limits_of_http():
    with Server("--keep-alive", "200ms", "--handshake-timeout", "200ms", "--period", "300ms") as server:
        with Peer(server.port) as peer:
            peer.upgrade("/ws")
            for _ in range(4):
                peer.frame_of(TEXT)
            peer.echo(b"alive", TEXT)


# ---- The close handshake

@test
def a_peer_that_does_not_answer_close_is_cut_after_close_timeout():
    with Server("--close-timeout", "300ms", "--ping-interval", "off") as server:
        before = server.descriptors()
        with Peer(server.port) as peer:
            peer.upgrade("/ws?close_after=10ms&period=1h")
            expect_equal(peer.frame().close_code, 1000)
            with at_least(0.25, "the connection"):
                expect_equal(peer.rest(), b"", "what comes behind the Close frame")
        with Peer(server.port) as peer:
            peer.upgrade("/ws?close_after=10ms&period=1h")
            expect_equal(peer.frame().close_code, 1000)
            expect(trickle(peer, frame(TEXT, b"x" * 100) * 20, 0.02), "who talks on prolongs it")
        server.wait_for_descriptors(before)


@test
def after_an_answered_close_the_server_closes_tcp():
    with Server("--close-timeout", "1h") as server:
        before = server.descriptors()
        for code in (1000, 4000):
            with Peer(server.port) as peer:
                peer.upgrade().send(frame(CLOSE, code.to_bytes(2, "big")))
                expect_equal(peer.frame().close_code, code, "the answer")
                expect_equal(peer.rest(), b"", "what comes behind it")
                # And it lets go of the descriptor, though this peer never closes.
                server.wait_for_descriptors(before)


main(at_once=6)
