"""A day at work in a real Thunderbird: its own IMAP and SMTP code against the running daemons."""

import shutil
import time

import pytest

from thunderbird import Thunderbird

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("thunderbird") is None,
                       reason="Debian package thunderbird is not installed"),
]

PATIENCE_S = 30


@pytest.fixture(name="office")
def _office(make_instance):
    return make_instance()


@pytest.fixture(name="li")
def _li(office):
    login = office.login("li")
    client = Thunderbird(user=login, password=office.passwords[login], email=login,
                         imap_port=office.endpoints["imaps"][1], imap_tls="tls",
                         smtp_port=office.endpoints["submission"][1], smtp_tls="starttls",
                         ca=office.path("tls", "ca.pem"), sent=None)
    with client as started:
        yield started
        assert started.alerts() == []
        assert started.quit()


def row_of(client, folder, subject):
    """The folder's row for a message, or None."""
    return next((row for row in client.messages(folder) if row["subject"] == subject), None)


def wait_for_row(client, folder, subject):
    """Copies to the sent folder and into the trash may take Thunderbird a moment."""
    end = time.monotonic() + PATIENCE_S
    while (row := row_of(client, folder, subject)) is None and time.monotonic() < end:
        time.sleep(0.2)
    assert row is not None, f"no {subject} in {folder}"
    return row


def write_to_li(office, subject, body):
    with office.smtp("submission", "zhang") as client:
        client.sendmail(office.login("zhang"), [office.login("li")],
                        f"From: zhang@acme.test\r\nTo: li@acme.test\r\nSubject: {subject}\r\n"
                        f"Message-ID: <{subject.replace(' ', '.')}@acme.test>\r\n\r\n{body}\r\n")


def test_new_mail_and_changes_of_others_show_without_asking(office, li):
    li.settle()
    write_to_li(office, "to the idle", "needle in a haystack")
    assert not li.wait_for_message("to the idle", PATIENCE_S)["read"]
    li.settle()
    elsewhere = office.imap("li", select="INBOX")
    elsewhere.store("1", "+FLAGS", "(\\Seen)")
    li.wait_for("to the idle", read=True, timeout=PATIENCE_S)
    elsewhere.logout()
    assert li.read("INBOX", "to the idle").strip() == "needle in a haystack"
    assert li.search("needle") == ["to the idle"]
    assert li.search("nosuchword") == []


def test_folders_have_the_uses_that_the_server_announces(office, li):
    uses = {row["name"]: row["announced"] for row in li.folders()}
    assert uses["Sent Items"] == ["sent"]
    assert uses["Drafts"] == ["drafts"]
    assert uses["Deleted Items"] == ["trash"]
    assert uses["Junk E-mail"] == ["junk"]
    li.create_folder("项目")
    li.create_folder("2026", "项目")
    assert "项目/2026" in {row["name"] for row in li.folders()}
    write_to_li(office, "about the project", "x")
    li.wait_for_message("about the project", PATIENCE_S)
    li.copy("about the project", "INBOX", "项目")
    li.move("about the project", "INBOX", "项目/2026")
    assert row_of(li, "项目", "about the project") and row_of(li, "项目/2026", "about the project")
    assert row_of(li, "INBOX", "about the project") is None


def test_marks_tags_and_deletion_reach_the_server(office, li):
    write_to_li(office, "to be marked", "x")
    li.wait_for_message("to be marked", PATIENCE_S)
    li.flag("INBOX", "to be marked")
    li.tag("INBOX", "to be marked")
    row = row_of(li, "INBOX", "to be marked")
    assert row["flagged"] and row["tags"] == "$label1"
    li.mark_read("INBOX", "to be marked")
    elsewhere = office.imap("li", select="INBOX")
    flags = elsewhere.fetch("1", "(FLAGS)")[1][0]
    assert all(flag in flags for flag in (b"\\Flagged", b"\\Seen", b"$label1"))
    elsewhere.logout()
    li.delete("INBOX", "to be marked")
    wait_for_row(li, "Deleted Items", "to be marked")
    li.delete("Deleted Items", "to be marked", permanently=True)
    assert row_of(li, "Deleted Items", "to be marked") is None
    li.expunge("INBOX")


def test_what_is_sent_arrives_and_a_copy_is_kept(office, li):
    sent = li.send(office.login("zhang"), "with a file", "line one\nline two \u00fc\n",
                   attachments=[__file__])
    assert sent["copied"]
    wait_for_row(li, "Sent Items", "with a file")
    assert li.read("Sent Items", "with a file").strip() == "line one\nline two \u00fc"
    assert [a["name"] for a in li.attachments("Sent Items", "with a file")] == \
        ["test_thunderbird.py"]
    office.wait_for_mail("zhang", b"Subject: with a file")
    li.send_from_window(office.login("zhang"), "from the window", "typed\n")
    office.wait_for_mail("zhang", b"Subject: from the window")
    wait_for_row(li, "Sent Items", "from the window")
