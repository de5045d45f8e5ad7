"""The power is cut, or mailadm killed, or a call fails, while a backup or a restore is made: what a
backup's end acknowledged can be restored, and the next run makes good what was begun."""

import errno
import functools
import json
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor

import pytest

import replay
from conftest import add_people
from harness.instance import Instance, programs_directory

IMAGES = int(os.environ.get("TRADEPOST_CRASH_IMAGES", "300")) // 3
SEED = int(os.environ.get("TRADEPOST_CRASH_SEED", "1"))
CONTROL_IMAGES = 60
GO_ON_EVERY = 10
POINTS_AT_ONCE = 6
POINTS_MAX = 400
DEADLINE_S = 120
SHIM = os.path.join(programs_directory(), "crash_record.so")


def is_directory(path):
    name = os.path.basename(path)
    return name in ("chunks", "segments", "backups") or len(name) == 2


CONTROLS = {
    "chunk syncs": lambda path: "/chunks/" in path and not is_directory(path),
    "segment syncs": lambda path: path.endswith(".seg"),
    "manifest syncs": lambda path: "/backups/" in path,
    "directory syncs": is_directory,
}


def mailadm(directory, *arguments, root=None, log=None, fault=None):
    """(exit code, output, errors)"""
    env = dict(os.environ)
    if root is not None:
        env.update(LD_PRELOAD=SHIM, TRADEPOST_RECORD_ROOT=root,
                   TRADEPOST_RECORD_LOG=log or os.devnull,
                   ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        if fault is not None:
            env["TRADEPOST_RECORD_FAULT"] = fault
    done = subprocess.run([os.path.join(programs_directory(), "mailadm"), "-C", directory,
                           *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=DEADLINE_S, env=env, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace")


def grow(instance, token, count=5):
    client = instance.imap("zhang", select="INBOX")
    for number in range(count):
        text = f"Subject: {token} {number}\r\n\r\n".encode() + os.urandom(40000).hex().encode()
        assert client.append("INBOX", "", None, text + b"\r\n")[0] == "OK"
    client.logout()


@pytest.fixture(name="states", scope="module")
def _states():
    """Two states of one stopped instance, the second with more mail; in memory where that goes."""
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tradepost-backup-", dir=parent) as place:
        os.chmod(place, 0o711)
        one = Instance(os.path.join(place, "i"), settings={"store": {"segment": "1m"}})
        add_people(one.start())
        grow(one, "first")
        one.stop()
        early = os.path.join(place, "early")
        shutil.copytree(one.directory, early, ignore=shutil.ignore_patterns("*.sock"))
        one.start()
        grow(one, "second", 20)
        one.stop()
        yield place, early, one.directory


def note(log, line):
    with open(log, "ab") as f:
        f.write(replay.HEAD.pack(b"A", 0, 0, len(line)) + line.encode())


def judge(path, expected):
    """What is wrong with a place that has to hold these backups, and may hold others."""
    code, said, why = mailadm(path, "backup", "list", "--from", path, "--json")
    if code != 0:
        return why if expected or "no backups" not in why + said and "not there" not in why and \
            "No such file" not in why else None
    found = {json.loads(line)["backup"] for line in said.splitlines()}
    if not expected <= found:
        return f"{expected - found} is gone"
    code, said, why = mailadm(path, "backup", "check", "--from", path)
    return None if code == 0 else said + why


def go_on(path, directory):
    code, _, why = mailadm(directory, "backup", "--to", path, "--prove")
    if code == 0:
        code, said, why = mailadm(directory, "backup", "check", "--from", path)
        why += said
    return None if code == 0 else why


def mistakes(place, log, root, late, count, left_out=None):
    found = []
    for number, (cut, files, lines) in enumerate(replay.images(log, root, count, SEED, left_out)):
        path = os.path.join(place, "image")
        os.mkdir(path)
        replay.write(files, root, path)
        wrong = judge(path, {line.split()[1] for line in lines if line.startswith("A ")})
        if wrong is None and left_out is None and number % GO_ON_EVERY == 0:
            wrong = go_on(path, late)
        shutil.rmtree(path)
        if wrong:
            found.append((cut, wrong))
    return found


def test_no_power_cut_takes_a_backup_that_was_acknowledged(states, capsys):
    place, early, late = states
    root, log = os.path.join(place, "backups"), os.path.join(place, "record.log")
    os.mkdir(root)
    for directory in (early, late):
        code, said, why = mailadm(directory, "backup", "--to", root, "--json", root=root, log=log)
        assert code == 0, why
        note(log, "A " + json.loads(said)["backup"])
    assert judge(root, set()) is None
    found = mistakes(place, log, root, late, IMAGES)
    assert not found, f"{len(found)} of {IMAGES} images (seed {SEED}): {found[:3]}"
    caught = {name: len(mistakes(place, log, root, late, CONTROL_IMAGES, left_out))
              for name, left_out in CONTROLS.items()}
    with capsys.disabled():
        print(f"\n  {IMAGES} power cuts survived; of {CONTROL_IMAGES} without: {caught}")
    assert all(caught.values()), f"a backup without these would not be caught: {caught}"


def backup_point(place, early, late, call, how, n):
    """A second backup comes to its end at the n-th call."""
    root, log = os.path.join(place, f"{call}-{n}"), os.path.join(place, f"{call}-{n}.log")
    code, said, why = mailadm(early, "backup", "--to", root, "--json")
    assert code == 0, why
    first = json.loads(said)["backup"]
    code, _, why = mailadm(late, "backup", "--to", root, root=root, log=log,
                           fault=f"{call}:{n}:{how}")
    is_hit = any(op == "X" for op, *_ in replay.records(log))
    wrong = judge(root, {first}) or go_on(root, late)
    if how == str(errno.ENOSPC) and is_hit and (code != 75 or "full" not in why):
        wrong = f"exit {code}: {why}"
    if not is_hit and code != 0:
        wrong = f"nothing failed, and yet it was not done: {why}"
    shutil.rmtree(root)
    os.unlink(log)
    return is_hit, wrong


def restore_point(place, source, call, how, n):
    """A restore comes to its end at the n-th call; until one has ended there is no instance."""
    root, log = os.path.join(place, f"new-{n}"), os.path.join(place, f"new-{n}.log")
    os.mkdir(root)
    code, _, why = mailadm(root, "restore", "--from", source, root=root, log=log,
                           fault=f"{call}:{n}:{how}")
    is_hit = any(op == "X" for op, *_ in replay.records(log))
    wrong = None
    if code != 0 and os.path.exists(os.path.join(root, "restore.partial")):
        if mailadm(root, "verify")[0] == 0:
            wrong = "an instance that was not restored to its end"
        code, _, why = mailadm(root, "restore", "--from", source)
    if mailadm(root, "verify")[0] != 0:
        wrong = wrong or why
    shutil.rmtree(root)
    os.unlink(log)
    return is_hit, wrong


def all_points(point):
    with ProcessPoolExecutor(POINTS_AT_ONCE) as pool:
        for first in range(1, POINTS_MAX, POINTS_AT_ONCE):
            numbers = range(first, first + POINTS_AT_ONCE)
            found = list(pool.map(point, numbers))
            for n, (_, wrong) in zip(numbers, found):
                assert not wrong, f"{n}: {wrong}"
            if not all(is_hit for is_hit, _ in found):
                return
    raise AssertionError("no run passes")


@pytest.mark.parametrize("call, how", [("sync", "kill"), ("write", "kill"), ("rename", "kill"),
                                       ("write", str(errno.ENOSPC)), ("sync", str(errno.EIO))])
def test_a_backup_that_breaks_off_harms_none_and_is_gone_on_with(states, call, how):
    place, early, late = states
    all_points(functools.partial(backup_point, place, early, late, call, how))


def test_a_restore_that_breaks_off_is_run_again(states):
    place, _, late = states
    source = os.path.join(place, "source")
    assert mailadm(late, "backup", "--to", source)[0] == 0
    all_points(functools.partial(restore_point, place, source, "sync", "kill"))
    all_points(functools.partial(restore_point, place, source, "write", str(errno.EIO)))
