"""The program under test as a child process, and what Linux tells about it from outside.

    with Server("--period", "100ms") as server:
        ... server.port, server.log(), server.rss() ...

Leaving the block sends SIGTERM and expects exit status 0, which under the sanitizers also means: nothing leaked.
"""

import os
import re
import select
import signal
import subprocess
import tempfile
import time

import websockets

from harness import DEADLINE, SANITIZED, Failure, expect, expect_equal, wait_until
from wire import COMPRESSION, Peer, believing_context, certificate, client_context, listen_flags

ROOT = os.environ.get("WS101_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("WS101") or os.path.join(ROOT, "build/release/ws101")


def release_program():
    """Memory and instructions are those of what users run, not of a build with asserts or sanitizers."""
    chosen = os.environ.get("WS101_RELEASE")
    built = os.path.join(ROOT, "build/release/ws101")
    return chosen or (built if SANITIZED and os.path.exists(built) else PROGRAM)


def run(*arguments, program=None, **options):
    """Runs the program to its end, for what does not serve."""
    return subprocess.run([program or PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=DEADLINE, **options)


class Server:
    def __init__(self, *flags, listen=("127.0.0.1:0",), program=None, wrapper=(), prepare=None, environment=None,
                 pass_fds=(), log_level=None):
        command = [*wrapper, program or PROGRAM, "serve", *listen_flags(*listen)]
        if COMPRESSION and "--compress" not in flags:
            command += ["--compress", COMPRESSION, "--compress-min", "0"]
        if "--drain-timeout" not in flags:
            command += ["--drain-timeout", "300ms"]  # clients that a failed test forgot must not hold it up
        if log_level:
            command += ["--log-level", log_level]
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*command, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.errors, preexec_fn=prepare, pass_fds=pass_fds,
                                        env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        self.output = b""
        try:
            self.lines = self._read_announcements()
            self.secure = self.speaks_tls(self.lines[0])
            ports = [int(port) for port in re.findall(r"^listening on https?://\S+:(\d+) ", "\n".join(self.lines), re.M)]
            self.port = ports[0] if ports else None
            listening = len(self.lines) + len(pass_fds)
            wait_until(lambda: self._sockets() <= listening, "the connection that asked whether it serves is gone")
        except BaseException:
            self.kill()
            raise

    def _read_announcements(self):
        """All are printed before the first event is handled, so an answered request says that there are no more."""
        first = self._read_line()
        address = self.address_of(first)
        with Peer(address, secure=self.speaks_tls(first), context=believing_context()) as probe:
            probe.send(b"GET /healthz HTTP/1.0\r\n\r\n").rest()
        while select.select([self.process.stdout], [], [], 0)[0]:
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                break
            self.output += piece
        return [first, *self.output.decode().splitlines()]

    def _read_line(self):
        end = time.monotonic() + DEADLINE
        while b"\n" not in self.output:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                raise Failure(f"the server said nothing and {self._end()}; its log: {self.log()}")
            self.output += piece
        line, self.output = self.output.split(b"\n", 1)
        return line.decode()

    @staticmethod
    def speaks_tls(line):
        return "(WebSocket wss" in line

    @staticmethod
    def address_of(line):
        match = re.match(r"listening on unix:(\S+) ", line)
        if match:
            return match[1]
        match = re.match(r"listening on https?://(\S+):(\d+) ", line)
        expect(match, f"no address in the line {line!r}")
        host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(match[1], match[1].strip("[]"))
        return host, int(match[2])

    def _end(self):
        try:
            return f"ended with {self.process.wait(1)}"
        except subprocess.TimeoutExpired:
            return "still runs"

    def url(self, path="/", scheme="ws", host="127.0.0.1"):
        return f"{scheme}{'s' if self.secure else ''}://{host}:{self.port}{path}"

    def connect(self, path="/ws", **options):
        """A client of python3-websockets. Without bounds of its own: with a queue that is full it cannot see the answer
        to its Close frame."""
        chosen = {"max_size": None, "max_queue": None, "open_timeout": DEADLINE,
                  "compression": "deflate" if COMPRESSION else None, **options}
        return websockets.connect(self.url(path), ssl=client_context() if self.secure else None, **chosen)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            self.kill()
            if log := self.log():
                error.args = (f"{error}; the end of the server's log: {log[-1500:]!r}",)
            return
        self.stop()

    def stop(self, number=signal.SIGTERM):
        """Ends it, if it still runs, and holds that it ends well."""
        try:
            if self.process.poll() is None:
                self.process.send_signal(number)
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure("the server does not stop") from None
        log = self.log()
        self.kill()
        expect_equal(status, 0, f"the exit status (the log ends: {log[-1500:]!r})")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def log(self):
        # Never by seek: the open file is shared, so that would move the place at which the server writes.
        return os.pread(self.errors.fileno(), os.fstat(self.errors.fileno()).st_size, 0).decode("utf-8", "replace")

    def wait_for_log(self, pattern):
        return wait_until(lambda: re.search(pattern, self.log(), re.M),
                          lambda: f"{pattern!r} in the log {self.log()!r}")

    # ---- Seen from outside

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _sockets(self):
        count = 0
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                count += os.readlink(f"/proc/{self.pid}/fd/{name}").startswith("socket:")
            except FileNotFoundError:
                pass  # closed meanwhile
        return count

    def wait_for_descriptors(self, wanted):
        wait_until(lambda: self.descriptors() <= wanted,
                   lambda: f"{wanted} descriptors, there are {self.descriptors()}")

    def rss(self):
        """Bytes of memory that the process occupies now."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as file:
            return int(re.search(r"^Rss:\s+(\d+) kB", file.read(), re.M)[1]) * 1024

    def peak_rss(self):
        return self._status("VmHWM")

    def forget_peak_rss(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def _status(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.M)[1]) * 1024

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class TlsServer(Server):
    """Listens for TLS alone, whatever WS101_WIRE says; `pair` is (certificate, key)."""

    def __init__(self, *flags, pair=None, **options):
        self.pair = pair or certificate()
        super().__init__("--tls-listen", "127.0.0.1:0", "--tls-cert", self.pair[0], "--tls-key", self.pair[1], *flags,
                         listen=(), **options)
