"""The power is cut, or a call fails, while an administrator sets things: what was acknowledged is in
policyd's directory with its audit record, what was not is there whole or not at all."""

import errno
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor

import pytest

import replay
from harness.company import OK, Company
from harness.instance import programs_directory
from harness.wait import wait_until

IMAGES = int(os.environ.get("TRADEPOST_CRASH_IMAGES", "300")) // 2
SEED = int(os.environ.get("TRADEPOST_CRASH_SEED", "1"))
CHANGES = 80
CONTROL_IMAGES = 60
SERVE_EVERY = 25
POINT_CHANGES = 6
POINTS_MAX = 500
POINTS_AT_ONCE = 6
DEADLINE_S = 60
SHIM = os.path.join(programs_directory(), "crash_record.so")
CONTROLS = {name: replay.CONTROLS[name] for name in
            ("index syncs", "writes at once", "directory syncs")}


class Model:
    """What the directory holds after each change, as crash_directory tells it."""

    def __init__(self):
        self.rows = {}
        self.audit = []
        self.ids = {"account": 0, "fetch": 0, "route": 0}
        self.states = [[]]    # the lines after so many changes

    def put(self, kind, name, value):
        """An account, fetch account or route keeps its number."""
        before = self.rows.get((kind, name))
        if kind in self.ids:
            if before is None:
                self.ids[kind] += 1
            number = before[0] if before else self.ids[kind]
            self.rows[kind, name] = (number, f"{kind} {number} {name} {value}")
        else:
            self.rows[kind, name] = (name, f"{kind} {name} {value}")

    def done(self, kind, subject):
        self.audit.append(f"audit {len(self.audit) + 1} {kind} {subject}")
        order = ("domain", "account", "alias", "fetch", "route")
        rows = sorted(self.rows.items(), key=lambda row: (order.index(row[0][0]), row[1][0]))
        self.states.append([line for _, (_, line) in rows] + self.audit)

    def change(self, n):
        """The n-th change, as policyd is asked for it."""
        what, old = n % 8, n - 8
        if n == 0 or what == 3:
            for (kind, name) in list(self.rows):
                if kind == "domain":
                    self.put("domain", name, 0)
            self.put("domain", f"d{n:03}.test", 1)
            self.done("domain.added", f"d{n:03}.test")
            return "domain", "add", {"name": f"d{n:03}.test", "default": True}
        if n == 1:
            self.put("account", "u@d000.test", "-")
            self.done("account.added", "u@d000.test")
            return "user", "add", {"login": "u@d000.test", "password": "secret"}
        if what == 4 and ("alias", f"a{n - 4:03}@d000.test") in self.rows:
            name = f"a{n - 4:03}@d000.test"
            del self.rows["alias", name]
            self.done("alias.removed", name)
            return "alias", "remove", {"address": name}
        if what == 5:
            self.put("fetch", f"f{n}", f"secret-{n}")
            self.done("fetch.added", f"f{n}")
            return "fetch", "add", {"name": f"f{n}", "server": "127.0.0.1", "protocol": "pop3",
                                    "user": "u", "secret": f"secret-{n}", "for": "u@d000.test"}
        if what == 6:
            self.put("route", f"r{n}", "10.0.0.1")
            self.done("route.added", f"r{n}")
            return "route", "add", {"name": f"r{n}", "for_domain": f"x{n}.test",
                                    "smarthost": "10.0.0.1"}
        if what == 7 and ("fetch", f"f{old - 2}") in self.rows:
            del self.rows["fetch", f"f{old - 2}"]
            self.done("fetch.removed", f"f{old - 2}")
            return "fetch", "remove", {"name": f"f{old - 2}"}
        if what in (0, 2):
            self.put("alias", f"a{n:03}@d000.test", 1)
            self.done("alias.added", f"a{n:03}@d000.test")
            return "alias", "add", {"address": f"a{n:03}@d000.test", "to": ["u@d000.test"]}
        self.put("account", "u@d000.test", f"n{n}")
        self.done("account.changed", "u@d000.test")
        return "user", "set", {"login": "u@d000.test", "nicks": [f"n{n}"]}


def drive(path, count, log, fault=None):
    """An administrator sets count things while policyd's files are watched; how many were done."""
    model, acknowledged = Model(), 0
    record = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def note(line):
        data = line.encode()
        os.write(record, replay.HEAD.pack(b"A", 0, 0, len(data)) + data)

    company = Company(path, is_served=False)
    more = {"LD_PRELOAD": SHIM, "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0",
            "TRADEPOST_RECORD_ROOT": os.path.join(path, "policy"), "TRADEPOST_RECORD_LOG": log,
            **({"TRADEPOST_RECORD_FAULT": fault} if fault else {})}
    try:
        # In its cage it could not look at its own descriptors, as the recorder does.
        company.start("policyd", options=["--debug"], more=more)
        for n in range(count):
            noun, verb, keys = model.change(n)
            note(f"I {n}")
            status, why, _ = company.admin(noun, verb, **keys)
            if status != OK:
                assert fault, why
                break
            note(f"A {n}")
            acknowledged = n + 1
    except (AssertionError, OSError):
        if not fault:
            raise
    finally:
        os.close(record)
        for key in list(company.processes):
            company.stop(*key, how=signal.SIGKILL)
        company.close()
    return model, acknowledged


def lines_of(directory):
    done = subprocess.run([os.path.join(programs_directory(), "crash_directory"), directory],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE_S,
                          check=False)
    return done.stdout.decode().splitlines(), done.stderr.decode("utf-8", "replace")


def judge(directory, model, least, most):
    """What is wrong with a directory that has to hold so many changes."""
    lines, said = lines_of(directory)
    if said:
        return said
    if lines not in model.states[least:most + 1]:
        return f"not what {least} to {most} changes make: {lines}"
    return None


def judge_image(place, number, files, root, model, lines):
    least = sum(line.startswith("A ") for line in lines)
    most = sum(line.startswith("I ") for line in lines)
    path = os.path.join(place, str(number))
    os.makedirs(path)
    try:
        replay.write(files, root, os.path.join(path, "policy"))
        if not files:
            return None if least == 0 else "the directory is not there"
        wrong = None
        if least > 0 or "data.mdb" in {os.path.basename(name) for name in files}:
            wrong = judge(os.path.join(path, "policy"), model, least, most)
        if wrong is None and number % SERVE_EVERY == 0 and least > 0:
            wrong = serve_on(path)
        return wrong
    finally:
        shutil.rmtree(path)


def serve_on(path):
    """policyd goes on with it, and all that was set comes into the audit of stored."""
    before = [line.split()[1:] for line in lines_of(os.path.join(path, "policy"))[0]
              if line.startswith("audit")]
    company = Company(path)
    try:
        company.must("alias", "add", address="more@d000.test", to=["u@d000.test"])
        wanted = {(kind, subject) for _, kind, subject in before}
        wanted.add(("alias.added", "more@d000.test"))
        wait_until(lambda: wanted <= {(row[0], row[2]) for row in company.audit()}, DEADLINE_S,
                   "the audit has all of it", 0.05)
    finally:
        company.close()
    return None


@pytest.fixture(name="place")
def _place():
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tradepost-crash-", dir=parent) as directory:
        os.chmod(directory, 0o711)
        yield directory


def mistakes(place, log, root, model, count, left_out=None):
    found = []
    for number, (cut, files, lines) in enumerate(
            replay.images(log, root, count, SEED, left_out)):
        wrong = judge_image(place, number, files, root, model, list(lines))
        if wrong:
            found.append((cut, wrong))
    return found


def test_no_power_cut_takes_what_an_administrator_set(place, capsys):
    path, log = os.path.join(place, "c"), os.path.join(place, "record.log")
    os.mkdir(path, 0o711)
    model, acknowledged = drive(path, CHANGES, log)
    assert acknowledged == CHANGES
    root = os.path.join(path, "policy")
    assert judge(root, model, CHANGES, CHANGES) is None
    found = mistakes(place, log, root, model, IMAGES)
    assert not found, f"{len(found)} of {IMAGES} images (seed {SEED}): {found[:3]}"
    caught = {name: len(mistakes(place, log, root, model, CONTROL_IMAGES, left_out))
              for name, left_out in CONTROLS.items()}
    with capsys.disabled():
        print(f"\n  {IMAGES} power cuts survived; of {CONTROL_IMAGES} without: {caught}")
    assert all(caught.values()), f"a policyd without these would not be caught: {caught}"


def point(place, call, how, n):
    path, log = os.path.join(place, f"{call}-{n}"), os.path.join(place, f"{call}-{n}.log")
    os.mkdir(path, 0o711)
    model, acknowledged = drive(path, POINT_CHANGES, log, f"{call}:{n}:{how}")
    is_hit = any(op == "X" for op, *_ in replay.records(log))
    wrong = judge(os.path.join(path, "policy"), model, acknowledged, acknowledged + 1) \
        if acknowledged else None
    if not is_hit and acknowledged < POINT_CHANGES:
        wrong = "nothing failed, and yet it was not done"
    shutil.rmtree(path)
    return is_hit, wrong


@pytest.mark.parametrize("call, how", [
    ("sync", "kill"), ("write", "kill"), ("write", str(errno.ENOSPC)), ("write", str(errno.EIO)),
    ("write", "short"), ("sync", str(errno.EIO))])
def test_a_call_that_fails_takes_nothing_acknowledged(place, call, how):
    with ProcessPoolExecutor(POINTS_AT_ONCE) as pool:
        for first in range(1, POINTS_MAX, POINTS_AT_ONCE):
            numbers = range(first, first + POINTS_AT_ONCE)
            found = list(pool.map(functools.partial(point, place, call, how), numbers))
            for n, (_, wrong) in zip(numbers, found):
                assert not wrong, f"{call} {n} {how}: {wrong}"
            if not all(is_hit for is_hit, _ in found):
                return
    raise AssertionError(f"{call}: no run passes")
