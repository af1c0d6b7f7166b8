#!/usr/bin/env python3
"""The report, made of figures that are made up here: medians, ratios round by round, what is not there, and the page."""

import os
import re
import sys
from html.parser import HTMLParser

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "system")]

import figures  # noqa: E402
import plots  # noqa: E402
import quick  # noqa: E402
import report  # noqa: E402
from cases import CASES  # noqa: E402
from harness import expect, expect_equal, main, test  # noqa: E402

FACTORS = {"ws101": 1.02, "bare": 1.0, "beast": 1.3, "node": 3.5}


def said(case, factor, cpu=7.0):
    rate = min(100_000 / factor, case.flags.get("rate", 1e9))
    return {"per_second": rate, "latency_us": {"p50": 50 * factor, "p99": 200 * factor},
            "server": {"cpu_us_each": cpu * factor, "memory_bytes_each": 250 * factor, "cpu_percent": 0.5}}


def results(rounds=3, change=lambda case, server, turn, run: run, cpu=lambda turn: 7.0):
    runs = [{"round": turn, "case": case.key, "server": server, "said": change(case, server, turn, said(case, factor, cpu(turn)))}
            for turn in range(rounds) for case in CASES for server, factor in FACTORS.items()]
    return {"date": "2026-01-31", "versions": {name: "1.2.3" for name in FACTORS}, "refused": {}, "runs": runs,
            "machine": {"processor": "A <fast> one", "cores": 2, "memory": "8 GiB", "kernel": "6.1", "system": "Debian",
                        "architecture": "x86_64"},
            "cores": {"server": 0, "generator": 1}, "settings": {"rounds": rounds, "seconds": 2, "warmup": 0.5}}


class Balance(HTMLParser):
    """Every tag that is opened is closed in its turn, and nothing is loaded from anywhere."""

    SINGLE = {"meta", "line", "path", "polyline", "polygon", "wbr", "rect"}
    MAY_STAY_OPEN = {"p", "html"}

    def __init__(self):
        super().__init__()
        self.open, self.loaded, self.count = [], [], 0

    def handle_starttag(self, tag, attributes):
        self.count += 1
        self.loaded += [value for name, value in attributes if name in ("src", "href", "xlink:href")]
        if tag not in self.SINGLE:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.count += 1

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in self.MAY_STAY_OPEN:
            self.open.pop()
        expect(self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}")
        self.open.pop()


def look_at(page):
    balance = Balance()
    balance.feed(page)
    expect_equal([tag for tag in balance.open if tag not in Balance.MAY_STAY_OPEN], [], "tags left open")
    expect_equal(balance.loaded, [], "what is loaded from elsewhere")
    expect(not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", page), "something is loaded from the network")
    expect(not re.search(r"\b(nan|inf|None)\b", page), "a figure is no number")
    return balance


@test
def the_page_is_whole_and_loads_nothing():
    page = report.page(results())
    expect(look_at(page).count > 500, "there is hardly anything on the page")
    expect(page.count("<svg") >= 10, "plots are missing")
    expect("A &lt;fast&gt; one" in page, "a name is taken for markup")


@test
def a_ratio_is_formed_in_each_round_so_that_drift_does_not_count():
    drifting = figures.Figures(results(cpu=lambda turn: 7.0 * 2 ** turn))
    ratio = drifting.ratio("echo-20", "ws101")
    expect_equal([round(value, 6) for value in ratio.values], [1.02] * 3)


@test
def the_middle_is_the_median_and_the_spread_is_all_of_it():
    def one_is_slow(case, server, turn, run):
        run["server"]["cpu_us_each"] *= 10 if turn == 1 else 1
        return run

    figure = figures.Figures(results(change=one_is_slow)).figure("echo-20", "beast", figures.cpu)
    expect_equal([round(value, 3) for value in (figure.low, figure.middle, figure.high)], [9.1, 9.1, 91.0])


@test
def a_run_that_failed_is_a_dash_with_its_reason_and_the_page_stands():
    def fails(case, server, turn, run):
        return {"fault": "200 of <15,000> failed"} if server == "node" and case.key in ("echo-20", "idle") else run

    made = results(change=fails)
    page = report.page(made)
    look_at(page)
    expect(page.count('title="200 of &lt;15,000&gt; failed"') >= 2, "the reason is not shown")
    expect("200 of &lt;15,000&gt; failed</text>" in page, "the plot does not say why")
    expect("| – |" in report.readme_table(made), "the table of the README hides it")


@test
def servers_and_cases_that_were_left_out_leave_no_hole():
    made = results(rounds=1)
    made["runs"] = [run for run in made["runs"] if run["case"] == "echo-1k" and run["server"] in ("ws101", "bare")]
    made["versions"] = {"ws101": "1"}
    look_at(report.page(made))


@test
def where_another_is_ahead_is_said_and_spread_alone_is_not_ahead():
    expect_equal(figures.ahead_of_us(figures.Figures(results())), [])

    def beast_is_smaller(case, server, turn, run):
        if server == "beast" and case.key == "idle":
            run["server"]["memory_bytes_each"] = 100 + turn
        if server == "node" and case.key == "echo-20" and turn == 0:
            run["per_second"] = 1e6  # one lucky round
        return run

    made = results(change=beast_is_smaller)
    found = [(case.key, name, server) for case, name, server, _, _ in figures.ahead_of_us(figures.Figures(made))]
    expect_equal(found, [("idle", "memory", "beast")])
    expect("10,000 idle connections</th><td>memory</td><td>Boost.Beast" in report.page(made), "the page does not name it")


@test
def a_load_generator_that_was_full_is_the_reason_and_one_that_was_not_is_none():
    for generator, server, wanted in ((98.4, 61, True), (80, 61, False), (98.4, 99, False)):
        def another_is_ahead(case, name, turn, run):
            if case.key == "handshake":
                run["client"] = {"cpu_percent": generator}
                run["server"]["cpu_percent"] = server
                run["per_second"] *= 2 if name == "beast" else 1
            return run

        page = report.page(results(change=another_is_ahead))
        expect("<td>messages a second</td><td>Boost.Beast" in page, "the page does not name it")
        expect_equal("no more to give (98 % of its core), while ws101 needs 61 %" in page, wanted)


@test
def an_aim_that_was_missed_is_marked():
    expect("class=missed" not in report.page(results()).partition("<main>")[2], "nothing was missed")

    def slow(case, server, turn, run):
        run["server"]["cpu_us_each"] *= 1.5 if server == "ws101" and case.key == "echo-16k" else 1
        return run

    expect_equal(report.page(results(change=slow)).partition("<main>")[2].count("class=missed"), 1)


@test
def a_rate_that_was_not_reached_is_hollow():
    page = report.page(results())
    expect(re.search(r'class="dot node hollow"><title>Node.js ws, 40k: [^<]*it managed 28.6k a second', page), "it is not shown")
    expect(not re.search(r'class="dot ws101 hollow"', page), "ours reached all rates")


@test
def labels_keep_their_distance_and_stay_inside():
    places = plots.apart([100, 101, 102, 300], 17, 0, 310)
    expect_equal(places, [100, 117, 134, 300])
    crowded = plots.apart([100, 100, 100], 17, 0, 120)
    expect_equal(crowded, [86, 103, 120])


@test
def the_picture_for_the_readme_stands_alone_and_is_small():
    picture = report.readme_plot(results())
    expect(picture.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="1000" height='), picture[:100])
    expect(len(picture) < 200_000, "it is too large")


@test
def the_figures_of_the_readme_are_replaced_and_nothing_else():
    text = "before\n<!-- figures -->\nold | table\n<!-- end of figures -->\nafter\n"
    once = report.with_figures(text, results())
    expect(once.startswith("before\n<!-- figures -->\n") and once.endswith("<!-- end of figures -->\nafter\n"), once)
    expect("old" not in once and "2026-01-31" in once and "| echo of 20 B | 1.02 | 1.30 | 3.50 |" in once, once)
    expect_equal(report.with_figures(once, results()), once)


@test
def a_line_of_google_benchmark_becomes_a_row():
    row = quick.micro_row("mask/4096      116 ns         44.4 ns       607009 bytes_per_second=85.9848G/s")
    expect_equal(row.split(), ["mask/4096", "44.4", "ns", "86", "GB"])
    row = quick.micro_row("decode/20  20673 ns   8657 ns   3177 bytes_per_second=7.05155G/s items_per_second=291.213M/s")
    expect_equal(row.split(), ["decode/20", "8657", "ns", "7.05", "GB"])
    row = quick.micro_row("publish/1  73.5 ns  24.7 ns  1143704 items_per_second=40.5371M/s")
    expect_equal(row.split(), ["publish/1", "24.7", "ns", "40.5", "M"])
    expect_equal(quick.micro_row("Load Average: 6.86, 5.57, 7.07"), None)


main()
