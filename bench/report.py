#!/usr/bin/env python3
"""The page: from build/bench/results.json to one file of HTML with its plots inside, and the short copy for the README.

    bench/report.py [results.json]             writes report.html beside it
    bench/report.py --readme [results.json]    puts its table into bench/README.md, and its first plot into bench/plot.svg
"""

import json
import os
import re
import sys
from html import escape

import figures
import plots
from cases import BY_KEY, readable
from figures import LIMIT, Figures
from plots import short
from servers import BUILT, ROOT, SERVERS

HERE = os.path.dirname(os.path.abspath(__file__))

def title(server):
    return SERVERS[server].title


def breakable(words):
    """A column is as narrow as its figures."""
    return re.sub(r"([/\-.])(?=\w)", r"\1<wbr>", escape(words))


def times(value):
    return f"{value:.2f}" if value < 9.95 else f"{value:.1f}" if value < 99.5 else f"{value:.0f}"


def microseconds(value):
    return f"{value:.3g} µs" if value < 1000 else f"{value / 1000:.3g} ms" if value < 1e6 else f"{value / 1e6:.3g} s"


def sized(value):
    return f"{value:.0f} B" if value < 1000 else f"{value / 1000:.3g} kB" if value < 1e6 else f"{value / 1e6:.3g} MB"


def one_line(case, run):
    """Of one run, for the terminal."""
    if "fault" in run:
        return f"not measured: {run['fault']}"
    if case.mode == "idle":
        return f"{sized(figures.memory(run))} a connection, {figures.share(run):.2f} % of a core"
    return f"{short(figures.rate(run))}/s, {figures.cpu(run):.3g} µs of CPU each, p99 {microseconds(figures.p99(run))}"


# ---- Tables

def heat(ratio):
    """The further from the limit, the warmer: 1 is nothing, 10 and more is all."""
    strength = min(max((ratio - 1.02) / 9, 0), 1) ** 0.5 * 0.42
    return f' style="background:rgb(var(--heat) / {strength:.2f})"'


def cell(data, case, server, figure, write, shade):
    style = " class=ours" if server == "ws101" else ""
    if not figure:
        why = data.fault(case.key, server) or "not measured"
        return f'<td{style}><span class=missing title="{escape(why, quote=True)}">–</span></td>'
    spread = f"<small>{write(figure.low)}–{write(figure.high)}</small>" if len(figure.values) > 1 else ""
    missed = shade and server == "ws101" and case.target and round(figure.middle, 2) > case.target
    words = f"<span class=missed>{write(figure.middle)}</span>" if missed else write(figure.middle)
    return f"<td{style}{heat(figure.middle) if shade and server != 'ws101' else ''}>{words}{spread}</td>"


def table(data, cases, of, write, shade=False, servers=None, aim=False):
    """`of(case, server)` is a Figure."""
    servers = servers or data.servers
    head = "".join(f"<th{' class=ours' if name == 'ws101' else ''}>{breakable(title(name))}</th>" for name in servers)
    rows = []
    for case in cases:
        cells = "".join(cell(data, case, name, of(case, name), write, shade) for name in servers)
        goal = f"<td>{f'≤ {case.target:.2f}' if case.target else ''}</td>" if aim else ""
        rows.append(f"<tr><th scope=row>{escape(case.title)}</th>{goal}{cells}</tr>")
    return (f"<div class=scroll><table><thead><tr><th></th>{'<th>aim</th>' if aim else ''}{head}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table></div>")


# ---- Parts of the page

def rows_of(data, of, servers=None):
    """For plots.dots: the best first."""
    rows = [(name, title(name), of(name)) for name in servers or data.servers]
    return sorted(rows, key=lambda row: row[2].middle if row[2] else float("inf"))


def dot_plot(data, case, figure, label, caption, write, logarithmic=False, one=None, descending=False, width=plots.WIDTH,
             servers=None):
    rows = rows_of(data, figure, servers)
    if descending:
        rows = [row for row in reversed(rows) if row[2]] + [row for row in rows if not row[2]]
    rows = [(name, words, value, data.fault(case, name)) for name, words, value in rows]
    return (f"<figure><h3>{escape(label)}</h3>{plots.dots(rows, label, logarithmic, write, one, width)}"
            f"<figcaption>{caption}</figcaption></figure>")


def line_series(data, cases, at, of, hollow=lambda case, server: None, servers=None):
    series = []
    for name in servers or data.servers:
        line = [(at(case), value, hollow(case, name)) for case in cases if (value := of(case, name))]
        series.append((name, title(name), line))
    return series


def peers(data):
    return [name for name in data.servers if name != LIMIT]


def tiles(data):
    found = []
    echo = data.figure("echo-20", "ws101", figures.cpu)
    ratio = data.ratio("echo-20", "ws101")
    if ratio:
        found.append((f"{times(ratio.middle)} ×", f"the processor time of a bare TCP echo, for a message of 20 bytes: "
                                                  f"{echo.middle:.2f} µs"))
    best = [(value.middle, name) for name in peers(data)
            if name != "ws101" and (value := data.ratio("echo-20", name))]
    if best:
        value, name = min(best)
        found.append((f"{times(value)} ×", f"the nearest of the others, {title(name)}"))
    fan = data.ratio("broadcast-64-1000", "ws101")
    if fan:
        found.append((f"{times(fan.middle)} ×", "a bare fan-out, for each delivery of a broadcast to 1,000"))
    idle = data.figure("idle", "ws101", figures.memory)
    if idle:
        found.append((sized(idle.middle), "of the server's memory for an idle connection"))
    return "<div class=tiles>" + "".join(f"<div class=tile><b>{number}</b><span>{escape(words)}</span></div>"
                                         for number, words in found) + "</div>"


def part_cpu(data):
    cases = [case for case in data.group("messages") if any(data.ratio(case.key, name) for name in data.servers)]
    if not cases:
        return ""
    servers = peers(data)
    lead = next((case for case in cases if case.key == "echo-20"), cases[0])
    return (
        "<h2>Processor time, against the limit</h2>"
        "<p>The limit is a server that speaks no WebSocket: it answers every handshake with the same bytes and sends back what it "
        "receives, with one <code>epoll_wait</code>, one <code>recv</code> and one <code>send</code>. A figure of 1.05 is five percent more processor time for a message than that; of all figures "
        "here it depends least on the machine and on what else runs on it.</p>"
        + dot_plot(data, lead.key, lambda name: data.ratio(lead.key, name), f"{lead.title}, 100 connections: × the limit",
                   "Logarithmic; the dashed line is the limit. The dot is the median of the rounds, the bar their whole spread.",
                   times, logarithmic=True, one=1.0, servers=servers)
        + table(data, cases, lambda case, name: data.ratio(case.key, name), times, shade=True, servers=servers, aim=True)
        + "<p class=about>Medians, with the lowest and the highest round below. Aim: what ws101 is to reach; red where it does not.</p>")


def part_throughput(data):
    cases = data.group("messages")
    if not cases:
        return ""
    chosen = [case for case in cases if case.key in ("echo-20", "echo-20-deep", "echo-16k", "broadcast-64-1000")]
    plotted = "".join(
        dot_plot(data, case.key, lambda name, key=case.key: data.figure(key, name, figures.rate), f"{case.title}, a second", "",
                 short, descending=True, width=560) for case in chosen)
    return (
        "<h2>Throughput</h2>"
        "<p>As many messages as come back, on one core for the server and one for the load generator. Where the server is fast the "
        "generator and the kernel are part of what is measured, so these figures understate the differences above.</p>"
        f"<div class=pair>{plotted}</div>"
        + table(data, cases, lambda case, name: data.figure(case.key, name, figures.rate), short)
        + "<p class=about>Messages, deliveries or handshakes in a second.</p>")


def fell_short(data):
    def hollow(case, server):
        got, wanted = data.figure(case.key, server, figures.rate), case.flags["rate"]
        return f"it managed {short(got.middle)} a second" if got and got.middle < 0.98 * wanted else None
    return hollow


def part_latency(data):
    cases = data.group("latency")
    if not cases:
        return ""
    plotted = "".join(
        f"<figure><h3>{words}</h3>" + plots.lines(
            line_series(data, cases, lambda case: case.flags["rate"], lambda case, name: data.figure(case.key, name, figure),
                        fell_short(data)), words, "messages a second, over 100 connections", "", write_y=microseconds)
        + "</figure>" for words, figure in (("Latency, median", figures.p50), ("Latency, 99th percentile", figures.p99)))
    return (
        "<h2>Latency</h2>"
        "<p>Messages are sent at a fixed rate, whatever the server does, and the time runs from when a message <em>should</em> have been "
        "sent. So a server that stalls pays for everything that waited, as its users would (no coordinated omission). A hollow dot: "
        "that rate was not reached.</p>" + plotted)


def part_memory(data):
    cases = data.group("idle")
    if not cases:
        return ""
    return (
        "<h2>Memory of an idle connection</h2>"
        "<p>What the resident memory of the process grows by with 10,000 connections, divided by their number. It is the server's own "
        "memory: the kernel's buffers for a socket, the same for all, are not in it. Heartbeats are on at ws101 and off at the "
        "others.</p>"
        + dot_plot(data, "idle", lambda name: data.figure("idle", name, figures.memory), "Bytes for an idle connection",
                   "Logarithmic. The bare server keeps one byte for each.", sized, logarithmic=True)
        + table(data, cases, lambda case, name: data.figure(case.key, name, figures.memory), sized))


def part_curve(data, group, heading, about, at, x_name, write_x):
    cases = data.group(group)
    if not cases:
        return ""
    servers = peers(data)
    label = f"Processor time for a message against {x_name}"
    return (
        f"<h2>{heading}</h2><p>{about}</p>"
        f"<figure><h3>Microseconds of the server's processor for a message</h3>"
        + plots.lines(line_series(data, cases, at, lambda case, name: data.figure(case.key, name, figures.cpu)), label, x_name,
                      "", write_x=write_x, write_y=microseconds)
        + "</figure><figure><h3>The same, × the limit</h3>"
        + plots.lines(line_series(data, cases, at, lambda case, name: data.ratio(case.key, name), servers=servers),
                      label + ", against the limit", x_name, "", write_x=write_x, write_y=times)
        + "</figure>" + table(data, cases, lambda case, name: data.ratio(case.key, name), times, shade=True, servers=servers))


def why(data, case, name):
    """Where the load generator is the one who can do no more, a rate says little of the servers."""
    generator, ours = (data.figure(case.key, "ws101", figure) for figure in (figures.generator, figures.share))
    if name != "messages a second" or not generator or not ours or generator.middle < 95 or ours.middle > 90:
        return ""
    return (f"the load generator has no more to give ({generator.middle:.0f} % of its core), while ws101 needs "
            f"{ours.middle:.0f} % of its own; it does more at a time where a server answers later")


def part_ahead(data):
    found = figures.ahead_of_us(data)
    rows = "".join(
        f"<tr><th scope=row>{escape(case.title)}</th><td>{escape(name)}</td><td>{escape(title(server))}</td><td>{short(theirs)}</td>"
        f"<td>{short(ours)}</td><td style='white-space:normal;text-align:left'>{escape(why(data, case, name))}</td></tr>"
        for case, name, server, theirs, ours in found)
    said = ("<p>Every row in which one of the others is better by more than both spread, and by more than 2 %.</p>"
            f"<div class=scroll><table><thead><tr><th></th><th>figure</th><th>who</th><th>theirs</th><th>ours</th><th>why</th></tr>"
            f"</thead><tbody>{rows}</tbody></table></div>") if found else (
                "<p>Nowhere in these runs by more than both spread, and more than 2 %: not in throughput, processor time, latency or memory.</p>")
    return "<h2>Where another is ahead of ws101</h2>" + said


def part_method(data):
    results = data.results
    machine, settings, pinned = results["machine"], results["settings"], results["cores"]
    versions = "".join(f"<tr><th scope=row>{escape(title(name))}</th><td>{escape(words) or 'the file of this tree'}</td></tr>"
                       for name, words in results["versions"].items())
    refused = "".join(f"<p class=missed>{escape(title(name))} was not measured: {escape(words)}.</p>"
                      for name, words in results.get("refused", {}).items())
    case = BY_KEY["echo-20"]
    return (
        "<h2>How it was measured</h2>"
        f"<p>{escape(results['date'])}, {escape(machine['processor'])} with {machine['cores']} cores and {escape(machine['memory'])}, "
        f"{escape(machine['system'])}, Linux {escape(machine['kernel'])}, over loopback. The server on core {pinned['server']}, the "
        f"generator on core {pinned['generator']}. {settings['rounds']} rounds; in each, every case is run against all servers in turn, "
        f"{settings['seconds']:g} s after {settings['warmup']:g} s of warm-up, each time with a new process. Nothing is compressed, "
        "every server sends without delay (TCP_NODELAY), and each must first have echoed and broadcast rightly, up to 16 MiB. Ratios are formed "
        "in each round, from runs that lie seconds apart, and the median is shown.</p>"
        f"{refused}<div class=scroll><table style='width:auto'><tbody>{versions}</tbody></table></div>"
        f"<pre>make bench-peers\n\n# for one case, what that runs:\nws101 bench ws://127.0.0.1:PORT{case.path} {' '.join(case.arguments())} "
        f"--seconds {settings['seconds'] * 1000:.0f}ms --warmup {settings['warmup'] * 1000:.0f}ms --pid PID --json</pre>")


def page(results):
    data = Figures(results)
    with open(os.path.join(HERE, "style.css"), encoding="utf-8") as file:
        style = file.read()
    parts = [
        part_cpu(data), part_throughput(data), part_latency(data), part_memory(data),
        part_curve(data, "connections", "From 10 to 15,000 connections",
                   "One message of 20 bytes in flight on each. With more connections fewer messages share a turn of the loop's cache; "
                   "what the limit itself grows by is the machine's and the kernel's part.",
                   lambda case: case.flags["connections"], "connections", lambda value: f"{value:,}"),
        part_curve(data, "sizes", "From 16 bytes to 1 MiB",
                   "From some kilobytes on copying is what costs: the kernel copies a message in and out, and a server that copies once more "
                   "shows it. From 1 MiB on there are 10 connections instead of 100.",
                   lambda case: case.flags["size"], "bytes in a message", readable),
        part_ahead(data), part_method(data)]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>ws101, measured</title><style>{style}</style><main><h1>What a WebSocket server costs</h1>"
        "<p class=lede>ws101, the servers that people would pick instead, and a bare TCP server that does nothing but the system calls: "
        f"the limit. Measured on <span style='white-space:nowrap'>{escape(results['date'])}</span>.</p>{tiles(data)}{''.join(parts)}</main></html>\n")


# ---- The short copy

def readme_table(results):
    data = Figures(results)
    names = data.servers
    lines = ["| CPU × the limit | " + " | ".join(title(name) for name in peers(data)) + " |",
             "|---|" + "---|" * len(peers(data))]
    for case in data.group("messages"):
        cells = [times(value.middle) if (value := data.ratio(case.key, name)) else "–" for name in peers(data)]
        lines.append(f"| {case.title} | " + " | ".join(cells) + " |")
    lines += ["", "| | " + " | ".join(title(name) for name in names) + " |", "|---|" + "---|" * len(names)]
    for words, key, figure, write in (("echoes of 20 B a second", "echo-20", figures.rate, short),
                                      ("the same, 16 in flight", "echo-20-deep", figures.rate, short),
                                      ("p99 at 20,000 a second", "rate-20000", figures.p99, microseconds),
                                      ("memory of an idle connection", "idle", figures.memory, sized)):
        cells = [write(value.middle) if (value := data.figure(key, name, figure)) else "–" for name in names]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_figures(text, results):
    """The README with these figures between its two marks."""
    machine = results["machine"]
    about = (f"{results['date']}, {machine['processor']}, {machine['cores']} cores, {machine['system']}, Linux {machine['kernel']}; "
             f"medians of {results['settings']['rounds']} rounds.")
    return re.sub(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)",
                  lambda _: f"\n![Processor time for an echo of 20 bytes against the limit](plot.svg)\n\n{about}\n\n{readme_table(results)}\n\n", text, flags=re.S)


def readme_plot(results):
    data = Figures(results)
    rows = rows_of(data, lambda name: data.ratio("echo-20", name), peers(data))
    drawn = plots.dots([(*row, data.fault("echo-20", row[0])) for row in rows], "CPU for an echo of 20 bytes, × the limit", True,
                       times, 1.0)
    with open(os.path.join(HERE, "style.css"), encoding="utf-8") as file:
        style = file.read()
    # As a picture it has its own ground, and no page around it that would size it.
    height = drawn.split('viewBox="0 0 ')[1].split('"')[0].split()[1]
    return (drawn.replace("<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" width="{plots.WIDTH}" height="{height}" ', 1)
            .replace("</title>", f"</title><style>{style}</style><rect width='100%' height='100%' style='fill:var(--card)'/>", 1))


def main():
    words = [word for word in sys.argv[1:] if word != "--readme"]
    source = words[0] if words else os.path.join(BUILT, "results.json")
    with open(source, encoding="utf-8") as file:
        results = json.load(file)
    if "--readme" in sys.argv:
        readme = os.path.join(HERE, "README.md")
        with open(readme, encoding="utf-8") as file:
            text = with_figures(file.read(), results)
        for path, words in ((readme, text), (os.path.join(HERE, "plot.svg"), readme_plot(results))):
            with open(path, "w", encoding="utf-8") as file:
                file.write(words)
        return
    target = os.path.join(os.path.dirname(os.path.abspath(source)), "report.html")
    with open(target, "w", encoding="utf-8") as file:
        file.write(page(results))
    print(os.path.relpath(target, ROOT))


if __name__ == "__main__":
    main()
