"""Every case of tests/attack/: see README.md there."""

import base64
import pathlib
import subprocess

import pytest

from attack.driver import Case, play
from conftest import add_people
from harness.instance import SANITIZER_OPTIONS_LEAN, Instance
from harness.wire import new_source
from transcript import Mismatch

pytestmark = pytest.mark.waits

CASES = [Case(path) for path in sorted((pathlib.Path(__file__).parent / "attack").glob("*.t"))]


def warm_up(instance):
    """What is made once, at the first use, is no growth."""
    for login in ("zhang", "li"):
        with instance.smtp("submission", login) as client:
            client.sendmail(instance.login(login), [instance.login(login)], "Subject: x\r\n\r\nx\r\n")
        assert len(instance.inbox(login)) == 1
        instance.pop3(login).quit()


@pytest.fixture(scope="module", name="instance_with")
def instances(tmp_path_factory):
    """instance_with(settings): one instance for all cases with the same settings."""
    made = {}

    def get(settings):
        key = repr(sorted(settings.items()))
        if key not in made:
            made[key] = Instance(tmp_path_factory.mktemp("attack") / "i", settings=settings,
                                 sanitizer_options=SANITIZER_OPTIONS_LEAN)
            made[key].start()
            add_people(made[key])
            warm_up(made[key])
        return made[key]

    yield get
    for one in made.values():
        one.stop()


@pytest.mark.parametrize("case", [
    pytest.param(case, id=case.path.stem, marks=[pytest.mark.slow] * case.is_slow) for case in CASES])
def test_attack(instance_with, case):
    wrong = None
    try:
        play(case, instance_with(case.settings))
    except Mismatch as found:
        wrong = str(found)
    if wrong is not None:
        pytest.fail(wrong, pytrace=False)


def cpu_ticks(instance, name):
    total = 0
    for pid in instance.daemons(name):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            total += sum(int(field) for field in f.read().rsplit(")", 1)[1].split()[11:13])
    return total


def work_of_failing(instance, users):
    """Processor time that policyd takes to refuse them, all at once."""
    before = cpu_ticks(instance, "policyd")
    wires = [instance.wire("submissions", new_source()) for _ in users]
    for wire, user in zip(wires, users):
        secret = base64.b64encode(f"\0{user}\0wrong {user}".encode()).decode()
        wire.send(f"EHLO a\r\nAUTH PLAIN {secret}\r\n")
    for wire in wires:
        assert [wire.reply()[0] for _ in range(3)] == [220, 250, 535]
        wire.close()
    return cpu_ticks(instance, "policyd") - before


def test_a09_an_unknown_user_costs_what_a_known_one_costs(instance_with):
    """Processor time, not the clock's: who else is busy does not matter."""
    instance = instance_with({})
    known = [f"known{n}@acme.test" for n in range(6)]
    for login in known:
        instance.user_add(login, "some password")
    unknown = work_of_failing(instance, [f"unknown{n}@acme.test" for n in range(6)])
    assert 0.5 < unknown / work_of_failing(instance, known) < 2


@pytest.mark.parametrize("endpoint, greeting", [
    ("submissions", b"220 "), ("imaps", b"* OK "), ("pop3s", b"+OK "),
])
def test_t08_no_second_handshake_on_a_connection(instance_with, endpoint, greeting):
    """TLS 1.2 lets a client ask for one as often as it likes; ours ends that, or ends it all."""
    port = instance_with({}).endpoints[endpoint][1]
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as client:
        while not client.stdout.readline().startswith(greeting):
            pass            # one that came into the second handshake would end that by itself
        said, _ = client.communicate(b"R\n", timeout=20)
    assert b"RENEGOTIATING" in said and b"no renegotiation" in said
