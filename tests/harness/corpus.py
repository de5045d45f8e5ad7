"""Where the corpus of real and tricky messages is, and its messages as they would be sent."""

import os
import re

from .instance import CHECKOUT

NOT_HERE = "skipped: no corpus at $TRADEPOST_CORPUS or beside the checkout"


def corpus_directory():
    """Its path, or None."""
    path = os.environ.get("TRADEPOST_CORPUS", os.path.join(CHECKOUT, "..", "shared", "corpus"))
    path = os.path.abspath(path)
    return path if os.path.exists(os.path.join(path, "MANIFEST.tsv")) else None


def corpus_messages():
    """(name, text) of every message, line ends converted to CRLF; bare CR stays as it is."""
    directory = corpus_directory()
    with open(os.path.join(directory, "MANIFEST.tsv"), encoding="utf-8") as f:
        names = [line.split("\t", 1)[0] for line in f if "/" in line.split("\t", 1)[0]]
    for name in names:
        with open(os.path.join(directory, name), "rb") as f:
            yield name, re.sub(rb"\r?\n", b"\r\n", f.read())


def has_bare_cr(text):
    return re.search(rb"\r(?!\n)", text) is not None


def has_nul(text):
    return b"\0" in text
