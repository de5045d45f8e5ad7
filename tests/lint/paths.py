"""Every file that a document names is there.

A name in backticks with a folder of the tree in front (`imapd/cmd_*.c`, `docs/man/`; `base/bytes`
for a header) has to fit something, as has the target of a link to a file.
"""

import glob
import os
import re

import source

NAMED = re.compile(r"`((?:[\w.-]+/)+[\w*.-]*)`")
LINKED = re.compile(r"\]\(([\w./-]+)\)")


def missing(root, path):
    """(line, name) of what a document names and nobody finds."""
    text = source.read(root, path)
    for m in NAMED.finditer(text):
        # What has no folder of ours in front is a folder of an instance, an address, a type.
        folder, full = m[1].split("/")[0], os.path.join(root, m[1])
        is_ours = folder.isalnum() and os.path.isdir(os.path.join(root, folder))
        if is_ours and not glob.glob(full) and not os.path.exists(full + ".h"):
            yield source.line_of(text, m.start()), m[1]
    for m in LINKED.finditer(text):
        if not os.path.exists(os.path.join(root, os.path.dirname(path), m[1])):
            yield source.line_of(text, m.start()), m[1]


def check(root):
    for path in source.files(root, (".md",)):
        for line, name in missing(root, path):
            yield f"{path}:{line}: {name} is not there"


if __name__ == "__main__":
    source.finish(list(check(source.root_argument())))
