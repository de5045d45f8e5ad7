"""What a client waits for that comes back to a large mailbox it knows."""

import random

from imap_bench import _run as run

MESSAGES = 100000
BOX = "large"
CHANGES = (0, 100, 10000)


class Session:
    """One over TLS."""

    def __init__(self, instance, login):
        self.wire = instance.wire("imaps")
        self.wire.line()
        user = instance.login(login)
        run(self.wire, f'LOGIN "{user}" "{instance.passwords[user]}"')

    def run(self, *commands):
        """(milliseconds, bytes received) of all of them."""
        took = [run(self.wire, command) for command in commands]
        return 1000 * sum(seconds for seconds, _ in took), sum(size for _, size in took)

    def number(self, code):
        """Of a response code of SELECT."""
        self.wire.send(f'n SELECT "{BOX}"\r\n')
        found = None
        while not (line := self.wire.line()).startswith(b"n "):
            if code in line:
                found = int(line.split(code)[1].split(b"]")[0])
        return found


def fill(session):
    session.run(f'CREATE "{BOX}"')
    text = "Subject: x\r\n\r\nx\r\n"
    session.run(f'APPEND "{BOX}" {{{len(text)}+}}\r\n{text}', f'SELECT "{BOX}"')
    have = 1
    while have < MESSAGES:
        more = min(have, MESSAGES - have)
        session.run(f'UID COPY 1:{more} "{BOX}"', "NOOP")
        have += more


def change(session, count, rng):
    """Half of them flags, half expunges, each by a command of its own."""
    session.run(f'SELECT "{BOX}"')
    for uid in rng.sample(range(1, MESSAGES + 1), count):
        if uid % 2:
            session.run(f"UID STORE {uid} +FLAGS.SILENT (\\Seen)")
        else:
            session.run(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)", f"UID EXPUNGE {uid}")


def best(session, *commands):
    """The fastest of five, each from a mailbox that is not selected."""
    rounds = []
    for _ in range(5):
        session.run(f'SELECT "{BOX}"', "UNSELECT")
        rounds.append(session.run(*commands))
    return min(rounds)


def measure(instance, login):
    rng = random.Random(1)
    other, session = Session(instance, login), Session(instance, login)
    fill(other)
    session.run("ENABLE QRESYNC")
    for count in CHANGES:
        validity = session.number(b"[UIDVALIDITY ")
        since = session.number(b"[HIGHESTMODSEQ ")
        change(other, count, rng)
        full = best(session, f'SELECT "{BOX}"', "FETCH 1:* (FLAGS)")
        quick = best(session, f'SELECT "{BOX}" (QRESYNC ({validity} {since} 1:{MESSAGES}))')
        yield {"changes meanwhile": f"{count:,}",
               "SELECT, FETCH 1:* (FLAGS): ms": f"{full[0]:.1f}", "KB": full[1] // 1000,
               "SELECT (QRESYNC ...): ms": f"{quick[0]:.1f}", "KB ": f"{quick[1] / 1000:.1f}",
               "ratio": f"{full[0] / quick[0]:.1f}"}
