"""The trash: every road of removal leads there; what is there is told, brought back, or purged."""

import json
import os
import re
import subprocess

import pytest

from harness.instance import CommandFailed, programs_directory
from harness.wait import wait_until
from imap_client import ImapClient, logged_in

TEXT = ("From: {sender}\r\nTo: people@acme.test\r\nSubject: {subject}\r\n"
        "Date: Mon, 23 Nov 2026 10:00:00 +0800\r\n\r\nbody of {subject}\r\n")


def text_of(subject, sender="=?utf-8?B?546L5LqU?= <wang@example.org>"):
    return TEXT.format(subject=subject, sender=sender).encode()


def trash(instance, verb="list", *arguments):
    """Rows of trash list, or what another verb says, as objects."""
    said = instance.mailadm("trash", verb, "--json", *arguments)
    return [json.loads(line) for line in said.splitlines()]


def subjects(rows):
    return sorted(row["subject"] for row in rows)


def whole(instance):
    assert instance.mailadm("verify") == "the store is whole\n"


def code_of(instance, *arguments):
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm(*arguments)
    return failed.value.code


def remove(client, mailbox, *found):
    """Expunge the messages of a selected mailbox."""
    client.select(mailbox)
    for number in found:
        client.ok(f"STORE {number} +FLAGS.SILENT (\\Deleted)")
    client.ok("EXPUNGE")


def test_all_roads_of_removal_lead_to_the_trash(make_instance):
    instance = make_instance()
    with logged_in(instance, "zhang") as client:
        for name in ("expunge", "uid expunge", "close", "moved", "stays"):
            client.append("INBOX", text_of(name))
        client.ok("CREATE Customers")
        client.append("Customers", text_of("folder"))
        assert client.select("INBOX") == 5
        client.ok(r"STORE 1:3 +FLAGS.SILENT (\Deleted)")
        client.ok("UID EXPUNGE 2")
        client.ok(r"UID STORE 3 -FLAGS.SILENT (\Deleted)")
        client.ok("EXPUNGE")
        client.ok(r"UID STORE 3 +FLAGS.SILENT (\Deleted)")
        client.ok("CLOSE")
        client.select("INBOX")
        client.ok('UID MOVE 4 "Deleted Items"')
        client.ok("DELETE Customers")
    with logged_in(instance, "li") as client:
        client.append("INBOX", text_of("pop3"))
    pop3 = instance.pop3("li")
    pop3.dele(1)
    pop3.quit()
    rows = trash(instance)
    assert subjects(rows) == ["close", "expunge", "folder", "pop3", "uid expunge"]
    assert {row["account"] for row in rows if row["subject"] != "pop3"} == {"zhang@acme.test"}
    assert rows[0]["subject"] == "pop3" and rows[0]["removed_by"] == "li@acme.test"
    assert {row["subject"]: row["mailbox"] for row in rows}["folder"] == "Customers"
    how = {row["subject"]: trash(instance, "show", row["id"])[0]["how"] for row in rows}
    assert how.pop("folder") == "the mailbox was removed" and set(how.values()) == {"expunged"}
    shown = trash(instance, "show", rows[0]["id"])[0]
    assert re.fullmatch(r"[0-9a-z]{12} 127\.0\.0\.1", shown["removed_from"])
    said = instance.mailadm("audit", "list", "--kind", "trash.shown", "--json", "--limit", "1")
    assert json.loads(said)["subject"] == rows[0]["mid"]
    whole(instance)


def test_a_message_is_found_by_who_what_where_and_when(make_instance):
    instance = make_instance()
    with logged_in(instance, "zhang") as client:
        client.append("INBOX", text_of("offer 7"))
        client.append("INBOX", text_of("=?gbk?B?sai82w==?=", "Ann <ann@other.test>"))
        client.ok("CREATE Old")
        client.append("Old", text_of("offer 8"))
        remove(client, "INBOX", 1, 2)
        remove(client, "Old", 1)
    with logged_in(instance, "li") as client:
        client.append("INBOX", text_of("offer 9"))
        remove(client, "INBOX", 1)

    def found(*arguments):
        return subjects(trash(instance, "list", *arguments))

    for _ in ("served", "stopped"):
        assert found("--account", "zhang") == ["offer 7", "offer 8", "报价"]
        assert found("--account", "zhang@acme.test", "--from", "王五") == ["offer 7", "offer 8"]
        assert found("--from", "ANN@other") == ["报价"]
        assert found("--subject", "报价") == ["报价"]
        assert found("--subject", "OFFER", "--mailbox", "old") == ["offer 8"]
        assert found("--limit", "1") == ["offer 9"]
        assert found("--since", "1h") == ["offer 7", "offer 8", "offer 9", "报价"]
        assert found("--until", "1h") == found("--since", "2099-01-01") == []
        row = trash(instance, "list", "--subject", "offer 7")[0]
        assert found("--mid", row["mid"]) == ["offer 7"]
        shown = trash(instance, "show", row["id"].replace(row["id"].split("/")[0], "zhang", 1))[0]
        assert shown["removed_by"] == "zhang@acme.test" and shown["from"] == "王五 <wang@example.org>"
        assert shown["header"].splitlines()[2] == "Subject: offer 7"
        raw = instance.mailadm("trash", "show", row["id"], "--raw")
        assert "body of offer 7" in raw
        assert row["id"] in instance.mailadm("trash", "list")
        assert code_of(instance, "trash", "list", "--account", "nobody") == 1
        assert code_of(instance, "trash", "list", "--since", "yesterday") == 2
        assert code_of(instance, "trash", "show", "1/99999/0") == 1
        assert code_of(instance, "trash", "show", "rubbish") == 2
        if instance.supervisor is not None:
            instance.stop()


def test_what_is_restored_is_there_at_once_as_it_was(make_instance):
    instance = make_instance()
    with logged_in(instance, "zhang") as client, logged_in(instance, "zhang") as other:
        client.append("INBOX", text_of("one"), r"\Flagged \Answered work")
        client.select("INBOX")
        before = client.ok("UID FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])")[0]
        pop3 = instance.pop3("zhang")
        uidl = pop3.uidl(1).split()[2]
        pop3.quit()
        remove(client, "INBOX", 1)
        ident = trash(instance)[0]["id"]
        other.select("INBOX")
        other.start("IDLE")
        assert other.response().startswith(b"+ ")
        assert instance.mailadm("trash", "restore", ident) == "1 message restored\n"
        assert other.response() == b"* 1 EXISTS\r\n"
        client.select("INBOX")
        after = client.ok("UID FETCH 2 (FLAGS INTERNALDATE BODY.PEEK[])")[0]
        recent = rb" ?\\Recent"
        assert re.sub(recent, b"", after) == re.sub(recent, b"", before).replace(b"UID 1", b"UID 2")
    pop3 = instance.pop3("zhang")
    assert pop3.uidl(1).split()[2] == uidl
    pop3.quit()
    assert trash(instance) == []
    assert code_of(instance, "trash", "restore", ident) == 1
    said = instance.mailadm("audit", "list", "--kind", "trash.restored", "--json")
    told = json.loads(said)
    assert told["actor"] == "admin" and f"id={ident} " in told["detail"] and \
        "to=INBOX" in told["detail"]
    whole(instance)


def test_many_come_back_by_what_they_are_and_their_folder_with_them(make_instance):
    instance = make_instance()
    with logged_in(instance, "zhang") as client:
        client.ok("CREATE Customers/Li")
        for number in range(450):
            client.append("Customers/Li", text_of(f"many {number}"))
        client.ok("DELETE Customers/Li")
        client.ok("DELETE Customers")
        assert code_of(instance, "trash", "restore", "--account", "zhang") == 1
        assert code_of(instance, "trash", "restore", "--subject", "many", "--yes") == 2
        said = instance.mailadm("trash", "restore", "--account", "zhang", "--subject", "MANY",
                                "--yes")
        assert said == "450 messages restored\n"
        assert client.select("Customers/Li") == 450
        got = client.ok("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        assert [int(re.search(rb"many (\d+)", one)[1]) for one in got] == list(range(450))
        client.ok(r"STORE 1:3 +FLAGS.SILENT (\Deleted)")
        client.ok("EXPUNGE")
        instance.mailadm("trash", "restore", "--account", "zhang", "--to", "Found/here", "--yes")
        assert client.select("Found/here") == 3
    whole(instance)


def test_a_purge_is_for_good_and_wants_to_be_meant(make_instance):
    instance = make_instance()
    with logged_in(instance, "zhang") as client:
        for name in ("a", "b", "c"):
            client.append("INBOX", text_of(name))
        remove(client, "INBOX", 1, 2, 3)
    rows = {row["subject"]: row for row in trash(instance)}
    assert code_of(instance, "trash", "purge", rows["a"]["id"]) == 1
    assert code_of(instance, "trash", "purge", "--yes") == 2
    assert len(trash(instance)) == 3
    assert trash(instance, "purge", rows["a"]["id"], "--yes") == [{"purged": 1}]
    assert instance.mailadm("trash", "purge", "--subject", "b", "--yes") == "1 message purged\n"
    assert subjects(trash(instance)) == ["c"]
    told = [json.loads(line) for line in
            instance.mailadm("audit", "list", "--kind", "trash.purged", "--json").splitlines()]
    assert [row["subject"] for row in told] == [rows["b"]["mid"], rows["a"]["mid"]]
    assert "removed_by=" in told[0]["detail"] and "mailbox=INBOX" in told[0]["detail"]
    whole(instance)


def test_what_was_kept_long_enough_goes_by_itself(make_instance):
    instance = make_instance()
    instance.mailadm("user", "set", "li", "--trash-days", "never")
    for person, count in (("zhang", 350), ("li", 3)):
        with logged_in(instance, person) as client:
            for number in range(count):
                client.append("INBOX", text_of(f"old {number}"))
            client.select("INBOX")
            client.ok(r"STORE 1:* +FLAGS.SILENT (\Deleted)")
            client.ok("EXPUNGE")
    instance.stop()
    subprocess.run([os.path.join(programs_directory(), "age_trash"), instance.path("store"), "400"],
                   check=True)
    instance.start()
    with logged_in(instance, "zhang") as client:
        client.append("INBOX", text_of("young"))
        remove(client, "INBOX", 1)

    def left():
        return len(trash(instance, "list", "--account", "zhang", "--limit", "1000"))

    assert left() == 351
    instance.mailadm("user", "remove", "wang")      # which begins a round at once
    wait_until(lambda: left() < 351, 30, "some of it is purged", 0.02)
    instance.kill("stored")
    whole(instance)
    instance.user_add("sun", "secret of sun")
    instance.mailadm("user", "remove", "sun")
    wait_until(lambda: left() == 1, 60, "all of it is purged", 0.1)
    assert len(trash(instance, "list", "--account", "li")) == 3
    told = instance.mailadm("audit", "list", "--kind", "trash.expired", "--limit", "1000", "--json")
    assert len(told.splitlines()) == 350
    whole(instance)


def test_a_removed_account_goes_to_the_trash_even_when_stored_is_away(make_instance):
    instance = make_instance()
    with logged_in(instance, "li") as client:
        client.ok("CREATE Customers")
        for number in range(1200):
            client.append("Customers" if number % 2 else "INBOX", text_of(f"mine {number}"))
        instance.mailadm("user", "remove", "li")
        assert client.response().startswith(b"* BYE Your login has ended")
    instance.kill("stored")
    instance.kill("policyd")

    def gone():
        try:
            return len(trash(instance, "list", "--account", "li", "--limit", "5000")) == 1200
        except CommandFailed:
            return False

    wait_until(gone, 60, "all of li's mail in the trash", 0.3)
    assert code_of(instance, "trash", "restore", "--account", "li", "--yes") == 1
    said = instance.mailadm("trash", "restore", "--account", "li", "--into", "zhang", "--yes")
    assert said == "1200 messages restored\n"
    with logged_in(instance, "zhang") as client:
        assert client.select("Restored/li@acme.test/Customers") == 600
        assert client.select("Restored/li@acme.test/INBOX") == 600
    wait_until(lambda: instance.mailadm("audit", "list", "--kind", "account.removed"), 30,
               "the removal in the audit", 0.3)
    whole(instance)


def test_mail_after_a_removal_is_refused_and_a_login_too(make_instance):
    instance = make_instance()
    with ImapClient(instance) as client:
        instance.mailadm("user", "remove", "li")
        _, said = client.command('LOGIN "li@acme.test" "secret of li"')
        assert said.startswith(b"NO")
    smtp = instance.smtp()
    smtp.helo("x.test")
    smtp.mail("ann@example.org")
    assert smtp.rcpt("li@acme.test")[0] == 550
    smtp.quit()
    instance.user_add("li", "secret of li")
    with logged_in(instance, "li") as client:
        assert client.select("INBOX") == 0
    whole(instance)
