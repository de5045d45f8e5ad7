"""Stores of every version that ever was: refused until upgraded, then whole and all there."""

import glob
import json
import os
import re
import shutil
import subprocess

import pytest

from golden_store import HERE, PEOPLE, SETTINGS, seen
from crash import replay
from harness.instance import CHECKOUT, CommandFailed, Instance, programs_directory

VERSIONS = sorted(int(path.rsplit("-", 1)[1].split(".")[0])
                  for path in glob.glob(os.path.join(HERE, "store-*.tar.zst")))
with open(os.path.join(CHECKOUT, "store", "identity.h"), encoding="utf-8") as header:
    CURRENT = int(re.search(r"^#define STORE_VERSION (\d+)$", header.read(), re.MULTILINE)[1])
DEADLINE_S = 60
POINTS_MAX = 200


def unpack(version, directory):
    for name in ("store", "policy"):
        shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
    subprocess.run(["tar", "-I", "zstd", "-C", directory, "-xf",
                    os.path.join(HERE, f"store-{version}.tar.zst")], check=True)


@pytest.fixture(name="old")
def _old(tmp_path):
    one = Instance(tmp_path / "i", settings=SETTINGS)
    yield one.init()
    one.stop()


def check_seen(instance, version):
    """Everything that clients saw then; queued mail that came back since may be there, too."""
    with open(os.path.join(HERE, f"store-{version}.json"), encoding="utf-8") as f:
        expected = json.load(f)
    instance.passwords = {instance.login(name): f"secret of {name}" for name in PEOPLE}
    found = seen(instance)
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
    assert held and held == [row["entry"] for row in rows if row["state"] == "held"]
    audit = instance.mailadm("--json", "audit", "list", "--limit", "10000").splitlines()
    assert len(audit) >= expected["audit"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_that_version_is_upgraded_and_all_is_there(old, version):
    unpack(version, old.directory)
    if version < CURRENT:
        for command in ("serve", "verify"):
            with pytest.raises(CommandFailed) as refused:
                old.mailadm(command)
            assert refused.value.code == 1 and "mailadm upgrade" in refused.value.output
    assert json.loads(old.mailadm("upgrade", "--json")) == {"from": version, "to": CURRENT}
    assert "already" in old.mailadm("upgrade")
    assert old.mailadm("verify") == "the store is whole\n"
    old.start()
    check_seen(old, version)
    with pytest.raises(CommandFailed) as refused:
        old.mailadm("upgrade")
    assert refused.value.code == 75
    assert old.mailadm("verify") == "the store is whole\n"


def upgrade_with(instance, fault):
    """Run mailadm upgrade with a fault; whether there were so many calls."""
    env = dict(os.environ, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0",
               LD_PRELOAD=os.path.join(programs_directory(), "crash_record.so"),
               TRADEPOST_RECORD_ROOT=instance.path("store"), TRADEPOST_RECORD_FAULT=fault,
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
        unpack(1, old.directory)
        is_hit = upgrade_with(old, f"{call}:{number}:{how}")
        assert json.loads(old.mailadm("upgrade", "--json"))["to"] == CURRENT
        assert old.mailadm("verify") == "the store is whole\n"
        if not is_hit:
            break
    else:
        raise AssertionError(f"{call}: no run passes")
    assert number > 1 or call == "rename", "nothing was hit"
    old.start()
    check_seen(old, 1)


def test_a_store_of_a_later_version_is_left_alone(old):
    unpack(1, old.directory)
    old.mailadm("upgrade")
    path = old.path("store", "data.mdb")
    later(path)
    for command in ("upgrade", "serve"):
        with pytest.raises(CommandFailed) as refused:
            old.mailadm(command)
        assert refused.value.code == 1 and "newer" in refused.value.output


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def later(path):
    """Add one to the version that the store's own record names, in every page that has it."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = -1
    while (at := data.find(b"store", at + 1)) >= 0:
        record = at + len(b"store")
        size = 4 + 1 + 4 + 8 + 8
        if data[record:record + 4] != crc32c(
                b"store" + data[record + 4:record + size]).to_bytes(4, "little"):
            continue
        data[record + 5] += 1
        data[record:record + 4] = crc32c(
            b"store" + data[record + 4:record + size]).to_bytes(4, "little")
    with open(path, "wb") as f:
        f.write(data)
