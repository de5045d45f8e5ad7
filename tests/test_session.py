"""Every transcript of tests/session/, against one instance."""

import pathlib

import pytest

from transcript import Mismatch, Player

SESSIONS = pathlib.Path(__file__).parent / "session"
FILES = sorted(SESSIONS.glob("*/*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_transcript(instance, path):
    with open(path, encoding="utf-8") as f:
        lines = f.readlines()
    try:
        Player(instance).play(lines)
    except Mismatch as wrong:
        pytest.fail(f"{path}: {wrong}", pytrace=False)
