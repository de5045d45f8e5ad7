"""kill -9 on every daemon, again and again, under load; nothing promised is lost or doubled."""

import os
import random
import time

import pytest

from harness.pop3_server import Pop3Server
from harness.smtp_server import SmtpServer
from harness.wait import NotInTime, wait_until

from judge import (FetchClient, ImapClient, Pop3Client, Promises, Purger, Sent, SmtpClient,
                   SubmitClient)

DAEMONS = ("stored", "policyd", "digest", "smtpd", "imapd", "pop3d", "fetchd", "relayd")
SECONDS = float(os.environ.get("TRADEPOST_KILL_SECONDS", "60"))
PAUSE_S = (0.4, 1.8)
AFTERWARDS_S = 120
FAR = "ann@far.test"


def kill_for(instance, seconds, chance):
    """When each was killed."""
    killed = {name: [] for name in DAEMONS}
    end = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < end:
        name = DAEMONS[turn % len(DAEMONS)]
        turn += 1
        pids = instance.daemons(name)
        if pids:
            killed[name].append(time.monotonic())
            os.kill(chance.choice(pids), 9)
        time.sleep(chance.uniform(*PAUSE_S))    # the time between two deaths; nothing waits for it
    return killed


def everything_works_again(clients):
    """Each kind of client gets something done after the last death."""
    before = [client.done for client in clients]

    def idle():
        return [client.describe() for client, was in zip(clients, before)
                if client.done == was and client.failure is None]

    try:
        wait_until(lambda: not idle(), AFTERWARDS_S)
    except NotInTime:
        pytest.fail(f"not served within {AFTERWARDS_S} s after the last kill: {idle()}")


def check_flags(instance, promises, person):
    client = instance.imap(person, select="INBOX")
    state, rows = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    client.logout()
    assert state == "OK"
    for row in (row for row in rows if isinstance(row, tuple)):
        token = row[1].split(b"token-")[-1].strip().decode()
        if (person, f"token-{token}") in promises.flagged:
            assert b"\\Flagged" in row[0], f"flag of token-{token} at {person} is lost"


@pytest.mark.slow
def test_nothing_promised_is_lost_or_doubled(make_instance, capsys):
    seed = int(os.environ.get("TRADEPOST_KILL_SEED", str(random.randrange(1 << 32))))
    instance = make_instance(settings={
        "relay": {"retry_first": "1s", "retry_max": "2s"},
        # All the time something is sealed, made smaller, deleted.
        "store": {"segment": "1m", "upkeep": "1s", "journal_days": "0", "compact_at": "1",
                  "compact_grace": "0s"}})
    promises = Promises()
    with Pop3Server(user="outside", password="secret") as outside, SmtpServer() as sink:
        instance.mailadm("route", "add", "out", "--default", "--smarthost",
                         f"127.0.0.1:{sink.port}")
        instance.mailadm("fetch", "add", "outside", "--server", f"127.0.0.1:{outside.port}",
                         "--protocol", "pop3", "--user", "outside", "--secret-stdin", "--for",
                         "li@acme.test", "--keep", "0", "--every", "1h", stdin="secret\n")
        fetch = FetchClient(instance, promises, "li", outside, "outside")
        clients = [SmtpClient(instance, promises, ["zhang", "wang"]),
                   SmtpClient(instance, promises, ["wang"]),
                   ImapClient(instance, promises, "zhang"),
                   ImapClient(instance, promises, "li"),
                   Pop3Client(instance, promises, "wang"), fetch,
                   SubmitClient(instance, promises, "li", FAR),
                   Purger(instance, promises, ["zhang", "li", "wang"])]
        for client in clients:
            client.start()
        killed = kill_for(instance, SECONDS, random.Random(seed))
        everything_works_again(clients)
        for client in clients:
            client.is_stopping.set()
        for client in clients:
            client.join(AFTERWARDS_S)
            assert client.failure is None and not client.is_alive(), repr(client.failure)
        wait_until(lambda: fetch.collect() or not outside.messages, AFTERWARDS_S,
                   "the outside mailbox is empty", 0.5)
        wait_until(lambda: not instance.mailadm("queue", "list", "--json"), AFTERWARDS_S,
                   "the queue is empty", 0.5)
    sent = Sent(promises, FAR, sink)
    log = instance.log_text()
    mistakes = [mistake for person in ("zhang", "li", "wang")
                for mistake in promises.mistakes(person, instance.inbox(person), log)]
    mistakes += sent.mistakes(killed["relayd"])
    with capsys.disabled():
        counts = {name: len(times) for name, times in killed.items()}
        print(f"\nkill -9, seed {seed}: killed {counts}; {dict(promises.events)}; "
              f"{len(sent.times)} sent outside, {sent.doubled()} of them twice; "
              f"{len(mistakes)} mistakes")
    assert mistakes == []
    for person in ("zhang", "li"):
        check_flags(instance, promises, person)
    assert instance.mailadm("verify") == "the store is whole\n"
    assert all(killed.values())
