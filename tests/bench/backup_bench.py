"""How long backups and a restore take, against a bare copy of the same files, and what a delivery
notices of one."""

import json
import os
import shutil
import subprocess
import threading
import time

import deliver
from harness.instance import Instance

SMALL = 30000		# deliveries of 4 KB
LARGE, LARGE_SIZE = 400, 1000000
MORE = 1000		# between two backups
LATENCY = 2000		# deliveries, one after the other, that are measured
SETTINGS = deliver.SETTINGS


def fill(instance):
    deliver.send(instance.programs, instance.endpoints["smtp"][1], 50, SMALL,
                 [instance.login(name) for name in deliver.PEOPLE])
    client = instance.imap("zhang", select="INBOX")
    for number in range(LARGE):
        text = f"Subject: large {number}\r\n\r\n".encode() + os.urandom(LARGE_SIZE // 2).hex().encode()
        assert client.append("INBOX", "", None, text + b"\r\n")[0] == "OK"
    client.logout()


def bare_copy(instance, directory):
    """Seconds and bytes of a copy of store and directory, every file synced, read once and written."""
    began, size = time.monotonic(), 0
    for folder in ("store/segments", "store", "policy"):
        target = os.path.join(directory, "bare", folder)
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(instance.path(folder)):
            path = os.path.join(instance.path(folder), name)
            if os.path.isfile(path) and name.endswith((".seg", "data.mdb")):
                shutil.copyfile(path, os.path.join(target, name))
                with open(os.path.join(target, name), "rb+") as f:
                    os.fsync(f.fileno())
                size += os.path.getsize(path)
    shutil.rmtree(os.path.join(directory, "bare"))
    return time.monotonic() - began, size


def timed(instance, *arguments):
    began = time.monotonic()
    said = instance.mailadm(*arguments, "--json")
    return time.monotonic() - began, json.loads(said)


def row(what, seconds, size, new, bare):
    return {"what": what, "seconds": round(seconds, 2), "MB": round(size / 1e6),
            "MB written": round(new / 1e6, 1), "MB/s": round(size / 1e6 / seconds),
            "of a bare copy": f"{100 * (size / seconds) / bare:.0f} %"}


def measure(instance, directory):
    """Rows: each run's speed is of all that the backup holds, however little was new."""
    place = os.path.join(directory, "backups")
    seconds, size = bare_copy(instance, directory)
    bare = size / seconds
    yield row("bare copy", seconds, size, size, bare)
    for what in ("first backup", "second, nothing new"):
        seconds, said = timed(instance, "backup", "--to", place)
        yield row(what, seconds, said["bytes"], said["new_bytes"], bare)
    deliver.send(instance.programs, instance.endpoints["smtp"][1], 20, MORE,
                 [instance.login(name) for name in deliver.PEOPLE])
    seconds, said = timed(instance, "backup", "--to", place)
    yield row(f"third, {MORE} messages more", seconds, said["bytes"], said["new_bytes"], bare)
    seconds, said = timed(instance, "backup", "--to", place, "--prove")
    yield row("fourth, proved", seconds, said["bytes"], said["new_bytes"], bare)
    new = Instance(os.path.join(directory, "new"))
    began = time.monotonic()
    new.mailadm("restore", "--from", place)
    yield row("restore, verified", time.monotonic() - began, said["bytes"], said["bytes"], bare)


def measure_latency(instance, directory):
    """Rows: deliveries one after the other, alone and while first backups are made."""
    stop = threading.Event()
    runs = []

    def back_up():
        while not stop.is_set():
            place = os.path.join(directory, f"place-{len(runs)}")
            began = time.monotonic()
            subprocess.run([os.path.join(instance.programs, "mailadm"), "-C", instance.directory,
                            "backup", "--to", place], check=True, stdout=subprocess.DEVNULL)
            runs.append(time.monotonic() - began)
            shutil.rmtree(place)

    for what in ("before", "during", "after"):
        thread = threading.Thread(target=back_up) if what == "during" else None
        if thread is not None:
            thread.start()
        figures = deliver.send(instance.programs, instance.endpoints["smtp"][1], 1, LATENCY,
                               [instance.login("li")])
        if thread is not None:
            stop.set()
            thread.join()
        yield {"deliveries": what, "backups": len(runs) if thread is not None else 0,
               "per second": round(LATENCY / figures["seconds"]), "p50 ms": figures["p50_ms"],
               "p99 ms": figures["p99_ms"]}
