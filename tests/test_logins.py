"""A login ends when the account is disabled, removed, or gets another password: open sessions, too."""

import imaplib
import poplib
import select
import smtplib
import ssl

import pytest

from harness.wait import wait_until

DEADLINE_S = 10


class Sessions:
    """One of each kind, of one person; the two of IMAP idle."""

    def __init__(self, instance, person):
        self.instance, self.person = instance, person
        self.imap = []
        for mailbox in ("INBOX", "Drafts"):
            client = instance.imap(person, select=mailbox)
            client.send(b"x IDLE\r\n")
            assert client.readline().startswith(b"+")
            self.imap.append(client)
        self.pop3 = instance.pop3(person)
        self.smtp = instance.smtp("submission", login=person)
        self.waiting = instance.smtp("submission", login=person)
        code, said = self.waiting.mail(instance.login(person))
        assert code == 250, said

    def sockets(self):
        return [*(client.sock for client in self.imap), self.pop3.sock, self.smtp.sock,
                self.waiting.sock]

    def are_open(self):
        """All of them answer."""
        for client in self.imap:
            assert not select.select([client.sock], [], [], 0)[0], client.readline()
        self.pop3.noop()
        for client in (self.smtp, self.waiting):
            assert client.noop()[0] == 250

    def end(self):
        """Each of them is ended by the server, with the words of its protocol."""
        said = [_rest(sock) for sock in self.sockets()]
        assert all(b"* BYE Your login has ended" in one for one in said[:2]), said
        assert said[2] == b"", said
        assert all(one.startswith(b"421 4.7.0 ") for one in said[3:]), said

    def close(self):
        for sock in self.sockets():
            sock.close()


def _rest(sock):
    """What comes up to the end."""
    data = b""
    sock.settimeout(DEADLINE_S)
    while True:
        try:
            more = sock.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            more = b""
        if not more:
            return data
        data += more


def test_sessions_end_with_the_login_they_had(make_instance):
    instance = make_instance()
    others, mine = Sessions(instance, "wang"), Sessions(instance, "zhang")
    instance.mailadm("user", "set", "zhang", "--nick", "boss", "--quota", "1g")
    mine.are_open()         # nothing that a login stands on was changed
    instance.mailadm("user", "set", "zhang", "--password-stdin", stdin="another one\n")
    mine.end()
    with pytest.raises(imaplib.IMAP4.error):
        instance.imap("zhang")
    instance.passwords["zhang@acme.test"] = "another one"
    mine = Sessions(instance, "zhang")
    instance.mailadm("user", "set", "zhang", "--disable")
    mine.end()
    with pytest.raises(poplib.error_proto):
        instance.pop3("zhang")
    instance.mailadm("user", "set", "zhang", "--enable")
    mine = Sessions(instance, "zhang")
    instance.mailadm("user", "remove", "zhang")
    mine.end()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        instance.smtp("submission", login="zhang")
    others.are_open()
    others.close()


def test_sessions_outlive_daemons_and_end_all_the_same(make_instance):
    instance = make_instance()
    others, mine = Sessions(instance, "wang"), Sessions(instance, "zhang")
    instance.kill("stored")
    instance.mailadm("user", "set", "zhang", "--disable")
    mine.end()
    # policyd that is started anew says which logins hold: those that were there before do.
    instance.kill("policyd")
    wait_until(lambda: instance.mailadm("user", "show", "wang", check=False), DEADLINE_S, "policyd")
    client = instance.imap("wang", select="INBOX")
    assert client.append("INBOX", "", None, b"Subject: goes on\r\n\r\n")[0] == "OK"
    others.imap[0].send(b"DONE\r\n")
    assert wait_until(lambda: others.imap[0].readline().startswith(b"x OK"), DEADLINE_S, "IDLE's end")
    assert others.imap[0].append("INBOX", "", None, b"Subject: this, too\r\n\r\n")[0] == "OK"
    others.close()
    client.logout()
