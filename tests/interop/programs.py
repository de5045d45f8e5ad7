"""What tests that run other people's programs have in common."""

import os
import shutil
import subprocess
import uuid
from email.message import EmailMessage

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 120


def needs(*names):
    """Skips a test where one of the programs is not installed."""
    missing = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"skipped: no {', '.join(missing)}")


def run(arguments, stdin=b"", codes=(0,), **options):
    """What a program printed on either output; it has to end in time, with one of these codes."""
    try:
        done = subprocess.run(arguments, input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=DEADLINE, check=False, **options)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{arguments[0]} did not end: {late.output!r}") from late
    assert done.returncode in codes, done.stdout.decode("utf-8", "replace")
    return done.stdout


def new_token():
    return uuid.uuid4().hex


def written(subject, sender="ann@example.org", recipient="zhang@acme.test", body="body\r\n",
            attachment=None):
    """A message as bytes, CRLF line ends; attachment: (name, bytes)."""
    message = EmailMessage()
    message["From"] = f"Ann <{sender}>"
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = "Tue, 24 Nov 2026 10:36:51 +0800"
    message["Message-ID"] = f"<{new_token()}@example.org>"
    message.set_content(body)
    if attachment is not None:
        name, data = attachment
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


class Mailbox:
    """One of the instance's people for a test: login, password, the CA and the ports."""

    def __init__(self, instance, name):
        self.login = instance.login(name)
        self.password = instance.passwords[self.login]
        self.ca = instance.path("tls", "ca.pem")
        self.ports = {name: address[1] for name, address in instance.endpoints.items()}
