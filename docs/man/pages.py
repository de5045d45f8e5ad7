"""Make the manual pages that say what the programs say of themselves: their settings
(tradepost.conf.5) and mailadm's commands (mailadm.8), each between a head and a tail.

    pages.py BIN           write the pages
    pages.py BIN --check   fail when a page in the tree is not what the programs say
"""

import subprocess
import sys
from pathlib import Path

PROGRAMS = ("mailadm", "stored", "policyd", "digest", "smtpd", "imapd", "pop3d", "fetchd",
            "relayd")
HERE = Path(__file__).parent


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def described_settings(program):
    """(section, name, fallback, type, help) of each setting of a program."""
    section = ""
    for paragraph in output(program, "--settings-help").split("\n\n"):
        lines = paragraph.strip("\n").split("\n")
        if lines[0].startswith("["):
            section = lines[0].strip("[]")
        elif len(lines) == 3:
            name, fallback = lines[0].split(" =", 1)
            yield section, name, fallback.strip(), lines[1].strip(), lines[2].strip()


def described_commands(mailadm):
    """(usage, help) of each command."""
    lines = output(mailadm, "help").split("\n")
    for usage, text in zip(lines, lines[1:]):
        if usage.startswith("  ") and text.startswith("        "):
            yield usage.strip(), text.strip()


def escaped(text):
    """Text as roff reads it: leading dots or quotes, hyphens and backslashes mean themselves."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def sentence(text):
    return escaped(text[:1].upper() + text[1:].rstrip(".") + ".")


def settings_body(programs):
    sections = {}
    for program in PROGRAMS:
        for section, *row in described_settings(programs / program):
            sections.setdefault(section, []).append((program, row))
    for section, rows in sections.items():
        users = ", ".join(dict.fromkeys(program for program, _ in rows))
        yield f".SH [{section}]\nRead by {users}.\n"
        for _, (name, fallback, kind, text) in rows:
            yield (f".TP\n.B {escaped(name)} = {escaped(fallback)}\n{sentence(text)}\n"
                   f"({escaped(kind)})\n")


def commands_body(programs):
    yield ".SH COMMANDS\n"
    for usage, text in described_commands(programs / "mailadm"):
        yield f".TP\n.B {escaped(usage)}\n{sentence(text)}\n"


BODIES = {"tradepost.conf.5": settings_body, "mailadm.8": commands_body}


def page(name, programs):
    stem = name.rsplit(".", 1)[0]
    return "".join([(HERE / f"{stem}.head").read_text(), *BODIES[name](programs),
                    (HERE / f"{stem}.tail").read_text()])


def main():
    programs, old = Path(sys.argv[1]), 0
    for name in BODIES:
        made = page(name, programs)
        if sys.argv[2:] != ["--check"]:
            (HERE / name).write_text(made)
        elif (HERE / name).read_text() != made:
            print(f"{HERE / name} is old: run {sys.argv[0]} {programs}")
            old += 1
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
