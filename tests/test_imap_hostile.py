"""IMAP with hostile input that takes more than a data file to make (those are tests/attack/)."""

import re

import pytest

from harness.wire import Closed
from imap_client import Folder, ImapClient, logged_in

RSS_GROWTH_MAX = 128 * 1024     # KiB; sanitizers keep freed memory for a while


def resident(instance):
    total = 0
    for pid in instance.daemons("imapd"):
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            total += int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
    return total


@pytest.fixture(autouse=True)
def others_are_untouched(instance):
    """Another session goes on, no process ends, memory stays where it was."""
    with logged_in(instance, "li") as other:
        other.select("INBOX")
        before, pids = resident(instance), instance.daemons("imapd")
        yield
        other.ok("NOOP")
        assert instance.daemons("imapd") == pids
        assert resident(instance) - before < RSS_GROWTH_MAX


@pytest.fixture(name="client")
def new_client(instance):
    with logged_in(instance, "zhang") as one:
        yield one


def ends(client, data):
    """The last line said before the server closes."""
    try:
        client.wire.send(data)
    except Closed:
        pass
    return client.wire.rest().split(b"\r\n")[-2]


def test_a_line_has_a_size(client):
    set_of_60k = b",".join(b"%d" % n for n in range(1, 12000))
    assert len(set_of_60k) > 50000
    client.select("INBOX")
    client.ok(b"UID FETCH " + set_of_60k + b" FLAGS")
    assert ends(client, b"t FETCH " + b"1," * 40000).startswith(b"* BYE")


def test_three_bad_commands_before_login(instance):
    with ImapClient(instance) as client:
        client.refused(b"BAD", "SELECT INBOX")
        client.refused(b"BAD", "NONSENSE")
        assert ends(client, b"t NONSENSE\r\n").startswith(b"* BYE")


# I10, I08: as much as one command may ask for

TEXT = b"From: Ann <ann@example.org>\r\nSubject: one\r\n\r\n%s\r\n"


def test_a_fetch_of_as_many_items_as_may_be_has_room_for_those_we_add(instance, client):
    with Folder(instance, "zhang", "hostile items") as folder:
        client.append(folder, TEXT % b"text")
        client.select(folder)
        flags = " ".join(["FLAGS"] * 100)
        got = client.ok(f"UID FETCH 1 ({flags}) (CHANGEDSINCE 1)")
        assert got[-1].startswith(b"* 1 FETCH (UID 1 FLAGS (") and b" MODSEQ (" in got[-1]
        client.refused(b"NO", f"UID FETCH 1 (UID {flags})")
        client.ok("CLOSE")


def test_many_keys_do_not_hold_up_others_for_ever(instance, client):
    with Folder(instance, "zhang", "hostile keys") as folder:
        client.append(folder, TEXT % b"\r\n".join([b"x" * 70] * 15000))
        client.select(folder)
        assert client.ok("SEARCH" + " NOT BODY y" * 20) == [b"* SEARCH 1\r\n"]
        assert b"[LIMIT]" in client.refused(b"NO", "SEARCH" + " NOT BODY y" * 70)
        client.ok("CLOSE")


# I28, S36: somebody idles and does not read

def test_who_idles_and_does_not_read_costs_no_memory(instance, client):
    words = " ".join(f"{letter * 60}" for letter in "abcdefghij")
    with Folder(instance, "zhang", "hostile idle") as folder:
        client.wire.send(b'm APPEND "%s"%s\r\n' % (folder.encode(), b" {1+}\r\nx" * 1000))
        assert client.responses(b"m")[1].startswith(b"OK")
        client.select(folder)
        with logged_in(instance, "zhang") as idler:
            idler.select(folder)
            tag = idler.start("IDLE")
            assert idler.wire.line().startswith(b"+")
            for sign in "+-" * 40 + "+":
                client.ok(f"STORE 1:* {sign}FLAGS.SILENT ({words})")
            client.ok(r"STORE 1000 +FLAGS.SILENT (\Flagged)")
            idler.wire.send(b"DONE\r\n")
            got, said = idler.responses(tag)
            # 41 times 600,000 bytes happened; what was told lay in the buffers of sockets.
            assert said.startswith(b"OK") and sum(map(len, got)) < 15000000
            # and how it stands was told all the same
            told = [one for one in got if one.startswith(b"* 1000 FETCH")]
            assert rb"\Flagged" in told[-1] and b"a" * 60 in told[-1]
        client.ok("CLOSE")


# I04, T13: an APPEND that breaks off

def test_a_broken_append_stores_nothing(instance):
    with Folder(instance, "zhang", "hostile append") as folder:
        for cut in (0, 1, 5000, 99999):
            client = logged_in(instance, "zhang")
            client.wire.send(b'a APPEND "%s" {100000+}\r\n' % folder.encode() + b"x" * cut)
            client.wire.reset()
        for command in (b'a APPEND "%s" {5+}\r\nhelloX\r\n', b'a APPEND "%s" {5+}\r\nhello x\r\n',
                        b'a APPEND "%s" {5+}\r\nhello {5+}\r\nworldX\r\n'):
            with logged_in(instance, "zhang") as client:
                client.wire.send(command % folder.encode())
                assert client.responses(b"a")[1].startswith(b"BAD")
                client.ok("NOOP")
        with logged_in(instance, "zhang") as client:
            assert client.ok(f'STATUS "{folder}" (MESSAGES)')[0].endswith(b"(MESSAGES 0)\r\n")


# I31: any command in any state

WORDS = ("NOOP", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SELECT INBOX", "EXAMINE Drafts", "IDLE\r\nDONE",
         "FETCH 1 FLAGS", "UID", "UID NOOP", "UID EXPUNGE 1", "STORE 1 FLAGS ()", "SEARCH ALL",
         "COPY 1 Drafts", "APPEND Drafts {1+}\r\nx", "STARTTLS", "AUTHENTICATE PLAIN", "LIST \"\" %",
         "CAPABILITY", "ENABLE X", "NAMESPACE")


def test_commands_in_any_order(client):
    state = 12345
    sent = 0
    for n in range(2000):
        state = (state * 1103515245 + 12345) % 2 ** 31
        client.wire.send(b"r%d %s\r\n" % (n, WORDS[(state >> 8) % len(WORDS)].encode()))
        sent += 1
        if sent % 10 == 0:
            client.wire.send(b"n%d NOOP\r\n" % n)
            for m in range(n - 9, n + 1):
                assert client.responses(b"r%d" % m)[1].startswith((b"OK", b"NO", b"BAD"))
            assert client.responses(b"n%d" % n)[1].startswith(b"OK")


# I17, I33: bytes at random

def test_random_bytes(instance):
    state = 99
    for _ in range(60):
        data = bytearray()
        for _ in range(400):
            state = (state * 1103515245 + 12345) % 2 ** 31
            data.append((state >> 12) & 0xff)
        with logged_in(instance, "zhang") as client:
            try:
                client.wire.send(bytes(data) + b"\r\nz LOGOUT\r\n")
            except Closed:
                pass
            client.wire.rest()


def test_one_address_does_not_take_all_places(make_instance):
    served = make_instance(settings={"imap": {"peer_connections": "5"}})
    clients = [ImapClient(served, "imap") for _ in range(5)]
    with served.wire("imap") as wire:
        assert wire.rest().startswith(b"* BYE [UNAVAILABLE] ")
    for client in clients:
        client.ok("NOOP")
        client.wire.close()
