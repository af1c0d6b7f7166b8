"""A client that does what it is told, byte by byte: requests, frames, half of either, or silence.

The well-behaved clients of other projects are used where good behaviour is what is tested; this one is for the rest.

WS101_WIRE=tls in the environment runs the same tests over TLS: each Peer is wrapped, and each Server and each Host listens
for it. With `shared` or `dedicated` in it they compress so, and our clients and those of other projects ask for it.
"""

import atexit
import functools
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

from harness import DEADLINE, Failure, expect

_WIRE = os.environ.get("WS101_WIRE", "").split("-")
TLS = "tls" in _WIRE
COMPRESSION = "shared" if "shared" in _WIRE else "dedicated" if "dedicated" in _WIRE else None
SCHEME = "wss" if TLS else "ws"
# What a socket that does not block raises where it would.
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 1.3


def request(path="/echo", host="127.0.0.1", method="GET", version="HTTP/1.1", drop=(), **fields):
    """The head of a handshake. `drop` leaves fields out; underscores in the names of others stand for hyphens."""
    wanted = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY,
              "Sec-WebSocket-Version": "13"}
    wanted.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = [f"{name}: {value}" for name, value in wanted.items() if name not in drop]
    return "\r\n".join([f"{method} {path} {version}", *lines, "", ""]).encode()


def apply_mask(payload, key):
    size = len(payload)
    repeated = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")


def header(opcode, size, final=True, key=b"\x37\xfa\x21\x3d"):
    """RFC 6455 5.2: the header of a client's frame; without a key, of an unmasked one."""
    first, mask = opcode | (0x80 if final else 0), 0x80 if key else 0
    if size < 126:
        start = struct.pack("!BB", first, mask | size)
    elif size < 1 << 16:
        start = struct.pack("!BBH", first, mask | 126, size)
    else:
        start = struct.pack("!BBQ", first, mask | 127, size)
    return start + (key or b"")


def frame(opcode, payload=b"", final=True, key=b"\x37\xfa\x21\x3d"):
    return header(opcode, len(payload), final, key) + (apply_mask(payload, key) if key else payload)


def close_frame(code=1000, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


@dataclass
class Frame:
    opcode: int
    payload: bytes
    final: bool = True

    @property
    def close_code(self):
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else 1005


def once(function):
    """As functools.cache, for tests that run at the same time."""
    lock, cached = threading.Lock(), functools.cache(function)

    def guarded():
        with lock:
            return cached()
    return guarded


@once
def certificate():
    """A certificate for this machine that signs itself, and its key: (file, file)."""
    folder = tempfile.mkdtemp(prefix="ws101-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_certificate(folder, "server")


def make_certificate(folder, name, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    files = os.path.join(folder, f"{name}.pem"), os.path.join(folder, f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-keyout", files[1], "-out", files[0]], check=True, capture_output=True)
    return files


def listen_flags(*addresses):
    """What makes `ws101 serve` listen there on this wire."""
    pair = ("--tls-cert", certificate()[0], "--tls-key", certificate()[1]) if TLS and addresses else ()
    return [*pair, *(word for address in addresses for word in ("--tls-listen" if TLS else "--listen", address))]


@once
def client_context():
    return ssl.create_default_context(cafile=certificate()[0])


@once
def host_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate())
    return context


def client_flags(url, *given):
    """What our own clients must be told on this wire, unless it is among the flags that they are given."""
    trust = TLS and url.startswith(("wss:", "wss+unix:")) and not {"--ca", "--insecure"} & set(given)
    compress = COMPRESSION and "--compress" not in given
    return [*(("--ca", certificate()[0]) if trust else ()),
            *(("--compress", COMPRESSION, "--compress-min", "0") if compress else ())]


def believing_context():
    """For any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def family_of(address):
    return socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET


class Peer:
    """A blocking socket with a deadline. `where` is a port of 127.0.0.1, an address, or the path of a unix socket."""

    def __init__(self, where, receive_buffer=None, timeout=DEADLINE, secure=None, source=None, context=None):
        address = ("127.0.0.1", where) if isinstance(where, int) else where
        self.socket = socket.socket(family_of(address))
        self.received = bytearray()
        try:
            if receive_buffer:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if source:
                self.socket.bind((source, 0))
            self.socket.settimeout(timeout)
            self.socket.connect(address)
            if secure or (secure is None and TLS):
                if not isinstance(where, str):
                    self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.socket = (context or client_context()).wrap_socket(self.socket, server_hostname="localhost")
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *pieces):
        self.socket.sendall(b"".join(pieces))
        return self

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST and not with FIN: SO_LINGER of no time."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def name(self):
        host, port = self.socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    # ---- Reading

    def more(self):
        """Receives once; False at the end, however the end came."""
        try:
            piece = self.socket.recv(1 << 18)
        except WOULD_BLOCK:
            raise
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            return False
        except socket.timeout:
            raise Failure(f"nothing more came; so far {bytes(self.received[:200])!r}") from None
        self.received += piece
        return bool(piece)

    def pending(self):
        """Whether TLS has decrypted what was not received yet: select does not know of it."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def take(self, size):
        while len(self.received) < size:
            if not self.more():
                raise Failure(f"the connection ended where {size} bytes were wanted, behind {bytes(self.received)!r}")
        taken = bytes(self.received[:size])
        del self.received[:size]
        return taken

    def head(self):
        """The status and the whole text of a response's head."""
        while (end := self.received.find(b"\r\n\r\n")) < 0:
            if not self.more():
                raise Failure(f"the connection ended inside a response's head: {bytes(self.received)!r}")
        text = self.take(end + 4).decode("latin-1")
        return int(text.split(" ", 2)[1]), text

    def upgrade(self, path="/echo", **options):
        self.send(request(path, **options))
        status, text = self.head()
        expect(status == 101, lambda: f"the handshake was answered with {text!r} {bytes(self.received)!r}")
        return self

    def frame(self):
        first, second = self.take(2)
        size = second & 0x7F
        expect(second & 0x80 == 0, "a server must not mask (RFC 6455 5.1)")
        if size == 126:
            size = struct.unpack("!H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self.take(8))[0]
        return Frame(first & 0x0F, self.take(size), first & 0x80 != 0)

    def frame_of(self, opcode):
        """The next frame of that kind; others are passed over."""
        while (got := self.frame()).opcode != opcode:
            pass
        return got

    def rest(self):
        """Everything until the end of the connection, which must come."""
        end = time.monotonic() + DEADLINE
        while self.more():
            if time.monotonic() > end:
                raise Failure(f"the connection goes on; the last bytes are {bytes(self.received[-100:])!r}")
        rest = bytes(self.received)
        self.received.clear()
        return rest

    def echo(self, payload=b"still here", opcode=BINARY):
        self.send(frame(opcode, payload, key=os.urandom(4)))
        got = self.frame_of(opcode)
        expect(got.payload == payload, lambda: f"the echo of {payload[:80]!r} is {got.payload[:80]!r}")
