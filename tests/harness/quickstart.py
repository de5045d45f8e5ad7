"""What ./quickstart does once the programs are built: an instance with three people, some mail
from each way in, all of it read back, and what to type into a mail client.

    PYTHONPATH=tests python3 -m harness.quickstart BIN DIR
"""

import email.message
import email.policy
import imaplib
import json
import os
import poplib
import secrets
import signal
import smtplib
import sys

from .instance import CommandFailed, Instance
from .pop3_server import Pop3Server

DOMAIN = "acme.test"
SHARED = "sales@example.com"
PEOPLE = (
    {"user": "zhang", "names": ("Zhang San", "张三"), "nick": "小张"},
    {"user": "li", "names": ("Li Si", "李四"), "nick": "小李"},
    {"user": "wang", "names": ("Wang Wu", "王五"), "nick": "小王"},
)
# From a customer to the company's one outside mailbox: the name beside the address decides.
OUTSIDE_MAIL = (
    ("=?GB2312?B?1cXI/Q==?=", "Order 4711"),
    ("Li Si", "Re: your quotation of May 3"),
    ("=?UTF-8?B?5bCP546L?=", "Where is our container?"),
)


class QuickstartError(Exception):
    """What went wrong, in a sentence."""


def login(person):
    return f"{person['user']}@{DOMAIN}"


def keep_passwords(instance):
    """They are shown again by later runs."""
    with open(instance.path("quickstart.json"), "w", encoding="utf-8",
              opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
        json.dump(instance.passwords, f, indent=1)


def make_instance(instance):
    """The directory and its people."""
    print(f"making an instance in {instance.directory}")
    instance.init()
    print("  administrator {}, password {}".format(*instance.admin))
    instance.start()
    print("people:")
    for person in PEOPLE:
        instance.user_add(person["user"], secrets.token_urlsafe(9), person["names"],
                          [person["nick"]], f"\"{person['names'][0]}\" <{SHARED}>")
        print(f"  {login(person):16} {', '.join(person['names'])}, {person['nick']}")
    keep_passwords(instance)


def send_mail(instance):
    """Each writes to the next, over submission with STARTTLS."""
    print("sending over SMTP:")
    for sender, recipient in zip(PEOPLE, PEOPLE[1:] + PEOPLE[:1]):
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["From"] = f"{sender['names'][0]} <{login(sender)}>"
        message["To"] = f"{recipient['names'][1]} <{login(recipient)}>"
        message["Subject"] = f"Lunch with {sender['names'][0]}?"
        message.set_content("At noon, in the canteen.\n\n" + sender["names"][1] + "\n")
        with instance.smtp("submission", sender["user"]) as client:
            client.send_message(message)
        print(f"  {login(sender)} -> {login(recipient)}: {message['Subject']}")


def outside_message(name, subject):
    return (f"From: John Smith <john@customer.example>\r\nTo: {name} <{SHARED}>\r\n"
            f"Subject: {subject}\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n"
            f"Message-ID: <{secrets.token_hex(8)}@customer.example>\r\n\r\n"
            "Dear Sirs,\r\n\r\nplease see the subject.\r\n\r\nJohn Smith\r\n").encode("ascii")


def fetch_mail(instance):
    """Three messages wait in the company's outside mailbox; each finds its person by name."""
    print(f"fetching from the outside mailbox {SHARED}:")
    secret = secrets.token_urlsafe(9)
    messages = [outside_message(name, subject) for name, subject in OUTSIDE_MAIL]
    with Pop3Server(messages, user="sales", password=secret) as server:
        instance.mailadm("fetch", "add", "sales", "--server", f"127.0.0.1:{server.port}",
                         "--protocol", "pop3", "--user", "sales", "--secret-stdin", "--shared",
                         SHARED, "--dispatcher", login(PEOPLE[0]), stdin=secret + "\n")
        print("  " + instance.mailadm("fetch", "run", "sales").strip())
        # The outside server is gone from here on: do not let the log fill with that.
        instance.mailadm("fetch", "set", "sales", "--disable")


def read_imap(instance, user):
    """[(subject, from, to)] of the inbox."""
    messages = [email.message_from_bytes(text, policy=email.policy.default)
                for text in instance.inbox(user)]
    return [(m["Subject"], str(m["From"]), str(m["To"])) for m in messages]


def read_pop3(instance, user):
    """How many messages and bytes POP3 shows."""
    client = instance.pop3(user)
    try:
        return client.stat()
    finally:
        client.quit()


def read_back(instance, expected):
    """Show every inbox.  expected: how many messages are in it at least."""
    print("reading back:")
    for person in PEOPLE:
        user = login(person)
        rows = read_imap(instance, user)
        count, size = read_pop3(instance, user)
        print(f"  {user}: IMAP shows {len(rows)}, POP3 {count} of {size} bytes")
        for subject, sender, recipient in rows:
            print(f"    {subject}\n      from {sender}, to {recipient}")
        if len(rows) < expected or count != len(rows):
            raise QuickstartError(f"{user} should have {expected} messages over both")


def print_client_settings(instance):
    """What to type, as the three clients call it."""
    shown = {name: "{} port {}".format(*instance.endpoints[name]) for name in instance.endpoints}
    print(f"""
What to type into Outlook, Foxmail or Thunderbird ("manual setup", account type IMAP or POP3):

  incoming, IMAP     {shown['imaps']}, SSL/TLS     (or {shown['imap']}, STARTTLS)
  incoming, POP3     {shown['pop3s']}, SSL/TLS     (or {shown['pop3']}, STARTTLS)
  outgoing, SMTP     {shown['submissions']}, SSL/TLS     (or {shown['submission']}, STARTTLS)
                     "my outgoing server requires authentication": yes, as for incoming mail
  authentication     normal password; no "secure password authentication (SPA)"
""")
    for person in PEOPLE:
        user = login(person)
        print(f"  {person['names'][0]:10}  address and user name {user:16}  "
              f"password {instance.passwords[user]}")
    print(f"""
The server's certificate is signed by this instance's own CA.  Import it first:

  {instance.path('tls', 'ca.pem')}

  Outlook, Foxmail   copy it to Windows as tradepost.crt, open it, "Install certificate",
                     "Local machine", "Trusted Root Certification Authorities"
  Thunderbird        Settings, Privacy & Security, Manage Certificates, Authorities, Import,
                     "Trust this CA to identify websites"
""")


def wait_for_interrupt(instance):
    """Until Ctrl-C or SIGTERM, or until the supervisor ends by itself."""
    print(f"Serving {instance.directory}; its log is serve.log there.  Ctrl-C stops it.",
          flush=True)
    code = instance.supervisor.wait()
    raise QuickstartError(f"the server ended with code {code}: see {instance.path('serve.log')}")


def interrupted(*_):
    """SIGTERM ends it as Ctrl-C does."""
    raise KeyboardInterrupt


def load_passwords(instance):
    try:
        with open(instance.path("quickstart.json"), encoding="utf-8") as f:
            instance.passwords = json.load(f)
    except FileNotFoundError:
        raise QuickstartError(f"{instance.directory} was not made, or not to the end, by "
                              "quickstart: serve it with mailadm, or remove it") from None


def run(instance):
    if os.path.exists(instance.path("tradepost.conf")):
        print(f"serving the instance in {instance.directory}")
        load_passwords(instance)
        instance.start()
        read_back(instance, 0)
    else:
        make_instance(instance)
        send_mail(instance)
        fetch_mail(instance)
        read_back(instance, 2)
    print_client_settings(instance)
    wait_for_interrupt(instance)


def main():
    programs, directory = (os.path.abspath(argument) for argument in sys.argv[1:3])
    instance = Instance(directory, DOMAIN, programs=programs)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        run(instance)
    except KeyboardInterrupt:
        print("\nstopping ...")
        instance.stop()
        return 0
    except (QuickstartError, CommandFailed, AssertionError, OSError, smtplib.SMTPException,
            imaplib.IMAP4.error, poplib.error_proto) as error:
        print(f"quickstart: {error}", file=sys.stderr)
        instance.abandon()
        return 1


if __name__ == "__main__":
    sys.exit(main())
