"""Memory that an idle IMAP session costs, over all our processes."""

import time

import deliver
import processes

SESSIONS = 400
MESSAGES = 1000
SETTLE_S = 2.0
SETTINGS = {"imap": {"user_connections": "10000", "connections": "10000", "clear_login": "yes"}}


def _session(instance, endpoint, login):
    """Logged in, INBOX selected, idling, as a mail client sits all day."""
    wire = instance.wire(endpoint)
    wire.line()
    user = instance.login(login)
    for number, command in enumerate((f'LOGIN "{user}" "{instance.passwords[user]}"',
                                      "SELECT INBOX")):
        wire.send(f"a{number} {command}\r\n")
        while not (line := wire.line()).startswith(b"a%d " % number):
            pass
        assert line.split()[1] == b"OK", line
    wire.send("a9 IDLE\r\n")
    assert wire.line().startswith(b"+")
    return wire


def measure(instance, login, sessions=SESSIONS):
    """A row for clear text and one for TLS, INBOX holding MESSAGES.  A few sessions first, so that
    what is made once in a process does not count."""
    deliver.send(instance.programs, instance.endpoints["smtp"][1], 20, MESSAGES,
                 [instance.login(login)])
    for endpoint in ("imap", "imaps"):
        held = [_session(instance, endpoint, login) for _ in range(8)]
        time.sleep(SETTLE_S)
        before = processes.anonymous_kib(instance.daemons())
        held += [_session(instance, endpoint, login) for _ in range(sessions)]
        time.sleep(SETTLE_S)
        grown = processes.anonymous_kib(instance.daemons()) - before
        yield {"endpoint": endpoint, "sessions": sessions, "messages in INBOX": MESSAGES,
               "KiB a session": round(grown / sessions, 1)}
        for wire in held:
            wire.close()
        time.sleep(SETTLE_S)
