"""`ws101 connect` in a pipe: what goes in, what comes out, and the exit status. 0 all went well, 1 it failed, 2 used wrongly.

The server is our own where it behaves, and Host, which does what it is told, where it must not.
"""

import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile

from harness import DEADLINE, Failure, expect, expect_equal, main, test
from host import Host
from server import PROGRAM, Server, release_program
from wire import CLOSE, COMPRESSION, PING, SCHEME, TEXT, client_flags, frame, header

MIB = 1 << 20


def start(*arguments, **options):
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    program, flags = options.pop("program", PROGRAM), client_flags(*arguments) if arguments else []
    return subprocess.Popen([program, "connect", *arguments, *flags], **options)


def finish(process, text=None):
    """What it printed, what it said, and its status."""
    try:
        out, errors = process.communicate(text, timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, errors = process.communicate()
        raise Failure(f"it does not end; it printed {out[-200:]!r} and said {errors[-500:]!r}") from None
    return out, errors.decode(), process.returncode


def run(*arguments, text=b"", **options):
    return finish(start(*arguments, **options), text)


def expect_run(arguments, text, out, status=0, words=None, **options):
    """`words` is a pattern for the one line on standard error; none: nothing is said."""
    got, errors, ended = run(*arguments, text=text, **options)
    expect_equal(got, out, f"the output of {arguments}, which said {errors!r},")
    expect_equal(ended, status, f"the status of {arguments}, which said {errors!r},")
    if words is None:
        expect_equal(errors, "", f"what {arguments} said")
    else:
        expect(re.fullmatch(rf"ws101 connect: .*{words}.*\n", errors), f"{arguments} said {errors!r}, not {words!r}")


def accept_and_see(host, process):
    """Until the client says by what it prints that it knows of the connection."""
    host.accept()
    host.text("up")
    expect_equal(process.stdout.readline(), b"up\n", "the first line")


@test
def the_answers_of_an_echo_all_arrive_and_the_status_is_0():
    with Server() as server:
        for where in (server.url("/echo"), server.url("/echo", host="localhost")):
            expect_run([where], b"a\nb\n", b"a\nb\n")
        # The last line may lack its end, an empty line is an empty message, and a carriage return is a part of its line.
        expect_run([server.url("/echo")], b"a\n\nlast", b"a\n\nlast\n")
        expect_run([server.url("/echo")], b"a\r\nb\x00c\n", b"a\r\nb\x00c\n")
        expect_run([server.url("/echo")], b"", b"")
        lines = b"".join(b"line %d\n" % number for number in range(100000))
        expect_run([server.url("/echo")], lines, lines)


@test
def any_standard_input_is_read():
    with Server() as server, tempfile.TemporaryFile() as file:
        content = b"".join(b"%d %s\n" % (number, b"x" * (number % 3000)) for number in range(300))
        file.write(content)
        file.seek(0)
        out, errors, status = finish(start(server.url("/echo"), stdin=file))
        expect_equal((errors, status), ("", 0), "the end of a file")
        expect(out == content, "a file comes back whole")
        expect_equal(finish(start(server.url("/echo"), stdin=subprocess.DEVNULL)), (b"", "", 0), "/dev/null")
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(b"over a socket\n")
            ours.shutdown(socket.SHUT_WR)
            expect_equal(finish(start(server.url("/echo"), stdin=theirs)), (b"over a socket\n", "", 0), "a socket")
        closed = start(server.url("/echo"), stdin=None, preexec_fn=lambda: os.close(0))
        expect_equal(finish(closed), (b"", "", 0), "no standard input at all")
        folder = os.open("/", os.O_RDONLY)
        try:
            out, errors, status = finish(start(server.url("/echo"), stdin=folder))
        finally:
            os.close(folder)
        expect_equal((out, status), (b"", 1), "a folder")
        expect("cannot read standard input: Is a directory" in errors, errors)


@test
def a_line_that_cannot_be_sent_is_named_and_those_before_it_are_sent():
    with Server() as server:
        expect_run([server.url("/echo")], b"ok\n\xff\nno\n", b"ok\n", 1, "line 2 of the input is not UTF-8")
        expect_run([server.url("/echo")], b"ok\nhalf \xe2\x82", b"ok\n", 1, "line 2 of the input is not UTF-8")
        expect_run([server.url("/echo"), "--binary-lines"], b"00\n0g\n", b"00\n", 1, "line 2 of the input is not hexadecimal")
        long = b"x" * (16 * MIB + 1)
        expect_run([server.url("/echo")], b"ok\n" + long, b"ok\n", 1, "line 2 of the input is longer than 16MiB")


@test
def binary_is_hexadecimal_or_raw():
    with Server() as server:
        expect_run([server.url("/echo"), "--binary-lines"], b"68 65\n00FF\n\n", b"6865\n00ff\n\n")
        expect_run([server.url("/echo"), "--binary-lines", "--raw"], b"68 65\n00FF\n\n", b"he\x00\xff")
        expect_run([server.url("/echo"), "--binary-lines", "-x", "6869"], b"", b"6869\n")


@test
def x_sends_and_prints_as_many_and_reads_no_input():
    with Server() as server:
        # Its standard input never ends.
        process = start(server.url("/echo"), "-x", "one", "-x", "", "-x-two")
        expect_equal(process.wait(DEADLINE), 0, "the status")
        process.stdin.close()
        expect_equal((process.stdout.read(), process.stderr.read()), (b"one\n\n-two\n", b""), "output")
        process.stdout.close()
        process.stderr.close()
        expect_run([server.url("/echo"), "-x", "a", "-x", "b", "--count", "1"], b"", b"a\n")
    with Host() as host:
        process = start(host.url, "-x", "a", "-x", "b", "--wait", "300ms")
        host.accept()
        expect_equal([host.frame().payload, host.frame().payload], [b"a", b"b"], "what is sent")
        host.text("answer")
        expect_equal(host.frame().close_code, 1000, "the close code")
        host.hang_up()
        out, errors, status = finish(process)
        expect_equal((out, status), (b"answer\n", 1), "output and status")
        expect("1 of 2 messages came within 300ms (--wait)" in errors, errors)


@test
def count_ends_it_and_the_end_of_the_input_does_not():
    with Server() as server:
        ticks = server.url("/ws?period=20ms")
        expect_run([ticks, "--count", "3"], b"", b"Hello from ws101\n" * 3)
        expect_run([server.url("/echo"), "--count", "2"], b"1\n2\n3\n4\n", b"1\n2\n")
        out, errors, status = run(server.url("/ws?period=20ms&close_after=150ms"), "--count", "100000")
        expect(status == 1 and re.search(r"ended after \d+ of 100000 messages", errors), f"{status} {errors!r} {out!r}")


@test
def timeout_bounds_everything():
    with Host() as host:
        expect_run([host.url, "--timeout", "200ms"], b"", b"", 1, r"the time is over, after 200ms \(--timeout\)")
    with Host() as host:
        process = start(host.url, "--timeout", "300ms")
        host.accept()
        host.text("hello")
        out, errors, status = finish(process, None)
        expect_equal((out, status), (b"hello\n", 1), "output and status")
        expect("--timeout" in errors, errors)


@test
def wait_bounds_the_farewell_of_a_server_that_does_not_close():
    with Host() as host:
        process = start(host.url, "--wait", "300ms")
        host.accept()
        process.stdin.close()
        expect_equal(host.frame().close_code, 1000, "the close code")
        host.text("late")
        process.stdin = None
        out, errors, status = finish(process)
        expect_equal((out, status), (b"late\n", 1), "what comes behind our Close frame is printed; then the status")
        expect("the server did not close the connection within 300ms (--wait)" in errors, errors)


@test
def the_servers_close_code_is_the_verdict():
    def code(number, reason=b""):
        return struct.pack("!H", number) + reason

    rows = ((code(1000), 0, ""), (code(1000, b"bye"), 0, ""), (b"", 0, ""),
            (code(1001, b"restart"), 1, r"the server closed the connection with 1001 \(.+\): restart"),
            (code(1008), 1, r"1008 \(.+\)"), (code(1011), 1, "1011"), (code(4000, b"mine"), 1, "4000 .*mine"),
            (code(4000, "\x1b[2J\u202e".encode()), 1, re.escape("\\x1b[2J\\u202e")))
    for payload, wanted, words in rows:
        with Host() as host:
            process = start(host.url)
            host.accept()
            host.text("before")
            host.close(payload)
            out, errors, status = finish(process)
            expect_equal((out, status), (b"before\n", wanted), f"output and status of {payload}, saying {errors!r},")
            expect(re.search(words, errors) if words else not errors, f"{payload}: it said {errors!r}, not {words!r}")


@test
def a_connection_that_is_lost_or_a_rule_that_is_broken_is_a_failure_in_words():
    for data, words in ((b"", "lost: the server sent no Close frame (1006)"),
                        (frame(TEXT, b"masked"), "the server broke a rule, 1002"),
                        (frame(TEXT, b"\xff", key=None), "the server broke a rule, 1007"),
                        (header(TEXT, 1 << 40, key=None), "the server broke a rule, 1009")):
        with Host() as host:
            process = start(host.url)
            host.accept()
            if data:
                host.send(data)
                expect_equal(host.frame().opcode, CLOSE, f"what it says to {data[:20]!r}")
            host.hang_up()
            out, errors, status = finish(process)
            expect_equal((out, status), (b"", 1), "output and status")
            expect(words in errors, f"it said {errors!r}, not {words!r}")


@test
def input_that_comes_when_the_connection_has_ended_is_left_alone():
    for payload, wanted in ((struct.pack("!H", 1000), 0), (None, 1)):
        with Host() as host:
            process = start(host.url)
            accept_and_see(host, process)
            # It finds both at once when it wakes up: first the server's end, then a line.
            process.send_signal(signal.SIGSTOP)
            os.waitpid(process.pid, os.WUNTRACED)
            if payload is None:
                host.hang_up()
            else:
                host.send(frame(CLOSE, payload, key=None))
            process.stdin.write(b"too late\n")
            process.stdin.flush()
            process.send_signal(signal.SIGCONT)
            out, errors, status = finish(process, None)
            expect_equal((out, status), (b"", wanted), f"output and status, saying {errors!r},")


@test
def what_does_not_connect_says_why_in_one_line_with_status_1():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        port = nobody.getsockname()[1]
        expect_run([f"{SCHEME}://127.0.0.1:{port}/"], b"", b"", 1, f"127.0.0.1:{port}.*Connection refused")
    expect_run([f"{SCHEME}://no-such-name.invalid/"], b"", b"", 1, "cannot find 'no-such-name.invalid'")
    with Server() as server:
        expect_run([server.url("/nowhere")], b"", b"", 1, "status 404: there is nothing at this path")
    with Host() as host:
        process = start(host.url)
        host.accept(key="dGhlIHNhbXBsZSBub25jZQ==")
        out, errors, status = finish(process)
        expect_equal((out, status), (b"", 1), "output and status of a wrong accept key")
        expect("does not answer our key" in errors, errors)
    with Host() as host:
        process = start(host.url)
        host.take_request()
        host.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 20\r\n\r\n")
        host.send("go \u009b2J away".encode() + b" " * 8)
        out, errors, status = finish(process)
        expect_equal((errors, status), ("ws101 connect: the server answered with status 403: go \n", 1), "a refusal")


@test
def wrong_use_is_status_2():
    for arguments, words in (([], "URL"), (["http://h/"], "http"), (["ws://h/", "-H", "nothing"], "Name: value"),
                             (["ws://h/", "--wait", "5"], "no duration"), (["ws://h/", "--ca", "x"], "are for wss://"), (["wss://h/", "--cert", "x"], "--cert and --key go together"),
                             (["ws://h/", "-H", "Host: other"], "header"), (["ws://h/", "--subprotocol", "a b"], "subprotocol"),
                             (["ws://h/", "--count", "0"], "--count"), (["ws://h/", "--frobnicate"], "--frobnicate")):
        expect_run(arguments, b"", b"", 2, re.escape(words))


@test
def the_request_is_as_the_flags_say():
    with Host() as host:
        process = start(host.url.replace("//", "//ignored:x@"), "-H", "Cookie: a=b", "-H", "X-Two:2", "--origin",
                        "https://o.example", "--subprotocol", "chat", "--subprotocol", "other", "--user",
                        "Aladdin:open sesame")
        head = host.accept(fields="Sec-WebSocket-Protocol: other\r\n")
        process.stdin.close()
        process.stdin = None
        host.frame()
        host.send(frame(CLOSE, struct.pack("!H", 1000), key=None))
        host.hang_up()
        expect_equal(finish(process)[2], 0, "the status")
        for line in ("GET /here HTTP/1.1", f"Host: 127.0.0.1:{host.port}", "Cookie: a=b", "X-Two: 2",
                     "Origin: https://o.example", "Sec-WebSocket-Protocol: chat, other",
                     "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="):
            expect(line in head.split("\r\n"), f"{line!r} is not in {head!r}")


@test
def a_unix_socket_is_reached_by_the_url_that_the_server_prints():
    with tempfile.TemporaryDirectory() as folder, Server(listen=(f"unix:{folder}/s",)) as server:
        printed = re.search(r"WebSocket (wss?\+unix:\S+)\)", server.lines[0])[1]
        expect_run([re.sub(r":/ws$", ":/echo", printed)], b"a\n", b"a\n")


@test
def trace_shows_every_frame_on_standard_error():
    line, frames = b"Hello\n", (' > 81 85 .*FIN text, masked, 5 bytes: "Hello"', ' < 81 05 .*"Hello"')
    if COMPRESSION:  # the frames as they are on the wire
        line, frames = b"Hello" * 20 + b"\n", (" > c1 .*FIN RSV1 text, masked, ..? bytes: f2 48", " < c1 .*FIN RSV1 text, ..? bytes: f2 48")
    with Server() as server:
        out, errors, status = run(server.url("/echo"), "--trace", text=line)
        expect_equal((out, status), (line, 0), "output and status")
        for words in (*frames, " > 88 82 .*close", " < 88 02 "):
            expect(re.search(words, errors), f"{words!r} is not in {errors!r}")


@test
def a_silent_server_is_pinged():
    with Host() as host:
        process = start(host.url, "--ping-interval", "100ms")
        host.accept()
        expect_equal(host.frame().opcode, PING, "the first frame")
        host.hang_up()
        finish(process)


@test
def an_echo_of_much_more_than_any_buffer_holds_comes_back_whole_in_bounded_memory():
    lines = 64 * 1024
    with Server(program=release_program()) as server:
        with tempfile.TemporaryFile() as file:
            for number in range(lines):
                file.write(b"%07d%s\n" % (number, b"x" * 1016))
            file.seek(0)
            wanted = file.read()
            file.seek(0)
            process = start(server.url("/echo"), stdin=file, program=release_program())
            got = process.stdout.read(len(wanted) - 4 * MIB)  # more than pipes hold, so it still runs
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                peak = int(re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.M)[1])
            got += process.stdout.read()
            expect_equal(finish(process, None)[1:], ("", 0), "what it said, and its status")
            expect(got == wanted, "every line comes back")
            expect(peak < 20 * 1024, f"{peak} KiB of memory for {lines} KiB")


@test
def input_is_not_read_while_the_server_takes_nothing():
    with Host() as host:
        process = start(host.url, program=release_program())
        host.accept()
        os.set_blocking(process.stdin.fileno(), False)
        # Nothing that compression could make small.
        line, written, full = os.urandom(32767).hex().encode() + b"x\n", 0, 0
        while written < 256 * MIB and full < 50:  # a quarter of a second in which nothing was taken
            try:
                written += os.write(process.stdin.fileno(), line)
                full = 0
            except BlockingIOError:
                full += 1
                select.select([], [process.stdin], [], 0.005)
        expect(written < 64 * MIB, f"{written} bytes were taken while nobody received them")
        host.text("heard all the same")
        expect_equal(process.stdout.readline(), b"heard all the same\n", "what the server says meanwhile")
        process.stdin.close()
        process.stdin = None
        got = 0
        while (each := host.frame()).opcode != CLOSE:
            got += len(each.payload) + 1
        expect(got in (written, written + 1), f"{got} bytes came of {written}")
        host.send(frame(CLOSE, each.payload, key=None))
        host.hang_up()
        expect_equal(finish(process)[1:], ("", 0), "the end")


@test
def a_reader_that_has_seen_enough_ends_it_quietly():
    with Server() as server:
        process = start(server.url("/ws?period=20ms"))
        expect_equal(process.stdout.readline(), b"Hello from ws101\n", "the first line")
        process.stdout.close()
        errors = process.stderr.read()
        expect_equal((errors, process.wait(DEADLINE)), (b"", 0), "what it said, and its status")
        process.stdin.close()
        process.stderr.close()
        with open("/dev/full", "wb") as full:
            out, errors, status = finish(start(server.url("/echo"), "-x", "a", stdout=full))
        expect(status == 1 and "cannot write standard output: No space left" in errors, f"{status} {errors!r}")


@test
def a_signal_ends_it_in_order_and_a_second_one_at_once():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Host() as host:
            process = start(host.url)
            accept_and_see(host, process)
            process.send_signal(number)
            expect_equal(host.frame().close_code, 1000, "the close code")
            host.send(frame(CLOSE, struct.pack("!H", 1000), key=None))
            host.hang_up()
            expect_equal(finish(process, None)[1:], ("", 128 + number), "what it said, and its status")
    with Host() as host:
        process = start(host.url, "--wait", "1h")
        accept_and_see(host, process)
        process.send_signal(signal.SIGINT)
        host.frame()
        process.send_signal(signal.SIGINT)
        expect_equal(finish(process, None)[2], 128 + signal.SIGINT, "the status")


@test
def reconnect_says_each_try_and_goes_on_with_the_input():
    with Host() as host:
        process = start(host.url, "--reconnect")
        head = host.accept()
        expect("Upgrade" in head, head)
        process.stdin.write(b"one\n")
        process.stdin.flush()
        expect_equal(host.frame().payload, b"one", "the first line")
        host.hang_up()
        host.take_request()
        host.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
        host.accept()
        process.stdin.write(b"two\n")
        process.stdin.close()
        process.stdin = None
        expect_equal(host.frame().payload, b"two", "the second line")
        expect_equal(host.frame().close_code, 1000, "then the close code")
        host.send(frame(CLOSE, struct.pack("!H", 1000), key=None))
        host.hang_up()
        _, errors, status = finish(process)
        expect_equal(status, 0, f"the status, saying {errors!r},")
        lines = errors.splitlines()
        expect_equal(len(lines), 2, f"the number of lines in {errors!r}")
        expect(re.search(r"\(1006\); trying again in \d\S* \(1\)$", lines[0]), errors)
        expect(re.search(r"status 503: busy; trying again in \d\S* \(2\)$", lines[1]), errors)


@test
def reconnect_does_not_try_again_what_cannot_change():
    with Server() as server:
        expect_run([server.url("/nowhere"), "--reconnect"], b"", b"", 1, "status 404")
        expect_run([server.url("/ws?close_after=50ms&period=1h"), "--reconnect", "--count", "9"], b"", b"", 1,
                   "ended after 0 of 9")
    with Host() as host:
        process = start(host.url, "--reconnect", "--timeout", "400ms")
        host.take_request()
        host.hang_up()
        _, errors, status = finish(process, None)
        expect(status == 1 and "--timeout" in errors, f"a time limit ends the trying: {status} {errors!r}")


if __name__ == "__main__":
    main()
