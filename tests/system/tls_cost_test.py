"""What TLS costs beside the same without it, in one run, so that how fast or how busy the machine is cancels out.

They are of the release build (WS101_RELEASE, or build/release/ws101): what sanitizers cost is beside the point.
"""

import json
import os
import re

from cost import idle_bytes
from harness import expect, main, note, test
from server import Server, TlsServer, release_program, run
from wire import Peer, certificate

MOST = 1.67
ROUNDS, MOST_ROUNDS = 5, 25


def on_core(number):
    """As `prepare`: server and generator do not push each other about, where there are two cores for them."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[number % len(cores)]})


def cpu_each(url, server):
    """Microseconds of the server's processor time for an echo of 1 KiB on 100 connections."""
    believing = ("--ca", certificate()[0]) if url.startswith("wss:") else ()
    done = run("bench", url, "--json", "--size", "1KiB", "--seconds", "500ms", "--warmup", "200ms", *believing,
               "--pid", str(server.pid), program=release_program(), preexec_fn=on_core(1))
    return json.loads(done.stdout)["server"]["cpu_us_each"]


@test
def an_echo_of_1_kib_over_tls_1_3_costs_at_most_1_67_times_the_plain_one():
    cert, key = certificate()
    flags = ("--tls-listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key, "--tls-min", "1.3")
    without, with_tls = [], []
    with Server(*flags, program=release_program(), log_level="error", prepare=on_core(0)) as server:
        urls = [f"{'wss' if scheme == 'https' else 'ws'}://127.0.0.1:{port}/echo"
                for scheme, port in re.findall(r"listening on (https?)://127\.0\.0\.1:(\d+) ", "\n".join(server.lines))]
        plain, secure = sorted(urls)
        # Who else is on the machine only ever adds, so the lowest of each is what it costs.
        while len(without) < MOST_ROUNDS and (len(without) < ROUNDS or min(with_tls) > MOST * min(without)):
            without.append(cpu_each(plain, server))
            with_tls.append(cpu_each(secure, server))
    ratio = min(with_tls) / min(without)
    note(f"an echo of 1 KiB over TLS 1.3 costs {ratio:.2f} times the plain one; {len(without)} rounds")
    expect(ratio <= MOST, f"it costs {ratio:.2f} times the plain one: {sorted(with_tls)} us, and {sorted(without)}")


@test
def an_idle_connection_costs_at_most_18_kilobytes_also_when_it_has_echoed():
    for name, meanwhile in (("idle", lambda peers: None), ("that has echoed", lambda peers: [Peer.echo(peer) for peer in peers])):
        with TlsServer(program=release_program(), log_level="error") as server:
            each = idle_bytes(server, 2_000, meanwhile)
        note(f"a connection {name}, over TLS: {each:.0f} bytes of the server's memory")
        expect(each <= 18_000, f"a connection {name} costs {each:.0f} bytes over TLS")


main()
