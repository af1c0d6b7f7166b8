"""A server with one caller at a time, written by hand: it does what it is told, also what a server must not do."""

import base64
import hashlib
import re
import socket
import struct

from harness import DEADLINE, Failure, expect
from wire import CLOSE, TEXT, Frame, apply_mask, frame

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3


class Host:
    def __init__(self, port=0):
        self.listening = socket.create_server(("127.0.0.1", port))
        self.listening.settimeout(DEADLINE)
        self.port = self.listening.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/here"
        self.socket = None
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()
        self.listening.close()

    def hang_up(self):
        if self.socket:
            self.socket.close()

    def take_request(self):
        self.hang_up()
        self.socket = self.listening.accept()[0]
        self.socket.settimeout(DEADLINE)
        self.received = b""
        while b"\r\n\r\n" not in self.received:
            self._more()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        return head.decode()

    def accept(self, key=None, fields=""):
        head = self.take_request()
        key = key or re.search(r"Sec-WebSocket-Key: (\S+)", head)[1]
        accept = base64.b64encode(hashlib.sha1(key.encode() + ACCEPT_GUID).digest()).decode()
        self.send(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{fields}"
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
        return Frame(first & 0x0F, apply_mask(self._take(size), key))

    def text(self, payload):
        self.send(frame(TEXT, payload.encode(), key=None))

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
