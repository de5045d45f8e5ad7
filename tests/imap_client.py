"""An IMAP client that says what it is told to and keeps the responses as they came."""

import re

LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


class ImapClient:
    """Over a raw connection of the harness; the greeting is read, nobody is logged in."""

    def __init__(self, instance, endpoint="imaps", source=None):
        self.instance = instance
        self.wire = instance.wire(endpoint, source)
        self.greeting = self.wire.line()
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def response(self):
        """One response with its literals, CRLF included."""
        data = self.wire.line() + b"\r\n"
        while True:
            found = LITERAL.search(data)
            if found is None:
                return data
            data += self.wire.exactly(int(found[1])) + self.wire.line() + b"\r\n"

    def responses(self, tag):
        """Untagged responses up to the one of that tag, and that one without its tag."""
        got = []
        while True:
            one = self.response()
            if one.startswith(tag + b" "):
                return got, one[len(tag) + 1:].rstrip(b"\r\n")
            got.append(one)

    def start(self, text):
        """Say a command; its tag."""
        self.count += 1
        tag = b"t%d" % self.count
        text = text.encode("utf-8") if isinstance(text, str) else text
        self.wire.send(tag + b" " + text + b"\r\n")
        return tag

    def command(self, text):
        """(untagged responses, text of the tagged one)"""
        return self.responses(self.start(text))

    def ok(self, text):
        """The untagged responses of a command that has to succeed."""
        got, said = self.command(text)
        assert said.startswith(b"OK"), f"{text!r}: {said!r}"
        return got

    def refused(self, kind, text):
        """A command that has to be answered NO or BAD, and nothing beside."""
        got, said = self.command(text)
        assert said.startswith(kind), f"{text!r}: {said!r}"
        assert got == [], f"{text!r}: {got!r}"
        return said

    def login(self, name):
        user = self.instance.login(name)
        self.ok(f'LOGIN "{user}" "{self.instance.passwords[user]}"')
        return self

    def select(self, mailbox):
        """Number of messages."""
        for one in self.ok(f'SELECT "{mailbox}"'):
            if one.endswith(b" EXISTS\r\n"):
                return int(one.split()[1])
        raise AssertionError("no EXISTS")

    def append(self, mailbox, text, flags=""):
        """The UID it was given."""
        self.count += 1
        tag = b"t%d" % self.count
        self.wire.send(b'%s APPEND "%s" %s{%d+}\r\n%s\r\n' % (
            tag, mailbox.encode(), f"({flags}) ".encode() if flags else b"", len(text), text))
        _, said = self.responses(tag)
        found = re.match(rb"OK \[APPENDUID \d+ (\d+)\]", said)
        assert found, said
        return int(found[1])


def logged_in(instance, name, endpoint="imaps"):
    return ImapClient(instance, endpoint).login(name)


class Folder:
    """A mailbox of a test's own, gone when the test is over."""

    def __init__(self, instance, login, name):
        self.instance = instance
        self.login = login
        self.name = name

    def __enter__(self):
        with logged_in(self.instance, self.login) as client:
            client.ok(f'CREATE "{self.name}"')
        return self.name

    def __exit__(self, *_):
        with logged_in(self.instance, self.login) as client:
            client.ok(f'DELETE "{self.name}"')
