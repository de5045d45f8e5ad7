"""The archive as its administrator sees it: proved, searched, shown, exported."""

import json
import os
import shutil

import pytest

from harness.instance import CommandFailed
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
    assert instance.log_lines("policy.head.signed", entry="4")
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
