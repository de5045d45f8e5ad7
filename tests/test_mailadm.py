"""mailadm as people call it: from anywhere, with the instance's path as they like to write it."""

import os
import re
import subprocess

import pytest

from harness.instance import Instance

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


def call(instance, *arguments, user=None):
    return subprocess.run([os.path.join(instance.programs, "mailadm"), "-C", instance.directory,
                           *arguments], input="pw of this\n", capture_output=True, text=True,
                          check=False, timeout=60, user=user)


def test_a_wrong_verb_is_answered_with_the_noun_s_commands(instance):
    done = call(instance, "alias", "frob")
    assert done.returncode == 2
    assert done.stderr.endswith("mailadm: no command alias frob\n")
    assert "alias add" in done.stderr and "queue list" not in done.stderr
    assert "queue list" in call(instance, "frob").stderr


def test_addresses_are_taken_as_people_write_them(instance):
    assert call(instance, "alias", "add", "shop", "li").returncode == 0
    assert "address: shop@acme.test" in call(instance, "alias", "show", "shop").stdout
    assert call(instance, "alias", "remove", "shop").returncode == 0
    done = call(instance, "user", "add", "李四@acme.test", "--password-stdin")
    assert done.returncode == 2 and "goes into names" in done.stderr


def test_who_gets_the_name_of_another_is_told(instance):
    done = call(instance, "user", "add", "twin", "--name", "Twin", "--name", "LI  si",
                "--password-stdin")
    assert done.returncode == 0
    assert done.stderr == ('mailadm: "LI  si" is somebody else\'s name, too: mail for it goes to '
                           "the dispatcher\n")
    assert "shared_names: LI  si\n" in call(instance, "user", "show", "twin").stdout


def test_who_lets_a_password_go_over_unchecked_tls_is_told(instance):
    login = ("--smarthost", "h.test", "--user", "u", "--secret-stdin")
    done = call(instance, "route", "add", "unchecked", "--for-domain", "x.test", *login,
                "--tls", "try")
    assert done.returncode == 0 and "no certificate is checked" in done.stderr
    for more in (("--check-certificate",), ("--no-check-certificate", "--no-user"),
                 ("--user", "u", "--secret-stdin")):
        done = call(instance, "route", "set", "unchecked", *more)
        assert (done.returncode, done.stderr) == (0, ""), more
    shown = call(instance, "route", "show", "unchecked").stdout
    assert "tls: require\n" in shown and "check_certificate: yes\n" in shown
    assert call(instance, "route", "remove", "unchecked").returncode == 0
    assert call(instance, "user", "remove", "twin").returncode == 0
    assert call(instance, "user", "set", "li", "--name", "Li Si", "--name", "李四").stderr == ""


def test_the_audit_of_a_word_is_not_that_of_longer_ones(instance):
    assert call(instance, "route", "add", "side", "--for-domain", "outside.test", "--mx")\
        .returncode == 0
    call(instance, "user", "set", "wang", "--outside", "Wang <wang@outside.test>")
    assert call(instance, "route", "remove", "side").returncode == 0
    shown = call(instance, "audit", "show", "side").stdout
    assert "kind: route.added" in shown and "kind: route.removed" in shown
    assert "account" not in shown
    assert "subject: wang@acme.test" in call(instance, "audit", "show", "wang@outside.test").stdout
    assert call(instance, "audit", "show", "wan").returncode == 1
    assert call(instance, "user", "set", "wang", "--no-outside").returncode == 0
    assert "outside: -" in call(instance, "user", "show", "wang").stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("command", ("user list", "audit list", "endpoints"))
def test_who_may_not_is_told_so(instance, command):
    done = call(instance, *command.split(), user=65534)
    assert done.returncode == 1
    assert "run this as its owner" in done.stderr or "cannot enter" in done.stderr


def test_an_instance_needs_a_place(instance, tmp_path):
    done = subprocess.run([os.path.join(instance.programs, "mailadm"), "-C",
                           tmp_path / "not there" / "i", "init", "--domain", "acme.test"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1 and "make the directory above it first" in done.stderr


def settings_of(instance):
    with open(instance.path("tradepost.conf"), encoding="utf-8") as f:
        return f.read()


@pytest.mark.parametrize("line, text, said", (
    ("[policy]", "lan = 192.168.1.5/24", '"192.168.1.5/24" is no address or range'),
    ("[polcy]", "quota = 1g", "tradepost.conf:19: no section [polcy]"),
    ("[listen]", "smtp = 0.0.0.0", "[listen] smtp: \"0.0.0.0\" is not ADDRESS:PORT"),
    ("[listen]", "", "nothing listens"),
    ("[smtp]", "tls_min = 1.1", "tls_min is 1.2 or 1.0, not 1.1"),
    ("[pop3]", "tls_floor = 3", "tls_floor is 1.2 or 1.0, not 3"),
))
def test_check_finds_what_would_not_start(tmp_path, line, text, said):
    instance = Instance(tmp_path / "i").init()
    whole = settings_of(instance)
    if line == "[listen]":
        whole = whole[:whole.index("[listen]")]
    with open(instance.path("tradepost.conf"), "w", encoding="utf-8") as f:
        f.write(f"{whole}\n{line}\n{text}\n")
    done = call(instance, "check")
    assert done.returncode == 1 and said in done.stdout + done.stderr, done


def test_a_protocol_may_be_switched_off(tmp_path):
    instance = Instance(tmp_path / "i").init()
    whole = settings_of(instance)
    for name in ("pop3", "pop3s"):
        whole = re.sub(rf"(?m)^{name} = .*$", f"{name} =", whole)
    with open(instance.path("tradepost.conf"), "w", encoding="utf-8") as f:
        f.write(whole)
    with instance:
        assert "all is well" in call(instance, "check").stdout
        assert "imaps" in instance.endpoints and "pop3" not in instance.endpoints
        assert not instance.log_lines("serve.process.ended")
