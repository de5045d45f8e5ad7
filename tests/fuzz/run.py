#!/usr/bin/python3
"""Runs the libFuzzer targets one after the other, again and again, so many minutes in all.

  run.py BUILD MINUTES

What each finds is kept in BUILD/corpus/NAME, inputs that fail in BUILD/found; these are told at
the end.  The seeds are those of corpus/, and messages for those that read messages.
"""

import glob
import os
import subprocess
import sys
import time

from pack import unpack

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))
READS_MESSAGES = ("fuzz_digest", "fuzz_policy", "fuzz_rewrite")
TURN_S = 60
INPUT_S = 25
INPUT_MAX = 16384
MEMORY_MIB = 2500


def prepare(build, name):
    """Its own corpus, and the folders it reads besides."""
    own = os.path.join(build, "corpus", name)
    seeds = os.path.join(build, "seeds", name)
    unpack(os.path.join(HERE, "corpus", name + ".seeds"), seeds)
    os.makedirs(own, exist_ok=True)
    folders = [own, seeds]
    if name in READS_MESSAGES:
        folders.append(os.path.join(CHECKOUT, "tests", "data", "trade"))
        corpus = os.environ.get("TRADEPOST_CORPUS", os.path.join(CHECKOUT, "..", "shared", "corpus"))
        folders += [corpus] if os.path.isdir(corpus) else []
    return folders


def run(build, name, seconds):
    """True when nothing was found."""
    found = os.path.join(build, "found", name + "-")
    log = os.path.join(build, "found", name + ".log")
    with open(log, "wb") as out:
        done = subprocess.run(
            ["nice", "-n", "19", os.path.join(build, "bin", name), f"-max_total_time={seconds}",
             f"-timeout={INPUT_S}", f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={INPUT_MAX}",
             f"-artifact_prefix={found}", *prepare(build, name)],
            stdout=out, stderr=out, check=False)
    return done.returncode == 0


def main():
    build, minutes = os.path.abspath(sys.argv[1]), float(sys.argv[2])
    names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(build, "bin", "fuzz_*")))
    os.makedirs(os.path.join(build, "found"), exist_ok=True)
    failed, spent = set(), dict.fromkeys(names, 0.0)
    end = time.monotonic() + 60 * minutes
    turn = max(1, min(TURN_S, 60 * minutes / len(names)))
    while time.monotonic() < end and len(failed) < len(names):
        for name in names:
            left = int(min(turn, end - time.monotonic()))
            if left < 1 or name in failed:
                continue
            began = time.monotonic()
            if not run(build, name, left):
                failed.add(name)
            spent[name] += time.monotonic() - began
    for name in names:
        said = f"failed: see {build}/found/{name}.log" if name in failed else "nothing found"
        print(f"{name:16} {spent[name] / 60:6.1f} min  {said}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main())
