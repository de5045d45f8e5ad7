"""A POP3 server for tests: small, correct unless told otherwise, and able to be hostile.

    with Pop3Server([b"From: a@b\\r\\n\\r\\nhello\\r\\n"], user="u", password="p") as server:
        ... connect to 127.0.0.1, server.port ...
    server.messages        what is left, as {uidl: text}
    server.commands        every command line heard, without secrets
"""

import base64
import hashlib
import socket
import socketserver
import ssl
import threading

ADDRESS = "127.0.0.1"
LINE_MAX = 4096


class Hangup(Exception):
    """This connection is to be closed now."""


def stuff(text):
    """A text as a multi-line answer: dots doubled, CRLF and a dot behind it."""
    if text.startswith(b"."):
        text = b"." + text
    text = text.replace(b"\r\n.", b"\r\n..")
    if text and not text.endswith(b"\r\n"):
        text += b"\r\n"
    return text + b".\r\n"


class Session(socketserver.BaseRequestHandler):
    """One connection.  A verb's own answer comes from cmd_VERB, or from server.script[VERB]."""

    def setup(self):
        self.options = self.server.options
        self.sock = self.request
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""
        self.sent = 0
        self.user = None
        self.is_open = False
        self.deleted = set()
        self.snapshot = []

    def handle(self):
        try:
            if self.options.tls == "implicit":
                self.start_tls()
            self.say(self.options.greeting)
            while True:
                self.take(self.line())
        except (Hangup, OSError):
            pass
        finally:
            try:
                self.sock.close()
            except OSError:
                pass

    def start_tls(self):
        self.sock = self.options.context.wrap_socket(self.sock, server_side=True)

    def line(self):
        while b"\n" not in self.input:
            data = self.sock.recv(65536)
            if not data or len(self.input) > LINE_MAX:
                raise Hangup
            self.input += data
        line, self.input = self.input.split(b"\n", 1)
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def say(self, data):
        """Send; the connection ends where options.break_at says."""
        if isinstance(data, str):
            data = data.encode() + b"\r\n"
        limit = self.options.break_at
        if limit is not None and self.sent + len(data) >= limit:
            data = data[:limit - self.sent]
            self.sock.sendall(data)
            raise Hangup
        self.sent += len(data)
        self.sock.sendall(data)

    def take(self, line):
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        secret = verb in ("PASS", "AUTH")
        self.options.commands.append(verb if secret else line)
        if verb in self.options.script:
            self.options.script[verb](self, argument)
        elif verb in self.options.without or not hasattr(self, f"cmd_{verb}"):
            self.say("-ERR unknown command")
        else:
            getattr(self, f"cmd_{verb}")(argument)

    # Before login

    def cmd_CAPA(self, _):
        capabilities = [word for word in ("TOP", "UIDL", "USER", "SASL PLAIN", "STLS")
                        if word.split()[0] not in self.options.without]
        if self.options.tls != "stls" or isinstance(self.sock, ssl.SSLSocket):
            capabilities = [word for word in capabilities if word != "STLS"]
        self.say("+OK\r\n" + "".join(f"{word}\r\n" for word in capabilities) + ".")

    def cmd_STLS(self, _):
        if self.options.tls != "stls":
            self.say("-ERR no TLS here")
            return
        self.say("+OK begin")
        self.start_tls()
        self.input = b""

    def cmd_USER(self, name):
        self.user = name
        self.say("+OK")

    def cmd_PASS(self, password):
        self.log_in(self.user, password)

    def cmd_AUTH(self, argument):
        mechanism, _, initial = argument.partition(" ")
        if "SASL" in self.options.without or mechanism.upper() != "PLAIN":
            self.say("-ERR no such mechanism")
            return
        if not initial:
            self.say("+ ")
            initial = self.line()
        _, user, password = base64.b64decode(initial).split(b"\0")
        self.log_in(user.decode(), password.decode())

    def log_in(self, user, password):
        if (user, password) != (self.options.user, self.options.password):
            self.say("-ERR [AUTH] wrong name or password")
            return
        with self.options.lock:
            self.snapshot = list(self.options.messages.items())
        self.is_open = True
        self.options.logins += 1
        self.say("+OK logged in")

    # After it

    def entry(self, argument):
        """(uidl, text) of a message number, or None after having said -ERR."""
        number = argument.split(" ")[0]
        if self.is_open and number.isdigit() and 1 <= int(number) <= len(self.snapshot) \
                and int(number) not in self.deleted:
            return self.snapshot[int(number) - 1]
        self.say("-ERR no such message")
        return None

    def listing(self, argument, value):
        if argument:
            entry = self.entry(argument)
            if entry is not None:
                self.say(f"+OK {argument} {value(*entry)}")
            return
        if not self.is_open:
            self.say("-ERR log in first")
            return
        lines = [f"{i} {value(*entry)}\r\n" for i, entry in enumerate(self.snapshot, 1)
                 if i not in self.deleted]
        self.say("+OK\r\n" + "".join(lines) + ".")

    def cmd_STAT(self, _):
        texts = [text for i, (_, text) in enumerate(self.snapshot, 1) if i not in self.deleted]
        self.say(f"+OK {len(texts)} {sum(map(len, texts))}")

    def cmd_LIST(self, argument):
        self.listing(argument, lambda uidl, text: len(text))

    def cmd_UIDL(self, argument):
        self.listing(argument, lambda uidl, text: uidl)

    def cmd_RETR(self, argument):
        entry = self.entry(argument)
        if entry is not None:
            self.options.retrieved.append(entry[0])
            self.say(f"+OK {len(entry[1])} octets")
            self.say(stuff(entry[1]))

    def cmd_DELE(self, argument):
        if self.entry(argument) is not None:
            self.deleted.add(int(argument))
            self.say("+OK")

    def cmd_NOOP(self, _):
        self.say("+OK")

    def cmd_RSET(self, _):
        self.deleted.clear()
        self.say("+OK")

    def cmd_QUIT(self, _):
        with self.options.lock:
            for number in self.deleted:
                self.options.messages.pop(self.snapshot[number - 1][0], None)
        self.say("+OK bye")
        raise Hangup


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """A session that fails is the peer's loss; tests look at what the peer saw."""


class Pop3Server:
    """messages: texts, or {uidl: text}.  context: an ssl.SSLContext where tls is set.

    without: commands and capabilities it does not know.  script: {"RETR": f(session, argument)}
    answers in place of the server.  break_at: every connection ends after so many bytes.
    """

    def __init__(self, messages=(), user="user", password="secret", tls=None, context=None,
                 without=(), script=None, break_at=None, greeting="+OK ready"):
        if not isinstance(messages, dict):
            messages = {self.uidl_of(i, text): text for i, text in enumerate(messages)}
        self.messages = dict(messages)
        self.user = user
        self.password = password
        self.tls = tls
        self.context = context
        self.without = set(without)
        self.script = dict(script or {})
        self.break_at = break_at
        self.greeting = greeting
        self.commands = []
        self.retrieved = []
        self.logins = 0
        self.lock = threading.Lock()
        self.server = None
        self.port = None

    @staticmethod
    def uidl_of(number, text):
        return f"{number:04x}.{hashlib.sha256(text).hexdigest()[:16]}"

    def add(self, text, uidl=None):
        with self.lock:
            self.messages[uidl or self.uidl_of(len(self.messages) + self.logins, text)] = text

    def __enter__(self):
        self.server = _Server((ADDRESS, 0), Session)
        self.server.options = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
