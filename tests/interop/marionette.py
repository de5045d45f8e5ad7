"""Marionette, the remote protocol built into Thunderbird."""

import json
import socket


class ThunderbirdError(Exception):
    """The client could not do what was asked; str() says what it reported."""


class Marionette:
    """Marionette's wire protocol: "LENGTH:JSON", [0, id, command, parameters] answered by
    [1, id, error, result]. One connection, one command at a time."""

    def __init__(self, port, timeout=60):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.buffer = b""
        self.last_id = 0
        self.hello = self._receive()

    def _receive(self):
        while b":" not in self.buffer:
            self._more()
        length, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) < int(length):
            self._more()
        packet, self.buffer = self.buffer[: int(length)], self.buffer[int(length):]
        return json.loads(packet)

    def _more(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise ThunderbirdError("Thunderbird closed the Marionette connection")
        self.buffer += piece

    def call(self, command, parameters=None, timeout=60):
        self.last_id += 1
        packet = json.dumps([0, self.last_id, command, parameters or {}]).encode()
        self.sock.settimeout(timeout)
        try:
            self.sock.sendall(b"%d:%s" % (len(packet), packet))
            while True:
                kind, number, error, result = self._receive()
                if kind == 1 and number == self.last_id:
                    break
        except socket.timeout:
            raise ThunderbirdError(f"no answer to {command} in {timeout} s") from None
        if error:
            raise ThunderbirdError(f"{error.get('error')}: {error.get('message')}")
        return result

    def close(self):
        self.sock.close()
