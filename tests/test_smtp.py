"""SMTP from outside and from our own people: what is taken, what is refused, what arrives.

What attackers send is tests/attack/.
"""

import base64
import smtplib
import subprocess
import uuid

import pytest

from harness.wait import wait_until

FROM_OUTSIDE = "customer@example.org"
ZHANG, LI = "zhang@acme.test", "li@acme.test"


def new_token():
    return f"token-{uuid.uuid4().hex}"


def short(value):
    """A readable name for a case."""
    return repr(value)[:30]


def message(token, body="Hello\r\n"):
    return (f"From: <{FROM_OUTSIDE}>\r\nTo: <{ZHANG}>\r\nSubject: {token}\r\n"
            f"Message-ID: <{token}@example.org>\r\n\r\n{body}")


def plain(user, password, authorization=""):
    return base64.b64encode(f"{authorization}\0{user}\0{password}".encode()).decode()


def greeted(instance, name="smtp", source=None):
    """A raw connection behind EHLO."""
    wire = instance.wire(name, source)
    assert wire.reply()[0] == 220
    wire.expect(250, "EHLO mx.example.org")
    return wire


def logged_in(instance, login="zhang"):
    wire = greeted(instance, "submissions")
    user = instance.login(login)
    wire.expect(235, "AUTH PLAIN " + plain(user, instance.passwords[user]))
    return wire


def ready_for_text(instance, recipient=ZHANG):
    """A raw connection from outside that heard 354."""
    wire = greeted(instance)
    wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}>")
    wire.expect(250, f"RCPT TO:<{recipient}>")
    wire.expect(354, "DATA")
    return wire


def send_from_outside(instance, text, recipient=ZHANG):
    with instance.smtp() as client:
        client.sendmail(FROM_OUTSIDE, [recipient], text)


def check_serving(instance, recipient=ZHANG):
    """Whatever was done before: the next message arrives."""
    token = new_token()
    send_from_outside(instance, message(token), recipient)
    assert len(instance.find_mail(recipient, token.encode())) == 1


# Mail between people


@pytest.mark.parametrize("name", ["submission", "submissions"])
def test_colleagues_write_to_each_other(instance, name):
    token = new_token()
    with instance.smtp(name, login="zhang") as client:
        refused = client.sendmail(ZHANG, [LI, "wang@acme.test"], message(token))
    assert refused == {}
    for recipient in ("li", "wang"):
        text = instance.wait_for_mail(recipient, token.encode())
        head, _, _ = text.partition(b"From: <")
        assert head.startswith(b"Return-Path: <zhang@acme.test>\r\nReceived: from ")
        assert b"with ESMTPSA id " in head


def test_mail_is_the_same_over_imap_and_pop3(instance):
    token = new_token()
    text = message(token, body=".\r\n..\r\n.a\r\nlast line without an end")
    send_from_outside(instance, text.encode(), LI)
    wanted = text.encode() + b"\r\n"
    over_imap = instance.wait_for_mail(LI, token.encode())
    assert over_imap.endswith(b"\r\n" + wanted)
    client = instance.pop3(LI)
    numbers = range(1, client.stat()[0] + 1)
    over_pop3 = [b"\r\n".join(client.retr(n)[1]) + b"\r\n" for n in numbers]
    client.quit()
    assert over_imap in over_pop3


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("name", ["submission", "submissions"])
def test_swaks_delivers(instance, name, mechanism):
    token = new_token()
    host, port = instance.endpoints[name]
    tls = ["--tls"] if name == "submission" else ["--tls-on-connect"]
    subprocess.run(["swaks", "--server", host, "--port", str(port), *tls, "--auth", mechanism,
                    "--auth-user", ZHANG, "--auth-password", instance.passwords[ZHANG],
                    "--from", ZHANG, "--to", LI, "--header", f"Subject: {token}"],
                   check=True, stdout=subprocess.PIPE, timeout=60)
    instance.wait_for_mail(LI, token.encode())


@pytest.mark.parametrize("scheme,name", [("smtp", "submission"), ("smtps", "submissions")])
def test_curl_delivers(instance, scheme, name):
    token = new_token()
    port = instance.endpoints[name][1]
    subprocess.run(["curl", "-sS", f"{scheme}://localhost:{port}/desktop-3507", "--ssl-reqd",
                    "--cacert", instance.path("tls", "ca.pem"), "--mail-from", ZHANG,
                    "--mail-rcpt", LI, "--user", f"{ZHANG}:{instance.passwords[ZHANG]}",
                    "--upload-file", "-"],
                   input=message(token).encode(), check=True, timeout=60)
    instance.wait_for_mail(LI, token.encode())


def test_the_same_recipient_twice_gets_one_copy(instance):
    token = new_token()
    with instance.smtp() as client:
        client.sendmail(FROM_OUTSIDE, [ZHANG, "zhang@ACME.test", ZHANG], message(token))
    assert len(instance.find_mail("zhang", token.encode())) == 1


def test_unknown_recipients_are_refused_one_by_one(instance):
    token = new_token()
    with instance.smtp() as client:
        refused = client.sendmail(FROM_OUTSIDE, [ZHANG, "nobody@acme.test", "a@elsewhere.test"],
                                  message(token))
    assert {address: code for address, (code, _) in refused.items()} == {
        "nobody@acme.test": 550, "a@elsewhere.test": 550}
    instance.wait_for_mail("zhang", token.encode())


def test_a_recipient_outside_is_refused_with_a_clear_text(instance):
    with instance.smtp("submissions", login="zhang") as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail(ZHANG, ["buyer@customer.example"], message(new_token()))
    code, text = refused.value.recipients["buyer@customer.example"]
    assert code == 550 and text.isascii() and len(text) <= 130 and b"5." in text[:2]


def test_nobody_sends_in_another_name(instance):
    with instance.smtp("submissions", login="zhang") as client:
        client.ehlo()
        assert client.mail("li@acme.test")[0] in (550, 553)


def test_headers_of_ours_say_where_it_came_from(instance):
    token = new_token()
    wire = greeted(instance)
    wire.expect(250, "EHLO strange_name(with)\"things\"")
    wire.expect(250, "MAIL FROM:<>")
    wire.expect(250, f"RCPT TO:<{ZHANG}>")
    wire.expect(354, "DATA")
    wire.expect(250, message(token) + ".")
    text = instance.wait_for_mail("zhang", token.encode())
    assert text.startswith(b"Return-Path: <>\r\nReceived: from strange_name?with??things? "
                           b"([127.0.0.1])\r\n\tby mail.acme.test with ESMTP id ")


# Line ends


ENDS = [b"\n.\r\n", b"\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n\x00.\r\n", b"\r\n\x00.\r\n",
        b"\r\n.\r\r\n", b"\r\n.\x00\r\n", b"\r\n.\n"]


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_submission_repairs_line_ends_and_refuses_nul(instance, end):
    token = new_token()
    wire = logged_in(instance)
    wire.expect(250, f"MAIL FROM:<{ZHANG}>")
    wire.expect(250, f"RCPT TO:<{LI}>")
    wire.expect(354, "DATA")
    wire.send(message(token, "a").encode() + end + b"b\r\n.\r\n")
    code, text = wire.reply()
    found = instance.find_mail("li", token.encode())
    if b"\0" in end:
        assert (code, text[:5], found) == (550, "5.6.0", [])
    else:
        body = found[0].split(b"\r\n\r\n", 1)[1]
        assert code == 250 and len(found) == 1
        assert b"\r" not in body.replace(b"\r\n", b"") and b"\n" not in body.replace(b"\r\n", b"")
        assert body.startswith(b"a\r\n") and body.endswith(b"b\r\n")
    wire.expect(250, "NOOP")


# BDAT


def test_chunks_count_bytes(instance):
    token = new_token()
    text = message(token, "one\r\ntwo\r\n.\r\nthree\r\n").encode()
    wire = greeted(instance)
    wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}>")
    wire.expect(250, f"RCPT TO:<{ZHANG}>")
    pieces = [text[at:at + 7] for at in range(0, len(text), 7)]
    wire.send(b"".join(b"BDAT %d\r\n%s" % (len(piece), piece) for piece in pieces)
              + b"BDAT 0 LAST\r\nNOOP\r\n")
    for _ in pieces:
        assert wire.reply()[0] == 250
    assert [wire.reply()[0], wire.reply()[0]] == [250, 250]
    assert instance.wait_for_mail("zhang", token.encode()).endswith(b"\r\n" + text)


# Bad commands


def test_twenty_mistakes_are_enough(instance):
    wire = greeted(instance)
    for _ in range(20):
        wire.expect(500, "XYZZY")
    assert wire.reply()[0] == 421 and wire.is_closed()


@pytest.mark.parametrize("parameters,code", [
    ("SIZE=18446744073709551616", 501), ("SIZE=-1", 501), ("SIZE=x", 501), ("SIZE", 501),
    ("SIZE=1 SIZE=2", 501), ("BODY=8BITMIME BODY=7BIT", 501), ("BODY=BINARYMIME", 501),
    ("SIZE=9999999999", 552), ("X=1", 555), (" ".join(f"X{i}=1" for i in range(500)), 555),
    ("RET=FULL ENVID=a+0D+0Ab", 501), ("=", 501), ("SMTPUTF8 BODY=8bitmime SIZE=10", 250),
], ids=short)
def test_parameters_from_outside(instance, parameters, code):
    """S14 and S16"""
    wire = greeted(instance)
    wire.expect(code, f"MAIL FROM:<a@example.org> {parameters}")


@pytest.mark.parametrize("path", [
    "<a@b", "a@b", " <a@b>", "<a@b>x", "<a@b@c>", "<;sleep 5;@x>", "<a@[127.0.0.1>", "<a@b.>",
    "<" + "x" * 300 + "@b.test>", "<[IPv6:" + "x" * 3000 + "]>", b"<\xd5\xc5@example.org>",
    b"<a\xc0\xaf@example.org>",
], ids=short)
def test_addresses_that_are_none(instance, path):
    path = path if isinstance(path, bytes) else path.encode()
    wire = greeted(instance)
    wire.expect(501, b"MAIL FROM:" + path)
    wire.expect(250, "MAIL FROM:<a@example.org>")
    wire.expect(501, b"RCPT TO:" + path)
    wire.expect(250, f"RCPT TO:<{ZHANG}>")


# Sizes


def is_too_much(instance, size):
    """What is in flight leaves no room for a message of so many bytes."""
    with greeted(instance) as wire:
        code, said = wire.command(f"MAIL FROM:<{FROM_OUTSIDE}> SIZE={size}")
        wire.expect(221, "QUIT")
    assert code in (250, 452), said
    return code == 452


def test_sizes_in_one_process_are_limited(make_instance):
    """S14: the real limit counts, whatever was promised; and what is being received is limited."""
    small = make_instance(settings={"smtp": {"message_max": "1m", "in_flight": "3m"}})
    token = new_token()
    wire = greeted(small)
    wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}> SIZE=1")
    wire.expect(250, f"RCPT TO:<{ZHANG}>")
    wire.expect(354, "DATA")
    line = b"x" * 1022 + b"\r\n"
    wire.send(message(token).encode() + line * 1500 + b".\r\n")
    assert wire.reply()[0] == 552
    wire.expect(552, f"MAIL FROM:<{FROM_OUTSIDE}> SIZE={1024 * 1024 + 1}")
    text = message(token).encode() + line * 1000
    waiting = [ready_for_text(small) for _ in range(4)]
    for other in waiting[:3]:
        other.send(text)
    left = 3 * 1024 * 1024 - 3 * len(text)
    wait_until(lambda: is_too_much(small, left + 1), what="three texts in flight", every=0.1)
    waiting[3].send(text)
    for other, code in zip(reversed(waiting), (452, 250, 250, 250)):
        other.expect(code, ".")
    assert len(small.find_mail("zhang", token.encode())) == 3
    check_serving(small)


# Login


WRONG_LOGINS = [
    b"admin@acme.test\0zhang@acme.test\0%s", b"li@acme.test\0zhang@acme.test\0%s",
    b"\0zh\0ang@acme.test\0%s", b"\0\xd5\xc5\xc8\xfd@acme.test\0%s", b"\0%%{home}%%200000u\0%s",
    b"\0zhang@acme.test\0%s ", b"\0\0", b"", b"\0zhang@acme.test\0",
]


@pytest.mark.waits
def test_wrong_logins_are_refused(make_instance):
    """All at once, because each failure slows the next answer down."""
    own = make_instance()
    password = own.passwords[ZHANG].encode()
    wires = []
    for response in WRONG_LOGINS:
        raw = response % password if b"%s" in response else response
        wires.append(greeted(own, "submissions"))
        wires[-1].send(b"AUTH PLAIN " + (base64.b64encode(raw) or b"=") + b"\r\n")
    assert {wire.reply()[0] for wire in wires} <= {501, 535}
    right = greeted(own, "submissions")
    right.expect(235, "AUTH PLAIN " + plain(ZHANG, own.passwords[ZHANG]))


# Clients that vanish


@pytest.mark.slow
def test_a_client_that_vanishes_at_any_byte(instance):
    """Cut after every byte: nothing is stored before the final dot, one message after it."""
    token = new_token()
    whole = (f"EHLO mx.example.org\r\nMAIL FROM:<{FROM_OUTSIDE}>\r\nRCPT TO:<{ZHANG}>\r\nDATA\r\n"
             + message(token, "..\r\n") + ".\r\n").encode()
    for cut in range(1, len(whole), 3):
        wire = instance.wire("smtp")
        assert wire.reply()[0] == 220
        wire.send(whole[:cut])
        wire.reset() if cut % 2 else wire.close()
    check_serving(instance)
    assert instance.find_mail("zhang", token.encode()) == []
    wire = instance.wire("smtp")
    assert wire.reply()[0] == 220
    wire.send(whole)
    wire.finish()
    assert wire.rest().split(b"\r\n")[-2].startswith(b"250 2.")
    assert len(instance.find_mail("zhang", token.encode())) == 1


def test_without_policyd_mail_waits_outside(make_instance):
    own = make_instance()
    wire = greeted(own)
    # Stopped, not killed: the supervisor would start another.
    own.kill("policyd", 19)
    try:
        code, text = wire.command("MAIL FROM:<a@example.org>")
        assert (code, text[:5]) == (451, "4.3.0")
    finally:
        own.kill("policyd", 18)
    check_serving(own)
