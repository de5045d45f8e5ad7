"""Inputs of the attack catalogue's IMAP section: one clear answer, and nobody else hurt."""

import re
import time

import pytest

from harness.wire import Closed
from imap_client import Folder, ImapClient, logged_in

RSS_GROWTH_MAX = 128 * 1024     # KiB; sanitizers keep freed memory for a while


def short(value):
    """A test's name shows the beginning of a long input."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return repr(text[:24])


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


# I01, A13: strings

@pytest.mark.parametrize("line", [
    b'LOGIN "a\0b" "c\0"', b'LOGIN "a" "b\\', b'LOGIN "a\\', b'LOGIN "a\\q" b', b"LOGIN a",
    b"LOGIN a b c", b'LOGIN "a"b', b"LOGIN (a) b", b"LOGIN a\rb c",
], ids=short)
def test_malformed_logins_are_bad(instance, line):
    with ImapClient(instance) as client:
        got, said = client.command(line) if b"\0" not in line and b"\r" not in line else (
            [], bad_line(client, line))
        assert got == [] and said.startswith(b"BAD")


def bad_line(client, line):
    client.wire.send(b"x " + line + b"\r\n")
    said = client.response()
    assert said.startswith(b"* BAD")
    return said[2:]


def test_parentheses_without_end_before_login(instance):
    with ImapClient(instance) as client:
        assert ends(client, b"t LOGIN " + b"(" * 1048576).startswith(b"* BYE")


def test_a_name_with_nul_is_bad(client):
    bad_line(client, b'SELECT "x\0"')
    client.refused(b"BAD", b"SELECT {2+}\r\nx\0")


# I02, I03: literals

@pytest.mark.parametrize("size, answer", [
    (b"4294967295", b"BAD"), (b"18446744073709551616", b"BAD"), (b"99999999999999999999", b"BAD"),
    (b"4097", b"BAD"), (b"-1", b"BAD"), (b"0x1", b"BAD"),
])
def test_literals_are_refused_before_login(instance, size, answer):
    with ImapClient(instance) as client:
        client.refused(answer, b"LOGIN {" + size + b"}")
        client.ok("NOOP")


@pytest.mark.parametrize("size", [b"4097", b"9999999999", b"18446744073709551616"])
def test_literals_that_do_not_wait_end_the_connection(instance, size):
    with ImapClient(instance) as client:
        assert ends(client, b"t LOGIN {" + size + b"+}\r\n").startswith(b"* BYE")


def test_literals_after_login(client):
    client.refused(b"NO [TOOBIG]", "SELECT {65537}")
    client.refused(b"NO [TOOBIG]", "APPEND INBOX {18446744073709551616}")
    client.refused(b"NO", b"SELECT {007+}\r\nnowhere")
    client.refused(b"NO", b"SELECT {0+}\r\n")
    assert ends(client, b"t APPEND INBOX {18446744073709551616+}\r\n").startswith(b"* BYE")


def test_a_command_has_a_total_size(client):
    assert ends(client, b"t SEARCH" + b" SUBJECT {60000+}\r\n" * 1 + b"x" * 60000 +
                (b" SUBJECT {60000+}\r\n" + b"x" * 60000) * 20).startswith(b"* BYE")


def test_a_line_has_a_size(client):
    set_of_60k = b",".join(b"%d" % n for n in range(1, 12000))
    assert len(set_of_60k) > 50000
    client.select("INBOX")
    client.ok(b"UID FETCH " + set_of_60k + b" FLAGS")
    assert ends(client, b"t FETCH " + b"1," * 40000).startswith(b"* BYE")


def test_twenty_bad_commands_in_a_row(client):
    for _ in range(19):
        client.refused(b"BAD", "NONSENSE")
    client.ok("NOOP")
    for _ in range(19):
        client.refused(b"BAD", "NONSENSE")
    assert ends(client, b"t NONSENSE\r\n").startswith(b"* BYE")


def test_three_bad_commands_before_login(instance):
    with ImapClient(instance) as client:
        client.refused(b"BAD", "SELECT INBOX")
        client.refused(b"BAD", "NONSENSE")
        assert ends(client, b"t NONSENSE\r\n").startswith(b"* BYE")


@pytest.mark.parametrize("line", [b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /x HTTP/1.0\r\n"])
def test_browsers_get_no_second_line(instance, line):
    with ImapClient(instance, "imap") as client:
        assert ends(client, line).startswith(b"* BYE")


@pytest.mark.parametrize("tag", [b"", b"+", b"(", b"x" * 65, b"*", b'"'])
def test_bad_tags_are_not_echoed(client, tag):
    client.wire.send(tag + b" NOOP\r\n")
    assert client.response().startswith(b"* BAD")
    client.ok("NOOP")


# I06, I07: sets

def test_sets(instance, client):
    with Folder(instance, "zhang", "hostile sets") as folder:
        for n in range(5):
            client.append(folder, b"Subject: %d\r\n\r\n" % n)
        client.select(folder)
        for wide in ("1:4294967295", "*:4294967295", "1:*,1:*," * 6000 + "1", "5:1,*", "4294967295:1"):
            assert len(client.ok(f"FETCH {wide} UID")) in (1, 5)
        assert len(client.ok("UID FETCH 1:4294967295 FLAGS")) == 5
        for bad in ("0", "4294967296", "1:", ":1", "1,,2", "1:2:3", "-1", "1 2"):
            client.refused(b"BAD", f"FETCH {bad} UID")
        client.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
        client.ok("EXPUNGE")
        began = time.monotonic()
        assert client.ok("UID FETCH 1:4294967295 FLAGS") == []
        assert client.ok("UID SEARCH 1:4294967295 ALL") == [b"* SEARCH\r\n"]
        assert time.monotonic() - began < 10


# I08, I09: search programs

@pytest.mark.parametrize("keys, answer", [
    ("OR " * 10000 + "ALL", b"NO [LIMIT]"), ("NOT " * 10000 + "ALL", b"NO [LIMIT]"),
    ("(" * 10000, b"NO [LIMIT]"), ("TEXT x " * 1000 + "ALL", b"NO [LIMIT]"),
    ("CHARSET UTF-7 ALL", b"NO [BADCHARSET"), ('CHARSET UTF-8 SUBJECT "\udcff"', b"BAD"),
    ("(ALL", b"BAD"), ("ALL)", b"BAD"), ("OR ALL", b"BAD"), ("", b"BAD"),
], ids=short)
def test_search_programs(client, keys, answer):
    client.select("INBOX")
    client.refused(answer, b"SEARCH " + keys.encode("utf-8", "surrogateescape"))


# I10, I11: FETCH

def test_fetch_items(instance, client):
    with Folder(instance, "zhang", "hostile fetch") as folder:
        client.append(folder, b"Subject: x\r\n\r\nbody\r\n")
        client.select(folder)
        client.refused(b"NO [LIMIT]", "FETCH 1:* (" + "BODY.PEEK[]<0.1> " * 500 + "UID)")
        client.refused(b"NO [LIMIT]", "FETCH 1 BODY[" + ".".join("1" * 500) + "]")
        client.refused(b"NO [LIMIT]", "FETCH 1 BODY[HEADER.FIELDS (" + "x " * 10000 + "y)]")
        for bad in ("BODY[]<0.0>", "BODY[]<1>", "BODY[]<4294967296.1>", "BODY[0]", "BODY[MIME]",
                    "BODY[1.]", "BODY[", "BODY", "()", "(UID", "X"):
            if bad != "BODY":
                client.refused(b"BAD", f"FETCH 1 {bad}")
        assert client.ok("FETCH 1 BODY.PEEK[]<4294967295.4294967295>") == [
            b"* 1 FETCH (BODY[]<4294967295> {0}\r\n)\r\n"]
        assert client.ok("FETCH 1 BODY.PEEK[" + ".".join("1" * 100) + "]")[0].endswith(b" NIL)\r\n")


# I18: what could be taken for a response of ours

def test_texts_cannot_speak_for_the_server(instance, client):
    with Folder(instance, "zhang", "hostile texts") as folder:
        client.append(folder, b"Subject: =?utf-8?q?x=0D=0A*_BYE_now?=\r\n\t* BYE\r\n"
                      b"From: \"a\\\"\\\\ (\" <x@example.org>\r\n\r\n* BYE\r\n")
        client.select(folder)
        got = client.ok("FETCH 1 (ENVELOPE BODY.PEEK[TEXT])")
        assert len(got) == 1 and got[0].endswith(b" BODY[TEXT] {7}\r\n* BYE\r\n)\r\n")
        assert b"\r\n" not in got[0].split(b" BODY[TEXT]")[0]
        client.ok("UNSELECT")
    client.refused(b"NO", 'CREATE "&AA0ACg-* BYE"')


# I19, I20: names

@pytest.mark.parametrize("name", [
    "../x", "/etc", "a//b", "a/./b", "INBOX/../..", "&AC4ALg-/x", "x" * 10000, "a/" * 1000 + "a", ".",
    "..", "", "/", "a*b", "a%b", "&ImIi-", "&AGE-", "&2D0-",
], ids=short)
def test_names_that_cannot_be(client, name):
    client.refused(b"NO", f'CREATE "{name}"')
    client.refused(b"NO", f'RENAME INBOX "{name}"')
    client.refused(b"NO", f'SELECT "{name}"')
    assert client.command(f'LIST "" "{name}"')[1].startswith(b"OK")
    client.ok(f'SUBSCRIBE "{name}"')


def test_one_mailbox_has_one_name(instance, client):
    client.refused(b"NO [ALREADYEXISTS]", "CREATE InBoX")
    # one character, and the same put together of two
    with Folder(instance, "zhang", "café nfc"):
        client.refused(b"NO [ALREADYEXISTS]", 'CREATE "cafe\u0301 nfc"')
        client.refused(b"NO [ALREADYEXISTS]", 'CREATE "caf&AOk- nfc"')
    with Folder(instance, "zhang", "R&D"):
        client.ok('SELECT "R&D"')
        client.ok('SELECT "R&-D"')
        assert client.ok('LIST "" "R&-*"') == [b'* LIST (\\HasNoChildren) "/" "R&-D"\r\n']
        client.ok("UNSELECT")


# I21: patterns

def test_patterns_take_linear_time(instance, client):
    with Folder(instance, "zhang", "a" * 200):
        began = time.monotonic()
        for pattern in ("%*" * 200 + "b", "%a" * 200 + "b", "*a" * 120 + "b", "%" * 4000):
            client.ok(f'LIST "" "{pattern}"')
        assert time.monotonic() - began < 10


# I25, I29

def test_keywords_are_bounded(instance, client):
    with Folder(instance, "zhang", "hostile keywords") as folder:
        client.append(folder, b"Subject: x\r\n\r\n")
        client.select(folder)
        for flags in (" ".join(f"k{n}" for n in range(5000)), "k" * 65, "k" * 60000):
            client.refused(b"NO [LIMIT]", f"STORE 1 +FLAGS ({flags})")
        client.ok("STORE 1 +FLAGS (" + " ".join(f"k{n}" for n in range(50)) + ")")
        client.refused(b"NO [LIMIT]", "STORE 1 +FLAGS (" + " ".join(
            f"l{n}" for n in range(50)) + ")")
        client.refused(b"NO", "STORE 1 +FLAGS (" + " ".join(f"m{n}" for n in range(60)) + ")")
        assert len(client.ok("FETCH 1 FLAGS")[0]) < 5000


def test_id_is_bounded(client):
    client.refused(b"NO [LIMIT]", 'ID ("k" "v"' + ' "k" "v"' * 1000 + ")")
    client.refused(b"NO [LIMIT]", 'ID ("k" "' + "v" * 2000 + '")')
    client.refused(b"BAD", 'ID (("k" "v"))')
    client.refused(b"BAD", 'ID ("k")')


# I04, T13: an APPEND that breaks off

def test_a_broken_append_stores_nothing(instance):
    with Folder(instance, "zhang", "hostile append") as folder:
        for cut in (0, 1, 5000, 99999):
            client = logged_in(instance, "zhang")
            client.wire.send(b'a APPEND "%s" {100000+}\r\n' % folder.encode() + b"x" * cut)
            client.wire.reset()
        for command in (b'a APPEND "%s" {5+}\r\nhelloX\r\n', b'a APPEND "%s" {5+}\r\nhello x\r\n',
                        b'a APPEND "%s" {5+}\r\nhello {5}\r\n'):
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


def test_what_comes_behind_starttls_in_clear_is_forgotten(instance):
    with ImapClient(instance, "imap") as client:
        client.wire.send(b"a STARTTLS\r\nb NOOP\r\nc LOGOUT\r\n")
        assert client.response().startswith(b"a OK")
        client.wire.start_tls(instance.tls())
        client.ok("NOOP")
