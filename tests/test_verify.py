"""mailadm verify: a store that is served, one that is stopped, one that is damaged."""

import glob
import json

import pytest

from harness.instance import CommandFailed


def fill(instance):
    for person in ("zhang", "li"):
        client = instance.imap(person, select="INBOX")
        for number in range(5):
            text = f"Subject: verified {number}\r\n\r\n{number}\r\n".encode()
            assert client.append("INBOX", r"(\Flagged)", None, text)[0] == "OK"
        client.logout()


def findings(instance, *arguments):
    """What verify --json names, and that it says so at its end."""
    try:
        said = instance.mailadm("verify", "--json", *arguments)
    except CommandFailed as failed:
        assert failed.code == 1, failed
        said = "\n".join(line for line in failed.output.splitlines() if line.startswith("{"))
    *found, end = [json.loads(line) for line in said.splitlines()]
    assert end == {"verified": instance.path("store"), "findings": len(found)}
    return found


def flip(path, place):
    with open(path, "r+b") as f:
        f.seek(place)
        byte = f.read(1)
        f.seek(place)
        f.write(bytes([byte[0] ^ 1]))


def test_a_store_is_whole_served_and_stopped_and_damage_is_named(make_instance):
    instance = make_instance()
    fill(instance)
    assert instance.mailadm("verify") == "the store is whole\n"
    instance.stop()
    assert instance.mailadm("verify") == "the store is whole\n"
    assert findings(instance, instance.path("store")) == []
    segment = glob.glob(instance.path("store", "segments", "*.seg"))[0]
    flip(segment, 64 + 8)
    assert [f["table"] for f in findings(instance)] == ["segment"]
    flip(segment, 64 + 8)
    assert findings(instance) == []


def test_what_is_no_store_is_not_called_whole(make_instance, tmp_path):
    instance = make_instance()
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("verify", str(tmp_path / "nothing"))
    assert failed.value.code == 1
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("verify", "one", "two")
    assert failed.value.code == 2
