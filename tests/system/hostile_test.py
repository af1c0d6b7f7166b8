"""Bad input never touches another connection: while each hostile peer does its worst, a healthy one goes on echoing.

What is sent wrong, and with which close code it ends, is the conformance tests' matter; here only the neighbours count,
and that the server is whole afterwards: the same descriptors, the same memory, status 0.
"""

import contextlib
import os
import random
import threading
import time

from harness import DEADLINE, SANITIZED, expect, main, note, test
from server import Server
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, WOULD_BLOCK, close_frame, Peer, frame, header, request


class Neighbour:
    """Echoes without a pause on a connection of its own, and knows how long it had to wait for one."""

    def __init__(self, server):
        self.peer = Peer(server.port).upgrade("/echo")
        self.echoes, self.longest, self.failure = 0, 0.0, None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.stopping.is_set():
                started = time.monotonic()
                self.peer.echo(os.urandom(random.choice((0, 1, 20, 200, 70_000))))
                self.echoes += 1
                self.longest = max(self.longest, time.monotonic() - started)
        except Exception as error:  # it is told to whoever waits for the thread
            self.failure = error

    def wait_for_echoes(self, count):
        """Whatever is going on, it is served."""
        wanted, end = self.echoes + count, time.monotonic() + DEADLINE
        while self.echoes < wanted and not self.failure:
            expect(time.monotonic() < end, f"only {self.echoes} of {wanted} echoes came")
            time.sleep(0.001)
        if self.failure:
            raise self.failure

    def stop(self):
        self.stopping.set()
        self.thread.join(DEADLINE)
        self.peer.close()
        if self.failure:
            raise self.failure


@contextlib.contextmanager
def neighbourhood(*flags):
    with Server(*flags, log_level="error") as server:
        before = server.descriptors()
        neighbour = Neighbour(server)
        neighbour.wait_for_echoes(5)
        yield server, neighbour
        neighbour.wait_for_echoes(20)
        neighbour.stop()
        server.wait_for_descriptors(before)
        note(f"the neighbour: {neighbour.echoes} echoes, the longest took {neighbour.longest * 1000:.0f} ms")


def provoke(server, data, times=3):
    """Sends it and hears what comes until the end; the server may well hang up in the middle of it."""
    for _ in range(times):
        with Peer(server.port) as peer:
            try:
                peer.send(data)
                peer.socket.shutdown(1)
            except (BrokenPipeError, ConnectionResetError, OSError):
                pass
            peer.rest()


BAD_HEADS = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS ClientHello
    b"\0" * 10_000,
    b"\xff" * 100_000,
    b"\r\n" * 50_000,
    b"GET",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100_000,
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000,
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    request(Sec_WebSocket_Key="=" * 8000),
    request(Sec_WebSocket_Protocol=", ".join(f"p{number}" for number in range(1500))),
    request(Sec_WebSocket_Extensions="a; b" * 3000),
    request("/ws?" + "&".join(["period"] * 1500)),
    request("/ws?period=" + "9" * 8000),
    request("/%00%0d%0aX:y"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]

BAD_FRAMES = [
    frame(TEXT, b"not masked", key=None),
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x00" * 1000,
    b"\xff" * 1000,
    header(BINARY, 1 << 62),
    header(BINARY, (1 << 63) | 5)[:14],
    b"\x82\xfe\x00\x05" + b"\0" * 9,  # five bytes, and their length in the longer form
    header(BINARY, (16 << 20) + 1) + b"x" * 100_000,
    frame(CONTINUATION, b"of nothing"),
    frame(TEXT, b"a", final=False) + frame(TEXT, b"b"),
    frame(PING, b"x" * 126),
    frame(PING, b"x", final=False),
    frame(TEXT, b"\xc3\x28"),
    frame(TEXT, b"\xed\xa0\x80", final=False),
    frame(CLOSE, b"\x03"),
    close_frame(1005),
    close_frame(1000, b"\xff\xff"),
    close_frame() + frame(TEXT, b"after the end") * 1000,
    frame(3, b""), frame(11, b""),
    b"\xc1\x80\0\0\0\0", b"\xa1\x80\0\0\0\0", b"\x91\x80\0\0\0\0",
    frame(PONG, b"never asked for") * 10_000,
    frame(TEXT, b"", final=False) + frame(CONTINUATION, b"", final=False) * 140_000,
]


@test
def requests_that_are_none_touch_nobody():
    with neighbourhood() as (server, neighbour):
        for data in BAD_HEADS:
            provoke(server, data)
            neighbour.wait_for_echoes(1)


@test
def frames_that_break_rules_touch_nobody():
    with neighbourhood() as (server, neighbour):
        for path in ("/echo", "/ws"):
            for data in BAD_FRAMES:
                provoke(server, request(path) + data)
                neighbour.wait_for_echoes(1)


@test
def noise_touches_nobody():
    noise = random.Random(101)
    with neighbourhood() as (server, neighbour):
        for _ in range(100):
            provoke(server, noise.randbytes(noise.randrange(1, 3000)), times=1)
            provoke(server, request() + noise.randbytes(noise.randrange(1, 3000)), times=1)
            # Sound frames with one byte changed.
            data = bytearray(b"".join(frame(noise.choice((TEXT, BINARY, PING)), noise.randbytes(noise.randrange(100)))
                                      for _ in range(20)))
            data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
            provoke(server, request() + bytes(data), times=1)
        neighbour.wait_for_echoes(1)


@test
def a_flood_starves_nobody():
    floods = [frame(BINARY, b"") * 5000, frame(PING, b"") * 5000, frame(BINARY, b"x" * 60_000) * 4,
              frame(TEXT, b"", final=False) + frame(CONTINUATION, b"", final=False) * 5000 + frame(CONTINUATION, b"")]
    with neighbourhood("--ping-interval", "off") as (server, neighbour):
        stopping = threading.Event()

        def flood(data):
            with Peer(server.port) as peer:
                peer.upgrade()
                reader = threading.Thread(target=peer.rest, daemon=True)
                reader.start()
                while not stopping.is_set():
                    peer.send(data)
                peer.socket.shutdown(2)
                reader.join(DEADLINE)

        threads = [threading.Thread(target=flood, args=(data,), daemon=True) for data in floods]
        for thread in threads:
            thread.start()
        neighbour.wait_for_echoes(30 if SANITIZED else 100)
        stopping.set()
        for thread in threads:
            thread.join(DEADLINE)
            expect(not thread.is_alive(), "a flood does not end")


@test
def peers_that_read_nothing_starve_nobody():
    with neighbourhood() as (server, neighbour):
        stuck = [Peer(server.port, receive_buffer=4096).upgrade() for _ in range(20)]
        block = frame(BINARY, b"x" * 60_000)
        for peer in stuck:
            peer.socket.setblocking(False)
            with contextlib.suppress(*WOULD_BLOCK):
                while True:
                    peer.socket.send(block)
            neighbour.wait_for_echoes(1)
        neighbour.wait_for_echoes(50)
        for peer in stuck:
            peer.close()


@test
def connections_that_come_and_go_touch_nobody():
    with neighbourhood() as (server, neighbour):
        for number in range(300):
            data = (request() + frame(BINARY, b"x" * 300))[:number * 3 % 500]
            peer = Peer(server.port)
            if data:
                peer.send(data)
            (peer.reset if number % 2 else peer.close)()
        neighbour.wait_for_echoes(1)


main()
