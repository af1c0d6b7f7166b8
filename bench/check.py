#!/usr/bin/env python3
"""What one message and one connection cost, against bench/expected.json: only figures that do not depend on how fast
the machine is or what else runs on it, so that a change that made them worse is seen in any build.

    bench/check.py             prints a line for each figure; status 1 if one got worse by more than 2 %
    bench/check.py --update    takes what it finds as what is expected from now on
"""

import json
import os
import platform
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "system"))

import cost  # noqa: E402  (it lies among the system tests, which hold some of the same figures)
from server import Server, release_program  # noqa: E402
from wire import BINARY, TEXT  # noqa: E402

EXPECTED = os.path.join(HERE, "expected.json")
WORSE = 0.02
MESSAGES = (("20 B", BINARY, b"x" * 20), ("20 B of text", TEXT, b"twenty bytes of text"), ("1 KiB", BINARY, b"x" * 1024),
            ("16 KiB", BINARY, b"x" * 16384))


def message_costs():
    figures = {}
    for name, opcode, payload in MESSAGES:
        few, many = (2_000, 12_000) if len(payload) < 1024 else (500, 2_500)
        instructions, allocations = cost.costs_each(opcode, payload, few=few, many=many)
        figures[f"instructions, echo of {name}"] = instructions
        figures[f"allocations, echo of {name}"] = allocations
        figures[f"system calls, echo of {name}"] = calls_each(opcode, payload, 1)
    figures["system calls, 16 echoes of 20 B at once"] = calls_each(BINARY, b"x" * 20, 16)
    return figures


def calls_each(opcode, payload, depth):
    """System calls for `depth` messages that are sent at once."""
    count = 200
    calls = cost.calls_for("/echo", lambda peer: cost.echo_many(peer, payload, depth * 100, opcode, depth),
                           lambda peer: cost.echo_many(peer, payload, depth * (100 + count), opcode, depth))
    return sum(calls.values()) / count


def connection_costs():
    def echo_all(peers):
        for peer in peers:
            peer.echo()

    # The lowest of some: how the heap happens to fall into pages only ever adds.
    return {f"bytes, connection {name}": min(idle_bytes(meanwhile) for _ in range(6))
            for name, meanwhile in (("idle", lambda peers: None), ("that has echoed", echo_all))}


def idle_bytes(meanwhile):
    with Server(program=release_program(), log_level="error") as server:
        return cost.idle_bytes(server, 10_000, meanwhile)


def built_with():
    """Instructions are those of one compiler and one C library, on one kind of processor."""
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=False).stdout.strip()
    return {"g++": compiler, "libc": platform.libc_ver()[1], "machine": platform.machine()}


def written(value):
    return f"{value:.0f}" if value >= 20 else f"{value:.2f}"


def compare(expected, found, same_build=True):
    """(lines to print, how many got worse). A figure that nobody expected, or that is not there any more, is worse."""
    lines, worse = [], 0
    for name in [*expected, *(name for name in found if name not in expected)]:
        if name not in found or name not in expected:
            said = "is not measured any more" if name not in found else f"{written(found[name])}, but nothing is stored for it"
            lines.append(f"not ok {name}: {said}")
            worse += 1
            continue
        wanted, value = expected[name], found[name]
        # What is 0 has no percent: a call or an allocation for every 50th message is worse.
        slack = max(wanted * WORSE, WORSE)
        change = f", {value / wanted - 1:+.1%}" if wanted > 0.5 else ""
        if value <= wanted + slack:
            better = " (better: store it with bench/check.py --update)" if value < wanted - slack else ""
            lines.append(f"ok {name}: {written(value)}{change}{better}")
        elif not same_build and name.startswith("instructions"):
            lines.append(f"ok {name}: {written(value)}{change}, of another compiler or library than what is stored")
        else:
            lines.append(f"not ok {name}: {written(value)}, stored is {written(wanted)}{change}")
            worse += 1
    return lines, worse


def main():
    found = {**message_costs(), **connection_costs()}
    if "--update" in sys.argv:
        with open(EXPECTED, "w", encoding="utf-8") as file:
            json.dump({"built with": built_with(), "figures": {name: round(value, 2) for name, value in found.items()}}, file,
                      indent=2)
            file.write("\n")
        print(f"{os.path.relpath(EXPECTED)} is written")
        return 0
    with open(EXPECTED, encoding="utf-8") as file:
        stored = json.load(file)
    lines, worse = compare(stored["figures"], found, stored["built with"] == built_with())
    print("\n".join(lines))
    print(f"{worse} got worse by more than {WORSE:.0%}" if worse else "nothing got worse")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
