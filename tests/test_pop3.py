"""POP3: what clients read is what was stored, deletions happen at QUIT or not at all, and nobody
keeps others waiting.  Ids in names are those of the attack catalogue."""

import poplib
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from harness.wait import wait_until
from harness.wire import Closed, Wire

poplib._MAXLINE = 1 << 20  # pylint: disable=protected-access


def append(instance, login, *texts, mailbox="INBOX"):
    client = instance.imap(login)
    for text in texts:
        state, said = client.append(mailbox, None, None, text)
        assert state == "OK", said
    client.logout()


@pytest.fixture
def box(instance, request):
    """(instance, login): a mailbox of the test's own."""
    name = "p" + re.sub(r"\W|_", "", request.node.name)[:40]
    instance.user_add(name, f"secret of {name}", names=(name,))
    return instance, name


def log_in(instance, login):
    """A raw connection, logged in over TLS."""
    wire = instance.wire("pop3s")
    wire.line()
    for command in (f"USER {instance.login(login)}", f"PASS {instance.passwords[instance.login(login)]}"):
        assert ask(wire, command).startswith(b"+OK"), command
    return wire


def ask(wire, command):
    wire.send(command + "\r\n")
    return wire.line()


def lines(wire):
    """The rest of a multi-line answer, as bytes with CRLF, unstuffed."""
    text = b""
    while True:
        line = wire.line()
        if line == b".":
            return text
        text += (line[1:] if line.startswith(b".") else line) + b"\r\n"


def sizes(client):
    return [int(row.split()[1]) for row in client.list()[1]]


def uidls(client):
    return [row.split()[1] for row in client.uidl()[1]]


TEXT = b"From: a@b.example\r\nSubject: %d\r\n\r\nline %d\r\n"


def some(count):
    return [TEXT % (i, i) for i in range(count)]


# What stands between the stored text and the one that comes: nothing, but for what must be.
TEXTS = [
    (b"A: b\r\n\r\n.\r\n..\r\n.dot\r\nend\r\n", b"A: b\r\n\r\n.\r\n..\r\n.dot\r\nend\r\n"),
    (b"A: b\r\n\r\nno end", b"A: b\r\n\r\nno end\r\n"),
    (b"A: b\r\n", b"A: b\r\n\r\n"),
    (b"A: b", b"A: b\r\n\r\n"),
    (b"A: b\r\n\r\n", b"A: b\r\n\r\n"),
    (b"\r\nonly a body\r\n", b"\r\nonly a body\r\n"),
    (b"A: " + b"x" * 5000 + b"\r\n\r\n" + b"." * 70000 + b"\r\n",
     b"A: " + b"x" * 5000 + b"\r\n\r\n" + b"." * 70000 + b"\r\n"),
    (b"A: \xd5\xc5\xc8\xfd\r\n\r\n\xe5\xbc\xa0\x7f\x01\r\n", b"A: \xd5\xc5\xc8\xfd\r\n\r\n\xe5\xbc\xa0\x7f\x01\r\n"),
]


def test_p05_texts_come_whole_and_as_long_as_listed(box):
    instance, login = box
    append(instance, login, *(stored for stored, _ in TEXTS))
    wire = log_in(instance, login)
    _, count, total = ask(wire, "STAT").split()
    assert int(count) == len(TEXTS)
    assert int(total) == sum(len(comes) for _, comes in TEXTS)
    for number, (_, comes) in enumerate(TEXTS, 1):
        listed = ask(wire, f"LIST {number}").split()
        assert int(listed[2]) == len(comes)
        said = ask(wire, f"RETR {number}")
        assert int(said.split()[1]) == len(comes)
        assert lines(wire) == comes
    wire.close()


def test_top_gives_header_empty_line_and_lines(box):
    instance, login = box
    body = b"".join(b"%d\r\n" % i for i in range(10))
    append(instance, login, b"A: b\r\n\r\n" + body, b"A: b\r\n")
    client = instance.pop3(login)
    assert client.top(1, 0)[1] == [b"A: b", b""]
    assert client.top(1, 2)[1] == [b"A: b", b"", b"0", b"1"]
    assert len(client.top(1, 99)[1]) == 12
    assert client.top(2, 5)[1] == [b"A: b", b""]
    client.quit()


def test_mail_sent_by_a_colleague_is_the_same_in_imap_and_pop3(box):
    instance, login = box
    sender = instance.smtp("submission", login="zhang")
    for text in some(3):
        sender.sendmail(instance.login("zhang"), [instance.login(login)], text)
    sender.quit()
    stored = instance.inbox(login)
    client = poplib.POP3(*instance.endpoints["pop3"], timeout=60)
    client.host = "localhost"
    client.stls(context=instance.tls())
    client.user(instance.login(login))
    client.pass_(instance.passwords[instance.login(login)])
    texts = [b"\r\n".join(client.retr(n)[1]) + b"\r\n" for n in range(1, 4)]
    assert texts == stored
    assert sizes(client) == [len(text) for text in texts]
    client.quit()


@pytest.mark.parametrize("scheme", ["pop3", "pop3s"])
def test_curl_lists_and_reads(box, scheme):
    instance, login = box
    append(instance, login, *some(2))
    port = instance.endpoints[scheme][1]

    def curl(path):
        return subprocess.run(
            ["curl", "-sS", "--ssl-reqd", "--cacert", instance.path("tls", "ca.pem"), "-u",
             f"{instance.login(login)}:{instance.passwords[instance.login(login)]}",
             f"{scheme}://localhost:{port}/{path}"],
            stdout=subprocess.PIPE, check=True, timeout=60).stdout

    assert curl("") == b"1 %d\r\n2 %d\r\n" % (len(some(2)[0]), len(some(2)[1]))
    assert curl("2") == some(2)[1]


def test_p03_without_quit_nothing_is_deleted(box):
    instance, login = box
    append(instance, login, *some(3))
    for goodbye in ("close", "reset"):
        wire = log_in(instance, login)
        assert ask(wire, "DELE 1").startswith(b"+OK")
        assert ask(wire, "DELE 1").startswith(b"-ERR")
        assert ask(wire, "STAT").split()[1] == b"2"
        getattr(wire, goodbye)()
    client = instance.pop3(login)
    assert client.stat()[0] == 3
    client.dele(1)
    client.rset()
    client.dele(2)
    client.quit()
    client = instance.pop3(login)
    assert [client.retr(n)[1][1] for n in (1, 2)] == [b"Subject: 0", b"Subject: 2"]
    client.quit()


def test_p06_two_sessions_see_their_own_snapshot(box):
    instance, login = box
    append(instance, login, *some(3))
    one, two = instance.pop3(login), instance.pop3(login)
    ids = uidls(one)
    assert uidls(two) == ids and len(set(ids)) == 3
    append(instance, login, TEXT % (9, 9))
    one.dele(1)
    one.dele(2)
    one.quit()
    assert uidls(two) == ids and two.stat()[0] == 3
    with pytest.raises(poplib.error_proto, match="no such message"):
        two.retr(1)
    assert two.retr(3)[1][1] == b"Subject: 2"
    two.dele(2)
    two.dele(3)
    two.quit()
    three = instance.pop3(login)
    assert three.stat()[0] == 1 and uidls(three)[0] not in ids
    assert three.retr(1)[1][1] == b"Subject: 9"
    three.quit()


def test_p07_a_slow_reader_holds_nobody_up(box):
    instance, login = box
    big = b"A: b\r\n\r\n" + b"0123456789abcdef.\r\n" * (1 << 20)
    append(instance, login, big, *some(1))
    wire = log_in(instance, login)
    wire.send("RETR 1\r\n")
    for _ in range(20):
        wire.buffer += wire.socket.recv(1)
        time.sleep(0.05)
    wait_until(instance.is_read_by_nobody, 10, "no transaction is held for who does not read")
    begun = time.monotonic()
    append(instance, login, *some(1))
    other = instance.pop3(login)
    assert other.stat()[0] == 3
    assert other.retr(2)[1][1] == b"Subject: 0"
    other.dele(1)
    other.quit()
    assert time.monotonic() - begun < 20
    # The message is gone from the mailbox now; who has begun to read it reads it to its end.
    assert wire.line().startswith(b"+OK")
    assert wire.exactly(len(big) + 3) == big + b".\r\n"
    wire.close()


def test_t02_nothing_said_in_clear_counts_after_stls(instance):
    wire = instance.wire("pop3")
    wire.line()
    wire.send(b"STLS\r\nCAPA\r\nQUIT\r\n")
    assert wire.line().startswith(b"+OK")
    assert wire.buffer == b""
    wire.start_tls(instance.tls())
    assert ask(wire, "CAPA").startswith(b"+OK")
    assert b"STLS" not in lines(wire)
    wire.close()


def test_clear_logins_where_they_are_allowed(make_instance):
    instance = make_instance(settings={"pop3": {"clear_login": "yes"}})
    append(instance, "zhang", *some(2))
    user, password = instance.login("zhang"), instance.passwords[instance.login("zhang")]
    wire = instance.wire("pop3")
    wire.send(f"USER {user}\r\nPASS {password}\r\nSTAT\r\nUIDL\r\nRETR 2\r\nDELE 1\r\nQUIT\r\n")
    wire.socket.shutdown(socket.SHUT_WR)
    said = wire.rest()
    assert said.count(b"+OK") == 8, said
    assert some(2)[1] + b".\r\n+OK marked\r\n+OK good bye\r\n" in said
    wire.close()
    client = poplib.POP3(*instance.endpoints["pop3"], timeout=60)
    client.user(user)
    client.pass_(password)
    assert client.stat()[0] == 1
    # Cut after any byte, a login is one or is none, and harms nobody.
    whole = f"USER {user}\r\nPASS {password}\r\nDELE 1\r\n".encode()
    for cut in range(len(whole)):
        with Wire(instance.endpoints["pop3"]) as cutter:
            cutter.send(whole[:cut])
            cutter.finish()
            cutter.rest()
    client.quit()
    client = instance.pop3("zhang")
    assert client.stat()[0] == 1
    client.quit()
    text = instance.log_text()
    assert password not in text


def test_p04_deletions_happen_whole_or_not_at_all(make_instance):
    instance = make_instance()
    for round_ in range(6):
        append(instance, "li", *some(10))
        wire = log_in(instance, "li")
        for number in range(1, 11):
            ask(wire, f"DELE {number}")
        wire.send("QUIT\r\n")
        time.sleep(0.002 * round_)
        instance.kill("pop3d", signal.SIGKILL)
        try:
            said = wire.rest()
        except (Closed, OSError, ssl.SSLError):
            said = b""
        left = wait_until(lambda: stat_or_none(instance, "li"), 60, "pop3d back")[0]
        assert left in (0, 10)
        if b"+OK" in said:
            assert left == 0
        clean = instance.pop3("li")
        for number in range(1, left + 1):
            clean.dele(number)
        clean.quit()


def stat_or_none(instance, login):
    try:
        client = instance.pop3(login)
        stat = client.stat()
        client.quit()
        return stat
    except (poplib.error_proto, OSError, EOFError):
        return None


def test_big_maildrops_are_listed_whole_and_soon(box):
    instance, login = box
    append(instance, login, *some(10))
    client = instance.imap(login, select="INBOX")
    count = 10
    while count < 20000:
        state, said = client.copy("1:*", "INBOX")
        assert state == "OK", said
        count *= 2
        client.noop()
    client.logout()
    begun = time.monotonic()
    client = instance.pop3(login)
    assert client.stat()[0] == count
    ids = uidls(client)
    assert len(set(ids)) == count
    assert len(sizes(client)) == count
    assert time.monotonic() - begun < 30
    for number in range(1, count - 4, 2):
        client._putcmd(f"DELE {number}")  # pylint: disable=protected-access
    for number in range(1, count - 4, 2):
        client._getresp()  # pylint: disable=protected-access
    client.quit()
    client = instance.pop3(login)
    left = uidls(client)
    assert left == [ids[i] for i in range(count) if i % 2 or i >= count - 5]
    client.quit()


def test_an_account_has_so_many_sessions_and_no_more(make_instance):
    instance = make_instance(settings={"pop3": {"account_max": "3"}})
    clients = [instance.pop3("wang") for _ in range(3)]
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        instance.pop3("wang")
    instance.pop3("li").quit()
    clients[0].quit()
    wait_until(lambda: stat_or_none(instance, "wang"), 30, "room for one more")
    for client in clients[1:]:
        client.quit()
