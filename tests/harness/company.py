"""policyd with its digest helpers and stored, over their real sockets, without any other program."""

import array
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import time

from .instance import programs_directory

DEADLINE = 60.0
(OPEN, CLOSE, SASL, MAIL, RCPT, SUBMIT, F_LIST, F_SECRET, F_KNOWN, F_SUBMIT, F_KEEP,
 F_REPORT, ROUTE, CREDENTIAL, RETURN) = range(1, 16)
F_CHANGED, F_RUN = 100, 101
ADMIN_REQUEST, ADMIN_ROW, ADMIN_END = 200, 201, 202
STORE_AUDIT_LIST, STORE_ROW, STORE_END = 200, 300, 301
SMTP, SUBMISSION, IMAP, POP3 = range(4)
OK, PENDING, SYNTAX, LIMIT, ABSENT, EXISTS, DENIED, BUSY, STALE, CORRUPT, IO = range(11)


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("<I", len(value)) + value


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self, form):
        value, = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def text(self):
        n = self.number("I")
        self.at += n
        return self.data[self.at - n:self.at]


class Peer:
    """A process of ours, as policyd sees one."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(path)
        self.last = 0
        self.notices = []

    def send(self, kind, request, payload, fd=None):
        version = 1 if fd is None else 0x8001
        frame = struct.pack("<IHHI", len(payload), kind, version, request) + payload
        if fd is None:
            self.socket.sendall(frame)
            return
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        sent = self.socket.sendmsg([frame], rights)
        self.socket.sendall(frame[sent:])

    def receive(self):
        head = self.exactly(12)
        size, kind, _, request = struct.unpack("<IHHI", head)
        return kind, request, self.exactly(size)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("policyd closed the connection")
            data += piece
        return data

    def ask(self, kind, payload, fd=None):
        self.last += 1
        self.send(kind, self.last, payload, fd)
        return self.last

    def answer(self, request=None):
        """(status, why, reader) of the next answer."""
        while True:
            kind, number, payload = self.receive()
            if number == 0:
                self.notices.append((kind, payload))
                continue
            assert request is None or number == request
            r = Reader(payload)
            return r.number("B"), r.text().decode(), r

    def call(self, kind, payload, fd=None):
        return self.answer(self.ask(kind, payload, fd))

    def reply(self, kind, payload, fd=None):
        status, _, r = self.call(kind, payload, fd)
        assert status == OK
        code = r.number("H")
        return code, r.text().decode(), r.text().decode()

    def open_session(self, sid, service, peer="192.0.2.7"):
        self.send(OPEN, 0, text(sid) + bytes([service]) + text(peer) + b"\1")

    def sasl(self, sid, mechanism, message):
        payload = text(sid) + text(mechanism) + bytes([message is not None])
        status, why, r = self.call(SASL, payload + text(message or b""))
        if status != OK:
            return status, why
        done = r.number("B")
        return bool(done), r.text()

    def submit(self, sid, mid, sender, recipients, message):
        payload = (text(sid) + text(mid) + text(sender) +
                   struct.pack("<QIII", int(time.time()), len(message), 0, len(recipients)) +
                   b"".join(text(r) for r in recipients))
        fd = sealed(message)
        try:
            return self.reply(SUBMIT, payload, fd)
        finally:
            os.close(fd)

    def fetched(self, fetch, uidl, mid, message):
        fd = sealed(message)
        payload = (struct.pack("<I", fetch) + text(uidl) + text(mid) +
                   struct.pack("<QII", int(time.time()), len(message), 0))
        try:
            return self.call(F_SUBMIT, payload, fd)[0]
        finally:
            os.close(fd)


def sealed(content):
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view):]
    fcntl.fcntl(fd, 1033, 1 | 2 | 4 | 8)  # F_ADD_SEALS: SEAL SHRINK GROW WRITE
    return fd


class Company:
    """stored, policyd and two helpers in a directory; with is_served=False nothing runs yet."""

    SOCKETS = {"stored": ["store-plan", "store-work", "store-admin", "store-queue"],
               "policyd": ["policy", "policy-admin", "digest"]}

    def __init__(self, path, is_served=True):
        self.path = path
        self.run = os.path.join(path, "run")
        os.chmod(path, 0o711)  # as init makes it: daemons of other users pass
        for name in ("run", "policy", "store"):
            os.makedirs(os.path.join(path, name), exist_ok=True)
        self.listening = {}
        here = os.getcwd()
        os.chdir(self.run)  # paths of Unix sockets are short
        for name in sum(self.SOCKETS.values(), []):
            s = socket.socket(socket.AF_UNIX)
            s.bind(name + ".sock")
            os.chmod(name + ".sock", 0o666)
            s.listen(64)
            self.listening[name] = s
        os.chdir(here)
        self.key = sealed(os.urandom(32))
        self.processes = {}
        if is_served:
            for name, number in (("stored", 0), ("policyd", 0), ("digest", 1), ("digest", 2)):
                self.start(name, number)

    def start(self, name, number=0, options=(), more=None):
        """more: what its environment has besides ours."""
        fds = [(n, self.listening[n].fileno()) for n in self.SOCKETS.get(name, [])]
        if fds:
            fds.append(("grant-key", self.key))
        ready, tell = os.pipe()
        fds.append(("ready", tell))
        copies = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for _, fd in fds]

        def pass_on():
            for i, copy in enumerate(copies):
                os.dup2(copy, 3 + i)

        environment = dict(os.environ, **(more or {}), LISTEN_FDS=str(len(fds)),
                           LISTEN_FDNAMES=":".join(n for n, _ in fds))
        log = open(os.path.join(self.path, "log"), "ab")
        process = subprocess.Popen([os.path.join(programs_directory(), name), *options], cwd=self.run,
                                   stderr=log, env=environment, preexec_fn=pass_on,
                                   pass_fds=range(3, 3 + len(fds)))
        log.close()
        for fd in copies + [tell]:
            os.close(fd)
        assert os.read(ready, 10) == b"1\n", self.log()
        os.close(ready)
        self.processes[name, number] = process

    def stop(self, name, number=0, how=signal.SIGTERM):
        process = self.processes.pop((name, number))
        process.send_signal(how)
        code = process.wait(DEADLINE)
        assert how != signal.SIGTERM or code == 0, self.log()

    def close(self):
        for name, number in sorted(self.processes, key=lambda p: p[0] == "stored"):
            self.stop(name, number)
        assert "Sanitizer" not in self.log() and "runtime error" not in self.log(), self.log()
        for s in self.listening.values():
            s.close()
        os.close(self.key)

    def log(self):
        with open(os.path.join(self.path, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def peer(self, name="policy"):
        here = os.getcwd()
        os.chdir(self.run)
        try:
            return Peer(name + ".sock")
        finally:
            os.chdir(here)

    def admin(self, noun, verb, **keys):
        """(status, why, rows)"""
        peer = self.peer("policy-admin")
        peer.send(ADMIN_REQUEST, 1, json.dumps(dict(keys, noun=noun, verb=verb)).encode())
        rows = []
        while True:
            kind, _, payload = peer.receive()
            if kind == ADMIN_END:
                r = Reader(payload)
                peer.socket.close()
                return r.number("B"), r.text().decode(), rows
            rows.append(json.loads(payload))

    def must(self, noun, verb, **keys):
        status, why, rows = self.admin(noun, verb, **keys)
        assert status == OK, why
        return rows

    def audit(self, kind="", subject=""):
        """Rows as (kind, actor, subject, detail), newest first."""
        peer = self.peer("store-admin")
        peer.send(STORE_AUDIT_LIST, 1, struct.pack("<QQ", 0, 0) + text(kind) + text("") +
                  text(subject) + struct.pack("<I", 1000))
        rows = []
        while True:
            number, _, payload = peer.receive()
            if number == STORE_END:
                peer.socket.close()
                return rows
            r = Reader(payload)
            r.number("Q"), r.number("H"), r.number("Q")
            rows.append(tuple(r.text().decode() for _ in range(4)))
