"""How `ws101 serve` stops: SIGTERM or SIGINT, 1001 to everybody, drained, status 0; and what cannot hold it up."""

import asyncio
import contextlib
import signal
import socket
import time

from harness import DEADLINE, expect, expect_equal, main, test
from server import Server
from wire import BINARY, CLOSE, WOULD_BLOCK, close_frame, Peer, frame, header, request

BOTH = (signal.SIGTERM, signal.SIGINT)


def wait_for_end(server):
    """Returns the exit status, and how long it took."""
    started = time.monotonic()
    return server.process.wait(DEADLINE), time.monotonic() - started


@test
async def everybody_gets_1001_and_the_status_is_0():
    for number in BOTH:
        with Server("--drain-timeout", "20s") as server:
            sockets = [await server.connect(path) for path in ("/ws", "/echo") * 10]
            server.process.send_signal(number)
            for socket_ in sockets:
                await asyncio.wait_for(socket_.wait_closed(), DEADLINE)
                expect_equal((socket_.close_code, socket_.close_rcvd.code), (1001, 1001), "the close code")
            status, seconds = wait_for_end(server)
            expect_equal(status, 0, "the exit status")
            expect(seconds < 15, f"it took {seconds:.1f} s although everybody had left")


@test
def without_anybody_it_ends_at_once():
    for number in BOTH:
        with Server("--drain-timeout", "20s") as server:
            server.process.send_signal(number)
            status, seconds = wait_for_end(server)
            expect(status == 0 and seconds < 15, f"status {status} after {seconds:.1f} s")


@test
def what_was_sent_before_the_signal_is_answered():
    with Server("--drain-timeout", "20s") as server, Peer(server.port) as peer:
        peer.upgrade()
        messages = [bytes([number]) * 5000 for number in range(200)]
        peer.send(*[frame(BINARY, message) for message in messages])
        expect_equal(peer.frame().payload, messages[0])  # they are in the server's hands, or in the kernel's
        server.process.send_signal(signal.SIGTERM)
        for message in messages[1:]:
            got = peer.frame()
            if got.opcode == CLOSE:
                break  # what it had not read yet when it closed is not echoed (RFC 6455 5.5.1)
            expect_equal(got.payload, message, "an echo")
        else:
            got = peer.frame()
        expect_equal((got.opcode, got.close_code), (CLOSE, 1001), "the last frame")
        peer.send(close_frame(1001))
        expect_equal(peer.rest(), b"", "what comes behind the Close frame")
        peer.close()
        expect_equal(wait_for_end(server)[0], 0, "the exit status")


@test
def nobody_new_comes_in_while_it_stops():
    with Server("--drain-timeout", "20s", "--close-timeout", "20s") as server, Peer(server.port) as stays:
        stays.upgrade()
        server.process.send_signal(signal.SIGTERM)
        expect_equal(stays.frame_of(CLOSE).close_code, 1001)
        with socket.socket() as late:
            late.settimeout(DEADLINE)
            expect(late.connect_ex(("127.0.0.1", server.port)) != 0, "a new connection was accepted")
        stays.send(close_frame(1001)).close()
        expect_equal(wait_for_end(server)[0], 0, "the exit status")


@test
def a_peer_that_never_answers_close_is_cut_at_drain_timeout():
    with Server("--drain-timeout", "500ms", "--close-timeout", "off") as server, Peer(server.port) as peer:
        peer.upgrade()
        server.process.send_signal(signal.SIGTERM)
        status, seconds = wait_for_end(server)
        expect_equal(status, 0, "the exit status")
        expect(0.45 < seconds < 15, f"it took {seconds:.2f} s")
        expect_equal(peer.frame_of(CLOSE).close_code, 1001)
        expect_equal(peer.rest(), b"", "what comes behind the Close frame")


@test
def a_peer_that_never_reads_is_cut_at_drain_timeout():
    with Server("--drain-timeout", "500ms", "--close-timeout", "off") as server:
        peer = Peer(server.port, receive_buffer=4096).upgrade()
        peer.socket.setblocking(False)
        block = frame(BINARY, b"x" * 60_000)
        with contextlib.suppress(*WOULD_BLOCK):
            while True:  # until the server, whose answers nobody reads, reads no more
                peer.socket.send(block)
        server.process.send_signal(signal.SIGTERM)
        status, seconds = wait_for_end(server)
        expect(status == 0 and seconds < 15, f"status {status} after {seconds:.1f} s")
        peer.close()


@test
def close_timeout_cuts_a_silent_peer_before_drain_timeout():
    with Server("--drain-timeout", "1h", "--close-timeout", "300ms") as server, Peer(server.port) as peer:
        peer.upgrade()
        server.process.send_signal(signal.SIGTERM)
        status, seconds = wait_for_end(server)
        expect(status == 0 and seconds < 15, f"status {status} after {seconds:.1f} s")


@test
def half_done_handshakes_do_not_hold_it_up_for_longer_than_drain_timeout():
    with Server("--drain-timeout", "500ms") as server:
        peers = [Peer(server.port).send(request()[:size]) for size in (0, 1, 30, 100)]
        server.process.send_signal(signal.SIGTERM)
        status, seconds = wait_for_end(server)
        expect(status == 0 and seconds < 15, f"status {status} after {seconds:.1f} s")
        for peer in peers:
            peer.close()


@test
def an_idle_http_connection_is_closed_at_once():
    with Server("--drain-timeout", "1h", "--keep-alive", "1h", "--handshake-timeout", "1h") as server:
        peer = Peer(server.port).send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        expect_equal(peer.head()[0], 200)
        server.process.send_signal(signal.SIGTERM)
        peer.rest()
        peer.close()
        status, seconds = wait_for_end(server)
        expect(status == 0 and seconds < 15, f"status {status} after {seconds:.1f} s")


@test
def a_second_signal_ends_at_once():
    for first in BOTH:
        for second in BOTH:
            with Server("--drain-timeout", "1h", "--close-timeout", "off") as server, Peer(server.port) as peer:
                peer.upgrade()
                server.process.send_signal(first)
                peer.frame_of(CLOSE)  # so the first one has been handled
                expect(server.process.poll() is None, "it did not wait for its peer")
                server.process.send_signal(second)
                status, seconds = wait_for_end(server)
                expect(status == 0 and seconds < 15, f"status {status} after {seconds:.1f} s")


@test
def a_peer_in_the_middle_of_a_message_gets_1001_too():
    with Server("--drain-timeout", "20s") as server, Peer(server.port) as peer:
        peer.upgrade().send(header(BINARY, 100_000), b"x" * 50_000)
        peer.send(b"")
        server.process.send_signal(signal.SIGTERM)
        expect_equal(peer.frame_of(CLOSE).close_code, 1001)
        peer.send(b"x" * 50_000, close_frame(1001))
        expect_equal(peer.rest(), b"", "what comes behind the Close frame")
        peer.close()
        expect_equal(wait_for_end(server)[0], 0, "the exit status")


@test
def a_thousand_connections_are_told_and_drained():
    with Server("--drain-timeout", "20s") as server:
        peers = [Peer(server.port).send(request("/ws")) for _ in range(1000)]
        for peer in peers:
            expect_equal(peer.head()[0], 101)
        server.process.send_signal(signal.SIGTERM)
        for peer in peers:
            expect_equal(peer.frame_of(CLOSE).close_code, 1001)
            peer.send(close_frame(1001))
        for peer in peers:
            expect_equal(peer.rest(), b"")
            peer.close()
        status, seconds = wait_for_end(server)
        expect(status == 0 and seconds < 15, f"status {status} after {seconds:.1f} s")


main()
