"""What TLS promises from outside: versions and ciphers as `openssl s_client` sees them, who may come in, a certificate that is
renewed under load, deadlines, and what it costs.
"""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from harness import DEADLINE, expect, expect_equal, main, note, test, wait_until
from server import Server, TlsServer, release_program, run
from wire import BINARY, CLOSE, Peer, believing_context, certificate, client_context, close_frame, frame, \
    make_certificate, request


def s_client(server, *flags, feed="Q\n"):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", server.pair[0], *flags],
                          input=feed, capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode, done.stdout + done.stderr


def secure_peer(port, context=None):
    return Peer(port, secure=True, context=context)


# ---- The start

@test
def it_is_announced_as_https_and_the_plain_default_stays_closed():
    with TlsServer() as server:
        expect_equal(server.lines, [f"listening on https://127.0.0.1:{server.port} (WebSocket wss://127.0.0.1:{server.port}/ws)"],
                     "what it announces")
    with Server("--tls-listen", "127.0.0.1:0", "--tls-cert", certificate()[0], "--tls-key", certificate()[1]) as server:
        expect_equal([line.split("//")[0] for line in server.lines], ["listening on http:", "listening on https:"])


@test
def what_is_wrong_with_the_files_is_said_in_one_line():
    cert, key = certificate()
    with tempfile.TemporaryDirectory() as folder:
        other = make_certificate(folder, "other")
        cases = [
            (2, ["--tls-listen", ":0"], "--tls-listen"),
            (2, ["--tls-listen", ":0", "--tls-cert", cert], "--tls-key"),
            (2, ["--tls-cert", cert, "--tls-key", key], "--tls-listen"),
            (2, ["--tls-client-ca", cert], "--tls-listen"),
            (2, ["--tls-listen", ":0", "--tls-cert", cert, "--tls-key", key, "--tls-min", "1.1"], "'1.1' is not 1.2 or 1.3"),
            (1, ["--tls-listen", ":0", "--tls-cert", "absent.pem", "--tls-key", key], "'absent.pem'"),
            (1, ["--tls-listen", ":0", "--tls-cert", cert, "--tls-key", other[1]], "does not belong to"),
            (1, ["--tls-listen", ":0", "--tls-cert", key, "--tls-key", key], "is no PEM file of certificates"),
        ]
        for status, flags, words in cases:
            done = run("serve", *flags)
            expect_equal((done.returncode, done.stdout), (status, ""), f"status and output of {flags}")
            expect(words in done.stderr and done.stderr.count("\n") == 1, f"{flags}: it says {done.stderr!r}")


@test
def a_key_that_others_can_read_is_warned_about():
    with tempfile.TemporaryDirectory() as folder:
        pair = make_certificate(folder, "open")
        os.chmod(pair[1], 0o644)
        with TlsServer(pair=pair) as server:
            server.wait_for_log(r"warn.*others than its owner can read the key '.*open\.key'; chmod 600")
        os.chmod(pair[1], 0o600)
        with TlsServer(pair=pair) as server:
            expect("others" not in server.log(), f"it warns: {server.log()}")


# ---- What is spoken

@test
def versions_are_1_2_and_1_3_or_as_the_flag_says():
    for flags, spoken in (((), {"1_2", "1_3"}), (("--tls-min", "1.3"), {"1_3"})):
        with TlsServer(*flags) as server:
            for version in ("1", "1_1", "1_2", "1_3"):
                status, said = s_client(server, f"-tls{version}", "-cipher", "DEFAULT@SECLEVEL=0")
                expect_equal(status == 0, version in spoken, f"whether TLS {version} is spoken with {flags}: {said[-300:]}")


@test
def old_ciphers_and_key_exchanges_find_nothing():
    with TlsServer() as server:
        for cipher in ("AES128-GCM-SHA256", "AES256-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256",
                       "NULL-SHA256", "PSK", "aNULL"):
            status, said = s_client(server, "-tls1_2", "-cipher", cipher + "@SECLEVEL=0")
            expect(status != 0, f"{cipher} is accepted: {said[-300:]}")
        status, said = s_client(server, "-tls1_2")
        expect(status == 0 and "ECDHE-ECDSA-AES128-GCM-SHA256" in said, f"the cipher of TLS 1.2: {said[-600:]}")
        expect("Compression: NONE" in said, "TLS compresses")
        status, said = s_client(server, "-tls1_2", feed="R\n")
        expect("RENEGOTIATING" in said and "no renegotiation" in said, f"it renegotiates: {said[-400:]}")


@test
def alpn_is_http_1_1_or_an_alert():
    with TlsServer() as server:
        for offer, answer in (("http/1.1", "ALPN protocol: http/1.1"), ("h2,http/1.1", "ALPN protocol: http/1.1"),
                              ("h2", "no application protocol")):
            expect(answer in s_client(server, "-alpn", offer)[1], f"{offer} is not answered with {answer!r}")


@test
def who_comes_again_with_a_ticket_needs_no_whole_handshake():
    with tempfile.TemporaryDirectory() as folder, TlsServer() as server:
        ticket = os.path.join(folder, "ticket")
        for version in ("-tls1_2", "-tls1_3"):
            # The request's answer brings the ticket along.
            feed = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            flags = (version, "-ign_eof")
            _, first = s_client(server, *flags, "-sess_out", ticket, feed=feed)
            expect("New, TLS" in first, f"the first is not new: {first[-500:]}")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_log("was read anew")
            _, second = s_client(server, *flags, "-sess_in", ticket, feed=feed)
            expect("Reused, TLS" in second, f"the second is not reused, behind a renewal too: {second[-500:]}")


# ---- Who may come in

@test
def with_a_client_authority_only_its_clients_come_in():
    with tempfile.TemporaryDirectory() as folder:
        known, stranger = make_certificate(folder, "known"), make_certificate(folder, "stranger")
        with TlsServer("--tls-client-ca", known[0]) as server:
            def status(pair):
                context = ssl.create_default_context(cafile=server.pair[0])
                if pair:
                    context.load_cert_chain(*pair)
                try:
                    with secure_peer(server.port, context) as peer:
                        return peer.send(request("/echo")).head()[0]
                except (OSError, AssertionError) as error:
                    return type(error).__name__
            # The probe of the start is nobody's client.
            expect_equal(status(known), 101, "a known client")
            for pair in (None, stranger):
                expect(status(pair) != 101, f"{pair} came in")


def renewing(server, folder):
    """Puts another pair in the place of the server's and tells it; returns the new certificate."""
    pair = make_certificate(folder, f"new{time.monotonic_ns()}")
    for new, old in zip(pair, server.pair):
        os.replace(new, old)
    server.process.send_signal(signal.SIGHUP)
    with open(server.pair[0], "rb") as file:
        return ssl.PEM_cert_to_DER_cert(file.read().decode())


def shown_certificate(port):
    with secure_peer(port, believing_context()) as peer:
        return peer.socket.getpeercert(binary_form=True)


@test
def a_certificate_is_renewed_under_load_and_no_connection_notices():
    with tempfile.TemporaryDirectory() as folder:
        pair = make_certificate(folder, "first")
        with TlsServer(pair=pair) as server:
            context = believing_context()
            peers = [secure_peer(server.port, context).upgrade("/echo") for _ in range(20)]
            stop, failures, echoes = threading.Event(), [], [0]

            def talk():
                try:
                    while not stop.is_set():
                        for peer in peers:
                            peer.echo()
                            echoes[0] += 1
                except Exception as error:  # whatever it was, the main thread says it
                    failures.append(error)

            def come_and_go():
                try:
                    while not stop.is_set():
                        with secure_peer(server.port, context) as peer:
                            peer.upgrade("/echo").echo()
                except Exception as error:
                    failures.append(error)

            threads = [threading.Thread(target=each) for each in (talk, come_and_go)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(10):
                    wanted = renewing(server, folder)
                    wait_until(lambda: shown_certificate(server.port) == wanted, "the new certificate is shown")
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            expect(not failures, lambda: f"a connection failed: {failures[0]!r}")
            note(f"{echoes[0]} echoes while the certificate was renewed ten times")


@test
def a_bad_pair_is_refused_with_one_line_and_the_old_one_stays():
    with tempfile.TemporaryDirectory() as folder:
        pair = make_certificate(folder, "first")
        with TlsServer(pair=pair) as server:
            before = shown_certificate(server.port)
            for spoil in ((0, b"no PEM"), (1, b""), (1, None)):
                kept = f"{pair[spoil[0]]}.kept"
                shutil.copy(pair[spoil[0]], kept)
                if spoil[1] is None:
                    os.remove(pair[spoil[0]])
                else:
                    with open(pair[spoil[0]], "wb") as file:
                        file.write(spoil[1])
                lines = server.log().count("the old certificate stays")
                server.process.send_signal(signal.SIGHUP)
                wait_until(lambda: server.log().count("the old certificate stays") == lines + 1, "one line about it")
                expect_equal(shown_certificate(server.port), before, "the certificate")
                os.replace(kept, pair[spoil[0]])


# ---- Our own client

def connect(url, *flags):
    done = run("connect", url, "-x", "hello", *flags)
    return done.returncode, done.stdout, done.stderr


@test
def our_client_believes_who_it_should_and_says_why_not():
    with tempfile.TemporaryDirectory() as folder, TlsServer() as server, Server() as plain:
        url, other = f"wss://localhost:{server.port}/echo", make_certificate(folder, "other")
        trust = ("--ca", server.pair[0])
        for flags in (trust, (*trust, "--compress", "shared"), (*trust, "--compress", "dedicated")):
            expect_equal(connect(url, *flags), (0, "hello\n", ""), f"status and output with {flags}")
        status, said, errors = connect(url, "--insecure")
        expect_equal((status, said), (0, "hello\n"))
        expect("--insecure" in errors, f"it does not say that it believes anybody: {errors!r}")
        cases = [
            ((url,), "the server's certificate is not good: self-signed certificate"),
            ((url, "--ca", other[0]), "the server's certificate is not good"),
            ((url, "--ca", "absent.pem"), "cannot read the file of certificate authorities 'absent.pem'"),
            ((f"wss://localhost:{plain.port}/echo", *trust), "the peer does not speak it"),
        ]
        for arguments, words in cases:
            status, said, errors = connect(*arguments)
            expect_equal((status, said), (1, ""), f"status and output of {arguments}")
            expect(words in errors and errors.count("\n") == 1, f"{arguments}: it says {errors!r}")


@test
def our_client_shows_its_certificate_where_one_is_asked_for():
    with tempfile.TemporaryDirectory() as folder:
        known = make_certificate(folder, "known")
        with TlsServer("--tls-client-ca", known[0]) as server:
            url, trust = f"wss://localhost:{server.port}/echo", ("--ca", server.pair[0])
            expect_equal(connect(url, *trust, "--cert", known[0], "--key", known[1]), (0, "hello\n", ""))
            status, said, _ = connect(url, *trust)
            expect_equal((status, said), (1, ""), "status and output without a certificate")


# ---- Peers that do not behave

@test
def a_handshake_that_does_not_come_about_ends_at_its_deadline():
    with TlsServer("--handshake-timeout", "300ms", "--log-level", "debug") as server:
        hello = client_hello()
        for part in (b"", hello[:1], hello[:100], hello):
            with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as caller:
                caller.sendall(part)
                started = time.monotonic()
                while caller.recv(4096):
                    pass
                seconds = time.monotonic() - started
                expect(0.2 < seconds < 5, f"{len(part)} bytes of a handshake were waited for {seconds:.1f} s")
        with secure_peer(server.port) as peer:  # TLS is done, and then nothing
            expect_equal(peer.rest(), b"", "what a silent client is told")


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


@test
def a_crowd_in_mid_handshake_does_not_stop_the_others():
    with TlsServer() as server:
        neighbour = secure_peer(server.port).upgrade("/echo")
        hello, crowd = client_hello(), []
        for _ in range(300):
            caller = socket.create_connection(("127.0.0.1", server.port), DEADLINE)
            caller.sendall(hello)
            crowd.append(caller)
        for _ in range(50):
            neighbour.echo()
        for caller in crowd:
            caller.close()
        neighbour.echo()
        wait_until(lambda: server.descriptors() < 40, "the crowd is gone")


@test
def plain_http_at_the_door_of_tls_is_turned_away_and_harms_nobody():
    with TlsServer() as server:
        with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                while caller.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        with secure_peer(server.port) as peer:
            peer.upgrade("/echo").echo()


@test
def a_connection_that_ends_without_close_notify_is_lost_and_one_with_it_is_not():
    with TlsServer() as server:
        for clean in (False, True):
            peer = secure_peer(server.port).upgrade("/ws?period=1h")
            name = peer.name()
            if clean:
                peer.send(close_frame(1000))
                expect_equal(peer.frame().opcode, CLOSE)
                expect_equal(peer.rest(), b"", "what follows the Close frame")
                peer.socket.unwrap()
                server.wait_for_log(rf"{name} closed, 1000")
            else:
                os.close(os.dup(peer.socket.fileno()))
                peer.socket.shutdown(socket.SHUT_RDWR)
                server.wait_for_log(rf"{name} lost, 1006")
            peer.close()


@test
def records_of_one_byte_and_a_frame_in_many_of_them_are_understood():
    with TlsServer() as server, secure_peer(server.port) as peer:
        peer.upgrade("/echo")
        for byte in frame(BINARY, b"x" * 300):
            peer.socket.send(bytes([byte]))
        expect_equal(peer.frame().payload, b"x" * 300)
        peer.echo(os.urandom(5_000_000))


# ---- What it costs

@test
def an_echo_is_one_wait_one_receive_and_one_send():
    with tempfile.TemporaryDirectory() as folder:
        counts = []
        for echoes in (100, 300):
            trace = os.path.join(folder, f"trace{echoes}")
            wrapper = ("strace", "-D", "-f", "-q", "-o", trace)
            with TlsServer(program=release_program(), log_level="error", wrapper=wrapper) as server:
                with secure_peer(server.port) as peer:
                    peer.upgrade("/echo")
                    for _ in range(echoes):
                        peer.echo(b"x" * 20)
            text = wait_until(lambda: read_if_complete(trace), "the trace is written to its end")
            counts.append({name: len(re.findall(rf"^\d+ +{name}\(", text, re.M)) for name in ("epoll_wait", "recvfrom", "sendto")})
        more = {name: counts[1][name] - counts[0][name] for name in counts[0]}
        note(f"200 echoes over TLS: {more}")
        expect(all(abs(number - 200) <= 2 for number in more.values()), f"200 echoes over TLS are {more}")


def read_if_complete(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    return text if "+++ exited with" in text else None


main()
