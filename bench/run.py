#!/usr/bin/env python3
"""Runs every server through every case, one after the other, and writes build/bench/results.json and report.html.

The rounds are interleaved: in each round each case is run against all servers in turn, so that what drifts on the
machine hits all alike, and a ratio to the limit is of two runs that lie seconds apart. The server has one core, the
load generator another. A server is a new process for each run, and one that does not echo rightly is not measured.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys

import report
from cases import CASES
from servers import BUILT, ROOT, SERVERS, WS101, Running, fault, version

sys.stdout.reconfigure(line_buffering=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run, after its warm-up")
    parser.add_argument("--warmup", type=float, default=0.5)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that all of it works")
    parser.add_argument("--servers", default=",".join(SERVERS), help=f"of {','.join(SERVERS)}")
    parser.add_argument("--cases", default="", help="those whose names contain one of these words")
    parser.add_argument("--generator", default=WS101, help="another build of ws101 to make the load with")
    parser.add_argument("--output", default=f"{BUILT}/results.json")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds, chosen.warmup = 1, 0.3, 0.1
    unknown = [name for name in chosen.servers.split(",") if name not in SERVERS]
    if unknown:
        parser.error(f"there is no server {unknown[0]}; there are {', '.join(SERVERS)}")
    return chosen


def cores():
    """The server's core and the generator's: as far from each other as they can be."""
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < 2:
        sys.exit("bench: the server and the load generator need a core each, and this machine gives only one")
    return mine[0], mine[-1]


def command(server, case, chosen):
    words = [chosen.generator, "bench", server.url(case.path), *case.arguments(), "--seconds", f"{chosen.seconds * 1000:.0f}ms",
             "--pid", str(server.pid), "--json"]
    if case.mode != "idle":
        words += ["--warmup", f"{chosen.warmup * 1000:.0f}ms"]
    return words + (["--raw"] if server.kind.raw else [])


def measure(kind, case, chosen, server_core, generator_core):
    """What the generator said, or {"fault": why it did not}."""
    try:
        with Running(kind, server_core) as server:
            words = command(server, case, chosen)
            done = subprocess.run(["taskset", "-c", str(generator_core), *words], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=60 + 10 * chosen.seconds, check=False)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return {"fault": f"{type(error).__name__}: {error}"[:200]}
    if done.returncode != 0:
        return {"fault": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1][:200]}
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"fault": "the generator gave no JSON"}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown")
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) / (1 << 20)
    name = "Linux"
    with open("/etc/os-release", encoding="utf-8") as file:
        for line in file:
            if line.startswith("PRETTY_NAME="):
                name = line.partition("=")[2].strip().strip('"')
    system = os.uname()
    return {"processor": model, "cores": os.cpu_count(), "memory": f"{memory:.0f} GiB", "kernel": system.release,
            "system": name, "architecture": system.machine}


def rotated(items, by):
    by %= len(items)
    return items[by:] + items[:by]


def main():
    chosen = options()
    server_core, generator_core = cores()
    words = chosen.cases.split(",")
    cases = [case for case in CASES if any(word in case.key for word in words)]
    kinds = [SERVERS[name] for name in chosen.servers.split(",")]
    refused = {kind.name: found for kind in kinds if (found := fault(kind))}
    for name, found in refused.items():
        print(f"{SERVERS[name].title} is not measured: {found}")
    kinds = [kind for kind in kinds if kind.name not in refused]
    results = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"), "machine": machine(),
        "versions": {kind.name: version(kind) for kind in kinds}, "refused": refused,
        "cores": {"server": server_core, "generator": generator_core},
        "settings": {"rounds": chosen.rounds, "seconds": chosen.seconds, "warmup": chosen.warmup}, "runs": [],
    }
    total, done = chosen.rounds * len(cases) * len(kinds), 0
    for turn in range(chosen.rounds):
        for number, case in enumerate(cases):
            for kind in rotated(kinds, turn + number):
                result = measure(kind, case, chosen, server_core, generator_core)
                results["runs"].append({"round": turn, "case": case.key, "server": kind.name, "said": result})
                done += 1
                print(f"{done}/{total}  {case.title}  {kind.title}: {report.one_line(case, result)}")
        # What is there after each round is a report already.
        with open(chosen.output, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
        page = os.path.join(os.path.dirname(chosen.output), "report.html")
        with open(page, "w", encoding="utf-8") as file:
            file.write(report.page(results))
    print(f"{os.path.relpath(page, ROOT)}: open it in a browser")


if __name__ == "__main__":
    main()
