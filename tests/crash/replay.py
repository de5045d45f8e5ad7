"""From the record of what was done to files, the directories that a power cut could have left.

The rules are the strictest that a file system may keep: of a file, what was written before a sync
of it began is there once that sync has ended; of everything else any 512 bytes may be there or
not, in any order.  A new, renamed or removed name is sure after a sync of its directory.  A write
that was under way may have reached the disk in part.
"""

import os
import random
import struct

HEAD = struct.Struct("<cQQI")
SECTOR = 512
DIRECT = "direct"    # stands for the writes that are on disk at once
SEALING = "sealing"  # stands for the writes of sealed parts of the journal
SEALED_HEAD = b"TPR1\x02\x03"    # how the record of one begins in its segment
SEALED_SHARE = 3     # of the images one is cut while such a part is written and filed,
SEALED_AFTER = 12    # or so many records later

# What a control leaves out: a server that did not do it would be caught.
CONTROLS = {
    "segment syncs": lambda path: path.endswith(".seg") or path.endswith(".new"),
    "index syncs": lambda path: path.endswith("data.mdb"),
    "writes at once": lambda path: path == DIRECT,
    "directory syncs": lambda path: path not in (DIRECT, SEALING) and
                       "." not in os.path.basename(path),
    "sealed parts' syncs": lambda path: path == SEALING,
}


def records(log):
    """(op, file, at, bytes) of each record; a torn last one is none."""
    with open(log, "rb") as f:
        data = f.read()
    at, found = 0, []
    while at + HEAD.size <= len(data):
        op, file, where, length = HEAD.unpack_from(data, at)
        at += HEAD.size
        if at + length > len(data):
            break
        found.append((op.decode(), file, where, data[at:at + length]))
        at += length
    return found


def patch(image, at, data):
    if len(image) < at:
        image.extend(bytes(at - len(image)))
    image[at:at + len(data)] = data


class File:
    """sure: bytes on disk.  pending: (number of the record, place, bytes or None: cut here)."""

    def __init__(self):
        self.sure = bytearray()
        self.pending = []

    def settle(self, before, is_left_out):
        """What was written before that record is on disk now."""
        waiting = []
        for number, at, data in self.pending:
            if number < before and not is_left_out(data):
                self.do(self.sure, at, data)
            else:
                waiting.append((number, at, data))
        self.pending = waiting

    @staticmethod
    def do(image, at, data):
        if data is None:
            del image[at:]
        else:
            patch(image, at, data)


class Disk:
    """What is sure and what is not, as far as the records were played."""

    def __init__(self, root, left_out=None):
        self.root = root
        self.left_out = left_out or (lambda path: False)
        self.files = {}       # inode: File
        self.names = {}       # path: inode, or None for a directory
        self.sure = {root: None}
        self.pending = []     # (number, directory, "put" or "remove", path, inode)
        self.syncs = {}       # number of a sync: (record it began at, path)
        self.lines = []

    def change_name(self, number, what, path, inode=None):
        self.pending.append((number, os.path.dirname(path), what, path, inode))
        if what == "put":
            self.names[path] = inode
        else:
            self.names.pop(path, None)

    def play(self, number, record):
        op, file, at, data = record
        if op == "C":
            self.files[file] = File()
            self.change_name(number, "put", data.decode(), file)
        elif op == "M":
            self.change_name(number, "put", data.decode())
        elif op == "U":
            self.change_name(number, "remove", data.decode())
        elif op == "R":
            before, after = data.decode().split("\0")
            inode = self.names.get(before)
            # One entry of the journal: both names change, or none.
            self.pending.append((number, os.path.dirname(after), "rename", (before, after), inode))
            self.names.pop(before, None)
            self.names[after] = inode
        elif op in "WT":
            self.file(file).pending.append((number, at, data if op == "W" else None))
        elif op == "D":
            if self.left_out(DIRECT):
                self.file(file).pending.append((number, at, data))
            else:
                patch(self.file(file).sure, at, data)
        elif op == "B":
            self.syncs[at] = (number, data.decode())
        elif op == "E":
            self.sync(file, *self.syncs.pop(at))
        elif op == "A":
            self.lines.append(data.decode())

    def file(self, inode):
        return self.files.setdefault(inode, File())

    def sync(self, inode, began, path):
        if self.left_out(path):
            return
        if inode in self.files:
            self.files[inode].settle(began, lambda data: data is not None and
                                     SEALED_HEAD in data and self.left_out(SEALING))
            return
        for entry in self.pending:
            if entry[1] == path and entry[0] < began:
                self.apply_name(self.sure, entry)
        self.pending = [e for e in self.pending if e[1] != path or e[0] >= began]

    @staticmethod
    def apply_name(names, entry):
        _, _, what, path, inode = entry
        if what == "put":
            names[path] = inode
        elif what == "remove":
            names.pop(path, None)
        else:
            names.pop(path[0], None)
            names[path[1]] = inode

    def image(self, chance, under_way):
        """{path: bytes or None}: one directory that could be found after a cut here."""
        share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        names = dict(self.sure)
        for entry in self.pending:
            if chance.random() < share:
                self.apply_name(names, entry)
        found = {}
        for path, inode in names.items():
            if not self.is_reached(names, path):
                continue
            found[path] = None if inode is None else self.contents(inode, chance, share, under_way)
        return found

    def is_reached(self, names, path):
        while path != self.root:
            path = os.path.dirname(path)
            if path not in names or names[path] is not None:
                return False
        return True

    def contents(self, inode, chance, share, under_way):
        file = self.file(inode)
        image = bytearray(file.sure)
        op, written, at, data = under_way
        torn = [(at, data)] if written == inode and op in "WD" else []
        for at, data in [p[1:] for p in file.pending] + torn:
            if data is None:
                if chance.random() < share:
                    del image[at:]
                continue
            if share == 1.0 and (at, data) not in torn:
                patch(image, at, data)
                continue
            for part in range(0, len(data), SECTOR):
                if chance.random() < share:
                    patch(image, at + part, data[part:part + SECTOR])
        return image


def sealing(played):
    """Numbers of the records from each write of a sealed part to behind the commit that files it."""
    found, until = [], 0
    for number, (op, _, _, data) in enumerate(played):
        if op == "W" and SEALED_HEAD in data:
            until = len(played)
        elif op == "D" and until == len(played):
            until = number + SEALED_AFTER
        if number < until:
            found.append(number)
    return found


def images(log, root, count, seed, left_out=None):
    """(number of the record before which it was cut, files, the driver's lines until then)."""
    played = records(log)
    chance = random.Random(seed)
    sealed = sealing(played)
    cuts = sorted(chance.choice(sealed) if sealed and number % SEALED_SHARE == 0 else
                  chance.randrange(1, len(played)) for number in range(count))
    disk = Disk(root, left_out)
    number = 0
    for cut in cuts:
        while number < cut:
            disk.play(number, played[number])
            number += 1
        yield cut, disk.image(chance, played[cut]), disk.lines


def write(files, root, target):
    """Lay the files out below another directory."""
    for path in sorted(files):
        place = target + path[len(root):]
        if files[path] is None:
            os.makedirs(place, exist_ok=True)
        else:
            with open(place, "wb") as f:
                f.write(files[path])
