"""What a message or a connection costs the server, in figures that do not depend on how fast the machine is: system
calls, counted by strace; instructions in user space and allocations, by callgrind; and bytes of memory.

Each is the difference between two runs that differ in nothing but their number of messages, so that the starting and
the stopping are in both.
"""

import concurrent.futures
import os
import re
import resource
import tempfile
import zlib
from collections import Counter

from harness import expect, expect_equal, wait_until
from server import Server, TlsServer, release_program
from wire import BINARY, TEXT, Peer, close_frame, frame, request

RECEIVE, SEND = {"recv", "recvfrom", "recvmsg", "read"}, {"send", "sendto", "sendmsg", "write", "writev"}
WAIT = {"epoll_wait", "epoll_pwait"}


def echo_many(peer, payload, count, opcode=BINARY, depth=1):
    """`depth` messages at a time: the next are sent when the last have come back."""
    sent = frame(opcode, payload) * depth
    size = len(payload) + (2 if len(payload) < 126 else 4 if len(payload) < 65536 else 10)
    for _ in range(count // depth):
        peer.send(sent)
        back = peer.take(size * depth)
    expect(back.endswith(payload), "the echo is not what was sent")


def echo_round(peers, payload, rounds, opcode=BINARY):
    """A message on each connection, then all their answers; so many times."""
    sent = frame(opcode, payload)
    size = len(sent) - 4  # without a masking key
    for _ in range(rounds):
        for peer in peers:
            peer.send(sent)
        for peer in peers:
            expect(peer.take(size).endswith(payload), "the echo is not what was sent")


# ---- System calls

def system_calls(path, action, serve=Server):
    """How many of each the server makes from start to end, when `action(peer)` is what happens in between. `serve` is
    TlsServer for what it costs over TLS, here and below."""
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        # -D: the tracer is in the background and the server our child, as if nobody watched.
        wrapper = ("strace", "-D", "-f", "-q", "-o", trace)
        with serve(program=release_program(), log_level="error", wrapper=wrapper) as server:
            with Peer(server.port, secure=server.secure) as peer:
                peer.upgrade(path)
                action(peer)
        text = wait_until(lambda: complete(trace), "the trace is written to its end")
        return Counter(re.findall(r"^\d+ +(\w+)\(", text, re.M))


def complete(trace):
    with open(trace, encoding="utf-8", errors="replace") as file:
        text = file.read()
    return text if "+++ exited with" in text else None


def calls_for(path, few, many, serve=Server):
    """What `many` costs more than `few`: the starting and the stopping are in both."""
    difference = system_calls(path, many, serve)
    difference.subtract(system_calls(path, few, serve))
    return {name: number for name, number in difference.items() if number != 0}


def total(calls, names):
    return sum(calls.get(name, 0) for name in names)


# ---- Instructions and allocations

FEW, MANY = 2_000, 12_000
ALLOCATORS = {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "memalign"}


def counted(act, flags=(), serve=Server):
    """(instructions in user space, allocations) of a run in which `act(server)` happens, from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "callgrind.out")
        wrapper = ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={path}")
        environment = {"LD_BIND_NOW": "1"}  # a function is looked up at the start and not at its first call
        with serve(*flags, program=release_program(), log_level="error", wrapper=wrapper,
                   environment=environment) as server:
            act(server)
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read()
    return int(re.search(r"^(?:summary|totals): (\d+)", text, re.M)[1]), allocations(text)


def allocations(profile):
    """How often the program called the allocator. A name stands in the profile once, then only its number."""
    names = dict(re.findall(r"^c?fn=(\(\d+\)) (.+)$", profile, re.M))
    return sum(int(calls) for number, calls in re.findall(r"^cfn=(\(\d+\)).*\ncalls=(\d+)", profile, re.M)
               if names.get(number, "").split("'")[0] in ALLOCATORS)


def difference(act, few, many, flags=(), serve=Server):
    """(instructions, allocations) of one of what `act(server, count)` does `count` times."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        before, after = pool.map(lambda count: counted(lambda server: act(server, count), flags, serve), (few, many))
    return tuple((after[index] - before[index]) / (many - few) for index in (0, 1))


def costs_each(opcode, payload, *flags, few=FEW, many=MANY, serve=Server, connections=1):
    """(instructions, allocations) of one echo. Of several connections each has one in flight."""
    def echo(server, count):
        peers = [Peer(server.port, secure=server.secure).upgrade() for _ in range(connections)]
        if connections == 1:
            echo_many(peers[0], payload, count, opcode)
        else:
            echo_round(peers, payload, count // connections, opcode)
        for peer in peers:
            peer.close()
    return difference(echo, few, many, flags, serve)


def handshake_costs():
    """(instructions, allocations) of a connection that does nothing but to open and to close, each with a handshake."""
    def shake_hands(server, count):
        for _ in range(count):
            with Peer(server.port) as peer:
                peer.upgrade().send(close_frame())
                peer.rest()
    return difference(shake_hands, 200, 1_200)


def instructions_each(opcode, payload, *flags):
    return costs_each(opcode, payload, *flags)[0]


# ---- Memory

COMPRESSED = {"Sec_WebSocket_Extensions": "permessage-deflate"}
WORDS = b" ".join(b"word %d of a message that can be compressed" % number for number in range(20))


def echo_compressed(peer):
    """A message that goes and comes compressed, each for itself (RFC 7692)."""
    deflater = zlib.compressobj(wbits=-15)
    sent = (deflater.compress(WORDS) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    made = bytearray(frame(TEXT, sent))
    made[0] |= 0x40
    peer.send(bytes(made))
    while not peer.received:
        expect(peer.more(), "the connection ended")
    expect(peer.received[0] & 0x40, "the answer is not compressed")
    inflated = zlib.decompressobj(wbits=-15).decompress(peer.frame_of(TEXT).payload + b"\0\0\xff\xff")
    expect_equal(inflated, WORDS, "the echo")


def open_idle(server, count, fields):
    """Handshakes in batches, because a round trip for each would take its time."""
    peers = []
    while len(peers) < count:
        batch = [Peer(server.port, secure=server.secure).send(request("/echo", **fields))
                 for _ in range(min(200, count - len(peers)))]
        for peer in batch:
            status, head = peer.head()
            expect_equal(status, 101, "the answer")
            expect_equal("permessage-deflate" in head, bool(fields), "whether compression was agreed on")
        peers += batch
    return peers


def idle_bytes(server, count, meanwhile=lambda peers: None, fields=None):
    """The server's memory for each of `count` idle connections, or as many as descriptors allow. `fields` are of the
    request: COMPRESSED, if the server does."""
    fields = fields or {}
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(count, hard - 200)
    descriptors = server.descriptors()
    first = open_idle(server, 200, fields)
    meanwhile(first)
    for peer in first:
        peer.close()
    server.wait_for_descriptors(descriptors)
    before = server.rss()
    peers = open_idle(server, count, fields)
    meanwhile(peers)
    each = (server.rss() - before) / count
    for peer in peers[::100]:
        peer.echo()
    for peer in peers:
        peer.reset()
    server.wait_for_descriptors(descriptors)
    return each
