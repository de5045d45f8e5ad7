"""offlineimap keeps a Maildir and an account the same."""

import os

import pytest

from imap_client import logged_in
from programs import Mailbox, needs, run, written
from thunderbird_profile import utf7_encode

CUSTOMERS = utf7_encode("客户")

SETTINGS = """
[general]
metadata = {home}/state
accounts = work
ui = quiet

[Account work]
localrepository = near
remoterepository = far
synclabels = no

[Repository near]
type = Maildir
localfolders = {home}/mail
sep = /
nametrans = lambda name: "INBOX" if name == "INBOX" else name

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {login}
remotepass = {password}
ssl = yes
sslcacertfile = {ca}
maxconnections = 3
createfolders = True
"""


class Offlineimap:
    def __init__(self, instance, name, home):
        who = Mailbox(instance, name)
        self.home = home
        self.mail = home / "mail"
        self.settings = home / "offlineimaprc"
        self.settings.write_text(SETTINGS.format(home=home, port=who.ports["imaps"], ca=who.ca,
                                                 login=who.login, password=who.password))

    def sync(self):
        run(["offlineimap", "-c", str(self.settings), "-o"],
            env=dict(os.environ, HOME=str(self.home), LC_ALL="C.UTF-8"))

    def files(self, folder):
        path = self.mail / folder
        return sorted([*(path / "cur").iterdir(), *(path / "new").iterdir()])

    def put(self, folder, name, text, flags=""):
        for part in ("cur", "new", "tmp"):
            (self.mail / folder / part).mkdir(parents=True, exist_ok=True)
        (self.mail / folder / "cur" / f"{name}:2,{flags}").write_bytes(
            text.replace(b"\r\n", b"\n"))


@pytest.fixture(name="person")
def _person(instance, request):
    name = f"synced{abs(hash(request.node.name)) % 1000000}"
    instance.user_add(name, f"secret of {name}")
    return name


def flags_by_subject(client, mailbox):
    """{subject: flags} of a mailbox."""
    count = client.select(mailbox)
    rows = {}
    for one in client.ok("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])") if count else []:
        subject = one.split(b"Subject: ")[1].split(b"\r\n")[0].decode()
        rows[subject] = set(one.split(b"FLAGS (")[1].split(b")")[0].decode().split()) - {"\\Recent"}
    client.ok("UNSELECT")
    return rows


@needs("offlineimap")
def test_offlineimap_syncs_two_ways(instance, person, tmp_path):
    near = Offlineimap(instance, person, tmp_path)
    with logged_in(instance, person) as far:
        far.ok(f'CREATE "{CUSTOMERS}"')
        far.ok('CREATE "Projects/2026"')
        for n in range(12):
            far.append("INBOX", written(f"far-{n}"), r"\Seen" if n % 2 else "")
        far.append(CUSTOMERS, written("chinese-folder", body="正文\r\n"), r"\Flagged")
        far.append("Projects/2026", written("deep"))
        near.sync()
        assert len(near.files("INBOX")) == 12
        names = {path.name for path in near.mail.iterdir()}
        assert {"Sent Items", "Drafts", "Projects"} <= names
        assert near.files(CUSTOMERS)[0].name.endswith(",F")
        assert "deep" in near.files("Projects/2026")[0].read_text()
        # The near side: a new one, one read and marked, one deleted, a folder of its own.
        near.put("INBOX", "1.near", written("near"), "S")
        inbox = {path.read_text().split("Subject: ")[1].split("\n")[0]: path
                 for path in near.files("INBOX")}
        marked = inbox["far-0"]
        marked.rename(marked.parent.parent / "cur" / (marked.name.split(":")[0] + ":2,FS"))
        inbox["far-2"].unlink()
        near.put("Near made", "2.near", written("in a new folder"), "S")
        near.sync()
        rows = flags_by_subject(far, "INBOX")
        assert rows["near"] == {"\\Seen"} and rows["far-0"] == {"\\Seen", "\\Flagged"}
        assert "far-2" not in rows and len(rows) == 12
        assert flags_by_subject(far, "Near made") == {"in a new folder": {"\\Seen"}}
        # The far side: moved, marked, deleted.
        far.select("INBOX")
        far.ok('UID MOVE 4:6 "Projects/2026"')
        far.ok("STORE 1:* +FLAGS.SILENT (\\Answered)")
        far.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        far.ok("EXPUNGE")
        far.ok("UNSELECT")
        near.sync()
        assert len(near.files("INBOX")) == 12 - 3 - 1
        assert all("R" in path.name.rsplit(",", 1)[1] for path in near.files("INBOX"))
        assert len(near.files("Projects/2026")) == 4
        # Nothing is left to do.
        before = [path.name for path in near.files("INBOX")]
        near.sync()
        assert [path.name for path in near.files("INBOX")] == before
        assert len(flags_by_subject(far, "INBOX")) == 8
