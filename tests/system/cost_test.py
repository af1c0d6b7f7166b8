"""What one message costs: the system calls, counted by strace, and the instructions in user space, by callgrind.

Both are of the release build (WS101_RELEASE, or build/release/ws101); how busy the machine is does not matter here.
"""

from cost import RECEIVE, SEND, WAIT, calls_for, echo_many, instructions_each, total
from harness import expect, main, note, test
from wire import BINARY, TEXT, frame

# ---- System calls

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

BOUND = 500


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
