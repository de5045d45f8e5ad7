"""What the lint checks share: finding the sources, reading C without its comments."""

import os
import re
import sys

ROOMS = ("base", "net", "mime", "wire", "store", "policy",
         "smtpd", "pop3d", "imapd", "fetchd", "tools", "tests")
SKIPPED_DIRS = re.compile(r"^(\.git|build.*|node_modules|__pycache__|\.pytest_cache)$")
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(root, suffixes):
    """Paths below root, relative to it, in order; suffixes may be None for all files."""
    for folder, dirs, names in os.walk(root):
        dirs[:] = sorted(d for d in dirs if not SKIPPED_DIRS.match(d))
        for name in sorted(names):
            if suffixes is None or name.endswith(suffixes):
                yield os.path.relpath(os.path.join(folder, name), root)


def c_files(root, suffixes=(".c", ".h")):
    """C files of the rooms."""
    for path in files(root, suffixes):
        if path.split(os.sep)[0] in ROOMS:
            yield path


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """The text with comments as spaces: lines and columns stay."""
    return TOKEN.sub(lambda m: _blank(m[0]) if m[0].startswith("/") else m[0], text)


def code_only(text):
    """As without_comments(), and strings emptied too."""
    def clear(m):
        if m[0].startswith("/"):
            return _blank(m[0])
        return m[0][0] + _blank(m[0][1:-1]) + m[0][-1]
    return TOKEN.sub(clear, text)


def without_preprocessor(code):
    """Directives, with their continued lines, as spaces."""
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: _blank(m[0]), code, flags=re.M | re.S)


def top_level(code):
    """(start, end, text, has_body) of each statement outside braces.

    start and end are offsets into code; text is the statement with every
    {...} in it left out; a function's body ends its statement.
    """
    depth = 0
    start = None
    text = []
    for at, c in enumerate(code):
        if start is None:
            if c.isspace() or c == ";":
                continue
            start = at
        if c == "{":
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0 and "".join(text).rstrip().endswith(")"):
                yield start, at, "".join(text), True
                start, text = None, []
        elif depth == 0:
            if c == ";":
                yield start, at, "".join(text), False
                start, text = None, []
            else:
                text.append(c)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def root_argument():
    if len(sys.argv) > 1:
        return sys.argv[1]
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def finish(problems):
    """Print what is wrong and end the program accordingly."""
    for p in problems:
        print(p)
    print(f"{len(problems)} problem(s)" if problems else "clean")
    sys.exit(1 if problems else 0)
