"""The journal: who changed what (mailadm audit changes), and its older parts sealed into segments."""

import json
import os
import random
import re
import signal

import pytest

from harness.instance import CommandFailed
from harness.wait import wait_until
from imap_client import logged_in
from test_qresync import Cache

TEXT = b"Subject: x\r\n\r\nx\r\n"


def changes(instance, *options):
    """Rows, newest first."""
    text = instance.mailadm("audit", "changes", "--json", *options)
    return [json.loads(line) for line in text.splitlines()]


def told(rows):
    return [(row["kind"], row["mailbox"], row["detail"]) for row in rows]


@pytest.fixture(name="office", scope="module")
def make_office(instance):
    """The shared instance, with what somebody did in it."""
    with logged_in(instance, "li") as li:
        li.ok('CREATE "Offers"')
        for _ in range(3):
            li.append("Offers", TEXT)
        li.ok('SELECT "Offers"')
        li.ok(r"UID STORE 1:2 +FLAGS (\Seen urgent)")
        li.ok(r"UID STORE 2 -FLAGS (\Seen)")
        li.ok('RENAME "Offers" "Old offers"')
        li.ok(r"UID STORE 3 +FLAGS.SILENT (\Deleted)")
        li.ok("UID EXPUNGE 3")
        li.ok('UID MOVE 1 "Deleted Items"')
        li.ok('UNSUBSCRIBE "Old offers"')
        li.ok("UNSELECT")
        li.ok('DELETE "Old offers"')
    return instance


def test_changes_are_told_newest_first_with_the_names_of_their_time(office):
    rows = changes(office, "--account", "li")
    assert [row["change"] for row in rows] == sorted((row["change"] for row in rows), reverse=True)
    assert all(row["actor"] == row["account"] == office.login("li") for row in rows
               if row["actor"] != "admin")
    said = told(rows)
    assert said[0] == ("removed", "Old offers", "")
    assert ("expunged", "Old offers", "2") in said
    assert ("added", "Deleted Items", "1") in said
    assert ("expunged", "Old offers", "1") in said
    assert ("expunged", "Old offers", "3") in said
    assert ("renamed", "Offers", "to Old offers") in said
    assert said.index(("renamed", "Offers", "to Old offers")) < said.index(("added", "Offers", "3"))
    assert any(kind == "flagged" and box == "Offers" and detail.startswith(r"1:2 +\Seen +")
               for kind, box, detail in said)
    assert ("flagged", "Offers", r"2 -\Seen") in said
    assert ("made", "Offers", "") in said


def test_changes_are_chosen_by_who_where_what_and_when(office):
    assert {row["kind"] for row in changes(office, "--account", "li", "--kind", "expunged")} == {
        "expunged"}
    assert changes(office, "--account", "zhang", "--mailbox", "Old offers") == []
    assert told(changes(office, "--mailbox", "Offers", "--kind", "added", "--limit", "2")) == [
        ("added", "Offers", "3"), ("added", "Offers", "2")]
    assert changes(office, "--actor", "li", "--mailbox", "Offers")
    assert changes(office, "--until", "2020-01-01") == []
    assert changes(office, "--since", "1h", "--account", "li")
    text = office.mailadm("audit", "changes", "--account", "li", "--limit", "1")
    assert re.match(r"CHANGE +TIME +KIND +WHO +ACCOUNT +MAILBOX +FROM +WHAT\n\d+ ", text)
    for wrong, code in ((("--kind", "stolen"), 2), (("--since", "once"), 2), (("--what",), 2),
                        (("--account", "nobody"), 1)):
        with pytest.raises(CommandFailed) as failed:
            office.mailadm("audit", "changes", *wrong)
        assert failed.value.code == code


def change_flags(client, count):
    """So many changes, each a row; sent without waiting."""
    tags = [client.start(rf"UID STORE 2 {'+-'[n % 2]}FLAGS.SILENT (\Flagged)")
            for n in range(count)]
    for tag in tags:
        assert client.responses(tag)[1].startswith(b"OK")


def workers(instance):
    for pid in instance.daemons("imapd"):
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            if b"worker" in f.read():
                yield pid


def worker_of(client, instance):
    """The process that a session is in: stopped, it does not answer."""
    for pid in workers(instance):
        os.kill(pid, signal.SIGSTOP)
        client.wire.socket.settimeout(1)
        tag = client.start("NOOP")
        try:
            client.responses(tag)
            is_it = False
        except TimeoutError:
            is_it = True
        os.kill(pid, signal.SIGCONT)
        client.wire.socket.settimeout(20)
        if is_it:
            client.responses(tag)
            return pid
    raise AssertionError("no process is it")


def test_old_changes_are_sealed_and_nothing_is_lost(make_instance):
    office = make_instance(settings={"store": {"journal_days": "0", "upkeep": "1s"}})
    cache = Cache(office, "zhang", "INBOX")
    with logged_in(office, "zhang") as zhang, logged_in(office, "li") as li:
        for _ in range(4):
            zhang.append("INBOX", TEXT)
            li.append("INBOX", TEXT)
        zhang.select("INBOX")
        li.select("INBOX")
        cache.open()
        assert cache.select(random.Random(1))
        zhang.ok(r"UID STORE 1 +FLAGS.SILENT (\Deleted)")
        zhang.ok("EXPUNGE")
        pid = worker_of(zhang, office)
        assert pid != worker_of(li, office)
        tag = zhang.start("IDLE")
        assert zhang.response().startswith(b"+")
        # one that sleeps meanwhile
        os.kill(pid, signal.SIGSTOP)
        with office.smtp("smtp") as sender:
            sender.sendmail("ann@example.org", [office.login("zhang")], TEXT)
        for _ in range(42):
            change_flags(li, 100)
        wait_until(lambda: office.log_lines("store.journal.sealed"), 30, "nothing was sealed")
        os.kill(pid, signal.SIGCONT)
        assert zhang.response() == b"* 4 EXISTS\r\n"
        zhang.wire.send(b"DONE\r\n")
        assert zhang.responses(tag)[1].startswith(b"OK")
        # its expunge is out of the journal's reach: it hears of all that is not there
        cache.open()
        assert cache.select(random.Random(2))
        cache.check()
        assert "earlier" in cache.seen
        cache.close()
    rows = changes(office, "--limit", "100000")
    numbers = [row["change"] for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert sum(row["kind"] == "flagged" for row in rows) == 4201
    assert told(changes(office, "--account", "zhang", "--kind", "expunged")) == [
        ("expunged", "INBOX", "1")]
    assert office.mailadm("verify") == "the store is whole\n"
    # stopped, too
    office.stop()
    assert len(changes(office, "--limit", "100000")) == len(rows)
