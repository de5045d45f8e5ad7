"""A process without memory ends with a word in the log and is started again; what was promised is
there.  The sanitizers' memory knows no limits, so this is the build of the cages."""

import os
import subprocess
import time

import pytest

from conftest import add_people
from harness.build import build_caged
from harness.instance import Instance
from harness.wait import wait_until
from harness.wire import new_source

from judge import LOST, TOKEN, new_token, text_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes the user of another process"),
]

SECONDS = 20.0
CROWD = 20
SIZE = 2_000_000    # of a message, so that there is something to get memory for


@pytest.fixture(name="served", scope="module")
def _served(tmp_path_factory):
    with Instance(tmp_path_factory.mktemp("memory") / "i", programs=build_caged()) as one:
        yield add_people(one)


def starve(instance, name):
    """No more memory than there is; the processes meant."""
    pids = instance.daemons(name)
    for pid in pids:
        # Its own user may lower it, root perhaps not.
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            uid, gid = (int(line.split()[1]) for line in f if line.startswith(("Uid:", "Gid:")))
        subprocess.run(["prlimit", "--pid", str(pid), "--data=4096:"], user=uid, group=gid,
                       extra_groups=[], check=True)
    return pids


def send(instance, token):
    with instance.smtp() as client:
        client.sendmail("john@customer.example", ["zhang@acme.test"], text_of(token, SIZE))


def append(instance, token):
    client = instance.imap("zhang")
    try:
        return client.append("INBOX", None, None, text_of(token, SIZE))[0] == "OK"
    finally:
        client.shutdown()


def gather(instance):
    """Clients that begin something and stay."""
    made = []
    for endpoint, word in (("smtp", b"EHLO mx.example.org\r\nMAIL FROM:<a@b.example>\r\n"),
                           ("imap", b"a LOGIN " + b"x" * 1000), ("imaps", b"a LOGIN x")) * CROWD:
        try:
            made.append(instance.wire(endpoint, new_source()))
            made[-1].send(word)
        except LOST:
            pass
    return made


def work(instance, promised):
    """Whatever may be refused; what is not is remembered."""
    for does in (send, append):
        token = new_token()
        try:
            if does(instance, token) is not False:
                promised.append(token)
        except LOST:
            pass


@pytest.mark.parametrize("name", ["smtpd", "imapd"])
def test_who_has_no_memory_ends_and_comes_back(served, name):
    promised = []
    work(served, promised)
    assert len(promised) == 2
    seen = len(served.log_lines("base.memory.exhausted"))
    pids = starve(served, name)
    end = time.monotonic() + SECONDS
    crowd = []    # each takes some of what the heap has free
    while not set(pids) - set(served.daemons(name)) and time.monotonic() < end:
        work(served, promised)
        crowd += gather(served)
    for one in crowd:
        one.close()
    assert set(pids) - set(served.daemons(name)), f"{name} lives without memory"
    said = served.log_lines("base.memory.exhausted")[seen:]
    assert said and all(f"prog={name}" in line for line in said)
    # The others of its kind are as short of memory: they are to go, too.
    for pid in set(pids) & set(served.daemons(name)):
        os.kill(pid, 9)
    before = len(promised)
    wait_until(lambda: work(served, promised) or len(promised) >= before + 2, SECONDS,
               f"mail is taken again after {name} ended", 0.2)
    found = [TOKEN.search(mail)[0].decode() for mail in served.inbox("zhang", head=4096)]
    assert [token for token in promised if found.count(token) != 1] == []
