"""mailadm as people call it: from anywhere, with the instance's path as they like to write it."""

import os
import subprocess

import pytest

COMMANDS = (
    "archive search", "archive verify", "audit changes", "audit list", "check", "endpoints",
    "fetch list", "queue list", "route list", "stats store", "trash list", "user list", "verify",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_instance_may_be_named_from_where_one_stands(instance, command):
    parent, name = os.path.split(instance.directory)
    done = subprocess.run([os.path.join(instance.programs, "mailadm"), "-C", name,
                           *command.split()], cwd=parent, capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0, done.stderr
