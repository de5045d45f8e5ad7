"""How long IMAP takes over a large mailbox."""

import time

import deliver

MESSAGES = 100000
COMMANDS = (
    "SELECT INBOX",
    "FETCH 1:* (FLAGS)",
    "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)",
    "FETCH 1:* (ENVELOPE BODYSTRUCTURE)",
    "SEARCH UNSEEN",
    "STORE 1:* +FLAGS.SILENT (\\Flagged)",
    "SELECT INBOX",
)


def fill(instance, login, messages=MESSAGES):
    deliver.send(instance.programs, instance.endpoints["smtp"][1], 50, messages,
                 [instance.login(login)])


def _run(wire, command):
    """Say a command; (seconds, bytes of the answer)."""
    began = time.monotonic()
    wire.send(f"b {command}\r\n")
    received, tail = 0, b""
    while True:
        wire.fill()
        data, wire.buffer = wire.buffer, b""
        received += len(data)
        tail = (tail + data)[-4096:]
        if tail.endswith(b"\r\n") and b"\r\nb " in b"\r\n" + tail:
            answer = (b"\r\n" + tail).rsplit(b"\r\nb ", 1)[1]
            if answer.count(b"\r\n") == 1:
                assert answer.startswith(b"OK"), answer
                return time.monotonic() - began, received


def measure(instance, login):
    """A row for each command, over TLS, in one session."""
    with instance.wire("imaps") as wire:
        wire.line()
        user = instance.login(login)
        _run(wire, f'LOGIN "{user}" "{instance.passwords[user]}"')
        for command in COMMANDS:
            seconds, received = _run(wire, command)
            yield {"command": command, "ms": round(1000 * seconds),
                   "MB received": round(received / 1e6, 1)}
