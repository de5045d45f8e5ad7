"""A real Dovecot on loopback with one POP3 mailbox, from the Debian packages."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile

from .wait import wait_until

ADDRESS = "127.0.0.1"

CONFIGURATION = """
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
protocols = pop3
listen = {address}
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:{directory}/mail
mail_privileged_group =
first_valid_uid = 1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_verbose = yes
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={directory}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {ports[0]}
  }}
  inet_listener pop3s {{
    port = {ports[1]}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind((ADDRESS, 0))
        return s.getsockname()[1]


class Dovecot:
    """messages: texts, in the order in which the mailbox lists them.  cert, key: PEM files."""

    user = "sales"
    password = "secret-of-sales"

    def __init__(self, messages, cert, key):
        self.directory = tempfile.mkdtemp(prefix="tradepost-dovecot-", dir="/tmp")
        self.ports = [free_port(), free_port()]
        self.process = None
        is_root = os.geteuid() == 0
        owner = pwd.getpwnam("nobody" if is_root else getpass.getuser())
        self._fill(messages)
        self._write_configuration(owner, is_root, cert, key)
        if is_root:
            os.chmod(self.directory, 0o755)
            self._give_to(owner)

    @property
    def port(self):
        return self.ports[0]

    @property
    def tls_port(self):
        return self.ports[1]

    def _fill(self, messages):
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.directory, "mail", name))
        for number, text in enumerate(messages, 1):
            path = os.path.join(self.directory, "mail", "new", f"{1700000000 + number}.M{number}.test")
            with open(path, "wb") as f:
                f.write(text)

    def _write_configuration(self, owner, is_root, cert, key):
        text = CONFIGURATION.format(
            directory=self.directory, address=ADDRESS, cert=cert, key=key, ports=self.ports,
            password=self.password, uid=owner.pw_uid, gid=owner.pw_gid,
            internal="dovecot" if is_root else owner.pw_name,
            group="dovecot" if is_root else owner.pw_gid,
            login="dovenull" if is_root else owner.pw_name)
        with open(os.path.join(self.directory, "dovecot.conf"), "w", encoding="utf-8") as f:
            f.write(text)

    def _give_to(self, owner):
        for folder, _, files in os.walk(os.path.join(self.directory, "mail")):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            for name in files:
                os.chown(os.path.join(folder, name), owner.pw_uid, owner.pw_gid)

    def __enter__(self):
        program = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [program, "-F", "-c", os.path.join(self.directory, "dovecot.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, 30, f"dovecot; see {self.directory}/dovecot.log")
        return self

    def _answers(self):
        try:
            with socket.create_connection((ADDRESS, self.port), 5) as s:
                return s.recv(3) == b"+OK"
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def messages(self):
        """How many are left."""
        return sum(len(os.listdir(os.path.join(self.directory, "mail", name)))
                   for name in ("cur", "new"))
