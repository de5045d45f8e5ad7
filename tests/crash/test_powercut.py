"""The power is cut anywhere, every sync, write and rename is the last or fails: what was
acknowledged is there.  Judged through the store's own library; now and then by stored itself."""

import errno
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

import replay
from harness.instance import programs_directory

IMAGES = int(os.environ.get("TRADEPOST_CRASH_IMAGES", "300"))
SEED = int(os.environ.get("TRADEPOST_CRASH_SEED", "1"))
STEPS = 220              # that the driver takes
COMPACT_EVERY = 20       # of them one is a compaction, with sealing before it
DAYS_EVERY = 12          # commits after which it is two days later, and changes can be sealed
SEALED_MIN = 3           # parts of the journal, at least
COMPACT_STEPS = 16       # where a call fails in one; the first of them is
CONTROL_IMAGES = 60
SERVE_EVERY = int(os.environ.get("TRADEPOST_CRASH_SERVE", "15"))    # stored goes on with each n-th
STEPS_AFTER = 8
POINT_STEPS = 12         # of the driver where a call fails
POINTS_MAX = 2000
POINTS_AT_ONCE = 6       # they wait most of the time
DEADLINE_S = 120
AT_ONCE = 2


def program(name):
    return os.path.join(programs_directory(), name)


def environment(root=None, log=None, fault=None):
    # The recorder comes before the sanitizers' library; what they find ends stored all the same.
    env = dict(os.environ, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
    if root:
        env["TRADEPOST_RECORD_ROOT"] = root
    if log:
        env["TRADEPOST_RECORD_LOG"] = log
    if fault:
        env["TRADEPOST_RECORD_FAULT"] = fault
    if root:
        env["TRADEPOST_RECORD_DAYS"] = str(DAYS_EVERY)
    return env


def drive(directory, first, steps, log="", fault=None, with_shim=True, every=0):
    """Exit code of the driver and its lines; each every-th step is a compaction."""
    command = [program("crash_driver"), program("stored"), directory, log, str(first), str(steps),
               str(every)]
    if with_shim:
        command.append(program("crash_record.so"))
    done = subprocess.run(command, env=environment(directory, log, fault), timeout=DEADLINE_S,
                          stdout=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode().splitlines()


def judge(directory, lines):
    """Sentences about what is wrong."""
    done = subprocess.run([program("crash_judge"), os.path.join(directory, "store")],
                          input="\n".join(lines).encode() + b"\n", stdout=subprocess.PIPE,
                          env=environment(), timeout=DEADLINE_S, check=False)
    said = done.stdout.decode("utf-8", "replace").splitlines()
    assert done.returncode in (0, 1) and bool(said) == bool(done.returncode), \
        f"the judge ended with {done.returncode}: {said}"
    return said


def serve_on(directory, number, lines):
    """stored goes on with an image; then everything of before and after is there."""
    code, more = drive(directory, 10000 + number, STEPS_AFTER, with_shim=False)
    if code != 0:
        with open(os.path.join(directory, "stored.log"), encoding="utf-8") as log:
            return [f"stored did not go on: {log.read()[-2000:]}"]
    return judge(directory, lines + more)


def judge_image(place, number, files, root, lines):
    directory = os.path.join(place, str(number))
    replay.write(files, root, directory)
    try:
        said = judge(directory, lines)
        if not said and number % SERVE_EVERY == 0:
            said = serve_on(directory, number, lines)
        return said
    finally:
        shutil.rmtree(directory)


def mistakes(log, root, place, count, seed, left_out=None):
    """(cut, sentences) of each image that is not as promised."""
    found = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = []
        for number, (cut, files, lines) in enumerate(
                replay.images(log, root, count, seed, left_out)):
            waiting.append((cut, pool.submit(judge_image, place, number, files, root,
                                             list(lines))))
            if len(waiting) > 2 * AT_ONCE:
                found.append((waiting[0][0], waiting.pop(0)[1].result()))
        found += [(cut, result.result()) for cut, result in waiting]
    return [(cut, said) for cut, said in found if said]


@pytest.fixture(name="place")
def _place():
    """A directory on memory where there is one: the images' own syncs prove nothing."""
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tradepost-crash-", dir=parent) as directory:
        os.chmod(directory, 0o711)
        yield directory


@pytest.fixture(name="recorded")
def _recorded(place):
    root, log = os.path.join(place, "instance"), os.path.join(place, "record.log")
    os.mkdir(root, 0o711)
    code, lines = drive(root, 1, STEPS, log, every=COMPACT_EVERY)
    assert code == 0, f"the driver ended with {code}"
    assert judge(root, lines) == []
    with open(os.path.join(root, "stored.log"), encoding="utf-8") as said:
        assert said.read().count("store.journal.sealed") >= SEALED_MIN
    return root, log


def test_no_power_cut_takes_what_was_acknowledged(recorded, place, capsys):
    root, log = recorded
    found = mistakes(log, root, place, IMAGES, SEED)
    assert not found, f"{len(found)} of {IMAGES} images (seed {SEED}): {found[:3]}"
    caught = {name: len(mistakes(log, root, place, CONTROL_IMAGES, SEED, left_out))
              for name, left_out in replay.CONTROLS.items()}
    with capsys.disabled():
        print(f"\n  {IMAGES} power cuts survived; of {CONTROL_IMAGES} without: {caught}")
    assert all(caught.values()), f"a server without these would not be caught: {caught}"


def point(place, call, how, n, holed=None):
    """The n-th call ends stored or fails.  Whether there were so many, and what is wrong then."""
    directory, log = os.path.join(place, f"{call}-{n}"), os.path.join(place, f"{call}-{n}.log")
    if holed is None:
        os.mkdir(directory, 0o711)
        code, lines = drive(directory, 1, POINT_STEPS, log, f"{call}:{n}:{how}")
    else:
        shutil.copytree(holed[0], directory, ignore=shutil.ignore_patterns("run"))
        code, lines = drive(directory, 5000, COMPACT_STEPS, log, f"{call}:{n}:{how}",
                            every=COMPACT_STEPS)
        lines = holed[1] + lines
    is_hit = any(op == "X" for op, *_ in replay.records(log))
    said = judge(directory, lines) or serve_on(directory, n, lines)
    if not is_hit and code != 0:
        said.append("nothing failed, and yet the driver did")
    os.unlink(log)
    shutil.rmtree(directory)
    return is_hit, said


def check_points(place, call, how, holed=None, stride=1):
    """For every n, or one of stride, until a run passes untouched."""
    with ThreadPoolExecutor(POINTS_AT_ONCE) as pool:
        for first in range(1, POINTS_MAX, POINTS_AT_ONCE * stride):
            numbers = range(first, first + POINTS_AT_ONCE * stride, stride)
            found = list(pool.map(lambda n: point(place, call, how, n, holed), numbers))
            for n, (_, said) in zip(numbers, found):
                assert not said, f"{call} {n} {how}: {said[:5]}"
            assert first > 1 or found[0][0], f"{call} was never called"
            if not all(is_hit for is_hit, _ in found):
                return
    raise AssertionError(f"{call}: no run passes")


@pytest.mark.parametrize("call", ["sync", "write", "rename"])
def test_killed_at_any_call_nothing_acknowledged_is_lost(place, call):
    check_points(place, call, "kill")


@pytest.mark.parametrize("how", [str(errno.ENOSPC), str(errno.EIO), "short"])
def test_a_write_that_fails_takes_nothing_acknowledged(place, how):
    check_points(place, "write", how)


@pytest.fixture(name="holed")
def _holed(place):
    """A store of which compaction makes less, and what the driver said while it was filled."""
    root = os.path.join(place, "holed")
    os.mkdir(root, 0o711)
    code, lines = drive(root, 1, STEPS, with_shim=False)
    assert code == 0, f"the driver ended with {code}"
    return root, lines


@pytest.mark.parametrize("call", ["sync", "write", "unlink"])
def test_killed_at_calls_of_a_compaction_nothing_is_lost(place, holed, call):
    check_points(place, call, "kill", holed, stride=4 if call == "write" else 1)


@pytest.mark.parametrize("call, how", [("write", str(errno.ENOSPC)), ("unlink", str(errno.EIO))])
def test_a_compaction_that_fails_takes_nothing(place, holed, call, how):
    check_points(place, call, how, holed, stride=4)


def test_a_sync_that_fails_takes_nothing_acknowledged(place):
    check_points(place, "sync", str(errno.EIO))
