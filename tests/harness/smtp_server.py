"""An SMTP server for tests: takes everything and remembers it, or behaves as badly as told.

    with SmtpServer() as server:                 port: server.port
        server.messages        [(sender, [recipients], text)] in the order they came
        server.times           when each of them was whole, by the monotonic clock
        server.behaviour = "drop_after_dot"      from now on; see BEHAVIOURS
"""

import socket
import socketserver
import threading
import time

ADDRESS = "127.0.0.1"
GREETING = b"220 sink.test\r\n"
EHLO = b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n"


class Hangup(Exception):
    """This connection is to be closed now."""


def _say(reply):
    """Say that, and go on if somebody listens."""
    def say(session):
        session.send(reply)
    return say


def _say_and_hang_up(reply):
    def say(session):
        session.send(reply)
        raise Hangup
    return say


def _flood(line):
    """Say it until the other side has enough."""
    def flood(session):
        for _ in range(20000):
            session.send(line)
        raise Hangup
    return flood


def _mute(session):
    """Say nothing until the client goes."""
    while session.request.recv(65536):
        pass
    raise Hangup


def _noise(session):
    """Agree to TLS, and answer the hello with something else."""
    session.send(b"220 go\r\n")
    session.request.recv(65536)
    session.send(b"250 what?\r\n")
    raise Hangup


OFFER_TLS = _say(b"250-sink.test\r\n250 STARTTLS\r\n")

# {behaviour: {what is being answered: how}}.  What is not named is answered as it should be.
BEHAVIOURS = {
    "good": {},
    "no_text": {"greeting": _say(b"220\r\n"), "MAIL": _say(b"250\r\n"),
                "RCPT": _say(b"250\r\n"), "text": _say(b"250\r\n")},
    "cut_greeting": {"greeting": _say_and_hang_up(b"220-")},
    "no_greeting": {"greeting": _say_and_hang_up(b"")},
    "busy": {"greeting": _say_and_hang_up(b"421 4.3.2 too busy\r\n")},
    "long_line": {"greeting": _flood(b"2" * 100000)},
    "endless_reply": {"EHLO": _flood(b"250-and more\r\n")},
    "endless_refusal": {"RCPT": _flood(b"599-words\r\n")},
    "nul": {"RCPT": _say_and_hang_up(b"550 5.1.\x001 no\x00body\r\n")},
    "escape": {"text": _say(b"451 4.0.0 \x1b[2J\x07\xff%n%s\r\n")},
    "no_smtp": {"greeting": _say_and_hang_up(b"HTTP/1.1 200 OK\r\n\r\n")},
    "drop_at_ehlo": {"EHLO": _say_and_hang_up(b"")},
    "drop_behind_ehlo": {"EHLO": _say_and_hang_up(EHLO)},
    "drop_at_mail": {"MAIL": _say_and_hang_up(b"")},
    "drop_at_rcpt": {"RCPT": _say_and_hang_up(b"25")},
    "drop_at_data": {"DATA": _say_and_hang_up(b"")},
    "drop_in_text": {"DATA": _say_and_hang_up(b"354 go\r\n")},
    "drop_after_dot": {"text": _say_and_hang_up(b"")},
    "half_after_dot": {"text": _say_and_hang_up(b"250-tak")},
    "garbage_after_dot": {"text": _say(b"taken\r\n")},
    "mute_after_dot": {"text": _mute},
    "mute": {"greeting": _mute},
    "refuse": {"RCPT": _say(b"550 5.1.1 nobody of that name\r\n")},
    "later": {"RCPT": _say(b"451 4.7.1 greylisted\r\n")},
    "seven_bit": {"EHLO": _say(b"250-sink.test\r\n250 PIPELINING\r\n")},
    "injected_tls": {"EHLO": OFFER_TLS, "STARTTLS": _say(b"220 go\r\n250 evil\r\n")},
    "refused_tls": {"EHLO": OFFER_TLS, "STARTTLS": _say(b"454 4.7.0 not now\r\n")},
    "noisy_tls": {"EHLO": OFFER_TLS, "STARTTLS": _noise},
    "dropped_tls": {"EHLO": OFFER_TLS, "STARTTLS": _say_and_hang_up(b"220 go\r\n")},
}


class _Session(socketserver.BaseRequestHandler):
    def setup(self):
        self.request.settimeout(60)
        self.input = b""
        self.sender, self.recipients = "", []

    def send(self, data):
        self.request.sendall(data)

    def answer(self, what, usual):
        self.server.options.heard.append(what)
        how = BEHAVIOURS[self.server.options.behaviour].get(what)
        if how is None:
            self.send(usual)
        else:
            how(self)

    def until(self, end):
        while end not in self.input:
            data = self.request.recv(65536)
            if not data:
                raise Hangup
            self.input += data
        text, self.input = self.input.split(end, 1)
        return text

    def take_text(self):
        self.answer("DATA", b"354 go\r\n")
        # The dot of an empty text stands at once.
        self.input = b"\r\n" + self.input
        text = self.until(b"\r\n.\r\n")[2:] + b"\r\n"
        if self.recipients:
            self.server.options.times.append(time.monotonic())
            self.server.options.messages.append(
                (self.sender, list(self.recipients), text.replace(b"\r\n..", b"\r\n.")))
        self.answer("text", b"250 2.0.0 taken\r\n")

    def take(self, line):
        verb = line.split(b" ")[0].upper().decode("ascii", "replace")
        argument = line.split(b"<", 1)[-1].split(b">")[0].decode("utf-8", "replace")
        if verb == "DATA":
            self.take_text()
            return
        if verb == "MAIL":
            self.sender, self.recipients = argument, []
        if verb == "RCPT":
            self.recipients.append(argument)
        self.answer(verb, {"EHLO": EHLO, "QUIT": b"221 bye\r\n"}.get(verb, b"250 2.0.0 ok\r\n"))
        if verb == "QUIT":
            raise Hangup

    def handle(self):
        self.server.options.connections += 1
        try:
            self.answer("greeting", GREETING)
            while True:
                self.take(self.until(b"\r\n"))
        except (Hangup, OSError):
            pass


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class SmtpServer:
    def __init__(self, behaviour="good"):
        self.behaviour = behaviour
        self.messages = []
        self.times = []
        self.heard = []
        self.connections = 0
        self.server = _Server((ADDRESS, 0), _Session)
        self.server.options = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self):
        return self.server.server_address[1]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def refused_port():
    """A port where nobody listens."""
    with socket.socket() as s:
        s.bind((ADDRESS, 0))
        return s.getsockname()[1]
