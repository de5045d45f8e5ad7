"""How many clients there may be and how long each may take: over all protocols, before and after login."""

import base64
import contextlib
import imaplib
import poplib
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import add_people
from harness.instance import SANITIZER_OPTIONS_LEAN, Instance
from harness.wire import Closed, new_source
from imap_client import ImapClient

pytestmark = pytest.mark.waits

SETTINGS = {
    "smtp": {"lull": "5s", "login_deadline": "5s", "data_grace": "2s", "data_rate": "1k",
             "address_max": "3", "account_max": "2"},
    "pop3": {"login_deadline": "5s", "peer_max": "3", "account_max": "2"},
    "imap": {"peer_connections": "3", "user_connections": "2", "command_deadline": "5s", "heartbeat": "5s"},
}
PATIENCE = 60
# What a client that reads nothing may cost over all processes of a program: 256 KiB of answers and
# 64 KiB of commands in worker and front, with the room that grows by doubling; what the sanitizers'
# allocator keeps comes on top, measured 7 MiB in all. Answering all that is sent would cost 64 MiB.
DEAF_KIB = 16 * 1024


@pytest.fixture(scope="module", name="strict")
def fixture_strict(tmp_path_factory):
    with Instance(tmp_path_factory.mktemp("pace") / "i", settings=SETTINGS,
                  sanitizer_options=SANITIZER_OPTIONS_LEAN) as served:
        yield add_people(served)


def greeted(instance, name="smtp", source=None):
    wire = instance.wire(name, source)
    assert wire.reply()[0] == 220
    wire.expect(250, "EHLO mx.example.org")
    return wire


def log_in(instance, wire, name):
    """AUTH PLAIN; code and text."""
    login = instance.login(name)
    text = f"\0{login}\0{instance.passwords[login]}".encode()
    return wire.command(b"AUTH PLAIN " + base64.b64encode(text))


def begin_message(wire, recipient="zhang@acme.test"):
    wire.expect(250, "MAIL FROM:<customer@example.org>")
    wire.expect(250, f"RCPT TO:<{recipient}>")
    wire.expect(354, "DATA")


def drip(wire, text, pause, seconds):
    """Send text again and again until the server has enough of it; how long that took."""
    begun = time.monotonic()
    wire.socket.settimeout(pause)
    with pytest.raises(Closed):
        while time.monotonic() - begun < seconds:
            wire.send(text)
            with contextlib.suppress(TimeoutError):
                wire.fill()
    return time.monotonic() - begun


# Time


def test_s35_a_text_that_drips_ends_however_much_came_before(strict):
    token = uuid.uuid4().hex
    wire = greeted(strict, source=new_source())
    begin_message(wire)
    wire.send(f"Subject: {token}\r\n\r\n" + ("x" * 70 + "\r\n") * 10_000)
    assert drip(wire, b"y", 0.2, PATIENCE) > 1
    assert b"421 4.4.2 " in wire.buffer
    wire = greeted(strict, source=new_source())
    wire.expect(250, "MAIL FROM:<customer@example.org>")
    wire.expect(250, "RCPT TO:<zhang@acme.test>")
    wire.send("BDAT 1000000\r\n")
    assert drip(wire, b"y", 0.2, PATIENCE) > 1
    assert strict.find_mail("zhang", token.encode()) == []


def test_a_text_that_keeps_the_rate_comes_through(strict):
    token = uuid.uuid4().hex
    wire = greeted(strict, source=new_source())
    begin_message(wire)
    wire.send(f"Subject: {token}\r\n\r\n")
    for _ in range(12):
        wire.send(("z" * 70 + "\r\n") * 100)
        time.sleep(0.5)
    wire.expect(250, ".")
    assert strict.find_mail("zhang", token.encode())


def test_talk_without_mail_ends_and_a_message_renews_the_time(strict):
    wire = greeted(strict, source=new_source())
    begun = time.monotonic()
    time.sleep(2.5)
    begin_message(wire)
    wire.expect(250, "Subject: pace\r\n\r\n.")
    drip(wire, b"NOOP\r\n", 0.3, PATIENCE)
    assert time.monotonic() - begun > 7
    assert b"421 4.4.2 " in wire.buffer


def test_a_command_after_login_comes_whole_in_its_time(strict):
    with ImapClient(strict, "imaps", new_source()) as client:
        client.login("wang")
        assert 3 < drip(client.wire, b"x", 0.3, PATIENCE) < PATIENCE
        assert b"* BYE " in client.wire.buffer
    with ImapClient(strict, "imaps", new_source()) as client:
        client.login("wang")
        time.sleep(6)
        client.ok("NOOP")


def test_an_idling_client_hears_that_we_are_here_and_is_never_sent_away(strict):
    with ImapClient(strict, "imaps", new_source()) as client:
        client.login("li")
        client.ok("SELECT INBOX")
        tag = client.start("IDLE")
        begun = time.monotonic()
        assert client.response().startswith(b"+ ")
        assert [client.response() for _ in range(2)] == [b"* OK Still here\r\n"] * 2
        assert 9 < time.monotonic() - begun < 30
        client.wire.send("DONE\r\n")
        assert client.responses(tag)[1].startswith(b"OK ")


SAID_BEFORE_LOGIN = {"submission": b"NOOP\r\n", "submissions": b"RSET\r\n", "pop3s": b"CAPA\r\n", "pop3": b"x"}


def test_who_does_not_log_in_keeps_no_place(strict):
    def linger(endpoint):
        wire = strict.wire(endpoint, new_source())
        if endpoint.startswith("submission"):
            wire.line()
            wire.expect(250, "EHLO pc")
        return drip(wire, SAID_BEFORE_LOGIN[endpoint], 0.3, PATIENCE)

    with ThreadPoolExecutor() as pool:
        for took in pool.map(linger, SAID_BEFORE_LOGIN):
            assert 3 < took < PATIENCE


def test_a_login_ends_the_time_for_it(strict):
    wire = greeted(strict, "submissions", new_source())
    begun = time.monotonic()
    time.sleep(2.5)
    assert log_in(strict, wire, "wang")[0] == 235
    pop3 = strict.pop3("wang")
    while time.monotonic() - begun < 6:
        wire.expect(250, "NOOP")
        time.sleep(0.5)
    assert pop3.noop().startswith(b"+OK")
    pop3.quit()
    wire.close()


# Places


@pytest.mark.parametrize("endpoint, refusal", [
    ("smtp", b"421 4.3.2 "), ("submission", b"421 4.3.2 "), ("submissions", None),
    ("imap", b"* BYE [UNAVAILABLE] "), ("imaps", None), ("pop3", b"-ERR [SYS/TEMP] "), ("pop3s", None)])
def test_i35_one_address_gets_its_share_of_places(strict, endpoint, refusal):
    source = new_source()
    held = [strict.wire(endpoint, source) for _ in range(3)]
    for wire in held:
        wire.line()
    if refusal is None:
        with pytest.raises((Closed, OSError)):
            strict.wire(endpoint, source).line()
    else:
        assert strict.wire(endpoint, source).rest().startswith(refusal)
    begun = time.monotonic()
    strict.wire(endpoint, new_source()).line()
    assert time.monotonic() - begun < 10
    held.pop().close()
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(Closed, OSError):
            if refusal is None or refusal not in strict.wire(endpoint, source).line():
                break
        assert time.monotonic() < end
    for wire in held:
        wire.close()


def test_who_is_logged_in_takes_no_place_of_those_who_come(strict):
    """All behind one address, as a LAN behind a router is."""
    source = new_source()
    held = []
    for name in ("zhang", "li", "wang", "zhang", "li", "wang"):
        held.append(greeted(strict, "submissions", source))
        assert log_in(strict, held[-1], name)[0] == 235
    assert greeted(strict, "submissions", source).command("NOOP")[0] == 250
    for wire in held:
        wire.expect(221, "QUIT")


def test_an_account_has_its_share_of_sessions(strict):
    held = [greeted(strict, "submissions", new_source()) for _ in range(3)]
    assert [log_in(strict, wire, "li")[0] for wire in held] == [235, 235, 421]
    assert held[2].is_closed()
    other = greeted(strict, "submissions", new_source())
    assert log_in(strict, other, "zhang")[0] == 235
    assert other.command("QUIT")[0] == 221
    held[0].expect(221, "QUIT")
    again = greeted(strict, "submissions", new_source())
    assert log_in(strict, again, "li")[0] == 235
    again.close()
    held[1].close()
    boxes = [strict.imap("li") for _ in range(2)]
    with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"):
        strict.imap("li")
    for box in boxes:
        box.logout()
    boxes = [strict.pop3("li") for _ in range(2)]
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        strict.pop3("li")
    for box in boxes:
        box.quit()


# Output


def memory_kib(instance, name):
    total = 0
    for pid in instance.daemons(name):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    return total


def send_unread(wire, text, total):
    """Send and read nothing, until it does not go any more."""
    sent = 0
    wire.socket.settimeout(2)
    with contextlib.suppress(TimeoutError, socket.timeout):
        while sent < total:
            sent += wire.socket.send(text)
    return sent


@pytest.mark.parametrize("endpoint, daemon, login, flood", [
    ("imaps", "imapd", None, b"a NOOP\r\n"),
    ("imaps", "imapd", b"a LOGIN %s \"%s\"\r\n", b"a NOOP\r\n"),
    ("imaps", "imapd", b"a LOGIN %s \"%s\"\r\n", b"a LIST \"\" *\r\n"),
    ("pop3s", "pop3d", b"USER %s\r\nPASS %s\r\n", b"NOOP\r\n"),
    ("pop3s", "pop3d", b"USER %s\r\nPASS %s\r\n", b"UIDL\r\n"),
    ("smtp", "smtpd", None, b"HELP\r\n"),
])
def test_s36_who_reads_nothing_is_not_heard_on(strict, endpoint, daemon, login, flood):
    wire = strict.wire(endpoint, new_source())
    wire.line()
    if login is not None:
        name = strict.login("wang")
        wire.send(login % (name.encode(), strict.passwords[name].encode()))
        wire.line()
        time.sleep(1)
    before = memory_kib(strict, daemon)
    total = 64 * 1024 * 1024
    assert send_unread(wire, flood * 2000, total) < total
    assert memory_kib(strict, daemon) - before < DEAF_KIB
    begun = time.monotonic()
    strict.wire(endpoint, new_source()).line()
    assert time.monotonic() - begun < 10
    wire.reset()
