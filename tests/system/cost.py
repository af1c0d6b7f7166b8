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
from collections import Counter

from harness import expect, expect_equal, wait_until
from server import Server, release_program
from wire import BINARY, Peer, frame, request

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


# ---- System calls

def system_calls(path, action):
    """How many of each the server makes from start to end, when `action(peer)` is what happens in between."""
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        # -D: the tracer is in the background and the server our child, as if nobody watched.
        wrapper = ("strace", "-D", "-f", "-q", "-o", trace)
        with Server(program=release_program(), log_level="error", wrapper=wrapper) as server, Peer(server.port) as peer:
            peer.upgrade(path)
            action(peer)
        text = wait_until(lambda: complete(trace), "the trace is written to its end")
        return Counter(re.findall(r"^\d+ +(\w+)\(", text, re.M))


def complete(trace):
    with open(trace, encoding="utf-8", errors="replace") as file:
        text = file.read()
    return text if "+++ exited with" in text else None


def calls_for(path, few, many):
    """What `many` costs more than `few`: the starting and the stopping are in both."""
    difference = system_calls(path, many)
    difference.subtract(system_calls(path, few))
    return {name: number for name, number in difference.items() if number != 0}


def total(calls, names):
    return sum(calls.get(name, 0) for name in names)


# ---- Instructions and allocations

FEW, MANY = 2_000, 12_000
ALLOCATORS = {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "memalign"}


def counted(opcode, payload, count, flags=()):
    """(instructions in user space, allocations) of a run with `count` echoes, from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "callgrind.out")
        wrapper = ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={path}")
        environment = {"LD_BIND_NOW": "1"}  # a function is looked up at the start and not at its first call
        with Server(*flags, program=release_program(), log_level="error", wrapper=wrapper,
                    environment=environment) as server:
            with Peer(server.port) as peer:
                peer.upgrade()
                echo_many(peer, payload, count, opcode)
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read()
    return int(re.search(r"^(?:summary|totals): (\d+)", text, re.M)[1]), allocations(text)


def allocations(profile):
    """How often the program called the allocator. A name stands in the profile once, then only its number."""
    names = dict(re.findall(r"^c?fn=(\(\d+\)) (.+)$", profile, re.M))
    return sum(int(calls) for number, calls in re.findall(r"^cfn=(\(\d+\)).*\ncalls=(\d+)", profile, re.M)
               if names.get(number, "").split("'")[0] in ALLOCATORS)


def costs_each(opcode, payload, *flags, few=FEW, many=MANY):
    """(instructions, allocations) of one echo."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        before, after = pool.map(lambda count: counted(opcode, payload, count, flags), (few, many))
    return tuple((after[index] - before[index]) / (many - few) for index in (0, 1))


def instructions_each(opcode, payload, *flags):
    return costs_each(opcode, payload, *flags)[0]


# ---- Memory

def open_idle(server, count):
    """Handshakes in batches, because a round trip for each would take its time."""
    peers = []
    while len(peers) < count:
        batch = [Peer(server.port).send(request("/echo")) for _ in range(min(200, count - len(peers)))]
        for peer in batch:
            expect_equal(peer.head()[0], 101, "the answer")
        peers += batch
    return peers


def idle_bytes(server, count, meanwhile=lambda peers: None):
    """The server's memory for each of `count` idle connections, or as many as descriptors allow."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(count, hard - 200)
    descriptors = server.descriptors()
    for peer in open_idle(server, 200):
        peer.close()
    server.wait_for_descriptors(descriptors)
    before = server.rss()
    peers = open_idle(server, count)
    meanwhile(peers)
    each = (server.rss() - before) / count
    for peer in peers[::100]:
        peer.echo()
    for peer in peers:
        peer.reset()
    server.wait_for_descriptors(descriptors)
    return each
