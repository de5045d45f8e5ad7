"""Plays the cases of tests/attack/: what an attacker says, what he has to hear, what stays unhurt.

The format is described in README.md beside it.
"""

import contextlib
import itertools
import os
import re
import select
import ssl
import time
import uuid

from harness.smtp_server import SmtpServer
from harness.wait import NotInTime, wait_until
from harness.wire import Closed, Wire, new_source
from imap_client import ImapClient
from transcript import Mismatch, Player, unescape
from attack.watch import Watch

HEADS = ("SET", "EACH", "WITHIN", "MEMORY", "LINES", "USER", "ENDS", "SLOW")
INNERMOST = re.compile(r"\$\{([^{}]*)\}")
STATUS = re.compile(rb"^(?:\* )?(?:OK|NO|BAD|BYE)\b")
SENDER = "customer@example.org"


class Case:
    """One file: its heads, and its blocks of steps, for each combination of the EACH values."""

    def __init__(self, path):
        self.path = path
        self.settings = {}
        self.each = []
        self.within = 20.0
        self.memory_kib = 32 * 1024
        self.lines = 30
        self.users = []
        self.may_end = []
        self.is_slow = False
        self.blocks = [("", [])]
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                self._read(number, line.rstrip("\n"))

    def _read(self, number, line):
        word, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            return
        if word == "==":
            self.blocks.append((rest, []))
        elif word in HEADS:
            getattr(self, "_head_" + word.lower())(rest)
        else:
            self.blocks[-1][1].append((number, line))

    def _head_set(self, rest):
        for pair in rest.split():
            name, _, value = pair.partition("=")
            section, _, key = name.partition(".")
            self.settings.setdefault(section, {})[key] = value

    def _head_each(self, rest):
        name, _, values = rest.partition(" ")
        self.each.append([(name, value) for value in values.split(" | ")])

    def _head_within(self, rest):
        self.within = float(rest)

    def _head_memory(self, rest):
        self.memory_kib = int(rest) * 1024

    def _head_lines(self, rest):
        self.lines = int(rest)

    def _head_user(self, rest):
        self.users.append(rest.split(" ", 1))

    def _head_ends(self, rest):
        self.may_end = rest.split()

    def _head_slow(self, _):
        self.is_slow = True

    def runs(self):
        """(name, steps) of everything that is to be played."""
        for title, steps in self.blocks:
            for values in itertools.product(*self.each):
                name = " ".join([title] + [f"{n}={v[:40]}" for n, v in values]).strip()
                replaced = steps
                for variable, value in values:
                    replaced = [(number, line.replace("${%s}" % variable, value))
                                for number, line in replaced]
                if steps:
                    yield name, replaced


def protocol_of(endpoint):
    return {"i": "imap", "p": "pop3", "s": "smtp"}[endpoint[0]]


def ends_smtp(line):
    return line[3:4] != b"-"


class Link:
    """A connection of the case: to an endpoint, spoken in its protocol."""

    def __init__(self, endpoint, wire):
        self.protocol = protocol_of(endpoint)
        self.wire = wire
        self.said = []      # lines or responses before the last answer
        self.count = 0
        self.tag = b""

    def prepare(self, text):
        """The bytes of a command, with a tag where there are tags."""
        if self.protocol == "imap":
            self.count += 1
            self.tag = b"t%d" % self.count
            text = self.tag + b" " + text
        return text + b"\r\n"

    def answer(self):
        """What answers a command, without its tag."""
        self.said = []
        if self.protocol == "imap":
            return self._imap_answer()
        while True:
            line = self.wire.line()
            if self.protocol == "pop3" or ends_smtp(line):
                return line
            self.said.append(line)

    def _imap_answer(self):
        reader = ImapClient.__new__(ImapClient)
        reader.wire = self.wire
        while True:
            one = reader.response().rstrip(b"\r\n")
            if one.startswith(self.tag + b" "):
                return one[len(self.tag) + 1:]
            if one.startswith(b"+ ") or STATUS.match(one) and b" BYE" in one[:6]:
                return one
            if one.startswith(b"* BAD"):
                return one[2:]
            self.said.append(one)


class Attacker(Player):
    """Plays one run of a case."""

    def __init__(self, instance, within):
        super().__init__(instance)
        self.links = {}
        self.crowd = []
        self.name = ""
        self.token = f"token-{uuid.uuid4().hex}"
        self.clock = time.monotonic()
        self.deadline = time.monotonic() + within
        self.opened = 0
        self.sink = None

    # Text

    def variable(self, match):
        word, _, rest = match[1].partition(":")
        if word == "rep":
            count, _, text = rest.partition(":")
            return text * int(count)
        if word == "seq":
            count, _, text = rest.partition(":")
            return "".join(text.replace("%", str(n)) for n in range(1, int(count) + 1))
        if word == "token":
            return self.token
        if word == "message":
            return (f"From: <{SENDER}>\r\nSubject: {self.token}\r\n"
                    f"Message-ID: <{self.token}@example.org>\r\n")
        return super().variable(match)

    def expand(self, text):
        """Variables may stand in others."""
        while (more := INNERMOST.sub(self.variable, text)) != text:
            text = more
        return text

    def say_much(self, text):
        count, _, what = text.partition(" ")
        data = self.bytes_of(what)
        for _ in range(int(count)):
            self.wire.send(data)

    def bytes_of(self, text):
        return unescape(self.expand(text))

    def regex_of(self, text):
        """A regex on bytes, escapes of Python's re in it."""
        return re.compile(self.expand(text).encode("utf-8"), re.DOTALL)

    # Steps

    def play_steps(self, steps):
        for number, line in steps:
            left = self.deadline - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError("the case takes too long")
                if self.wire is not None:
                    self.wire.socket.settimeout(left)
                self.step(line)
            except (Closed, TimeoutError, ssl.SSLError, NotInTime, Mismatch) as wrong:
                raise Mismatch(f"line {number}: {line[:200]}\n  {str(wrong) or wrong!r}") from None

    def step(self, line):
        word, _, rest = line.partition(" ")
        steps = {
            "+": self.greet, "AS": self.switch, "MOVE": self.move, ">": self.ask, "R": self.hear_answer,
            "SAID": self.has_said, "COUNT": self.has_counted, "LINES-OF": self.hear_lines,
            "CUT": self.say_bytes, "PUT": self.put, "MAIL": self.has_mail, "END": self.end,
            "RESET": self.reset, "FINISH": self.finish, "DROPPED": self.is_dropped,
            "CROWD": self.gather, "CROWD-OF-TCP": self.gather_tcp, "STUFF": self.stuff, "STALLS": self.stall, "PAUSE": self.pause,
            "STARTTLS": self.begin_tls, "TLS-LIKE": self.strange_tls,
            "NO-TLS": self.is_refused_tls,
            "SILENT": self.open_tcp, "CLOCK": self.start_clock, "FAST": self.was_fast, "SLOWLY": self.was_slow,
            "SERVED": self.is_served, "UNLOGGED": self.is_unlogged, "LOGGED": self.is_logged,
            "R*": self.hear_all, "SINK": self.open_sink, "SENT": self.has_sent,
            "QUEUED": self.has_queued,
        }
        if word in steps:
            steps[word](rest)
        else:
            super().step(line)

    def link(self):
        return self.links[self.name]

    def open(self, endpoint, is_tcp=False):
        self.end(None)
        wire = (Wire(self.instance.endpoints[endpoint], source=self.source) if is_tcp else
                self.instance.wire(endpoint, self.source))
        wire.socket.settimeout(max(self.deadline - time.monotonic(), 0.1))
        self.links[self.name] = Link(endpoint, wire)
        self.wire = wire
        self.opened += 1

    def connect(self, endpoint):
        self.open(endpoint)

    def greet(self, rest):
        endpoint, _, login = rest.partition(" ")
        self.open(endpoint)
        link = self.link()
        if link.protocol == "imap":
            self.expect(b"\\* OK ", self.wire.line())
        elif link.protocol == "pop3":
            self.expect(b"\\+OK", self.wire.line())
        else:
            self.expect(b"220 ", link.answer())
            self.ask("250 | EHLO mx.example.org")
        if login:
            self.log_in(login)

    def log_in(self, login):
        user = self.instance.login(login)
        password = self.instance.passwords[user]
        if self.link().protocol == "imap":
            self.ask(f'OK | LOGIN "{user}" "{password}"')
        elif self.link().protocol == "pop3":
            self.ask(f"\\+OK | USER {user}")
            self.ask(f"\\+OK | PASS {password}")
        else:
            self.ask(f"235 | AUTH PLAIN ${{b64:\\x00{user}\\x00{password}}}")

    def switch(self, name):
        self.name = name
        self.wire = self.links[name].wire if name in self.links else None

    def move(self, _):
        """The connections that follow come from another address."""
        self.source = new_source()

    @staticmethod
    def expect(pattern, said):
        regex = re.compile(pattern, re.DOTALL) if isinstance(pattern, bytes) else pattern
        if not regex.match(said):
            raise Mismatch(f"heard {said[:300]!r}")

    def ask(self, rest):
        pattern, _, text = rest.partition(" | ")
        link = self.link()
        self.wire.send(link.prepare(self.bytes_of(text)))
        self.expect(self.regex_of(pattern), link.answer())

    def hear_answer(self, pattern):
        self.expect(self.regex_of(pattern), self.link().answer())

    def has_said(self, pattern):
        regex = self.regex_of(pattern)
        if not any(regex.match(one) for one in self.link().said):
            raise Mismatch(f"heard only {self.link().said[:20]!r}")

    def has_counted(self, rest):
        count, _, pattern = rest.partition(" ")
        regex = self.regex_of(pattern)
        found = sum(regex.match(one) is not None for one in self.link().said)
        if found != int(count):
            raise Mismatch(f"{found} of them: {self.link().said[:20]!r}")

    def hear_lines(self, pattern):
        """The lines of a multi-line POP3 answer; all of them have to match."""
        regex = self.regex_of(pattern)
        while (line := self.wire.line()) != b".":
            self.expect(regex, line)

    def hear_all(self, rest):
        """R* n pattern: hear so many answers that all match."""
        count, _, pattern = rest.partition(" ")
        for _ in range(int(count)):
            self.hear_answer(pattern)

    def say_bytes(self, rest):
        """CUT seconds text: each byte in a segment of its own, so long as it is taken."""
        pause, _, text = rest.partition(" ")
        data = self.bytes_of(text)
        with contextlib.suppress(Closed):
            for at in range(len(data)):
                self.wire.send(data[at:at + 1])
                time.sleep(float(pause))

    def put(self, rest):
        """APPEND: a literal of the right length, and its answer."""
        mailbox, _, text = rest.partition(" ")
        data = self.bytes_of(text)
        link = self.link()
        self.wire.send(link.prepare(b"APPEND %s {%d+}\r\n%s" % (mailbox.encode(), len(data), data)))
        self.expect(b"OK", link.answer())

    def has_mail(self, rest):
        """MAIL login n [mailbox]: so many messages have this run's token in their text."""
        words = rest.split()
        with ImapClient(self.instance) as client:
            client.wire.socket.settimeout(max(self.deadline - time.monotonic(), 1))
            client.login(words[0])
            client.select(words[2] if len(words) > 2 else "INBOX")
            found = client.ok(f"SEARCH TEXT {self.token}")[-1].split()[2:]
        if len(found) != int(words[1]):
            raise Mismatch(f"{len(found)} messages")

    def open_sink(self, behaviour):
        """Mail for the outside goes to a server that behaves like this from here on."""
        if self.sink is None:
            self.sink = SmtpServer().__enter__()
            self.instance.mailadm("route", "add", self.token, "--default", "--smarthost",
                                  f"127.0.0.1:{self.sink.port}", "--tls", "off")
        self.sink.behaviour = behaviour

    def has_sent(self, rest):
        """SENT n pattern: the sink gets n messages with this run's token, each text matches."""
        count, _, pattern = rest.partition(" ")

        def texts():
            return [text for _, _, text in self.sink.messages if self.token.encode() in text]

        wait_until(lambda: len(texts()) >= int(count), self.deadline - time.monotonic(), rest)
        for text in texts():
            if not self.regex_of(pattern).fullmatch(text):
                raise Mismatch(f"left as {text[:600]!r}")

    def has_queued(self, count):
        """QUEUED n: so many entries are in the queue, at last."""
        wait_until(lambda: len(self.instance.mailadm("queue", "list", "--json").splitlines()) ==
                   int(count), self.deadline - time.monotonic(), f"a queue of {count}", 0.1)

    def end(self, _):
        link = self.links.pop(self.name, None)
        if link is not None:
            link.wire.close()
        self.wire = None

    def reset(self, _):
        self.links.pop(self.name).wire.reset()
        self.wire = None

    def finish(self, _):
        self.wire.finish()

    def is_dropped(self, pattern):
        """The server closes; all that it said until then has to match as a whole."""
        rest = self.wire.rest()
        if not self.regex_of(pattern).fullmatch(rest):
            raise Mismatch(f"heard {rest[:300]!r} at the end")

    def gather(self, rest):
        """CROWD n endpoint [text]: connections that stay open, and what each of them says."""
        count, endpoint, text = (rest + "  ").split(" ", 2)
        data = self.bytes_of(text.rstrip(" "))
        for _ in range(int(count)):
            with contextlib.suppress(Closed, OSError):
                wire = self.instance.wire(endpoint, self.source)
                self.crowd.append(wire)
                self.opened += 1
                wire.send(data)

    def gather_tcp(self, rest):
        """CROWD-OF-TCP n endpoint text: the same without TLS, whatever the endpoint wants."""
        count, endpoint, text = rest.split(" ", 2)
        for _ in range(int(count)):
            self.crowd.append(Wire(self.instance.endpoints[endpoint], source=self.source))
            self.crowd[-1].send(self.bytes_of(text))
            self.opened += 1

    def open_tcp(self, endpoint):
        """Connect, and no TLS, whatever the endpoint wants."""
        self.open(endpoint, is_tcp=True)

    def begin_tls(self, _):
        """Ask for TLS in the words of the protocol; the handshake is the case's."""
        self.ask({"smtp": "220 | STARTTLS", "imap": "OK | STARTTLS",
                  "pop3": "\\+OK | STLS"}[self.link().protocol])

    def strange_tls(self, count):
        """A client hello with so many protocols and a long name: answered, or ended."""
        context = self.instance.tls()
        context.check_hostname = False
        context.set_alpn_protocols([f"protocol-{n}" for n in range(int(count))])
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            context.wrap_socket(self.wire.socket, server_hostname="a" * 60 + ".test")

    def is_refused_tls(self, protocol):
        """NO-TLS name: a hello that offers that protocol is refused, and that is the end."""
        context = self.instance.tls()
        context.check_hostname = False
        context.set_alpn_protocols([protocol])
        try:
            context.wrap_socket(self.wire.socket)
        except ssl.SSLError:
            self.end(None)
        else:
            raise Mismatch("the handshake went well")

    def stuff(self, rest):
        """STUFF seconds text: send without reading anything, until it is said or does not go."""
        seconds, _, text = rest.partition(" ")
        left = memoryview(self.bytes_of(text))
        end = time.monotonic() + float(seconds)
        self.wire.socket.setblocking(False)
        try:
            while left and time.monotonic() < end:
                try:
                    left = left[self.wire.socket.send(left[:65536]):]
                except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                    select.select([], [self.wire.socket], [], 0.2)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self.wire.socket.settimeout(max(self.deadline - time.monotonic(), 0.1))
        return len(left)

    def stall(self, rest):
        """STALLS seconds text: the same, and the server has to stop reading."""
        if self.stuff(rest) == 0:
            raise Mismatch("all of it was taken")

    @staticmethod
    def pause(seconds):
        time.sleep(float(seconds))

    def start_clock(self, _):
        self.clock = time.monotonic()

    def was_fast(self, seconds):
        took = time.monotonic() - self.clock
        if took > float(seconds):
            raise Mismatch(f"took {took:.1f} s")

    def was_slow(self, seconds):
        took = time.monotonic() - self.clock
        if took < float(seconds):
            raise Mismatch(f"took only {took:.1f} s")

    def is_served(self, seconds):
        """Others, from another address: a greeting of each protocol within so many seconds."""
        began = time.monotonic()
        for endpoint in ("smtp", "imaps", "pop3s"):
            with self.instance.wire(endpoint) as wire:
                wire.socket.settimeout(float(seconds))
                wire.line()
        if time.monotonic() - began > float(seconds):
            raise Mismatch(f"others waited {time.monotonic() - began:.1f} s")

    def is_unlogged(self, text):
        if self.expand(text) in self.instance.log_text():
            raise Mismatch("it is in the log")

    def is_logged(self, pattern):
        if not re.search(self.expand(pattern), self.instance.log_text()):
            raise Mismatch("it is not in the log")

    def leave(self):
        for wire in [link.wire for link in self.links.values()] + self.crowd:
            wire.close()
        if self.sink is not None:
            self.instance.mailadm("route", "remove", self.token)
            self.sink.__exit__(None, None, None)
            self.sink = None


def play(case, instance):
    """Everything of one file; Mismatch says what was wrong."""
    for name, password in case.users:
        if instance.login(name) not in instance.passwords:
            instance.user_add(name, password)
    for name, steps in case.runs():
        attacker = Attacker(instance, case.within)
        try:
            with Watch(instance, case) as watch:
                attacker.play_steps(steps)
                attacker.is_served(10)
                attacker.leave()
                watch.check(attacker.opened)
        except Mismatch as wrong:
            raise Mismatch(f"{os.path.basename(case.path)} [{name}] {wrong}") from None
        finally:
            attacker.leave()
