"""Every process in its cage: what design and docs say it may not do fails, when it tries itself.

The daemons are built with PROBE=ON into build-probe (net/probe.h): told by a signal, each makes
the attempts of a list, and logs what came of them.  Only as root the cages are whole.
"""

import errno
import glob
import json
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys

import pytest

from conftest import add_people
from harness.build import build_caged
from harness.instance import CommandFailed, Instance
from harness.wait import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give processes other users"),
]

OUTSIDE_SOCKET = "/tmp/tradepost-probe.sock"
SIGSYS = 31

# Who a process is, and which part of the file system it sees.
USERS = {
    "stored": ("tradepost-stored", "."),
    "policyd": ("tradepost-policyd", "."),
    "digest": ("tradepost-digest", "run"),
    "smtpd": ("tradepost-smtpd", "run"),
    "relayd": ("tradepost-relayd", "/"),
    "fetchd": ("tradepost-fetchd", "/"),
    "imapd-front": ("tradepost-imapfront", "run"),
    "imapd-worker": ("tradepost-imapd", "."),
    "pop3d-front": ("tradepost-pop3front", "run"),
    "pop3d-worker": ("tradepost-pop3d", "."),
}

READS_STORE = {"open_read ../store/data.mdb", "open_read ../store/segments"}
# The world: servers, and what finding and trusting them takes.  Nobody but root locks other
# programs' sockets away from these two.
DIALS = {"connect_tcp", "connect_udp", "open_read /etc/passwd",
         f"connect {OUTSIDE_SOCKET}"}

# Everything a process may do of what it tries; all else has to fail.
MAY = {
    "stored": READS_STORE | {
        "open_write ../store/data.mdb", "open_write ../store/lock.mdb",
        "open_write ../store/victim", "make ../store/made", "make_folder ../store/folder",
        "change_mode ../store/victim", "move ../store/victim", "remove ../store/moved",
        "start_thread"},
    "policyd": {
        "connect store-plan.sock", "connect policy.sock", "start_thread",
        "open_read ../policy/data.mdb", "open_write ../policy/data.mdb",
        "open_write ../policy/lock.mdb", "open_write ../policy/victim", "make ../policy/made",
        "remove ../policy/victim"},
    "digest": {"connect digest.sock"},
    "smtpd": {"connect policy.sock"},
    "relayd": DIALS | {"connect policy.sock", "connect store-queue.sock"},
    "fetchd": DIALS | {"connect policy.sock"},
    "imapd-front": {"connect policy.sock", "connect imap-worker-0.sock"},
    "imapd-worker": READS_STORE | {"connect store-work.sock"},
    "pop3d-front": {"connect policy.sock", "connect pop3-worker-0.sock"},
    "pop3d-worker": READS_STORE | {"connect store-work.sock"},
}

# Who answers, and who may ask, besides root and itself.
SOCKETS = {
    "store-plan.sock": {"tradepost-policyd"},
    "store-work.sock": {"tradepost-imapd", "tradepost-pop3d"},
    "store-queue.sock": {"tradepost-relayd"},
    "store-admin.sock": set(),
    "policy.sock": {"tradepost-smtpd", "tradepost-imapfront", "tradepost-pop3front",
                    "tradepost-fetchd", "tradepost-relayd"},
    "policy-admin.sock": set(),
    "digest.sock": {"tradepost-digest"},
    "imap-worker-0.sock": {"tradepost-imapfront"},
    "pop3-worker-0.sock": {"tradepost-pop3front"},
    "serve.sock": set(),
}
OWN_USER = {
    "store-plan.sock": "tradepost-stored", "store-work.sock": "tradepost-stored",
    "store-queue.sock": "tradepost-stored", "store-admin.sock": "tradepost-stored",
    "policy.sock": "tradepost-policyd", "policy-admin.sock": "tradepost-policyd",
    "digest.sock": "tradepost-policyd", "imap-worker-0.sock": "tradepost-imapd",
    "pop3-worker-0.sock": "tradepost-pop3d", "serve.sock": "root",
}

# Files of the instance that a process holds open, and with w those it could write to.  Readers of
# the store have to write to its lock file: their slots are there.
READER_HOLDS = {"store/data.mdb", "store/lock.mdb w", "store/segments", "store/segments/N"}
HOLDS = {
    "stored": {"store", "store/data.mdb", "store/data.mdb w", "store/lock.mdb w",
               "store/lock.writer w", "store/segments", "store/segments/N", "store/segments/N w"},
    "policyd": {"policy/archive-heads.log w", "policy/data.mdb", "policy/data.mdb w",
                "policy/lock.mdb w", "policy/lock.writer w"},
    "imapd-worker": READER_HOLDS,
    "pop3d-worker": READER_HOLDS,
}
LISTENS_TO_TCP = {"smtpd", "imapd-front", "pop3d-front"}


class Caged:
    """An instance of probing daemons, and what each answered."""

    def __init__(self, instance):
        self.instance = instance
        self.alone = []
        self.answers = {}

    def processes(self):
        """{name as in USERS: [pid, ...]}"""
        found = {}
        for pid in self.instance.daemons():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().decode().rstrip("\0").split("\0")
            name = os.path.basename(words[0])
            if "--role" in words:
                name += "-" + words[words.index("--role") + 1]
            found.setdefault(name, []).append(pid)
        return found

    def probe(self, name, pid):
        """{attempt: what came of it}"""
        seen = len(self.instance.log_lines("net.probe.done"))
        before = len(self.instance.log_lines("net.probe.tried"))
        os.kill(pid, signal.SIGRTMIN)
        done = wait_until(lambda: self.instance.log_lines("net.probe.done")[seen:], 30,
                          f"{name} made its attempts")
        self.alone = re.search(r"alone=\"?([\w,]+)", done[0])[1].split(",")
        answers = {}
        for line in self.instance.log_lines("net.probe.tried")[before:]:
            act, what, got = re.search(r"act=(\S+) what=(\S*) got=(\S+)", line).groups()
            answers[f"{act} {what}".replace('"', "").strip()] = got
        return answers

    def is_ready(self):
        try:
            return bool(self.instance.mailadm("endpoints"))
        except CommandFailed:
            return False


def make_victim(path, owner):
    with open(path, "w", encoding="ascii") as f:
        f.write("victim\n")
    os.chmod(path, 0o666)
    shutil.chown(path, owner)


@pytest.fixture(name="caged", scope="module")
def caged_instance(tmp_path_factory):
    programs = build_caged()
    folder = tmp_path_factory.mktemp("caged")
    one = Instance(folder / "i", programs=programs)
    one.init()
    with socket.create_server(("127.0.0.1", 0)) as tcp, \
            socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX) as outside:
        abstract.bind("\0tradepost-probe")
        abstract.listen()
        if os.path.exists(OUTSIDE_SOCKET):
            os.unlink(OUTSIDE_SOCKET)
        outside.bind(OUTSIDE_SOCKET)
        os.chmod(OUTSIDE_SOCKET, 0o666)
        outside.listen()
        os.environ["TRADEPOST_PROBE_PORT"] = str(tcp.getsockname()[1])
        try:
            with one:
                add_people(one)
                deliver(one, "before")
                for where, owner in (("store", "tradepost-stored"), ("policy", "root"),
                                     ("tls", "root"), ("run", "root")):
                    make_victim(one.path(where, "victim"), owner)
                made = Caged(one)
                for name, pids in made.processes().items():
                    made.answers[name] = made.probe(name, pids[0])
                yield made
        finally:
            del os.environ["TRADEPOST_PROBE_PORT"]
            os.unlink(OUTSIDE_SOCKET)
            shutil.rmtree(folder)


def deliver(one, token):
    """Mail comes in, and is read over both protocols."""
    with one.smtp() as client:
        client.sendmail("john@customer.example", ["zhang@acme.test"],
                        f"Subject: {token}\r\n\r\nhello\r\n")
    one.wait_for_mail("zhang", token.encode())
    client = one.pop3("zhang")
    assert client.stat()[0] > 0
    client.quit()


# Before the probes are looked at: what the kernel says about each process.

def test_every_process_is_there(caged):
    assert set(caged.processes()) == set(USERS)
    levels = caged.instance.log_lines("net.daemon.caged")
    assert len(levels) == len(caged.instance.daemons())
    assert all(re.search(r"level=uid,(root,)?caps,nnp,landlock\d+,seccomp$", line)
               for line in levels), levels


def status_of(path):
    with open(path, encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def id_of(user, option):
    return subprocess.run(["id", option, user], stdout=subprocess.PIPE,
                          check=True).stdout.decode().split()


@pytest.mark.parametrize("name", USERS)
def test_every_thread_is_caged(caged, name):
    user = USERS[name][0]
    for pid in caged.processes()[name]:
        tasks = glob.glob(f"/proc/{pid}/task/*/status")
        assert tasks
        for task in tasks:
            facts = status_of(task)
            assert facts["Uid"].split() == id_of(user, "-u") * 4
            assert facts["Gid"].split() == id_of(user, "-g") * 4
            assert set(facts["Groups"].split()) == set(id_of(user, "-G"))
            assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"
            assert [facts[f"Cap{kind}"].strip("0") for kind in
                    ("Inh", "Prm", "Eff", "Bnd", "Amb")] == [""] * 5


@pytest.mark.parametrize("name", USERS)
def test_a_process_sees_its_part_and_shows_nothing(caged, name):
    root = USERS[name][1]
    want = "/" if root == "/" else os.path.realpath(caged.instance.path(root))
    for pid in caged.processes()[name]:
        assert os.readlink(f"/proc/{pid}/root") == want
        # Not dumpable: what is in /proc belongs to root.
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            limits = {line[:26].strip(): line[26:].split()[1] for line in f}
        assert limits["Max core file size"] == "0"
        assert int(limits["Max data size"]) <= 4 << 30
        assert int(limits["Max processes"]) <= (1024 if name in ("stored", "policyd") else 0)


def listening_inodes():
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        inodes |= {row[9] for row in rows if row[3] == "0A"}
    return inodes


@pytest.mark.parametrize("name", USERS)
def test_a_process_holds_only_its_own_files(caged, name):
    one = caged.instance
    listening = listening_inodes()
    for pid in caged.processes()[name]:
        for path in glob.glob(f"/proc/{pid}/fd/*"):
            target = os.readlink(path)
            if target.startswith("socket:["):
                assert target[8:-1] not in listening or name in LISTENS_TO_TCP
            if not target.startswith("/") or target in ("/dev/null", one.path("serve.log")) or \
                    target.startswith("/memfd:"):
                continue
            with open(path.replace("/fd/", "/fdinfo/"), encoding="ascii") as f:
                flags = int(re.search(r"flags:\t(\d+)", f.read())[1], 8)
            file = os.path.relpath(target, os.path.realpath(one.directory))
            file = re.sub(r"^store/segments/.*", "store/segments/N", file)
            file += "" if flags & os.O_ACCMODE == os.O_RDONLY else " w"
            assert file in HOLDS.get(name, ())


# What each process could do when it tried.

@pytest.mark.parametrize("name", USERS)
def test_a_process_can_do_what_it_may_and_nothing_else(caged, name):
    answers = caged.answers[name]
    assert len(answers) > 80
    done = {attempt for attempt, got in answers.items() if got == "done"}
    assert done == MAY[name], {a: answers[a] for a in done ^ MAY[name] if a in answers}
    # Refused by the cage, not because there was nothing.
    assert "unknown" not in answers.values()


# Who comes to whom.

CALLER = r"""
import json, os, pwd, socket, sys
user, names = sys.argv[1], sys.argv[2:]
entry = pwd.getpwnam(user)
os.initgroups(user, entry.pw_gid)
os.setgid(entry.pw_gid)
os.setuid(entry.pw_uid)
said = {}
for name in names:
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(0.3)
    try:
        s.connect(name)
        said[name] = "closed" if s.recv(1) == b"" else "answered"
    except ConnectionError:
        said[name] = "closed"
    except PermissionError:
        said[name] = "denied"
    except TimeoutError:
        said[name] = "open"
    s.close()
print(json.dumps(said))
"""


def call_all(one, user):
    done = subprocess.run([sys.executable, "-c", CALLER, user, *SOCKETS], cwd=one.path("run"),
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def everybody():
    return ["nobody", *(user for user, _ in USERS.values())]


@pytest.mark.parametrize("user", everybody())
def test_a_socket_is_for_its_own_peers(caged, user):
    """First by the file's mode, and behind that by SO_PEERCRED, were the mode lost."""
    one = caged.instance
    before = caged.processes()
    want = {name: "open" if user in may or user == OWN_USER[name] else "closed"
            for name, may in SOCKETS.items()}
    modes = {name: stat.S_IMODE(os.stat(one.path("run", name)).st_mode) for name in SOCKETS}
    said = call_all(one, user)
    for name, may in SOCKETS.items():
        if user in may:
            assert said[name] == "open", name
        elif name != "policy.sock":
            # Own sockets of the same user aside.
            assert said[name] == "denied" or user == OWN_USER[name], (name, said[name])
    try:
        for name in SOCKETS:
            os.chmod(one.path("run", name), 0o666)
        assert call_all(one, user) == want
    finally:
        for name, mode in modes.items():
            os.chmod(one.path("run", name), mode)
    assert caged.processes() == before


def test_refusals_are_logged_and_do_not_fill_the_log(caged):
    one = caged.instance
    lines = len(one.log_lines("ipc.peer.refused"))
    for _ in range(20):
        assert call_all(one, "nobody")["policy.sock"] == "closed"
    uid = id_of("nobody", "-u")[0]
    assert one.log_lines("ipc.peer.refused", uid=uid)
    assert len(one.log_lines("ipc.peer.refused")) - lines < 20


def frame(kind, payload=b"", version=1, request=1, length=None):
    return struct.pack("<IHHI", len(payload) if length is None else length, kind, version,
                       request) + payload


GARBAGE = {
    "noise": bytes(range(256)) * 16,
    "http": b"GET / HTTP/1.0\r\n\r\n",
    "a length of 4 GiB": frame(1, length=0xffffffff),
    "a length past the limit": frame(1, length=4 * 1024 * 1024 + 1),
    "an unknown type": frame(0xfff0),
    "an unknown notice": frame(0xfff1, request=0),
    "a descriptor that does not come": frame(1, version=0x8001),
    "half a frame": frame(1, b"x" * 10, length=1000),
    "no frame": b"",
}


@pytest.mark.parametrize("name", SOCKETS)
def test_garbage_costs_its_connection(caged, name):
    one = caged.instance
    before = caged.processes()
    place = os.getcwd()
    os.chdir(one.path("run"))
    try:
        with socket.socket(socket.AF_UNIX) as steady:
            steady.settimeout(10)
            steady.connect(name)
            for what, data in GARBAGE.items():
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(10)
                    s.connect(name)
                    try:
                        s.sendall(data)
                        s.shutdown(socket.SHUT_WR)
                        while s.recv(65536):
                            pass
                    except ConnectionError as error:
                        assert error.errno in (errno.ECONNRESET, errno.EPIPE), what
            unannounced(name)
            steady.setblocking(False)
            with pytest.raises(BlockingIOError):
                steady.recv(1)
    finally:
        os.chdir(place)
    assert caged.processes() == before


def unannounced(name):
    """A descriptor that no frame announces."""
    with socket.socket(socket.AF_UNIX) as s, open(os.devnull, "rb") as null:
        s.settimeout(10)
        s.connect(name)
        try:
            s.sendmsg([frame(1)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                    struct.pack("i", null.fileno()))])
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except ConnectionError:
            pass


# What lies in the instance.

MODES = {
    ".": 0o711, "tradepost.conf": 0o600, "run": 0o711, "tls": 0o711, "tls/key.pem": 0o600,
    "tls/ca-key.pem": 0o600, "store": 0o2750, "store/segments": 0o2750, "store/data.mdb": 0o640,
    "store/lock.mdb": 0o660, "policy": 0o700, "policy/data.mdb": 0o640,
    "policy/lock.mdb": 0o660, "backup": 0o700,
}
FOR_ALL = {"tls/ca", "tls/ca.pem", "tls/cert.pem", "run/policy.sock"}


def test_files_are_for_those_who_need_them(caged):
    one = caged.instance
    found = {}
    for folder, _, files in os.walk(one.directory):
        for file in [".", *files]:
            path = os.path.normpath(os.path.join(folder, file))
            found[os.path.relpath(path, one.directory)] = stat.S_IMODE(os.lstat(path).st_mode)
    for name, mode in found.items():
        if name in MODES:
            assert mode == MODES[name], f"{name}: {mode:o}"
        elif name.startswith("store/segments/"):
            assert mode == 0o640, f"{name}: {mode:o}"
        elif os.path.basename(name) not in ("victim", "serve.log") and name not in FOR_ALL:
            assert mode & 0o007 == 0, f"{name}: {mode:o}"


# At last, what ends processes.

def shares(names, alone):
    """Which deadly acts each process tries: the first four all, the others one after another."""
    deadly = [act for act in alone if act != "reuse_listener"]
    plan = {name: list(deadly[:4]) for name in names}
    for i, act in enumerate(deadly[4:]):
        plan[sorted(names)[i % len(names)]].append(act)
    return plan


def end_by(caged, name, act):
    one = caged.instance
    pid = caged.processes()[name][0]
    os.kill(pid, signal.SIGRTMIN + 1 + caged.alone.index(act))
    return wait_until(lambda: one.log_lines("serve.process.ended", pid=pid), 30,
                      f"{name} ended at {act}")[0]


def test_who_runs_programs_or_traces_is_ended(caged):
    """The supervisor starts each again, and the instance goes on."""
    one = caged.instance
    plan = shares(list(USERS), caged.alone)
    for turn in range(max(map(len, plan.values()))):
        for name, acts in plan.items():
            if turn < len(acts):
                line = end_by(caged, name, acts[turn])
                assert f"signal={SIGSYS}" in line, (name, acts[turn], line)
        wait_until(caged.is_ready, 90, "all processes are there again", 0.2)
    assert not [line for line in one.log_lines("net.probe.tried")
                if re.search(rf"act=({'|'.join(caged.alone)}) ", line)]
    deliver(one, "afterwards")


@pytest.mark.parametrize("name", sorted(LISTENS_TO_TCP))
def test_a_listener_cannot_be_sent_elsewhere(caged, name):
    """A port of the instance is deaf afterwards: this comes last."""
    pid = caged.processes()[name][0]
    seen = len(caged.instance.log_lines("net.probe.tried", act="reuse_listener"))
    os.kill(pid, signal.SIGRTMIN + 1 + caged.alone.index("reuse_listener"))
    line = wait_until(lambda: caged.instance.log_lines(
        "net.probe.tried", act="reuse_listener")[seen:], 30, "the attempt was made")[0]
    assert re.search(r"got=(EACCES|EPERM)$", line), line
