"""The archive as its administrator sees it: proved, searched, shown, exported."""

import json
import mailbox
import os
import shutil
import subprocess

import pytest

from conftest import add_people
from harness.instance import CommandFailed, Instance, programs_directory
from harness.wait import wait_until

SECONDS = 30


def send(instance, token, to=("zhang@acme.test",), sender="john@far.test"):
    with instance.smtp("smtp") as client:
        client.sendmail(sender, list(to), f"Subject: {token}\r\n\r\n{token}\r\n".encode())


def head(instance):
    entry, value = instance.mailadm("archive", "head").split()
    return int(entry), value


def refused(instance, *arguments):
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("archive", *arguments)
    return failed.value


def signed(path):
    with open(path, encoding="ascii") as f:
        return f.read().splitlines()


def test_the_chain_is_proved_by_what_was_kept_elsewhere(make_instance, tmp_path):
    instance = make_instance(settings={"policy": {"head_every": "1s"}})
    log = instance.path("policy", "archive-heads.log")
    assert head(instance)[0] == 0
    for number in range(3):
        send(instance, f"first {number}")
    entry, value = head(instance)
    assert entry == 3
    wait_until(lambda: signed(log), SECONDS, "a head is signed")
    send(instance, "second")
    wait_until(lambda: signed(log)[-1].split()[2] == "4", SECONDS, "the new head is signed")
    wait_until(lambda: instance.log_lines("policy.head.signed", entry="4"), SECONDS, "it is logged")
    said = json.loads(instance.mailadm("--json", "archive", "verify", "--texts"))
    assert said["head"] == 4 and said["signed_heads"] >= 1
    assert "whole" in instance.mailadm("archive", "verify", "--from-entry", str(entry),
                                       "--expect-head", value)
    failed = refused(instance, "verify", "--from-entry", str(entry), "--expect-head",
                     value.translate(str.maketrans("0123456789abcdef", "123456789abcdef0")))
    assert failed.code == 1 and "entry 3" in failed.output
    assert refused(instance, "verify", "--from-entry", "3").code == 2
    # Kept elsewhere, with the key: a head of another key is no proof, one that is altered neither.
    kept, key = tmp_path / "heads", tmp_path / "key"
    shutil.copy(log, kept)
    shutil.copy(instance.path("policy", "archive-key.pub"), key)
    instance.mailadm("archive", "verify", "--heads", str(kept), "--key", str(key))
    kept.write_text(signed(log)[-1].replace(" 4 ", " 5 ") + "\nnonsense\n", encoding="ascii")
    failed = refused(instance, "verify", "--heads", str(kept), "--key", str(key))
    assert failed.code == 1 and "line 1" in failed.output and "line 2" in failed.output
    assert refused(instance, "verify", "--heads", str(tmp_path / "none")).code == 1
    # Stopped it works as well; and what was signed stays when policyd begins again.
    before = signed(log)
    instance.stop()
    assert "whole" in instance.mailadm("archive", "verify")
    assert head(instance)[0] == 4
    instance.start()
    send(instance, "third")
    wait_until(lambda: signed(log)[-1].split()[2] == "5", SECONDS, "heads go on being signed")
    assert signed(log)[:len(before)] == before
    assert os.stat(instance.path("policy", "archive-key.pem")).st_mode & 0o77 == 0
    instance.mailadm("archive", "verify")


def test_an_archive_of_before_is_no_continuation_of_signed_heads(make_instance, tmp_path):
    """Who puts an older store in place has an archive that is whole, and yet lacks entries."""
    instance = make_instance(settings={"policy": {"head_every": "1s"}})
    log = instance.path("policy", "archive-heads.log")
    send(instance, "kept")
    instance.stop()
    shutil.copytree(instance.path("store"), tmp_path / "store")
    instance.start()
    send(instance, "to be forgotten")
    wait_until(lambda: signed(log) and signed(log)[-1].split()[2] == "2", SECONDS, "signed")
    instance.stop()
    shutil.rmtree(instance.path("store"))
    shutil.copytree(tmp_path / "store", instance.path("store"))
    assert instance.mailadm("verify") == "the store is whole\n"
    failed = refused(instance, "verify")
    assert failed.code == 1 and "entry 2" in failed.output


BIG5 = "=?big5?B?s/i7+Q==?="    # 報價 in Big5


def search(instance, *arguments):
    """Subjects of what is found, newest first."""
    lines = instance.mailadm("--json", "archive", "search", *arguments).splitlines()
    return [json.loads(line)["subject"] for line in lines]


@pytest.fixture(name="filled", scope="module")
def _filled(tmp_path_factory):
    """Mail in, out and internal, in several scripts; some of it removed."""
    with Instance(tmp_path_factory.mktemp("archive") / "i") as one:
        add_people(one)
        one.mailadm("user", "set", "zhang@acme.test", "--outside", "Zhang San <sales@acme.test>")
        one.mailadm("route", "add", "isp", "--default", "--smarthost", "127.0.0.1:1", "--tls",
                    "off")
        with one.smtp("smtp") as client:
            for subject, to in (("Lamps", "zhang"), (BIG5, "li"), ("ÜBERSICHT", "zhang")):
                client.sendmail("john@far.test", [f"{to}@acme.test"],
                                f"From: John Smith <john@far.test>\r\nTo: {to}@acme.test\r\n"
                                f"Subject: {subject}\r\n\r\nFrom here on\r\n>From there\r\n"
                                .encode())
        with one.smtp("submission", login="zhang") as client:
            client.sendmail("zhang@acme.test", ["li@acme.test", "wang@acme.test"],
                            "From: zhang@acme.test\r\nTo: li@acme.test\r\n"
                            "Subject: =?utf-8?B?5YaF6YOo?= ../\x1b[31m?\r\n\r\nhidden\r\n".encode())
            client.sendmail("zhang@acme.test", ["ann@out.test"],
                            b"From: zhang@acme.test\r\nTo: ann@out.test\r\nSubject: offer\r\n\r\n"
                            b"x\r\n")
        client = one.imap("zhang", select="INBOX")
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.logout()
        yield one


@pytest.mark.parametrize("arguments, count", [
    ((), 5), (("--limit", "2"), 2),
    (("--direction", "in"), 3), (("--direction", "out"), 1), (("--direction", "internal"), 1),
    (("--subject", "lamp"), 1), (("--subject", "LAMPS"), 1), (("--subject", "報價"), 1),
    (("--subject", "übersicht"), 1), (("--subject", "内部"), 1), (("--subject", "nothing"), 0),
    (("--from", "JOHN smith"), 3), (("--from", "john@far.test"), 3), (("--to", "ann@"), 1),
    (("--to", "wang@acme.test"), 1), (("--to", "li@acme"), 2),
    (("--person", "wang@acme.test"), 1), (("--person", "zhang@acme.test"), 4),
    (("--person", "zhang@acme.test", "--direction", "in"), 2),
    (("--since", "2099-01-01"), 0), (("--until", "2001-01-01"), 0), (("--since", "1h"), 5),
])
def test_a_search_finds_by_what_people_know(filled, arguments, count):
    found = search(filled, *arguments)
    assert len(found) == count, found


def test_a_search_is_refused_where_it_makes_no_sense(filled):
    for words in (("--direction", "up"), ("--since", "soon"), ("--person",), ("--raw",)):
        assert refused(filled, "search", *words).code == 2
    assert refused(filled, "search", "--person", "nobody@acme.test").code == 1
    assert refused(filled, "show", "99").code == 1
    assert refused(filled, "show").code == 2
    assert refused(filled, "show", "one").code == 2


def test_an_entry_is_shown_with_its_copies_and_that_is_audited(filled):
    entry = json.loads(filled.mailadm("--json", "archive", "search", "--subject", "lamps"))
    shown = json.loads(filled.mailadm("--json", "archive", "show", str(entry["entry"])))
    assert shown["envelope_from"] == "john@far.test"
    assert shown["envelope_to"] == ["zhang@acme.test"]
    assert [c for c in shown["copies"] if c.startswith("zhang@acme.test: removed from INBOX")]
    assert "Subject: Lamps" in shown["header"] and "From here on" not in shown["header"]
    assert any(row["kind"] == "mail.accepted" or row["kind"] == "mail" for row in shown["audit"])
    assert any(row["kind"] == "archive.shown" for row in shown["audit"])
    words = filled.mailadm("audit", "show", entry["mid"])
    assert "archive.shown" in words and f"archive entry {entry['entry']}" in words
    # Who is not in the header was a recipient all the same; nothing a peer wrote moves a cursor.
    internal = json.loads(filled.mailadm("--json", "archive", "search", "--direction", "internal"))
    words = filled.mailadm("archive", "show", str(internal["entry"]))
    assert "wang@acme.test" in words and "\x1b" not in words
    assert "\x1b" not in filled.mailadm("archive", "search")
    assert filled.mailadm("archive", "show", str(internal["entry"]), "--raw").endswith("hidden\r\n")


def test_an_export_is_whole_and_writes_nothing_over(filled, tmp_path):
    said = filled.mailadm("archive", "export", "--direction", "in", "--to", str(tmp_path / "in"))
    assert said.startswith("3 messages")
    files = sorted(os.listdir(tmp_path / "in"))
    assert len(files) == 3 and all(f.endswith(".eml") for f in files)
    first = (tmp_path / "in" / files[0]).read_bytes()
    assert b"Subject: Lamps\r\n" in first and first.endswith(b">From there\r\n")
    before = {f: (tmp_path / "in" / f).stat().st_mtime_ns for f in files}
    failed = refused(filled, "export", "1", "--to", str(tmp_path / "in"))
    assert failed.code == 1 and "is there already" in failed.output
    assert before == {f: (tmp_path / "in" / f).stat().st_mtime_ns for f in files}
    assert sorted(os.listdir(tmp_path / "in")) == files
    box = tmp_path / "all.mbox"
    filled.mailadm("archive", "export", "--to", str(box))
    read = mailbox.mbox(str(box))
    assert len(read) == 5
    assert [m["Subject"] for m in read][0] == "Lamps"
    assert b"\n>From here on\n>>From there\n" in box.read_bytes()
    assert refused(filled, "export", "--to", str(box)).code == 1
    for words in ((), ("--to", str(tmp_path / "x"), "--format", "pst"),
                  ("1", "--subject", "x", "--to", str(tmp_path / "x"))):
        assert refused(filled, "export", *words).code == 2
    assert refused(filled, "export", "--subject", "none", "--to", str(tmp_path / "x")).code == 1
    rows = filled.mailadm("audit", "list", "--kind", "archive.exported", "--json").splitlines()
    assert len(rows) == 3 and "5 messages" in rows[0]
    names = [f for _, _, found in os.walk(tmp_path) for f in found]
    assert not [f for f in names if f.endswith(".part") or "/" in f or "\x1b" in f]


def test_stopped_the_archive_is_read_as_well(make_instance, tmp_path):
    instance = make_instance()
    send(instance, "before the stop")
    instance.stop()
    assert search(instance, "--person", "zhang@acme.test") == ["before the stop"]
    # The instance may be named from where one is.
    near = subprocess.run([os.path.join(programs_directory(), "mailadm"), "-C",
                           os.path.basename(instance.directory), "archive", "search"],
                          cwd=os.path.dirname(instance.directory), stdout=subprocess.PIPE,
                          check=True)
    assert b"before the stop" in near.stdout
    instance.mailadm("archive", "export", "1", "--to", str(tmp_path / "out"))
    assert len(os.listdir(tmp_path / "out")) == 1


def test_what_proves_the_archive_comes_back_with_a_backup(make_instance, tmp_path):
    instance = make_instance(settings={"policy": {"head_every": "1s"}})
    log = instance.path("policy", "archive-heads.log")
    send(instance, "kept")
    wait_until(lambda: signed(log), SECONDS, "a head is signed")
    instance.mailadm("backup", "--to", str(tmp_path / "backups"))
    shutil.copy(instance.path("policy", "archive-key.pub"), tmp_path / "key")
    instance.stop()
    new = Instance(tmp_path / "new", settings=instance.settings)
    new.mailadm("restore", "--from", str(tmp_path / "backups"))
    with new:
        kept = signed(log)
        send(new, "after the restore")
        log = new.path("policy", "archive-heads.log")
        wait_until(lambda: signed(log)[-1].split()[2] == "2", SECONDS, "heads are signed again")
        assert signed(log)[:1] == kept[:1]
        new.mailadm("archive", "verify", "--heads", log, "--key", str(tmp_path / "key"))
