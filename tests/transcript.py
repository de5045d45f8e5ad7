"""Plays the transcripts of tests/session/: what a client says and what it has to hear.

The format is described in tests/README.md.
"""

import base64
import re

from harness.wire import Closed, new_source

VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Mismatch(Exception):
    """The server said something else, or nothing."""


def pattern_of(text):
    """A line's pattern: /regex/, or literal text in which only * is special."""
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        return re.compile(text[1:-1])
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))


def unescape(text):
    """The bytes that a text with \\r, \\n, \\x00 and the like stands for."""
    raw = text.encode("utf-8").decode("latin-1")
    return raw.encode("latin-1").decode("unicode_escape").encode("latin-1")


class Player:
    """Plays one transcript against an instance."""

    def __init__(self, instance):
        self.instance = instance
        self.wire = None
        self.source = new_source()    # its failed logins are its own

    def variable(self, match):
        word, _, rest = match[1].partition(":")
        if word == "b64":
            return base64.b64encode(unescape(self.expand_names(rest))).decode("ascii")
        if word == "password":
            return self.instance.passwords[self.instance.login(rest)]
        raise ValueError(f"no variable {match[1]}")

    def expand_names(self, text):
        """%zhang% inside ${b64:...} is that person's password."""
        return re.sub(r"%(\w+)%",
                      lambda m: self.instance.passwords[self.instance.login(m[1])], text)

    def expand(self, text):
        return VARIABLE.sub(self.variable, text)

    def play(self, lines):
        try:
            for number, line in enumerate(lines, 1):
                line = line.rstrip("\n")
                if not line or line.startswith("#"):
                    continue
                try:
                    self.step(line)
                except (Closed, TimeoutError) as end:
                    raise Mismatch(f"line {number}: {line}\n  nothing came: {end!r}") from end
                except Mismatch as wrong:
                    raise Mismatch(f"line {number}: {line}\n  {wrong}") from wrong
        finally:
            if self.wire is not None:
                self.wire.close()

    def step(self, line):
        verb, _, rest = line.partition(" ")
        steps = {"@": self.connect, "C:": self.say, "C\"": self.say_raw, "C*": self.say_much,
                 "S:": self.hear, "S~": self.hear_at_last, "TLS": self.secure,
                 "CLOSED": self.hear_end}
        if verb not in steps:
            raise ValueError(f"no step {verb!r}: {line}")
        steps[verb](rest)

    def connect(self, name):
        if self.wire is not None:
            self.wire.close()
        self.wire = self.instance.wire(name, self.source)

    def say(self, text):
        self.wire.send(self.expand(text).encode("utf-8") + b"\r\n")

    def say_raw(self, text):
        self.wire.send(unescape(self.expand(text)))

    def say_much(self, text):
        count, _, what = text.partition(" ")
        self.wire.send(unescape(what) * int(count))

    def line(self):
        return self.wire.line().decode("utf-8", "backslashreplace")

    def hear(self, text):
        got = self.line()
        if not pattern_of(self.expand(text)).fullmatch(got):
            raise Mismatch(f"heard {got!r}")

    def hear_at_last(self, text):
        pattern = pattern_of(self.expand(text))
        while not pattern.fullmatch(self.line()):
            pass

    def secure(self, _):
        self.wire.start_tls(self.instance.tls())

    def hear_end(self, _):
        rest = self.wire.rest()
        if rest:
            raise Mismatch(f"the connection did not end: {rest!r}")
