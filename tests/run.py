#!/usr/bin/env python3
"""Runs tests and checks, counts them, and ends with one line: `N passed, N failed`.

Three kinds of things are run: GoogleTest binaries, scripts (*.py with this Python, *.mjs with node), and steps,
which are commands of one verdict each (--step NAME COMMAND). A script prints `ok NAME` or `not ok NAME: why` for each
thing that it looked at, and exits with 0 or 1. What crashes, hangs, or says nothing at all has failed.

The things run see: WS101 (the program under test), WS101_ROOT (the checkout, also the working directory) and
WS101_TREE (how it was built: `sanitized` is slow and needs more memory). What is named as `x_test.py@tls` also sees
WS101_WIRE=tls: the same tests over another wire.
"""

import argparse
import concurrent.futures
import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_HOME = ROOT / "build" / "npm"
TAIL_LINES = 60


@dataclass
class Outcome:
    name: str
    passed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)  # texts: what failed and why
    seconds: float = 0.0
    path: str = ""

    def show(self) -> None:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        verdict = "FAILED" if self.failures else "ok    "
        counts = f"{self.passed} passed, {len(self.failures)} failed{skipped}"
        lines = [f"{verdict} {self.name}: {counts} ({self.seconds:.1f} s)"]
        for failure in self.failures:
            lines += ["  " + line for line in failure.rstrip().splitlines()]
        print("\n".join(lines), flush=True)


def tail(text: str) -> str:
    lines = text.rstrip().splitlines()
    cut = [f"... {len(lines) - TAIL_LINES} lines above"] if len(lines) > TAIL_LINES else []
    return "\n".join(cut + lines[-TAIL_LINES:])


class Runner:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.times = ROOT / "build" / (arguments.tree or "") / "test_seconds.json"
        self.running = {}  # name -> start time, for the progress line
        self.processes = set()
        self.lock = threading.Lock()
        self.environment = dict(
            os.environ,
            WS101=str(ROOT / arguments.program) if arguments.program else "",
            WS101_ROOT=str(ROOT),
            WS101_TREE=arguments.tree or "",
            PYTHONDONTWRITEBYTECODE="1",
            PYTHONUNBUFFERED="1",
        )
        # A test that itself calls make must not take part in the -j of the make that started us.
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "WS101_SETUP"):
            self.environment.pop(name, None)

    def execute(self, name: str, command: list, timeout: float, extra_environment: dict) -> tuple:
        """Returns (exit status or None after a timeout, the output). Nothing that it started survives it."""
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True,
                                       env={**self.environment, **extra_environment})
            with self.lock:
                self.processes.add(process)
                self.running[name] = time.monotonic()
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                kill_group(process)
                process.wait()
                with self.lock:
                    self.processes.discard(process)
                    self.running.pop(name, None)
            output.seek(0)
            return status, output.read().decode("utf-8", "replace")

    def run(self, path: str) -> Outcome:
        started = time.monotonic()
        function = run_script if path.partition("@")[0].endswith((".py", ".mjs")) else run_binary
        try:
            outcome = function(self, path)
        except OSError as error:
            outcome = Outcome(path, failures=[f"cannot be run: {error}"])
        outcome.seconds = time.monotonic() - started
        outcome.path = path
        return outcome

    def kill_all(self) -> None:
        with self.lock:
            for process in self.processes:
                kill_group(process)


def kill_group(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def describe_end(status, timeout: float) -> str:
    if status is None:
        return f"did not end within {timeout:.0f} s"
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def run_binary(runner: Runner, path: str) -> Outcome:
    timeout = runner.arguments.timeout * runner.arguments.slow
    name = os.path.basename(path)
    binary, _, wire = path.partition("@")
    outcome = Outcome(name)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(ROOT / binary), f"--gtest_output=json:{report}", "--gtest_color=no"]
        if runner.arguments.filter:
            command.append(f"--gtest_filter={runner.arguments.filter}")
        status, output = runner.execute(name, command, timeout, {"TMPDIR": folder, "WS101_WIRE": wire})
        if not report.exists():
            return crashed_binary(outcome, describe_end(status, timeout), output)
        for suite in json.loads(report.read_text())["testsuites"]:
            for test in suite["testsuite"]:
                count_test(outcome, f"{suite['name']}.{test['name']}", test)
    if not (outcome.passed or outcome.skipped or outcome.failures or runner.arguments.filter):
        outcome.failures.append(f"{name} tested nothing")
    elif status != (1 if outcome.failures else 0):  # for example a leak, found when all tests were over
        outcome.failures.append(f"{name} {describe_end(status, timeout)} when its tests were over\n{tail(output)}")
    return outcome


def count_test(outcome: Outcome, name: str, test: dict) -> None:
    if test.get("failures"):
        outcome.failures.append("\n".join([name] + [failure["failure"] for failure in test["failures"]]))
    elif test["status"] != "RUN":
        return
    elif test["result"] == "SKIPPED":
        outcome.skipped += 1
    else:
        outcome.passed += 1


def crashed_binary(outcome: Outcome, end: str, output: str) -> Outcome:
    """There is no report: what the output says was done counts, and the end is a failure of the test that ran."""
    outcome.passed = len(re.findall(r"^\[       OK \] ", output, re.M))
    outcome.failures = [name + " (see above the end of the output)"
                        for name in re.findall(r"^\[  FAILED  \] (\S+) \(\d+ ms\)", output, re.M)]
    begun = re.findall(r"^\[ RUN      \] (\S+)", output, re.M)
    outcome.failures.append(f"{begun[-1] if begun else outcome.name} {end}\n{tail(output)}")
    return outcome


def run_script(runner: Runner, path: str) -> Outcome:
    timeout = runner.arguments.timeout * runner.arguments.slow
    name = path.removeprefix("tests/")
    file, _, wire = path.partition("@")
    command = [sys.executable, file]
    if file.endswith(".mjs"):
        # node looks for packages beside the file, so the file goes to where they are installed.
        command = ["node", str(NODE_HOME / os.path.basename(file))]
    status, output = runner.execute(name, command, timeout, {"WS101_WIRE": wire})
    outcome = Outcome(name, passed=len(re.findall(r"^ok ", output, re.M)),
                      failures=re.findall(r"^not ok (.*)", output, re.M))
    if status != 0 and not (status == 1 and outcome.failures):
        outcome.failures.append(f"{name} {describe_end(status, timeout)}\n{tail(output)}")
    elif outcome.failures:
        outcome.failures[-1] += "\n" + tail(re.sub(r"^ok .*\n", "", output, flags=re.M))
    elif not outcome.passed:
        outcome.failures.append(f"{name} tested nothing\n{tail(output)}")
    return outcome


def run_step(name: str, command: str, quiet: bool) -> Outcome:
    """Runs a command of make or a tool; its output goes straight through, for it may take minutes."""
    started = time.monotonic()
    # close_fds: make hands its job slots down as open descriptors.
    status = subprocess.run(command, shell=True, cwd=ROOT, stdin=subprocess.DEVNULL, close_fds=False).returncode
    outcome = Outcome(name, seconds=time.monotonic() - started)
    if status != 0:
        outcome.failures.append(f"`{command[:100]}` {describe_end(status, 0)}; its output is above")
    else:
        outcome.passed = 1
    if status != 0 or not quiet:
        outcome.show()
    return outcome


def matches(path: str, gtest_filter: str) -> bool:
    """A script has one name to filter by, its path."""
    wanted, _, unwanted = gtest_filter.partition("-")
    hit = lambda patterns: any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns.split(":") if pattern)
    return (not wanted or hit(wanted)) and not hit(unwanted)


def run_tests(runner: Runner, paths: list) -> list:
    if any(".mjs" in path for path in paths):
        for script in (ROOT / "tests").glob("*/*.mjs"):
            NODE_HOME.mkdir(parents=True, exist_ok=True)
            shutil.copy(script, NODE_HOME)
    outcomes = []
    past = past_seconds(runner)
    # The longest first, so that none is left to run alone at the end; a script waits more than it computes.
    paths = sorted(paths, key=lambda path: -past.get(path, 60 if ".py" in path else 30))
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        waiting = {pool.submit(runner.run, path) for path in paths}
        reported = time.monotonic()
        try:
            while waiting:
                done, waiting = concurrent.futures.wait(waiting, 1, concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    outcomes.append(future.result())
                    past[outcomes[-1].path] = outcomes[-1].seconds
                    if outcomes[-1].passed or outcomes[-1].failures or not runner.arguments.filter:
                        outcomes[-1].show()
                if not done and time.monotonic() - reported > 10:
                    with runner.lock:
                        names = [f"{name} {time.monotonic() - start:.0f} s" for name, start in runner.running.items()]
                    print("  running: " + ", ".join(names), flush=True)
                    reported = time.monotonic()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            runner.kill_all()
            raise
    if paths and runner.arguments.tree and not runner.arguments.filter:
        runner.times.parent.mkdir(parents=True, exist_ok=True)
        runner.times.write_text(json.dumps(past))
    return outcomes


def past_seconds(runner: Runner) -> dict:
    """Returns how long each thing took when it ran last."""
    try:
        return json.loads(runner.times.read_text())
    except (OSError, ValueError):
        return {}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tree", help="how the program was built")
    parser.add_argument("--program", help="the ws101 that scripts are to test")
    parser.add_argument("--build", metavar="COMMAND", help="makes what is tested; if it fails, no test is run")
    parser.add_argument("--prepare", metavar="COMMAND", help="also makes something, which not every test needs")
    parser.add_argument("--filter", help="a filter for GoogleTest, and for the paths of scripts")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="for one binary or script")
    parser.add_argument("--slow", type=float, default=1, metavar="FACTOR", help="multiplies the timeout")
    parser.add_argument("--step", nargs=2, action="append", default=[], metavar=("NAME", "COMMAND"))
    parser.add_argument("tests", nargs="*", metavar="BINARY|SCRIPT")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    tests = arguments.tests
    if arguments.filter:
        tests = [path for path in tests if not path.partition("@")[0].endswith((".py", ".mjs")) or matches(path, arguments.filter)]
    runner = Runner(arguments)
    outcomes = []
    if arguments.build:
        built = run_step("build", arguments.build, quiet=True)
        if built.failures:  # an older binary may lie about; its result would be about other code
            outcomes.append(built)
            tests = [path for path in tests if path.startswith("tests/lint/")]
    if arguments.prepare:
        outcomes += [prepared for prepared in [run_step("prepare", arguments.prepare, quiet=True)] if prepared.failures]
    outcomes += run_tests(runner, tests)
    outcomes += [run_step(name, command, quiet=False) for name, command in arguments.step]
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(len(outcome.failures) for outcome in outcomes)
    if len(outcomes) > 3 and failed:
        print("failed: " + ", ".join(outcome.name for outcome in outcomes if outcome.failures))
    if passed + failed == 0:
        print("nothing was tested", file=sys.stderr)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
