"""What /ws and /echo promise, held with python3-websockets, a client that is not ours.

The echo, the line `REMOTE sent: TEXT` in the log, the periodic message, and `?period=` and `?close_after=`.
"""

import asyncio
import json
import os
import re
import time

import websockets

from harness import DEADLINE, expect, expect_equal, main, test, test_where
from server import Server, release_program
from wire import COMPRESSION, Peer, frame, request


def connect(server, path="/ws", **options):
    return server.connect(path, **{"compression": "deflate", **options})  # which is offered, and for the server to decline


async def receive(socket):
    return await asyncio.wait_for(socket.recv(), DEADLINE)


async def echoes(socket, *messages):
    for message in messages:
        await socket.send(message)
        got = await receive(socket)
        expect(got == message and type(got) is type(message), f"the echo of {message[:60]!r} is {got[:60]!r}")


MESSAGES = ["", "hello", b"", b"\x00\xff", "\ufeffBOM and \x00 and κόσμε \U0001f600", "x" * 125, "x" * 126,
            "x" * 127, b"y" * 65535, b"y" * 65536, "z" * 1_000_000]


@test
async def both_endpoints_echo_text_as_text_and_bytes_as_bytes():
    with Server("--period", "1h") as server:
        for path in ("/ws", "/echo"):
            async with connect(server, path) as socket:
                await echoes(socket, *MESSAGES, os.urandom(16 << 20))


@test
async def a_message_in_fragments_comes_back_whole():
    with Server("--period", "1h") as server:
        async with connect(server) as socket:
            await socket.send(iter(["κό", "σ", "", "με"]))
            expect_equal(await receive(socket), "κόσμε")


@test
async def a_message_above_max_message_is_closed_with_1009():
    with Server("--max-message", "1000") as server:
        for path in ("/ws", "/echo"):
            async with connect(server, path) as socket:
                await echoes(socket, b"x" * 1000)
                await socket.send(b"x" * 1001)
                await asyncio.wait_for(socket.wait_closed(), DEADLINE)
                expect_equal(socket.close_code, 1009, f"the close code of {path}")


@test
async def a_clean_close_is_answered_with_its_code():
    with Server() as server:
        for path in ("/ws", "/echo"):
            for code in (1000, 1001, 3000, 4999):
                async with connect(server, path) as socket:
                    await socket.close(code, "enough")
                    expect_equal((socket.close_code, socket.close_rcvd.code), (code, code), f"the codes at {path}")


@test_where(not COMPRESSION, "compression is agreed on where both speak it")
async def no_subprotocol_and_no_extension_is_agreed_on_that_we_do_not_speak():
    with Server() as server:
        async with connect(server, subprotocols=["chat", "superchat"], compression="deflate") as socket:
            expect_equal((socket.subprotocol, socket.extensions), (None, []))


# ---- The log

SAID = [
    ("hello", "hello"),
    ("", ""),
    ("two\nlines\r\tand a tab", "two\\nlines\\r\\tand a tab"),
    ("\x1b[31mred\x07\x00\x7f", "\\x1b[31mred\\x07\\x00\\x7f"),
    ("next line: \u0085, CSI: \u009b", "next line: \\u0085, CSI: \\u009b"),
    ("back\\slash \"quoted\"", "back\\\\slash \"quoted\""),
    ("κόσμε \U0001f600", "κόσμε \U0001f600"),
    ("x" * 256, "x" * 256),
    ("x" * 257, "x" * 256 + "... (257 bytes)"),
    ("x" * 255 + "é" + "y", "x" * 255 + "... (258 bytes)"),
    ("{}%s%n{0}", "{}%s%n{0}"),
]


@test
async def ws_logs_each_message_in_one_line_of_harmless_text():
    with Server("--period", "1h") as server:
        async with connect(server) as socket:
            remote = "%s:%d" % socket.local_address
            for text, _ in SAID:
                await echoes(socket, text)
            await echoes(socket, b"\x00\x1b")
        log = server.log()
        lines = re.findall(rf"^\S+ \S+ info {re.escape(remote)} sent: (.*)$", log, re.M)
        expect_equal(lines[:len(SAID)], [line for _, line in SAID], "the log")
        expect(len(lines) == len(SAID) + 1 and "2 bytes" in lines[-1], f"of a binary message the log says {lines[-1:]}")
        expect(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", log), f"a control character is in the log: {log!r}")


@test
async def echo_logs_no_message():
    with Server() as server:
        async with connect(server, "/echo") as socket:
            await echoes(socket, "quiet")
        expect("quiet" not in server.log() and "sent:" not in server.log(), f"the log is {server.log()!r}")


@test
async def the_log_in_json_is_json_whatever_was_said():
    with Server("--log-format", "json", "--period", "1h") as server:
        async with connect(server) as socket:
            for text, _ in SAID:
                await echoes(socket, text)
        entries = [json.loads(line) for line in server.log().splitlines()]
        said = [entry["message"].partition(" sent: ")[2] for entry in entries if " sent: " in entry["message"]]
        expect_equal(said, [line for _, line in SAID], "what the JSON says")
        expect_equal({entry["level"] for entry in entries}, {"info"}, "the levels")


@test
async def log_level_warn_is_silent_about_messages():
    with Server("--log-level", "warn") as server:
        async with connect(server) as socket:
            await echoes(socket, "hello")
        server.stop()
        expect_equal(server.log(), "", "the log")


@test
def a_reader_of_the_log_who_goes_away_takes_nothing_with_him():
    read_end, write_end = os.pipe()
    with Server("--period", "1h", prepare=lambda: os.dup2(write_end, 2), log_level="debug") as server:
        os.close(write_end)
        os.close(read_end)
        for _ in range(3):
            with Peer(server.port) as peer:
                peer.upgrade("/ws").echo(b"said into a closed pipe", 1)


@test
async def the_end_of_a_connection_is_logged_with_its_code_and_reason():
    with Server() as server:
        async with connect(server) as socket:
            await socket.close(4001, "good\nbye")
        server.wait_for_log(r"127\.0\.0\.1:\d+ closed, 4001 .*: good\\nbye$")
        with Peer(server.port) as peer:
            peer.upgrade("/ws").reset()
        server.wait_for_log(r"127\.0\.0\.1:\d+ lost, 1006 ")


@test
async def trace_shows_every_frame_both_ways_with_its_bytes():
    with Server("--trace", "--period", "1h") as server:
        with Peer(server.port) as peer:
            remote = peer.name()
            # RFC 6455 5.7: "Hello", masked.
            peer.upgrade("/ws").send(bytes.fromhex("8185 37fa213d 7f9f4d5158")).frame()
        server.wait_for_log(rf'^{re.escape(remote)} < 81 85 37 fa 21 3d \| FIN text, masked, 5 bytes: "Hello"$')
        server.wait_for_log(rf'^{re.escape(remote)} > 81 05 \| FIN text, 5 bytes: "Hello"$')


@test
async def the_log_stays_whole_while_it_is_read():
    """Reading must not move the place at which the server writes: the two share the open file."""
    with Server("--trace", "--period", "1h") as server, Peer(server.port) as peer:
        peer.upgrade("/echo")
        for number in range(300):
            peer.send(frame(2, number.to_bytes(2, "big")))
            server.log()
        for _ in range(300):
            peer.frame()
        expect_equal(server.log().count("binary, masked, 2 bytes"), 300, "traced frames")


# ---- The periodic message

async def expect_period(socket, seconds, text, count=4):
    """The nth message may come late on a busy machine, but never before n periods."""
    started = time.monotonic()
    for number in range(1, count + 1):
        expect_equal(await receive(socket), text, "the periodic message")
        passed = time.monotonic() - started
        # `started` is after the server's own start by what the 101 took to get here.
        expect(passed > number * seconds * 0.9 - 0.05, f"message {number} came after {passed:.3f} s already")


@test
async def the_periodic_message_comes_every_period_and_is_the_chosen_one():
    with Server("--period", "100ms", "--period-message", "tick κόσμε") as server:
        async with connect(server) as socket:
            await expect_period(socket, 0.1, "tick κόσμε")
    with Server("--period", "50ms") as server:
        async with connect(server) as socket:
            await expect_period(socket, 0.05, "Hello from ws101")


@test
async def a_query_sets_the_period_of_its_connection_alone():
    with Server("--period-message", "tick") as server:
        async with connect(server, "/ws?period=100ms") as often, connect(server) as seldom:
            await expect_period(often, 0.1, "tick")
            await echoes(seldom, "the default of 5 s is far away")
        async with connect(server, "/ws?x=1&period=2%300ms&period=1h") as socket:  # %30 is a 0; the first one counts
            await expect_period(socket, 0.2, "tick", count=1)


@test
async def messages_are_echoed_between_the_periodic_ones():
    with Server("--period", "10ms", "--period-message", "tick") as server:
        async with connect(server) as socket:
            back = []
            for number in range(200):
                await socket.send(str(number))
            while len(back) < 200:
                got = await receive(socket)
                back += [got] if got != "tick" else []
            expect_equal(back, [str(number) for number in range(200)], "the echoes")


@test
async def a_peer_that_does_not_read_gets_no_heap_of_periodic_messages():
    with Server("--period", "10ms", "--period-message", "t" * 60_000, program=release_program()) as server:
        with Peer(server.port, receive_buffer=4096) as peer:
            peer.upgrade("/ws")
            async with connect(server) as healthy:
                for _ in range(100):
                    await receive(healthy)
                before = server.rss()
                for _ in range(100):
                    await receive(healthy)
            grown = server.rss() - before
            expect(grown < 1 << 20, f"memory grew by {grown} bytes in 100 periods")


@test
async def close_after_closes_with_1000():
    with Server() as server:
        started = time.monotonic()
        async with connect(server, "/ws?period=50ms&close_after=300ms") as socket:
            got = [message async for message in socket]
        passed = time.monotonic() - started
        expect_equal((socket.close_code, socket.close_rcvd.code, socket.close_rcvd_then_sent), (1000, 1000, True))
        expect(passed >= 0.3, f"it closed after {passed:.3f} s already")
        expect(0 < len(got) <= 6, f"{len(got)} messages came before it")
        async with connect(server, "/ws?close_after=10ms&period=1h") as socket:
            await asyncio.wait_for(socket.wait_closed(), DEADLINE)
            expect_equal(socket.close_code, 1000, "the close code")


@test
def a_bad_value_in_the_query_is_a_400_with_a_clear_sentence():
    values = ["", "5", "abc", "1ms", "9ms", "0", "off", "-5s", "+5s", " 5s", "5s ", "5S", "5sec", "1.5s", "2h", "61m",
              "3600001ms", "99999999999999999999ms", "1e3ms", "%", "%zz", "%00", "5s%00", "٥s", "0x10ms", "5s,5s",
              "1h1ms", "--period"]
    with Server() as server:
        for name in ("period", "close_after"):
            for value in values:
                with Peer(server.port) as peer:
                    target = f"/ws?{name}={value}".encode().decode("latin-1").replace(" ", "%20")
                    peer.send(request("/ws?X").replace(b"/ws?X", target.encode("latin-1")))
                    status, text = peer.head()
                    body = peer.rest().decode()
                    expect_equal(status, 400, f"the status of {target}")
                    # What is no URL at all does not get as far as the endpoint.
                    if value.isascii():
                        expect(body.startswith(f"{name} must be a duration from 10ms to 1h"), f"{target}: {body!r}")
                    expect("Connection: close" in text, f"{target} leaves the connection open")
        for value in ("10ms", "1h", "60m", "3600s", "1000ms"):
            with Peer(server.port) as peer:
                peer.upgrade(f"/ws?period={value}&close_after={value}")


@test
def a_ticker_ends_with_its_connection():
    with Server("--period", "10ms") as server:
        before = server.descriptors()
        for end in (Peer.close, Peer.reset):
            for _ in range(50):
                with Peer(server.port) as peer:
                    peer.upgrade("/ws").frame_of(1)
                    end(peer)
        server.wait_for_descriptors(before)
        with Peer(server.port) as peer:
            peer.upgrade("/ws").frame_of(1)


main()
