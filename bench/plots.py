"""Plots as inline SVG: dots with their spread on one axis, and lines on two. Colours are classes, so that the page's
style makes them light or dark; nothing is loaded from anywhere."""

import math
from html import escape

WIDTH = 1000


def short(value):
    """3 significant digits, with k and M."""
    if value is None:
        return ""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit * 0.9995:
            return f"{value / limit:.3g}{unit}" if value / limit < 100 else f"{value / limit:.0f}{unit}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


class Scale:
    """From values to places, linear from 0 or logarithmic; with round ticks."""

    def __init__(self, low, high, start, end, logarithmic, from_zero=True):
        self.logarithmic = logarithmic
        if logarithmic:
            low, high = max(low, 1e-9), max(high, low * 1.5)
            self.low, self.high = math.log10(low), math.log10(high)
        else:
            self.low, self.high = (0 if from_zero else low), high or 1
        self.start, self.end = start, end

    def __call__(self, value):
        value = math.log10(max(value, 1e-9)) if self.logarithmic else value
        share = (value - self.low) / ((self.high - self.low) or 1)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self):
        if not self.logarithmic:
            raw = (self.high - self.low) / 5
            base = 10 ** math.floor(math.log10(raw))
            step = next(base * factor for factor in (1, 2, 5, 10) if base * factor >= raw)
            return [step * n for n in range(math.ceil(self.low / step), math.floor(self.high / step + 1e-9) + 1)]
        wide = self.high - self.low > 2.5
        ticks = [10.0 ** power * factor for power in range(math.floor(self.low), math.ceil(self.high) + 1)
                 for factor in ((1,) if wide else (1, 2, 5) if self.high - self.low > 0.7 else (1, 1.2, 1.5, 2, 3, 4, 5, 7))]
        return [tick for tick in ticks if self.low - 1e-9 <= math.log10(tick) <= self.high + 1e-9]


def svg(width, height, label, body):
    return (f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label, quote=True)}">'
            f'<title>{escape(label)}</title>{"".join(body)}</svg>')


def text(x, y, words, style="", anchor="start"):
    return f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def dots(rows, label, logarithmic=False, write=short, one=None, width=WIDTH):
    """A row for each server: (its class, its name, Figure or nothing, what to say if there is none).

    Linear axes begin at zero. `one` names the value that all others are compared with.
    """
    left, right, step = 190, 90, 30
    present = [figure for _, _, figure, _ in rows if figure]
    if not present:
        return "<p class=missing>Not measured.</p>"
    low = min(figure.low for figure in present)
    high = max(figure.high for figure in present)
    if one:
        low = min(low, one)
    height = step * len(rows) + 34
    scale = Scale(low / 1.04, high * 1.08, left, width - right, logarithmic)
    body = []
    for tick in scale.ticks():
        x = scale(tick)
        body += [f'<line x1="{x}" x2="{x}" y1="4" y2="{height - 26}" class="{"one" if tick == one else "grid"}"/>',
                 text(x, height - 8, write(tick), "tick", "middle")]
    for number, (style, name, figure, why) in enumerate(rows):
        y = step * number + 20
        body.append(text(left - 14, y + 5, name, f"name {style}", "end"))
        if not figure:
            body.append(text(left, y + 5, why or "not measured", "tick"))
            continue
        x = scale(figure.middle)
        origin = scale(one) if one else left if not logarithmic else None
        if origin is not None:
            body.append(f'<line x1="{origin}" x2="{x}" y1="{y}" y2="{y}" class="stem {style}"/>')
        body += [f'<line x1="{scale(figure.low)}" x2="{scale(figure.high)}" y1="{y}" y2="{y}" class="spread {style}"/>',
                 f'<circle cx="{x}" cy="{y}" r="6.5" class="dot {style}"><title>{escape(name)}: {write(figure.middle)} '
                 f'({write(figure.low)} to {write(figure.high)})</title></circle>',
                 text(max(x, scale(figure.high)) + 12, y + 5, write(figure.middle), f"value {style}")]
    return svg(width, height, label, body)


def apart(places, distance, low, high):
    """Moves labels so that no two are nearer than `distance`, each as little as may be."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, after in zip(order, order[1:]):
        moved[after] = max(moved[after], moved[before] + distance)
    ceiling = high
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - distance
    return [max(low, place) for place in moved]


def points(series, x, y, style, name, write_x, write_y):
    body = []
    middle = " ".join(f"{x(at)},{y(figure.middle)}" for at, figure, _ in series)
    if len(series) > 1 and any(figure.high > figure.low for _, figure, _ in series):
        band = [f"{x(at)},{y(figure.high)}" for at, figure, _ in series]
        band += [f"{x(at)},{y(figure.low)}" for at, figure, _ in reversed(series)]
        body.append(f'<polygon points="{" ".join(band)}" class="band {style}"/>')
    body.append(f'<polyline points="{middle}" class="line {style}"/>')
    for at, figure, hollow in series:
        said = f"{name}, {write_x(at)}: {write_y(figure.middle)} ({write_y(figure.low)} to {write_y(figure.high)})"
        said += f", {hollow}" if hollow else ""
        body.append(f'<circle cx="{x(at)}" cy="{y(figure.middle)}" r="4.5" class="dot {style}{" hollow" if hollow else ""}">'
                    f"<title>{escape(said)}</title></circle>")
    return body


def lines(series, label, x_name, y_name, log_y=True, write_x=short, write_y=short, from_zero=False, width=WIDTH, height=430,
          log_x=True):
    """`series`: (class, name, [(x, Figure, what is hollow about it or nothing)]). Their names stand at their ends."""
    series = [(style, name, line) for style, name, line in series if line]
    if not series:
        return "<p class=missing>Not measured.</p>"
    left, right, top, bottom = 66, 170, 30, 48
    every = [figure for _, _, line in series for _, figure, _ in line]
    xs = sorted({at for _, _, line in series for at, _, _ in line})
    x = Scale(xs[0], xs[-1], left, width - right, log_x, from_zero=False)
    y = Scale(min(f.low for f in every) / 1.1, max(f.high for f in every) * 1.1, height - bottom, top, log_y, from_zero)
    body = [text(left - 54, 14, y_name, "axis"), text((left + width - right) / 2, height - 6, x_name, "axis", "middle")]
    for tick in y.ticks():
        body += [f'<line x1="{left}" x2="{width - right}" y1="{y(tick)}" y2="{y(tick)}" class="grid"/>',
                 text(left - 10, y(tick) + 4, write_y(tick), "tick", "end")]
    for at in xs:
        body += [f'<line x1="{x(at)}" x2="{x(at)}" y1="{height - bottom}" y2="{height - bottom + 5}" class="grid"/>',
                 text(x(at), height - bottom + 20, write_x(at), "tick", "middle")]
    # Ours is drawn last, on top.
    for style, name, line in sorted(series, key=lambda one: one[0] == "ws101"):
        body += points(line, x, y, style, name, write_x, write_y)
    ends = apart([y(line[-1][1].middle) for _, _, line in series], 17, top, height - bottom)
    for (style, name, line), place in zip(series, ends):
        at = x(line[-1][0])
        body += [f'<path d="M{at + 7},{y(line[-1][1].middle)} L{width - right + 14},{place}" class="lead {style}"/>',
                 text(width - right + 19, place + 4.5, name, f"name {style}")]
    return svg(width, height, label, body)
