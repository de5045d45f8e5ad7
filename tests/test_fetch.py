"""Fetching: from a real Dovecot to the right people, and from servers that are slow, broken or
hostile without losing or doubling a message.  Ids in names are those of the attack catalogue."""

import collections
import glob
import json
import os
import ssl
import subprocess
import threading
import time

import pytest

from harness.dovecot import Dovecot
from harness.instance import CHECKOUT, CommandFailed, Instance
from harness.pop3_server import Hangup, Pop3Server
from harness.wait import wait_until

TRADE = os.path.join(CHECKOUT, "tests", "data", "trade")
CORPUS = os.environ.get("TRADEPOST_CORPUS", os.path.join(CHECKOUT, "..", "shared", "corpus"))
SECRET = "outside-secret-4711"


def rows_of(name):
    with open(os.path.join(TRADE, name), encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f][1:]


def trade_texts():
    """{file: text}"""
    texts = {}
    for path in sorted(glob.glob(os.path.join(TRADE, "*.eml"))):
        with open(path, "rb") as f:
            texts[os.path.basename(path)] = f.read()
    return texts


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """An instance with the staff of the trade mails, and a mailbox for everything else."""
    with Instance(tmp_path_factory.mktemp("office") / "i",
                  settings={"fetch": {"message_max": "300k"}}) as served:
        for login, names, nicks in rows_of("directory.tsv"):
            served.user_add(login, f"secret of {login}", names=json.loads(names),
                            nicks=json.loads(nicks))
        for login in ("dispatcher", "one"):
            served.user_add(login, f"secret of {login}")
        yield served


def add(instance, name, port, *more, protocol="pop3", user="user", secret=SECRET, to=None):
    to = to or ("--for", instance.login("one"))
    instance.mailadm("fetch", "add", name, "--server", f"localhost:{port}", "--protocol",
                     protocol, "--user", user, "--secret-stdin", *to, *("--every", "6h") * ("--every" not in more), *more,
                     stdin=secret + "\n")


def run(instance, name):
    """Collect now: the final report."""
    try:
        said = instance.mailadm("--json", "fetch", "run", name)
    except CommandFailed as failed:
        said = failed.output
    reports = [json.loads(line) for line in said.splitlines() if '"final"' in line]
    assert reports, said
    return reports[-1]


def after_kill(collect):
    """Collect with a fetchd that is killed before or meanwhile: asked again until a run is whole."""
    reports = []

    def is_heard():
        try:
            reports.append(collect())
        except AssertionError:
            return False
        return reports[-1]["final"]

    wait_until(is_heard, 60, "a fetchd that answers", 0.2)
    return reports[-1]


@pytest.fixture
def fetch(office, request):
    """fetch(server, *options): add a mailbox of the test's own, give a function that collects it."""
    made = []

    def begin(server, *more, **options):
        name = f"{request.node.name[:40]}{len(made)}".translate(str.maketrans("[]-.", "____"))
        made.append(name)
        add(office, name, server.port, *more, **options)
        return lambda: run(office, name)

    yield begin
    for name in made:
        office.mailadm("fetch", "remove", name)


def counts(report):
    return tuple(report[word] for word in ("listed", "stored", "known", "removed", "failed"))


def server_of(*texts, **options):
    return Pop3Server(list(texts) if not isinstance(texts[0], dict) else texts[0],
                      password=SECRET, **options)


def tls_of(instance):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(instance.path("tls", "cert.pem"), instance.path("tls", "key.pem"))
    return context


def mail(token, body=b"hello\r\n"):
    return b"From: a@b.example\r\nSubject: " + token.encode() + b"\r\n\r\n" + body


def arrived(instance, login, token):
    """Texts in the inbox that hold the token, our own lines cut off: a mid may hold any word."""
    texts = [text[text.find(b"From: a@b.example"):] for text in instance.inbox(login)]
    return [text for text in texts if token.encode() in text]


# From a real server


def delivered(instance, texts):
    """{file: logins} of what lies in all inboxes; a text that comes twice is there twice."""
    found = collections.defaultdict(list)
    people = [row[0] for row in rows_of("directory.tsv")] + [instance.login("dispatcher")]
    for person in people:
        for stored in instance.inbox(person):
            names = [name for name, text in texts.items() if stored.endswith(b"\r\n" + text)]
            assert len(names) == 1, stored[:2000]
            assert stored.startswith(b"Received: from localhost (sales at localhost)\r\n"), \
                stored[:300]
            found[names[0]].append(person)
    return found


WAYS = {
    "clear": ("pop3", "port", ("--tls", "off")),
    "stls": ("pop3", "port", ("--tls", "require")),
    "tls": ("pop3s", "tls_port", ()),
}


@pytest.mark.parametrize("way", WAYS)
def test_trade_mails_come_from_dovecot_to_their_people(tmp_path, way):
    protocol, port, options = WAYS[way]
    texts = trade_texts()
    assert len(texts) == 70
    with Instance(tmp_path / "i") as instance:
        for login, names, nicks in rows_of("directory.tsv"):
            instance.user_add(login, f"secret of {login}", names=json.loads(names),
                              nicks=json.loads(nicks))
        instance.user_add("dispatcher", "secret of dispatcher")
        with Dovecot(texts.values(), instance.path("tls", "cert.pem"),
                     instance.path("tls", "key.pem")) as dovecot:
            ca = () if way == "clear" else ("--ca", instance.path("tls", "ca.pem"))
            add(instance, "sales", getattr(dovecot, port), *options, *ca, protocol=protocol,
                user=dovecot.user, secret=dovecot.password,
                to=("--shared", "sales@example.com", "--dispatcher",
                    instance.login("dispatcher")))
            report = run(instance, "sales")
            assert counts(report) == (70, 70, 0, 0, 0), report
            assert counts(run(instance, "sales")) == (70, 0, 70, 0, 0)
            assert dovecot.messages() == 70
            instance.mailadm("fetch", "set", "sales", "--keep", "0")
            assert counts(run(instance, "sales")) == (70, 0, 70, 70, 0)
            assert dovecot.messages() == 0
            assert counts(run(instance, "sales")) == (0, 0, 0, 0, 0)
        expected = {row[0]: sorted(instance.login(who) for who in row[2].split(","))
                    for row in rows_of("EXPECT_PEOPLE.tsv")}
        found = delivered(instance, texts)
        assert {name: sorted(people) for name, people in found.items()} == expected
        assert dovecot.password not in instance.log_text()


# Lines that break


@pytest.mark.parametrize("tls", [None, "stls", "implicit"])
def test_a_link_that_breaks_anywhere_loses_and_doubles_nothing(office, fetch, tls):
    texts = [mail(f"break{tls}{i}", b".dot\r\n" * i) for i in range(5)]
    ca = ("--ca", office.path("tls", "ca.pem")) if tls else ()
    server = server_of(*texts, tls=tls, context=tls_of(office) if tls else None)
    with server:
        collect = fetch(server, "--keep", "0", *ca, protocol="pop3s" if tls == "implicit"
                        else "pop3")
        whole = dict(server.messages)
        at, broken = 1, 0
        while True:
            server.break_at = at
            is_done = collect()["status"] == "ok"
            server.break_at = None
            report = collect()
            assert report["status"] == "ok" and report["failed"] == 0, (at, report)
            assert not server.messages
            if is_done:
                break
            broken += 1
            at += 23
            server.messages = {f"{uidl}.{at}": text for uidl, text in whole.items()}
    assert broken > 15
    found = collections.Counter(arrived(office, "one", f"break{tls}"))
    assert found == {text: broken + 1 for text in texts}


def test_messages_stay_outside_where_that_is_wanted(office, fetch):
    with server_of(mail("stay0"), mail("stay1")) as server:
        assert counts(fetch(server)()) == (2, 2, 0, 0, 0)
        collect = fetch(server, "--keep", "3")
        assert counts(collect()) == (2, 2, 0, 0, 0)
        assert counts(collect()) == (2, 0, 2, 0, 0)
        server.add(mail("stay2"))
        assert counts(collect()) == (3, 1, 2, 0, 0)
        assert len(server.messages) == 3
        # A mailbox that looks empty for once brings nothing a second time.
        kept, server.messages = server.messages, {}
        assert counts(collect()) == (0, 0, 0, 0, 0)
        server.messages = kept
        assert counts(collect()) == (3, 0, 3, 0, 0)
    assert len(arrived(office, "one", "stay2")) == 1


def test_small_messages_come_first(fetch):
    big, small = mail("first", b"x" * 5000 + b"\r\n"), mail("first")
    with server_of({"big": big, "small": small}) as server:
        assert counts(fetch(server)()) == (2, 2, 0, 0, 0)
        assert server.retrieved == ["small", "big"]


@pytest.mark.waits
@pytest.mark.slow
def test_mail_comes_by_itself(office, fetch):
    with server_of(mail("alone0")) as server:
        fetch(server, "--every", "30s")
        wait_until(lambda: arrived(office, "one", "alone0"), 120, "the first message", 0.5)
        server.add(mail("alone1"))
        wait_until(lambda: arrived(office, "one", "alone1"), 120, "the second message", 0.5)
        assert len(arrived(office, "one", "alone0")) == 1


def test_who_asks_while_a_run_goes_on_gets_its_report(fetch):
    gate = threading.Event()

    def slow(session, argument):
        gate.wait(30)
        session.cmd_RETR(argument)

    with server_of(mail("join"), script={"RETR": slow}) as server:
        collect = fetch(server)
        reports = []
        waiting = [threading.Thread(target=lambda: reports.append(collect())) for _ in range(2)]
        for thread in waiting:
            thread.start()
        wait_until(lambda: any(c.startswith("RETR") for c in server.commands), 30, "RETR")
        time.sleep(0.5)
        gate.set()
        for thread in waiting:
            thread.join(60)
        assert [counts(r) for r in reports] == [(1, 1, 0, 0, 0)] * 2
        assert server.logins == 1


# Texts


def test_line_ends_are_mended_and_nothing_else_is_changed(office, fetch):
    bodies = {
        b"bare\nlf\n\r\n": b"bare\r\nlf\r\n\r\n",
        b"bare\rcr\r\n": b"bare\r\ncr\r\n",
        b"..\r\n.dot\r\n.\r\n": b"..\r\n.dot\r\n.\r\n",
        b"\xd5\xc5\xc8\xfd \xe5\xbc\xa0\x01\x7f\r\n": b"\xd5\xc5\xc8\xfd \xe5\xbc\xa0\x01\x7f\r\n",
        b"no end": b"no end\r\n",
        b"": b"",
    }
    with server_of(*(mail("mend", body) for body in bodies)) as server:
        assert counts(fetch(server)()) == (len(bodies), len(bodies), 0, 0, 0)
    assert sorted(arrived(office, "one", "mend")) == \
        sorted(mail("mend", body) for body in bodies.values())


def test_nul_is_kept_and_shown_as_0x80(office, fetch):
    with server_of(mail("nul", b"a\0b\r\n")) as server:
        assert counts(fetch(server)()) == (1, 1, 0, 0, 0)
    client = office.pop3("one")
    text = b"\r\n".join(client.retr(client.stat()[0])[1])
    client.quit()
    assert text.endswith(b"Subject: nul\r\n\r\na\x80b")


@pytest.mark.slow
def test_the_corpus_comes_through(tmp_path):
    paths = sorted(glob.glob(os.path.join(CORPUS, "*", "*.eml")) +
                   glob.glob(os.path.join(CORPUS, "*", "*.mbox")))
    if not paths:
        pytest.skip("skipped: no corpus")
    texts = {}
    for number, path in enumerate(paths):
        with open(path, "rb") as f:
            texts[f"c{number}"] = f.read()
    with Instance(tmp_path / "i") as instance:
        instance.user_add("one", "secret of one")
        with server_of(texts) as server:
            add(instance, "corpus", server.port, "--keep", "0")
            report = run(instance, "corpus")
            assert counts(report) == (len(texts), len(texts), 0, len(texts), 0), report
            assert not server.messages
        stored = collections.Counter()
        for text in instance.inbox("one"):
            assert text.startswith(b"Received: from localhost (user at localhost)\r\n")
            stored[text.split(b"\r\n", 3)[3]] += 1
        wanted = collections.Counter(shown(text) for text in texts.values())
        assert sum(wanted.values()) == sum(stored.values())
        assert wanted == stored


def shown(text):
    """What a text becomes: the server ends it with CRLF, all line ends CRLF, NUL shown as 0x80."""
    if text and not text.endswith(b"\r\n"):
        text += b"\r\n"
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return text.replace(b"\0", b"\x80")


# Servers that are not as they should be


def endless_status(session, _):
    while True:
        session.say(b"+OK +OK +OK ")


def endless_line(session, _):
    session.say("+OK")
    while True:
        session.say(b"1" * 4096)


def endless_listing(session, _):
    session.say("+OK 1000000000 messages")
    number = 0
    while True:
        session.say("".join(f"{i} uidl-{i}\r\n" for i in range(number, number + 5000))[:-2])
        number += 5000


def endless_text(session, _):
    session.say("+OK 20 octets")
    while True:
        session.say(b"x" * 998 + b"\r\n")


def no_dot(session, _):
    session.say("+OK")
    session.say(b"From: a@b.example\r\nSubject: hostile\r\n\r\nhalf a mess")
    raise Hangup


def answer(*lines):
    return lambda session, _: session.say("\r\n".join(lines))


HOSTILE = {
    "c19_endless_uidl_line": ({"UIDL": endless_line}, "limit", "line without an end"),
    "c19_endless_list_line": ({"LIST": endless_line}, "limit", "line without an end"),
    "c19_endless_status": ({"AUTH": endless_status}, "limit", "line without an end"),
    "c19_a_billion_messages": ({"UIDL": endless_listing}, "limit", "more than 1000000"),
    "c19_endless_capa": ({"CAPA": endless_listing}, "limit", "more than 200"),
    "c19_endless_text": ({"RETR": endless_text}, "limit", "more than 307200 bytes"),
    "c19_no_final_dot": ({"RETR": no_dot}, "busy", "closed the connection"),
    "c19_long_uidl": ({"UIDL": answer("+OK", "1 " + "x" * 71, ".")}, "limit", "UIDL line"),
    "c19_control_in_uidl": ({"UIDL": answer("+OK", "1 a\x01b", ".")}, "syntax", "UIDL line"),
    "c19_number_twice": ({"UIDL": answer("+OK", "1 a", "1 b", ".")}, "syntax", "twice"),
    "c19_number_too_large": ({"UIDL": answer("+OK", "4294967296 a", ".")}, "limit", "UIDL line"),
    "c19_no_pop3": ({"UIDL": answer("* BYE no")}, "syntax", "does not speak POP3"),
    "c19_answers_ahead": ({"CAPA": answer("+OK", ".", "+OK", "+OK", "+OK")}, "syntax",
                          "out of turn"),
    "no_uidl": ({"UIDL": answer("-ERR unknown")}, "denied", "no UIDL"),
    "wrong_password": ({"AUTH": answer("-ERR [AUTH] wrong")}, "denied", "wrong"),
    "server_is_busy": ({"AUTH": answer("-ERR [IN-USE] locked")}, "busy", "locked"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_servers_end_their_own_run_only(office, fetch, case):
    script, status, words = HOSTILE[case]
    with server_of(mail("hostile"), script=script) as server, server_of(mail("good")) as good:
        report = fetch(server)()
        assert report["status"] == status and words in report["text"], report
        assert counts(report)[1] == 0 and len(server.messages) == 1
        assert counts(fetch(good)()) == (1, 1, 0, 0, 0)
    assert not arrived(office, "one", "hostile")


def test_a_greeting_that_refuses_is_reported(fetch):
    with server_of(mail("x"), greeting="-ERR [SYS/TEMP] come back later") as server:
        report = fetch(server)()
    assert report["status"] == "busy" and "come back later" in report["text"]


def test_c19_repeated_ids_are_fetched_once_and_never_removed(office, fetch):
    listing = answer("+OK", "1 same", "2 other", "3 same", ".")
    with server_of({"a": mail("twin0"), "b": mail("twin1"), "c": mail("twin2")},
                   script={"UIDL": listing}) as server:
        collect = fetch(server, "--keep", "0")
        assert counts(collect()) == (3, 2, 1, 1, 0)
        # Were the first removed, the other would be taken for it, and removed unread.
        assert list(server.messages) == ["a", "c"]
        server.script["UIDL"] = answer("+OK", "1 same", "2 same", ".")
        assert counts(collect()) == (2, 0, 2, 0, 0)
        assert list(server.messages) == ["a", "c"]
    assert office.log_lines("fetch.uidl.repeated", messages="1")
    assert not arrived(office, "one", "twin2")


def numbered(*texts):
    """Messages as a server names them that gives their numbers as ids."""
    return {str(number): text for number, text in enumerate(texts, 1)}


def test_the_ids_of_removed_messages_are_given_to_others_and_nothing_is_lost(office, fetch):
    with server_of(numbered(mail("reuse0"), mail("reuse1", b"to be removed\r\n"))) as server:
        collect = fetch(server, "--keep", "0")
        assert counts(collect()) == (2, 2, 0, 2, 0)
        server.messages = numbered(mail("reuse2", b"another\r\n"), mail("reuse3"),
                                   mail("reuse4"))
        assert counts(collect()) == (3, 3, 0, 3, 0)
        office.kill("fetchd")
        server.messages = numbered(mail("reuse5", b"yet another\r\n"))
        assert counts(after_kill(collect)) == (1, 1, 0, 1, 0)
        assert not server.messages
    for number in range(6):
        assert len(arrived(office, "one", f"reuse{number}")) == 1


@pytest.mark.parametrize("at", ["DELE", "QUIT"])
def test_an_id_is_given_again_after_a_removal_that_nobody_could_note(office, fetch, at):
    def remove_and_die(session, argument):
        server.script.clear()
        server.messages = numbered(second)
        office.kill("fetchd")
        raise Hangup

    first, second = mail(f"window{at}0"), mail(f"window{at}1", b"another\r\n")
    with server_of(numbered(first)) as server:
        collect = fetch(server, "--keep", "0")
        server.script[at] = remove_and_die
        assert counts(after_kill(collect)) == (1, 1, 0, 1, 0)
    assert arrived(office, "one", f"window{at}") == [first, second]


def test_a_killed_fetchd_removes_later_what_it_has_stored(office, fetch):
    def die(session, argument):
        server.script.clear()
        office.kill("fetchd")
        raise Hangup

    with server_of(numbered(mail("killed0"), mail("killed1"))) as server:
        collect = fetch(server, "--keep", "0")
        server.script["DELE"] = die
        assert counts(after_kill(collect)) == (2, 0, 2, 2, 0)
        assert not server.messages
    assert len(arrived(office, "one", "killed")) == 2


def test_a_server_that_removes_nothing_is_told_of_and_nothing_comes_twice(office, fetch):
    def ignore(session, argument):
        session.say("+OK")

    texts = numbered(mail("ignored0"), mail("ignored1"))
    with server_of(texts, script={"DELE": ignore}) as server:
        collect = fetch(server, "--keep", "0")
        report = collect()
        assert counts(report) == (2, 2, 0, 2, 0) and not report["text"]
        office.kill("fetchd")
        report = after_kill(collect)
        assert report["status"] == "ok" and counts(report) == (2, 0, 2, 0, 0), report
        assert "lists 2 messages that it said it had removed" in report["text"]
        assert "--keep-for-ever" in report["text"]
        server.messages["3"] = mail("ignored2")
        assert counts(collect()) == (3, 1, 2, 1, 0)
        assert "lists 3 messages" in collect()["text"]
        removals = [command for command in server.commands if command.startswith("DELE")]
        assert sorted(removals) == ["DELE 1", "DELE 2", "DELE 3"]
        assert sorted(server.retrieved) == ["1", "2", "3"]
    assert office.log_lines("fetch.removal.ignored", messages="2")
    assert len(arrived(office, "one", "ignored")) == 3


def test_sizes_of_what_was_never_removed_mean_nothing(fetch):
    with server_of(mail("grow0"), mail("grow1")) as server:
        collect = fetch(server, "--keep", "7")
        assert counts(collect()) == (2, 2, 0, 0, 0)
        server.messages = {uidl: b"Status: RO\r\n" + text
                           for uidl, text in server.messages.items()}
        assert counts(collect()) == (2, 0, 2, 0, 0)
        assert len(server.retrieved) == 2


def test_c19_wrong_sizes_change_nothing(office, fetch):
    sizes = answer("+OK", "1 0", "2 18446744073709551615", "7 5", "3 12", ".")
    with server_of(mail("size0"), mail("size1"), mail("size2", b"y" * 1000 + b"\r\n"),
                   script={"LIST": sizes}) as server:
        report = fetch(server, "--keep", "0")()
        assert counts(report) == (3, 2, 0, 2, 1), report
        assert "message 2 stays outside" in report["text"]
        assert len(server.messages) == 1
    assert len(arrived(office, "one", "size")) == 2


def test_a_message_that_is_too_large_keeps_no_other_waiting(office, fetch):
    big = mail("large", b"z" * 400000 + b"\r\n")
    lie = answer("+OK", "1 10", "2 20", "3 30", ".")
    with server_of(big, mail("large1"), mail("large2"), script={"LIST": lie}) as server:
        collect = fetch(server)
        report = collect()
        assert report["status"] == "limit" and counts(report)[1] == 0
        report = collect()
        assert report["status"] == "limit" and counts(report)[1] == 2
        assert "larger" in report["text"] or "more than" in report["text"]
    assert len(arrived(office, "one", "large")) == 2


def test_a_message_the_server_refuses_stays_and_is_reported(fetch):
    def refuse(session, argument):
        if argument == "1":
            session.say("-ERR the disk is broken")
        else:
            session.cmd_RETR(argument)

    with server_of(mail("refuse0"), mail("refuse1"), script={"RETR": refuse}) as server:
        report = fetch(server, "--keep", "0")()
        assert counts(report) == (2, 1, 0, 1, 1)
        assert "the disk is broken" in report["text"]
        assert len(server.messages) == 1


# TLS


def test_t03_bytes_ahead_of_the_handshake_are_refused(office, fetch):
    def inject(session, _):
        session.say("+OK begin\r\n+OK injected")
        session.start_tls()

    context = tls_of(office)
    with server_of(mail("inject"), tls="stls", context=context,
                   script={"STLS": inject}) as server:
        report = fetch(server, "--ca", office.path("tls", "ca.pem"))()
        assert report["status"] == "denied" and "ahead of TLS" in report["text"], report
        assert "AUTH" not in server.commands and "PASS" not in server.commands


def test_t07_without_tls_no_password_where_it_is_demanded(fetch):
    with server_of(mail("strip")) as server:
        report = fetch(server, "--tls", "require")()
        assert report["status"] == "denied" and "no TLS" in report["text"]
        assert set(server.commands) == {"CAPA"}


def test_a_certificate_that_cannot_be_trusted_ends_the_run(office, fetch):
    with server_of(mail("cert"), tls="implicit", context=tls_of(office)) as server:
        report = fetch(server, protocol="pop3s")()
        assert report["status"] == "denied" and "certificate" in report["text"], report
        assert not server.commands
        assert counts(fetch(server, "--no-check-certificate", protocol="pop3s")()) == \
            (1, 1, 0, 0, 0)
        assert counts(fetch(server, "--ca", office.path("tls", "ca.pem"),
                            protocol="pop3s")()) == (1, 1, 0, 0, 0)


def test_servers_that_know_little_are_collected_too(office, fetch):
    with server_of(mail("old"), without=("CAPA", "SASL", "TOP")) as server:
        assert counts(fetch(server)()) == (1, 1, 0, 0, 0)
        assert {"USER user", "PASS"} <= set(server.commands)
    with server_of(mail("old"), user="u" * 200) as server:
        assert counts(fetch(server, user="u" * 200)()) == (1, 1, 0, 0, 0)
    assert len(arrived(office, "one", "old")) == 2


def test_nobody_is_there(fetch):
    with server_of(mail("x")) as server:
        port = server.port
    server.port = port
    report = fetch(server)()
    assert report["status"] == "busy" and report["text"], report


def test_no_secret_is_ever_logged(office):
    assert SECRET not in office.log_text()
    listed = subprocess.run(["ps", "-axww", "-o", "args"], stdout=subprocess.PIPE, check=True)
    assert SECRET.encode() not in listed.stdout
