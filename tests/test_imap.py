"""IMAP as clients use it: several sessions on one mailbox, views, reading and writing at once."""

import base64
import quopri
import re
import threading
import time

import pytest

from harness.wait import wait_until
from imap_client import Folder, ImapClient, logged_in

TEXT = b"From: Ann <ann@example.org>\r\nSubject: %s\r\n\r\nbody of %s\r\n"


def text_of(name):
    return TEXT % (name, name)


@pytest.fixture(name="folder")
def make_folder(instance, request):
    with Folder(instance, "zhang", f"imap {request.node.name}") as name:
        yield name


def uids(client):
    return [int(re.search(rb"UID (\d+)", one)[1]) for one in client.ok("UID FETCH 1:* UID")]


# imaplib, as scripts use it

def test_imaplib_goes_through_a_session(instance, folder):
    client = instance.imap("zhang")
    assert "IDLE" in client.capabilities and "UIDPLUS" in client.capabilities
    name = f'"{folder}"'
    assert client.append(name, r"(\Flagged)", '" 7-Feb-2026 10:36:51 +0800"',
                         text_of(b"one"))[0] == "OK"
    assert client.append(name, None, None, text_of(b"two"))[0] == "OK"
    assert client.select(name) == ("OK", [b"2"])
    assert client.search(None, "SUBJECT", "one") == ("OK", [b"1"])
    assert client.uid("SEARCH", "UNFLAGGED")[1] == [b"2"]
    assert client.fetch("1", "(BODY.PEEK[TEXT])")[1][0][1] == b"body of one\r\n"
    assert client.store("1:2", "+FLAGS", r"(\Deleted work)")[0] == "OK"
    assert client.fetch("2", "(FLAGS)")[1] == [rb"2 (FLAGS (\Deleted \Recent work))"]
    assert client.copy("1", '"Deleted Items"')[0] == "OK"
    assert client.expunge() == ("OK", [b"2", b"1"])
    assert client.status(name, "(MESSAGES UIDNEXT)")[1][0].endswith(b"(MESSAGES 0 UIDNEXT 3)")
    assert client.close()[0] == "OK"
    assert client.logout()[0] == "BYE"


# Views

def test_other_sessions_hear_at_the_right_moments(instance, folder):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        for name in (b"a", b"b", b"c"):
            one.append(folder, text_of(name))
        assert one.select(folder) == 3 and two.select(folder) == 3
        one.ok(r"STORE 2 +FLAGS.SILENT (\Deleted)")
        assert one.ok("EXPUNGE") == [b"* 2 EXPUNGE\r\n"]
        one.append(folder, text_of(b"d"))
        # FETCH by number: no EXPUNGE may come, the numbers stand; what is gone is left out.
        got = two.ok("FETCH 1:3 (UID)")
        assert got[:2] == [b"* 1 FETCH (UID 1)\r\n", b"* 3 FETCH (UID 3)\r\n"]
        assert b"* 4 EXISTS\r\n" in got[2:] and not any(b"EXPUNGE" in one for one in got)
        assert two.ok("NOOP") == [b"* 2 EXPUNGE\r\n"]
        assert uids(two) == [1, 3, 4]
        one.ok(r"STORE 1 +FLAGS.SILENT (\Flagged new-keyword)")
        told = two.ok("NOOP")
        assert told[0].startswith(b"* FLAGS (") and b"new-keyword" in told[0]
        assert re.fullmatch(rb"\* 1 FETCH \(UID 1 FLAGS \(\\Flagged (\\Recent )?new-keyword\)\)\r\n",
                            told[-1])


def test_idle_hears_mail_flags_and_expunge_at_once(instance, folder):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        one.select(folder)
        tag = one.start("IDLE")
        assert one.response().startswith(b"+ ")
        began = time.monotonic()
        two.append(folder, text_of(b"x"))
        assert one.response() == b"* 1 EXISTS\r\n"
        assert one.response() == b"* 1 RECENT\r\n"
        two.select(folder)
        two.ok(r"STORE 1 +FLAGS (\Deleted)")
        assert one.response() == b"* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))\r\n"
        two.ok("EXPUNGE")
        assert one.response() == b"* 1 EXPUNGE\r\n"
        assert time.monotonic() - began < 10
        wait_until(instance.is_read_by_nobody, 10, "no transaction is held for who idles")
        one.wire.send(b"DONE\r\n")
        assert one.responses(tag) == ([], b"OK IDLE completed")


def test_mail_that_was_told_behind_a_fetch_is_told_again(instance, folder):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        two.append(folder, text_of(b"x"))
        one.select(folder)
        for again in ("NOOP", "IDLE"):
            two.append(folder, text_of(b"y"))
            got = one.ok("UID FETCH 1 UID")
            exists = got[1]
            assert exists.endswith(b" EXISTS\r\n") and got[2].endswith(b" RECENT\r\n")
            tag = one.start(again)
            if again == "IDLE":
                assert one.response().startswith(b"+ ")
                one.wire.send(b"DONE\r\n")
            assert one.responses(tag) == ([exists], b"OK %s completed" % again.encode())
            assert one.ok("NOOP") == []


def test_idle_hears_mail_that_came_by_smtp(instance):
    with logged_in(instance, "wang") as client:
        client.select("INBOX")
        client.start("IDLE")
        assert client.response().startswith(b"+ ")
        smtp = instance.smtp()
        smtp.sendmail("ann@example.org", ["wang@acme.test"], text_of(b"idle").decode())
        smtp.quit()
        assert re.fullmatch(rb"\* \d+ EXISTS\r\n", client.response())


def test_a_mailbox_that_is_removed_becomes_empty_for_who_looks_at_it(instance):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        one.ok("CREATE removed")
        one.append("removed", text_of(b"x"))
        two.select("removed")
        one.ok("DELETE removed")
        assert two.ok("NOOP") == [b"* 1 EXPUNGE\r\n"]
        assert two.ok("FETCH 1:* FLAGS") == []
        assert two.command("APPEND removed {1+}\r\nx")[1].startswith(b"NO [TRYCREATE]")
        two.ok("CLOSE")


def test_recent_is_told_to_one_session(instance, folder):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        one.append(folder, text_of(b"x"))
        assert b"* 1 RECENT\r\n" in one.ok(f'EXAMINE "{folder}"')
        assert b"* 1 RECENT\r\n" in one.ok(f'SELECT "{folder}"')
        wait_until(lambda: b"* 0 RECENT\r\n" in two.ok(f'SELECT "{folder}"'), 10, "no recent mail")


def test_what_was_expunged_is_not_recent_any_more(instance, folder):
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as two:
        for name in (b"a", b"b", b"c"):
            one.append(folder, text_of(name))
        one.select(folder)
        one.ok(r"STORE 1,3 +FLAGS (\Deleted)")
        one.ok("EXPUNGE")
        two.append(folder, text_of(b"d"))
        assert one.ok("NOOP") == [b"* 2 EXISTS\r\n", b"* 2 RECENT\r\n"]


class View:
    """What one session has been told about its mailbox, and whether that can be."""

    def __init__(self, client, folder):
        self.client = client
        self.count = client.select(folder)

    def run(self, command):
        got, said = self.client.command(command)
        assert said.startswith(b"OK"), f"{command!r}: {said!r}"
        by_number = command[:5] in (b"FETCH", b"STORE", b"SEARC")
        for one in got:
            found = re.match(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH)", one)
            number, kind = (int(found[1]), found[2]) if found else (0, b"")
            if kind == b"EXPUNGE":
                assert not by_number and 1 <= number <= self.count, f"{command!r}: {one!r}"
                self.count -= 1
            elif kind == b"EXISTS":
                assert number >= self.count, f"{command!r}: {one!r}"
                self.count = number
            elif kind == b"FETCH":
                assert 1 <= number <= self.count, f"{command!r}: {one!r} of {self.count}"
        return got


def play_view(view, folder, seed, until):
    turn = seed
    while time.monotonic() < until:
        turn += 1
        text = text_of(b"%d" % turn)
        commands = (b"NOOP", rb"STORE 1:* +FLAGS (\Seen)", b"FETCH 1:* (UID FLAGS)",
                    rb"UID STORE %d:* +FLAGS.SILENT (\Deleted)" % (3 * turn), b"EXPUNGE",
                    b'APPEND "%s" {%d+}\r\n%s' % (folder.encode(), len(text), text),
                    b"SEARCH ALL", b"UID FETCH 1:* FLAGS", b"CHECK")
        view.run(commands[turn % len(commands)])


def test_sequence_numbers_stand_while_others_expunge(instance, folder):
    """Changes in four sessions at once; each one's view has to fit what it is told."""
    failures = []

    def play(view, seed):
        try:
            play_view(view, folder, seed, time.monotonic() + 4)
        except Exception as wrong:  # pylint: disable=broad-except
            failures.append(wrong)

    clients = [logged_in(instance, "zhang") for _ in range(4)]
    for n in range(30):
        clients[0].append(folder, text_of(b"%d" % n))
    views = [View(client, folder) for client in clients]
    threads = [threading.Thread(target=play, args=(view, 2 * n)) for n, view in enumerate(views)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    for view in views:
        view.run(b"NOOP")
    left = [view.run(b"FETCH 1:* UID") for view in views]
    assert all(len(one) == view.count for one, view in zip(left, views))
    assert all(one == left[0] for one in left)
    for client in clients:
        client.wire.close()


# Much at once

def test_many_messages_are_read_marked_moved_and_searched(instance, folder):
    with logged_in(instance, "zhang") as client:
        for n in range(300):
            client.wire.send(b"x APPEND \"%s\" {%d+}\r\n%s\r\n" % (
                folder.encode(), len(text_of(b"m%d" % n)), text_of(b"m%d" % n)))
        for _ in range(300):
            assert client.responses(b"x")[1].startswith(b"OK")
        assert client.select(folder) == 300
        assert len(client.ok("FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)")) == 300
        got = client.ok("UID FETCH 1:* BODY[]")
        assert all(b"body of m%d" % n in one and b"\\Seen" in one for n, one in enumerate(got))
        assert client.ok("SEARCH SUBJECT m29") == [
            b"* SEARCH 30 " + b" ".join(b"%d" % n for n in range(291, 301)) + b"\r\n"]
        assert client.ok("SEARCH UNSEEN") == [b"* SEARCH\r\n"]
        moved = client.ok('UID MOVE 1:100 "Deleted Items"')
        assert moved[0].startswith(b"* OK [COPYUID") and moved[1] == b"* 100 EXPUNGE\r\n"
        assert len(moved) == 101
        assert client.ok("SEARCH ALL")[0].count(b" ") == 201


def test_a_large_text_comes_whole_to_a_slow_reader(instance, folder):
    body = b"".join(b"%07d\r\n" % n for n in range(900000))
    text = b"Subject: large\r\n\r\n" + body
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as other:
        one.append(folder, text)
        one.select(folder)
        tag = one.start("FETCH 1 (UID BODY.PEEK[] RFC822.SIZE)")
        time.sleep(0.5)
        # Who does not read holds up nobody else, nor pages of the store.
        other.ok("NOOP")
        wait_until(instance.is_read_by_nobody, 10, "no transaction is held for who does not read")
        got, said = one.responses(tag)
        assert said.startswith(b"OK")
        head = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n" % len(text)
        assert got[0] == head + text + b" RFC822.SIZE %d)\r\n" % len(text)
        assert one.ok("FETCH 1 BODY.PEEK[TEXT]<5000000.9>")[0] == (
            b"* 1 FETCH (BODY[TEXT]<5000000> {9}\r\n" + body[5000000:5000009] + b")\r\n")
        # Nor does somebody who moves it away take its end from a reader.
        other.select(folder)
        tag = one.start("FETCH 1 (UID BODY.PEEK[])")
        begun = one.wire.line() + b"\r\n"
        other.ok("UID MOVE 1 Drafts")
        assert begun + one.wire.exactly(len(text) + 3) == head + text + b")\r\n"
        assert one.responses(tag)[1].startswith(b"OK")
        other.select("Drafts")
        other.ok(r"STORE 1:* +FLAGS (\Deleted)")
        other.ok("CLOSE")


def test_pipelined_commands_are_answered_in_order(instance, folder):
    with logged_in(instance, "zhang") as client:
        client.wire.send(b"".join(b"a%d %s\r\n" % pair for pair in enumerate((
            b'SELECT "%s"' % folder.encode(), b"NOOP", b"APPEND \"%s\" {2+}\r\nhi" % folder.encode(),
            b"FETCH 1:* UID", b"UID SEARCH ALL", b"STORE 1 +FLAGS (\\Seen)", b"CLOSE"))))
        for n in range(7):
            assert client.responses(b"a%d" % n)[1].startswith(b"OK"), n


# Searching

PARTS = (b"From: Ann <ann@example.org>\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
         b"Content-Type: multipart/report; boundary=b\r\n\r\n"
         b"--b\r\n\r\nplain\r\n"
         b"--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: lost@example.org\r\n"
         b"--b\r\nContent-Type: application/pdf; name=\"=?gbk?B?sai827WlLnBkZg==?=\"\r\n"
         b"Content-Disposition: attachment; filename*0*=utf-8''%E5%90%88;\r\n"
         b" filename*1*=%E5%90%8C.pdf\r\n\r\nhidden\r\n--b--\r\n")


def test_text_means_reports_and_names_of_attachments_too(instance, folder):
    with logged_in(instance, "zhang") as client:
        client.append(folder, PARTS)
        client.select(folder)
        for key, words, is_found in (("TEXT", "报价单.PDF", True), ("TEXT", "合同.pdf", True),
                                     ("TEXT", "lost@", True), ("BODY", "lost@", True),
                                     ("TEXT", "hidden", False), ("BODY", "合同", False),
                                     ("TEXT", "application/pdf", True), ("SUBJECT", "合同", False)):
            wire = words.encode()
            command = b"SEARCH CHARSET UTF-8 %s {%d+}\r\n%s" % (key.encode(), len(wire), wire)
            assert client.ok(command) == [b"* SEARCH 1\r\n" if is_found else b"* SEARCH\r\n"], words

WORDS = {
    "utf8": ("utf-8", "报价单 Ångström"),
    "gbk": ("gb2312", "合同付款"),
    "big5": ("big5", "訂單確認"),
    "plain": ("us-ascii", "Shipment Ready"),
}


def test_words_are_found_in_headers_and_bodies_of_every_charset(instance, folder):
    with logged_in(instance, "zhang") as client:
        for charset, words in WORDS.values():
            raw = words.encode(charset)
            client.append(folder, b"Subject: =?%s?B?%s?=\r\nFrom: \"%s\" <x@example.org>\r\n"
                          b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                          b"--b\r\nContent-Type: text/plain; charset=%s\r\n"
                          b"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n"
                          b"--b\r\nContent-Type: text/html; charset=%s\r\n"
                          b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>2: %s</p>\r\n"
                          b"--b\r\nContent-Type: application/octet-stream\r\n\r\nhidden words\r\n"
                          b"--b--\r\n" % (
                              charset.encode(), base64.b64encode(raw), raw if charset != "utf-8"
                              else b"x", charset.encode(), base64.b64encode(raw + b" one"),
                              charset.encode(), quopri.encodestring(raw)))
        client.select(folder)

        def found(keys):
            return client.ok(keys)[0][len(b"* SEARCH"):].split()

        for n, (charset, words) in enumerate(WORDS.values(), 1):
            number = b"%d" % n
            for ask_in in {charset, "utf-8", "gb18030"} - {"us-ascii"}:
                needle = words.lower().encode(ask_in)
                for key in (b"SUBJECT", b"BODY", b"TEXT"):
                    command = b"SEARCH CHARSET %s %s {%d+}\r\n%s" % (
                        ask_in.encode(), key, len(needle), needle)
                    assert found(command) == [number], command
        # without CHARSET: UTF-8, else GB18030
        assert found("SEARCH SUBJECT \"报价单 ångström\"") == [b"1"]
        assert found(b"SEARCH BODY \"" + "合同".encode("gbk") + b"\"") == [b"2"]
        assert found("SEARCH BODY \"2: shipment\"") == [b"4"]
        assert found("SEARCH BODY \"hidden words\"") == []
        assert found("SEARCH HEADER X-None \"\"") == []
        assert found("SEARCH HEADER subject \"\"") == [b"1", b"2", b"3", b"4"]
        assert found("SEARCH OR SUBJECT ready BODY " + '"付款"') == [b"2", b"4"]
        assert found("SEARCH LARGER 100 SMALLER 10000 SINCE 1-Jan-2020 SENTSINCE 1-Jan-2020") == []


# Limits of a session

def test_an_account_has_fifty_sessions(make_instance):
    instance = make_instance(settings={"imap": {"user_connections": "3"}})
    clients = [logged_in(instance, "zhang") for _ in range(3)]
    user, password = "zhang@acme.test", instance.passwords["zhang@acme.test"]
    with ImapClient(instance) as one_more:
        _, said = one_more.command(f'LOGIN "{user}" "{password}"')
        assert said.startswith(b"NO [UNAVAILABLE]")
    logged_in(instance, "li").wire.close()
    clients[0].wire.close()

    def again():
        with ImapClient(instance) as client:
            return client.command(f'LOGIN "{user}" "{password}"')[1].startswith(b"OK")

    wait_until(again, 10, "a session in the place of the one that ended")
    for client in clients[1:]:
        client.wire.close()


def test_messages_over_the_limit_are_refused_before_they_are_sent(make_instance):
    instance = make_instance(settings={"imap": {"message_max": "100k"}})
    with logged_in(instance, "zhang") as client:
        assert client.refused(b"NO [TOOBIG]", "APPEND INBOX {102401}")
        # one that does not wait is read to its end, and the next command is understood
        got, said = client.command(b"APPEND INBOX {102401+}\r\n" + b"x" * 102401)
        assert (got, said[:11]) == ([], b"NO [TOOBIG]")
        client.append("INBOX", b"x" * 102400)
        client.ok("NOOP")


def test_reading_goes_on_without_stored_and_changes_wait(make_instance):
    instance = make_instance()
    with logged_in(instance, "zhang") as client:
        client.append("INBOX", text_of(b"x"))
        client.select("INBOX")
        instance.kill("stored")
        got, said = client.command("FETCH 1 BODY.PEEK[]")
        assert said.startswith(b"OK") and text_of(b"x") in got[0]
        # stored comes back; a change asked for meanwhile is made or refused, never both
        state = client.command(r"STORE 1 +FLAGS (\Flagged)")[1]
        assert state.startswith((b"OK", b"NO [UNAVAILABLE]")), state
        wait_until(lambda: client.command(r"STORE 1 +FLAGS (\Seen)")[1].startswith(b"OK"), 30,
                   "stored again")
        flags = client.ok("FETCH 1 FLAGS")[0]
        assert b"\\Seen" in flags


def test_logins_fail_as_temporary_without_policyd_or_worker(make_instance):
    instance = make_instance()
    client = logged_in(instance, "zhang")
    instance.kill("policyd")
    client.ok("NOOP")
    client.wire.close()
    user, password = "zhang@acme.test", instance.passwords["zhang@acme.test"]

    def login():
        with ImapClient(instance) as one:
            said = one.command(f'LOGIN "{user}" "{password}"')[1]
            assert said.startswith((b"OK", b"NO [UNAVAILABLE]")), said
            return said.startswith(b"OK")

    wait_until(login, 30, "policyd again")
