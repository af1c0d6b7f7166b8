"""What connections cost and leave behind, seen from outside in /proc; the figures are printed.

They are of the release build (WS101_RELEASE, or build/release/ws101): what sanitizers cost is beside the point.
"""

import json
import random
import resource
import select
import struct
import time

from cost import COMPRESSED, echo_compressed, idle_bytes
from harness import DEADLINE, expect, expect_equal, main, note, test, test_where
from server import Server, release_program, run
from wire import BINARY, PING, TEXT, TLS, WOULD_BLOCK, Peer, close_frame, frame, header, request

MIB = 1 << 20
TOTAL = 64 * MIB


def measured(*flags, **options):
    return Server(*flags, program=release_program(), log_level="error", **options)


def megabytes(size):
    return f"{size / 1e6:.2f} MB"


# ---- A peer that does not read

class Sender:
    """Sends 64 MiB in messages of one size for as long as the socket takes them."""

    def __init__(self, peer, size):
        self.peer = peer
        block = random.Random(size).randbytes(size)
        # Each message differs from the others, in its first bytes: an echo in the wrong place is seen.
        self.messages = [struct.pack("!Q", number) + block[8:] for number in range(TOTAL // size)]
        self.left = memoryview(b"".join(header(BINARY, size, key=b"\0\0\0\0") + message for message in self.messages))

    def send(self):
        """Returns whether anything could be sent."""
        before = len(self.left)
        try:
            while self.left:
                self.left = self.left[self.peer.socket.send(self.left[:MIB]):]
        except (*WOULD_BLOCK, TimeoutError):
            pass
        return len(self.left) < before

    def more(self):
        """As Peer.more, and sends meanwhile."""
        peer, end = self.peer, time.monotonic() + DEADLINE
        while not peer.pending():
            expect(time.monotonic() < end, "nothing more came")
            readable, writable, _ = select.select([peer.socket], [peer.socket] if self.left else [], [], 1)
            if writable:
                self.send()
            if readable:
                break
        try:
            return type(peer).more(peer)
        except WOULD_BLOCK:  # of TLS, there was no whole record yet
            return True

    def wait_until_stuck(self, server):
        """Until for a while neither the socket has taken a byte nor the server used the processor."""
        quiet_since, used = time.monotonic(), server.cpu_seconds()
        while self.left and time.monotonic() - quiet_since < 0.5:
            _, writable, _ = select.select([], [self.peer.socket], [], 0.1)
            if (writable and self.send()) or server.cpu_seconds() != used:
                quiet_since, used = time.monotonic(), server.cpu_seconds()


def expect_bounded(size):
    with measured() as server, Peer(server.port) as peer:
        peer.upgrade().echo(b"warm")
        peer.socket.setblocking(False)
        sender = Sender(peer, size)
        server.forget_peak_rss()
        before = server.rss()
        sender.wait_until_stuck(server)
        stuck, sent = server.rss() - before, TOTAL - len(sender.left)
        expect(sender.left, "all was taken from a peer that read nothing")
        peer.more = sender.more  # what is left is sent while the echoes are read
        for number, message in enumerate(sender.messages):
            got = peer.frame()
            expect(got.opcode == BINARY and got.payload == message, f"echo {number} is not what was sent")
        peak = server.peak_rss() - before
        note(f"messages of {size >> 10} KiB: the server took {megabytes(sent)}, grew by {megabytes(stuck)}, "
             f"{megabytes(peak)} at the peak of reading all back")
        expect(stuck < 20e6, f"the server grew by {megabytes(stuck)} for a peer that does not read")
        expect(peak < 20e6, f"the server grew by {megabytes(peak)} at the peak")


@test
def a_peer_that_does_not_read_costs_less_than_20_mb_with_messages_of_64_kib():
    expect_bounded(64 << 10)


@test
def a_peer_that_does_not_read_costs_less_than_20_mb_with_messages_of_1_mib():
    expect_bounded(1 * MIB)


@test
def a_peer_that_does_not_read_costs_less_than_20_mb_with_messages_of_16_mib():
    expect_bounded(16 * MIB)


@test
def a_peer_that_floods_pings_and_does_not_read_costs_next_to_nothing():
    with measured() as server, Peer(server.port, receive_buffer=4096) as peer:
        peer.upgrade()
        before = server.rss()
        pings = frame(PING, b"p" * 125) * 1000
        for _ in range(200):  # 26 MB of them; who floods is never asked to stop
            peer.send(pings)
        peer.send(frame(PING, b"the last one"))
        grown = server.rss() - before
        note(f"200,000 pings of a peer that reads none of the pongs: {megabytes(grown)}")
        expect(grown < 2e6, f"the server grew by {megabytes(grown)}")
        while peer.frame_of(10).payload != b"the last one":
            pass


# ---- What is announced and does not come

@test
def announced_messages_cost_what_has_come_of_them():
    with measured() as server:
        warm_up(server, 300)
        before = server.rss()
        peers = [Peer(server.port).upgrade() for _ in range(300)]
        for peer in peers:
            peer.send(header(BINARY, 16 * MIB), b"x" * 1024)
        settle(server)
        grown = server.rss() - before
        note(f"300 connections with 1 KB of an announced 16 MiB: {megabytes(grown)}")
        expect(grown < 12e6, f"they cost {megabytes(grown)}")
        for peer in peers:
            peer.close()


def settle(server):
    """Until the server has read all there is: one that came later is answered later."""
    with Peer(server.port) as last:
        last.upgrade().echo()


def warm_up(server, count):
    before = server.descriptors()
    peers = [Peer(server.port).upgrade() for _ in range(count)]
    for peer in peers:
        peer.echo()
        peer.close()
    server.wait_for_descriptors(before)


# ---- Hang-ups

SENT = request("/echo")
PHASES = [
    ("before any byte", b"", False),
    ("half a request head", SENT[:70], False),
    ("a request, and its answer is not read", SENT, False),
    ("after the 101", SENT, True),
    ("half a frame header", SENT + header(BINARY, 70_000)[:5], True),
    ("half a payload", SENT + header(BINARY, 70_000) + b"x" * 3000, True),
    ("half of a large payload", SENT + header(BINARY, MIB) + b"x" * (MIB // 2), True),
    ("inside a message in fragments", SENT + frame(TEXT, b"x" * 5000, final=False), True),
    ("a message, and its echo is not read", SENT + frame(BINARY, b"x" * 100_000), True),
    ("a ping", SENT + frame(PING, b"x"), True),
    ("after the Close frame", SENT + close_frame(1000), True),
    ("a broken rule", SENT + b"\xff\xff", True),
]


def hang_up(server, end, phase):
    name, data, reads_101 = phase
    peer = Peer(server.port)
    if data:
        peer.send(data)
    if reads_101:
        expect_equal(peer.head()[0], 101, f"the answer in the phase '{name}'")
    end(peer)


def hang_up_round(server, count):
    for number in range(count):
        for end in (Peer.close, Peer.reset):
            for phase in PHASES:
                hang_up(server, end, phase)
                if number % 5 == 0 and phase is PHASES[-1]:
                    settle(server)


@test
def hang_ups_in_every_phase_leave_nothing_behind():
    with measured() as server:
        descriptors = server.descriptors()
        rounds = []
        for _ in range(6):
            hang_up_round(server, 25)
            server.wait_for_descriptors(descriptors)
            rounds.append(server.rss())
        expect_equal(server.descriptors(), descriptors, "the number of descriptors")
        calls = 25 * 2 * len(PHASES)
        grown = [after - before for before, after in zip(rounds, rounds[1:])]
        note(f"{calls} hang-ups in {len(PHASES)} phases, by FIN and by RST, six times: descriptors {descriptors} -> "
             f"{server.descriptors()}, memory {megabytes(rounds[0])}, then by {grown} bytes more")
        # A leak is in every round; once the heap may grow, where more happens to be open at the same time than before.
        expect(sorted(grown)[2] <= 50_000, f"memory grows with each {calls} hang-ups: by {grown} bytes")
        expect(sum(grown) < 2e6, f"memory grew by {sum(grown)} bytes")
        with Peer(server.port) as peer:
            peer.upgrade().echo()


# ---- Idle connections

@test
def an_idle_websocket_costs_less_than_400_bytes_and_over_tls_than_18_kilobytes():
    count = 10_000
    with measured() as server:
        each = idle_bytes(server, count)
        note(f"{count} idle WebSockets on /echo: {each:.0f} bytes of the server's memory each")
        expect(each < (18_000 if TLS else 400), f"an idle WebSocket costs {each:.0f} bytes")


@test_where(not TLS, "it says something of compression, which is no different there")
def a_connection_that_compresses_in_shared_mode_costs_no_more_than_16_bytes_more():
    def lowest_of(flags, fields, echo, so_far):
        with measured(*flags) as server:
            each = idle_bytes(server, 10_000, lambda peers: [echo(peer) for peer in peers], fields)
        return min(each, so_far)

    # What the heap happens to need of pages only ever adds, so the lowest of some is what it costs.
    plain = shared = float("inf")
    for _ in range(6):
        plain = lowest_of((), None, Peer.echo, plain)
        shared = lowest_of(("--compress", "shared"), COMPRESSED, echo_compressed, shared)
        note(f"an idle connection that has echoed: {plain:.0f} bytes, compressed {shared:.0f}")
        if shared <= plain + 16:
            return
    expect(False, f"an idle connection costs {plain:.0f} bytes, one that compresses {shared:.0f}")


@test_where(not TLS, "of TLS the session is what costs")
def pings_to_thousands_of_connections_leave_no_memory_behind():
    count = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200)
    with measured("--ping-interval", "2s") as server:
        done = run("bench", server.url("/echo"), "--mode", "idle", "--connections", str(count), "--seconds", "3500ms",
                   "--json", "--pid", str(server.pid), program=release_program())
        report = json.loads(done.stdout)
        each = report["server"]["memory_bytes_each"]
        note(f"{report['connections']['opened']} idle WebSockets, pinged every two: {each:.0f} bytes each")
        expect(report["ok"] and each < 350, f"an idle WebSocket that was pinged costs {each:.0f} bytes: {report}")


main()
