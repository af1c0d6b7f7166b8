"""What one message costs: the system calls, counted by strace, and the instructions in user space, by callgrind.

Both are of the release build (WS101_RELEASE, or build/release/ws101); how busy the machine is does not matter here.
"""

import os
import re
import tempfile
from collections import Counter

from harness import expect, main, note, test, wait_until
from server import Server, release_program
from wire import BINARY, TEXT, Peer, frame


def echo_many(peer, payload, count, opcode=BINARY):
    """One message at a time: the next is sent when the last has come back."""
    sent = frame(opcode, payload)
    size = len(payload) + (2 if len(payload) < 126 else 4 if len(payload) < 65536 else 10)
    for _ in range(count):
        peer.send(sent)
        back = peer.take(size)
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


RECEIVE, SEND = {"recv", "recvfrom", "recvmsg", "read"}, {"send", "sendto", "sendmsg", "write", "writev"}
WAIT = {"epoll_wait", "epoll_pwait"}


def total(calls, names):
    return sum(calls.get(name, 0) for name in names)


def expect_one_of_each(opcode, payload, path):
    count = 200
    calls = calls_for(path, lambda peer: echo_many(peer, payload, 100, opcode),
                      lambda peer: echo_many(peer, payload, 100 + count, opcode))
    note(f"{count} echoes of {len(payload)} bytes at {path}: {calls}")
    for names in (RECEIVE, SEND, WAIT):
        # The stopping may take a call more or less, a message may not.
        made = total(calls, names)
        expect(abs(made - count) <= 2, f"{made} calls of {names} for {count} messages: {calls}")
    others = {name: number for name, number in calls.items() if name not in RECEIVE | SEND | WAIT and number > 2}
    expect(not others, f"other calls: {others}")


@test
def a_small_message_is_one_wait_one_receive_and_one_send():
    expect_one_of_each(BINARY, b"x" * 20, "/echo")


@test
def a_text_message_to_ws_is_no_more_than_that():
    expect_one_of_each(TEXT, b"hello, world", "/ws?period=1h")


@test
def a_message_of_some_kilobytes_is_no_more_than_that():
    expect_one_of_each(BINARY, b"x" * 10_000, "/echo")


@test
def many_messages_that_come_at_once_are_one_receive_and_one_send():
    many = frame(BINARY, b"x" * 20) * 500

    def bursts(count):
        return lambda peer: [peer.send(many).take(22 * 500) for _ in range(count)]

    calls = calls_for("/echo", bursts(10), bursts(30))
    note(f"20 bursts of 500 messages: {calls}")
    for names in (RECEIVE, SEND):
        # The kernel may hand a burst over in two pieces.
        expect(total(calls, names) <= 60, f"{total(calls, names)} calls of {names}: {calls}")


# ---- Instructions

FEW, MANY = 2_000, 12_000
BOUND = 500


def instructions(opcode, payload, count, flags=()):
    """All that a run with `count` echoes executes in user space, from start to end."""
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
            return int(re.search(r"^(?:summary|totals): (\d+)", file.read(), re.M)[1])


def instructions_each(opcode, payload, *flags):
    few, many = (instructions(opcode, payload, count, flags) for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


@test
def an_echo_of_20_bytes_takes_less_than_500_instructions():
    each = instructions_each(BINARY, b"x" * 20)
    note(f"one echo of 20 bytes, binary, heartbeat on: {each:.0f} instructions in user space")
    expect(each < BOUND, f"an echo takes {each:.0f} instructions")


@test
def an_echo_of_20_bytes_of_text_takes_less_than_500_instructions():
    each = instructions_each(TEXT, b"twenty bytes of text")
    note(f"one echo of 20 bytes, text, heartbeat on: {each:.0f} instructions in user space")
    expect(each < BOUND, f"an echo takes {each:.0f} instructions")


main()
