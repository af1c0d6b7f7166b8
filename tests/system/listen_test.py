"""Where `ws101 serve` listens: every form of --listen, the line that it prints for each, and what it says when not."""

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import tempfile

from harness import DEADLINE, expect, expect_equal, main, test, test_where, wait_until
from server import PROGRAM, Server, run
from wire import SCHEME, TLS, Peer, listen_flags

INTERFACES = "/proc/net/if_inet6"
HAS_IPV6 = os.path.exists(INTERFACES) and "0" * 31 + "1" in open(INTERFACES, encoding="ascii").read()
LINE = "listening on " + ("https" if TLS else "http") + r"://{host}:(\d+) \(WebSocket " + SCHEME + r"://{host}:\1/ws\)"


def expect_serves(where):
    with Peer(where) as peer:
        peer.upgrade("/echo").echo()


def expect_lines(server, *hosts):
    """The lines name these hosts, in any order, all with one port, and each leads to the server."""
    patterns = [LINE.format(host=re.escape(host)) for host in hosts]
    for pattern in patterns:
        expect(any(re.fullmatch(pattern, line) for line in server.lines), f"no line like {pattern} in {server.lines}")
    expect_equal(len(server.lines), len(hosts), "the number of lines")
    ports = {Server.address_of(line)[1] for line in server.lines}
    expect(len(ports) == 1 and 0 not in ports, f"the ports are {ports}")
    for line in server.lines:
        expect_serves(Server.address_of(line))


def expect_one_line(done, status, *words):
    expect_equal((done.returncode, done.stdout), (status, ""), "status and standard output")
    expect(done.stderr.endswith("\n") and done.stderr.count("\n") == 1, f"not one line: {done.stderr!r}")
    for word in words:
        expect(word in done.stderr, f"{word!r} is not in {done.stderr!r}")


@test
def port_0_is_a_free_port_and_the_line_names_it():
    with Server(listen=["127.0.0.1:0"]) as server:
        expect_lines(server, "127.0.0.1")
        expect(server.port > 1023, f"the port is {server.port}")


@test
def an_ipv6_address_stands_in_brackets():
    if HAS_IPV6:
        with Server(listen=["[::1]:0"]) as server:
            expect_lines(server, "[::1]")
    else:
        expect_one_line(run("serve", *listen_flags("[::1]:0")), 1, "[::1]")


@test
def localhost_is_every_address_of_the_name_with_one_port():
    wanted = {found[4][0] for found in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    if not HAS_IPV6:
        wanted.discard("::1")
    with Server(listen=["localhost:0"]) as server:
        expect_lines(server, *[f"[{host}]" if ":" in host else host for host in wanted])


@test
def a_port_alone_is_every_interface():
    with Server(listen=[":0"]) as server:
        expect_lines(server, "0.0.0.0", *(["[::]"] if HAS_IPV6 else []))
        expect_serves(("127.0.0.1", server.port))


@test
def several_addresses_are_several_lines_in_order():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        with Server(listen=["127.0.0.1:0", f"unix:{path}", "127.0.0.1:0"]) as server:
            expect_equal(len(server.lines), 3, "the number of lines")
            expect_equal(server.lines[1], f"listening on unix:{path} (WebSocket {SCHEME}+unix:{path}:/ws)")
            for line in server.lines:
                expect_serves(Server.address_of(line))


@test_where(not TLS, "TLS is spoken nowhere without a flag")
def without_a_flag_it_is_localhost_8080():
    """The one test that a busy port may spoil, and then it looks at the error instead."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([PROGRAM, "serve"], stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            line = process.stdout.readline()
            if line:
                host = r"(?:127\.0\.0\.1|\[::1\])"
                expect(re.fullmatch(LINE.format(host=host) + "\n", line) and ":8080 " in line, line)
            else:
                errors.seek(0)
                expect(b":8080: Address already in use" in errors.read(), "neither a line nor a taken port")
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@test
def an_inherited_socket_is_served_as_fd_3():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        number = listening.fileno()
        wrapper = ("/bin/sh", "-c", f'exec "$0" "$@" 3<&{number}')
        with Server(listen=["fd:3"], wrapper=wrapper, pass_fds=(number,)) as server:
            expect_lines(server, "127.0.0.1")
            expect_equal(server.port, listening.getsockname()[1], "the port")


@test
def a_descriptor_that_is_no_listening_socket_is_refused():
    for fd in (0, 1, 99):
        expect_one_line(run("serve", *listen_flags(f"fd:{fd}")), 1, f"fd:{fd}", "listening socket")


@test
def a_taken_port_is_one_clear_line_and_status_1():
    with Server() as server:
        taken = f"127.0.0.1:{server.port}"
        expect_one_line(run("serve", *listen_flags(taken)), 1, taken, "already in use", "--listen")
        expect_serves(server.port)


@test
def what_cannot_be_listened_on_is_one_clear_line_and_status_1():
    for address, word in (("192.0.2.1:0", "192.0.2.1"), ("no-such-host.invalid:0", "no-such-host.invalid"),
                          ("unix:/nonexistent/folder/socket", "/nonexistent/folder/socket")):
        expect_one_line(run("serve", *listen_flags(address)), 1, word)


@test
def a_port_is_free_again_at_once_after_a_stop():
    with Server() as first:
        with Peer(first.port) as peer:
            peer.upgrade("/ws?close_after=10ms")
            peer.frame_of(8)  # the server closes first, so the waiting state (TIME_WAIT) is with its port
    with Server(listen=[f"127.0.0.1:{first.port}"]) as second:
        expect_equal(second.port, first.port, "the port")


# ---- Unix sockets

@contextlib.contextmanager
def socket_path():
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "ws101.sock")


@test
def a_unix_socket_is_removed_at_the_end():
    for number in (signal.SIGTERM, signal.SIGINT):
        with socket_path() as path:
            with Server(listen=[f"unix:{path}"]) as server:
                expect(stat.S_ISSOCK(os.stat(path).st_mode), "there is no socket")
                expect_serves(path)
                server.stop(number)
            expect(not os.path.exists(path), "the socket file is still there")


@test
def messages_over_a_unix_socket_are_logged():
    with socket_path() as path, Server(listen=[f"unix:{path}"]) as server, Peer(path) as peer:
        peer.upgrade("/ws").echo(b"over a file", 1)
        server.wait_for_log(r"unix:\S* sent: over a file$")


@test
def a_socket_file_left_over_from_a_kill_is_replaced():
    with socket_path() as path:
        killed = Server(listen=[f"unix:{path}"])
        killed.kill()
        expect(os.path.exists(path), "a killed server cannot have removed its file")
        with Server(listen=[f"unix:{path}"]):
            expect_serves(path)


@test
def the_socket_of_a_living_server_is_not_taken_from_it():
    with socket_path() as path, Server(listen=[f"unix:{path}"]):
        expect_one_line(run("serve", *listen_flags(f"unix:{path}")), 1, path, "already in use")
        expect_serves(path)


@test
def a_file_that_is_no_socket_is_left_alone():
    with socket_path() as path:
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        expect_one_line(run("serve", *listen_flags(f"unix:{path}")), 1, path)
        with open(path, encoding="ascii") as file:
            expect_equal(file.read(), "precious", "the file")


@test
def a_failed_start_leaves_no_socket_file_behind():
    with socket_path() as path, Server() as server:
        taken = f"127.0.0.1:{server.port}"
        expect_one_line(run("serve", *listen_flags(f"unix:{path}", taken)), 1, taken)
        wait_until(lambda: not os.path.exists(path), "the socket file of the failed start is gone")


main()
