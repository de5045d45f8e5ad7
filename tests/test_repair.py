"""Damage to a store: what others notice of it, mailadm repair, mailadm rebuild."""

import glob
import json
import os
import re
import signal
import subprocess

import pytest

from harness.instance import CommandFailed
from harness.wait import wait_until

PEOPLE = ("zhang", "li")


def text_of(person, number):
    return (
        f"From: {person}@b.test\r\nSubject: {person} {number}\r\n\r\n"
        f"owner-{person} {number} {'x' * 300}\r\n"
    ).encode()


def fill(instance, count=4):
    for person in PEOPLE:
        client = instance.imap(person, select="INBOX")
        for number in range(count):
            text = text_of(person, number)
            assert client.append("INBOX", r"(\Flagged)", None, text)[0] == "OK"
        client.logout()


def bodies(instance, person, folder="INBOX"):
    """Texts of a folder by UID; None where the server cannot give one."""
    client = instance.imap(person)
    assert client.select(f'"{folder}"', readonly=True)[0] == "OK"
    uids = client.uid("SEARCH", None, "ALL")[1][0].split()
    found = {}
    for uid in uids:
        status, data = client.uid("FETCH", uid, "(BODY.PEEK[])")
        whole = status == "OK" and isinstance(data[0], tuple)
        found[int(uid)] = data[0][1] if whole else None
    client.logout()
    for text in found.values():
        assert text is None or f"owner-{person}".encode() in text
    return found


def segment(instance):
    return glob.glob(instance.path("store", "segments", "*.seg"))[0]


def change(path, place, damaged):
    with open(path, "r+b") as f:
        f.seek(place)
        f.write(damaged)


def damage_text(instance, person, number):
    """The bytes of one message, in the file that the server has open."""
    path = segment(instance)
    with open(path, "rb") as f:
        place = f.read().index(f"owner-{person} {number}".encode())
    change(path, place + 20, b"DAMAGE")


def said(instance, *arguments):
    """What a command says as JSON, whether it finds anything or not."""
    try:
        output = instance.mailadm(*arguments, "--json")
    except CommandFailed as failed:
        assert failed.code == 1, failed
        output = failed.output
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def tables_named(instance):
    """Tables of which verify names a row."""
    return {f["table"] for f in said(instance, "verify") if "table" in f}


def status(instance, person, folder, item):
    client = instance.imap(person)
    answer = client.status(folder, f"({item})")[1][0].decode()
    client.logout()
    return int(re.search(rf"{item} (\d+)", answer).group(1))


def test_one_damaged_text_is_one_message_and_a_repair_keeps_all_others(make_instance):
    instance = make_instance()
    fill(instance)
    before = bodies(instance, "li")
    uid_next = status(instance, "zhang", "INBOX", "UIDNEXT")
    other = instance.imap("li", select="INBOX")
    damage_text(instance, "zhang", 2)
    # Its owner misses that message and no other; nobody else notices.
    assert [uid for uid, text in bodies(instance, "zhang").items() if text is None] == [3]
    assert other.noop()[0] == "OK"
    assert other.append("INBOX", None, None, text_of("li", 9))[0] == "OK"
    assert {uid: bodies(instance, "li")[uid] for uid in before} == before
    assert "text" in tables_named(instance)
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("repair")
    assert failed.value.code == 75
    instance.stop()
    would = said(instance, "repair")
    assert [(line["login"], line["key"]) for line in would if line.get("table") == "message"] == [
        ("zhang@acme.test", "INBOX/3")
    ]
    assert would[-1]["done"] is False and would[-1]["aside"] == ""
    assert tables_named(instance)
    done = said(instance, "repair", "--yes")[-1]
    assert done["done"] and done["messages"] == 8
    with open(instance.path("store", done["aside"], "report.txt"), encoding="utf-8") as report:
        lost = [line for line in report if line.startswith("lost message INBOX/3 of zhang@acme.test")]
    assert len(lost) == 1 and "zhang 2" in lost[0]
    assert os.path.exists(instance.path("store", done["aside"], "data.mdb"))
    assert instance.mailadm("verify") == "the store is whole\n"
    assert "nothing to do" in instance.mailadm("repair", "--yes")
    instance.start()
    assert sorted(bodies(instance, "zhang")) == [1, 2, 4]
    assert len(bodies(instance, "li")) == 5
    assert status(instance, "zhang", "INBOX", "UIDNEXT") == uid_next + 2**20


def page_of(index, person, other):
    """A page of the index that speaks of one person's messages only."""
    with open(index, "rb") as f:
        pages = f.read()
    for page in range(2, len(pages) // 4096):
        text = pages[page * 4096 : (page + 1) * 4096]
        if f'"{person} 1'.encode() in text and f'"{other} '.encode() not in text:
            return page
    raise AssertionError("no page is of one person only")


DAMAGES = {
    "zeros": (0, bytes(4096)),
    "entries far outside the page": (16, b"\xff" * 200),
    "more entries than there are": (12, b"\x00\x08"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_page_is_its_owners_and_nobody_elses_trouble(make_instance, kind):
    instance = make_instance()
    for person in PEOPLE:
        client = instance.imap(person, select="INBOX")
        for number in range(20):
            assert client.append("INBOX", None, None, text_of(person, number))[0] == "OK"
        client.logout()
    place, damaged = DAMAGES[kind]
    pids = instance.daemons()
    index = instance.path("store", "data.mdb")
    other = instance.imap("li", select="INBOX")
    own = instance.imap("zhang", select="INBOX")
    change(index, page_of(index, *PEOPLE) * 4096 + place, damaged)
    for command in ("(FLAGS UID)", "(ENVELOPE BODYSTRUCTURE)", "(BODY.PEEK[])"):
        own.fetch("1:*", command)
        status, data = other.fetch("1:*", command)
        assert status == "OK" and len([d for d in data if d != b")"]) == 20
    assert own.store("1:*", "+FLAGS", r"(\Flagged)")[0] == "OK"
    assert own.append("INBOX", None, None, text_of("zhang", 77))[0] == "OK"
    assert other.store("1:*", "+FLAGS", r"(\Seen)")[0] == "OK"
    assert other.append("INBOX", None, None, text_of("li", 77))[0] == "OK"
    assert other.noop()[0] == "OK" and own.noop()[0] == "OK"
    assert instance.daemons() == pids
    assert tables_named(instance)
    instance.stop()
    said(instance, "repair", "--yes")
    assert instance.mailadm("verify") == "the store is whole\n"
    instance.start()
    assert len(bodies(instance, "li")) == 21
    assert len(bodies(instance, "zhang")) == 21


def test_a_change_that_meets_a_damaged_head_is_refused_and_stored_goes_on(make_instance):
    instance = make_instance()
    for person in PEOPLE:
        client = instance.imap(person, select="INBOX")
        for number in range(20):
            assert client.append("INBOX", None, None, text_of(person, number))[0] == "OK"
        client.logout()
    instance.stop()
    index = instance.path("store", "data.mdb")
    page = page_of(index, *PEOPLE)
    change(index, page * 4096 + 14, b"\xf0\xff")    # where the page's records begin
    instance.start()
    pids = instance.daemons()
    own = instance.imap("zhang", select="INBOX")
    assert own.store("1:*", "+FLAGS", r"(\Deleted)")[0] == "OK"
    assert own.expunge()[0] == "OK"
    # With the last reference a text's record goes, and it lies on that page.
    with pytest.raises(CommandFailed):
        instance.mailadm("trash", "purge", "--account", "zhang@acme.test", "--yes")
    named = instance.log_lines("store.page.damaged")
    assert named and f"page={page} " in named[0] and "mailadm repair" in named[0]
    other = instance.imap("li", select="INBOX")
    assert other.append("INBOX", None, None, text_of("li", 77))[0] == "OK"
    assert other.store("1:*", "+FLAGS", r"(\Seen)")[0] == "OK"
    assert own.noop()[0] == "OK"
    assert instance.daemons() == pids
    instance.stop()
    said(instance, "repair", "--yes")
    assert instance.mailadm("verify") == "the store is whole\n"
    instance.start()
    assert len(bodies(instance, "li")) == 21


def folders(instance, person):
    client = instance.imap(person)
    names = [line.decode().split(' "/" ')[1].strip('"') for line in client.list()[1]]
    client.logout()
    return names


def test_damaged_pages_of_the_index_cost_nobody_a_message(make_instance):
    instance = make_instance()
    fill(instance)
    before = {person: set(bodies(instance, person).values()) for person in PEOPLE}
    instance.stop()
    index = instance.path("store", "data.mdb")
    for page in range(5, os.path.getsize(index) // 4096, 5):
        change(index, page * 4096, bytes(64))
    assert tables_named(instance)
    said(instance, "repair", "--yes")
    assert instance.mailadm("verify") == "the store is whole\n"
    instance.start()
    for person in PEOPLE:
        own = [name for name in folders(instance, person) if "/un" not in name]
        found = [text for name in own for text in bodies(instance, person, name).values()]
        assert before[person] <= set(found)


def test_a_lost_index_is_rebuilt_from_the_texts(make_instance):
    instance = make_instance()
    fill(instance)
    instance.stop()
    os.unlink(instance.path("store", "data.mdb"))
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("repair", "--yes")
    assert "mailadm rebuild" in failed.value.output
    assert said(instance, "rebuild")[-1]["messages"] == 8
    assert not os.path.exists(instance.path("store", "data.mdb"))
    assert said(instance, "rebuild", "--yes")[-1]["messages"] == 8
    assert instance.mailadm("verify") == "the store is whole\n"
    instance.start()
    for person, count in (("zhang", 4), ("li", 3)):
        own = [name for name in folders(instance, person) if name.startswith("Recovered/Folder")]
        assert len(own) == 1
        assert len(bodies(instance, person, own[0])) == count


def test_without_its_directory_a_store_is_mended_and_the_reason_said(make_instance):
    instance = make_instance()
    fill(instance)
    instance.stop()
    damage_text(instance, "zhang", 2)
    directory = instance.path("policy", "data.mdb")
    with open(directory, "wb") as f:
        f.write(b"lost")

    def run(*arguments):
        done = subprocess.run([os.path.join(instance.programs, "mailadm"), "-C", instance.directory,
                               *arguments, "--json"], capture_output=True, text=True, check=False)
        assert "the directory of people cannot be read (" in done.stderr, done.stderr
        with open(directory, "rb") as f:
            assert f.read() == b"lost", "only looked at"
        return [json.loads(line) for line in done.stdout.splitlines()]

    lost = [line for line in run("repair") if line.get("table") == "message"]
    assert [(line["login"], line["key"]) for line in lost] == [("", "INBOX/3")]
    done = run("repair", "--yes")[-1]
    assert done["done"] and done["messages"] == 7
    os.unlink(instance.path("store", "data.mdb"))
    assert run("rebuild", "--yes")[-1]["messages"] == 7
    assert instance.mailadm("verify") == "the store is whole\n"


def test_a_store_that_cannot_begin_is_said_with_what_to_do(make_instance):
    instance = make_instance()
    stored = instance.daemons("stored")[0]
    index = instance.path("store", "data.mdb")
    with open(index, "rb") as f:
        pages = f.read()
    for page in range(2, len(pages) // 4096):
        text = pages[page * 4096:(page + 1) * 4096]
        if b"mailbox" in text and b"journal" in text and b"segment" in text:
            change(index, page * 4096, bytes(4096))
    os.kill(stored, signal.SIGKILL)

    def ends():
        return instance.log_lines("serve.process.ended", name="stored", code="65")

    wait_until(lambda: len(ends()) > 2, 30, "stored tried three times")
    assert all("mailadm repair" in line for line in ends())
    pauses = [int(re.search(r"restart_ms=(\d+)", line)[1]) for line in ends()]
    assert all(later == 2 * pause for pause, later in zip(pauses, pauses[1:])), pauses
