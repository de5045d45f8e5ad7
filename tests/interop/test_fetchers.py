"""Programs that collect a mailbox: fetchmail and getmail, over POP3 and IMAP."""

import mailbox
import os
from email import message_from_bytes, policy

import pytest

from programs import Mailbox, needs, run, written
from imap_client import logged_in

BIG = os.urandom(3 * 1024 * 1024)


@pytest.fixture(name="person")
def _person(instance, request):
    """Somebody of the test's own with three messages: plain, Chinese, and one with a big file."""
    name = f"collected{abs(hash(request.node.name)) % 1000000}"
    instance.user_add(name, f"secret of {name}")
    with logged_in(instance, name) as client:
        client.append("INBOX", written("plain", body=".\r\n..dots\r\n.\r\n"), r"\Seen")
        client.append("INBOX", written("订单 张三", body="正文\r\n"))
        client.append("INBOX", written("big", attachment=("报价.bin", BIG)))
    return instance, Mailbox(instance, name)


def left(instance, person):
    return len(instance.inbox(person.login, head=10))


def check_texts(messages):
    """All three as they were, each once."""
    found = {str(m["Subject"]): m for m in messages}
    assert len(messages) == 3 and set(found) == {"plain", "订单 张三", "big"}
    assert found["plain"].get_content().replace("\r\n", "\n") == ".\n..dots\n.\n"
    assert found["订单 张三"].get_content().strip() == "正文"
    parts = list(found["big"].iter_attachments())
    assert parts[0].get_filename() == "报价.bin" and parts[0].get_content() == BIG


def parsed(directory):
    """The messages of a Maildir."""
    box = mailbox.Maildir(directory, factory=None)

    return [message_from_bytes(box.get_bytes(key), policy=policy.default) for key in box.keys()]


FETCHMAIL = """
set no bouncemail
poll localhost protocol {protocol} port {port} auth password {server}
    user "{login}" password "{password}" ssl sslcertck sslcertfile "{ca}"
    {options} mda "{deliver} {maildir}"
"""

DELIVER = """#!/bin/sh
name=$(date +%s).$$.test
mkdir -p "$1/tmp" "$1/new" "$1/cur"
cat >"$1/tmp/$name" && mv "$1/tmp/$name" "$1/new/$name"
"""


def deliverer(home):
    """A program that puts a message into the Maildir it is told; root may use it, too."""
    path = home / "deliver"
    path.write_text(DELIVER)
    path.chmod(0o700)
    return path


class Fetchmail:
    def __init__(self, person, home, protocol, options):
        self.home = home
        self.maildir = home / "Maildir"
        self.settings = home / "fetchmailrc"
        self.settings.write_text(FETCHMAIL.format(
            protocol=protocol, port=person.ports[f"{protocol}s"],
            server="uidl" if protocol == "pop3" else "", login=person.login,
            password=person.password, ca=person.ca, options=options,
            deliver=deliverer(home), maildir=self.maildir))
        self.settings.chmod(0o600)

    def run(self, *arguments, codes=(0, 1)):
        """1: there was no mail."""
        return run(["fetchmail", "--nodetach", "-f", str(self.settings), "-i",
                    str(self.home / "ids"), "--pidfile", str(self.home / "pid"), *arguments],
                   codes=codes, env=dict(os.environ, HOME=str(self.home), LC_ALL="C"))


@needs("fetchmail")
@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_fetchmail_takes_all_and_leaves_nothing(person, tmp_path, protocol):
    instance, who = person
    client = Fetchmail(who, tmp_path, protocol, "fetchall")
    client.run(codes=(0,))
    check_texts(parsed(client.maildir))
    assert left(instance, who) == 0


@needs("fetchmail")
def test_fetchmail_that_keeps_mail_takes_each_message_once(person, tmp_path):
    instance, who = person
    client = Fetchmail(who, tmp_path, "pop3", "keep")
    client.run(codes=(0,))
    check_texts(parsed(client.maildir))
    client.run(codes=(1,))
    assert left(instance, who) == 3 and len(parsed(client.maildir)) == 3
    with logged_in(instance, who.login.partition("@")[0]) as writer:
        writer.append("INBOX", written("later"))
    client.run(codes=(0,))
    assert sorted(str(m["Subject"]) for m in parsed(client.maildir))[1] == "later"
    assert len(parsed(client.maildir)) == 4


@needs("fetchmail")
def test_fetchmail_takes_what_is_unseen_over_imap(person, tmp_path):
    instance, who = person
    client = Fetchmail(who, tmp_path, "imap", "keep")
    client.run(codes=(0,))
    assert len(parsed(client.maildir)) == 2
    with logged_in(instance, who.login.partition("@")[0]) as reader:
        assert reader.select("INBOX") == 3
        assert reader.ok("SEARCH UNSEEN") == [b"* SEARCH\r\n"]
    client.run(codes=(1,))
    assert len(parsed(client.maildir)) == 2


GETMAIL = """
[retriever]
type = {kind}
server = localhost
port = {port}
username = {login}
password = {password}
ca_certs = {ca}
{more}

[destination]
type = MDA_external
path = {deliver}
arguments = ("{maildir}",)
allow_root_commands = true

[options]
read_all = {read_all}
delete = {delete}
delivered_to = false
received = false
"""


class Getmail:
    def __init__(self, person, home, protocol, read_all, delete):
        self.home = home
        self.maildir = home / "Maildir"
        (home / "getmailrc").write_text(GETMAIL.format(
            kind="SimplePOP3SSLRetriever" if protocol == "pop3" else "SimpleIMAPSSLRetriever",
            port=person.ports[f"{protocol}s"], login=person.login, password=person.password,
            ca=person.ca, more='' if protocol == "pop3" else 'mailboxes = ("INBOX",)',
            deliver=deliverer(home), maildir=self.maildir, read_all=read_all, delete=delete))

    def run(self):
        return run(["getmail", "--getmaildir", str(self.home), "--rcfile", "getmailrc"],
                   env=dict(os.environ, HOME=str(self.home)))


@needs("getmail")
@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_getmail_remembers_what_it_has(person, tmp_path, protocol):
    instance, who = person
    client = Getmail(who, tmp_path, protocol, "false", "false")
    client.run()
    check_texts(parsed(client.maildir))
    client.run()
    assert len(parsed(client.maildir)) == 3 and left(instance, who) == 3


@needs("getmail")
@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_getmail_deletes_what_it_has(person, tmp_path, protocol):
    instance, who = person
    client = Getmail(who, tmp_path, protocol, "true", "true")
    client.run()
    check_texts(parsed(client.maildir))
    assert left(instance, who) == 0
