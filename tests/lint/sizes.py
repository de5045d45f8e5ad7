"""Files and functions stay small: prints what to look at again, fails on what must be split."""

import ast
import re

import source

FILE_LOOK, FILE_MAX = 800, 1200
FUNCTION_LOOK, FUNCTION_MAX = 60, 100
NAME = re.compile(r"(\w+)\s*\(")


def c_functions(text):
    """(line, name, number of lines) of each function defined."""
    code = source.without_preprocessor(source.code_only(text))
    for start, end, head, has_body in source.top_level(code):
        m = NAME.search(head)
        if has_body and m is not None:
            first = source.line_of(code, start)
            yield first, m[1], source.line_of(code, end) - first + 1


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.name, node.end_lineno - node.lineno + 1


def measure(root):
    """(place, what, lines, look, max) of everything that has a size."""
    for path in source.files(root, (".c", ".h", ".py")):
        text = source.read(root, path)
        yield path, "the file", text.count("\n"), FILE_LOOK, FILE_MAX
        find = python_functions if path.endswith(".py") else c_functions
        for line, name, count in find(text):
            yield f"{path}:{line}", name, count, FUNCTION_LOOK, FUNCTION_MAX


def check(root):
    for place, what, count, look, most in measure(root):
        if count > most:
            yield f"{place}: {what} has {count} lines: split it"
        elif count > look:
            print(f"{place}: {what} has {count} lines: look again")


if __name__ == "__main__":
    source.finish(list(check(source.root_argument())))
