"""Clients that write down what was promised to them, and the comparison with what is there."""

import collections
import imaplib
import poplib
import re
import smtplib
import sys
import threading
import traceback
import uuid

from harness.instance import CommandFailed
from harness.wire import Closed, Wire

TOKEN = re.compile(rb"token-[0-9a-f]{32}")
MID = re.compile(rb"\r\n\tby [^ ]+ with [A-Z0-9]+ id ([a-z2-7]+);")
CLIENT_TIMEOUT = 30.0
PACE_S = 0.02    # between two messages of one sender, so that inboxes stay small
LOST = (Closed, OSError, EOFError, imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPException,
        CommandFailed)


def new_token():
    return f"token-{uuid.uuid4().hex}"


def text_of(token, size=2000):
    line = "All work and no play makes a dull message.\r\n"
    return (f"From: <customer@example.org>\r\nTo: <people@acme.test>\r\nSubject: {token}\r\n"
            f"Message-ID: <{token}@example.org>\r\n\r\n" + line * (size // len(line))).encode()


class Promises:
    """What is known of the copies of each token in each person's inbox."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sure = collections.Counter()        # (person, token): copies acknowledged
        self.maybe = collections.Counter()       # copies that may be there, unanswered
        self.gone = collections.Counter()        # copies whose removal was acknowledged
        self.maybe_gone = collections.Counter()
        self.flagged = set()                     # \\Flagged was acknowledged
        self.never_twice = set()                 # tokens that may be there once at most
        self.events = collections.Counter()      # for the report

    def note(self, what, people, token, event=None):
        with self.lock:
            for person in people:
                what[person, token] += 1
            self.events[event or "-"] += 1

    def mistakes(self, person, inbox, log):
        """Sentences about every difference between what was promised and the inbox."""
        copies = collections.defaultdict(list)
        for text in inbox:
            found = TOKEN.search(text)
            if found:
                copies[found[0].decode()].append(text)
        tokens = {token for owner, token in [*self.sure, *self.maybe] if owner == person}
        for token in sorted(tokens | set(copies)):
            yield from self.mistakes_of(person, token, copies[token], log)

    def mistakes_of(self, person, token, copies, log):
        key = (person, token)
        least = self.sure[key] - self.gone[key] - self.maybe_gone[key]
        most = self.sure[key] + self.maybe[key] - self.gone[key]
        if token in self.never_twice:
            most = min(most, 1)
        if len(copies) < least:
            yield f"lost: {token} at {person}: {len(copies)} copies, promised {least}"
        if len(copies) > most:
            yield f"doubled: {token} at {person}: {len(copies)} copies, at most {most}"
        if len(copies) > 1:
            for text in copies:
                mid = MID.search(text)
                if mid is None or f"mid={mid[1].decode()}" not in log:
                    yield f"unnamed: {token} at {person}: the log does not name {mid and mid[1]}"


class Client(threading.Thread):
    """Goes on until told to stop, whatever breaks."""

    def __init__(self, instance, promises):
        super().__init__(daemon=True)
        self.instance = instance
        self.promises = promises
        self.is_stopping = threading.Event()
        self.done = 0          # things acknowledged
        self.failure = None    # what no broken connection explains
        self.lost = None       # the last broken connection

    def run(self):
        try:
            while not self.is_stopping.is_set():
                try:
                    self.turn()
                except LOST as lost:
                    self.lost = lost
                    self.is_stopping.wait(0.05)
        except Exception as failure:    # pylint: disable=broad-except
            self.failure = failure

    def describe(self):
        frame = sys._current_frames().get(self.ident)    # pylint: disable=protected-access
        where = "".join(traceback.format_stack(frame)[-3:]) if frame else "ended"
        return f"{type(self).__name__} {vars(self).get('person', '')}: {self.lost!r}, at {where}"

    def turn(self):
        """One connection's worth of work."""
        raise NotImplementedError


class SmtpClient(Client):
    """Mail from outside; what was not acknowledged is sent again, as a mail server does."""

    def __init__(self, instance, promises, people):
        super().__init__(instance, promises)
        self.people = people
        self.token = None

    def turn(self):
        with Wire(self.instance.endpoints["smtp"], timeout=CLIENT_TIMEOUT) as wire:
            if wire.reply()[0] != 220 or wire.command("EHLO mx.example.org")[0] != 250:
                return
            for _ in range(20):
                if self.is_stopping.wait(PACE_S) or not self.send(wire):
                    return

    def send(self, wire):
        self.token = self.token or new_token()
        commands = ["MAIL FROM:<customer@example.org>",
                    *(f"RCPT TO:<{person}@acme.test>" for person in self.people), "DATA"]
        wire.send("".join(command + "\r\n" for command in commands))
        codes = [wire.reply()[0] for _ in commands]
        if codes[-1] != 354 or any(code != 250 for code in codes[:-1]):
            return False
        try:
            wire.send(text_of(self.token) + b".\r\n")
            code, _ = wire.reply()
        except LOST:
            self.promises.note(self.promises.maybe, self.people, self.token, "smtp unanswered")
            raise
        if code != 250:
            self.promises.note(self.promises.maybe, self.people, self.token, "smtp put off")
            return False
        self.promises.note(self.promises.sure, self.people, self.token, "smtp accepted")
        self.token = None
        self.done += 1
        return True


class SubmitClient(Client):
    """Writes to the outside; never repeats what was not answered."""

    def __init__(self, instance, promises, person, recipient):
        super().__init__(instance, promises)
        self.person = person
        self.recipient = recipient

    def turn(self):
        with self.instance.smtp("submissions", login=self.person) as client:
            for _ in range(20):
                if self.is_stopping.wait(PACE_S):
                    return
                self.submit(client)

    def submit(self, client):
        token, people = new_token(), [self.recipient]
        sender = self.instance.login(self.person)
        try:
            client.sendmail(sender, people, text_of(token))
        except LOST:
            self.promises.note(self.promises.maybe, people, token, "submit unanswered")
            raise
        self.promises.note(self.promises.sure, people, token, "submit accepted")
        self.done += 1


class Sent:
    """What a server outside was sent, compared with what was promised."""

    def __init__(self, promises, recipient, server):
        self.promises = promises
        self.recipient = recipient
        self.times = collections.defaultdict(list)    # token: when each copy was whole
        for when, (_, recipients, text) in zip(server.times, server.messages):
            assert recipients == [recipient]
            self.times[TOKEN.search(text)[0].decode()].append(when)

    def mistakes(self, kills):
        """kills: when relayd was killed; only that makes a second copy."""
        for (who, token), count in self.promises.sure.items():
            if who == self.recipient and count and not self.times[token]:
                yield f"lost: {token} was accepted and never sent"
        for token, times in self.times.items():
            if not self.promises.sure[self.recipient, token] + \
                    self.promises.maybe[self.recipient, token]:
                yield f"forged: {token} was never submitted"
            for first, second in zip(times, times[1:]):
                if not any(first < when < second for when in kills):
                    yield f"doubled: {token} was sent twice, and relayd lived"

    def doubled(self):
        return sum(len(times) - 1 for times in self.times.values())


class ImapClient(Client):
    """Appends, flags, removes; never repeats an APPEND that was not answered."""

    def __init__(self, instance, promises, person):
        super().__init__(instance, promises)
        self.person = person

    def turn(self):
        client = self.instance.imap(self.person, select="INBOX")
        try:
            for number in range(20):
                if self.is_stopping.is_set():
                    break
                self.work(client, number)
        finally:
            try:
                client.logout()
            except LOST:
                pass

    def work(self, client, number):
        token, people = new_token(), [self.person]
        uid = self.append(client, token)
        if uid is None:
            return
        if client.uid("STORE", uid, "+FLAGS", "(\\Flagged)")[0] == "OK":
            with self.promises.lock:
                self.promises.flagged.add((self.person, token))
            self.done += 1
        if number % 3 == 0:
            if client.uid("STORE", uid, "+FLAGS", "(\\Deleted)")[0] != "OK":
                return
            self.promises.note(self.promises.maybe_gone, people, token, "imap removing")
            if client.uid("EXPUNGE", uid)[0] == "OK":
                with self.promises.lock:
                    self.promises.maybe_gone[self.person, token] -= 1
                self.promises.note(self.promises.gone, people, token, "imap removed")

    def append(self, client, token):
        try:
            state, said = client.append("INBOX", None, None, text_of(token))
        except LOST:
            self.promises.note(self.promises.maybe, [self.person], token, "imap unanswered")
            raise
        if state != "OK":
            self.promises.note(self.promises.maybe, [self.person], token, "imap refused")
            return None
        self.promises.note(self.promises.sure, [self.person], token, "imap appended")
        found = re.search(rb"\[APPENDUID \d+ (\d+)\]", said[0])
        return found[1].decode() if found else None


class Pop3Client(Client):
    """Takes the oldest messages and deletes them."""

    AT_ONCE = 5

    def __init__(self, instance, promises, person):
        super().__init__(instance, promises)
        self.person = person

    def turn(self):
        client = self.instance.pop3(self.person)
        tokens = []
        try:
            for number in range(1, min(self.AT_ONCE, client.stat()[0]) + 1):
                found = TOKEN.search(b"\r\n".join(client.retr(number)[1]))
                if found:
                    client.dele(number)
                    tokens.append(found[0].decode())
        except LOST:
            client.close()
            raise
        self.leave(client, tokens)
        self.is_stopping.wait(0.2)

    def leave(self, client, tokens):
        try:
            client.quit()
        except LOST:
            for token in tokens:
                self.promises.note(self.promises.maybe_gone, [self.person], token,
                                   "pop3 unanswered")
            raise
        for token in tokens:
            self.promises.note(self.promises.gone, [self.person], token, "pop3 removed")
        self.done += 1


class Purger(Client):
    """Removes for good what was removed, so that stored has segments to make smaller."""

    def __init__(self, instance, promises, people):
        super().__init__(instance, promises)
        self.people = people

    def turn(self):
        for person in self.people:
            self.instance.mailadm("trash", "purge", "--account", self.instance.login(person),
                                  "--yes")
            self.promises.note(self.promises.maybe, [], "", "purged")
        self.done += 1
        self.is_stopping.wait(0.5)


class FetchClient(Client):
    """Puts messages into an outside mailbox and has it collected, again and again."""

    def __init__(self, instance, promises, person, server, name):
        super().__init__(instance, promises)
        self.person = person
        self.server = server
        self.name = name

    def turn(self):
        for _ in range(5):
            token = new_token()
            with self.promises.lock:
                self.promises.never_twice.add(token)
            self.promises.note(self.promises.sure, [self.person], token, "put outside")
            self.server.add(text_of(token), token)
        self.collect()
        self.done += 1

    def collect(self):
        self.instance.mailadm("fetch", "run", self.name)
