"""What ./quickstart does once the programs are built: an instance with three people, some mail
from each way in, all of it read back, and what to type into a mail client.

    quickstart.py BIN DIR
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
import ssl
import subprocess
import sys
import time

from pop3_server import Pop3Server

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
READY_PATIENCE_S = 60
READ_PATIENCE_S = 30


class QuickstartError(Exception):
    """What went wrong, in a sentence."""


class Instance:
    """One instance: its commands, and its supervisor running as our child."""

    def __init__(self, programs, directory):
        self.mailadm = os.path.join(programs, "mailadm")
        self.directory = directory
        self.supervisor = None
        self.endpoints = {}

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def exists(self):
        return os.path.exists(self.path("tradepost.conf"))

    def command(self, *arguments, secret=None):
        """Run mailadm; its output."""
        done = subprocess.run([self.mailadm, "-C", self.directory, *arguments],
                              input=secret + "\n" if secret else "", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise QuickstartError(f"mailadm {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def serve(self):
        """Start the supervisor, its log beside the instance, and wait until all is ready."""
        with open(self.path("serve.log"), "ab") as log:
            # Its own process group: Ctrl-C comes to us, and stop() passes it on in good order.
            self.supervisor = subprocess.Popen([self.mailadm, "-C", self.directory, "serve"],
                                               stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                               start_new_session=True)
        deadline = time.monotonic() + READY_PATIENCE_S
        while True:
            if self.supervisor.poll() is not None:
                raise QuickstartError(f"the server ended at once: see {self.path('serve.log')}")
            try:
                lines = self.command("endpoints").splitlines()
                break
            except QuickstartError as error:
                if time.monotonic() > deadline:
                    raise QuickstartError(f"not ready after {READY_PATIENCE_S} s: {error}; see "
                                          f"{self.path('serve.log')}") from error
                time.sleep(0.1)
        for line in lines:
            name, address = line.split()
            host, port = address.rsplit(":", 1)
            self.endpoints.setdefault(name, (host.strip("[]"), int(port)))

    def stop(self):
        """End the supervisor as systemd would, and wait for it."""
        if self.supervisor and self.supervisor.poll() is None:
            self.supervisor.terminate()
            self.supervisor.wait()

    def tls(self):
        return ssl.create_default_context(cafile=self.path("tls", "ca.pem"))

    def connect_address(self, name):
        """Where we connect to: a wildcard address is reached on the loopback interface."""
        host, port = self.endpoints[name]
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def login(person):
    return f"{person['user']}@{DOMAIN}"


def add_people(instance, passwords):
    for person in PEOPLE:
        names = [word for name in person["names"] for word in ("--name", name)]
        instance.command("user", "add", login(person), *names, "--nick", person["nick"],
                         "--outside", f"\"{person['names'][0]}\" <{SHARED}>", "--password-stdin",
                         secret=passwords[login(person)])
        print(f"  {login(person):16} {', '.join(person['names'])}, {person['nick']}")


def make_instance(instance):
    """The directory, its people and their passwords, which a later run reads again."""
    print(f"making an instance in {instance.directory}")
    print("  " + instance.command("init", "--domain", DOMAIN, "--ports", "auto").strip())
    passwords = {login(person): secrets.token_urlsafe(9) for person in PEOPLE}
    with open(instance.path("quickstart.json"), "x", encoding="utf-8",
              opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
        json.dump(passwords, f, indent=1)
    instance.serve()
    print("people:")
    add_people(instance, passwords)
    return passwords


def send_mail(instance, passwords):
    """Each writes to the next, over submission with STARTTLS."""
    print("sending over SMTP:")
    host, port = instance.connect_address("submission")
    for sender, recipient in zip(PEOPLE, PEOPLE[1:] + PEOPLE[:1]):
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["From"] = f"{sender['names'][0]} <{login(sender)}>"
        message["To"] = f"{recipient['names'][1]} <{login(recipient)}>"
        message["Subject"] = f"Lunch with {sender['names'][0]}?"
        message.set_content("At noon, in the canteen.\n\n" + sender["names"][1] + "\n")
        with smtplib.SMTP(host, port, timeout=60) as client:
            client.starttls(context=instance.tls())
            client.login(login(sender), passwords[login(sender)])
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
        instance.command("fetch", "add", "sales", "--server", f"127.0.0.1:{server.port}",
                         "--protocol", "pop3", "--user", "sales", "--secret-stdin", "--shared",
                         SHARED, "--dispatcher", login(PEOPLE[0]), secret=secret)
        print("  " + instance.command("fetch", "run", "sales").strip())
        # The outside server is gone from here on: do not let the log fill with that.
        instance.command("fetch", "set", "sales", "--disable")


def header_text(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return message["Subject"], str(message["From"]), str(message["To"])


def read_imap(instance, user, password):
    """[(subject, from, to)] of the inbox."""
    host, port = instance.connect_address("imaps")
    with imaplib.IMAP4_SSL(host, port, ssl_context=instance.tls(), timeout=60) as client:
        client.login(user, password)
        if client.select("INBOX", readonly=True)[1] == [b"0"]:
            return []
        rows = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT FROM TO)])")[1]
    return [header_text(row[1]) for row in rows if isinstance(row, tuple)]


def read_pop3(instance, user, password):
    """How many messages and bytes POP3 shows."""
    host, port = instance.connect_address("pop3s")
    client = poplib.POP3_SSL(host, port, context=instance.tls(), timeout=60)
    try:
        client.user(user)
        client.pass_(password)
        return client.stat()
    finally:
        client.quit()


def read_back(instance, passwords, expected):
    """Show every inbox.  expected: how many messages are in it at least."""
    print("reading back:")
    for person in PEOPLE:
        user = login(person)
        rows = read_imap(instance, user, passwords[user])
        count, size = read_pop3(instance, user, passwords[user])
        print(f"  {user}: IMAP shows {len(rows)}, POP3 {count} of {size} bytes")
        for subject, sender, recipient in rows:
            print(f"    {subject}\n      from {sender}, to {recipient}")
        if len(rows) < expected or count != len(rows):
            raise QuickstartError(f"{user} should have {expected} messages over both")


def print_client_settings(instance, passwords):
    """What to type, as the three clients call it."""
    shown = {name: "%s port %d" % instance.connect_address(name) for name in instance.endpoints}
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
              f"password {passwords[user]}")
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
    raise KeyboardInterrupt


def run(instance):
    if instance.exists():
        print(f"serving the instance in {instance.directory}")
        try:
            with open(instance.path("quickstart.json"), encoding="utf-8") as f:
                passwords = json.load(f)
        except FileNotFoundError:
            raise QuickstartError(f"{instance.directory} was not made by quickstart: serve it "
                                  "with mailadm") from None
        instance.serve()
        read_back(instance, passwords, 0)
    else:
        passwords = make_instance(instance)
        send_mail(instance, passwords)
        fetch_mail(instance)
        read_back(instance, passwords, 2)
    print_client_settings(instance, passwords)
    wait_for_interrupt(instance)


def main():
    programs, directory = (os.path.abspath(argument) for argument in sys.argv[1:3])
    instance = Instance(programs, directory)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        run(instance)
    except KeyboardInterrupt:
        print("\nstopping ...")
        return 0
    except (QuickstartError, OSError, smtplib.SMTPException, imaplib.IMAP4.error,
            poplib.error_proto) as error:
        print(f"quickstart: {error}", file=sys.stderr)
        return 1
    finally:
        instance.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
