"""A header is the manual: every function it declares has a comment.

The comment stands directly above the declaration, above the group of
declarations (without a blank line) it is in, or at the end of one of its lines.
Names of the fixed pairs (_new and _free, _init and _clear, _open and _close) say
enough by themselves; a cmd_NAME is documented where it is written.
"""

import re

import source

NAME = re.compile(r"(\w+)\s*\(")
NEEDS_NONE = re.compile(r"^cmd_|_(new|free|init|clear|open|close)$")
COMMENT_LINE = re.compile(r"^\s*(/\*|\*|//)")


def functions(code):
    """(first line, last line, name) of each function declared or defined."""
    code = source.without_preprocessor(code)
    for start, end, text, has_body in source.top_level(code):
        text = re.sub(r"__attribute__\s*\(\(.*?\)\)\s*(?=[\w;]|$)", " ", text, flags=re.S)
        m = NAME.search(text)
        if m is None or text.lstrip().startswith("typedef") or m[1] == "_Static_assert":
            continue
        if "=" in text[:m.start()]:
            continue
        last = source.line_of(code, code.index("{", start) if has_body else end)
        yield source.line_of(code, start), last, m[1]


def is_documented(lines, first, last):
    """lines is the raw text; first and last count from 1."""
    if any("/*" in line or "//" in line for line in lines[first - 1:last]):
        return True
    for line in reversed(lines[:first - 1]):
        if not line.strip():
            return False
        if COMMENT_LINE.match(line):
            return True
    return False


def check(root):
    for path in source.c_files(root, (".h",)):
        raw = source.read(root, path)
        lines = raw.split("\n")
        for first, last, name in functions(source.code_only(raw)):
            if NEEDS_NONE.search(name) is None and not is_documented(lines, first, last):
                yield f"{path}:{first}: {name} has no comment"


if __name__ == "__main__":
    source.finish(list(check(source.root_argument())))
