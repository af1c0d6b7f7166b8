"""`ws101 connect` at a terminal, in a tmux that nobody sees: what is typed, what is drawn, and that the terminal is given
back as it was.
"""

import os
import re
import shlex
import signal
import struct
import subprocess
import tempfile

from harness import Failure, expect, expect_equal, main, test, wait_until
from host import Host
from server import PROGRAM
from wire import BINARY, CLOSE, PING, PONG, TEXT, client_flags, frame


def connect_command(host, *flags):
    return shlex.join([PROGRAM, "connect", *flags, *client_flags(host.url), host.url])


class Screen:
    """A shell in a terminal of so many columns and rows."""

    def __init__(self, columns=60, rows=20, environment=None):
        self.folder = tempfile.TemporaryDirectory()
        self.rows = rows
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
        self.environment = {**keep, "LANG": "C.UTF-8", **(environment or {})}
        try:
            self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "env", "PS1=$ ", "sh")
            self.wait_for(r"^\$")
            self.before = self.terminal()
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            error.args = (f"{error}; the screen: {self.text()!r}",)
        self.end()

    def end(self):
        self.tmux("kill-server", check=False)
        self.folder.cleanup()

    def tmux(self, *arguments, check=True):
        done = subprocess.run(["tmux", "-u", "-S", f"{self.folder.name}/tmux", "-f", "/dev/null", *arguments],
                              env=self.environment, capture_output=True, text=True, timeout=20)
        if check and done.returncode != 0:
            raise Failure(f"tmux {arguments} says {done.stderr!r}")
        return done.stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def enter(self, text):
        self.type(text)
        self.press("Enter")

    def text(self, *options):
        """All that was ever printed, without the empty rows behind it. Rows that were wrapped are joined."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-", *options, check=False).rstrip("\n ")

    def drawn(self):
        """The rows of the window as they are."""
        return self.tmux("capture-pane", "-p").rstrip("\n ").split("\n")

    def wait_for(self, pattern):
        return wait_until(lambda: re.search(pattern, self.text(), re.M), lambda: f"{pattern!r} in {self.text()!r}")

    def wait_until_drawn(self, rows):
        wait_until(lambda: self.drawn()[-len(rows):] == rows, lambda: f"{rows} at the end of {self.drawn()}")

    def terminal(self):
        """How the terminal is set."""
        name = f"{self.folder.name}/stty"
        self.enter(f"stty -a > {name}.new && mv {name}.new {name}")
        wait_until(lambda: os.path.exists(name), "stty")
        with open(name, encoding="ascii") as file:
            text = file.read()
        os.remove(name)
        return text

    # ---- ws101 connect in it

    def connect(self, host, *flags, end="; echo status $?"):
        self.enter("clear; " + connect_command(host, *flags) + end)
        host.accept()
        self.wait_for("^connected to 127.0.0.1:.*/help")

    def expect_over(self, status):
        self.wait_for(rf"^status {status}$")
        expect_equal(self.terminal(), self.before, "how the terminal is set")


@test
def a_line_is_sent_and_an_answer_is_printed_above_the_next_one():
    with Host() as host, Screen() as screen:
        screen.connect(host)
        screen.enter("Hello wörld 漢字 😀")
        expect_equal(host.frame().payload.decode(), "Hello wörld 漢字 😀", "what is sent")
        host.text("Hello to you")
        screen.wait_for(r"^> Hello wörld 漢字 😀\n< Hello to you\n>$")
        screen.press("Enter")  # nothing is sent by it
        screen.press("Up")
        screen.press("C-a", "C-d")
        screen.enter("J")
        expect_equal(host.frame().payload.decode(), "Jello wörld 漢字 😀", "a line of the history, edited")
        screen.press("C-r")
        screen.type("Hello")
        screen.wait_for("bck:Hello")
        screen.press("Enter")
        expect_equal(host.frame().payload.decode(), "Hello wörld 漢字 😀", "a line of the history, searched for")
        screen.press("C-d")
        expect_equal(host.answer_close().close_code, 1000, "the close code")
        screen.wait_for(r"^closed with 1000 \(normal closure\)$")
        screen.expect_over(0)


@test
def messages_do_not_garble_the_line_that_is_being_typed():
    for columns, typed in ((20, "short"), (20, "x" * 17), (20, "x" * 18), (20, "x" * 19), (20, "0123456789" * 5),
                           (20, "漢字" * 9), (20, "x" + "漢字" * 9), (21, "漢字" * 9), (20, "e\u0301" * 15), (9, "ab " * 20),
                           (200, "a b c " * 10), (20, "tab\there and a few more words")):
        with Host() as host, Screen(columns, 30) as screen:
            screen.connect(host)
            sent = []
            for number in range(6):
                part = typed[len(typed) * number // 6:len(typed) * (number + 1) // 6]
                screen.press("C-v", "Tab") if part == "\t" else screen.type(part.replace("\t", "\x16\t"))
                sent.append(f"message {number}")
                host.text(sent[-1])
                screen.wait_for(rf"^< message {number}$")
            screen.press("C-a")
            host.text("at the start")
            screen.wait_for("^< at the start$")
            screen.press("C-e")
            host.text("at the end")
            screen.wait_for("^< at the end$")
            shown = screen.text()
            above, _, below = shown.partition("to leave\n")[2].partition("< at the end\n")
            got = [line.rstrip() for line in above.splitlines()]
            expect_equal(got, [f"< {each}" for each in (*sent, "at the start")], f"what stands above {typed!r}")
            # libedit shows no combining characters.
            line = below.replace("\n", "")
            wanted = "> " + typed.replace("\u0301", "").replace("\t", " ")
            expect_equal(re.sub(r"\s+", " ", line), re.sub(r"\s+", " ", wanted).rstrip(), "the line being typed")
            screen.press("Enter")
            expect_equal(host.frame().payload.decode(), typed, "what is sent")


@test
def a_flood_of_messages_leaves_room_to_type_and_to_go_back_in_the_line():
    with Host() as host, Screen(20, 12) as screen:
        screen.connect(host)
        count, typed = 0, "words that fill more than a row"
        for letter in typed:
            screen.type(letter)
            host.send(b"".join(frame(TEXT, b"m%d" % number, key=None) for number in range(count, count + 40)))
            count += 40
        screen.press("C-a")
        host.text("last")
        screen.wait_until_drawn([f"< m{number}" for number in range(count - 8, count)]
                                + ["< last", "> words that fill mo", "re than a row"])
        screen.type("(")
        screen.press("C-e")
        screen.type(")")
        screen.wait_until_drawn(["< last", "> (words that fill m", "ore than a row)"])
        shown = re.findall(r"^< m(\d+)$", screen.text(), re.M)
        expect_equal(shown, [str(number) for number in range(count)][-len(shown):], "what stands above")
        expect(len(shown) > 500, f"only {len(shown)} messages are shown")
        screen.press("Enter")
        expect_equal(host.frame().payload.decode(), f"({typed})", "what is sent")


@test
def combining_characters_that_are_typed_at_once_do_not_move_the_line():
    with Host() as host, Screen(20, 30) as screen:
        screen.connect(host)
        host.text("before")
        screen.wait_for("^< before$")
        screen.type("e\u0301" * 15)
        screen.wait_for("^> e{15}$")
        screen.press("C-a")
        host.text("behind")
        screen.wait_for(r"^< before\n< behind\n> e{15}$")


@test
def a_line_longer_than_the_window_has_rows_survives():
    with Host() as host, Screen(20, 6) as screen:
        screen.connect(host)
        typed = "".join(f"{number:03} " for number in range(60)).strip()
        screen.type(typed)
        screen.wait_for("059$")
        host.text("a message")
        screen.wait_for("^< a message$")
        screen.press("Enter")
        expect_equal(host.frame().payload.decode(), typed, "what is sent")


@test
def who_pastes_more_than_the_server_takes_waits_and_control_c_still_leaves():
    with Host() as host, Screen(80, 10) as screen, tempfile.NamedTemporaryFile() as file:
        file.write(os.urandom(8 << 20))  # nothing that compression could make small
        file.flush()
        screen.connect(host, "--wait", "200ms")
        screen.enter(f"/file {file.name}")
        screen.wait_for("^sent 8388608 bytes$")
        screen.type("not taken yet")
        host.text("heard all the same")
        screen.wait_for("^< heard all the same$")
        expect("not taken yet" not in screen.text(), "what is typed is taken")
        expect_equal(len(host.frame().payload), 8 << 20, "what is sent")
        screen.wait_for("^> not taken yet$")
        screen.press("C-c")
        host.answer_close()
        screen.expect_over(0)


@test
def a_key_that_begins_a_sequence_holds_nothing_up():
    with Host() as host, Screen() as screen:
        screen.connect(host)
        screen.type("word")
        screen.press("Escape")
        host.text("came")
        screen.wait_for(r"^< came\n> word$")
        host.send(frame(PING, b"are you there", key=None))
        expect_equal(host.frame().opcode, PONG, "the answer to a ping")


@test
def a_message_cannot_touch_the_screen():
    with Host() as host, Screen() as screen:
        screen.connect(host)
        screen.type("typing")
        host.text("\x1b[2J\x1b[31mred\u009b1m \u202e\r> forged\n> forged too\n\tindented")
        host.send(frame(BINARY, b"\x00\x1b\xff", key=None))
        screen.wait_for(r"bytes\) 001bff\n> typing$")
        expect(screen.text().endswith("< \\x1b[2J\\x1b[31mred\\u009b1m \\u202e\\r> forged\n  > forged too\n"
                                      "        indented\n< (3 bytes) 001bff\n> typing"), screen.text())


@test
def raw_bytes_without_a_line_end_are_not_rubbed_out_with_the_line_being_typed():
    with Host() as host, Screen() as screen:
        screen.connect(host, "--raw")
        screen.type("typing")
        for payload in (b"no end", b"an end\n", b""):
            host.send(frame(BINARY, payload, key=None))
        host.text("a text")
        screen.wait_for(r"to leave\nno end\nan end\n< a text\n> typing$")


@test
def commands_do_what_they_say():
    with Host() as host, Screen(80, 40) as screen, tempfile.NamedTemporaryFile() as file:
        file.write(b"\x00content\n")
        file.flush()
        screen.connect(host)
        screen.enter("/ping are you there")
        got = host.frame()
        expect_equal((got.opcode, got.payload), (PING, b"are you there"), "the ping")
        host.send(frame(PONG, got.payload, key=None))
        screen.wait_for(r"^< pong are you there \(\d+\.\d ms\)$")
        host.send(frame(PONG, b"that nobody asked for", key=None))
        screen.enter("/binary 00 ff")
        got = host.frame()
        expect_equal((got.opcode, got.payload), (BINARY, b"\x00\xff"), "the bytes")
        screen.enter(f"/file {file.name}")
        got = host.frame()
        expect_equal((got.opcode, got.payload), (BINARY, b"\x00content\n"), "the file")
        screen.wait_for("^sent 9 bytes$")
        screen.enter("//x")
        got = host.frame()
        expect_equal((got.opcode, got.payload), (TEXT, b"/x"), "the line with two slashes")
        for line, answer in (("/file /nonexistent/file", "cannot read /nonexistent/file: No such file"),
                             ("/file /", "cannot send /: it is no regular file"), ("/nope", "there is no command /nope"),
                             ("/binary 0", "/binary wants hexadecimal"), ("/close 1006", "'1006' is no close code"),
                             ("/help", r"/close \[code\] \[reason\]")):
            screen.enter(line)
            screen.wait_for("^" + answer)
        expect("nobody asked for" not in screen.text(), "a pong that nobody asked for is shown")
        screen.enter("/close 4001 time for bed")
        expect_equal(host.answer_close().payload, struct.pack("!H", 4001) + b"time for bed", "the Close frame")
        screen.expect_over(0)


@test
def it_is_left_in_order_by_quit_and_by_control_c_with_a_line_half_typed():
    for keys in (("/quit", "Enter"), ("half a line", "C-c"), ("", "C-d")):
        with Host() as host, Screen() as screen:
            screen.connect(host)
            screen.type(keys[0])
            screen.press(keys[1])
            expect_equal(host.answer_close().close_code, 1000, "the close code")
            screen.expect_over(0)
            if keys[1] == "C-c":
                expect("half a line" not in screen.text(), "what was half typed is rubbed out")


@test
def the_servers_end_is_said_and_gives_the_terminal_back():
    for payload, status, words in ((struct.pack("!H", 1000), 0, r"^closed with 1000 \(normal closure\)$"),
                                   (struct.pack("!H", 1001) + b"restart", 1,
                                    r"^the server closed the connection with 1001 \(.*\): restart$"),
                                   (None, 1, "^the connection was lost")):
        with Host() as host, Screen(80) as screen:
            screen.connect(host)
            screen.type("typing")
            screen.wait_for("^> typing")
            host.hang_up() if payload is None else host.close(payload)
            screen.wait_for(words)
            screen.expect_over(status)


@test
def a_signal_gives_the_terminal_back():
    with Host() as host, Screen() as screen:
        screen.connect(host)
        child = wait_until(lambda: _child_of(screen), "the process")
        os.kill(child, signal.SIGTERM)
        expect_equal(host.answer_close().close_code, 1000, "the close code")
        screen.expect_over(128 + signal.SIGTERM)


def _child_of(screen):
    shell = screen.tmux("display-message", "-p", "#{pane_pid}").strip()
    with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
        children = file.read().split()
    return int(children[0]) if children else None


@test
def it_can_be_suspended_and_goes_on():
    with Host() as host, Screen() as screen:
        screen.enter("set -m")
        screen.connect(host, end="")
        screen.type("half")
        screen.wait_for("^> half$")  # a terminal forgets what nobody has read when it suspends
        screen.press("C-z")
        screen.wait_for(r"(?i)stopped")
        expect_equal(screen.terminal(), screen.before, "how the terminal is set meanwhile")
        host.text("meanwhile")
        screen.enter("fg")
        screen.wait_for(r"^< meanwhile\n> half$")
        screen.enter(" a line")
        expect_equal(host.frame().payload, b"half a line", "what is sent")


@test
def the_line_is_drawn_anew_in_a_window_of_another_size():
    with Host() as host, Screen(40, 12) as screen:
        screen.connect(host)
        screen.type("some words that shall fill a row and more")
        for columns, rows in ((15, ["> some words th", "at shall fill a", " row and more"]),
                              (60, ["> some words that shall fill a row and more"])):
            screen.tmux("resize-window", "-x", str(columns))
            screen.wait_until_drawn(rows)
            host.text("still")
            screen.wait_until_drawn(["< still", *rows])


@test
def colours_are_left_away_where_they_are_not_wanted():
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)):
        with Host() as host, Screen(environment=environment) as screen:
            screen.connect(host)
            host.text("came")
            screen.type("typing")
            screen.wait_for(r"^< came\n> typing")
            shown = screen.text("-e").rpartition("connected")[2]
            expect_equal("\x1b[" in shown, coloured, f"colour with {environment} in {shown!r}")
            # The sign alone has a colour.
            expect(re.search(r"> ?(\x1b\[\S*m)* ?typing$", shown), repr(shown))


@test
def without_a_cursor_that_moves_lines_are_read_as_in_a_pipe():
    with Host() as host, Screen(environment={}) as screen:
        screen.enter("TERM=dumb " + connect_command(host) + "; echo status $?")
        host.accept()
        screen.enter("/ping is a line")
        expect_equal(host.frame().payload, b"/ping is a line", "what is sent")
        host.text("two\nlines \x1b[2J")
        screen.wait_for(r"^two\nlines \\x1b\[2J$")
        screen.press("C-d")
        host.answer_close()
        screen.expect_over(0)


@test
def reconnect_keeps_the_prompt_and_says_what_was_not_sent():
    with Host() as host, Screen(100, 30) as screen:
        screen.connect(host, "--reconnect", "--wait", "100ms")
        screen.type("kept")
        screen.wait_for("^> kept")
        host.hang_up()
        screen.wait_for(r"^the connection was lost.*; trying again in .*\(1\)\n(connected.*\n)?> kept$")
        host.take_request()
        screen.enter(" typing")
        screen.wait_for("^not connected: nothing was sent$")
        host.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
        screen.wait_for(r"^the server answered with status 503: busy; trying again in .*\(2\)$")
        host.accept()
        host.text("here again")
        screen.wait_for("^< here again$")
        screen.press("Up")
        screen.press("Enter")
        expect_equal(host.frame().payload, b"kept typing", "what is sent")
        host.hang_up()
        screen.wait_for(r"; trying again in .*\(3\)$")
        screen.press("C-c")
        screen.wait_for("^closed$")  # the end of the last connection was said already
        screen.expect_over(0)


@test
def count_and_timeout_end_the_prompt_too():
    with Host() as host, Screen() as screen:
        screen.connect(host, "--count", "2")
        for each in ("one", "two", "three"):
            host.text(each)
        while host.frame().opcode != CLOSE:
            pass
        host.hang_up()
        screen.expect_over(0)
        expect("three" not in screen.text(), "one message too many is shown")
    with Host() as host, Screen() as screen:
        screen.connect(host, "--timeout", "1s")
        screen.wait_for(r"the time is over, after 1s \(--timeout\)$")
        screen.expect_over(1)


if __name__ == "__main__":
    main()
