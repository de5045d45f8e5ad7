"""mailadm backup and restore: hot, incremental, interrupted, damaged; whole instances, and parts of one."""

import base64
import fcntl
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading

import pytest

from harness.instance import CommandFailed, Instance
from harness.wait import wait_until
from imap_client import ImapClient


def text_of(token, size=2000):
    """A text that does not get smaller."""
    body = base64.encodebytes(random.Random(token).randbytes(size * 3 // 4))
    return b"Subject: " + token.encode() + b"\r\n\r\n" + body.replace(b"\n", b"\r\n")


def append(client, folder, token, flags="", at=None, size=2000):
    state, said = client.append(folder, flags, at, text_of(token, size))
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
        append(client, "INBOX", f"large {number}", size=300000)
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


def pieces(client, folder):
    """(subject, flags without \\Recent, INTERNALDATE) of each message."""
    assert client.select(f'"{folder}"', readonly=True)[0] == "OK", folder
    state, rows = client.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    assert state == "OK", rows
    found = []
    for row in rows:
        if isinstance(row, tuple):
            flags = set(re.search(rb"FLAGS \(([^)]*)\)", row[0])[1].split()) - {rb"\Recent"}
            found.append((row[1].strip(), flags, re.search(rb'INTERNALDATE ("[^"]*")', row[0])[1]))
    return sorted(found, key=lambda one: one[0])


def top_folder(client):
    state, rows = client.list('""', "*")
    assert state == "OK"
    tops = {re.search(rb'"(Restored [^/"]*)', row)[1].decode() for row in rows if b"Restored" in row}
    assert len(tops) == 1, rows
    return tops.pop()


def test_an_account_a_folder_and_a_message_come_back_into_the_running_instance(
        make_instance, tmp_path):
    instance = make_instance()
    client = instance.imap("zhang", select="INBOX")
    client.create("Projects/2026")
    append(client, "INBOX", "old", r"(\Flagged \Answered Important)",
           '"03-Feb-2021 10:20:30 +0800"')
    append(client, "INBOX", "twice")
    append(client, "INBOX", "twice")
    append(client, "Projects/2026", "project")
    was = pieces(client, "INBOX")
    place = tmp_path / "backups"
    with instance.smtp() as sender:
        sender.sendmail("ann@far.test", ["li@acme.test"], "Subject: to li\r\n\r\nx\r\n")
    mid = json.loads(instance.mailadm("audit", "list", "--kind", "mail", "--json"))["subject"]
    backup(instance, place)
    packed = tmp_path / "one.tar.zst"
    instance.mailadm("backup", "pack", str(packed), "--from", str(place))
    client.select("INBOX")
    client.store("1:*", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.delete("Projects/2026")

    def restore(*options, source=place, person="zhang"):
        return json.loads(instance.mailadm("restore", "--from", str(source), "--account", person,
                                           "--json", *options))

    assert restore("--folder", "Projects/2026")["restored"] == 1
    said = restore()
    assert (said["restored"], said["there_already"]) == (3, 1)
    top = top_folder(client)
    assert pieces(client, f"{top}/INBOX") == was
    assert [one[0] for one in pieces(client, f"{top}/Projects/2026")] == [b"Subject: project"]
    again = restore(source=packed)
    assert (again["restored"], again["there_already"]) == (0, 4), "twice doubles nothing"
    said = restore("--message", mid, person="li")
    assert (said["folder"], said["restored"], said["there_already"]) == (top, 1, 0)
    assert [(row["folder"], row["now_in"]) for row in said["messages"]] == [("INBOX", f"{top}/INBOX")]
    assert restore("--message", mid, person="li")["there_already"] == 1
    for options in (("--folder", "Nothing"), ("--message", "k3v7q2m9tzae")):
        with pytest.raises(CommandFailed) as failed:
            restore(*options)
        assert failed.value.code == 1
    with pytest.raises(CommandFailed):
        instance.mailadm("restore", "--from", str(place), "--account", "nobody")
    rows = instance.mailadm("audit", "list", "--kind", "message.restored", "--json")
    assert "zhang@acme.test" in rows and "Projects/2026" in rows
    client.logout()
    assert instance.mailadm("verify") == "the store is whole\n"
    assert not glob.glob(instance.path("backup", "*")), "nothing is left lying about"


def test_what_was_restored_before_is_not_put_below_another_restore(make_instance, tmp_path):
    instance = make_instance()
    client = instance.imap("zhang", select="INBOX")
    append(client, "INBOX", "own")
    earlier = "Restored 2020-02-03 04.05"
    for folder in (f"{earlier}/INBOX", f"{earlier} deleted/INBOX", f"{earlier}", "Restored by me"):
        client.create(f'"{folder}"')
        append(client, f'"{folder}"', f"in {folder}")
    place = tmp_path / "backups"
    backup(instance, place)
    client.select(f'"{earlier}/INBOX"')
    client.store("1:*", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.close()

    def restore(*options):
        return json.loads(instance.mailadm("restore", "--from", str(place), "--account", "zhang",
                                           "--json", *options))

    def restored_folders(person):
        client = instance.imap(person)
        rows = client.list('""', '"Restored*"')[1]
        client.logout()
        return {re.search(rb'"(Restored[^"]*)"$', row)[1].decode() for row in rows if row}

    before = restored_folders("zhang")
    said = restore()
    top = said["folder"]
    assert (said["restored"], said["there_already"], said["beside"]) == (3, 2, 3)
    assert restored_folders("zhang") - before == {top, f"{top}/INBOX", f"{top}/Restored by me"}
    assert subjects(instance, "zhang", f'"{earlier}/INBOX"') == [f"in {earlier}/INBOX"]
    assert restore()["restored"] == 0
    # Somebody else gets them apart from what was restored of their own.
    said = restore("--into", "li")
    assert said["restored"] == 5
    names = restored_folders("li")
    assert {f"{earlier} zhang@acme.test/INBOX", f"{earlier} deleted zhang@acme.test/INBOX",
            f"{top} zhang@acme.test/INBOX"} <= names
    assert not any(name.count("Restored 20") > 1 for name in names), names
    client.logout()
    assert instance.mailadm("verify") == "the store is whole\n"


def test_a_message_that_cannot_be_read_is_named_and_costs_nobody_the_others(make_instance, tmp_path):
    instance = make_instance()
    client = instance.imap("zhang", select="INBOX")
    for number in range(3):
        append(client, "INBOX", f"kept {number}")
    client.logout()
    place = tmp_path / "backups"
    backup(instance, place)
    segment = glob.glob(f"{place}/segments/*")[0]
    with open(segment, "r+b") as f:
        f.seek(f.read().index(b"Subject: kept 1\r\n") + 100)
        f.write(b"DAMAGE")
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("restore", "--from", str(place), "--account", "zhang", "--json")
    assert failed.value.code == 1 and "1 messages cannot be read" in failed.value.output
    rows = [json.loads(line) for line in failed.value.output.splitlines() if line.startswith("{")]
    assert rows[0]["damaged"] == "INBOX, UID 2", rows
    assert rows[-1]["restored"] == 2, rows
    assert subjects(instance, "zhang", f'"{rows[-1]["folder"]}/INBOX"') == ["kept 0", "kept 2"]


def test_folders_whose_names_become_too_long_come_back_together(make_instance, tmp_path):
    instance = make_instance()
    client = instance.imap("zhang")
    name_max = 240
    room = name_max - len("Restored 2026-11-24 03.30/")
    folders = ["a" * room, "b" * (room + 1), "c" * name_max]
    for folder in folders:
        assert client.create(folder)[0] == "OK"
        append(client, folder, f"of {folder[0]}")
    client.logout()
    place = tmp_path / "backups"
    backup(instance, place)
    said = json.loads(instance.mailadm("restore", "--from", str(place), "--account", "zhang", "--json"))
    assert said["restored"] == 3
    assert subjects(instance, "zhang", f'"{said["folder"]}/{folders[0]}"') == ["of a"]
    assert subjects(instance, "zhang", f'"{said["folder"]}/Long names"') == ["of b", "of c"]


def message_of(token, message_id):
    return f"From: ann@far.test\r\nMessage-ID: <{message_id}>\r\n".encode() + text_of(token)


def test_the_trash_of_a_backup_and_messages_by_their_id_come_back(make_instance, tmp_path):
    instance = make_instance()
    client = instance.imap("zhang", select="INBOX")
    for number in range(3):
        client.append("INBOX", r"(\Flagged Important)", None,
                      message_of(f"gone {number}", f"gone{number}@far.test"))
    client.store("1:3", "+FLAGS", r"(\Deleted)")
    client.expunge()
    for folder in ("INBOX", "Drafts"):
        client.append(folder, "", None, message_of(f"both {folder}", "both@far.test"))
    place = tmp_path / "backups"
    backup(instance, place)
    instance.mailadm("trash", "purge", "--account", "zhang", "--yes")

    def restore(*options, person="zhang"):
        return instance.mailadm("restore", "--from", str(place), "--account", person, *options)

    assert "3 more lay in the trash then: --trash brings those." in restore()
    said = json.loads(restore("--message", "<gone1@far.test>", "--json"))
    assert [row["in_trash"] for row in said["messages"]] == [True], "in no folder, so in the trash"
    said = json.loads(restore("--trash", "--json"))
    assert (said["restored"], said["there_already"]) == (2, 1)
    found = pieces(client, f"{said['folder']}/INBOX")
    assert [one[0] for one in found] == [b"Subject: gone %d" % number for number in range(3)]
    assert all(one[1] == {rb"\Flagged", b"Important"} for one in found), found
    change = json.loads(instance.mailadm("audit", "changes", "--json", "--account", "zhang", "--limit",
                                         "1"))
    assert change["actor"] == "admin", change
    said = restore("--message", "both@far.test")
    assert "both INBOX" in said and "both Drafts" in said and "2 were there already" in said
    for options in (("--message", "<nobody@far.test>"), ("--trash", "--folder", "Drafts")):
        with pytest.raises(CommandFailed) as failed:
            restore(*options)
        assert failed.value.code == 1
    # Somebody who is gone: what they had goes to somebody else.
    client.logout()
    instance.mailadm("user", "remove", "zhang")
    with pytest.raises(CommandFailed) as failed:
        restore()
    assert "--into" in failed.value.output
    said = json.loads(restore("--into", "li", "--folder", "inbox", "--json"))
    assert said["restored"] == 1 and said["folder"].endswith(" zhang@acme.test"), said
    assert subjects(instance, "li", f'"{said["folder"]}/INBOX"') == ["both INBOX"]
    assert instance.mailadm("verify") == "the store is whole\n"
    instance.stop()
    rows = [json.loads(line) for line in restore("--list", "--json").splitlines()]
    assert sorted((row["folder"], row["subject"]) for row in rows) == \
        [("Drafts", "both Drafts"), ("INBOX", "both INBOX")]
    assert "gone 2" in restore("--list", "--trash")


def test_one_file_restores_as_the_directory_does(make_instance, tmp_path):
    instance = make_instance()
    fill(instance, 5)
    place, packed = tmp_path / "backups", tmp_path / "one.tar.zst"
    backup(instance, place)
    instance.mailadm("backup", "pack", str(packed), "--from", str(place))
    assert os.stat(packed).st_mode & 0o777 == 0o600
    instance.stop()
    with restored(instance, tmp_path / "new", packed) as new:
        assert len(subjects(new)) == 5
    with open(packed, "r+b") as f:
        f.truncate(os.path.getsize(packed) * 2 // 3)
    with pytest.raises(CommandFailed):
        restored(instance, tmp_path / "cut", packed)
    shutil.rmtree(tmp_path / "cut")
    with open(packed, "wb") as f:
        f.write(b"no archive at all")
    with pytest.raises(CommandFailed):
        restored(instance, tmp_path / "cut", packed)
    restored(instance, tmp_path / "cut", place)


class Load:
    """Deliveries, flags and expunges of one person while something else happens."""

    def __init__(self, instance, person):
        self.instance, self.person = instance, person
        self.acknowledged = []		# tokens, in order
        self.is_ending = False
        self.failure = None
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        wait_until(lambda: len(self.acknowledged) > 20 or self.failure, 30, "some load")
        return self

    def __exit__(self, *_):
        self.is_ending = True
        self.thread.join()
        assert self.failure is None, self.failure

    def run(self):
        try:
            client = self.instance.imap(self.person, select="INBOX")
            number = 0
            while not self.is_ending:
                append(client, "INBOX", f"load {number:06}", size=20000)
                self.acknowledged.append(f"load {number:06}")
                if number % 3 == 0:
                    client.store(str(number // 4 + 1), "+FLAGS", r"(\Seen)")
                if number % 10 == 9:
                    client.append("Drafts", "", None, text_of(f"draft {number}"))
                number += 1
            client.logout()
        except Exception as e:  # pylint: disable=broad-exception-caught
            self.failure = e


def test_a_backup_under_load_is_a_state_that_was(make_instance, tmp_path):
    instance = make_instance(settings={"store": {"segment": "1m"}})
    place = tmp_path / "backups"
    taken = []
    with Load(instance, "zhang") as load:
        for _ in range(3):
            before = list(load.acknowledged)
            taken.append((backup(instance, place)["backup"], before))
    assert instance.mailadm("backup", "check", "--from", str(place)) == "the backups are whole\n"
    end = len(load.acknowledged)
    instance.stop()
    for name, before in taken:
        new = restored(instance, tmp_path / name, place, "--at", name)
        assert new.mailadm("verify") == "the store is whole\n"
        with new:
            found = subjects(new)
            assert found[:len(before)] == before, "acknowledged before it began"
            assert found == load.acknowledged[:len(found)] or \
                found[:-1] == load.acknowledged[:len(found) - 1], "a state that was, nothing between"
            assert len(found) <= end + 1


def test_killed_at_any_time_the_next_one_is_whole(make_instance, tmp_path):
    instance = make_instance(settings={"store": {"segment": "1m"}})
    client = instance.imap("zhang", select="INBOX")
    place = tmp_path / "backups"
    command = [os.path.join(instance.programs, "mailadm"), "-C", instance.directory, "backup",
               "--to", str(place)]
    for turn, wait_s in enumerate((0.02, 0.05, 0.1, 0.15, 0.2, 0.3)):
        for number in range(10):
            append(client, "INBOX", f"turn {turn} {number}", size=100000)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
            try:
                one.wait(wait_s)
            except subprocess.TimeoutExpired:
                one.send_signal(signal.SIGKILL)
    client.logout()
    last = backup(instance, place, "--prove")
    for name in names(instance, place):
        assert name <= last["backup"]
    assert instance.mailadm("backup", "check", "--from", str(place)) == "the backups are whole\n"
    instance.mailadm("backup", "prune", "--from", str(place), "--keep-daily", "1")
    assert not glob.glob(f"{place}/**/*.partial", recursive=True)
    instance.stop()
    new = restored(instance, tmp_path / "new", place)
    with new:
        assert len(subjects(new)) == 60


def test_pruning_keeps_days_weeks_months_and_what_they_need(make_instance, tmp_path):
    instance = make_instance(settings={"store": {"segment": "1m"}})
    client = instance.imap("zhang", select="INBOX")
    place = tmp_path / "backups"
    taken = []
    for number in range(4):
        append(client, "INBOX", f"grows {number}", size=400000)
        taken.append(backup(instance, place)["backup"])
    client.logout()
    said = json.loads(instance.mailadm("backup", "prune", "--from", str(place), "--keep-daily",
                                       "3", "--json"))
    assert (said["kept"], said["removed"]) == (1, 3), "all of one day"
    assert names(instance, place) == taken[-1:]
    assert said["freed_bytes"] > 0
    assert instance.mailadm("backup", "check", "--from", str(place)) == "the backups are whole\n"
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("backup", "prune", "--from", str(place))
    assert failed.value.code == 2
    # The newest lost a segment: the one before it, which is whole, stays with it.
    append_one = instance.imap("zhang", select="INBOX")
    append(append_one, "INBOX", "last", size=1500000)
    append_one.logout()
    taken.append(backup(instance, place)["backup"])
    os.unlink(sorted(glob.glob(f"{place}/segments/*"))[-1])
    instance.mailadm("backup", "prune", "--from", str(place), "--keep-daily", "1")
    assert names(instance, place) == taken[-2:]
    instance.stop()
    restored(instance, tmp_path / "new", place, "--at", taken[-2])


def test_what_is_damaged_in_a_place_is_named(make_instance, tmp_path):
    instance = make_instance()
    fill(instance)
    place = tmp_path / "backups"
    name = backup(instance, place)["backup"]
    instance.stop()

    def refused(command, expected):
        with pytest.raises(CommandFailed) as failed:
            instance.mailadm("backup", command, "--from", str(place))
        assert expected in failed.value.output, failed.value.output
        shutil.rmtree(tmp_path / "new", ignore_errors=True)
        with pytest.raises(CommandFailed) as failed:
            restored(instance, tmp_path / "new", place)
        assert expected in failed.value.output, failed.value.output
        with pytest.raises(CommandFailed) as failed:
            Instance(tmp_path / "new").mailadm("verify")
        assert failed.value.code == 1, "what was not restored to its end is no instance"

    def flip(path):
        with open(path, "r+b") as f:
            f.seek(os.path.getsize(path) // 2)
            byte = f.read(1)
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte[0] ^ 1]))

    def closing():
        """The last line of check --json."""
        try:
            output = instance.mailadm("backup", "check", "--from", str(place), "--json")
        except CommandFailed as failed:
            output = failed.output
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")][-1]

    assert closing() == {"checked": str(place), "backups": 1, "findings": 0}
    chunk = sorted(glob.glob(f"{place}/chunks/*/*"), key=os.path.getsize)[-1]
    segment = glob.glob(f"{place}/segments/*")[0]
    flip(segment)
    assert closing() == {"checked": str(place), "backups": 1, "findings": 1}
    flip(segment)
    for path in (chunk, segment):
        flip(path)
        refused("check", os.path.basename(path))
        flip(path)
        shutil.copy(path, tmp_path / "kept")
        os.truncate(path, os.path.getsize(path) // 2)
        refused("check", os.path.basename(path))
        os.unlink(path)
        refused("check", os.path.basename(path))
        shutil.copy(tmp_path / "kept", path)
    flip(f"{place}/backups/{name}")
    refused("check", name)
    refused("list", name)
    with pytest.raises(CommandFailed):
        instance.mailadm("backup", "prune", "--from", str(place), "--keep-daily", "1")
    flip(f"{place}/backups/{name}")
    restored(instance, tmp_path / "good", place)


def test_two_at_once_and_wrong_places_are_refused(make_instance, tmp_path):
    instance = make_instance()
    place = tmp_path / "backups"
    backup(instance, place)
    with open(place / "lock", "rb") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        with pytest.raises(CommandFailed) as failed:
            backup(instance, place)
        assert failed.value.code == 75
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("somebody's")
    with pytest.raises(CommandFailed) as failed:
        backup(instance, other)
    assert failed.value.code == 1
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("backup")
    assert failed.value.code == 2
    stranger = make_instance()
    with pytest.raises(CommandFailed) as failed:
        backup(stranger, place)
    assert "another instance" in failed.value.output


def test_a_restored_instance_backs_up_beside_the_old_one(make_instance, tmp_path):
    instance = make_instance(settings={"store": {"segment": "1m"}})
    client = instance.imap("zhang", select="INBOX")
    place = tmp_path / "backups"
    append(client, "INBOX", "shared", size=600000)
    first = backup(instance, place)["backup"]
    for number in range(4):		# segments of numbers that the restored one will use, too
        append(client, "INBOX", f"old way {number}", size=600000)
    client.logout()
    second = backup(instance, place)["backup"]
    instance.stop()
    new = restored(instance, tmp_path / "new", place, "--at", first)
    with new:
        client = new.imap("zhang", select="INBOX")
        for number in range(4):
            append(client, "INBOX", f"new way {number}", size=600000)
        client.logout()
        third = backup(new, place, "--prove")["backup"]
    assert any(path.count(".") > 1 for path in os.listdir(place / "segments"))
    for name, token, count in ((first, "shared", 1), (second, "old way 3", 5),
                               (third, "new way 3", 5)):
        with restored(instance, tmp_path / name, place, "--at", name) as one:
            found = subjects(one)
            assert token in found and len(found) == count


def test_nothing_goes_out_or_comes_in_until_it_is_released(make_instance, tmp_path):
    instance = make_instance()
    instance.mailadm("route", "add", "out", "--default", "--smarthost", "127.0.0.1:1", "--tls", "off")
    with instance.smtp("submission", login="zhang") as client:
        client.sendmail("zhang@acme.test", ["ann@far.test"],
                        "From: zhang@acme.test\r\nTo: ann@far.test\r\nSubject: out\r\n\r\nx\r\n")
    instance.mailadm("fetch", "add", "box", "--server", "127.0.0.1:1", "--protocol", "pop3", "--user",
                     "u", "--for", "li@acme.test", "--secret-stdin", stdin="secret\n")
    backup(instance, tmp_path / "backups")
    instance.stop()
    with restored(instance, tmp_path / "new", tmp_path / "backups") as new:
        entry, = [json.loads(line) for line in
                  new.mailadm("queue", "list", "--json").splitlines()]
        assert entry["state"] == "held"
        with pytest.raises(CommandFailed) as failed:
            new.mailadm("fetch", "run", "box")
        assert "fetch release" in failed.value.output
        new.mailadm("fetch", "release")
        with pytest.raises(CommandFailed) as failed:
            new.mailadm("fetch", "run", "box")
        assert "fetch release" not in failed.value.output
        assert new.mailadm("queue", "release", "--all") == "1 released\n"
        assert json.loads(new.mailadm("queue", "list", "--json"))["state"] == "waiting"
        assert "fetch.held" in new.mailadm("audit", "list")


def test_a_client_that_saw_more_than_the_backup_is_brought_up_to_date(make_instance, tmp_path):
    instance = make_instance()
    fill(instance, 3)
    backup(instance, tmp_path / "backups")
    client = instance.imap("zhang", select="INBOX")
    append(client, "INBOX", "lost")
    client.store("1", "+FLAGS", r"(\Deleted)")
    client.store("2", "+FLAGS", r"(\Answered)")
    client.uid("EXPUNGE", "1")
    state, rows = client.fetch("1:*", "(UID FLAGS)")
    uids = sorted(int(re.search(rb"UID (\d+)", row)[1]) for row in rows)
    assert state == "OK" and len(uids) == 3
    validity = int(client.response("UIDVALIDITY")[1][0])
    modseq = int(re.search(rb"HIGHESTMODSEQ (\d+)",
                           client.status("INBOX", "(HIGHESTMODSEQ)")[1][0])[1])
    client.logout()
    instance.stop()
    with restored(instance, tmp_path / "new", tmp_path / "backups") as new:
        with ImapClient(new) as back:
            back.login("zhang").ok("ENABLE QRESYNC")
            said = b"".join(back.ok(f"SELECT INBOX (QRESYNC ({validity} {modseq}))"))
            vanished = re.search(rb"\* VANISHED \(EARLIER\) (\d+)", said)
            assert vanished and int(vanished[1]) == uids[-1], said
            # All three that the backup has are told with their flags.
            assert len(re.findall(rb"\* \d+ FETCH ", said)) == 3, said
            assert rb"\Answered" not in said[said.index(b"FETCH"):], said


def test_old_backups_keep_what_compaction_took(make_instance, tmp_path):
    instance = make_instance(settings={"store": {"segment": "1m", "compact_grace": "0"}})
    client = instance.imap("zhang", select="INBOX")
    place = tmp_path / "backups"
    for number in range(30):
        append(client, "INBOX", f"number {number}", size=150000)
    first = backup(instance, place)["backup"]
    client.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
    client.store("7,17", "-FLAGS.SILENT", r"(\Deleted)")
    client.expunge()
    client.logout()
    instance.mailadm("trash", "purge", "--account", "zhang", "--yes")
    assert json.loads(instance.mailadm("compact", "--json"))["segments"] > 0
    second = backup(instance, place, "--prove")["backup"]
    whole = bytes_of(place)
    instance.stop()
    with restored(instance, tmp_path / "first", place, "--at", first) as one:
        assert len(subjects(one)) == 30
        assert one.mailadm("verify") == "the store is whole\n"
    with restored(instance, tmp_path / "second", place, "--at", second) as one:
        assert subjects(one) == ["number 16", "number 6"]
        one.mailadm("compact")
        assert one.mailadm("verify") == "the store is whole\n"
    os.unlink(place / "backups" / first)
    instance.mailadm("backup", "prune", "--from", str(place), "--keep-daily", "1")
    assert bytes_of(place) < whole / 2
    restored(instance, tmp_path / "third", place)


def test_a_full_disk_is_said_and_harms_nothing(make_instance, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    instance = make_instance()
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "small", str(place)],
                      check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        client = instance.imap("zhang", select="INBOX")
        append(client, "INBOX", "fits")
        first = backup(instance, place)["backup"]
        for number in range(5):
            append(client, "INBOX", f"large {number}", size=900000)
        client.logout()
        with pytest.raises(CommandFailed) as failed:
            backup(instance, place)
        assert failed.value.code == 75 and "full" in failed.value.output
        assert names(instance, place) == [first]
        assert instance.mailadm("backup", "check", "--from", str(place)) == \
            "the backups are whole\n"
        subprocess.run(["mount", "-o", "remount,size=30m", str(place)], check=True)
        backup(instance, place, "--prove")
        instance.stop()
        restored(instance, tmp_path / "new", place, "--at", first)
    finally:
        subprocess.run(["umount", str(place)], check=True)
