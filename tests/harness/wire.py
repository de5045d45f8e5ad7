"""A client that says exactly the bytes it is told to, and shows exactly those it hears."""

import random
import socket
import ssl

CHUNK = 65536


def new_source():
    """A loopback address that nobody else uses."""
    return "127." + ".".join(str(random.randrange(1, 255)) for _ in range(3))


class Closed(Exception):
    """The server closed the connection; args[0] is what was received and not yet read."""


class Wire:
    """One connection to (host, port).  context: TLS from the first byte.

    source: a loopback address to come from; failed logins are counted by it.
    """

    def __init__(self, address, context=None, timeout=20.0, source=None):
        self.socket = socket.create_connection(address, timeout, source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if context is not None:
            self.start_tls(context)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start_tls(self, context):
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def close(self):
        self.socket.close()

    def finish(self):
        """Say that nothing more comes; what the server says can still be heard."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Close so that the peer sees the connection reset, not ended."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("utf-8")
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLEOFError) as error:
            raise Closed(self.buffer) from error

    def fill(self):
        """Wait for more bytes."""
        try:
            data = self.socket.recv(CHUNK)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise Closed(self.buffer) from error
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def line(self):
        """The next line, without its CRLF."""
        while b"\r\n" not in self.buffer:
            self.fill()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def exactly(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def until(self, end):
        """Everything up to and with end."""
        while end not in self.buffer:
            self.fill()
        at = self.buffer.index(end) + len(end)
        data, self.buffer = self.buffer[:at], self.buffer[at:]
        return data

    def rest(self):
        """Everything up to the end of the connection."""
        try:
            while True:
                self.fill()
        except Closed:
            data, self.buffer = self.buffer, b""
            return data

    def is_closed(self):
        """True when the server closed and sent nothing more."""
        return self.rest() == b""

    # SMTP

    def reply(self):
        """One SMTP reply: (code, text of all lines)."""
        lines = []
        while True:
            line = self.line()
            lines.append(line[4:].decode("ascii"))
            if line[3:4] != b"-":
                return int(line[:3]), "\n".join(lines)

    def command(self, text):
        """Say one SMTP command and hear its reply."""
        self.send((text.encode("utf-8") if isinstance(text, str) else text) + b"\r\n")
        return self.reply()

    def expect(self, code, text):
        """Say one SMTP command; its reply has to have this code.  Gives its text."""
        got, said = self.command(text)
        assert got == code, f"{text!r}: {got} {said}, not {code}"
        return said
