"""policyd with its digest helpers and stored, over their real sockets, without any other program."""

import json
import os
import signal
import socket
import struct
import time

import pytest

from harness.company import (ABSENT, ADMIN_END, ADMIN_REQUEST, ADMIN_ROW, BUSY, CREDENTIAL,
                             DEADLINE, DENIED, EXISTS, F_CHANGED, F_KNOWN, F_LIST, F_REPORT, F_RUN,
                             F_SECRET, IMAP, IO, MAIL, OK, OPEN, RCPT, RETURN, ROUTE, SASL, SMTP,
                             STALE, SUBMISSION, SUBMIT, SYNTAX, Company, sealed, text)
from harness.instance import CHECKOUT
from harness.wait import wait_until

TRADE = os.path.join(CHECKOUT, "tests", "data", "trade")


@pytest.fixture
def company(tmp_path):
    c = Company(str(tmp_path))
    c.must("domain", "add", name="acme.test")
    for login, names in (("zhang", ["Zhang San", "张三"]), ("li", ["Li Si", "李四"])):
        c.must("user", "add", login=login, password="secret of " + login, names=names)
    yield c
    c.close()


def login(peer, sid, name):
    peer.open_session(sid, SUBMISSION)
    done, _ = peer.sasl(sid, "PLAIN", f"\0{name}\0secret of {name}".encode())
    assert done is True


def mail(to="Li Si <li@acme.test>", number=1, more=""):
    return (f"From: Zhang San <zhang@acme.test>\r\nTo: {to}\r\nSubject: test {number}\r\n"
            f"Message-ID: <{number}@acme.test>\r\n{more}\r\nHello {number}\r\n").encode()


def test_colleagues_write_to_each_other_and_strangers_reach_them(company):
    peer = company.peer()
    login(peer, "s1", "zhang")
    assert peer.reply(MAIL, text("s1") + text("zhang@acme.test") + text(""))[:2] == (250, "2.1.0")
    assert peer.reply(MAIL, text("s1") + text("li@acme.test") + text(""))[:2] == (553, "5.7.1")
    outside = peer.reply(RCPT, text("s1") + text("") + text("x@example.com"))
    assert outside[:2] == (550, "5.7.1") and "no route to outside domains" in outside[2]
    assert peer.submit("s1", "mid1", "zhang@acme.test", ["li@acme.test", "LI@acme.test"],
                       mail())[0] == 250
    peer.open_session("s2", SMTP)
    assert peer.reply(RCPT, text("s2") + text("") + text("x@example.com"))[:2] == (550, "5.7.1")
    assert peer.reply(RCPT, text("s2") + text("") + text("no@acme.test"))[:2] == (550, "5.1.1")
    assert peer.submit("s2", "mid2", "a@example.com", ["zhang@acme.test"], mail())[0] == 250
    assert peer.submit("s2", "mid3", "a@example.com", ["no@acme.test"], mail())[0] == 550
    loop = mail(more="Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n" * 101)
    assert peer.submit("s2", "mid4", "", ["zhang@acme.test"], loop)[:2] == (554, "5.4.6")
    rows = {row[2]: row for row in company.audit(kind="mail")}
    assert set(rows) == {"mid1", "mid2"}
    assert rows["mid1"][1] == "zhang@acme.test"
    assert rows["mid1"][3].count("-> li@acme.test") == 2
    assert rows["mid2"][1] == "192.0.2.7"


def test_nobody_submits_without_login_or_with_a_text_that_is_not_sealed(company):
    peer = company.peer()
    peer.open_session("s1", SUBMISSION)
    assert peer.submit("s1", "m1", "zhang@acme.test", ["li@acme.test"], mail())[0] == 530
    assert peer.submit("none", "m2", "zhang@acme.test", ["li@acme.test"], mail())[0] == 451
    login(peer, "s2", "zhang")
    assert peer.submit("s2", "m3", "li@acme.test", ["li@acme.test"], mail())[0] == 553
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.write(fd, mail())
    payload = (text("s2") + text("m4") + text("") + struct.pack("<QIII", 1, len(mail()), 0, 1) +
               text("li@acme.test"))
    assert peer.reply(SUBMIT, payload, fd)[0] == 451
    os.close(fd)
    assert peer.reply(SUBMIT, payload)[0] == 451
    # Sessions are each process's own.
    other = company.peer()
    assert other.submit("s2", "m5", "", ["li@acme.test"], mail())[0] == 451
    assert company.audit(kind="mail") == []


def test_login_tells_no_more_than_it_must(company):
    peer = company.peer()
    peer.open_session("s", IMAP)
    assert peer.sasl("s", "LOGIN", None) == (False, b"Username:")
    assert peer.sasl("s", "", b"zhang") == (False, b"Password:")
    before = time.monotonic()
    assert peer.sasl("s", "", b"wrong")[0] == DENIED
    assert time.monotonic() - before >= 0.9
    assert peer.sasl("s", "NTLM", b"x")[0] == ABSENT
    assert peer.sasl("s", "PLAIN", b"x" * 100000)[0] == SYNTAX
    done, _ = peer.sasl("s", "PLAIN", b"\0zhang\0secret of zhang")
    assert done is True
    assert peer.sasl("s", "PLAIN", b"\0li\0secret of li")[0] == SYNTAX
    assert "secret of" not in company.log()


@pytest.mark.waits
def test_failed_logins_are_counted_through_restarts(company):
    peer = company.peer()
    peer.open_session("s", IMAP, "198.51.100.9")
    for n in range(3):
        assert peer.sasl("s", "PLAIN", b"\0zhang\0wrong")[0] == DENIED
    company.stop("policyd")
    company.start("policyd")
    peer = company.peer()
    peer.open_session("s", IMAP, "198.51.100.9")
    before = time.monotonic()
    assert peer.sasl("s", "PLAIN", b"\0zhang\0wrong")[0] == DENIED
    assert time.monotonic() - before >= 7.9


def test_a_malformed_frame_costs_its_sender_the_connection_and_nobody_else(company):
    good = company.peer()
    login(good, "s", "zhang")
    for kind, request, payload in ((SASL, 1, b"\1"), (999, 1, b""), (OPEN, 1, b""),
                                   (SUBMIT, 0, b""), (0, 0, b""), (SUBMIT, 1, b"\xff" * 64)):
        bad = company.peer()
        bad.send(kind, request, payload)
        assert bad.socket.recv(1) == b""
    bad = company.peer("digest")
    bad.send(3, 0, b"\0" * 100)
    assert bad.socket.recv(1) == b""
    assert good.submit("s", "m", "", ["li@acme.test"], mail())[0] == 250


def test_the_trade_mails_find_their_people(company):
    with open(os.path.join(TRADE, "directory.tsv"), encoding="utf-8") as f:
        staff = [line.rstrip("\n").split("\t") for line in f][1:]
    for who, names, nicks in staff:
        if who in ("zhang@acme.test", "li@acme.test"):
            company.must("user", "set", login=who, names=json.loads(names), nicks=json.loads(nicks))
        else:
            company.must("user", "add", login=who, password="x", names=json.loads(names),
                         nicks=json.loads(nicks))
    company.must("user", "add", login="dispatcher", password="x")
    row, = company.must("fetch", "add", name="sales", server="127.0.0.1:110", protocol="pop3",
                        user="sales", secret="hidden", shared="sales@example.com",
                        dispatcher="dispatcher")
    assert "secret" not in row
    peer = company.peer()
    status, _, r = peer.call(F_LIST, b"")
    assert status == OK and r.number("I") == 1
    status, _, r = peer.call(F_SECRET, struct.pack("<I", row["id"]))
    assert r.text() == b"hidden"
    with open(os.path.join(TRADE, "EXPECT_PEOPLE.tsv"), encoding="utf-8") as f:
        expected = {line.split("\t")[0]: line.rstrip("\n").split("\t")[2] for line in f}
    del expected["file"]
    for name in expected:
        with open(os.path.join(TRADE, name), "rb") as f:
            message = f.read()
        assert peer.fetched(row["id"], name, "m-" + name[:2], message) == OK
        assert peer.fetched(row["id"], name, "again-" + name[:2], message) == EXISTS
    rows = {row[2]: row[3] for row in company.audit(kind="mail")}
    for name, people in expected.items():
        got = sorted({line.split(" -> ")[1].split(",")[0]
                      for line in rows["m-" + name[:2]].splitlines() if " -> " in line})
        want = sorted(p if "@" in p else p + "@acme.test" for p in people.split(","))
        assert got == want, (name, rows["m-" + name[:2]])
    payload = struct.pack("<IBI", row["id"], 0, 2) + text("01-plain-atom.eml") + text("new")
    status, _, r = peer.call(F_KNOWN, payload)
    assert r.number("I") == 2 and r.number("Q") > 0 and r.number("Q") == 0


def test_an_answer_goes_to_who_wrote_the_question(company):
    company.must("fetch", "add", name="sales", server="h:110", protocol="pop3", user="u",
                 secret="s", shared="sales@acme.test", dispatcher="li")
    peer = company.peer()
    login(peer, "s1", "zhang")
    assert peer.submit("s1", "q", "zhang@acme.test", ["li@acme.test"], mail(number=7))[0] == 250
    peer.open_session("s2", SMTP)
    answer = mail(to="Li Si <sales@acme.test>", number=8,
                  more="References: <other@x>,<7@acme.test>\r\n")
    assert peer.submit("s2", "a", "x@example.com", ["sales@acme.test"], answer)[0] == 250
    detail, = [row[3] for row in company.audit(kind="mail", subject="a") if row[2] == "a"]
    assert detail.startswith("step=thread") and detail.endswith("-> zhang@acme.test\n")


def test_relayd_learns_how_routes_go_and_their_secrets(company):
    row, = company.must("route", "add", name="isp", default=True, smarthost="smtp.example.com",
                        user="sales", secret="s3cret")
    assert row["smarthost"] == "smtp.example.com:587" and row["tls"] == "require"
    assert row["check_certificate"] and "s3cret" not in json.dumps(row)
    peer = company.peer()
    number = struct.pack("<I", row["id"])
    status, _, r = peer.call(ROUTE, number)
    assert (status, r.number("I"), r.text(), r.text(), r.number("H")) == \
        (OK, row["id"], b"isp", b"smtp.example.com", 587)
    assert (r.number("B"), r.number("B"), r.number("B"), r.text()) == (0, 0, 1, b"")
    assert (r.number("I"), r.text()) == (row["id"], b"sales")
    status, _, r = peer.call(CREDENTIAL, number)
    assert (status, r.text()) == (OK, b"s3cret")
    status, _, r = peer.call(ROUTE, struct.pack("<I", 0))
    assert (status, r.number("I"), r.text(), r.text(), r.number("H")) == (OK, 0, b"mx", b"", 25)
    company.must("route", "set", name="isp", enabled=False)
    assert peer.call(ROUTE, number)[0] == DENIED
    company.must("route", "set", name="isp", enabled=True, user=None)
    assert peer.call(CREDENTIAL, number)[0] == ABSENT
    company.must("route", "remove", name="isp")
    assert peer.call(ROUTE, number)[0] == ABSENT
    for wrong in ({"default": True}, {"default": True, "mx": True, "user": "u", "secret": "s"},
                  {"default": True, "for_domain": "x.test", "mx": True}, {"mx": True},
                  {"default": True, "mx": True, "lmtp": True}, {"default": False, "mx": True},
                  {"default": True, "smarthost": "h:0"}, {"for_sender": "x", "mx": True},
                  {"default": True, "smarthost": "h", "user": "u"},
                  {"default": True, "smarthost": "h", "tls": "maybe"},
                  {"default": True, "smarthost": "h", "mx": True}):
        assert company.admin("route", "add", name="r", **wrong)[0] == SYNTAX, wrong
    row, = company.must("route", "add", name="later", for_domain="later.test", smarthost="h")
    assert row["tls"] == "try" and not row["check_certificate"]
    row, = company.must("route", "set", name="later", tls="require")
    assert row["check_certificate"]
    row, = company.must("route", "set", name="later", check_certificate=False)
    row, = company.must("route", "set", name="later", tls="require")
    assert not row["check_certificate"]
    # Who gains a password is not left with TLS that anybody may end, unless that is said.
    for said, kept in (({}, ("require", True)), ({"tls": "try"}, ("try", False)),
                       ({"check_certificate": False}, ("require", False))):
        company.must("route", "set", name="later", tls="try", user=None, check_certificate=False)
        row, = company.must("route", "set", name="later", user="u", secret="s", **said)
        assert (row["tls"], row["check_certificate"]) == kept, said
    company.must("route", "set", name="later", tls="try")
    row, = company.must("route", "set", name="later", user="v")
    assert row["tls"] == "try"
    company.must("route", "set", name="later", tls="off", user=None)
    assert company.must("route", "set", name="later", user="u", secret="s")[0]["tls"] == "off"
    company.must("route", "remove", name="later")
    company.must("route", "add", name="one", for_domain="X.test", mx=True)
    assert company.admin("route", "add", name="two", for_domain="x.test", mx=True)[0] == EXISTS
    assert company.admin("route", "add", name="one", default=True, mx=True)[0] == EXISTS
    assert company.admin("route", "set", name="none", mx=True)[0] == ABSENT


def give_back(peer, kind, author, mid, entries, message=None):
    payload = (struct.pack("<BI", kind, author) + text(mid) + text("mid1") +
               struct.pack("<I", len(message or b"")) + text("550 no such user") +
               struct.pack("<I", len(entries)) + struct.pack(f"<{len(entries)}Q", *entries))
    fd = sealed(message) if message else None
    try:
        return peer.call(RETURN, payload, fd)[0]
    finally:
        if fd is not None:
            os.close(fd)


def test_what_comes_back_undelivered_is_told_once(company):
    failed, delayed = 0, 1
    company.must("route", "add", name="isp", default=True, smarthost="smtp.example.com")
    peer = company.peer()
    login(peer, "s1", "zhang")
    to = ["li@acme.test", "a@x.test", "b@y.test", "A@x.test"]
    assert peer.submit("s1", "mid1", "zhang@acme.test", to, mail())[0] == 250
    reasons, = [row[3] for row in company.audit(kind="mail") if row[2] == "mid1"]
    assert reasons.count("step=outgoing") == 2 and "route=isp" in reasons
    report = mail(number=2)
    assert give_back(peer, delayed, 1, "r1", [1, 2], report) == OK
    assert give_back(peer, failed, 1, "r2", [1, 3], report) == STALE
    assert give_back(peer, failed, 1, "r3", [1], report) == OK
    assert give_back(peer, failed, 1, "r3", [1], report) == STALE
    assert give_back(peer, failed, 99, "r4", [2]) == OK
    last, failure, delay, mid = [row for row in company.audit() if row[2] == "mid1"]
    assert delay[0] == "mail.delayed" and "told=zhang@acme.test notice=r1 entries=1,2" in delay[3]
    assert failure[0] == last[0] == "mail.failed" and "notice=r3" in failure[3]
    assert failure[3].startswith("550 no such user") and "told=nobody" in last[3]
    assert mid[0] == "mail"
    assert {row[2] for row in company.audit(kind="mail")} == {"mid1", "r1", "r3"}
    with pytest.raises(ConnectionError):
        give_back(peer, failed, 1, "r5", [])


def test_an_administrator_is_told_what_to_do(company):
    for args, status, why in (
            (dict(noun="user", verb="add", login="x@other.test", password="x"), ABSENT,
             'no domain "other.test": add it with mailadm domain add other.test'),
            (dict(noun="user", verb="add", login="li", password="x"), EXISTS, "a user already"),
            (dict(noun="user", verb="add", login="x y", password="x"), SYNTAX, "no address"),
            (dict(noun="user", verb="add", login="x"), SYNTAX, "password"),
            (dict(noun="user", verb="add", login="x", password=""), SYNTAX, "empty"),
            (dict(noun="user", verb="add", login="x", password="x", colour="red"), SYNTAX,
             "left unpacked"),
            (dict(noun="user", verb="set", login="x"), ABSENT, "see mailadm user list"),
            (dict(noun="user", verb="set", login="li", names=["..."]), SYNTAX, "needs a letter"),
            (dict(noun="domain", verb="remove", name="acme.test"), DENIED, "remove it first"),
            (dict(noun="alias", verb="add", address="a@acme.test", to=[]), SYNTAX, "1 to"),
            (dict(noun="fetch", verb="add", name="f", server="h", protocol="imap", user="u",
                  secret="s", **{"for": "li"}), SYNTAX, "pop3"),
            (dict(noun="fetch", verb="add", name="f", server="h", protocol="pop3", user="u",
                  secret="s", shared="a@b.c"), SYNTAX, "dispatcher"),
            (dict(noun="fetch", verb="run", name="f"), ABSENT, "see mailadm fetch list"),
            (dict(noun="weather", verb="show"), SYNTAX, "no such noun")):
        got = company.admin(**args)
        assert got[0] == status and why in got[1], (args, got)
    company.must("alias", "add", address="Export@acme.test", to=["li", "zhang@acme.test", "li"])
    assert company.must("user", "show", login="li")[0]["aliases"] == ["export@acme.test"]
    assert company.admin("user", "remove", login="li")[0] == DENIED
    company.must("alias", "set", address="export@acme.test", to=["zhang"])
    company.must("user", "remove", login="li")
    assert [u["login"] for u in company.must("user", "list")] == ["zhang@acme.test"]
    row, = company.must("user", "add", login="li", password="new")
    assert row["id"] == 3  # never given again
    row, = company.must("user", "set", login="li", outside={"name": "Li", "address": "S@Example.com"},
                        add_nicks=["小李"])
    assert row["outside"] == {"name": "Li", "address": "s@example.com"} and row["nicks"] == ["小李"]
    wait_until(lambda: len(company.audit(kind="account.added")) == 3, DEADLINE)


def test_a_run_of_fetching_is_reported_to_who_asked_for_it(company):
    row, = company.must("fetch", "add", name="own", server="[::1]", protocol="pop3s", user="u",
                        secret="s", keep_days=3, every_s=60, **{"for": "li"})
    assert row["server"] == "[::1]:995" and row["keep_days"] == 3 and row["last"] is None
    assert company.admin("fetch", "run", name="own")[0] == BUSY
    fetchd = company.peer()
    fetchd.call(F_LIST, b"")
    asking = company.peer("policy-admin")
    asking.send(ADMIN_REQUEST, 1, b'{"noun": "fetch", "verb": "run", "name": "own"}')
    assert fetchd.receive()[0::2] == (F_RUN, struct.pack("<I", row["id"]))
    for final, status, words in ((0, OK, ""), (1, BUSY, "the server is full")):
        fetchd.send(F_REPORT, 0, struct.pack("<IBB", row["id"], final, status) + text(words) +
                    struct.pack("<IIIIIQ", 5, 4, 1, 0, 0, 999))
    kinds = [asking.receive() for _ in range(3)]
    assert [k[0] for k in kinds] == [ADMIN_ROW, ADMIN_ROW, ADMIN_END]
    assert json.loads(kinds[1][2])["stored"] == 4
    assert kinds[2][2][0] == BUSY
    assert company.must("fetch", "show", name="own")[0]["last"]["text"] == "the server is full"
    # What fetchd could not do is no fault of the directory: policyd stays.
    asking.send(ADMIN_REQUEST, 2, b'{"noun": "fetch", "verb": "run", "name": "own"}')
    fetchd.receive()
    fetchd.send(F_REPORT, 0, struct.pack("<IBB", row["id"], 1, IO) + text("no memory") + bytes(28))
    assert [asking.receive()[0] for _ in range(2)] == [ADMIN_ROW, ADMIN_END]
    company.must("fetch", "set", name="own", enabled=False)
    assert fetchd.receive()[0] == F_CHANGED


def test_helpers_may_die_and_be_slow(company):
    peer = company.peer()
    login(peer, "s", "zhang")
    company.stop("digest", 1, signal.SIGKILL)
    for n in range(20):
        assert peer.submit("s", f"m{n}", "", ["li@acme.test"], mail(number=n))[0] == 250
    # One that takes work and never answers loses it to the other.
    slow = company.peer("digest")
    slow.send(1, 0, b"")
    company.must("domain", "list")  # by now policyd has read that
    slow_submits = [peer.ask(SUBMIT, text("s") + text(f"x{n}") + text("") + struct.pack(
        "<QIII", 1, len(mail()), 0, 1) + text("li@acme.test"), sealed(mail())) for n in range(4)]
    assert slow.receive()[0] == 2
    answers = [peer.answer() for _ in slow_submits]
    assert all(a[0] == OK and a[2].number("H") == 250 for a in answers)
    company.start("digest", 1)


def test_what_an_administrator_set_outlives_kills_and_is_audited_once_stored_is_there(company):
    wait_until(lambda: len(company.audit(kind="account.added")) == 2, DEADLINE)
    company.stop("stored", how=signal.SIGKILL)
    company.must("user", "set", login="li", nicks=["小李"])
    company.stop("policyd", how=signal.SIGKILL)
    company.start("policyd")
    assert company.must("user", "show", login="li")[0]["nicks"] == ["小李"]
    company.start("stored")
    # Once, or twice where the first policyd had sent it already: then with the same number.
    wait_until(lambda: company.audit(kind="account.changed"), DEADLINE)
    assert "nick=小李" in company.audit(kind="account.changed")[0][3]
    assert len({row[3] for row in company.audit(kind="account.changed")}) == 1
    peer = company.peer()
    login(peer, "s", "li")
    wait_until(lambda: peer.submit("s", "m", "", ["li@acme.test"], mail())[0] == 250, DEADLINE)


def test_many_messages_are_under_way_at_once(company):
    peer = company.peer()
    login(peer, "s", "zhang")
    requests = {}
    for n in range(300):
        fd = sealed(mail(number=n))
        requests[peer.ask(SUBMIT, text("s") + text(f"m{n}") + text("") + struct.pack(
            "<QIII", 1, len(mail(number=n)), 0, 1) + text("li@acme.test"), fd)] = n
        os.close(fd)
    for _ in range(300):
        status, _, r = peer.answer()
        assert status == OK and r.number("H") == 250
