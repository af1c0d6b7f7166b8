#!/usr/bin/env python3
"""Measures the parts (bench/micro) and then the server under load beside the limit, as a table in the terminal.

Three short rounds: enough to see what a change did, not enough to publish. That is `make bench-peers`.
"""

import argparse
import os
import re
import subprocess
import sys

import figures
import run
from cases import BY_KEY
from figures import Figures
from plots import short
from report import microseconds, sized, times
from servers import ROOT, SERVERS, WS101

CASES = ("echo-20", "echo-20-deep", "echo-20-text", "echo-1k", "echo-16k", "echo-1m", "broadcast-64-1000", "handshake", "idle")
ROUNDS = 3


def micro():
    """One line for each, as it comes."""
    process = subprocess.Popen([os.path.join(ROOT, "build/release/micro"), "--benchmark_min_time=0.1"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    print(f"{'part':44} {'time':>12}  {'a second':>10}")
    for line in process.stdout:
        if row := micro_row(line):
            print(row)
    if process.wait() != 0:
        sys.exit("bench: the micro benchmarks failed")


def micro_row(line):
    """Of a line of Google Benchmark: name, processor time, and what it counts, bytes before items."""
    found = re.match(r"(\S+)\s+\S+ \S+\s+([\d.]+) (ns|us|ms)\s+\d+(.*)", line)
    if not found:
        return None
    name, time, unit, counters = found.groups()
    counted = re.search(r"(bytes|items)_per_second=([\d.]+)(\w?)", counters)
    rate = ""
    if counted:
        rate = f"{three(counted[2])} {counted[3]}{'B' if counted[1] == 'bytes' else ' '}"
    return f"{name:44} {three(time):>9} {unit}  {rate:>10}".rstrip()


def three(number):
    """3 digits, as more of them do not come again; and no exponent."""
    value = float(number)
    return f"{value:.0f}" if value >= 99.95 else f"{value:.3g}"


def load(generator):
    chosen = argparse.Namespace(seconds=0.7, warmup=0.3, generator=generator)
    server_core, generator_core = run.cores()
    results = {"runs": [], "versions": {"ws101": "", "bare": ""}}
    for turn in range(ROUNDS):
        for number, key in enumerate(CASES):
            for kind in run.rotated([SERVERS["ws101"], SERVERS["bare"]], turn + number):
                said = run.measure(kind, BY_KEY[key], chosen, server_core, generator_core)
                results["runs"].append({"round": turn, "case": key, "server": kind.name, "said": said})
        if sys.stderr.isatty():
            print(f"round {turn + 1} of {ROUNDS}", end="\r", file=sys.stderr, flush=True)
    return Figures(results)


def load_table(data):
    print(f"{'load':34} {'a second':>9} {'p99':>9} {'CPU each':>9} {'× limit':>8} {'spread':>13}")
    for key in CASES:
        case = BY_KEY[key]
        if fault := data.fault(key, "ws101"):
            print(f"{case.title:34} {fault}")
            continue
        if case.mode == "idle":
            print(f"{case.title:34} {sized(data.figure(key, 'ws101', figures.memory).middle)} each")
            continue
        rate, late, cpu = (data.figure(key, "ws101", figure) for figure in (figures.rate, figures.p99, figures.cpu))
        ratio = data.ratio(key, "ws101")
        against = f"{times(ratio.middle):>8} {times(ratio.low):>7}–{times(ratio.high)}" if ratio else f"{'–':>8}"
        print(f"{case.title:34} {short(rate.middle):>9} {microseconds(late.middle):>9} {microseconds(cpu.middle):>9} {against}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load-only", action="store_true", help="without the parts")
    parser.add_argument("--generator", default=WS101, help="another build of ws101 to make the load with")
    chosen = parser.parse_args()
    if not chosen.load_only:
        micro()
        print()
    load_table(load(chosen.generator))
    print("The limit is a bare TCP server, run beside (bench/peers/bare.cpp); medians of three short rounds.")


if __name__ == "__main__":
    main()
