"""The servers that are compared: what each is, how it starts, and that it echoes and broadcasts what it should.

    with Running(SERVERS["beast"]) as server:
        ... server.port, server.pid ...
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass

import websockets

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.path.join(ROOT, "build/bench")
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Kind:
    name: str
    title: str
    command: tuple  # the port is appended
    version: tuple  # a command whose first number is the version
    raw: bool = False  # speaks no WebSocket: the limit
    environment: tuple = ()


def package(name):
    return ("dpkg-query", "-W", "-f", "${Version}", name)


WS101 = os.path.join(ROOT, "build/ws101")
SERVERS = {kind.name: kind for kind in (
    # --listen takes the place of the port; the drain is short, for who is still connected at the end.
    Kind("ws101", "ws101", (WS101, "serve", "--log-level", "error", "--drain-timeout", "300ms", "--listen"),
         ("git", "-C", ROOT, "describe", "--always", "--dirty")),
    Kind("bare", "bare TCP (the limit)", (f"{BUILT}/bare",), ("echo", ""), raw=True),
    Kind("beast", "Boost.Beast", (f"{BUILT}/beast",), package("libboost-dev")),
    Kind("libwebsockets", "libwebsockets", (f"{BUILT}/libwebsockets",), package("libwebsockets-dev")),
    Kind("websocketpp", "websocketpp", (f"{BUILT}/websocketpp",), package("libwebsocketpp-dev")),
    Kind("gorilla", "gorilla/websocket", (f"{BUILT}/gorilla",), package("golang-github-gorilla-websocket-dev")),
    Kind("node", "Node.js ws", ("node", f"{ROOT}/build/npm/node_ws.mjs"),
         ("node", "-p", f"require('{ROOT}/build/npm/node_modules/ws/package.json').version")),
    Kind("python", "python3-websockets", (PYTHON, f"{ROOT}/bench/peers/python_websockets.py"),
         package("python3-websockets")),
)}


def version(kind):
    try:
        text = subprocess.run(kind.version, capture_output=True, text=True, timeout=10, check=False).stdout
    except OSError:
        return ""
    return re.sub(r"^\d+:|[-+]\d+(\.\d+)*$", "", text.strip())


class Running:
    """One server as a child process on a port of the system's choice, pinned to a core if one is named."""

    def __init__(self, kind, core=None, wrapper=()):
        pinned = () if core is None else ("taskset", "-c", str(core))
        place = "127.0.0.1:0" if kind.name == "ws101" else "0"
        self.kind = kind
        self.process = subprocess.Popen([*pinned, *wrapper, *kind.command, place], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        port = re.match(r"listening on (?:http://\S+:)?(\d+)", line)
        if not port:
            self.stop()
            raise RuntimeError(f"{kind.title} does not listen; it said {line!r}")
        self.port = int(port[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def url(self, path):
        return f"ws://127.0.0.1:{self.port}{path}"


# ---- A server that is not right is not measured

async def echoes(server):
    async with websockets.connect(server.url("/echo"), compression=None, max_size=None, ping_interval=None) as client:
        for message in ("h\u00e9llo", b"", b"x" * 126, "y" * 70_000, os.urandom(1 << 20), os.urandom(16 << 20)):
            await client.send(message)
            if await client.recv() != message:
                return f"a message of {len(message)} came back as another"
        many = [bytes([number]) * 20 for number in range(200)]
        for message in many:
            await client.send(message)
        if [await client.recv() for _ in many] != many:
            return "many messages at once came back as others"
        return None


async def broadcasts(server):
    clients = [await websockets.connect(server.url("/broadcast"), compression=None, ping_interval=None)
               for _ in range(5)]
    try:
        for message in ("to everybody", b"z" * 3000):
            # A server may count a client in a moment after its handshake is done.
            await asyncio.sleep(0.05)
            await clients[0].send(message)
            for client in clients:
                if await asyncio.wait_for(client.recv(), 10) != message:
                    return "a broadcast is not what was sent"
        return None
    finally:
        for client in clients:
            await client.close()


def raw_echo(server):
    """The bare server: what was sent comes back, byte by byte, also more than a socket takes."""
    import socket
    import threading

    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        sent = os.urandom(24 << 20)
        sender = threading.Thread(target=client.sendall, args=(sent,))
        sender.start()
        back = bytearray()
        while len(back) < len(sent):
            piece = client.recv(1 << 20)
            if not piece:
                break
            back += piece
        sender.join()
        return None if bytes(back) == sent else "bytes were lost"


def fault(kind):
    """What is wrong with it, or nothing."""
    with Running(kind) as server:
        if kind.raw:
            return raw_echo(server)
        return asyncio.run(echoes(server)) or asyncio.run(broadcasts(server))


def main():
    chosen = sys.argv[1:] or list(SERVERS)
    wrong = 0
    for name in chosen:
        found = fault(SERVERS[name])
        print(f"{'not ok' if found else 'ok'} {SERVERS[name].title} {version(SERVERS[name])}{': ' + found if found else ''}",
              flush=True)
        wrong += bool(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
