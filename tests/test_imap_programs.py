"""What mail programs send over IMAP, as their sessions were recorded, and what each of them needs."""

import re
import time

import pytest

from imap_client import Folder, ImapClient, logged_in

TEXT = b"From: Ann <ann@example.org>\r\nSubject: %s\r\n\r\nbody\r\n"


@pytest.fixture(name="folder")
def make_folder(instance, request):
    with Folder(instance, "li", f"clients {request.node.name}") as name:
        yield name


def capabilities(client, line):
    found = re.search(rb"CAPABILITY ([^\]\r]*)", line)
    assert found, line
    return set(found[1].split()) - {b"STARTTLS", b"LOGINDISABLED"}


# Sessions

def test_the_account_test_of_outlook_sees_one_list_of_capabilities(instance):
    with ImapClient(instance) as client:
        before = capabilities(client, client.greeting)
        assert before == capabilities(client, client.ok("capability")[0])
        user = instance.login("li")
        _, said = client.command(f'login {user} "{instance.passwords[user]}"')
        assert capabilities(client, said) == before and b"IDLE" in before
        assert not before & {b"UIDONLY", b"COMPRESS=DEFLATE", b"NOTIFY", b"AUTH=NTLM"}
        client.ok("enable idle")
        client.start("idle")
        assert client.response().startswith(b"+")
    # gone without LOGOUT


def test_thunderbird_lists_selects_and_reads(instance, folder):
    with logged_in(instance, "li") as client:
        client.ok('ID ("name" "Thunderbird" "version" "115.2.2")')
        listed = client.ok('list (subscribed) "" "*" return (special-use)')
        for name, use in (("Drafts", "Drafts"), ("Sent Items", "Sent"), ("Junk E-mail", "Junk"),
                          ("Deleted Items", "Trash")):
            assert any(b'"%s"' % name.encode() in one and b"\\%s " % use.encode() in one
                       for one in listed), name
        client.append(folder, TEXT % b"x")
        client.ok(f'select "{folder}"')
        head = client.ok("UID fetch 1:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc "
                         "Bcc Subject Date Message-ID Priority X-Priority References Newsgroups "
                         "In-Reply-To Content-Type)])")
        assert len(head) == 1 and b"Subject: x\r\n" in head[0] and b"\\Seen" not in head[0]
        body = client.ok("UID fetch 1 (UID RFC822.SIZE BODY[])")[0]
        assert (TEXT % b"x") in body and b"\\Seen" in body


def test_apple_mail_and_ios_sessions(instance, folder):
    with logged_in(instance, "li") as client:
        client.append(folder, TEXT % b"x")
        client.append(folder, TEXT % b"y")
        client.ok('ID ("name" "iPhone Mail" "version" "22C161" "os" "iOS")')
        client.ok(f'SELECT "{folder}"')
        assert len(client.ok("FETCH 1:62 (FLAGS UID)")) == 2
        got = client.ok("FETCH 1 (INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date "
                        "subject from to cc message-id in-reply-to references x-priority "
                        "x-uniform-type-identifier x-universally-unique-identifier)] MODSEQ)")
        assert b"MODSEQ (" in got[-1]
        client.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)")
        assert b"BODY[1]<0> {6}\r\nbody\r\n" in client.ok("UID FETCH 2 (UID BODY.PEEK[1]<0.393216>)")[0]
        # DONE, a blank line and the next command in one packet
        tag = client.start("IDLE")
        assert client.response().startswith(b"+")
        client.wire.send(b'DONE\r\n\r\nB41 UID MOVE 2 "Trash"\r\n')
        assert client.responses(tag)[1].startswith(b"OK")
        moved, said = client.responses(b"B41")
        assert said.startswith(b"OK") and b"COPYUID" in moved[0]
        assert b"* 2 EXPUNGE\r\n" in moved
        client.ok('LSUB "" *')


def test_the_microsoft_cloud_and_k9(instance):
    with ImapClient(instance) as client:
        client.ok('ID ("name" "Microsoft Office 365" "version" "15.20.9160.4" "vendor" '
                  '"Microsoft Corporation" "support-url" "https://support.microsoft.com/")')
        user = instance.login("li")
        client.ok(f'LOGIN {user} "{instance.passwords[user]}"')
        client.ok("CAPABILITY")
        client.ok("ENABLE UIDONLY")
        client.ok("NOOP")
        client.ok('EXAMINE "INBOX"')
        client.ok("FETCH 1:* (UID)")
        client.ok("UID SEARCH 51867:52366 NOT DELETED")


def test_foxmail_polls_every_folder(instance):
    with logged_in(instance, "li") as client:
        listed = client.ok('LIST "" "*"')
        assert client.ok('LSUB "" "*"')
        for one in listed:
            name = re.search(rb'"/" (".*")\r\n', one)[1]
            assert client.ok(b"STATUS " + name + b" (MESSAGES UNSEEN UIDNEXT)")


# Single needs

def test_exists_comes_behind_the_data_of_a_fetch(instance, folder):
    with logged_in(instance, "li") as one, logged_in(instance, "li") as two:
        one.append(folder, TEXT % b"x")
        one.select(folder)
        two.append(folder, TEXT % b"y")
        got = one.ok("UID FETCH 1 (BODY[])")
        assert b"FETCH (UID 1 BODY[]" in got[0] and got[1] == b"* 2 EXISTS\r\n"


def test_bare_line_feeds_odd_dates_and_flags_are_no_reason_to_lose_a_message(instance, folder):
    with logged_in(instance, "li") as client:
        for date in ('"31-Foo-2026 99:00:00 +0800" ', '"" ', '" 7-Feb-2026 10:00:00 +0800" '):
            text = b"Subject: x\n\nb\n"
            client.wire.send(b'x APPEND "%s" (\\Seen \\Odd) %s{%d+}\r\n%s\r\n' % (
                folder.encode(), date.encode(), len(text), text))
            assert client.responses(b"x")[1].startswith(b"OK [APPENDUID"), date
        client.select(folder)
        for got in client.ok("FETCH 1:3 (RFC822.SIZE BODY.PEEK[])"):
            assert b"RFC822.SIZE 17 BODY[] {17}\r\nSubject: x\r\n\r\nb\r\n" in got


def test_long_sets_are_taken_and_twenty_bad_commands_are_too_many(instance):
    with logged_in(instance, "li") as client:
        client.select("INBOX")
        numbers = ",".join(str(n) for n in range(1, 20000, 2))
        client.ok(f"UID FETCH {numbers} FLAGS")
        for _ in range(19):
            client.refused(b"BAD", "BOGUS")
        client.ok("NOOP")
        for _ in range(20):
            client.start("BOGUS")
        assert b"* BYE" in client.wire.rest()


@pytest.mark.parametrize("wire", [
    "&Yn9O9g-".encode(), "\"承件\"".encode("utf-8"), b'"' + "承件".encode("gb18030") + b'"'])
def test_a_chinese_name_is_one_mailbox_in_every_spelling(instance, wire):
    with logged_in(instance, "li") as client:
        client.ok(b"CREATE " + wire)
        assert client.ok('LIST "" "&Yn9O9g-"') == [b'* LIST (\\HasNoChildren) "/" "&Yn9O9g-"\r\n']
        client.ok("DELETE &Yn9O9g-")
        client.ok('CREATE "A & B"')
        assert client.ok('LIST "" "A*"') == [b'* LIST (\\HasNoChildren) "/" "A &- B"\r\n']
        client.ok('DELETE "A &- B"')


def test_flags_are_kept_and_told_at_once(instance, folder):
    with logged_in(instance, "li") as watcher:
        with logged_in(instance, "li") as client:
            client.append(folder, TEXT % b"x")
            watcher.select(folder)
            watcher.start("IDLE")
            assert watcher.response().startswith(b"+")
            client.select(folder)
            began = time.monotonic()
            client.ok(r"STORE 1 +FLAGS.SILENT (\Deleted \Flagged)")
            # The connection breaks: nothing waits for CLOSE or LOGOUT.
        assert re.match(rb"\* 1 FETCH \(UID 1 FLAGS \(\\Flagged \\Deleted", watcher.response())
        assert time.monotonic() - began < 5
    # \Deleted of one connection is expunged by another
    with logged_in(instance, "li") as client:
        client.select(folder)
        assert client.ok("EXPUNGE") == [b"* 1 EXPUNGE\r\n"]
