"""An instance of the server under test: made, served, asked and stopped through mailadm."""

import glob
import imaplib
import json
import os
import poplib
import re
import shutil
import signal
import smtplib
import ssl
import subprocess

from .wait import wait_until
from .wire import Wire

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))
READY_DEADLINE = 60.0
STOP_DEADLINE = 60.0
COMMAND_DEADLINE = 120.0
CLIENT_TIMEOUT = 60.0

# Freed memory is kept for a while, to see who still uses it; by default 256 MiB of it in each process.
SANITIZER_OPTIONS = "quarantine_size_mb=16"
# For tests that look at sizes: freed memory goes back at once, or its growth would say nothing.
SANITIZER_OPTIONS_LEAN = ("quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
                          "allocator_release_to_os_interval_ms=100")

# What a sanitizer says; and an ASSERT of ours.
REPORT = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|"
                    r"UndefinedBehaviorSanitizer|event=base\.assert")


def programs_directory():
    return os.path.abspath(os.environ.get("TRADEPOST_BIN", os.path.join(CHECKOUT, "build", "bin")))


class CommandFailed(Exception):
    """mailadm said no: code and what it printed."""

    def __init__(self, arguments, code, output):
        super().__init__(f"mailadm {' '.join(arguments)}: exit {code}: {output.strip()}")
        self.code = code
        self.output = output


class Instance:
    """directory: made by init.  settings: {"section": {"key": "value"}} added to tradepost.conf."""

    def __init__(self, directory, domain="acme.test", settings=None, programs=None,
                 sanitizer_options=SANITIZER_OPTIONS):
        self.directory = str(directory)
        self.domain = domain
        # Hundreds of instances, each with its ballast: a small one will do.
        self.settings = {**(settings or {})}
        self.settings["store"] = {"ballast": "1m", **self.settings.get("store", {})}
        self.programs = programs or programs_directory()
        self.sanitizer_options = sanitizer_options
        self.endpoints = {}
        self.passwords = {}
        self.supervisor = None
        self.admin = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        # A failed test shall show its own failure, not that of the instance it left behind.
        if kind is None:
            self.stop()
        else:
            self.abandon()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    # Life

    def mailadm(self, *arguments, stdin="", check=True):
        """Run mailadm -C DIR ...; what it printed."""
        done = subprocess.run([os.path.join(self.programs, "mailadm"), "-C", self.directory,
                               *arguments],
                              input=stdin.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=COMMAND_DEADLINE, check=False)
        output = done.stdout.decode("utf-8", "replace")
        if check and done.returncode != 0:
            raise CommandFailed(arguments, done.returncode,
                                output + done.stderr.decode("utf-8", "replace"))
        return output

    def init(self):
        assert os.path.exists(os.path.join(self.programs, "mailadm")), \
            f"no programs in {self.programs}: build them, or say where by TRADEPOST_BIN"
        said = self.mailadm("init", "--domain", self.domain, "--ports", "auto")
        found = re.search(r"^admin (\S+) (\S+)$", said, re.MULTILINE)
        self.admin = found.groups() if found else None
        self._write_settings()
        return self

    def _write_settings(self):
        """A section that stands there already gets its keys behind its first line."""
        with open(self.path("tradepost.conf"), encoding="utf-8") as f:
            text = f.read()
        for section, pairs in self.settings.items():
            lines = "".join(f"{key} = {value}\n" for key, value in pairs.items())
            head = f"[{section}]\n"
            text = text.replace(head, head + lines) if head in text else f"{text}\n{head}{lines}"
        with open(self.path("tradepost.conf"), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self):
        """Serve, and wait until every daemon is ready."""
        if not os.path.exists(self.path("tradepost.conf")):
            self.init()
        options = [self.sanitizer_options, os.environ.get("ASAN_OPTIONS", "")]
        with open(self.path("serve.log"), "ab") as log:
            # pylint: disable-next=consider-using-with
            self.supervisor = subprocess.Popen(
                [os.path.join(self.programs, "mailadm"), "-C", self.directory, "serve"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "ASAN_OPTIONS": ":".join(filter(None, options))})
        wait_until(self._is_ready, READY_DEADLINE, f"ready; see {self.path('serve.log')}", 0.05)
        return self

    def _is_ready(self):
        if self.supervisor.poll() is not None:
            raise AssertionError("serve ended at once:\n" + self.log_text()[-4000:])
        try:
            lines = self.mailadm("endpoints").splitlines()
        except CommandFailed:
            return False
        for line in lines:
            name, address = line.split()
            host, port = address.rsplit(":", 1)
            self.endpoints[name] = (host.strip("[]"), int(port))
        return True

    def stop(self):
        """Stop as systemd would; the end has to be clean and no sanitizer may have complained."""
        if self.supervisor is None:
            return
        self.supervisor.send_signal(signal.SIGTERM)
        try:
            code = self.supervisor.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.abandon()
            raise AssertionError("serve did not stop:\n" + self.log_text()[-4000:]) from None
        self.supervisor = None
        assert code == 0, f"serve ended with code {code}:\n{self.log_text()[-4000:]}"
        self.check_log()

    def abandon(self):
        """End everything at once, without asking how it went."""
        if self.supervisor is None:
            return
        for pid in self.daemons():
            _kill(pid)
        self.supervisor.kill()
        self.supervisor.wait()
        self.supervisor = None

    # What it consists of

    def daemons(self, name=None):
        """Process ids of our daemons, or of those with that program name."""
        found = []
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as f:
                    stat = f.read()
            except OSError:
                continue
            program = stat[stat.index("(") + 1:stat.rindex(")")]
            parent = int(stat[stat.rindex(")") + 2:].split()[1])
            if parent == self.supervisor.pid and name in (None, program):
                found.append(int(path.split("/")[2]))
        return sorted(found)

    def kill(self, name, number=signal.SIGKILL):
        """Send a signal to every daemon of that name; their ids."""
        pids = self.daemons(name)
        for pid in pids:
            _kill(pid, number)
        return pids

    def is_read_by_nobody(self):
        """No process is in the middle of reading the store: none keeps old pages from being used again."""
        return json.loads(self.mailadm("--json", "stats", "store"))["readers_at_work"] == 0

    def log_text(self):
        with open(self.path("serve.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_lines(self, event=None, **facts):
        """Lines of the log with that event and those facts (key="value" as text)."""
        head = re.compile(r"time=\S+ level=\S+ prog=\S+ event=" + re.escape(event or "") +
                          (" " if event else ""))
        return [line for line in self.log_text().splitlines()
                if head.match(line) and all(f" {k}={v}" in line for k, v in facts.items())]

    def check_log(self):
        """No sanitizer complained, and no peer wrote controls into the log."""
        text = self.log_text()
        report = REPORT.search(text)
        assert report is None, text[max(report.start() - 200, 0):][:6000]
        control = re.search(r"[^\n]*[\x00-\x08\x0b-\x1f\x7f][^\n]*", text)
        assert control is None, repr(control[0])

    # People

    def login(self, name):
        """zhang -> zhang@acme.test"""
        return name if "@" in name else f"{name}@{self.domain}"

    def user_add(self, name, password, names=(), nicks=(), outside=None):
        words = [word for n in names for word in ("--name", n)]
        words += [word for n in nicks for word in ("--nick", n)]
        words += ["--outside", outside] if outside else []
        self.mailadm("user", "add", self.login(name), *words, "--password-stdin",
                     stdin=password + "\n")
        self.passwords[self.login(name)] = password

    # Clients and servers

    def known_ca(self, pem):
        """A copy of a CA's certificate where caged daemons may read it."""
        known = self.path("tls", "ca", os.path.basename(pem))
        shutil.copyfile(pem, known)
        os.chmod(known, 0o644)
        return known

    def tls(self):
        return ssl.create_default_context(cafile=self.path("tls", "ca.pem"))

    def wire(self, name, source=None):
        """A raw connection to an endpoint; TLS where the endpoint's name says so."""
        context = self.tls() if name in ("submissions", "imaps", "pop3s") else None
        return Wire(self.endpoints[name], context, source=source)

    def smtp(self, name="smtp", login=None):
        """An smtplib client, logged in when login is given (STARTTLS where TLS is not on yet)."""
        host, port = self.endpoints[name]
        if name == "submissions":
            client = smtplib.SMTP_SSL(host, port, timeout=CLIENT_TIMEOUT,
                                      context=self.tls())
        else:
            client = smtplib.SMTP(host, port, timeout=CLIENT_TIMEOUT)
        if login is not None:
            if name != "submissions":
                client.starttls(context=self.tls())
            client.login(self.login(login), self.passwords[self.login(login)])
        return client

    def imap(self, login, select=None):
        client = imaplib.IMAP4_SSL(*self.endpoints["imaps"],
                                   ssl_context=self.tls(), timeout=CLIENT_TIMEOUT)
        client.login(self.login(login), self.passwords[self.login(login)])
        if select is not None:
            state, said = client.select(select)
            assert state == "OK", said
        return client

    def pop3(self, login):
        client = poplib.POP3_SSL(*self.endpoints["pop3s"],
                                 context=self.tls(), timeout=CLIENT_TIMEOUT)
        client.user(self.login(login))
        client.pass_(self.passwords[self.login(login)])
        return client

    def inbox(self, login, mailbox="INBOX", head=None):
        """Texts of all messages of a mailbox over IMAP, by UID; head: their first bytes only."""
        item = "(BODY.PEEK[])" if head is None else f"(BODY.PEEK[]<0.{head}>)"
        client = self.imap(login)
        try:
            state, count = client.select(mailbox, readonly=True)
            assert state == "OK", count
            if count == [b"0"]:
                return []
            state, rows = client.uid("FETCH", "1:*", item)
            assert state == "OK", rows
            return [row[1] for row in rows if isinstance(row, tuple)]
        finally:
            client.logout()

    def find_mail(self, login, token):
        """Messages of the inbox that hold the bytes token within their first 4 KiB."""
        return [text for text in self.inbox(login, head=4096) if token in text]

    def wait_for_mail(self, login, token, deadline=20.0):
        """The first of find_mail(), as soon as there is one."""
        return wait_until(lambda: self.find_mail(login, token), deadline,
                          f"mail with {token!r} at {login}", 0.1)[0]


def _kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
