"""Mail for the outside, in over SMTP and out to a sink: messages a second until the last one has
left, ours beside Postfix's.  Both write each message to the disk before they say that they have it."""

import os
import re
import shutil
import subprocess
import threading
import time

import deliver
import processes
from harness.dovecot import free_port
from harness.wait import wait_until

SINK = "/usr/sbin/smtp-sink"
LOADS = ((5, 2000), (20, 5000))  # connections, messages
PEER_LOADS = ((5, 1000), (20, 2000))
DEADLINE = 300.0
DOMAIN = "customer.example"  # of smtp_load's sender, who then is one of ours
SETTINGS = {"policy": {"lan": "127.0.0.0/8"}, "smtp": {"address_max": "1000"}}

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.acme.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {directory}/postfix.log
maillog_file_prefixes = {directory}
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink}
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
alias_maps =
alias_database =
local_recipient_maps =
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - 200 smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
tlsmgr    unix - - n 1000? 1 tlsmgr
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
smtp      unix - - n - - smtp
scache    unix - - n - 1 scache
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


def missing():
    """Why there is nothing to measure, or None."""
    if os.geteuid() != 0:
        return "only root can start Postfix"
    return None if os.access(SINK, os.X_OK) else f"not installed: {SINK}"


class Sink:
    """Postfix's smtp-sink, which counts."""

    def __init__(self):
        self.port = free_port()
        self.count = 0
        self.process = None

    def __enter__(self):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([SINK, "-c", "-u", "nobody", f"127.0.0.1:{self.port}",
                                         "200"], stdout=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self):
        rest = b""
        while data := os.read(self.process.stdout.fileno(), 65536):
            rest = (rest + data)[-200:]
            found = re.findall(rb"mesg=(\d+)", rest)
            if found:
                self.count = int(found[-1])

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class PostfixRelay:
    """Postfix that sends everything on to a sink.  directory: an empty one."""

    def __init__(self, directory, sink):
        self.directory, self.sink, self.port = str(directory), sink, free_port()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def _control(self, verb):
        subprocess.run(["/usr/sbin/postfix", "-c", self.path("postfix"), verb], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        os.chmod(self.directory, 0o755)
        for name in ("postfix", "queue", "data"):
            os.mkdir(self.path(name))
        shutil.chown(self.path("data"), "postfix", "postfix")
        for name, text in (("main.cf", MAIN_CF), ("master.cf", MASTER_CF)):
            with open(self.path("postfix", name), "w", encoding="ascii") as f:
                f.write(text.format(directory=self.directory, port=self.port,
                                    sink=self.sink.port))
        self._control("start")
        wait_until(lambda: os.path.exists(self.path("queue", "pid", "master.pid")), 30, "Postfix")
        time.sleep(1)
        return self

    def root(self):
        with open(self.path("queue", "pid", "master.pid"), encoding="ascii") as f:
            return int(f.read())

    def __exit__(self, *_):
        self._control("stop")


def _measure(name, programs, port, root, sink, loads):
    for connections, messages in loads:
        before, began, there = processes.cpu_seconds(root), time.monotonic(), sink.count
        figures = deliver.send(programs, port, connections, messages,
                               [f"r{n}@far.test" for n in range(10)])
        wait_until(lambda: sink.count >= there + messages, DEADLINE, "the last message", 0.02)
        seconds = time.monotonic() - began
        cpu = processes.cpu_seconds(root) - before
        yield {"server": name, "connections": connections, "messages": messages,
               "taken a second": round(messages / figures["seconds"]),
               "through a second": round(messages / seconds),
               "CPU ms a message": round(1000 * cpu / messages, 3)}


def measure(instance, directory):
    """Rows for a running instance (of SETTINGS), then for Postfix."""
    with Sink() as sink:
        instance.mailadm("route", "add", "out", "--default", "--smarthost",
                         f"127.0.0.1:{sink.port}", "--tls", "off")
        yield from _measure("Tradepost", instance.programs, instance.endpoints["smtp"][1],
                            instance.supervisor.pid, sink, LOADS)
    with Sink() as sink, PostfixRelay(directory, sink) as peer:
        yield from _measure("Postfix", instance.programs, peer.port, peer.root(), sink,
                            PEER_LOADS)
