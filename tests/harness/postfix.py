"""A real Postfix on loopback, from the Debian package, with everything in a directory of its own: a
smarthost that asks for a login, and a mail exchanger.  Logins are checked by a Dovecot beside it.
The system's own Postfix and its files are neither used nor touched.  Needs root, as Postfix does.

    with Postfix() as peer:
        peer.port              STARTTLS, AUTH
        peer.tls_port          TLS first
        peer.ca                the certificate to trust
        peer.texts()           what was delivered
"""

import glob
import os
import shutil
import socket
import subprocess
import tempfile

from .dovecot import free_port
from .wait import wait_until

ADDRESS = "127.0.0.1"
TLS_PORT = 465  # clients know by it that TLS comes first; some loopback address has it free
START_DEADLINE = 30.0
PROGRAMS = ("/usr/sbin/postfix", "/usr/sbin/dovecot")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = peer.far.test
mydestination =
inet_interfaces = all
inet_protocols = ipv4
maillog_file = {directory}/postfix.log
maillog_file_prefixes = {directory}
mynetworks =
message_size_limit = 1000000
alias_maps =
alias_database =
local_recipient_maps =
default_transport = virtual
virtual_mailbox_domains = far.test
virtual_mailbox_base = {directory}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_tls_security_level = may
smtpd_tls_cert_file = {directory}/cert.pem
smtpd_tls_key_file = {directory}/key.pem
smtpd_sasl_type = dovecot
smtpd_sasl_path = {directory}/auth
smtpd_sasl_security_options = noanonymous
smtpd_sasl_tls_security_options = noanonymous
smtpd_recipient_restrictions =
    check_recipient_access texthash:{directory}/recipients,
    permit_sasl_authenticated, reject_unauth_destination
smtpd_relay_restrictions =
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
"""

MASTER_CF = """\
{address}:{port} inet n - n - 50 smtpd
  -o smtpd_sasl_auth_enable=yes
{address}:{mx_port} inet n - n - 50 smtpd
{tls_address}:{tls_port} inet n - n - 50 smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_wrappermode=yes
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
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""

DOVECOT_CONF = """\
base_dir = {directory}/dovecot
log_path = {directory}/dovecot.log
protocols =
ssl = no
auth_mechanisms = {mechanisms}
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = {directory}/passwords
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={directory}
}}
service auth {{
  unix_listener {directory}/auth {{
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

# What the server says to some recipients, whoever sends.
RECIPIENTS = """\
unknown@far.test 550 5.1.1 no such user here
full@far.test 552 5.2.2 mailbox full
grey@far.test 450 4.2.0 greylisted, come again
"""


def missing():
    """Why there can be no such server, or None."""
    if os.geteuid() != 0:
        return "only root can start Postfix"
    absent = [path for path in PROGRAMS if not os.access(path, os.X_OK)]
    if absent:
        return f"not installed: {', '.join(absent)}"
    return None if free_tls_address() else f"port {TLS_PORT} cannot be had on loopback"


def free_tls_address():
    for last in range(65, 127):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((f"127.0.0.{last}", TLS_PORT))
                return f"127.0.0.{last}"
            except OSError:
                continue
    return None


def make_certificate(directory, address):
    """A self-signed certificate "cert.pem" with "key.pem" for the names and addresses of tests."""
    names = f"IP:{ADDRESS},IP:{address},DNS:localhost,DNS:mx1.far.test,DNS:mx2.far.test"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=peer",
                    "-addext", f"subjectAltName={names}",
                    "-keyout", os.path.join(directory, "key.pem"),
                    "-out", os.path.join(directory, "cert.pem")],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Postfix:
    """mechanisms: for logins, as Dovecot names them."""

    user = "acme"
    password = "secret-of-acme"

    def __init__(self, mechanisms="plain login cram-md5"):
        self.directory = tempfile.mkdtemp(prefix="tradepost-postfix-", dir="/tmp")
        self.port, self.mx_port = free_port(), free_port()
        self.tls_port = (free_tls_address(), TLS_PORT)
        self.mechanisms = mechanisms
        self.dovecot = None

    def path(self, *names):
        return os.path.join(self.directory, *names)

    @property
    def ca(self):
        return self.path("cert.pem")

    def _write(self, name, template):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(template.format(directory=self.directory, port=self.port,
                                    mx_port=self.mx_port, address=ADDRESS, uid=65534, gid=65534,
                                    tls_address=self.tls_port[0], tls_port=TLS_PORT,
                                    mechanisms=self.mechanisms))

    def _prepare(self):
        os.chmod(self.directory, 0o755)
        for name in ("postfix", "queue", "data", "mail"):
            os.mkdir(self.path(name))
        shutil.chown(self.path("data"), "postfix", "postfix")
        shutil.chown(self.path("mail"), 65534, 65534)
        make_certificate(self.directory, self.tls_port[0])
        self._write("postfix/main.cf", MAIN_CF)
        self._write("postfix/master.cf", MASTER_CF)
        self._write("recipients", RECIPIENTS)
        self._write("dovecot.conf", DOVECOT_CONF)
        self._write("passwords", f"{self.user}:{{PLAIN}}{self.password}\n".replace(
            "{PLAIN}", "{{PLAIN}}"))

    def __enter__(self):
        self._prepare()
        # pylint: disable-next=consider-using-with
        self.dovecot = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c",
                                         self.path("dovecot.conf")],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._control("start")
        wait_until(self._answers, START_DEADLINE, f"Postfix; see {self.path('postfix.log')}")
        return self

    def _control(self, verb):
        subprocess.run(["/usr/sbin/postfix", "-c", self.path("postfix"), verb], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _answers(self):
        if not os.path.exists(self.path("auth")):
            return False
        try:
            with socket.create_connection((ADDRESS, self.port), 5) as s:
                return s.recv(3) == b"220"
        except OSError:
            return False

    def __exit__(self, *_):
        self._control("stop")
        self.dovecot.terminate()
        self.dovecot.wait(30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def texts(self):
        """All messages that were delivered."""
        texts = []
        for path in sorted(glob.glob(self.path("mail", "all", "new", "*"))):
            with open(path, "rb") as f:
                texts.append(f.read())
        return texts

    def log_text(self):
        with open(self.path("postfix.log"), encoding="utf-8", errors="replace") as f:
            return f.read()
