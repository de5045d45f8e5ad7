"""What no attack may change: the processes live, keep their memory and write a readable log."""

import os
import re
import threading
import time

from harness.instance import REPORT
from transcript import Mismatch

MEMORY = re.compile(r"^RssAnon:\s+(\d+)", re.MULTILINE)
EVERY_S = 0.1
# What other clients and the daemons themselves may say meanwhile.
LINES_PER_SECOND = 10
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")
VALUE = rb'(?:"(?:[^"\\]|\\.)*"|[^" ]*)'
LINE = re.compile(rb"time=\S+ level=\w+ prog=\S+ event=([a-z0-9_.]+)(?: [a-z0-9_]+=" + VALUE +
                  rb")*")
FORGED = b"forged.line.made"



def processes(instance):
    """{pid: name} of the daemons and their helpers."""
    found = {}
    parents = {instance.supervisor.pid}
    while True:
        new = {pid: name for pid, parent, name in _table() if parent in parents
               and pid not in found}
        if not new:
            return found
        found.update(new)
        parents = set(new)


def _table():
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as f:
                stat = f.read()
        except OSError:
            continue
        name = stat[stat.index("(") + 1:stat.rindex(")")]
        yield int(entry), int(stat[stat.rindex(")") + 2:].split()[1]), name


def memory_kib(pid):
    """Memory that is the process's own: no files of the store, no texts (they have a budget)."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            return sum(int(kib) for kib in MEMORY.findall(f.read()))
    except OSError:
        return 0


class Watch:
    """Around one run; check() raises Mismatch."""

    def __init__(self, instance, case):
        self.instance = instance
        self.case = case
        self.pids = processes(instance)
        self.before = {pid: memory_kib(pid) for pid in self.pids}
        self.most = dict(self.before)
        self.began = time.monotonic()
        self.log_from = os.path.getsize(instance.path("serve.log"))
        self.stop = threading.Event()
        self.sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self):
        self.sampler.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.sampler.join()

    def _sample(self):
        while not self.stop.wait(EVERY_S):
            for pid in self.pids:
                self.most[pid] = max(self.most[pid], memory_kib(pid))

    def check(self, connections):
        self.stop.set()
        self.sampler.join()
        self._check_processes()
        self._check_memory()
        self._check_log(connections)

    def _check_processes(self):
        now = processes(self.instance)
        gone = {name for pid, name in self.pids.items() if pid not in now}
        if gone - set(self.case.may_end):
            raise Mismatch(f"ended: {gone}\n{self.instance.log_text()[-3000:]}")

    def _check_memory(self):
        grown = {pid: self.most[pid] - self.before[pid] for pid in self.pids}
        if sum(grown.values()) > self.case.memory_kib:
            names = {f"{self.pids[pid]} {pid}": kib for pid, kib in grown.items() if kib > 1024}
            raise Mismatch(f"memory grew by KiB: {names}")

    def _check_log(self, connections):
        with open(self.instance.path("serve.log"), "rb") as f:
            f.seek(self.log_from)
            text = f.read()
        if REPORT.search(text.decode("utf-8", "replace")):
            raise Mismatch(text.decode("utf-8", "replace")[:6000])
        if CONTROL.search(text):
            raise Mismatch(f"control bytes in the log: {CONTROL.search(text)}")
        for line in text.split(b"\n")[:-1]:
            parsed = LINE.fullmatch(line)
            if parsed is None or parsed[1] == FORGED:
                raise Mismatch(f"a line of the log that is none: {line!r}")
        took = time.monotonic() - self.began
        most = self.case.lines * max(connections, 1) + LINES_PER_SECOND * took
        if text.count(b"\n") > most:
            raise Mismatch(f"{text.count(10)} log lines of {connections} connections:\n"
                           f"{text[:2000].decode('utf-8', 'replace')}")
