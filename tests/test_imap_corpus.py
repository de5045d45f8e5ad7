"""Every message of the corpus over APPEND: back unchanged, and its metadata valid IMAP."""

import os
import re
import sys

import pytest

from conftest import add_people
from harness.corpus import NOT_HERE, corpus_directory, corpus_messages
from harness.instance import Instance
from imap_client import logged_in

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "mime"))
from imap_response import parse_response, validate_fetch  # noqa: E402 pylint: disable=C0413,E0401

AT_ONCE = 50


def stored_form(text):
    """What docs/deviations.md says APPEND makes of a text with CRLF line ends."""
    first = re.match(rb"From [^\n]{0,994}\n", text)
    return text[first.end():] if first else text


@pytest.fixture(scope="module", name="appended")
def append_all(tmp_path_factory):
    """(instance, [(name, text)] by UID from 1)"""
    if corpus_directory() is None:
        pytest.skip(NOT_HERE)
    with Instance(tmp_path_factory.mktemp("append") / "i") as served:
        add_people(served)
        texts = list(corpus_messages())
        with logged_in(served, "zhang") as client:
            for first in range(0, len(texts), AT_ONCE):
                some = texts[first:first + AT_ONCE]
                for _, text in some:
                    client.wire.send(b"x APPEND INBOX {%d+}\r\n%s\r\n" % (len(text), text))
                for name, _ in some:
                    said = client.responses(b"x")[1]
                    assert said.startswith(b"OK [APPENDUID"), f"{name}: {said}"
        yield served, texts


def test_every_text_comes_back(appended):
    instance, texts = appended
    with logged_in(instance, "zhang") as client:
        assert client.select("INBOX") == len(texts)
        for item in (b"BODY[]", b"RFC822"):
            tag = client.start(b"UID FETCH 1:* (RFC822.SIZE %s)" % item.replace(b"[", b".PEEK["))
            for uid, (name, text) in enumerate(texts, 1):
                kept = stored_form(text)
                head = b"* %d FETCH (UID %d RFC822.SIZE %d %s {%d}\r\n" % (
                    uid, uid, len(kept), item, len(kept))
                got = client.response()
                assert got.startswith(head), f"{name}: {got[:200]}"
                assert got[len(head):len(head) + len(kept)] == kept.replace(b"\0", b"\x80"), name
            assert client.responses(tag)[1].startswith(b"OK")


def test_metadata_is_valid(appended):
    instance, texts = appended
    with logged_in(instance, "zhang") as client:
        client.select("INBOX")
        tag = client.start("FETCH 1:* (FLAGS INTERNALDATE ENVELOPE BODYSTRUCTURE BODY)")
        for name, _ in texts:
            response = client.response()
            try:
                validate_fetch(parse_response(response))
            except ValueError as wrong:
                raise AssertionError(f"{name}: {wrong}: {response[:500]!r}") from wrong
        assert client.responses(tag)[1].startswith(b"OK")


def leaves(structure, path=()):
    """(section, size) of every part that is no multipart; nested messages are not entered."""
    waiting = [(structure, path)]
    while waiting:
        body, at = waiting.pop()
        if isinstance(body[0], list):
            parts = [one for one in body if isinstance(one, list)][:_count(body)]
            waiting.extend((one, at + (n,)) for n, one in enumerate(parts, 1))
        else:
            yield ".".join(map(str, at or (1,))), int(body[6])


def _count(body):
    count = 0
    while isinstance(body[count], list):
        count += 1
    return count


def test_sections_are_those_of_bodystructure(appended):
    """BODY[n] of each part is as long as BODYSTRUCTURE says; HEADER and TEXT make the whole."""
    instance, texts = appended
    with logged_in(instance, "zhang") as client:
        client.select("INBOX")
        structures = client.ok("FETCH 1:* BODYSTRUCTURE")
        tags = []
        for number, (one, (name, text)) in enumerate(zip(structures, texts), 1):
            parts = list(leaves(parse_response(one)[3][1]))[:20]
            sections = "".join(f" BODY.PEEK[{path}]" for path, _ in parts)
            command = f"FETCH {number} (BODY.PEEK[HEADER] BODY.PEEK[TEXT]{sections})"
            tags.append((client.start(command), name, stored_form(text), parts))
            if number % 20 == 0 or number == len(texts):
                for expected in tags:
                    check_sections(client, *expected)
                tags = []


def check_sections(client, tag, name, text, parts):
    got, said = client.responses(tag)
    assert said.startswith(b"OK"), f"{name}: {said}"
    values = parse_response(got[0])[3]
    items = dict(zip(values[0::2], values[1::2]))
    assert items[b"BODY[HEADER]"] + items[b"BODY[TEXT]"] == text.replace(b"\0", b"\x80"), name
    for path, size in parts:
        part = items[b"BODY[%s]" % path.encode()]
        assert part is not None and len(part) == size, f"{name}: {path}"
