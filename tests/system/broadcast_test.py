"""/broadcast from outside: everybody gets everything, in order, in one system call a turn; who does not read is cut off
at his bound and costs the others nothing.
"""

import os
import re
import selectors
import struct
import tempfile
import time
from collections import Counter

from harness import DEADLINE, expect, expect_equal, main, note, test, wait_until
from server import Server, release_program
from wire import BINARY, CLOSE, TEXT, TLS, Peer, frame

SUBSCRIBERS = 1000
MESSAGES = 200


def subscribers(server, count, **options):
    return [Peer(server.port, **options).upgrade("/broadcast") for _ in range(count)]


def from_server(opcode, payload):
    """The frame of a server: unmasked."""
    if len(payload) < 126:
        return struct.pack("!BB", 0x80 | opcode, len(payload)) + payload
    return struct.pack("!BBH", 0x80 | opcode, 126, len(payload)) + payload


def message(number, size):
    return f"{number} ".encode().ljust(size, b".")


def expect_all_to_get(peers, wanted, deadline=3 * DEADLINE):
    """Reads from all at once, as fast as it can."""
    got = {peer: bytearray() for peer in peers}
    end = time.monotonic() + deadline
    with selectors.DefaultSelector() as selector:
        for peer in peers:
            got[peer] += peer.received
            peer.received.clear()
            if len(got[peer]) < len(wanted):
                selector.register(peer.socket, selectors.EVENT_READ, peer)
        while selector.get_map():
            expect(time.monotonic() < end, lambda: f"{len(selector.get_map())} subscribers still wait")
            for key, _ in selector.select(1.0):
                peer = key.data
                expect(peer.more(), "a subscriber was cut off")
                while peer.pending():
                    peer.more()
                got[peer] += peer.received
                peer.received.clear()
                if len(got[peer]) >= len(wanted):
                    selector.unregister(key.fileobj)
    for peer in peers:
        expect(bytes(got[peer]) == wanted, lambda: f"not what was sent, in order: {bytes(got[peer])[:300]!r}")


def close_all(peers):
    for peer in peers:
        peer.close()


@test
async def text_and_binary_go_to_everybody_and_to_the_sender():
    with Server() as server:
        async with server.connect("/broadcast") as alice, server.connect("/broadcast") as bob:
            for sender, payload in ((alice, "hello"), (bob, b"\x00\xff"), (alice, ""), (bob, "\u20ac" * 50_000)):
                await sender.send(payload)
                expect_equal([await alice.recv(), await bob.recv()], [payload, payload])
            await alice.close()
            await bob.send("alone")
            expect_equal(await bob.recv(), "alone")


@test
def a_thousand_subscribers_get_two_hundred_messages_in_order_and_one_who_does_not_read_changes_nothing():
    with Server() as server:
        peers = subscribers(server, SUBSCRIBERS)
        silent = Peer(server.port, receive_buffer=4096).upgrade("/broadcast")
        started = time.monotonic()
        peers[0].send(*(frame(TEXT, message(number, 64)) for number in range(MESSAGES)))
        expect_all_to_get(peers, b"".join(from_server(TEXT, message(number, 64)) for number in range(MESSAGES)))
        note(f"{SUBSCRIBERS * MESSAGES} deliveries after {time.monotonic() - started:.2f} s")
        close_all([*peers, silent])


@test
def who_never_reads_is_cut_off_at_his_bound_and_the_others_lose_nothing():
    size, count = 16_000, 800
    with Server("--max-queue", "256KiB", "--close-timeout", "200ms") as server:
        peers = subscribers(server, 20)
        before = server.descriptors()
        silent = Peer(server.port, receive_buffer=4096).upgrade("/broadcast")
        expect_equal(server.descriptors(), before + 1, "the number of descriptors")
        server.forget_peak_rss()
        rss = server.rss()
        for start in range(0, count, 5):  # each round is read by all who read before the next one is sent
            batch = [message(number, size) for number in range(start, start + 5)]
            peers[start % 20].send(*(frame(BINARY, each) for each in batch))
            expect_all_to_get(peers, b"".join(from_server(BINARY, each) for each in batch))
        server.wait_for_descriptors(before)
        growth = server.peak_rss() - rss
        note(f"{count * size / 1e6:.1f} MB published past one who does not read: {growth / 1e6:.1f} MB of memory at most")
        # What he finds when he reads at last is the beginning, and nothing is missing in it.
        while silent.more():
            pass
        numbers = [int(each) for each in re.findall(rb"(\d+) \.", bytes(silent.received))]
        expect_equal(numbers, list(range(len(numbers))), "what was read at last")
        expect(len(numbers) < count, "he was not cut off at all")
        peers[0].send(frame(TEXT, b"after"))
        expect_all_to_get(peers, from_server(TEXT, b"after"))
        close_all([*peers, silent])


@test
def who_is_cut_off_reads_1013_and_is_welcome_again():
    with Server("--max-queue", "64KiB", "--close-timeout", "20s") as server, \
            Peer(server.port, receive_buffer=4096).upgrade("/broadcast") as slow, \
            Peer(server.port).upgrade("/broadcast") as sender:
        # More than all buffers of a connection take; its sender reads what comes back.
        for number in range(600):
            sender.send(frame(BINARY, message(number, 16_000)))
            sender.frame()
        frames = []
        while not frames or frames[-1].opcode != CLOSE:
            frames.append(slow.frame())
        expect_equal((frames[-1].close_code, frames[-1].payload[2:]), (1013, b"too much waits that was not read"))
        for number, each in enumerate(frames[:-1]):
            expect(each.payload == message(number, 16_000), f"message {number} is not whole")
        with Peer(server.port).upgrade("/broadcast") as again:
            sender.send(frame(TEXT, b"welcome"))
            expect_equal(again.frame().payload, b"welcome")


@test
def a_message_larger_than_the_bound_reaches_who_has_nothing_waiting():
    with Server("--max-queue", "1KiB") as server, Peer(server.port).upgrade("/broadcast") as peer:
        for size in (100_000, 5_000_000):
            payload = os.urandom(size)
            peer.send(frame(BINARY, payload))
            expect(peer.frame().payload == payload, f"{size} bytes did not come back")


@test
def a_burst_leaves_in_one_system_call_for_each_subscriber():
    count, burst = 50, 100
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        wrapper = ("strace", "-D", "-f", "-q", "-o", trace, "-e", "trace=sendto,sendmsg")
        with Server(program=release_program(), log_level="error", wrapper=wrapper) as server:
            peers = subscribers(server, count)
            payloads = [message(number, 64) for number in range(burst)]
            peers[0].send(*(frame(TEXT, each) for each in payloads))
            expect_all_to_get(peers, b"".join(from_server(TEXT, each) for each in payloads))
            close_all(peers)
        text = wait_until(lambda: read_if_complete(trace), "the trace is written to its end")
    calls = Counter(line.split("(")[0].split()[-1] for line in text.splitlines() if re.search(r"send(msg|to)\(", line))
    # Less the answers to the handshakes and the ends: the 101, and over TLS our flight, a ticket and close_notify.
    sent = sum(calls.values()) - count * (4 if TLS else 1)
    note(f"{burst} messages to {count} subscribers: {sent} calls")
    # The burst may arrive in two parts.
    expect(count <= sent <= 2 * count, f"{sent} calls to send {burst} messages to {count} subscribers: {calls}")


def read_if_complete(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    return text if "+++ exited with" in text else None


main()
