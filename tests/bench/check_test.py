#!/usr/bin/env python3
"""The comparison with the stored costs, on figures made up here: each way to get worse is seen, and nothing else is."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "system")]

import check  # noqa: E402
import cost  # noqa: E402
from harness import expect_equal, main, test  # noqa: E402

STORED = {"instructions, echo": 400.0, "allocations, echo": 0.0, "system calls, echo": 3.0}


def worse(same_build=True, **changes):
    found = {**STORED, **{name.replace("_", " ").replace(" echo", ", echo"): value for name, value in changes.items()}}
    return check.compare(STORED, {name: value for name, value in found.items() if value is not None}, same_build)[1]


@test
def what_did_not_change_is_not_worse():
    expect_equal(worse(), 0)


@test
def two_percent_more_is_allowed_and_three_are_not():
    expect_equal(worse(instructions_echo=407.9), 0)
    expect_equal(worse(instructions_echo=412.0), 1)
    expect_equal(worse(system_calls_echo=3.1), 1)


@test
def one_allocation_in_ten_messages_is_worse_than_none():
    expect_equal(worse(allocations_echo=0.1), 1)


@test
def what_got_better_is_not_worse_and_is_said():
    expect_equal(worse(instructions_echo=300.0), 0)
    lines, _ = check.compare(STORED, {**STORED, "instructions, echo": 300.0})
    expect_equal(["better" in line for line in lines], [True, False, False])


@test
def a_figure_that_is_gone_or_that_nobody_stored_is_worse():
    expect_equal(worse(instructions_echo=None), 1)
    expect_equal(worse(bytes_echo=5.0), 1)


@test
def a_limit_is_what_it_is_and_must_be_measured():
    limits = {"bytes, more": 16}
    for value, wanted in ((0, 0), (16, 0), (16.1, 1)):
        expect_equal(check.compare(STORED, {**STORED, "bytes, more": value}, limits=limits)[1], wanted)
    expect_equal(check.compare(STORED, STORED, limits=limits)[1], 1)


@test
def instructions_of_another_compiler_are_shown_and_not_judged_but_system_calls_are():
    expect_equal(worse(same_build=False, instructions_echo=500.0), 0)
    expect_equal(worse(same_build=False, system_calls_echo=4.0), 1)


@test
def allocations_are_read_from_a_profile_also_where_a_name_is_only_a_number():
    profile = ("fn=(1) main\n0 3\ncfn=(2) malloc\ncalls=4 0\n0 5\ncfn=(3) operator new(unsigned long)\ncalls=9 0\n0 9\n"
               "fn=(3)\n0 2\ncfn=(2)\ncalls=9 0\n0 7\ncfn=(4) calloc'2\ncalls=1 0\n")
    expect_equal(cost.allocations(profile), 14)


main()
