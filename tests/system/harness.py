"""What the scripts here share: a list of tests that prints a verdict for each, and waiting with a deadline.

A script marks its tests with @test and ends with `harness.main()`. A test is a function or a coroutine; its name, read
as words, is the statement that it holds. Nothing here sleeps and hopes: what must become true is waited for.
"""

import asyncio
import concurrent.futures
import inspect
import os
import signal
import sys
import time
import traceback

DEADLINE = 20.0  # seconds for one thing to happen on a busy machine; nobody waits that long when all is well
SANITIZED = os.environ.get("WS101_TREE") == "sanitized"

_tests = []


class Failure(AssertionError):
    """What was expected and what came instead."""


def test(function):
    _tests.append(function)
    return function


def test_where(condition, why):
    """A test for one kind of wire alone; `why` is for the reader."""
    assert why
    return test if condition else lambda function: function


def expect(truth, why):
    if not truth:
        raise Failure(why() if callable(why) else why)


def expect_equal(got, wanted, what="it"):
    if got != wanted:
        raise Failure(f"{what} is {shorten(got)}, not {shorten(wanted)}")


def shorten(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:200]}... ({len(text)} characters)"


def wait_until(condition, what, deadline=DEADLINE):
    """Returns the first true value of `condition()`."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(f"still not so after {deadline:.0f} s: {what() if callable(what) else what}")
        time.sleep(0.005)
    return value


def note(text):
    """A figure for the reader; it is neither a pass nor a failure."""
    print(f"# {text}", flush=True)


def _on_alarm(number, frame):
    raise Failure("the test as a whole took too long")


def _verdict(function):
    """Runs one test; returns whether it passed."""
    name = function.__name__.replace("_", " ")
    started = time.monotonic()
    try:
        if inspect.iscoroutinefunction(function):
            asyncio.run(function())
        else:
            function()
    except Exception as error:  # a broken test must not hide those behind it
        why = f"{type(error).__name__}: {error}".replace("\n", " ")
        trace = "" if isinstance(error, Failure) else traceback.format_exc()
        print(f"not ok {name}: {why[:1500]}\n{trace}", end="", flush=True)
        return False
    print(f"ok {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return True


def _verdict_in_time(function):
    signal.setitimer(signal.ITIMER_REAL, 2 * DEADLINE)
    try:
        return _verdict(function)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(at_once=1):
    """Runs the tests of this script, or those whose names contain one of the arguments, and exits.

    Tests that mostly wait may run `at_once`; whatever they wait for has a deadline of its own then.
    """
    wanted = sys.argv[1:]
    tests = [test for test in _tests if not wanted or any(word in test.__name__ for word in wanted)]
    if at_once > 1:
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            verdicts = list(pool.map(_verdict, tests))
    else:
        signal.signal(signal.SIGALRM, _on_alarm)
        verdicts = [_verdict_in_time(test) for test in tests]
    sys.exit(0 if all(verdicts) else 1)
