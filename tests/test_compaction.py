"""mailadm compact: the space of texts that are gone comes back, whoever reads or dies meanwhile."""

import base64
import glob
import json
import os
import random
import re
import socket
import struct
import subprocess

import pytest

from harness.instance import CommandFailed
from harness.wait import wait_until

SETTINGS = {"store": {"segment": "1m", "compact_grace": "0"}}
STORE_HOLD = 231
STORE_END = 301


def text_of(number, size=150000):
    """One that no codec makes smaller, and its own bytes each time."""
    chance = random.Random(number)
    pressed = base64.encodebytes(chance.randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    return f"Subject: number {number}\r\n\r\n".encode() + pressed


def fill(instance, numbers):
    client = instance.imap("zhang", select="INBOX")
    for number in numbers:
        assert client.append("INBOX", "", None, text_of(number))[0] == "OK"
    client.logout()


def lose(instance, keep_every=4):
    """Three of four messages are removed, and purged from the trash."""
    client = instance.imap("zhang", select="INBOX")
    count = int(client.select("INBOX")[1][0])
    gone = ",".join(str(n) for n in range(1, count + 1) if n % keep_every)
    assert client.store(gone, "+FLAGS.SILENT", r"(\Deleted)")[0] == "OK"
    assert client.expunge()[0] == "OK"
    client.logout()
    instance.mailadm("trash", "purge", "--account", "zhang", "--yes")


def segments(instance):
    return {os.path.basename(path): os.stat(path).st_blocks * 512
            for path in glob.glob(instance.path("store", "segments", "*.seg"))}


def compact(instance, *arguments):
    return json.loads(instance.mailadm("compact", "--json", *arguments))


def check_texts(instance, numbers):
    found = {int(re.search(rb"Subject: number (\d+)", text)[1]): text
             for text in instance.inbox("zhang")}
    assert sorted(found) == sorted(numbers)
    for number, text in found.items():
        assert text == text_of(number), number


def test_space_comes_back_under_those_who_read(make_instance):
    instance = make_instance(settings=SETTINGS)
    fill(instance, range(1, 41))
    stays = range(4, 41, 4)
    reader = instance.imap("zhang", select="INBOX")
    pop = instance.pop3("zhang")
    assert len(pop.list()[1]) == 40
    lose(instance)
    before = segments(instance)
    told = compact(instance)
    assert told["segments"] >= 4 and told["moved_bytes"] > 0
    assert told["gained_bytes"] > 3 * 1024 * 1024
    after = segments(instance)
    assert sum(after.values()) < sum(before.values()) / 2
    assert instance.mailadm("verify") == "the store is whole\n"
    # Sessions that were open before find their messages where they are now.
    state, rows = reader.uid("FETCH", "4", "(BODY.PEEK[]<1000.5000>)")
    assert state == "OK" and rows[0][1] == text_of(4)[1000:6000]
    reader.logout()
    assert b"\r\n".join(pop.retr(8)[1]) + b"\r\n" == text_of(8)
    pop.quit()
    check_texts(instance, stays)
    assert compact(instance)["segments"] == 0
    assert instance.mailadm("compact") == "no segment has that much to give back\n"
    instance.stop()
    instance.start()
    check_texts(instance, stays)
    # Numbers are never given again.
    fill(instance, range(100, 130))
    assert not set(before) - set(after) & set(segments(instance))
    assert instance.mailadm("verify") == "the store is whole\n"


def test_the_percentage_says_what_is_worth_it(make_instance):
    instance = make_instance(settings=SETTINGS)
    fill(instance, range(1, 21))
    client = instance.imap("zhang", select="INBOX")
    assert client.store("1", "+FLAGS.SILENT", r"(\Deleted)")[0] == "OK"
    assert client.expunge()[0] == "OK"
    client.logout()
    instance.mailadm("trash", "purge", "--account", "zhang", "--yes")
    assert compact(instance)["segments"] == 0
    assert compact(instance, "--at", "5")["segments"] == 1
    check_texts(instance, range(2, 21))
    for wrong in (["--at", "101"], ["--at", "x"], ["now"]):
        with pytest.raises(CommandFailed) as failed:
            instance.mailadm("compact", *wrong)
        assert failed.value.code == 2
    instance.stop()
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("compact")
    assert failed.value.code == 75


def test_a_file_stays_for_its_grace(make_instance):
    instance = make_instance(settings={"store": {"segment": "1m"}})
    fill(instance, range(1, 13))
    lose(instance, keep_every=100)
    before = segments(instance)
    told = compact(instance)
    assert told["segments"] >= 1 and told["deleted"] == 0 and told["grace_s"] == 3600
    assert set(before) <= set(segments(instance))
    assert instance.mailadm("verify") == "the store is whole\n"


def hold(instance):
    """As a backup does: nothing is removed while this is open."""
    here = os.getcwd()
    link = socket.socket(socket.AF_UNIX)
    os.chdir(instance.path("run"))
    try:
        link.connect("store-admin.sock")
    finally:
        os.chdir(here)
    link.settimeout(30)
    link.sendall(struct.pack("<IHHI", 0, STORE_HOLD, 1, 1))
    _, kind, _, _ = struct.unpack("<IHHI", link.recv(12, socket.MSG_WAITALL))
    assert kind == STORE_END
    return link


def test_nothing_goes_while_a_backup_holds_it(make_instance):
    instance = make_instance(settings=SETTINGS)
    fill(instance, range(1, 13))
    lose(instance)
    before = segments(instance)
    with hold(instance):
        with pytest.raises(CommandFailed) as failed:
            instance.mailadm("compact")
        assert failed.value.code == 75 and "backup" in failed.value.output
        assert segments(instance) == before
    wait_until(lambda: compact_when_free(instance), 30, "compaction after the hold")
    assert len(segments(instance)) < len(before)
    check_texts(instance, range(4, 13, 4))


def test_what_rests_for_a_backup_goes_on_behind_it(make_instance):
    instance = make_instance(settings={"store": {**SETTINGS["store"], "upkeep": "1h"}})
    fill(instance, range(1, 61))
    lose(instance)
    before = segments(instance)
    with subprocess.Popen([os.path.join(instance.programs, "mailadm"), "-C", instance.directory,
                           "compact", "--json"], stdout=subprocess.PIPE) as running:
        wait_until(lambda: segments(instance) != before or running.poll() is not None, 30,
                   "compaction at work", 0.001)
        with hold(instance):    # long enough for its next slice to be put off
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(0.3)
        said, _ = running.communicate(timeout=60)
    assert json.loads(said)["segments"] > 0
    assert instance.mailadm("verify") == "the store is whole\n"


def compact_when_free(instance):
    try:
        return compact(instance)["segments"] > 0
    except CommandFailed as busy:
        assert busy.code == 75
        return False


def test_killed_at_any_moment_nothing_is_lost(make_instance):
    instance = make_instance(settings=SETTINGS)
    fill(instance, range(1, 41))
    lose(instance)
    chance = random.Random(7)
    for _ in range(8):
        with subprocess.Popen([os.path.join(instance.programs, "mailadm"), "-C",
                               instance.directory, "compact", "--at", "1"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:    # the time it is given until its server dies
                running.wait(chance.uniform(0.02, 0.25))
            except subprocess.TimeoutExpired:
                instance.kill("stored")
        wait_until(lambda: is_served(instance), 30, "stored is back", 0.05)
        assert instance.mailadm("verify") == "the store is whole\n"
        check_texts(instance, range(4, 41, 4))
    compact(instance, "--at", "1")
    assert instance.mailadm("verify") == "the store is whole\n"
    check_texts(instance, range(4, 41, 4))


def is_served(instance):
    try:
        instance.mailadm("audit", "list")
        return True
    except CommandFailed:
        return False
