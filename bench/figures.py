"""From the runs to figures: medians over the rounds, how far they spread, and ratios to the limit round by round."""

from statistics import median

from cases import BY_KEY

LIMIT = "bare"


# Each takes what the load generator said of one run, its JSON.

def cpu(run):
    """Microseconds of the server's processor time for one message, delivery or handshake."""
    return run["server"]["cpu_us_each"]


def rate(run):
    """Messages, deliveries or handshakes in a second."""
    return run["per_second"]


def p50(run):
    return run["latency_us"]["p50"]


def p99(run):
    return run["latency_us"]["p99"]


def memory(run):
    """Bytes of the server's memory for one connection."""
    return run["server"]["memory_bytes_each"]


def share(run):
    """Of one core, in percent."""
    return run["server"]["cpu_percent"]


def generator(run):
    """What the load generator took of its core, in percent."""
    return run.get("client", {}).get("cpu_percent")


class Figure:
    """The values of one figure, one for each round."""

    def __init__(self, values):
        self.values = sorted(values)

    def __bool__(self):
        return bool(self.values)

    @property
    def middle(self):
        return median(self.values)

    @property
    def low(self):
        return self.values[0]

    @property
    def high(self):
        return self.values[-1]


class Figures:
    def __init__(self, results):
        self.results = results
        self.runs = {}
        for run in results["runs"]:
            self.runs.setdefault((run["case"], run["server"]), {})[run["round"]] = run["said"]
        named = [run["server"] for run in results["runs"]]
        self.servers = list(dict.fromkeys(["ws101", LIMIT, *results["versions"]]))
        self.servers = [name for name in self.servers if name in named]
        self.cases = [BY_KEY[key] for key in BY_KEY if any(case == key for case, _ in self.runs)]

    def group(self, name):
        return [case for case in self.cases if case.group == name]

    def _by_round(self, case, server, figure):
        values = {}
        for turn, run in self.runs.get((case, server), {}).items():
            if "fault" in run:
                continue
            value = figure(run)
            if value is not None and value > 0:
                values[turn] = value
        return values

    def figure(self, case, server, figure):
        return Figure(self._by_round(case, server, figure).values())

    def ratio(self, case, server, figure=cpu):
        """To the limit, each round to its own: the two runs lie seconds apart."""
        mine, limit = (self._by_round(case, name, figure) for name in (server, LIMIT))
        return Figure([value / limit[turn] for turn, value in mine.items() if turn in limit])

    def fault(self, case, server):
        """Why there is no figure, in the words of the first run that failed."""
        for run in self.runs.get((case, server), {}).values():
            if "fault" in run:
                return run["fault"]
        return None


def ahead_of_us(figures):
    """(case, figure's name, server, its value, ours): where another is better by more than both spread."""
    found = []
    looked_at = [("messages a second", rate, +1, ("messages", "connections", "sizes")), ("CPU", cpu, -1, ("messages",)),
                 ("p99 latency", p99, -1, ("latency",)), ("memory", memory, -1, ("idle",))]
    for name, figure, better, groups in looked_at:
        for case in figures.cases:
            ours = figures.figure(case.key, "ws101", figure)
            for server in figures.servers:
                theirs = figures.figure(case.key, server, figure)
                if server in ("ws101", LIMIT) or case.group not in groups or not ours or not theirs:
                    continue
                clear = theirs.low > ours.high if better > 0 else theirs.high < ours.low
                if clear and abs(theirs.middle / ours.middle - 1) > 0.02:
                    found.append((case, name, server, theirs.middle, ours.middle))
    return found
