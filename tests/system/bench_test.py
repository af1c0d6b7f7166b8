"""`ws101 bench` against this server in all its modes, against another one, and against bad ones that it must find out.

The bad servers are a few lines each: they speak the handshake, and then do one thing wrong.
"""

import asyncio
import base64
import hashlib
import json
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import threading
import time
import zlib
from contextlib import contextmanager

import websockets

from harness import DEADLINE, SANITIZED, expect, expect_equal, main, note, test, test_where, wait_until
from server import PROGRAM, Server, TlsServer, run
from wire import BINARY, CLOSE, PING, PONG, SCHEME, TEXT, TLS, apply_mask, certificate, client_flags, frame, host_context

SHORT = ("--seconds", "500ms", "--warmup", "100ms")


def bench(url, *flags, status=0, short=SHORT):
    """The JSON of a run, which must end with that exit status."""
    done = run("bench", url, "--json", *short, *flags, *client_flags(url, *flags))
    expect_equal(done.returncode, status, f"the exit status ({done.stderr!r} {done.stdout!r})")
    expect_equal(done.stderr, "", "what it says beside the report")
    report = json.loads(done.stdout)
    expect_equal(report["ok"], status == 0, f"`ok` in {report}")
    return report


# ---- Every mode, against our server

LATENCY = {"count", "mean", "p50", "p90", "p99", "p99_9", "max"}


def expect_shape(report, mode, unit):
    wanted = {"url", "mode", "options", "connections", "wire", "seconds", "unit", "count", "per_second", "sent",
              "latency_corrected", "latency_us", "server", "client", "unexpected", "errors", "ok"}
    expect_equal(set(report), wanted | ({"last_delivery_us"} if mode == "broadcast" else set()), "the members of the report")
    expect_equal((report["mode"], report["unit"]), (mode, unit), "mode and unit")
    expect_equal(set(report["options"]), {"connections", "size", "depth", "rate", "seconds", "warmup", "text", "verify",
                                           "compress"}, "the options")
    expect_equal(set(report["wire"]), {"tls", "compressed", "frame_bytes"}, "what is said of the wire")
    expect_equal(set(report["connections"]), {"wanted", "opened", "open_seconds"}, "what is said of connections")
    expect_equal(set(report["latency_us"]), LATENCY, "what is said of latency")
    expect_equal(set(report["client"]), {"cpu_seconds", "cpu_percent", "cpu_us_each"}, "what is said of the client")
    expect_equal(set(report["server"]), {"pid", "memory_bytes", "memory_bytes_each", "cpu_seconds", "cpu_percent",
                                         "cpu_us_each"}, "what is said of the server")
    expect_equal(report["errors"], {}, "the errors")
    latency = [report["latency_us"][name] for name in ("p50", "p90", "p99", "p99_9", "max")]
    expect_equal(latency, sorted(latency), "the quantiles, in order")
    expect(0.4 <= report["seconds"] <= 5, f"measured for {report['seconds']} s")
    expect(report["server"]["memory_bytes"] > 1e6, "a server needs memory")


@test
def an_echo_is_counted_in_every_size_and_depth():
    with Server() as server:
        for count, *flags in (("10",), ("10", "--depth", "16"), ("10", "--text"), ("10", "--size", "0", "--depth", "3"),
                              ("10", "--size", "64KiB"), ("2", "--size", "1MiB"), ("2", "--size", "300KiB", "--depth", "5")):
            report = bench(server.url("/echo"), "--connections", count, "--pid", str(server.pid), *flags)
            expect_shape(report, "echo", "round trips")
            expect(report["count"] > 0 and report["latency_us"]["count"] > 0, f"nothing came back: {report}")
            expect(abs(report["sent"] - report["count"]) <= 10 * report["options"]["depth"], f"more came than went: {report}")
            expect(report["server"]["cpu_us_each"] > 0, "a message costs something")


@test
def a_broadcast_is_counted_at_each_subscriber():
    with Server() as server:
        for count, *flags in (("20",), ("20", "--depth", "8"), ("20", "--rate", "200"), ("1",)):
            report = bench(server.url("/broadcast"), "--mode", "broadcast", "--connections", count,
                           "--pid", str(server.pid), *flags)
            expect_shape(report, "broadcast", "deliveries")
            everybody, depth = report["connections"]["opened"], min(report["options"]["depth"], 200)
            expect(abs(report["count"] - everybody * report["sent"]) <= everybody * depth, f"not one for each: {report}")
            expect(0 < report["last_delivery_us"]["count"] <= report["latency_us"]["count"], f"in {report}")
            expect(report["last_delivery_us"]["max"] >= report["latency_us"]["p50"], f"the last is not last in {report}")


@test
def idle_connections_are_held_and_their_memory_is_reported():
    with Server() as server:
        report = bench(server.url("/echo"), "--mode", "idle", "--connections", "4000", "--pid", str(server.pid),
                       short=("--seconds", "500ms"))
        expect_shape(report, "idle", "connections")
        expect_equal(report["connections"]["opened"], 4000, "connections")
        each = report["server"]["memory_bytes_each"]
        expect(each is not None and (SANITIZED or 100 < each < (18_000 if TLS else 2000)), f"an idle connection costs {each} bytes")


@test
def handshakes_are_counted_and_leave_nothing_behind():
    with Server() as server:
        before, began = server.descriptors(), time.monotonic()
        report = bench(server.url("/echo"), "--mode", "handshake", "--depth", "4", "--pid", str(server.pid))
        expect(SANITIZED or time.monotonic() - began < 2.5, "it waited for connections that are gone")
        expect_shape(report, "handshake", "handshakes")
        expect(report["count"] > 10, f"only {report['count']} handshakes")
        server.wait_for_descriptors(before)


@test
def verifying_an_honest_server_finds_nothing():
    with Server() as server:
        for flags in (("--depth", "16"), ("--size", "1", "--text"), ("--size", "3"), ("--size", "0"), ("--size", "8", "--text"),
                      ("--size", "100KiB"), ("--rate", "1000"), ("--size", "200KiB", "--depth", "3", "--text")):
            report = bench(server.url("/echo"), "--verify", "--connections", "5", *flags)
            expect(report["count"] > 0, f"nothing came back with {flags}")
        expect(bench(server.url("/broadcast"), "--verify", "--mode", "broadcast", "--connections", "10", "--depth", "4")
               ["count"] > 0, "nothing was broadcast")


@test
def a_rate_is_kept_and_latency_counted_from_when_a_message_was_due():
    with Server() as server:
        report = bench(server.url("/echo"), "--rate", "400/s", "--connections", "3", short=("--seconds", "2s"))
        expect(report["latency_corrected"], "it is an open loop")
        expect(abs(report["sent"] - 400 * report["seconds"]) <= 40, f"{report['sent']} sent in {report['seconds']} s")


@contextmanager
def stalled(process, after, seconds, begun=None):
    """Stops the server, or a client, some time after now, or after `begun()`, for some time."""
    def stall():
        if begun:
            wait_until(begun, "it has begun")
        time.sleep(after)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGCONT)
    stalling = threading.Thread(target=stall)
    stalling.start()
    try:
        yield
    finally:
        stalling.join()


@test
def a_stall_at_the_end_does_not_hide_what_was_due():
    with Server() as server:
        for mode, path in (("echo", "/echo"), ("broadcast", "/broadcast")):
            with stalled(server, after=0.5, seconds=1.2):
                report = bench(server.url(path), "--mode", mode, "--rate", "200", "--depth", "1", "--connections", "2",
                               short=("--seconds", "1s", "--warmup", "0"))
            due = 200 * report["seconds"] * (2 if mode == "broadcast" else 1)
            expect(report["latency_us"]["count"] >= due - 4, f"{report['latency_us']['count']} of {due} are in the figures")
            expect(report["latency_us"]["p90"] > 400_000, f"the stall is hidden: {report['latency_us']}")


@test
def a_stall_of_the_client_itself_at_the_end_does_not_hide_what_was_due():
    with Server() as server:
        before = server.descriptors()
        for mode, path in (("echo", "/echo"), ("broadcast", "/broadcast")):
            server.wait_for_descriptors(before)
            url = server.url(path)
            child = subprocess.Popen([PROGRAM, "bench", url, "--json", "--mode", mode, "--rate", "200", "--connections", "2",
                                      "--seconds", "1s", "--warmup", "0", *client_flags(url)], stdout=subprocess.PIPE)
            with stalled(child, after=0.6, seconds=1, begun=lambda: server.descriptors() >= before + 2):
                out, _ = child.communicate(timeout=DEADLINE)
            report = json.loads(out)
            expect(report["seconds"] > 1.2, f"it was not stopped: {report['seconds']} s")
            due = 200 * report["seconds"] * (2 if mode == "broadcast" else 1)
            expect(report["latency_us"]["count"] >= due - 4, f"{report['latency_us']['count']} of {due} are in the figures")
            expect(report["latency_us"]["max"] > 300_000, f"the stall is hidden: {report['latency_us']}")


@test
def a_stall_of_the_server_shows_in_the_latency_of_all_that_was_due_meanwhile():
    with Server() as server:
        with stalled(server, after=0.7, seconds=1):
            report = bench(server.url("/echo"), "--rate", "500", "--depth", "1", "--connections", "2",
                           short=("--seconds", "3s", "--warmup", "0"))
        latency = report["latency_us"]
        expect(latency["max"] > 800_000, f"the stall is not seen at all: {latency}")
        # A third of all messages fell due while it stood still. With one in flight a closed loop would have seen two.
        expect(latency["p90"] > 300_000, f"the stall is hidden: {latency}")


@test
def a_table_for_people_names_what_was_measured():
    with Server() as server:
        done = run("bench", server.url("/echo"), *SHORT, "--connections", "5", "--pid", str(server.pid),
                   *client_flags(server.url()))
    expect_equal((done.returncode, done.stderr), (0, ""), "exit status and errors")
    for part in (r"^echo of 20 B binary on 5 connections, 1 in flight, for 0\.\d\d s$", r"^round trips +[\d,]+ /s",
                 r"^latency +p50 .* p90 .* p99 .* p99\.9 .* max ", r"^server +.*% of a core +.* of CPU each$",
                 r"^server's memory +.* MB$", r"^this client +.* of CPU each$"):
        expect(re.search(part, done.stdout, re.M), f"{part} is not in {done.stdout!r}")


@test
def a_line_of_progress_is_for_a_terminal_and_goes_away():
    with Server() as server:
        terminal, its_end = pty.openpty()
        done = run_at(its_end, "bench", server.url("/echo"), "--seconds", "2500ms", "--warmup", "0", "--connections", "2",
                      *client_flags(server.url()))
        shown = os.read(terminal, 65536).decode()
        os.close(terminal)
    expect_equal(done.returncode, 0, "the exit status")
    expect(re.search(r"\r\x1b\[K1 s of 2500ms   [\d,]+ /s   p99 [\d.]+ .s\r\x1b\[K2 s of", shown), f"it shows {shown!r}")
    expect(shown.endswith("\r\x1b[K") and "\n" not in shown, f"it leaves {shown!r}")
    expect(done.stdout.startswith("echo of"), f"the report is {done.stdout!r}")


def run_at(terminal, *arguments):
    """Runs the program with standard error at a terminal, whose end is closed then."""
    try:
        return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal,
                              text=True, timeout=DEADLINE)
    finally:
        os.close(terminal)


@test
def an_interrupt_ends_it_with_the_figures_so_far():
    with Server() as server:
        child = subprocess.Popen([PROGRAM, "bench", server.url("/echo"), "--json", "--warmup", "0", "--seconds", "1m",
                                  "--connections", "2", *client_flags(server.url())], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        before = server.cpu_seconds()
        wait_until(lambda: server.cpu_seconds() > before + 0.05, "the server has work")
        child.send_signal(signal.SIGINT)
        out, errors = child.communicate(timeout=DEADLINE)
        expect_equal((child.returncode, errors), (0, b""), "exit status and errors")
        expect(json.loads(out)["count"] > 0, f"no figures in {out!r}")


# ---- Encrypted and compressed

def believing():
    return "--ca", certificate()[0]


@test_where(not TLS, "over TLS every mode is what the tests above hold")
def every_mode_works_over_tls_and_the_report_says_which():
    with TlsServer() as server:
        for mode, path, unit, *flags in (("echo", "/echo", "round trips", "--depth", "4"),
                                         ("echo", "/echo", "round trips", "--size", "300KiB", "--verify"),
                                         ("broadcast", "/broadcast", "deliveries", "--verify"),
                                         ("idle", "/echo", "connections"), ("handshake", "/echo", "handshakes")):
            chosen = () if mode == "handshake" else ("--connections", "5")
            report = bench(server.url(path), "--mode", mode, "--pid", str(server.pid), *believing(), *chosen, *flags,
                           short=SHORT if mode != "idle" else ("--seconds", "500ms"))
            expect_shape(report, mode, unit)
            expect(report["wire"]["tls"].startswith("TLSv1.3 TLS_"), f"over {report['wire']}")
            expect(mode == "idle" or report["count"] > 5, f"nothing came back: {report}")
    with TlsServer("--tls-min", "1.2") as server:
        done = run("bench", server.url("/echo"), *SHORT, "--connections", "5", "--insecure")
        expect_equal((done.returncode, done.stderr), (0, ""), "exit status and errors")
        expect(re.search(r"^encrypted +TLSv1\.3 TLS_\S+, whoever answers is believed$", done.stdout, re.M), done.stdout)


@test_where(not TLS, "one of the servers is plain")
def a_server_that_is_not_believed_is_a_handshake_that_failed():
    with TlsServer() as server:
        report = bench(server.url("/echo"), status=1)
        expect("certificate" in report["errors"]["handshake_failed"]["first"], f"the errors are {report['errors']}")
    with Server() as server:
        report = bench(server.url("/echo").replace("ws:", "wss:"), "--insecure", status=1)
        expect("handshake_failed" in report["errors"], f"the errors are {report['errors']}")
    done = run("bench", "wss://localhost/", "--ca", "/no/such/file")
    expect_equal((done.returncode, done.stdout), (1, ""), "exit status and output")
    expect("/no/such/file" in done.stderr and done.stderr.count("\n") == 1, f"it says {done.stderr!r}")


@test
def compressed_messages_are_counted_and_verified():
    for served, asked in (("shared", "shared"), ("dedicated", "dedicated"), ("shared", "dedicated"), ("dedicated", "shared")):
        with Server("--compress", served) as server:
            for mode, path, *flags in (("echo", "/echo", "--depth", "4"), ("echo", "/echo", "--depth", "4", "--verify"),
                                       ("echo", "/echo", "--size", "100KiB", "--verify", "--text"),
                                       ("broadcast", "/broadcast", "--verify"), ("broadcast", "/broadcast")):
                size = () if "--size" in flags else ("--size", "1000")
                report = bench(server.url(path), "--mode", mode, "--compress", asked, "--connections", "5",
                               "--pid", str(server.pid), *size, *flags)
                expect_shape(report, mode, "deliveries" if mode == "broadcast" else "round trips")
                wire = report["wire"]
                expect(wire["compressed"] and 20 < wire["frame_bytes"] < report["options"]["size"] / 2, f"it was {wire}")
                expect(report["count"] > 5, f"nothing came back: {report}")
            if served == asked:
                report = bench(server.url("/echo"), "--compress", asked, "--size", "63", "--verify", "--connections", "2")
                expect_equal(report["wire"]["frame_bytes"], 69, "a small message goes as it is, with its header of 6")


@test
def the_table_says_how_messages_were_compressed_and_a_server_that_does_not_is_no_figure():
    with Server("--compress", "shared") as server:
        done = run("bench", server.url("/echo"), *SHORT, "--connections", "5", "--compress", "shared", "--size", "1000",
                   *client_flags(server.url(), "--compress"))
        expect(re.search(r"^compressed +shared, a frame is \d+ B$", done.stdout, re.M), done.stdout)
    with Server() as server:
        report = bench(server.url("/echo"), "--compress", "shared", status=1)
        expect_equal(report["errors"]["handshake_failed"]["first"], "the server does not compress", "the reason")


@test
def verify_finds_what_a_bad_server_does_to_compressed_messages():
    def deflated(payload):
        made = zlib.compressobj(wbits=-15)
        return (made.compress(payload) + made.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def answer(wrong):
        def answered(number, opcode, payload):
            plain = zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff")
            back = deflated(plain)
            back = wrong(plain, back) if number % 10 == 5 else back
            return bytes([0xC0 | opcode]) + frame(opcode, back, key=None)[1:]
        return answered

    rows = {None: lambda plain, back: back,
            "corrupted": lambda plain, back: deflated(flipped(plain, len(plain) - 1)),
            "unexpected": lambda plain, back: deflated(plain + b"!"),
            "protocol": lambda plain, back: b"\xff\xff\xff"}
    for kind, wrong in rows.items():
        server, serving = bad(answer(wrong))
        server.extensions = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        with serving as url:
            report = bench(url, "--verify", "--connections", "1", "--depth", "8", "--size", "200", "--compress", "shared",
                           status=1 if kind else 0)
        expect(kind in report["errors"] if kind else report["count"] > 0, f"{kind} is not among {report['errors']}")


@test_where(not TLS, "ports are those of TCP, and so many handshakes take long")
def more_connections_than_an_address_has_ports_come_from_several():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 17_000:
        note(f"not tried: {hard} descriptors are allowed, and 17,000 needed")
        return
    # Nobody may have all of them, so that they have come from several addresses.
    with Server("--max-connections-per-ip", "16400") as server:
        report = bench(server.url("/echo"), "--mode", "idle", "--connections", "16800", short=("--seconds", "500ms"))
        expect_equal(report["connections"]["opened"], 16_800, "connections")


# ---- What is not there

@test
def a_server_that_is_not_there_is_said_so_at_once():
    with Server() as server:
        url = server.url("/echo")
    report = bench(url, "--connections", "1000", status=1)
    expect("connect_failed" in report["errors"], f"the errors are {report['errors']}")
    expect(report["errors"]["connect_failed"]["count"] <= 64, "it goes on trying where nobody listens")
    expect("refused" in report["errors"]["connect_failed"]["first"], f"the errors are {report['errors']}")
    report = bench(url, "--mode", "handshake", status=1)
    expect("connect_failed" in report["errors"], f"the errors are {report['errors']}")


@test
def a_path_without_a_websocket_is_a_handshake_that_failed():
    with Server() as server:
        report = bench(server.url("/nowhere"), status=1)
        expect("status 404" in report["errors"]["handshake_failed"]["first"], f"the errors are {report['errors']}")


@test_where(not TLS, "how flags are read does not depend on the wire")
def wrong_use_is_one_line_and_exit_status_2():
    for arguments, said in (((), "URL"), (("http://a",), "not ws or wss"), (("ws://localhost", "--ca", "x"), "are for wss://"),
                            (("ws://localhost", "--mode", "idle", "--rate", "5"), "--rate: means nothing in --mode idle"),
                            (("ws://localhost", "--pid", "0"), "there is no process '0'")):
        done = run("bench", *arguments)
        expect_equal((done.returncode, done.stdout), (2, ""), f"exit status and output of {arguments}")
        expect(said in done.stderr and done.stderr.count("\n") == 1, f"it says {done.stderr!r}")
    done = run("bench", "ws://no-such-host.invalid/")
    expect_equal(done.returncode, 1, "the exit status for a name that nobody knows")
    expect("no-such-host.invalid" in done.stderr and done.stderr.count("\n") == 1, f"it says {done.stderr!r}")


@test_where(not TLS, "it comes to no connection")
def more_connections_than_descriptors_are_refused_before_the_first():
    done = run("bench", "ws://127.0.0.1:1/", "--connections", "100000000")
    expect_equal((done.returncode, done.stdout), (1, ""), "exit status and output")
    expect("ulimit -Hn" in done.stderr and done.stderr.count("\n") == 1, f"it says {done.stderr!r}")


# ---- Servers that are bad

class BadServer:
    """Speaks the handshake, then hands each message's number, opcode and payload to `answer`, which returns what to send
    back, as bytes on the wire; None hangs up."""

    def __init__(self, answer, first=b""):
        self.answer, self.first = answer, first
        self.pongs = []
        self.extensions = None

    async def serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = re.search(r"Sec-WebSocket-Key: (\S+)", head)[1]
            accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + accept + b"\r\n" + self.extension() + b"\r\n" + self.first)
            number = 0
            while True:
                opcode, payload = await self.read_frame(reader)
                if opcode == CLOSE:
                    writer.write(frame(CLOSE, payload, key=None))
                    break
                if opcode == PONG:
                    self.pongs.append(payload)
                    continue
                answer = self.answer(number, opcode, payload)
                if answer is None:
                    break
                writer.write(answer)
                number += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def extension(self):
        return f"Sec-WebSocket-Extensions: {self.extensions}\r\n".encode() if self.extensions else b""

    @staticmethod
    async def read_frame(reader):
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            size, = struct.unpack("!H", await reader.readexactly(2))
        key = await reader.readexactly(4)
        return first & 0x0F, apply_mask(await reader.readexactly(size), key)


@contextmanager
def served(start):
    """Runs `start(loop)`, a coroutine that returns a server, on a thread of its own; gives its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(start(), loop).result(DEADLINE)
        yield f"{SCHEME}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        loop.call_soon_threadsafe(server.close)
    finally:
        async def cancel_all():
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(cancel_all(), loop).result(DEADLINE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def bad(answer, first=b""):
    server = BadServer(answer, first)
    return server, served(lambda: asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=host_context() if TLS else None))


def echo(opcode, payload):
    return frame(opcode, payload, key=None)


class Reordering:
    def __init__(self):
        self.kept = b""

    def __call__(self, number, opcode, payload):
        """Every tenth message changes places with the next."""
        if number % 10 == 5:
            self.kept = echo(opcode, payload)
            return b""
        kept, self.kept = self.kept, b""
        return echo(opcode, payload) + kept


def flipped(payload, index):
    return payload[:index] + bytes([payload[index] ^ 1]) + payload[index + 1:]


def every_tenth(wrong):
    return lambda number, opcode, payload: wrong(opcode, payload) if number % 10 == 5 else echo(opcode, payload)


BAD = {
    "corrupted": every_tenth(lambda opcode, payload: echo(opcode, flipped(payload, len(payload) - 1))),
    "wrong_type": every_tenth(lambda opcode, payload: echo(TEXT + BINARY - opcode, payload)),
    "repeated": every_tenth(lambda opcode, payload: echo(opcode, payload) * 2),
    "missing": every_tenth(lambda opcode, payload: b""),
    "unexpected": every_tenth(lambda opcode, payload: echo(opcode, payload + b"!")),
}


@test
def verify_finds_what_a_bad_server_does():
    for kind, answer in BAD.items():
        for flags in ((), ("--text",)):
            server, serving = bad(answer)
            with serving as url:
                report = bench(url, "--verify", "--connections", "1", "--depth", "8", "--size", "40", *flags, status=1)
            expect(kind in report["errors"], f"{kind} is not among the errors {report['errors']}")


@test
def verify_finds_messages_that_change_places():
    for size in ("40", "2"):
        server, serving = bad(Reordering())
        with serving as url:
            report = bench(url, "--verify", "--connections", "1", "--depth", "8", "--size", size, status=1)
        expect_equal(set(report["errors"]) - {"unanswered"}, {"out_of_order"}, "the errors")


@test
def verify_finds_a_corrupted_stamp_and_a_message_of_another():
    for answer in (every_tenth(lambda opcode, payload: echo(opcode, flipped(payload, 0))),
                   every_tenth(lambda opcode, payload: echo(opcode, flipped(payload, 7)))):
        server, serving = bad(answer)
        with serving as url:
            report = bench(url, "--verify", "--connections", "1", "--depth", "8", "--size", "40", status=1)
        expect("corrupted" in report["errors"], f"the errors are {report['errors']}")


@test
def what_never_comes_back_is_reported_without_verify_too():
    server, serving = bad(lambda number, opcode, payload: echo(opcode, payload) if number < 50 else b"")
    with serving as url:
        report = bench(url, "--connections", "1", "--depth", "4", status=1)
    expect_equal(report["errors"]["unanswered"]["count"], 4, "messages without an answer")


@test
def connections_that_end_are_reported_by_how():
    answers = {"lost": None, "closed_by_server": frame(CLOSE, struct.pack("!H", 1013), key=None),
               "protocol": frame(3, b"x", key=None)}
    for kind, last in answers.items():
        server, serving = bad(lambda number, opcode, payload: echo(opcode, payload) if number < 20 else last)
        with serving as url:
            report = bench(url, "--connections", "3", status=1)
        expect(kind in report["errors"], f"{kind} is not among {report['errors']}")
        if kind == "closed_by_server":
            expect("1013" in report["errors"][kind]["first"], f"the code is not in {report['errors']}")


@test
def greetings_fragments_and_pings_of_a_server_are_understood():
    def fragmented(number, opcode, payload):
        return (frame(opcode, payload[:3], final=False, key=None) + frame(PING, b"there?", key=None) +
                frame(0, payload[3:], key=None))
    server, serving = bad(fragmented, first=frame(TEXT, b"welcome", key=None))
    with serving as url:
        report = bench(url, "--connections", "2", "--depth", "3")
    expect(report["count"] > 0 and server.pongs, f"no answers or no pongs: {report}")
    expect_equal(set(server.pongs), {b"there?"}, "the pongs")
    expect_equal(report["unexpected"], 2, "the greetings")


# ---- Another server

@test
def it_works_against_python_websockets():
    async def handler(socket, *_):
        async for message in socket:
            await socket.send(message)

    async def start():
        return await websockets.serve(handler, "127.0.0.1", 0, ssl=host_context() if TLS else None)
    with served(start) as url:
        for flags in (("--verify", "--text"), ("--compress", "dedicated", "--verify", "--size", "500"),
                      ("--compress", "shared", "--verify", "--size", "5000", "--text"), ("--depth", "8"), ("--size", "100KiB"), ("--mode", "idle"), ("--mode", "handshake")):
            short = ("--seconds", "500ms") if "idle" in flags else SHORT
            wanted = () if "handshake" in flags else ("--connections", "5")
            report = bench(url, *wanted, *flags, short=short)
            note(f"python3-websockets, {' '.join(flags)}: {report['per_second']:.0f} {report['unit']} a second")


main()
