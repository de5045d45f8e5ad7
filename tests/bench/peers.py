"""Postfix and Dovecot of this machine, from a directory of their own, for comparison: SMTP to
Postfix, LMTP to Dovecot, Maildir, one virtual domain.  Needs root, as both do.  The system's own
services and their files are neither used nor touched."""

import os
import shutil
import socket
import subprocess

from harness.wait import wait_until

PROGRAMS = ("/usr/sbin/postfix", "/usr/sbin/dovecot", "/usr/lib/dovecot/lmtp")
START_DEADLINE = 30.0

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
mail_owner = postfix
setgid_group = postdrop
myhostname = peers.acme.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {directory}/postfix.log
maillog_file_prefixes = {directory}
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = acme.test
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:{directory}/lmtp
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
lmtp_destination_concurrency_limit = 20
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
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""

DOVECOT_CONF = """\
base_dir = {directory}/dovecot
log_path = {directory}/dovecot.log
protocols = lmtp
ssl = no
mail_location = maildir:{directory}/mail/%u
mail_uid = {owner}
mail_gid = {owner}
first_valid_uid = 1
first_valid_gid = 1
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={directory}/mail/%u
}}
passdb {{
  driver = static
  args = nopassword=y
}}
service lmtp {{
  unix_listener {directory}/lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def missing():
    """Why there is no comparison, or None."""
    if os.geteuid() != 0:
        return "only root can start Postfix and Dovecot"
    absent = [path for path in PROGRAMS if not os.access(path, os.X_OK)]
    return f"not installed: {', '.join(absent)}" if absent else None


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Peers:
    """Both, running, while the context lasts.  directory: an empty one."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.port = _free_port()
        self.dovecot = None
        self.postfix = None

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def _write(self, name, template):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(template.format(directory=self.directory, queue=self.path("queue"),
                                    data=self.path("data"), port=self.port, owner="postfix"))

    def __enter__(self):
        os.chmod(self.directory, 0o755)
        for name in ("postfix", "queue", "data", "mail"):
            os.mkdir(self.path(name))
        for name in ("data", "mail"):
            shutil.chown(self.path(name), "postfix", "postfix")
        self._write("postfix/main.cf", MAIN_CF)
        self._write("postfix/master.cf", MASTER_CF)
        self._write("dovecot.conf", DOVECOT_CONF)
        # pylint: disable-next=consider-using-with
        self.dovecot = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c",
                                         self.path("dovecot.conf")],
                                        stdin=subprocess.DEVNULL)
        subprocess.run(["/usr/sbin/postfix", "-c", self.path("postfix"), "start"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._is_ready, START_DEADLINE, "Postfix and Dovecot")
        return self

    def _is_ready(self):
        if not os.path.exists(self.path("lmtp")):
            return False
        with open(self.path("queue", "pid", "master.pid"), encoding="ascii") as f:
            self.postfix = int(f.read())
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_):
        subprocess.run(["/usr/sbin/postfix", "-c", self.path("postfix"), "stop"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.dovecot.terminate()
        self.dovecot.wait()

    def roots(self):
        """The processes that all others of theirs come from."""
        return [self.postfix, self.dovecot.pid]

    def delivered(self):
        """How many messages are in mailboxes."""
        return sum(len(names) for folder, _, names in os.walk(self.path("mail"))
                   if folder.endswith("/new"))
