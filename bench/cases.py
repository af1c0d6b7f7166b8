"""What is measured: one case is one run of `ws101 bench` against each server. The report shows the same cases."""

from dataclasses import dataclass, field

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Case:
    key: str
    title: str
    mode: str = "echo"
    flags: dict = field(default_factory=dict)
    group: str = "messages"  # the part of the report that shows it
    target: float | None = None  # CPU against the limit, at most

    @property
    def path(self):
        return "/broadcast" if self.mode == "broadcast" else "/echo"

    def arguments(self):
        words = ["--mode", self.mode]
        for name, value in self.flags.items():
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        return words


def echo(key, title, connections, size, depth=1, group="messages", target=None, **more):
    return Case(key, title, "echo", {"connections": connections, "size": size, "depth": depth, **more}, group, target)


def broadcast(connections, size, title, target):
    return Case(f"broadcast-{size}-{connections}", title, "broadcast",
                {"connections": connections, "size": size, "depth": 1}, "messages", target)


CONNECTIONS = (10, 100, 1_000, 5_000, 15_000)
SIZES = (16, 128, KIB, 8 * KIB, 64 * KIB, MIB)
RATES = (1_000, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000)


def connections_for(size):
    return 100 if size <= 64 * KIB else 10


def readable(size):
    return f"{size} B" if size < KIB else f"{size // KIB} KiB" if size < MIB else f"{size // MIB} MiB"


CASES = [
    echo("echo-20", "echo of 20 B", 100, 20, target=1.05),
    echo("echo-20-deep", "echo of 20 B, 16 in flight", 100, 20, 16, target=1.06),
    echo("echo-20-text", "echo of 20 B of text", 100, 20, text=True),
    echo("echo-1k", "echo of 1 KiB", 100, KIB, target=1.03),
    echo("echo-1k-text", "echo of 1 KiB of text", 100, KIB, target=1.05, text=True),
    echo("echo-16k", "echo of 16 KiB", 100, 16 * KIB, target=1.05),
    echo("echo-1m", "echo of 1 MiB", 10, MIB, target=1.30),
    broadcast(1_000, 64, "broadcast of 64 B to 1,000", 1.05),
    broadcast(5_000, 64, "broadcast of 64 B to 5,000", 1.05),
    broadcast(1_000, KIB, "broadcast of 1 KiB to 1,000", 1.05),
    Case("handshake", "handshake: connect, upgrade, close", "handshake", {"depth": 50}, "messages", 1.10),
    Case("idle", "10,000 idle connections", "idle", {"connections": 10_000}, "idle"),
    *(echo(f"connections-{count}", f"20 B, {count:,} connections", count, 20, group="connections")
      for count in CONNECTIONS),
    *(echo(f"size-{size}", f"{readable(size)}, {connections_for(size)} connections", connections_for(size), size,
           group="sizes") for size in SIZES),
    *(echo(f"rate-{rate}", f"20 B, {rate:,} messages a second", 100, 20, 16, group="latency", rate=rate)
      for rate in RATES),
]
BY_KEY = {case.key: case for case in CASES}
