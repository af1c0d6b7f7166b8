#!/usr/bin/env python3
"""What one message and one connection cost, against bench/expected.json: only figures that do not depend on how fast
the machine is, so that a change that made them worse is seen in any build: counts, and one ratio of two times.

    bench/check.py             prints a line for each figure; status 1 if one got worse by more than 2 %, or is past LIMITS
    bench/check.py --update    takes what it finds as what is expected from now on
"""

import functools
import json
import os
import platform
import re
import ssl
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "system"))

import cost  # noqa: E402  (it lies among the system tests, which hold some of the same figures)
from server import Server, TlsServer, release_program, run  # noqa: E402
from wire import BINARY, TEXT, Peer, certificate  # noqa: E402

EXPECTED = os.path.join(HERE, "expected.json")
WORSE = 0.02
# What is a promise and not a matter of what it was before.
SHARED = "bytes, what shared compression adds to a connection"
PINGED = "bytes, connection that was pinged"
GROWTH = "growth of an echo from 10 to 1,000 connections"
TLS_TIME = "processor time of an echo of 1 KiB over TLS 1.3, for that of a plain one"
LIMITS = {SHARED: 16, PINGED: 330, GROWTH: 1.05, TLS_TIME: 1.67}
TLS_ROUNDS, MOST_TLS_ROUNDS = 15, 30
MESSAGES = (("20 B", BINARY, b"x" * 20), ("20 B of text", TEXT, b"twenty bytes of text"), ("1 KiB", BINARY, b"x" * 1024),
            ("16 KiB", BINARY, b"x" * 16384))
TLS_MESSAGES = (("1 KiB over TLS", BINARY, b"x" * 1024),)


def message_costs():
    figures = {}
    for serve, messages in ((Server, MESSAGES), (TlsServer, TLS_MESSAGES)):
        for name, opcode, payload in messages:
            few, many = (2_000, 12_000) if len(payload) < 1024 else (500, 2_500)
            instructions, allocations = cost.costs_each(opcode, payload, few=few, many=many, serve=serve)
            figures[f"instructions, echo of {name}"] = instructions
            figures[f"allocations, echo of {name}"] = allocations
            figures[f"system calls, echo of {name}"] = calls_each(opcode, payload, 1, serve)
    figures["instructions, handshake and close"], figures["allocations, handshake and close"] = cost.handshake_costs()
    figures["system calls, 16 echoes of 20 B at once"] = calls_each(BINARY, b"x" * 20, 16)
    figures["system calls, 16 echoes of 20 B at once over TLS"] = calls_each(BINARY, b"x" * 20, 16, TlsServer)
    return figures


def calls_each(opcode, payload, depth, serve=Server):
    """System calls for `depth` messages that are sent at once."""
    count = 200
    calls = cost.calls_for("/echo", lambda peer: cost.echo_many(peer, payload, depth * 100, opcode, depth),
                           lambda peer: cost.echo_many(peer, payload, depth * (100 + count), opcode, depth), serve)
    return sum(calls.values()) / count


def growth():
    """Instructions on 1,000 connections beside those on 10, each with a message in flight."""
    payload = b"x" * 20
    few, none = cost.costs_each(BINARY, payload, few=2_000, many=12_000, connections=10)
    many, some = cost.costs_each(BINARY, payload, few=2_000, many=12_000, connections=1_000)
    return {GROWTH: many / few, "allocations, echo of 20 B on 1,000 connections": max(none, some)}


def tls_time():
    """The median of rounds of which each takes both, one behind the other. Who else computes meanwhile takes cache and
    core from one more than from the other, so rounds in which somebody did do not count, unless nearly all are such."""
    cert, key = certificate()
    flags = ("--tls-listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key, "--tls-min", "1.3")
    rounds, alone = [], []
    with Server(*flags, program=release_program(), log_level="error", prepare=on_core(0)) as server:
        ports = dict(re.findall(r"listening on (https?)://127\.0\.0\.1:(\d+) ", "\n".join(server.lines)))
        plain, secure = f"ws://127.0.0.1:{ports['http']}/echo", f"wss://127.0.0.1:{ports['https']}/echo"
        while len(alone) < TLS_ROUNDS and len(rounds) < MOST_TLS_ROUNDS:
            others = others_seconds(server)
            rounds.append(time_each(secure, server, "--ca", cert) / time_each(plain, server))
            if others_seconds(server) - others < 0.05:
                alone.append(rounds[-1])
    counted = alone if len(alone) >= 5 else rounds
    print(f"TLS beside plain: the median of {len(counted)} rounds, {len(alone)} of {len(rounds)} with nobody else", flush=True)
    return {TLS_TIME: statistics.median(counted)}


def others_seconds(server):
    """What all cores have computed and others have taken from them, but for the server and what we have run."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = (int(word) for word in file.readline().split()[1:9])
    ours = sum(os.times()[:4]) + server.cpu_seconds()
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK") - ours


def time_each(url, server, *flags):
    """Microseconds of the server's processor time for an echo of 1 KiB on 100 connections."""
    done = run("bench", url, "--json", "--size", "1KiB", "--seconds", "500ms", "--warmup", "200ms", *flags,
               "--pid", str(server.pid), program=release_program(), preexec_fn=on_core(1))
    return json.loads(done.stdout)["server"]["cpu_us_each"]


def on_core(number):
    """Server and generator do not push each other about, where there are two cores for them."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[number % len(cores)]})


def connection_costs(stored):
    """How the heap happens to fall into pages adds to what it must be. So what is stored is the middle of many runs, and
    what is held against it the lowest of as many, of which the first that is low enough is the last."""
    enough = {**{name: value + slack(value) for name, value in stored.items()}, **LIMITS}

    def several(name, measure, rounds):
        found = []
        while len(found) < rounds and (not stored or not found or min(found) > enough.get(name, 0)):
            found.append(measure())
        figures[name] = min(found) if stored else statistics.median(found)

    figures = {}
    several("bytes, connection idle", idle_bytes, 15)
    several("bytes, connection that has echoed", lambda: idle_bytes(Peer.echo), 15)
    # A session of OpenSSL holds fifty times as much as the rest, so pages hardly matter.
    several("bytes, connection over TLS", lambda: idle_bytes(serve=TlsServer, count=2_000), 3)
    several("bytes, connection over TLS that has echoed", lambda: idle_bytes(Peer.echo, serve=TlsServer, count=2_000), 3)
    if not stored:
        return figures
    several(PINGED, pinged_bytes, 4)
    plain = figures["bytes, connection that has echoed"]
    shared = functools.partial(idle_bytes, cost.echo_compressed, "--compress", "shared", fields=cost.COMPRESSED)
    several(SHARED, lambda: max(0, shared() - plain), 15)
    return figures


def idle_bytes(echo=lambda peer: None, *flags, serve=Server, count=10_000, fields=None):
    with serve(*flags, program=release_program(), log_level="error") as server:
        return cost.idle_bytes(server, count, lambda peers: [echo(peer) for peer in peers], fields)


def pinged_bytes():
    """With all heartbeats on, and not only the time until the first of them."""
    with Server("--ping-interval", "2s", program=release_program(), log_level="error") as server:
        done = run("bench", server.url("/echo"), "--mode", "idle", "--connections", "10000", "--seconds", "3500ms", "--json",
                   "--pid", str(server.pid), program=release_program())
    return json.loads(done.stdout)["server"]["memory_bytes_each"]


def built_with():
    """Instructions are those of one compiler and of one version of the libraries, on one kind of processor."""
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=False).stdout.strip()
    return {"g++": compiler, "libc": platform.libc_ver()[1], "openssl": ssl.OPENSSL_VERSION.split()[1],
            "machine": platform.machine()}


def written(value):
    return f"{value:.0f}" if value >= 20 else f"{value:.2f}"


def slack(wanted):
    # What is 0 has no percent: a call or an allocation for every 50th message is worse.
    return max(wanted * WORSE, WORSE)


def compare(stored, found, same_build=True, limits=None):
    """(lines to print, how many got worse). A figure that nobody expected, or that is not there any more, is worse."""
    lines, worse, limits = [], 0, limits or {}
    expected = {**stored, **limits}
    for name in [*expected, *(name for name in found if name not in expected)]:
        if name not in found or name not in expected:
            said = "is not measured any more" if name not in found else f"{written(found[name])}, but nothing is stored for it"
            lines.append(f"not ok {name}: {said}")
            worse += 1
            continue
        wanted, value = expected[name], found[name]
        if name in limits:
            lines.append(f"{'ok' if value <= wanted else 'not ok'} {name}: {written(value)}, at most {written(wanted)}")
            worse += value > wanted
            continue
        change = f", {value / wanted - 1:+.1%}" if wanted > 0.5 else ""
        if value <= wanted + slack(wanted):
            better = " (better: store it with bench/check.py --update)" if value < wanted - slack(wanted) else ""
            lines.append(f"ok {name}: {written(value)}{change}{better}")
        elif not same_build and name.startswith("instructions"):
            lines.append(f"ok {name}: {written(value)}{change}, of another compiler or library than what is stored")
        else:
            lines.append(f"not ok {name}: {written(value)}, stored is {written(wanted)}{change}")
            worse += 1
    return lines, worse


def main():
    update = "--update" in sys.argv
    with open(EXPECTED, encoding="utf-8") as file:
        stored = json.load(file)
    found = {**message_costs(), **growth(), **connection_costs({} if update else stored["figures"])}
    if update:
        figures = {name: round(value, 2) for name, value in found.items() if name not in LIMITS}
        with open(EXPECTED, "w", encoding="utf-8") as file:
            json.dump({"built with": built_with(), "figures": figures}, file, indent=2)
            file.write("\n")
        print(f"{os.path.relpath(EXPECTED)} is written")
        return 0
    lines, worse = compare(stored["figures"], {**found, **tls_time()}, stored["built with"] == built_with(), LIMITS)
    print("\n".join(lines))
    print(f"{worse} got worse by more than {WORSE:.0%}, or past its limit" if worse else "nothing got worse")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
