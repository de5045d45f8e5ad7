"""Stores and directories of every version that ever was: refused until upgraded where they are
older, then whole and all there."""

import glob
import json
import os
import re
import shutil
import subprocess

import pytest

from golden_store import HERE, PEOPLE, SETTINGS, changes, listed, seen
from crash import replay
from crash.replay import SEALED_HEAD
from harness.instance import CHECKOUT, CommandFailed, Instance, programs_directory

def kept(kind):
    return sorted(os.path.basename(path).removesuffix(".tar.zst")
                  for path in glob.glob(os.path.join(HERE, f"{kind}-*.tar.zst")))


STORES, SEALED = kept("store"), "store-2-sealed"
with open(os.path.join(CHECKOUT, "store", "identity.h"), encoding="utf-8") as header:
    CURRENT = int(re.search(r"^#define STORE_VERSION (\d+)$", header.read(), re.MULTILINE)[1])
DEADLINE_S = 60
POINTS_MAX = 200


def unpack(name, directory):
    for part in ("store", "policy") if name.startswith("store") else ("policy",):
        shutil.rmtree(os.path.join(directory, part), ignore_errors=True)
    subprocess.run(["tar", "-I", "zstd", "-C", directory, "-xf",
                    os.path.join(HERE, f"{name}.tar.zst")], check=True)


def recorded(name):
    with open(os.path.join(HERE, f"{name}.json"), encoding="utf-8") as f:
        return json.load(f)


@pytest.fixture(name="old")
def _old(tmp_path):
    one = Instance(tmp_path / "i", settings=SETTINGS)
    yield one.init()
    one.stop()


def check_seen(instance, golden):
    """Everything that clients saw then; queued mail that came back since may be there, too."""
    expected = recorded(golden)
    instance.passwords = {instance.login(name): f"secret of {name}" for name in PEOPLE}
    found = seen(instance, expected["people"])
    for person, mail in expected["people"].items():
        assert found[person]["subscribed"] == mail["subscribed"]
        assert found[person]["folders"].keys() == mail["folders"].keys()
        for name, folder in mail["folders"].items():
            now = found[person]["folders"][name]
            assert now["uidvalidity"] == folder["uidvalidity"]
            assert now["uidnext"] >= folder["uidnext"]
            missing = [m for m in folder["messages"] if m not in now["messages"]]
            assert not missing, (person, name, missing)
    held = [row["entry"] for row in expected["queue"] if row["state"] == "held"]
    rows = [json.loads(line) for line in instance.mailadm("--json", "queue", "list").splitlines()]
    assert bool(held) == (golden != SEALED)
    assert held == [row["entry"] for row in rows if row["state"] == "held"]
    audit = instance.mailadm("--json", "audit", "list", "--limit", "10000").splitlines()
    assert len(audit) >= expected["audit"]
    if "changes" in expected:
        assert changes(instance, expected["changes"]["until"]) == expected["changes"]


@pytest.mark.parametrize("name", STORES)
def test_a_store_of_that_version_is_upgraded_and_all_is_there(old, name):
    version = int(name.split("-")[1])
    unpack(name, old.directory)
    if version < CURRENT:
        for command in ("serve", "verify"):
            with pytest.raises(CommandFailed) as refused:
                old.mailadm(command)
            assert refused.value.code == 1 and "mailadm upgrade" in refused.value.output
    assert json.loads(old.mailadm("upgrade", "--json")) == {"from": version, "to": CURRENT}
    assert "already" in old.mailadm("upgrade")
    assert old.mailadm("verify") == "the store is whole\n"
    old.start()
    check_seen(old, name)
    with pytest.raises(CommandFailed) as refused:
        old.mailadm("upgrade")
    assert refused.value.code == 75
    assert old.mailadm("verify") == "the store is whole\n"


def upgrade_with(instance, fault):
    """Run mailadm upgrade with a fault; whether there were so many calls."""
    env = dict(os.environ, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0",
               LD_PRELOAD=os.path.join(programs_directory(), "crash_record.so"),
               TRADEPOST_RECORD_ROOT=instance.directory, TRADEPOST_RECORD_FAULT=fault,
               TRADEPOST_RECORD_LOG=instance.path("record.log"))
    subprocess.run([os.path.join(programs_directory(), "mailadm"), "-C", instance.directory,
                    "upgrade"], env=env, timeout=DEADLINE_S, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    is_hit = any(op == "X" for op, *_ in replay.records(instance.path("record.log")))
    os.unlink(instance.path("record.log"))
    return is_hit


@pytest.mark.parametrize("call, how", [("sync", "kill"), ("write", "kill"), ("rename", "kill"),
                                       ("write", "28"), ("sync", "5")])
def test_an_upgrade_that_ends_anywhere_is_made_again(old, call, how):
    for number in range(1, POINTS_MAX):
        unpack("store-1", old.directory)
        is_hit = upgrade_with(old, f"{call}:{number}:{how}")
        assert json.loads(old.mailadm("upgrade", "--json"))["to"] == CURRENT
        assert old.mailadm("verify") == "the store is whole\n"
        if not is_hit:
            break
    else:
        raise AssertionError(f"{call}: no run passes")
    assert number > 1 or call == "rename", "nothing was hit"
    old.start()
    check_seen(old, "store-1")


def damage_sealed(instance):
    """A byte of the text of the record that holds the sealed part of the journal."""
    for path in glob.glob(instance.path("store", "segments", "*.seg")):
        with open(path, "r+b") as f:
            data = f.read()
            at = data.find(SEALED_HEAD)
            if at >= 0:
                f.seek(at + 400)
                f.write(bytes([data[at + 400] ^ 1]))
                return
    raise AssertionError("no part of the journal is sealed")


def said(instance, *arguments):
    return [json.loads(line) for line in instance.mailadm(*arguments, "--json").splitlines()]


def test_a_sealed_part_that_is_damaged_costs_that_part_alone(old):
    unpack(SEALED, old.directory)
    assert not os.path.exists(old.path("store", "segments", "00000001.seg"))
    assert "nothing to do" in old.mailadm("repair", "--yes")
    damage_sealed(old)
    with pytest.raises(CommandFailed) as found:
        old.mailadm("verify")
    assert "sealed" in found.value.output
    lines = said(old, "repair", "--yes")
    assert any(line.get("kind") == "lost" and line["table"] == "sealed" for line in lines), lines
    assert old.mailadm("verify") == "the store is whole\n"
    old.start()
    expected = recorded(SEALED)
    old.passwords = {old.login("zhang"): "secret of zhang"}
    inbox = seen(old, ["zhang"])["zhang"]["folders"]["INBOX"]
    assert inbox["messages"] == expected["people"]["zhang"]["folders"]["INBOX"]["messages"]
    assert 0 < changes(old)["rows"] < expected["changes"]["rows"]


def test_a_store_is_rebuilt_from_compacted_segments(old):
    unpack(SEALED, old.directory)
    os.unlink(old.path("store", "data.mdb"))
    *lines, end = said(old, "rebuild", "--yes")
    # Nothing behind the last one says that it was committed.
    assert end["done"] and end["lost"] == 0 and len(lines) == 1
    assert '"late"' in lines[0]["what"] and "Recovered/uncertain" in lines[0]["what"]
    assert old.mailadm("verify") == "the store is whole\n"
    old.start()
    old.passwords = {old.login("zhang"): "secret of zhang"}
    folders = seen(old, ["zhang"])["zhang"]["folders"].values()
    texts = {sha256 for folder in folders for _, sha256 in folder["messages"]}
    before = recorded(SEALED)["people"]["zhang"]["folders"]["INBOX"]["messages"]
    assert len([sha256 for _, sha256 in before if sha256 not in texts]) == 1


def check_listed(instance, name):
    """All that an administrator saw then; what is told besides may have become more."""
    now = listed(instance)
    for kind, rows in recorded(name).items():
        assert len(now[kind]) == len(rows)
        for row, before in zip(now[kind], rows):
            assert {key: row.get(key) for key in before} == before


@pytest.mark.parametrize("name", kept("directory"))
def test_a_directory_of_that_version_opens_and_all_is_there(old, name):
    unpack(name, old.directory)
    old.start()
    check_listed(old, name)
    old.stop()
    old.mailadm("upgrade")
    old.start()
    check_listed(old, name)


def test_a_store_of_a_later_version_is_left_alone(old):
    unpack("store-1", old.directory)
    old.mailadm("upgrade")
    later(old.path("store", "data.mdb"), b"store", 1 + 4 + 8 + 8)
    check_refused(old)


def test_a_directory_of_a_later_version_is_left_alone_and_its_store_too(old):
    unpack("store-2", old.directory)
    unpack("directory-1", old.directory)
    later(old.path("policy", "data.mdb"), b"version", 1 + 8)
    check_refused(old)
    unpack("store-1", old.directory)    # its directory says no version
    assert json.loads(old.mailadm("upgrade", "--json"))["from"] == 1


def check_refused(instance):
    for command in ("upgrade", "serve"):
        with pytest.raises(CommandFailed) as refused:
            instance.mailadm(command)
        assert refused.value.code == 1 and "newer" in refused.value.output


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def later(path, key, size):
    """Add one to the version that its own record names, in every page that has it."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = -1
    while (at := data.find(key, at + 1)) >= 0:
        record = at + len(key)
        value = bytearray(data[record + 4:record + 4 + size])
        if data[record:record + 4] != crc32c(key + value).to_bytes(4, "little"):
            continue
        value[1] += 1
        data[record:record + 4 + size] = crc32c(key + value).to_bytes(4, "little") + value
    with open(path, "wb") as f:
        f.write(data)
