"""Every message of the corpus through SMTP, and back over IMAP and POP3, byte by byte."""

import re

import pytest

from conftest import add_people
from harness.corpus import NOT_HERE, corpus_directory, corpus_messages, has_bare_cr, has_nul
from harness.instance import Instance

OURS = re.compile(rb"Return-Path: <sender@example\.org>\r\nReceived: from mx\.example\.org "
                  rb"\(\[127\.0\.0\.1\]\)\r\n\tby mail\.acme\.test with ESMTP id [a-z2-7]{12};"
                  rb"\r\n\t[A-Z][a-z]{2}, [^\r]+ \+0000\r\n")
RETR_AT_ONCE = 50
RECEIVED_MAX = 100


class Sender:
    """One connection from outside; a message goes out together with the next one's commands."""

    ENVELOPE = (b"MAIL FROM:<sender@example.org>\r\nRCPT TO:<zhang@acme.test>\r\nDATA\r\n")

    def __init__(self, instance):
        self.instance = instance
        self.wire = None

    def connect(self):
        self.wire = self.instance.wire("smtp")
        assert self.wire.reply()[0] == 220
        self.wire.expect(250, "EHLO mx.example.org")

    def send(self, text):
        """The code of the answer to the final dot."""
        if self.wire is None:
            self.connect()
        self.wire.send(self.ENVELOPE)
        assert [self.wire.reply()[0] for _ in range(3)] == [250, 250, 354]
        self.wire.send(stuff(text) + (b"" if ends_line(text) else b"\r\n") + b".\r\n")
        code, said = self.wire.reply()
        if code == 550 and said[:6] in ("5.6.11", "5.6.0 "):
            assert self.wire.is_closed()
            self.wire = None
        return code, said


def stuff(text):
    """RFC 5321 section 4.5.2; a dot behind a bare CR or LF is no line's first."""
    stuffed = text.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if text.startswith(b".") else stuffed


def ends_line(text):
    return text == b"" or text.endswith(b"\r\n")


def expected_refusal(text):
    """What docs/deviations.md says of this text, or None."""
    header = text.split(b"\r\n\r\n", 1)[0]
    received = len(re.findall(rb"(?im)^received[ \t]*:", header))
    if has_bare_cr(text):
        nul = text.find(b"\0")
        return "5.6.0 " if 0 <= nul < re.search(rb"\r(?!\n)", text).start() else "5.6.11"
    if has_nul(text):
        return "5.6.0 "
    return "5.4.6 " if received > RECEIVED_MAX else None


@pytest.fixture(scope="module", name="delivered")
def deliver_all(tmp_path_factory):
    """(instance, texts that were taken, by their order; names of those refused)."""
    if corpus_directory() is None:
        pytest.skip(NOT_HERE)
    with Instance(tmp_path_factory.mktemp("corpus") / "i") as served:
        add_people(served)
        sender, taken, refused = Sender(served), [], []
        for name, text in corpus_messages():
            code, said = sender.send(text)
            wanted = expected_refusal(text)
            if wanted is None:
                assert code == 250, f"{name}: {code} {said}"
                taken.append((name, text if ends_line(text) else text + b"\r\n"))
            else:
                assert code in (550, 554) and said[:6] == wanted, f"{name}: {code} {said}"
                refused.append(name)
        yield served, taken, refused


def check_same(taken, got):
    """The texts that came back are those that were taken, behind lines of our own."""
    assert len(got) == len(taken)
    for (name, text), back in zip(taken, got):
        ours = OURS.match(back)
        assert ours, f"{name}: {back[:300]!r}"
        assert back[ours.end():] == text, f"{name}: not the same"


def test_imap_gives_back_what_was_sent(delivered):
    instance, taken, _ = delivered
    client = instance.imap("zhang", select="INBOX")
    for item in ("BODY.PEEK[]", "RFC822"):
        state, rows = client.uid("FETCH", "1:*", f"({item} RFC822.SIZE)")
        assert state == "OK"
        rows = [row for row in rows if isinstance(row, tuple)]
        check_same(taken, [text for _, text in rows])
        for head, text in rows:
            size = re.search(rb"RFC822\.SIZE (\d+)", head)
            assert size is None or int(size[1]) == len(text)
    client.logout()


def as_pop3_says(text):
    """A header without an empty line behind it gets one (docs/deviations.md)."""
    return text if b"\r\n\r\n" in b"\r\n" + text else text + b"\r\n"


def retrieve_all(wire, count):
    """Texts of messages 1 to count, asked for many at once."""
    for first in range(1, count + 1, RETR_AT_ONCE):
        numbers = range(first, min(first + RETR_AT_ONCE, count + 1))
        wire.send(b"".join(b"RETR %d\r\n" % n for n in numbers))
        for _ in numbers:
            assert wire.line().startswith(b"+OK")
            text = b"\r\n" + wire.until(b"\r\n.\r\n")[:-3]
            yield text.replace(b"\r\n..", b"\r\n.")[2:]


def test_pop3_gives_back_what_was_sent(delivered):
    instance, taken, refused = delivered
    wire = instance.wire("pop3s")
    for command in (None, b"USER zhang@acme.test",
                    b"PASS " + instance.passwords["zhang@acme.test"].encode()):
        if command is not None:
            wire.send(command + b"\r\n")
        assert wire.line().startswith(b"+OK")
    wire.send(b"LIST\r\n")
    assert wire.line().startswith(b"+OK")
    sizes = [int(line.split()[1]) for line in wire.until(b"\r\n.\r\n").split(b"\r\n")[:-2]]
    got = list(retrieve_all(wire, len(sizes)))
    wire.send(b"QUIT\r\n")
    assert wire.line().startswith(b"+OK")
    check_same([(name, as_pop3_says(text)) for name, text in taken], got)
    assert sizes == [len(text) for text in got]
    assert len(refused) + len(taken) > 1000


def test_the_count(delivered, capsys):
    _, taken, refused = delivered
    with capsys.disabled():
        print(f"\ncorpus: {len(taken) + len(refused)} messages, {len(taken)} taken and the same "
              f"over BODY[], RFC822 and RETR, {len(refused)} refused as documented")
