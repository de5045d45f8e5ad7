"""A DNS server on loopback, from the Debian package: it knows the top-level domain "test" and what
a test puts there.

    with Knot("far 3600 IN MX 10 mx1.far.test.\\n") as dns:
        dns.server             "127.0.0.1:PORT", for the settings
"""

import os
import shutil
import socket
import subprocess
import tempfile

from .wait import wait_until

ADDRESS = "127.0.0.1"
START_DEADLINE = 30.0
PROGRAM = "/usr/sbin/knotd"

CONFIGURATION = """\
server:
    rundir: "{directory}"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: "{directory}/knot.log"
    any: info
database:
    storage: "{directory}"
template:
  - id: default
    storage: "{directory}"
zone:
  - domain: test.
    file: test.zone
"""

ZONE = """\
$ORIGIN test.
$TTL 60
@ IN SOA ns.test. admin.test. 1 3600 600 86400 60
@ IN NS ns.test.
ns IN A 127.0.0.1
"""


def free_port():
    """One that is free for both UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind((ADDRESS, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((ADDRESS, port))
            except OSError:
                continue
            return port


def missing():
    return None if os.access(PROGRAM, os.X_OK) else f"not installed: {PROGRAM}"


class Knot:
    """records: lines of a zone file, relative to "test."."""

    def __init__(self, records):
        self.directory = tempfile.mkdtemp(prefix="tradepost-knot-", dir="/tmp")
        self.port = free_port()
        self.process = None
        with open(os.path.join(self.directory, "test.zone"), "w", encoding="ascii") as f:
            f.write(ZONE + records)
        with open(os.path.join(self.directory, "knot.conf"), "w", encoding="ascii") as f:
            f.write(CONFIGURATION.format(directory=self.directory, address=ADDRESS,
                                         port=self.port))

    @property
    def server(self):
        return f"{ADDRESS}:{self.port}"

    def __enter__(self):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([PROGRAM, "-c", os.path.join(self.directory, "knot.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_until(self._answers, START_DEADLINE, f"knotd; see {self.directory}/knot.log")
        return self

    def _answers(self):
        """Ask for test. SOA."""
        query = b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x04test\0\0\x06\0\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            try:
                s.sendto(query, (ADDRESS, self.port))
                answer = s.recv(512)
            except OSError:
                return False
        return answer[:2] == query[:2] and answer[3] & 15 == 0

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.directory, ignore_errors=True)
