"""Words that must not be in the tree: loose ends, unsafe calls, traces of other tools."""

import os
import re

import source

LOOSE_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
TRACE = re.compile(r"co-authored|signed-off-by|generated (?:with|by)\b", re.I)
UNSAFE = re.compile(r"\b(strcpy|stpcpy|strncpy|strcat|strncat|v?sprintf|strtok(?:_r)?|"
                    r"ato(?:i|l|ll|f)|v?f?sscanf|fscanf|scanf|gets|alloca)\s*\(")
CTYPE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<ctype\.h>", re.M)
TEXT_FILES = (".c", ".h", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".conf", ".yml",
              ".service", "run", "runtests", "quickstart")
HERE = os.path.join("tests", "lint")  # names the words itself


def find(pattern, path, text):
    for m in pattern.finditer(text):
        yield f"{path}:{source.line_of(text, m.start())}: {m[0].strip()}"


def check(root):
    for path in source.files(root, TEXT_FILES):
        if path.startswith(HERE):
            continue
        text = source.read(root, path)
        yield from find(LOOSE_END, path, text)
        yield from find(TRACE, path, text)
        if path.endswith((".c", ".h")):
            yield from find(UNSAFE, path, source.code_only(text))
            yield from find(CTYPE, path, source.without_comments(text))


if __name__ == "__main__":
    source.finish(list(check(source.root_argument())))
