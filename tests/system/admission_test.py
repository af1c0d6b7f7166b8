"""How many may come in: --max-connections, --max-connections-per-ip, and the end of the descriptors.

A caller too many is told so (503, 429) and does not count; a slot is free again as soon as its connection is gone;
and a process without a descriptor left neither spins nor dies.
"""

import contextlib
import resource
import tempfile
import time

from harness import DEADLINE, Failure, expect, expect_equal, main, note, test, test_where, wait_until
from server import Server
from wire import TLS, Peer, request


@contextlib.contextmanager
def peers():
    opened = []
    try:
        yield opened
    finally:
        for peer in opened:
            peer.close()


def status_of_call(where):
    """Says what a caller is answered who asks for a WebSocket, without staying."""
    with Peer(where) as peer:
        status, text = peer.send(request("/echo")).head()
        if status != 101:
            expect("Connection: close" in text and "Retry-After: " in text, f"the refusal is {text!r}")
            expect(len(peer.rest()) > 10, "the refusal has no sentence")
        return status


def wait_for_slot(where):
    wait_until(lambda: status_of_call(where) == 101, "a free slot")


@test
def past_max_connections_it_is_503_until_somebody_leaves():
    with Server("--max-connections", "3") as server, peers() as inside:
        wait_for_slot(server.port)  # the probe of the start may still be there
        wait_until(lambda: fill(server.port, inside, 3), "three slots")
        for _ in range(20):  # those refused do not count
            expect_equal(status_of_call(server.port), 503, "the status of a fourth")
        for peer in inside:
            peer.echo()
        for end in (Peer.close, Peer.reset):
            end(inside.pop())
            wait_until(lambda: fill(server.port, inside, 3), "the slot of the one who left")
            expect_equal(status_of_call(server.port), 503, "the status of a fourth")


def fill(where, inside, wanted):
    """Comes in until `wanted` are inside; False if there is no slot yet."""
    while len(inside) < wanted:
        peer = Peer(where)
        if peer.send(request("/echo")).head()[0] != 101:
            peer.close()
            return False
        inside.append(peer)
    return True


@test
def half_a_handshake_and_plain_http_count_too():
    with Server("--max-connections", "2", "--keep-alive", "1h") as server, peers() as inside:
        wait_for_slot(server.port)
        wait_until(lambda: fill(server.port, inside, 1), "one slot")
        wait_until(lambda: hold_http(server.port, inside), "the second slot")
        expect_equal(status_of_call(server.port), 503)
        inside.pop(0).close()
        wait_until(lambda: hold_half_a_head(server.port, inside), "the slot again")
        expect_equal(status_of_call(server.port), 503)


def hold_http(where, inside):
    peer = Peer(where).send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    return keep_if(peer, peer.head()[0] == 200, inside)


def hold_half_a_head(where, inside):
    """What is inside is told nothing; who is refused is told so before he has asked."""
    peer = Peer(where, timeout=0.3).send(b"GET /echo HT")
    try:
        return keep_if(peer, not peer.more(), inside)
    except Failure:
        return keep_if(peer, True, inside)


def keep_if(peer, admitted, inside):
    if admitted:
        inside.append(peer)
    else:
        peer.close()
    return admitted


@test
def past_max_connections_per_ip_it_is_429_for_that_address_alone():
    with Server("--max-connections-per-ip", "2", listen=["0.0.0.0:0"]) as server, peers() as inside:
        here, there = ("127.0.0.1", server.port), ("127.0.0.2", server.port)
        wait_for_slot(here)
        wait_until(lambda: fill(here, inside, 2), "two slots")
        for _ in range(10):
            expect_equal(status_of_call(here), 429, "the status of a third")
        # A client of another address: 127.0.0.2 is this machine too.
        with Peer(there, source="127.0.0.2") as other:
            expect_equal(other.send(request("/echo")).head()[0], 101, "the status for another address")
        inside.pop().close()
        wait_until(lambda: fill(here, inside, 2), "the slot of the one who left")


@test
def a_unix_socket_has_no_address_to_count():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        with Server("--max-connections-per-ip", "1", listen=[f"unix:{path}"]) as server, peers() as inside:
            expect(fill(path, inside, 5), "the second is refused")


# ---- Descriptors

def limit_descriptors(soft, hard=None):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard or soft))


@test
def the_soft_limit_of_descriptors_is_raised_to_the_hard_one():
    with Server(prepare=limit_descriptors(40, 400)) as server, peers() as inside:
        wait_until(lambda: fill(server.port, inside, 300), "300 connections")
        for peer in inside:
            peer.echo()


@test
def the_default_for_max_connections_leaves_a_reserve():
    with Server(prepare=limit_descriptors(64)) as server, peers() as inside:
        fill(server.port, inside, 64)
        note(f"with 64 descriptors {len(inside)} connections came in")
        expect(64 - 16 - 1 <= len(inside) <= 60, f"{len(inside)} came in")
        for _ in range(200):
            expect_equal(status_of_call(server.port), 503)
        for peer in inside:
            peer.echo()


@test_where(not TLS, "without a descriptor there is no handshake in which a refusal could be said")
def without_a_descriptor_left_it_refuses_and_neither_spins_nor_dies():
    with Server("--max-connections", "100000", prepare=limit_descriptors(48)) as server, peers() as inside:
        while fill(server.port, inside, len(inside) + 1):
            pass
        note(f"with 48 descriptors and no other bound {len(inside)} connections came in")
        expect(30 <= len(inside) < 48, f"{len(inside)} came in")
        for _ in range(200):
            expect_equal(status_of_call(server.port), 503)
        for peer in inside:
            peer.echo()
        # Callers wait at the door meanwhile; the processor must not notice.
        with peers() as waiting:
            for _ in range(100):
                waiting.append(Peer(server.port))
            before, started = server.cpu_seconds(), time.monotonic()
            while time.monotonic() - started < 1:
                inside[0].echo()
                time.sleep(0.02)
            used = server.cpu_seconds() - before
            note(f"without descriptors the server used {used:.2f} s of processor time in 1 s")
            expect(used < 0.5, f"it used {used:.2f} s of processor time in 1 s: it spins")
        for peer in inside[1:]:
            peer.close()
        del inside[1:]
        wait_until(lambda: fill(server.port, inside, 25), "slots after everybody left")
        for peer in inside:
            peer.echo()


@test
def a_storm_of_callers_is_all_answered():
    with Server("--max-connections", "50") as server:
        answers = []
        for _ in range(5):
            with peers() as callers:
                for _ in range(400):
                    callers.append(Peer(server.port).send(request("/echo")))
                answers += [peer.head()[0] for peer in callers]
        expect(set(answers) <= {101, 503}, f"the answers are {set(answers)}")
        expect(answers.count(101) >= 50, f"{answers.count(101)} came in")
        wait_for_slot(server.port)


main()
