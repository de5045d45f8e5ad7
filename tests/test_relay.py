"""Mail to the outside: through a real Postfix as smarthost and as mail exchanger, to a DNS server's
word, and to servers that behave badly.  Ids in names are those of the attack catalogue."""

import email
import email.policy
import json
import re
import signal
import subprocess
import time

import pytest

from harness import knot, postfix
from harness.dovecot import free_port
from harness.smtp_server import BEHAVIOURS, SmtpServer, refused_port
from harness.wait import wait_until

AUTHOR = "zhang@acme.test"
QUICK = {"relay": {"retry_first": "1s", "retry_max": "2s", "idle": "2s", "patience": "3s"}}
PATIENCE = 30.0

needs_postfix = pytest.mark.skipif(postfix.missing() is not None, reason=str(postfix.missing()))
needs_knot = pytest.mark.skipif(knot.missing() is not None, reason=str(knot.missing()))


def add_route(instance, name, host, *more, secret=None):
    instance.mailadm("route", "add", name, "--default", "--smarthost", host, *more,
                     stdin=(secret or "") + "\n")


def send(instance, to, subject="offer", body="hello", sender="zhang"):
    """Submit a mail as one of ours; its subject is a token to find it by."""
    to = [to] if isinstance(to, str) else to
    text = (f"From: {instance.login(sender)}\r\nTo: {', '.join(to)}\r\n"
            f"Subject: {subject}\r\n\r\n{body}\r\n")
    with instance.smtp("submission", login=sender) as client:
        client.sendmail(instance.login(sender), to, text.encode())


def queue(instance):
    return [json.loads(line) for line in instance.mailadm("queue", "list", "--json").splitlines()]


def wait_empty(instance, deadline=PATIENCE):
    wait_until(lambda: not queue(instance), deadline, lambda: f"an empty queue: {queue(instance)}",
               0.1)


def wait_log(instance, event, deadline=PATIENCE, **facts):
    return wait_until(lambda: instance.log_lines(event, **facts), deadline, f"{event} {facts}",
                      0.1)


def find(instance, login, token):
    """Messages of the inbox that hold the token anywhere; a notice quotes it at its end."""
    return [text for text in instance.inbox(login) if token.encode() in text]


def notice(instance, login, token):
    """The delivery status notification that quotes the subject: (message, words, statuses)."""
    text = wait_until(lambda: find(instance, login, token), PATIENCE, f"a notice of {token}",
                      0.2)[0]
    assert all(byte < 128 for byte in text)
    message = email.message_from_bytes(text, policy=email.policy.default)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    words, status, header = message.iter_parts()
    assert header.get_content_type() == "text/rfc822-headers"
    return message, words.get_content(), status.get_payload()[1:]


@pytest.fixture
def quick(make_instance):
    """An instance that loses no time between attempts."""
    return make_instance(settings=QUICK)


# Smarthosts


@pytest.fixture(scope="module")
def smarthost():
    with postfix.Postfix() as peer:
        yield peer


@needs_postfix
@pytest.mark.parametrize("way", ["starttls", "tls_first", "tls_tried"])
def test_mail_leaves_through_a_smarthost_with_login_and_tls(quick, smarthost, way):
    host = {"tls_first": "%s:%d" % smarthost.tls_port}.get(way, f"localhost:{smarthost.port}")
    tls = () if way == "tls_tried" else ("--ca", quick.known_ca(smarthost.ca))
    add_route(quick, "out", host, "--user", smarthost.user, "--secret-stdin", "--tls",
              "try" if way == "tls_tried" else "require", *tls, secret=smarthost.password)
    send(quick, ["ann@far.test", "bob@else.test"], f"offer {way}", ".\r\n..dots\r\nend")
    wait_empty(quick)
    texts = wait_until(lambda: [t for t in smarthost.texts() if way.encode() in t], PATIENCE)
    assert len(texts) == 2  # virtual(8) delivers to each
    assert b"\n.\n..dots\nend\n" in texts[0]
    assert b"with ESMTPSA" in texts[0]
    assert len(wait_log(quick, "relay.mail.sent")) == 2
    assert smarthost.password not in quick.log_text()
    assert "mail.sent" in quick.mailadm("audit", "list")


@needs_postfix
def test_a_wrong_password_waits_for_the_administrator(quick, smarthost):
    add_route(quick, "out", f"localhost:{smarthost.port}", "--user", smarthost.user,
              "--secret-stdin", "--tls", "require", "--ca", quick.known_ca(smarthost.ca),
              secret="wrong-secret-1")
    send(quick, "ann@far.test", "patience")
    line = wait_log(quick, "relay.mail.deferred")[0]
    assert "535" in line and "wrong-secret-1" not in quick.log_text()
    quick.mailadm("route", "set", "out", "--secret-stdin", stdin=smarthost.password + "\n")
    quick.mailadm("queue", "retry", str(queue(quick)[0]["entry"]))
    wait_empty(quick)
    wait_until(lambda: any(b"patience" in t for t in smarthost.texts()), PATIENCE)


@needs_postfix
def test_t07_without_a_good_certificate_nothing_is_sent(quick, smarthost):
    add_route(quick, "out", f"localhost:{smarthost.port}", "--user", smarthost.user,
              "--secret-stdin", "--tls", "require", secret=smarthost.password)
    send(quick, "ann@far.test", "no-such-trust")
    assert "certificate" in wait_log(quick, "relay.mail.deferred")[0]
    # With it trusted, its address does: the certificate names that, too.
    quick.mailadm("route", "set", "out", "--ca", quick.known_ca(smarthost.ca), "--smarthost",
                  f"127.0.0.1:{smarthost.port}")
    wait_empty(quick)
    assert any(b"no-such-trust" in t for t in smarthost.texts())


@needs_postfix
def test_what_is_refused_comes_back_with_advice(quick, smarthost):
    add_route(quick, "out", f"localhost:{smarthost.port}", "--user", smarthost.user,
              "--secret-stdin", "--tls", "require", "--ca", quick.known_ca(smarthost.ca),
              secret=smarthost.password)
    send(quick, ["unknown@far.test", "full@far.test", "ann@far.test"], "returned-1")
    message, words, statuses = notice(quick, "zhang", "returned-1")
    assert "没有这个收件人" in words and "What to do: Check the part before the @" in words
    assert "邮箱已满" in words and "ann@far.test" not in words
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["From"].addresses[0].addr_spec == "mailer-daemon@acme.test"
    found = {part["Final-Recipient"]: (part["Action"], part["Status"]) for part in statuses}
    assert found == {"rfc822; unknown@far.test": ("failed", "5.1.1"),
                     "rfc822; full@far.test": ("failed", "5.2.2")}
    wait_empty(quick)
    time.sleep(1)
    assert len(find(quick, "zhang", "returned-1")) == 1


@pytest.mark.waits
def test_late_mail_is_reported_and_returned_at_last(make_instance):
    settings = {"relay": {**QUICK["relay"], "delay_notice": "2s", "expire": "8s"}}
    instance = make_instance(settings=settings)
    with SmtpServer("later") as server:
        add_route(instance, "out", f"127.0.0.1:{server.port}", "--tls", "off")
        send(instance, "ann@far.test", "late-1")
        message, words, statuses = notice(instance, "zhang", "late-1")
        assert statuses[0]["Action"] == "delayed" and statuses[0]["Will-Retry-Until"]
        assert "451 4.7.1 greylisted" in statuses[0]["Diagnostic-Code"]
        assert "不需要再发一次" in words and message["Auto-Submitted"] == "auto-generated"
        wait_until(lambda: len(find(instance, "zhang", "late-1")) == 2, PATIENCE, every=0.3)
        last = [email.message_from_bytes(t, policy=email.policy.default)
                for t in find(instance, "zhang", "late-1")][-1]
        assert "Undelivered" in last["Subject"]
        wait_empty(instance)
        assert server.heard.count("RCPT") > 3


def test_lmtp_has_an_answer_for_each(quick, tmp_path):
    port = free_port()
    with subprocess.Popen(["/usr/sbin/smtp-sink", "-L", "-u", "nobody", f"127.0.0.1:{port}",
                           "100"]) as sink:
        add_route(quick, "out", f"127.0.0.1:{port}", "--tls", "off", "--lmtp")
        send(quick, ["ann@far.test", "bob@far.test"])
        wait_empty(quick)
        sink.terminate()
    assert len(quick.log_lines("relay.mail.sent")) == 2


def test_connections_are_used_again(quick):
    with SmtpServer() as server:
        add_route(quick, "out", f"127.0.0.1:{server.port}", "--tls", "off")
        with quick.smtp("submission", login="zhang") as client:
            for number in range(60):
                client.sendmail(AUTHOR, [f"r{number}@far.test"],
                                f"From: {AUTHOR}\r\nSubject: number {number}\r\n\r\nx\r\n")
        wait_empty(quick)
        assert sorted(r for _, to, _ in server.messages for r in to) == \
            sorted(f"r{n}@far.test" for n in range(60))
        assert server.connections <= 6


# Mail exchangers


ZONE = """\
far IN MX 10 mx1.far
far IN MX 20 mx2.far
mx1.far IN A 127.0.0.66
mx2.far IN A 127.0.0.1
null IN MX 0 .
plain IN A 127.0.0.1
empty IN TXT "nothing"
"""


@needs_postfix
@needs_knot
def test_mail_finds_its_exchanger(make_instance):
    with postfix.Postfix() as peer, knot.Knot(ZONE) as dns:
        instance = make_instance(settings={
            "relay": {**QUICK["relay"], "mx_port": str(peer.mx_port), "mx_local": "yes"},
            "dns": {"server": dns.server}})
        instance.mailadm("route", "add", "out", "--default", "--mx")
        # The first exchanger is dead, the second takes it; TLS is tried, and taken unchecked.
        send(instance, ["ann@far.test", "unknown@far.test"], "by-mx-1")
        text = wait_until(lambda: [t for t in peer.texts() if b"by-mx-1" in t], PATIENCE)[0]
        assert b"with ESMTPS " in text
        _, _, statuses = notice(instance, "zhang", "by-mx-1")
        assert [s["Final-Recipient"] for s in statuses] == ["rfc822; unknown@far.test"]
        for domain, status in (("null.test", "5.1.10"), ("absent.test", "5.1.2"),
                               ("empty.test", "5.1.2")):
            send(instance, f"ann@{domain}", f"to-{domain}")
            _, _, statuses = notice(instance, "zhang", f"to-{domain}")
            assert statuses[0]["Status"] == status
        # No MX: the address itself, which relays nothing.
        send(instance, "ann@plain.test", "to-plain")
        _, _, statuses = notice(instance, "zhang", "to-plain")
        assert "554" in statuses[0]["Diagnostic-Code"]
        wait_empty(instance)


@needs_knot
def test_c20_exchangers_that_are_ourselves_are_a_loop(make_instance):
    with knot.Knot("loop IN MX 10 localhost.\nself IN MX 10 acme\nacme IN A 192.0.2.1\n"
                   "lies IN MX 10 mx.lies\nmx.lies IN A 127.0.0.1\n") as dns:
        instance = make_instance(settings={**QUICK, "dns": {"server": dns.server}})
        instance.mailadm("route", "add", "out", "--default", "--mx")
        for domain in ("loop.test", "self.test", "lies.test"):
            send(instance, f"ann@{domain}", f"loop-{domain}")
            _, words, statuses = notice(instance, "zhang", f"loop-{domain}")
            assert statuses[0]["Status"] == "5.4.6" and "兜圈子" in words
        wait_empty(instance)


# Servers that behave badly


TLS = ("refused_tls", "noisy_tls", "dropped_tls")
BAD = sorted(set(BEHAVIOURS) - {"good", "seven_bit", "no_text", "refuse", "later", "nul", *TLS})


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """One instance for all bad servers."""
    from conftest import add_people
    from harness.instance import Instance
    with Instance(tmp_path_factory.mktemp("patient") / "i", settings=QUICK) as served:
        yield add_people(served)


@pytest.mark.parametrize("behaviour", BAD)
def test_s28_bad_servers_cost_an_attempt_and_no_mail(patient, behaviour):
    relayd = patient.daemons("relayd")
    with SmtpServer(behaviour) as server:
        tls = "require" if behaviour == "injected_tls" else "off"
        add_route(patient, behaviour.replace("_", "-"), f"127.0.0.1:{server.port}", "--tls", tls)
        try:
            # A large text comes from stored when there is a connection, which may be gone by then.
            send(patient, f"{behaviour}@far.test", f"bad-{behaviour}",
                 "words\r\n" * (300000 if behaviour == "drop_behind_ehlo" else 1))
            wait_log(patient, "relay.mail.deferred", to=f"{behaviour}@far.test")
            # The log may know it before stored does.
            entry = wait_until(lambda: [e for e in queue(patient) if e["detail"]], PATIENCE)[0]
            assert entry["to"] == f"{behaviour}@far.test"
            assert re.fullmatch(r"[ -~]+", entry["detail"]), entry["detail"]
            patient.mailadm("route", "set", behaviour.replace("_", "-"), "--tls", "off")
            server.behaviour = "good"
            wait_empty(patient)
        finally:
            patient.mailadm("route", "remove", behaviour.replace("_", "-"))
        texts = [text for _, _, text in server.messages if f"bad-{behaviour}".encode() in text]
        # Only where the answer to the final dot was lost it may have come twice.
        assert len(texts) == 1 or (len(texts) == 2 and "dot" in behaviour) or \
            behaviour == "escape"
    assert patient.daemons("relayd") == relayd
    assert "\x1b" not in patient.log_text()
    if behaviour in ("drop_after_dot", "half_after_dot", "mute_after_dot"):
        assert any("doubtful=" in line for line in
                   patient.log_lines("relay.mail.deferred", to=f"{behaviour}@far.test"))


@pytest.mark.parametrize("behaviour", ("good",) + TLS)
def test_t07_required_tls_is_never_left_out(patient, behaviour):
    """A server without it, and those who refuse or spoil it; where it is tried only, mail goes."""
    to = f"secret-{behaviour}@far.test"
    name = "tls-" + behaviour.replace("_", "-")
    with SmtpServer(behaviour) as server:
        add_route(patient, name, f"127.0.0.1:{server.port}", "--tls", "require")
        try:
            send(patient, to, f"secret-{behaviour}")
            # More than once: no later attempt takes another way.
            wait_until(lambda: len(patient.log_lines("relay.mail.deferred", to=to)) > 1, PATIENCE)
            assert "MAIL" not in server.heard and "AUTH" not in server.heard
            patient.mailadm("route", "set", name, "--tls", "try")
            wait_empty(patient)
        finally:
            patient.mailadm("route", "remove", name)
        assert [to for _, (to,), _ in server.messages] == [to]


@pytest.mark.parametrize("behaviour", ["no_text", "nul"])
def test_s28_odd_replies_are_understood(patient, behaviour):
    with SmtpServer(behaviour) as server:
        name = behaviour.replace("_", "-")
        add_route(patient, name, f"127.0.0.1:{server.port}", "--tls", "off")
        send(patient, f"{behaviour}@far.test", f"odd-{behaviour}")
        wait_empty(patient)
        patient.mailadm("route", "remove", name)
        if behaviour == "no_text":
            assert len(server.messages) == 1
    if behaviour == "nul":
        _, _, statuses = notice(patient, "zhang", f"odd-{behaviour}")
        assert "5.1.?1 no?body" in statuses[0]["Diagnostic-Code"]


def test_a_dead_smarthost_is_asked_again(quick):
    port = refused_port()
    add_route(quick, "out", f"127.0.0.1:{port}", "--tls", "off")
    for number in range(5):
        send(quick, f"r{number}@far.test", f"dead-{number}")
    wait_log(quick, "relay.mail.deferred")
    with SmtpServer() as server:
        quick.mailadm("route", "set", "out", "--smarthost", f"127.0.0.1:{server.port}")
        wait_empty(quick)
        assert len(server.messages) == 5


# Deaths


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["relayd", "stored", "policyd"])
def test_nothing_is_lost_when_a_process_dies(quick, victim):
    count = 150
    with SmtpServer() as server:
        add_route(quick, "out", f"127.0.0.1:{server.port}", "--tls", "off")
        server.behaviour = "busy"
        with quick.smtp("submission", login="zhang") as client:
            for number in range(count):
                client.sendmail(AUTHOR, [f"r{number}@far.test"],
                                f"From: {AUTHOR}\r\nSubject: death-{number}-\r\n\r\nx\r\n")
        server.behaviour = "good"
        for _ in range(6):
            time.sleep(0.3)
            quick.kill(victim, signal.SIGKILL)
        wait_empty(quick, 60)
        got = [r for _, to, _ in server.messages for r in to]
        assert set(got) == {f"r{n}@far.test" for n in range(count)}
        # What was acknowledged and not yet settled when relayd died may come twice.
        assert len(got) - count <= (6 * 5 * 2 if victim == "relayd" else 0)
