"""A process that has no descriptor left refuses what is new, goes on with what it has, does not
spin, and takes new things when there are some again."""

import collections
import imaplib
import os
import resource
import time

import pytest

from conftest import add_people
from harness.instance import Instance
from harness.pop3_server import Pop3Server
from harness.smtp_server import SmtpServer
from harness.wait import wait_until
from harness.wire import Closed

from judge import TOKEN, new_token, text_of

SECONDS = 30.0
LOOK_S = 1.0
CPU_SHARE = 0.3    # of a core, while nothing can be done
CROWD = 12
ANSWERED_S = 3.0
SETTLED_S = 0.2
TRIES = 3


def limits(instance, name):
    """{pid: what it may open}."""
    return {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in instance.daemons(name)}


def used_by(pid):
    return {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}


def settled(pid):
    """What it has open when nothing closes or opens any more: clients that left are not gone at
    once."""
    before = used_by(pid)
    time.sleep(SETTLED_S)
    return used_by(pid) == before and before


def starve(instance, name, spare):
    for pid, (_, hard) in limits(instance, name).items():
        used = wait_until(lambda pid=pid: settled(pid), SECONDS, f"{name} is at rest")
        # The lowest free numbers count, not how many are open.
        free = [n for n in range(max(used) + spare + 2) if n not in used]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[spare], hard))


def feed(instance, name, before):
    for pid in instance.daemons(name):
        if pid in before:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before[pid])


def cpu_seconds(instance, name):
    total = 0
    for pid in instance.daemons(name):
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def is_calm(instance, name):
    """It does not spin.  What is looked at is the time between, so nothing else is waited for."""
    before, since = cpu_seconds(instance, name), time.monotonic()
    time.sleep(LOOK_S)
    used = cpu_seconds(instance, name) - before
    # A machine that is busy lets us sleep longer.
    assert used < (time.monotonic() - since) * CPU_SHARE, f"{name} spins"


def deliver(instance, person, token):
    """The code that ended a message from outside."""
    try:
        with instance.wire("smtp") as wire:
            wire.socket.settimeout(ANSWERED_S)
            codes = [wire.reply()[0]]
            for command in ("EHLO mx.example.org", "MAIL FROM:<customer@example.org>",
                            f"RCPT TO:<{person}@acme.test>", "DATA"):
                codes.append(wire.command(command)[0])
                if codes[-1] >= 400:
                    return codes[-1]
            wire.send(text_of(token) + b".\r\n")
            return wire.reply()[0]
    except (Closed, TimeoutError):
        return 421


@pytest.fixture(name="served", scope="module")
def _served(tmp_path_factory):
    with Instance(tmp_path_factory.mktemp("descriptors") / "i", settings={
            "relay": {"retry_first": "1s", "retry_max": "2s"}}) as one:
        yield add_people(one)


def paused_by(instance, name):
    return [line for line in instance.log_lines("net.listener.paused") if f" prog={name} " in line]


@pytest.mark.parametrize("name, endpoint, word", [
    ("smtpd", "smtp", b"NOOP"), ("imapd", "imap", b"a NOOP"), ("pop3d", "pop3", b"CAPA")])
def test_who_listens_lets_new_ones_wait(served, name, endpoint, word):
    pids, before = served.daemons(name), limits(served, name)
    paused = len(paused_by(served, name))
    wire = served.wire(endpoint)
    wire.line()
    starve(served, name, 3)
    crowd = [served.wire(endpoint) for _ in range(CROWD)]
    try:
        wait_until(lambda: len(paused_by(served, name)) > paused, SECONDS, f"{name} pauses")
        is_calm(served, name)
        wire.send(word + b"\r\n")
        assert wire.line()
    finally:
        feed(served, name, before)
    for one in crowd:
        one.line()
        one.close()
    wire.close()
    assert served.daemons(name) == pids


def append(client, token, patience_s=ANSWERED_S):
    """OK, NO, or None where no answer came: who asks waits longer than we do, and the client is of
    no more use."""
    client.sock.settimeout(patience_s)
    try:
        return client.append("INBOX", None, None, text_of(token))[0]
    except (imaplib.IMAP4.abort, OSError):
        return None


@pytest.mark.parametrize("name", ["stored", "policyd", "digest", "imapd", "smtpd"])
@pytest.mark.parametrize("spare", [0, 1])
def test_mail_waits_and_none_is_lost(served, name, spare):
    pids, before = served.daemons(name), limits(served, name)
    idle = served.imap("wang", select="INBOX")
    clients = [served.imap("wang") for _ in range(TRIES)]
    promised, others = [], []
    starve(served, name, spare)
    try:
        for client in clients:
            token = new_token()
            code = deliver(served, "wang", token)
            assert code == 250 or 400 <= code < 500, code
            (promised if code == 250 else others).append(token)
            token = new_token()
            (promised if append(client, token) == "OK" else others).append(token)
        is_calm(served, name)
        assert idle.noop()[0] == "OK"
    finally:
        feed(served, name, before)
        for client in clients:
            client.shutdown()
    token = new_token()
    wait_until(lambda: deliver(served, "wang", token) == 250, SECONDS, "mail is taken again", 0.1)
    wait_until(lambda: append(idle, new_token(), SECONDS) == "OK", SECONDS,
               "APPEND is done again", 0.1)
    idle.logout()
    found = collections.Counter(TOKEN.search(mail)[0].decode() for mail in served.inbox("wang"))
    assert [t for t in promised if found[t] != 1] == []
    assert found[token] >= 1 and [t for t in others if found[t] > 1] == []
    assert served.daemons(name) == pids


def test_what_leaves_and_what_is_fetched_wait(served):
    token, fetched = new_token(), new_token()
    pids = [served.daemons(name) for name in ("relayd", "fetchd")]
    with SmtpServer() as sink, Pop3Server(user="outside", password="secret") as outside:
        served.mailadm("route", "add", "out", "--default", "--smarthost", f"127.0.0.1:{sink.port}")
        served.mailadm("fetch", "add", "outside", "--server", f"127.0.0.1:{outside.port}",
                       "--protocol", "pop3", "--user", "outside", "--secret-stdin", "--for",
                       "li@acme.test", "--keep", "0", "--every", "1h", stdin="secret\n")
        before = {name: limits(served, name) for name in ("relayd", "fetchd")}
        outside.add(text_of(fetched), fetched)
        for name in before:
            starve(served, name, 0)
        try:
            with served.smtp("submission", login="zhang") as client:
                client.sendmail("zhang@acme.test", ["ann@far.test"], text_of(token))
            served.mailadm("fetch", "run", "outside", check=False)
            for name in before:
                is_calm(served, name)
            assert sink.messages == [] and len(outside.messages) == 1
        finally:
            for name, was in before.items():
                feed(served, name, was)
        wait_until(lambda: sink.messages, SECONDS, "mail leaves again", 0.1)
        served.mailadm("fetch", "run", "outside")
        assert served.wait_for_mail("li", fetched.encode())
        assert [len(sink.messages), len(outside.messages)] == [1, 0]
    assert [served.daemons(name) for name in ("relayd", "fetchd")] == pids
