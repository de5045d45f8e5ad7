"""What a Thunderbird profile for tests holds, and the small things around it."""

import base64
from pathlib import Path
from urllib.parse import quote

from marionette import ThunderbirdError

SOCKET_TYPES = {"plain": 0, "starttls": 2, "tls": 3}
AUTH_NONE, AUTH_PASSWORD = 1, 3

# nsMsgFolderFlags, as far as tests care
FOLDER_FLAGS = {
    "trash": 0x00000100,
    "sent": 0x00000200,
    "drafts": 0x00000400,
    "inbox": 0x00001000,
    "archive": 0x00004000,
    "noselect": 0x01000000,
    "templates": 0x00400000,
    "junk": 0x40000000,
}

# nsIMsgImapMailFolder.boxFlags: uses that the server announced in LIST
ANNOUNCED_FLAGS = {
    "trash": 0x00010000,
    "sent": 0x00002000,
    "drafts": 0x00000800,
    "archive": 0x00400000,
    "junk": 0x00001000,
    "all": 0x00008000,
}

# What Thunderbird does by itself and a test does not want: first-run pages, questions, telemetry,
# updates, fetches from the vendor, background indexing.
QUIET_PREFS = {
    "app.donation.eoy.version.viewed": 999,
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "app.update.disabledForTesting": True,
    "app.update.enabled": False,
    "browser.contentblocking.category": "custom",
    "browser.dom.window.dump.enabled": True,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "calendar.timezone.useSystemTimezone": True,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "dom.push.connection.enabled": False,
    "extensions.blocklist.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "mail.biff.play_sound": False,
    "mail.biff.show_alert": False,
    "mail.biff.use_system_alert": False,
    "mail.chat.enabled": False,
    "mail.cloud_files.enabled": False,
    "mail.inappnotifications.enabled": False,
    "mail.inappnotifications.url": "",
    "mail.instrumentation.askUser": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spam.version": 1,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mailnews.database.global.indexer.enabled": False,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page.url": "about:blank",
    "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.manage-offline-status": False,
    "network.prefetch-next": False,
    # web requests that slip through end at a closed local port; mail connections do not use these
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "security.OCSP.enabled": 0,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
}


def utf7_encode(name):
    """A mailbox name in IMAP's modified UTF-7 (RFC 3501, 5.1.3)."""
    out, run = [], []

    def flush():
        if run:
            raw = base64.b64encode("".join(run).encode("utf-16-be")).decode()
            out.append("&" + raw.rstrip("=").replace("/", ",") + "-")
            run.clear()

    for char in name:
        if " " <= char <= "~":
            flush()
            out.append("&-" if char == "&" else char)
        else:
            run.append(char)
    flush()
    return "".join(out)


def utf7_decode(name):
    """The inverse of utf7_encode; a name that is not modified UTF-7 comes back as it is."""
    out, rest = [], name
    while "&" in rest:
        before, rest = rest.split("&", 1)
        out.append(before)
        if "-" not in rest:
            return name
        code, rest = rest.split("-", 1)
        if not code:
            out.append("&")
            continue
        try:
            raw = base64.b64decode(code.replace(",", "/") + "=" * (-len(code) % 4), validate=True)
            out.append(raw.decode("utf-16-be"))
        except ValueError:
            return name
    return "".join(out) + rest


def pem_to_base64(path):
    """Each certificate of a PEM file as base64 DER on one line."""
    found, lines = [], None
    for line in Path(path).read_text().splitlines():
        if line.startswith("-----BEGIN CERTIFICATE"):
            lines = []
        elif line.startswith("-----END CERTIFICATE"):
            found.append("".join(lines))
            lines = None
        elif lines is not None:
            lines.append(line.strip())
    if not found:
        raise ThunderbirdError(f"{path}: no certificate in it")
    return found


def folder_uri(client, name):
    return f"imap://{quote(client.user, safe='')}@{client.host}/{quote(utf7_encode(name))}"


def account_prefs(client):
    """Preferences of the one account, from a Thunderbird's attributes."""
    prefs = {
        "marionette.port": 0,          # any free one; found in the file MarionetteActivePort
        "mail.accountmanager.accounts": "account1,account2",
        "mail.accountmanager.defaultaccount": "account1",
        "mail.accountmanager.localfoldersserver": "server2",
        "mail.account.account1.server": "server1",
        "mail.account.account1.identities": "id1",
        "mail.account.account2.server": "server2",
        "mail.account.lastKey": 2,
        "mail.server.server1.type": "imap",
        "mail.server.server1.hostname": client.host,
        "mail.server.server1.port": client.imap_port,
        "mail.server.server1.userName": client.user,
        "mail.server.server1.name": client.email,
        "mail.server.server1.socketType": SOCKET_TYPES[client.imap_tls],
        "mail.server.server1.authMethod": AUTH_PASSWORD,
        # log in when start() says so: certificates and passwords are in place by then
        "mail.server.server1.login_at_startup": False,
        "mail.server.server1.check_new_mail": False,
        "mail.server.server1.use_idle": True,
        "mail.server.server1.autosync_offline_stores": client.autosync,
        "mail.server.server1.offline_download": client.autosync,
        "mail.server.server1.timeout": 29,
        "mail.server.server2.type": "none",
        "mail.server.server2.hostname": "Local Folders",
        "mail.server.server2.userName": "nobody",
        "mail.server.server2.name": "Local Folders",
        "mail.identity.id1.fullName": client.user,
        "mail.identity.id1.useremail": client.email,
        "mail.identity.id1.valid": True,
        "mail.identity.id1.compose_html": False,
        "mail.identity.id1.fcc": True,
        "mailnews.send_plaintext_flowed": False,
    }
    if client.sent:
        prefs["mail.identity.id1.fcc_folder"] = folder_uri(client, client.sent)
        prefs["mail.identity.id1.fcc_folder_picker_mode"] = "1"
    if client.smtp_port:
        prefs.update({
            "mail.identity.id1.smtpServer": "smtp1",
            "mail.smtpservers": "smtp1",
            "mail.smtp.defaultserver": "smtp1",
            "mail.smtpserver.smtp1.type": "smtp",
            "mail.smtpserver.smtp1.hostname": client.host,
            "mail.smtpserver.smtp1.port": client.smtp_port,
            "mail.smtpserver.smtp1.username": client.user if client.smtp_auth else "",
            "mail.smtpserver.smtp1.try_ssl": SOCKET_TYPES[client.smtp_tls],
            "mail.smtpserver.smtp1.authMethod":
                AUTH_PASSWORD if client.smtp_auth else AUTH_NONE,
        })
    return prefs
