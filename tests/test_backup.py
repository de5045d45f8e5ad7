"""mailadm backup and restore: hot, incremental, interrupted, damaged; whole instances, and parts of one."""

import base64
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from harness.instance import CommandFailed, Instance
from harness.wait import wait_until


def text_of(token, size=2000):
    line = b"The goods leave on Monday, " + token.encode() + b".\r\n"
    return b"Subject: " + token.encode() + b"\r\n\r\n" + line * (size // len(line) + 1)


def pressed(token, size):
    """One whose bytes cannot be made fewer."""
    text = base64.encodebytes(os.urandom(size * 3 // 4))
    return b"Subject: " + token.encode() + b"\r\n\r\n" + text.replace(b"\n", b"\r\n")


def append(client, folder, token, flags="", at=None, text=None):
    state, said = client.append(folder, flags, at, text or text_of(token))
    assert state == "OK", said


def fill(instance, count=20):
    client = instance.imap("zhang", select="INBOX")
    for number in range(count):
        append(client, "INBOX", f"first {number}", r"(\Flagged)" if number % 2 else "")
    client.logout()


def backup(instance, place, *options):
    """What it says of itself, as --json."""
    return json.loads(instance.mailadm("backup", "--to", str(place), "--json", *options))


def names(instance, place):
    return [json.loads(line)["backup"] for line in
            instance.mailadm("backup", "list", "--from", str(place), "--json").splitlines()]


def bytes_of(place):
    return sum(os.path.getsize(path) for path in glob.glob(f"{place}/**", recursive=True)
               if os.path.isfile(path))


def restored(instance, directory, source, *options):
    """A new instance out of a backup, its people known, not served yet."""
    new = Instance(directory)
    new.mailadm("restore", "--from", str(source), *options)
    new.passwords = dict(instance.passwords)
    return new


def subjects(instance, person="zhang", folder="INBOX"):
    return sorted(re.search(rb"Subject: ([^\r]*)", text)[1].decode()
                  for text in instance.inbox(person, folder))


def test_a_whole_instance_comes_back_and_gives_no_uid_twice(make_instance, tmp_path):
    instance = make_instance()
    fill(instance)
    place = tmp_path / "backups"
    first = backup(instance, place, "--prove")
    assert first["proved"] is True
    client = instance.imap("zhang", select="INBOX")
    before = client.response("UIDNEXT")[1][0], client.response("UIDVALIDITY")[1][0]
    append(client, "INBOX", "lost")
    client.logout()
    instance.stop()
    with restored(instance, tmp_path / "new", place) as new:
        assert subjects(new) == sorted(f"first {n}" for n in range(20))
        client = new.imap("zhang", select="INBOX")
        after = client.response("UIDNEXT")[1][0], client.response("UIDVALIDITY")[1][0]
        assert after[1] == before[1]
        assert int(after[0]) == int(before[0]) + 2 ** 20
        append(client, "INBOX", "new")
        client.logout()
        assert new.mailadm("verify") == "the store is whole\n"
        assert len(subjects(new)) == 21
    with pytest.raises(CommandFailed) as failed:
        restored(instance, tmp_path / "new", place)
    assert failed.value.code == 1


def test_a_second_backup_copies_what_is_new(make_instance, tmp_path):
    instance = make_instance()
    client = instance.imap("zhang", select="INBOX")
    for number in range(30):
        append(client, "INBOX", f"large {number}", text=pressed(f"large {number}", 300000))
    place = tmp_path / "backups"
    first = backup(instance, place)
    append(client, "INBOX", "small")
    client.logout()
    before = bytes_of(place)
    second = backup(instance, place)
    assert second["new_bytes"] < first["new_bytes"] / 20
    assert bytes_of(place) - before < first["new_bytes"] / 20
    third = backup(instance, place)
    assert third["new_bytes"] < 100000
    assert third["read_bytes"] < first["read_bytes"] / 4, "segments that stayed are not read"
    assert names(instance, place) == [first["backup"], second["backup"], third["backup"]]
    instance.stop()
    with restored(instance, tmp_path / "old", place, "--at", first["backup"]) as old:
        assert len(subjects(old)) == 30
