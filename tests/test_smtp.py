"""SMTP from outside and from our own people: what is taken, what is refused, what arrives."""

import base64
import smtplib
import subprocess
import time
import uuid

import pytest

from harness.wire import Closed, new_source

FROM_OUTSIDE = "customer@example.org"
ZHANG, LI = "zhang@acme.test", "li@acme.test"
NO_LEAK_KIB = 32 * 1024


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


# Smuggling: S01, S02, S05, S09


SMUGGLED = "MAIL FROM:<x@y.test>\r\nRCPT TO:<" + ZHANG + ">\r\nDATA\r\nSubject: smuggled {0}\r\n\r\n"
ENDS = [b"\n.\r\n", b"\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n\x00.\r\n", b"\r\n\x00.\r\n",
        b"\r\n.\r\r\n", b"\r\n.\x00\r\n", b"\r\n.\n"]


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_only_crlf_dot_crlf_ends_a_message_from_outside(instance, end):
    """S01 and S02: nothing is stored, and nothing behind the false end is a command."""
    token = new_token()
    wire = ready_for_text(instance)
    wire.send(message(token, "a").encode() + end + SMUGGLED.format(token).encode() + b"\r\n.\r\n")
    code, text = wire.reply()
    assert code == 550 and text[:6] in ("5.6.11", "5.6.0 ")
    assert wire.is_closed()
    assert instance.find_mail("zhang", token.encode()) == []
    check_serving(instance)


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


@pytest.mark.parametrize("cut", range(6))
def test_the_end_may_be_cut_anywhere(instance, cut):
    """S05: exactly one message, however the segments fall."""
    token = new_token()
    wire = ready_for_text(instance)
    end = b"\r\n.\r\n"
    wire.send(message(token, "a").encode())
    pieces = [end[:cut], end[cut:]] if cut < 5 else [end[i:i + 1] for i in range(5)]
    for piece in pieces:
        wire.send(piece)
        time.sleep(0.02)    # a segment of its own; nothing is waited for
    assert wire.reply()[0] == 250
    wire.expect(250, "NOOP")
    assert len(instance.find_mail("zhang", token.encode())) == 1


def test_commands_within_a_text_are_text(instance):
    """S09"""
    token = new_token()
    wire = ready_for_text(instance)
    body = "EHLO x\r\nRSET\r\nQUIT\r\n"
    wire.expect(250, message(token, body) + ".")
    assert instance.wait_for_mail("zhang", token.encode()).endswith(body.encode())


# BDAT: S06, S07


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


@pytest.mark.parametrize("chunk", ["99999999999999999999 LAST", "-1", "x", "", "1 FIRST"])
def test_a_chunk_without_a_size_ends_the_connection(instance, chunk):
    wire = greeted(instance)
    wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}>")
    wire.expect(250, f"RCPT TO:<{ZHANG}>")
    wire.expect(501, f"BDAT {chunk}")
    assert wire.is_closed()


def test_an_empty_message_is_one(instance):
    wire = greeted(instance)
    wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}>")
    wire.expect(250, f"RCPT TO:<{LI}>")
    wire.send(b"BDAT 0 LAST\r\n")
    assert wire.reply()[0] in (250, 550, 554)
    wire.expect(250, "NOOP")


def test_a_bare_line_feed_in_a_chunk_is_refused(instance):
    token = new_token()
    text = message(token, "a\nb\r\n").encode()
    wire = greeted(instance)
    wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}>")
    wire.expect(250, f"RCPT TO:<{ZHANG}>")
    wire.send(b"BDAT %d LAST\r\n%s" % (len(text), text))
    assert wire.reply()[0] == 550
    assert wire.is_closed() and instance.find_mail("zhang", token.encode()) == []


def test_chunks_and_nonsense_leave_no_trace(instance):
    """S07"""
    for _ in range(10):
        wire = greeted(instance)
        wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}>")
        wire.expect(250, f"RCPT TO:<{ZHANG}>")
        wire.send(b"BDAT 1\r\naNONSENSE\r\nBDAT 1\r\nbRSET\r\nBDAT 1\r\ncQUIT\r\n")
        codes = [wire.reply()[0] for _ in range(6)]
        assert codes == [250, 500, 250, 250, 503, 221]
    check_serving(instance)


# Bad commands: S08, S10, S11, S16, S25, S26, T10


def test_who_talks_before_the_greeting_is_refused_or_understood(instance):
    """S08: never out of step."""
    wire = instance.wire("smtp")
    wire.send("EHLO a\r\nQUIT\r\n")
    code, _ = wire.reply()
    if code == 220:
        assert [wire.reply()[0], wire.reply()[0]] == [250, 221]
    else:
        assert code == 554
    assert wire.is_closed()


def test_talking_early_is_noticed(make_instance):
    early = make_instance(settings={"smtp": {"banner_wait_ms": "5000"}})
    wire = early.wire("smtp")
    wire.send("EHLO a\r\n")
    assert wire.reply()[0] == 554 and wire.is_closed()


@pytest.mark.parametrize("line", [b"EHLO a\0b", b"NO\0OP", b"EHLO a\rb", b"EHLO <script>",
                                  b"EHLO " + b"x" * 1000, b"MAIL FROM:<a\0@b>"],
                         ids=short)
def test_controls_in_commands_are_refused(instance, line):
    """S10 and S26"""
    wire = greeted(instance)
    wire.expect(501, line)
    wire.expect(250, "NOOP")


def test_lines_are_limited(instance):
    """S11"""
    wire = greeted(instance)
    wire.expect(250, "NOOP " + "x" * 500)
    wire.expect(250, "NOOP " + "x" * 4000)
    assert wire.expect(500, "NOOP " + "x" * 5000).startswith("5.5.2")
    wire.expect(250, "NOOP")
    with pytest.raises(Closed) as closed:
        for _ in range(160):
            wire.send(b"x" * 65536)
        wire.fill()
        raise Closed(wire.rest())
    assert closed.value.args[0] in (b"", b"421 4.7.0 The line does not end\r\n")
    check_serving(instance)


def test_twenty_mistakes_are_enough(instance):
    wire = greeted(instance)
    for _ in range(20):
        wire.expect(500, "XYZZY")
    assert wire.reply()[0] == 421 and wire.is_closed()


@pytest.mark.parametrize("verb", ["GET / HTTP/1.1", "POST / HTTP/1.1", "CONNECT a:25 HTTP/1.0"])
def test_web_programs_get_no_answer(instance, verb):
    wire = instance.wire("smtp")
    assert wire.reply()[0] == 220
    wire.send(f"{verb}\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n")
    assert wire.is_closed()


@pytest.mark.parametrize("parameters,code", [
    ("SIZE=18446744073709551616", 501), ("SIZE=-1", 501), ("SIZE=x", 501), ("SIZE", 501),
    ("SIZE=1 SIZE=2", 501), ("BODY=8BITMIME BODY=7BIT", 501), ("BODY=BINARYMIME", 501),
    ("SIZE=9999999999", 552), ("X=1", 555), (" ".join(f"X{i}=1" for i in range(500)), 555),
    ("RET=FULL ENVID=a+0D+0Ab", 555), ("=", 501), ("SMTPUTF8 BODY=8bitmime SIZE=10", 250),
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


@pytest.mark.parametrize("recipient", [
    '""@acme.test', "|id@acme.test", "`id`@acme.test", "${run{\\x2Fbin}}@acme.test",
    "../../etc/passwd@acme.test", "u%x@acme.test", "a!zhang@acme.test", '"zhang@acme.test"@a.test',
    "zhang@[127.0.0.1]", "zhang@acme.test.evil.test", "zhang%acme.test@elsewhere.test",
])
def test_strange_recipients_are_refused_and_harmless(instance, recipient):
    """S17 to S22, S27: opaque text, and never relayed."""
    wire = greeted(instance)
    wire.expect(250, "MAIL FROM:<a@example.org>")
    code, text = wire.command(f"RCPT TO:<{recipient}>")
    assert code in (501, 550, 553), text
    wire.expect(250, f"RCPT TO:<@elsewhere.test:{ZHANG}>")


def test_an_address_in_utf8_needs_its_parameter(instance):
    """S23"""
    wire = greeted(instance)
    wire.expect(553, "MAIL FROM:<张@example.org>")
    wire.expect(250, "MAIL FROM:<张@example.org> SMTPUTF8")
    assert wire.command("RCPT TO:<张@acme.test>")[0] in (550, 553)
    wire.expect(250, "RSET")
    wire.expect(250, "MAIL FROM:<a@example.org>")
    wire.expect(553, "RCPT TO:<张@acme.test>")


# Sizes and numbers: S12, S13, S14, S15


@pytest.mark.parametrize("size", [998, 999, 100_000, 20 * 1024 * 1024])
def test_one_long_header_line(instance, size):
    """S12: taken or refused, in bounded memory."""
    token = new_token()
    wire = ready_for_text(instance, LI)
    wire.send(f"Subject: {token}\r\nX-Long: ".encode() + b"x" * size + b"\r\n\r\nbody\r\n.\r\n")
    code, _ = wire.reply()
    assert code in (250, 550, 552)
    assert len(instance.find_mail("li", token.encode())) == (1 if code == 250 else 0)
    wire.expect(250, "NOOP")


def test_two_hundred_thousand_headers(instance):
    """S12"""
    token = new_token()
    wire = ready_for_text(instance, LI)
    wire.send(f"Subject: {token}\r\n".encode() + b"X: y\r\n" * 200_000 + b"\r\nbody\r\n.\r\n")
    code, _ = wire.reply()
    assert code in (250, 550, 552)
    check_serving(instance)


def test_mail_that_goes_in_circles_is_refused(instance):
    """S13"""
    token = new_token()
    wire = ready_for_text(instance)
    code, text = wire.command("Received: from a by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n" * 101
                              + message(token) + ".")
    assert (code, text[:5]) == (554, "5.4.6")
    assert instance.find_mail("zhang", token.encode()) == []


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
    waiting = [ready_for_text(small) for _ in range(4)]
    for other in waiting:
        other.send(message(token).encode() + line * 1000)
    codes = []
    for other in waiting:
        other.send(b".\r\n")
        codes.append(other.reply()[0])
    assert sorted(codes)[-1] == 452 and codes.count(250) >= 2
    assert len(small.find_mail("zhang", token.encode())) == codes.count(250)
    check_serving(small)


def test_recipients_are_limited(instance):
    """S15: 1,000 good ones at most; a hundred bad ones end the connection."""
    wire = greeted(instance)
    wire.expect(250, f"MAIL FROM:<{FROM_OUTSIDE}>")
    wire.send(b"".join(b"RCPT TO:<nobody%d@acme.test>\r\n" % i for i in range(10_000)))
    codes = []
    with pytest.raises(Closed):
        while True:
            codes.append(wire.reply()[0])
    assert codes == [550] * 100 + [421]
    check_serving(instance)


# Orders: S24 is tests/session; T01, T06, T12, T13


def test_what_comes_in_clear_behind_starttls_is_lost(instance):
    """T01"""
    for name in ("smtp", "submission"):
        wire = greeted(instance, name)
        wire.send("STARTTLS\r\nRSET\r\nMAIL FROM:<inj@example.org>\r\n")
        assert wire.reply()[0] == 220
        wire.start_tls(instance.tls())
        wire.expect(250, "EHLO a")
        assert wire.command("RCPT TO:<zhang@acme.test>")[0] == 503


def test_auth_is_not_for_the_outside(instance):
    """T12"""
    wire = greeted(instance)
    wire.expect(502, "AUTH PLAIN " + plain(ZHANG, instance.passwords[ZHANG]))


@pytest.mark.parametrize("name", ["smtp", "submissions"])
@pytest.mark.parametrize("is_reset", [False, True])
def test_a_cut_text_is_not_stored(instance, name, is_reset):
    """T13: an end of the connection is no end of a message."""
    token = new_token()
    wire = ready_for_text(instance) if name == "smtp" else logged_in(instance)
    if name != "smtp":
        wire.expect(250, f"MAIL FROM:<{ZHANG}>")
        wire.expect(250, f"RCPT TO:<{ZHANG}>")
        wire.expect(354, "DATA")
    wire.send(message(token) + "\r\n.")
    if is_reset:
        wire.reset()
    else:
        wire.close()
    check_serving(instance)
    assert instance.find_mail("zhang", token.encode()) == []


# Login: A01, A03, A04, A05, A07


@pytest.mark.parametrize("response", [
    "A", "AB", "ABC", "ABCDE", "====", "A===", "AAAA AAAA", "AAA=AAAA", "\u00e4\u00e4\u00e4\u00e4",
    "AGE\0=",
])
def test_base64_that_is_none(instance, response):
    """A01"""
    wire = greeted(instance, "submissions", new_source())
    wire.expect(501, f"AUTH PLAIN {response}")
    wire.expect(334, "AUTH PLAIN")
    assert wire.command(response)[0] == 501
    wire.expect(235, "AUTH PLAIN " + plain(ZHANG, instance.passwords[ZHANG]))


def test_a_login_message_of_a_mebibyte(instance):
    """A01: refused, and others are not disturbed."""
    wire = greeted(instance, "submissions", new_source())
    wire.expect(334, "AUTH PLAIN")
    with pytest.raises(Closed):
        wire.send(b"A" * (1024 * 1024) + b"\r\n")
        code, _ = wire.reply()
        assert code in (421, 500, 501)
        wire.fill()
    other = greeted(instance, "submissions")
    other.expect(235, "AUTH PLAIN " + plain(ZHANG, instance.passwords[ZHANG]))


@pytest.mark.parametrize("mechanism", ["NTLM", "GSSAPI", "ANONYMOUS", "DIGEST-MD5", "EXTERNAL",
                                       "CRAM-MD5"])
def test_no_other_mechanism(instance, mechanism):
    """A03"""
    wire = greeted(instance, "submissions")
    wire.expect(504, f"AUTH {mechanism} AAAA")


WRONG_LOGINS = [
    b"admin@acme.test\0zhang@acme.test\0%s", b"li@acme.test\0zhang@acme.test\0%s",
    b"\0zh\0ang@acme.test\0%s", b"\0\xd5\xc5\xc8\xfd@acme.test\0%s", b"\0%%{home}%%200000u\0%s",
    b"\0zhang@acme.test\0%s ", b"\0\0", b"", b"\0zhang@acme.test\0",
]


def test_wrong_logins_are_refused(make_instance):
    """A04 and A05; all at once, because each failure slows the next answer down."""
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


def memory_kib(instance, name):
    total = 0
    for pid in instance.daemons(name):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    return total


def test_logins_given_up_leave_nothing(instance):
    """A07: 2,000 times; closing in the middle, too."""
    before = memory_kib(instance, "smtpd") + memory_kib(instance, "policyd")
    for _ in range(110):
        wire = greeted(instance, "submissions", new_source())
        for _ in range(18):
            wire.expect(334, "AUTH LOGIN")
            wire.expect(501, "*")
        wire.expect(334, "AUTH LOGIN")
        wire.close()
    after = memory_kib(instance, "smtpd") + memory_kib(instance, "policyd")
    assert after - before < 2 * NO_LEAK_KIB    # two processes
    assert instance.inbox("zhang", head=100) is not None


# Clients that dawdle, never listen, or write into the log: S34, S35, S36


def test_a_command_has_to_come_whole_in_its_time(make_instance):
    """S35: bytes that trickle do not buy more time, and others are served."""
    own = make_instance(settings={"smtp": {"command_patience": "2s"}})
    slow = greeted(own)
    slow.socket.settimeout(0.25)
    begun = time.monotonic()
    with pytest.raises(Closed):
        while time.monotonic() - begun < 20:
            slow.send(b"x")
            try:
                slow.fill()
            except TimeoutError:
                pass
    assert 1.5 < time.monotonic() - begun < 15
    assert slow.buffer.startswith(b"421 4.4.2 ")
    check_serving(own)


def test_a_client_that_never_listens_fills_nothing(instance):
    """S36: its answers wait in a bounded space, and no more of its commands are read."""
    before = memory_kib(instance, "smtpd")
    deaf = greeted(instance)
    deaf.socket.settimeout(1.0)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 64 * 1024 * 1024:
            sent += deaf.socket.send(b"NOOP\r\n" * 10_000)
    assert memory_kib(instance, "smtpd") - before < NO_LEAK_KIB
    check_serving(instance)
    deaf.socket.settimeout(20)
    for _ in range(1000):
        assert deaf.reply()[0] == 250
    deaf.reset()


def test_nobody_writes_lines_into_the_log(instance):
    """S34: Instance.check_log() looks for the controls when the instance stops."""
    forged = "\x1b[2J%n%n level=error event=forged"
    wire = greeted(instance, "submissions", new_source())
    wire.command(f"EHLO {forged}")
    wire.command("AUTH PLAIN " + plain(f"a\nlevel=error event=forged {forged}", "x"))
    other = greeted(instance)
    other.command(f"MAIL FROM:<{forged}@example.org>")
    other.expect(250, "MAIL FROM:<a@example.org>")
    other.command(f'RCPT TO:<"{forged[4:]}"@acme.test>')
    assert not instance.log_lines("forged")


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
