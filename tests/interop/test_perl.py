"""Perl's Mail::IMAPClient at work."""

import os
import subprocess

import pytest

from programs import DEADLINE, HERE, Mailbox, written

PERL_MODULES = ["-MMail::IMAPClient", "-MMail::IMAPClient::BodyStructure", "-MIO::Socket::SSL"]


def has_modules():
    try:
        return subprocess.run(["perl", *PERL_MODULES, "-e", "1"], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


WANTED = """
authenticated 1
idle yes
separator /
folders Deleted Items Drafts INBOX Junk E-mail Sent Items
exists yes
subscribed yes
uids 1 2 3 4 5
count 5
uidvalidity positive
status yes
string same
size right
subject number 2
date 24-Nov-2026 10:36:51 +0800
headers number 1 number 2 number 3 number 4 number 5
envelope number 1 <1@example.org> Ann <ann@example.org>
structure MULTIPART mixed 1 2
part QUJD
search 4
since 5
flagged 1 2
flags Ordered \\Flagged \\Seen
unseen 0
unseen 1
copied 6
moved 4 2
left 3
""".strip().split("\n")


@pytest.mark.skipif(not has_modules(), reason="skipped: no libmail-imapclient-perl")
def test_mail_imapclient(instance):
    instance.user_add("camel", "secret of camel")
    who = Mailbox(instance, "camel")
    with subprocess.Popen(["perl", os.path.join(HERE, "imapclient.pl"), str(who.ports["imaps"]),
                           who.ca, who.login, who.password], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as perl:
        seen = []
        for line in perl.stdout:
            if line.strip() == "waiting":
                break
            seen.append(line.rstrip("\r\n"))
        assert [line.strip() for line in seen] == WANTED
        with instance.smtp("smtp") as client:
            client.sendmail("ann@example.org", [who.login],
                            written("to the idle").decode("ascii"))
        said = perl.communicate(timeout=DEADLINE)[0]
        assert said.split("\n") == ["idled yes", "gone yes", ""]
        assert perl.returncode == 0
