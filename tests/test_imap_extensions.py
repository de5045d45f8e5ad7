"""Extensions of IMAP, where one session alone or a transcript would not show them."""

import re

import pytest

from imap_client import Folder, logged_in

TEXT = b"From: Ann <ann@example.org>\r\nSubject: %s\r\n\r\nbody of %s\r\n"


def text_of(name):
    return TEXT % (name, name)


@pytest.fixture(name="folder")
def make_folder(instance, request):
    with Folder(instance, "zhang", f"imap {request.node.name}") as name:
        yield name


def number(pattern, responses):
    for one in responses:
        found = re.search(pattern, one)
        if found:
            return int(found[1])
    raise AssertionError(f"no {pattern!r} in {responses!r}")


# CONDSTORE, RFC 7162

def test_what_changed_since_a_mod_sequence_is_fetched_and_nothing_else(instance, folder):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        for n in range(5):
            one.append(folder, text_of(b"%d" % n))
        one.ok("ENABLE CONDSTORE")
        before = number(rb"HIGHESTMODSEQ (\d+)", one.ok(f'SELECT "{folder}"'))
        assert one.ok(f"FETCH 1:* (UID) (CHANGEDSINCE {before})") == []
        two.select(folder)
        assert not any(b"MODSEQ" in got for got in two.ok(r"STORE 2,4 +FLAGS (\Flagged)"))
        # told without being asked, with its number
        told = [got for got in one.ok("NOOP") if b"FETCH" in got]
        assert len(told) == 2 and all(b"MODSEQ (" in got for got in told)
        got = one.ok(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before})")
        assert [re.search(rb"UID (\d+)", each)[1] for each in got] == [b"2", b"4"]
        after = number(rb"MODSEQ \((\d+)\)", got)
        assert after > before
        assert one.ok(f"SEARCH MODSEQ {before + 1}") == [b"* SEARCH 2 4 (MODSEQ %d)\r\n" % after]
        assert one.ok(f"SORT (SIZE) UTF-8 MODSEQ {before + 1}") == [
            b"* SORT 2 4 (MODSEQ %d)\r\n" % after]
        assert one.ok(f"SORT (SIZE) UTF-8 MODSEQ {after + 1}") == [b"* SORT\r\n"]
        assert number(rb"HIGHESTMODSEQ (\d+)",
                      one.ok(f'STATUS "{folder}" (HIGHESTMODSEQ)')) == after


def test_a_conditional_store_spares_what_others_changed(instance, folder):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        for n in range(6):
            one.append(folder, text_of(b"%d" % n))
        one.select(folder)
        one.ok(r"STORE 1 +FLAGS.SILENT (\Deleted)")
        one.ok("EXPUNGE")
        since = number(rb"HIGHESTMODSEQ (\d+)", one.ok(f'SELECT "{folder}" (CONDSTORE)'))
        two.select(folder)
        two.ok(r"UID STORE 3,5 +FLAGS (\Seen)")
        _, said = one.command(rf"STORE 1:5 (UNCHANGEDSINCE {since}) +FLAGS.SILENT (work)")
        assert said.startswith(b"OK [MODIFIED 2,4]"), said
        assert one.ok("UID SEARCH KEYWORD work") == [b"* SEARCH 2 4 6\r\n"]
        _, said = one.command(rf"UID STORE 1:* (UNCHANGEDSINCE {since}) +FLAGS (work)")
        assert said.startswith(b"OK [MODIFIED 2:6]"), said


def test_mod_sequences_only_rise(instance, folder):
    with logged_in(instance, "zhang") as client:
        last = 0
        client.append(folder, text_of(b"x"))
        client.append(folder, text_of(b"y"))
        client.ok("ENABLE CONDSTORE")
        client.select(folder)
        for command in (r"STORE 1 +FLAGS (\Seen)", r"STORE 2 +FLAGS.SILENT (\Deleted)", "EXPUNGE",
                        r"STORE 1 -FLAGS (\Seen)"):
            client.ok(command)
            now = number(rb"HIGHESTMODSEQ (\d+)", client.ok(f'STATUS "{folder}" (HIGHESTMODSEQ)'))
            assert now > last, command
            last = now


# MULTIAPPEND, RFC 3502

def test_a_thousand_messages_come_in_one_append_and_not_one_more(instance, folder):
    with logged_in(instance, "zhang") as client:
        for count, kind in ((1000, b"OK [APPENDUID"), (1001, b"NO [LIMIT]")):
            texts = [text_of(b"m%d" % n) for n in range(count)]
            client.wire.send(b'x APPEND "%s"' % folder.encode() +
                             b"".join(b" {%d+}\r\n%s" % (len(text), text) for text in texts) +
                             b"\r\n")
            assert client.responses(b"x")[1].startswith(kind)
        assert client.select(folder) == 1000
        assert client.ok("SEARCH SUBJECT m999") == [b"* SEARCH 1000\r\n"]
        client.ok("NOOP")


# The copy that the server files when mail is handed in

SENT = ("From: zhang@acme.test\r\nTo: li@acme.test\r\nMessage-ID: <%s@pc.acme.test>\r\n"
        "Subject: %s\r\nDate: Tue, 24 Nov 2026 10:00:00 +0800\r\n\r\nbody\r\n")


def test_the_copy_a_client_appends_is_the_one_the_server_filed(instance):
    text = SENT % ("filed-1", "filed by us")
    smtp = instance.smtp("submission", login="zhang")
    smtp.sendmail("zhang@acme.test", ["li@acme.test"], text)
    smtp.quit()
    with logged_in(instance, "zhang") as client:
        client.select("Sent Items")
        found = client.ok("UID SEARCH SUBJECT \"filed by us\"")[0].split()[2:]
        assert len(found) == 1
        uid = int(found[0])
        # under another word for the folder, too, and again and again
        assert client.append("Sent Items", text.encode(), "\\Seen") == uid
        assert client.append("已发送邮件", text.replace("\r\n", "\n").encode(), "\\Seen") == uid
        assert client.ok("UID SEARCH SUBJECT \"filed by us\"")[0].split()[2:] == found
        # the same id and another text is another message, and so is the same text elsewhere
        assert client.append("Sent Items", text.encode() + b"more\r\n") != uid
        assert client.append("Drafts", text.encode()) > 0
        assert len(client.ok("UID SEARCH SUBJECT \"filed by us\"")[0].split()[2:]) == 2
