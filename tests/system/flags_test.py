"""The command line: help, wrong use, and the file of --config. Exit status 0, 1 (it failed) or 2 (used wrongly)."""

import os
import tempfile

from harness import expect, expect_equal, main, test, test_where
from server import Server, run
from wire import TLS, Peer, certificate

# Every flag that the design names; its help must list each.
FLAGS = ("--listen --period --period-message --allow-origin --log-level --log-format --trace --config --max-head "
         "--max-headers --max-body --handshake-timeout --keep-alive --max-message --max-fragments --message-timeout "
         "--high-water --max-queue --ping-interval --pong-timeout --close-timeout --drain-timeout --max-connections "
         "--max-connections-per-ip --tls-listen --tls-cert --tls-key --tls-client-ca --tls-min --compress --compress-min "
         "--compress-window --max-chat-messages-per-second --max-chat-message --max-chat-rooms").split()
DURATIONS = ("--period --handshake-timeout --keep-alive --message-timeout --ping-interval --pong-timeout "
             "--close-timeout --drain-timeout").split()
SIZES = "--max-head --max-body --max-message --high-water --max-queue --compress-min --max-chat-message".split()
OTHERS = {
    "--listen": ("8080", "localhost", "localhost:", "localhost:99999", ":-1", "::1:80", "[::1]", "[x]:80", "unix:",
                 "fd:", "fd:x", "", "localhost:80x", "unix:" + "x" * 200),
    "--allow-origin": ("example.org", "http://", "http://a b", "http://a/path", "://a", "http://a:x", ""),
    "--log-level": ("loud", "", "7"),
    "--log-format": ("xml", ""),
    "--compress": ("on", "", "Shared"),
    "--compress-window": ("8", "16", "x", "", "-9"),
    "--tls-min": ("1.1", "13", ""),
}
COUNTS = "--max-headers --max-fragments --max-connections --max-connections-per-ip".split()


# Most of these never come to a connection.
command_line = test_where(not TLS, "how flags are read does not depend on the wire")


def expect_wrong_use(arguments, word, **options):
    done = run(*arguments, **options)
    expect_equal((done.returncode, done.stdout), (2, ""), f"status and output of {arguments}, saying {done.stderr!r},")
    expect(done.stderr.find("\n") == len(done.stderr) - 1, f"{arguments}: not one line but {done.stderr!r}")
    expect(word in done.stderr, f"{arguments}: {word!r} is not in {done.stderr!r}")


@command_line
def help_lists_everything_and_is_status_0():
    for arguments in (["--help"], ["-h"], ["help"]):
        done = run(*arguments)
        expect_equal((done.returncode, done.stderr), (0, ""), f"status and standard error of {arguments}")
        expect("serve" in done.stdout, f"{arguments} does not list serve")
    for flag in ("--help", "-h"):
        done = run("serve", flag)
        expect_equal((done.returncode, done.stderr), (0, ""), f"status and standard error of serve {flag}")
        for name in FLAGS:
            expect(f"{name} " in done.stdout, f"the help does not list {name}")
        for default in ("localhost:8080", "5s", "16KiB", "1MiB", "16MiB", "64KiB", "131072", "25s", "10s", "1m"):
            expect(default in done.stdout, f"the help does not name the default {default}")


@command_line
def no_command_is_the_usage_and_status_2():
    done = run()
    expect_equal((done.returncode, done.stdout), (2, ""), "status and standard output")
    expect("Usage: ws101 COMMAND" in done.stderr and "serve" in done.stderr, f"it says {done.stderr!r}")


@command_line
def an_unknown_command_is_named():
    for command in ("sevre", "--listen", "", "-x", "Serve"):
        if command:
            expect_wrong_use([command], f"'{command}'")
    expect_equal(run("").returncode, 2, "the status of an empty command")


@command_line
def an_unknown_flag_is_named():
    for flag in ("--lisen", "--port", "-p", "--period-messages", "stray", "--max-message-size=5"):
        expect_wrong_use(["serve", flag], flag.partition("=")[0])


@command_line
def a_flag_without_its_value_or_given_twice_is_named():
    for flag in FLAGS:
        if flag != "--trace":
            expect_wrong_use(["serve", flag], flag)
    for flag in (*DURATIONS, *SIZES, *COUNTS, "--period-message", "--log-level", "--log-format"):
        value = {"--log-level": "info", "--log-format": "text"}.get(flag, "1s" if flag in DURATIONS else "300")
        expect_wrong_use(["serve", flag, value, flag, value], flag)


@command_line
def a_bad_value_is_named_with_its_flag():
    for flag in DURATIONS:
        for value in ("5", "soon", "1.5s", "5 s", "99999999999h", ""):
            expect_wrong_use(["serve", flag, value], flag)
        expect_wrong_use(["serve", f"{flag}=-1s"], flag)
    for flag in SIZES:
        for value in ("big", "5KB", "1.5MiB", "999GiB", "5 KiB", ""):
            expect_wrong_use(["serve", flag, value], flag)
        expect_wrong_use(["serve", f"{flag}=-1"], flag)
    for flag in COUNTS:
        for value in ("many", "1.5", "1KiB", "99999999999999999999", ""):
            expect_wrong_use(["serve", flag, value], flag)
        expect_wrong_use(["serve", f"{flag}=-1"], flag)
    for flag, values in OTHERS.items():
        for value in values:
            expect_wrong_use(["serve", f"{flag}={value}"], flag)


@command_line
def zero_is_refused_where_it_would_serve_nothing():
    for flag in ("--period", "--max-head", "--max-headers", "--max-message", "--max-fragments"):
        for value in ("0", "off"):
            expect_wrong_use(["serve", flag, value], flag)


@test
def every_timer_may_be_off():
    timers = [flag for flag in DURATIONS if flag != "--period"]
    for off in ("0", "off"):
        with Server(*[word for flag in timers for word in (flag, off)]) as server, Peer(server.port) as peer:
            peer.upgrade("/ws").echo(b"alive", 1)
            peer.close()


def config(folder, text):
    path = os.path.join(folder, "ws101.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@test
def a_config_file_sets_what_flags_set():
    listen = 'listen = ["127.0.0.1:0", "127.0.0.1:0"]'
    if TLS:
        listen = 'tls-{}\ntls-cert = "{}"\ntls-key = "{}"'.format(listen, *certificate())
    text = f"""
# a comment
{listen}
period = "50ms"
period-message = "from a file"
max-message = "1KiB"
max-connections-per-ip = 3
trace = true
"""
    with tempfile.TemporaryDirectory() as folder:
        with Server("--config", config(folder, text), listen=()) as server:
            expect_equal(len(server.lines), 2, "the number of listeners")
            with Peer(server.port) as peer:
                expect_equal(peer.upgrade("/ws").frame_of(1).payload, b"from a file", "the periodic message")
                peer.echo(b"x" * 1024)
            expect(" > " in server.log(), f"the trace is not on: {server.log()!r}")


@test
def a_flag_wins_over_the_config_file():
    with tempfile.TemporaryDirectory() as folder:
        path = config(folder, 'period = "1h"\nperiod-message = "from the file"\n')
        with Server("--config", path, "--period", "50ms") as server, Peer(server.port) as peer:
            expect_equal(peer.upgrade("/ws").frame_of(1).payload, b"from the file", "the periodic message")


@command_line
def a_bad_config_file_is_one_line_and_status_2():
    with tempfile.TemporaryDirectory() as folder:
        expect_wrong_use(["serve", "--config", f"{folder}/missing.conf"], "missing.conf")
        for text, word in (("perod = 1s\n", "perod"), ('period = "soon"\n', "period"),
                           ("[section]\nperiod = 1s\n", "section"), ('listen = "nowhere"\n', "listen"),
                           ('max-message = "0"\n', "max-message"), ("log-level = loud\n", "log-level")):
            expect_wrong_use(["serve", "--config", config(folder, text)], word)


main()
