#!/usr/bin/python3
"""Seeds of a fuzz target in one file, corpus/NAME.seeds.

  pack.py pack FILE.seeds DIRECTORY     all files of the directory, by name
  pack.py unpack FILE.seeds DIRECTORY   the other way round
"""

import os
import sys

HEAD = b"TRADEPOST SEEDS\n"


def entries(path):
    """(name, bytes) of each."""
    with open(path, "rb") as f:
        data = f.read()
    assert data.startswith(HEAD), f"{path} is no pack"
    at = len(HEAD)
    while at < len(data):
        end = data.index(b"\n", at)
        name, length = data[at:end].split(b" ")
        yield name.decode("ascii"), data[end + 1:end + 1 + int(length)]
        at = end + 1 + int(length) + 1


def unpack(path, directory):
    os.makedirs(directory, exist_ok=True)
    for name, data in entries(path):
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)


def pack(path, directory):
    with open(path, "wb") as out:
        out.write(HEAD)
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), "rb") as f:
                data = f.read()
            out.write(b"%s %d\n%s\n" % (name.encode("ascii"), len(data), data))


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    globals()[sys.argv[1]](sys.argv[2], sys.argv[3])
