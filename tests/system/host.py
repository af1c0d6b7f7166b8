"""A server with one caller at a time, written by hand: it does what it is told, also what a server must not do.

Over TLS its end is said by close_notify, as that of TCP is by FIN. Where WS101_WIRE compresses, it agrees to that and
compresses what text() sends; send() sends bytes as they are.
"""

import base64
import contextlib
import hashlib
import re
import socket
import ssl
import struct
import zlib

from harness import DEADLINE, Failure, expect
from wire import CLOSE, COMPRESSION, SCHEME, TEXT, TLS, Frame, apply_mask, frame, host_context

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3
COMPRESSED = 0x40  # the bit of a message's first frame (RFC 7692 6)
FLUSHED = b"\x00\x00\xff\xff"  # what a flush ends with, and a message leaves away (RFC 7692 7.2.1)


class Deflate:
    """Both directions of permessage-deflate. `shared` compresses each message by itself."""

    def __init__(self):
        takeover = "; server_no_context_takeover; client_no_context_takeover" if COMPRESSION == "shared" else ""
        self.field = f"Sec-WebSocket-Extensions: permessage-deflate{takeover}\r\n"
        self._forget()

    def _forget(self):
        self._deflater, self._inflater = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    def compress(self, payload):
        compressed = self._deflater.compress(payload) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        if COMPRESSION == "shared":
            self._forget()
        return compressed.removesuffix(FLUSHED)

    def decompress(self, payload):
        plain = self._inflater.decompress(payload + FLUSHED)
        if COMPRESSION == "shared":
            self._forget()
        return plain


class Host:
    def __init__(self, port=0):
        self.listening = socket.create_server(("127.0.0.1", port))
        self.listening.settimeout(DEADLINE)
        self.port = self.listening.getsockname()[1]
        self.url = f"{SCHEME}://127.0.0.1:{self.port}/here"
        self.socket = None
        self.deflate = None
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()
        self.listening.close()

    def hang_up(self):
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.settimeout(0)  # the client's close_notify is not waited for
            with contextlib.suppress(OSError):
                self.socket.unwrap()
        if self.socket:
            self.socket.close()
            self.socket = None

    def take_request(self):
        self.hang_up()
        self.socket = self.listening.accept()[0]
        self.socket.settimeout(DEADLINE)
        if TLS:
            self.socket = host_context().wrap_socket(self.socket, server_side=True)
        self.received = b""
        while b"\r\n\r\n" not in self.received:
            self._more()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        return head.decode()

    def accept(self, key=None, fields=""):
        head = self.take_request()
        key = key or re.search(r"Sec-WebSocket-Key: (\S+)", head)[1]
        self.deflate = Deflate() if COMPRESSION else None
        extension = self.deflate.field if self.deflate else ""
        accept = base64.b64encode(hashlib.sha1(key.encode() + ACCEPT_GUID).digest()).decode()
        self.send(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{fields}{extension}"
                  f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        return head

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise Failure(f"the client has gone, behind {self.received[:100]!r}")
        self.received += piece

    def _take(self, size):
        while len(self.received) < size:
            self._more()
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def frame(self):
        first, second = self._take(2)
        expect(second & 0x80, "a client must mask (RFC 6455 5.1)")
        size = second & 0x7F
        if size == 126:
            size = struct.unpack("!H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._take(8))[0]
        key = self._take(4)
        payload = apply_mask(self._take(size), key)
        return Frame(first & 0x0F, self.deflate.decompress(payload) if first & COMPRESSED else payload)

    def text(self, payload):
        payload = payload.encode()
        if not self.deflate:
            return self.send(frame(TEXT, payload, key=None))
        bare = frame(TEXT, self.deflate.compress(payload), key=None)
        return self.send(bytes([bare[0] | COMPRESSED]) + bare[1:])

    def answer_close(self):
        """The client closes: answers, ends TCP, and returns the client's frame."""
        while (got := self.frame()).opcode != CLOSE:
            pass
        self.send(frame(CLOSE, got.payload, key=None))
        self.hang_up()
        return got

    def close(self, payload):
        """A whole closing handshake, begun by us."""
        self.send(frame(CLOSE, payload, key=None))
        while self.frame().opcode != CLOSE:
            pass
        self.hang_up()
