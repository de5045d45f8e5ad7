"""Programs of others read and write mail over IMAP: curl, mbsync, mutt."""

import os
import re

import pytest

from imap_client import Folder, logged_in
from programs import needs, run

TEXT = b"From: Ann <ann@example.org>\r\nTo: zhang@acme.test\r\nSubject: %s\r\nDate: Tue, 24 Nov 2026 " \
       b"10:36:51 +0800\r\nMessage-ID: <%s@example.org>\r\n\r\nbody of %s\r\n"


def text_of(name):
    return TEXT % (name, name, name)


# curl

def curl(instance, path, *arguments, endpoint="imaps"):
    scheme = "imaps" if endpoint == "imaps" else "imap"
    tls = ["--cacert", instance.path("tls", "ca.pem")]
    tls += [] if endpoint == "imaps" else ["--ssl-reqd"]
    user = "zhang@acme.test"
    return run(["curl", "-sS", *tls, "-u", f"{user}:{instance.passwords[user]}", *arguments,
                f"{scheme}://localhost:{instance.endpoints[endpoint][1]}/{path}"])


@needs("curl")
@pytest.mark.parametrize("endpoint", ["imaps", "imap"])
def test_curl(instance, tmp_path, endpoint):
    with Folder(instance, "zhang", f"curl-{endpoint}") as folder:
        text = text_of(b"curl")
        (tmp_path / "text").write_bytes(text)
        curl(instance, folder, "-T", str(tmp_path / "text"), endpoint=endpoint)
        assert b'"INBOX"' in curl(instance, "", endpoint=endpoint)
        assert curl(instance, f"{folder};UID=1", endpoint=endpoint) == text
        assert curl(instance, f"{folder};UID=1;SECTION=TEXT", endpoint=endpoint) == (
            b"body of curl\r\n")
        assert curl(instance, f"{folder}?SUBJECT%20curl", endpoint=endpoint) == b"* SEARCH 1\r\n"
        assert b"EXISTS" in curl(instance, "", "-X", f"EXAMINE {folder}", endpoint=endpoint)
        assert b"\\Flagged" in curl(instance, folder, "-X", r"STORE 1 +FLAGS (\Flagged)",
                                    endpoint=endpoint)


# mbsync

MBSYNC = """
IMAPAccount a
Host localhost
Port {port}
User zhang@acme.test
Pass "{password}"
SSLType IMAPS
CertificateFile {ca}

IMAPStore far
Account a

MaildirStore near
Path {near}/
Inbox {near}/INBOX
SubFolders Verbatim

Channel both
Far :far:
Near :near:
Patterns "mbsync*"
Create Both
Remove Both
Expunge Both
SyncState *
"""


class Mbsync:
    """A Maildir that mbsync keeps the same as the folders mbsync*."""

    def __init__(self, instance, directory):
        self.near = directory / "near"
        self.near.mkdir()
        self.settings = directory / "mbsyncrc"
        self.settings.write_text(MBSYNC.format(
            port=instance.endpoints["imaps"][1], ca=instance.path("tls", "ca.pem"), near=self.near,
            password=instance.passwords["zhang@acme.test"]), encoding="utf-8")

    def sync(self):
        return run(["mbsync", "-c", str(self.settings), "both"])

    def files(self, folder):
        return sorted((self.near / folder / "cur").iterdir()) + sorted(
            (self.near / folder / "new").iterdir())

    def put(self, folder, name, text, flags=""):
        (self.near / folder / "cur" / f"{name}:2,{flags}").write_bytes(text)


@needs("mbsync")
def test_mbsync_keeps_both_sides_the_same(instance, tmp_path):
    one = Mbsync(instance, tmp_path)
    with Folder(instance, "zhang", "mbsync 张三") as folder, logged_in(instance, "zhang") as client:
        for n in range(20):
            client.append(folder, text_of(b"far %d" % n), r"\Seen" if n % 2 else "")
        one.sync()
        near = [entry.name for entry in one.near.iterdir() if entry.name.startswith("mbsync")]
        assert len(near) == 1
        files = one.files(near[0])
        assert sorted(f.read_bytes().count(b"body of far") for f in files) == [1] * 20
        # new and changed on the near side
        one.put(near[0], "1.local", text_of(b"near").replace(b"\r\n", b"\n"), "F")
        files[0].unlink()
        one.sync()
        client.select(folder)
        assert len(client.ok("UID SEARCH ALL")[0].split()) == 2 + 20
        assert client.ok('UID SEARCH SUBJECT near FLAGGED')[0].count(b" ") == 2
        # gone and marked on the far side
        client.ok(r"STORE 1:5 +FLAGS.SILENT (\Deleted)")
        client.ok("EXPUNGE")
        client.ok(r"STORE 1:* +FLAGS.SILENT (\Answered)")
        one.sync()
        files = one.files(near[0])
        assert len(files) == 15
        assert all("R" in f.name.rsplit(",", 1)[1] for f in files)
        assert len(client.ok("UID FETCH 1:* FLAGS")) == 15
        # nothing left to do
        before = [f.name for f in files]
        one.sync()
        assert [f.name for f in one.files(near[0])] == before
        client.ok("UNSELECT")


@needs("mbsync")
def test_mbsync_makes_folders(instance, tmp_path):
    one = Mbsync(instance, tmp_path)
    for part in ("cur", "new", "tmp"):
        (one.near / "mbsync made" / part).mkdir(parents=True)
    one.put("mbsync made", "1.local", text_of(b"made").replace(b"\r\n", b"\n"), "S")
    one.sync()
    with logged_in(instance, "zhang") as client:
        assert client.select("mbsync made") == 1
        assert client.ok("UID FETCH 1 (FLAGS BODY.PEEK[TEXT])")[0].endswith(
            b"BODY[TEXT] {14}\r\nbody of made\r\n)\r\n")
        client.ok("UNSELECT")
        client.ok('DELETE "mbsync made"')


# mutt

MUTT = """
set ssl_ca_certificates_file={ca}
set ssl_force_tls=yes
set imap_user="zhang@acme.test" imap_pass="{password}"
set folder="imaps://localhost:{port}/" spoolfile="imaps://localhost:{port}/{folder}"
set header_cache="" move=no confirmappend=no confirmcreate=no quit=yes delete=yes sort=mailbox-order
set editor=true signature="" wait_key=no
set charset=utf-8
"""


@needs("mutt")
def test_mutt_reads_copies_and_deletes(instance, tmp_path):
    with Folder(instance, "zhang", "mutt") as folder, logged_in(instance, "zhang") as client:
        for name in (b"one", b"two", b"three"):
            client.append(folder, text_of(name))
        settings = tmp_path / "muttrc"
        settings.write_text(MUTT.format(ca=instance.path("tls", "ca.pem"), folder=folder,
                                        port=instance.endpoints["imaps"][1],
                                        password=instance.passwords["zhang@acme.test"]),
                            encoding="utf-8")
        saved = tmp_path / "saved"
        keys = (f"push '<first-entry><copy-message><kill-line>{saved}<enter>"
                "<next-entry><delete-message><next-entry><flag-message><sync-mailbox><exit>'")
        run(["script", "-qec", f"mutt -F {settings} -e \"{keys}\"", "/dev/null"],
            env=dict(os.environ, TERM="vt100", HOME=str(tmp_path)))
        assert b"body of one" in saved.read_bytes()
        assert client.select(folder) == 2
        assert client.ok("SEARCH FLAGGED SUBJECT three") == [b"* SEARCH 2\r\n"]
        assert client.ok("SEARCH SUBJECT two") == [b"* SEARCH\r\n"]
        client.ok("UNSELECT")

@needs("mutt")
def test_mutt_comes_back_by_qresync(instance, tmp_path):
    """Its cache of headers is brought up to date by what has vanished and changed since."""
    with Folder(instance, "zhang", "mutt back") as folder, logged_in(instance, "zhang") as client:
        for number in range(6):
            client.append(folder, text_of(b"n%d" % number))
        settings = tmp_path / "muttrc"
        text = MUTT.format(ca=instance.path("tls", "ca.pem"), folder=folder,
                           port=instance.endpoints["imaps"][1],
                           password=instance.passwords["zhang@acme.test"])
        settings.write_text(text + f'set header_cache="{tmp_path}/headers" imap_qresync=yes\n',
                            encoding="utf-8")
        os.mkdir(tmp_path / "headers")

        def mutt(saved):
            keys = (f"push '<tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>{saved}"
                    "<enter><exit>'")
            run(["script", "-qec", f"mutt -d 2 -F {settings} -e \"{keys}\"", "/dev/null"],
                env=dict(os.environ, TERM="vt100", HOME=str(tmp_path)))
            return re.findall(rb"^Subject: (.*)$", saved.read_bytes(), re.M)

        assert mutt(tmp_path / "first") == [b"n%d" % number for number in range(6)]
        client.select(folder)
        client.ok(r"STORE 2,4 +FLAGS.SILENT (\Deleted)")
        client.ok("EXPUNGE")
        client.ok(r"STORE 1 +FLAGS.SILENT (\Flagged)")
        client.append(folder, text_of(b"new"))
        assert mutt(tmp_path / "second") == [b"n0", b"n2", b"n4", b"n5", b"new"]
        assert (tmp_path / "second").read_bytes().count(b"X-Status: F") == 1
        said = (tmp_path / ".muttdebug0").read_bytes()
        assert re.search(rb"UID FETCH \S+ \(FLAGS\) \(CHANGEDSINCE \d+ VANISHED\)", said)
        assert b"* VANISHED (EARLIER) 2,4" in said
        client.ok("UNSELECT")
