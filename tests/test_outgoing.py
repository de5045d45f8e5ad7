"""Mail that leaves: as whom, by which route, what stays inside; and that the answer finds back."""

import email
import email.policy
import re
import smtplib

import pytest

from harness.instance import Instance
from harness.pop3_server import Pop3Server
from harness.smtp_server import SmtpServer
from harness.wait import wait_until

ZHANG, LI, WANG = "zhang@acme.test", "li@acme.test", "wang@acme.test"
SHARED = "sales@example.com"
CUSTOMER = "ann@customer.example"
LAN, INTERNET = "127.0.0.2", "127.0.0.3"
PATIENCE = 30.0
SETTINGS = {"policy": {"lan": "127.0.0.2, 10.0.0.0/8"},
            "relay": {"retry_first": "1s", "retry_max": "2s", "idle": "2s"}}
PEOPLE = {"zhang": (["Zhang San", "张三"], f'"Zhang San" <{SHARED}>'),
          "li": (["Li Si", "李四"], f'"Li Si" <{SHARED}>'),
          "wang": (["Wang Wu"], "wang@example.com"),
          "sun": (["Sun Ba"], None)}


@pytest.fixture(scope="module")
def sink():
    with SmtpServer() as server:
        yield server


def add_route(instance, name, server, *whom):
    instance.mailadm("route", "add", name, *whom, "--smarthost", f"127.0.0.1:{server.port}",
                     "--tls", "off")


@pytest.fixture(scope="module")
def company(tmp_path_factory, sink):
    """Four people, three of them known outside, and a way there."""
    with Instance(tmp_path_factory.mktemp("company") / "i", settings=SETTINGS) as served:
        for name, (names, outside) in PEOPLE.items():
            served.user_add(name, f"secret of {name}", names=names, outside=outside)
        served.mailadm("domain", "add", "office.lan")
        served.user_add("inner@office.lan", "secret of inner")
        add_route(served, "isp", sink, "--default")
        yield served


def submit(instance, text, to, sender="zhang"):
    with instance.smtp("submission", login=sender) as client:
        return client.sendmail(instance.login(sender), to, text)


def sent(sink, token, count=1):
    """What the smarthost got with token in it: [(sender, recipients, text)]."""
    def found():
        hits = [m for m in sink.messages if token.encode() in m[2]]
        return hits if sum(len(m[1]) for m in hits) >= count else None
    return wait_until(found, PATIENCE, f"{token} at the smarthost", 0.1)


def parsed(text):
    return email.message_from_bytes(text, policy=email.policy.default)


def offer(token, more="", to=CUSTOMER, body="See you.\r\n"):
    return (f"From: Zhang <{ZHANG}>\r\nTo: {to}\r\nSubject: {token}\r\n"
            f"Message-ID: <{token}@acme.test>\r\n{more}\r\n{body}").encode()


def test_mail_leaves_as_the_outside_identity_and_colleagues_get_it_as_it_was(company, sink):
    text = offer("mixed", f"Cc: Li <{LI}>, {WANG}\r\nBcc: boss@far.example\r\n"
                 "X-Originating-IP: [192.168.1.9]\r\n")
    submit(company, text, [CUSTOMER, LI, WANG, "boss@far.example"])
    messages = sent(sink, "mixed", 2)
    assert {m[0] for m in messages} == {SHARED}
    assert sorted(r for m in messages for r in m[1]) == [CUSTOMER, "boss@far.example"]
    outside = messages[0][2]
    for secret in (b"acme", b"192.168", b"boss@", b"127.0.0.1", b"Return-Path", b"ESMTPSA"):
        assert secret not in outside, outside
    message = parsed(outside)
    assert message["From"] == f"Zhang San <{SHARED}>"
    assert message["Cc"] == f"Li Si <{SHARED}>, Wang Wu <wang@example.com>"
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", message["Message-ID"])
    assert message["Date"]
    assert message.get_content() == "See you.\r\n"
    for name in (LI, WANG):
        assert company.wait_for_mail(name, b"mixed").endswith(text)
    copies = company.inbox(ZHANG, '"Sent Items"')
    assert [c.endswith(text) for c in copies if b"mixed" in c] == [True]
    audit = company.mailadm("audit", "list")
    assert "mail.sent" in audit


def test_the_sent_copy_is_read_already_and_can_be_switched_off(company, make_instance):
    submit(company, offer("filed", to=LI), [LI])
    company.wait_for_mail(LI, b"filed")
    client = company.imap(ZHANG, '"Sent Items"')
    state, found = client.search(None, "SUBJECT", "filed", "SEEN")
    assert state == "OK" and len(found[0].split()) == 1
    client.logout()
    other = make_instance(settings={"policy": {"sent_copy": "no"}})
    submit(other, offer("filed", to=LI), [LI])
    other.wait_for_mail(LI, b"filed")
    assert other.inbox(ZHANG, '"Sent Items"') == []


def test_the_answer_finds_back_by_thread_and_by_name(company, sink):
    submit(company, offer("question"), [CUSTOMER])
    outside = parsed(sent(sink, "question")[0][2])["Message-ID"]
    answers = [
        f"From: <{CUSTOMER}>\r\nTo: <{SHARED}>\r\nSubject: by thread\r\n"
        f"In-Reply-To: {outside}\r\nMessage-ID: <1@customer.example>\r\n\r\nyes\r\n",
        f"From: <{CUSTOMER}>\r\nTo: \"Zhang San\" <{SHARED}>\r\nSubject: by name\r\n"
        "Message-ID: <2@customer.example>\r\n\r\nyes\r\n",
        f"From: <{CUSTOMER}>\r\nTo: <{SHARED}>\r\nSubject: by nothing\r\n"
        "Message-ID: <3@customer.example>\r\n\r\nyes\r\n"]
    with Pop3Server([a.encode() for a in answers], user="sales", password="p") as mailbox:
        company.mailadm("fetch", "add", "sales", "--server", f"localhost:{mailbox.port}",
                        "--protocol", "pop3", "--tls", "off", "--user", "sales",
                        "--secret-stdin", "--shared", SHARED, "--dispatcher", LI, stdin="p\n")
        company.mailadm("fetch", "run", "sales")
    company.wait_for_mail(ZHANG, b"by thread")
    company.wait_for_mail(ZHANG, b"by name")
    company.wait_for_mail(LI, b"by nothing")
    # What zhang answers goes on in the same thread, for the customer's program, too.
    submit(company, offer("answer", f"References: <question@acme.test> <1@customer.example>\r\n"),
           [CUSTOMER])
    assert parsed(sent(sink, "answer")[0][2])["References"].split() == \
        [outside, "<1@customer.example>"]


def test_what_foxmail_writes_raw_leaves_encoded(company, sink):
    subject, body = "询价单 raw-gbk", "你好，请报价。\r\n"
    text = (b"From: \"" + "张三".encode("gbk") + b"\" <zhang@acme.test>\r\nTo: \""
            + "安".encode("gbk") + b"\" <ann@customer.example>\r\nSubject: "
            + subject.encode("gbk") + b"\r\nX-Mailer: Foxmail 5.0 [cn]\r\n"
            b"Content-Type: text/plain; charset=\"gb2312\"\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body.encode("gbk"))
    submit(company, text, [CUSTOMER])
    _, _, outside = wait_until(lambda: [m for m in sink.messages if b"Foxmail 5.0" in m[2]],
                               PATIENCE, "the mail", 0.1)[0]
    assert max(outside) < 128
    message = parsed(outside)
    assert message["Subject"] == subject
    assert message["To"].addresses[0].display_name == "安"
    assert message.get_content() == body
    assert message["Message-ID"] and message["Date"]


def test_the_sender_s_route_then_the_domain_s_then_the_default(company, sink):
    with SmtpServer() as domain, SmtpServer() as sender:
        add_route(company, "domain", domain, "--for-domain", "Special.example")
        add_route(company, "wang", sender, "--for-sender", WANG)
        try:
            submit(company, offer("routes"), ["a@special.example", CUSTOMER])
            submit(company, offer("own route"), ["a@special.example"], sender="wang")
            assert sent(sink, "routes")[0][1] == [CUSTOMER]
            assert sent(domain, "routes")[0][1] == ["a@special.example"]
            assert sent(sender, "own route")[0][:2] == ("wang@example.com", ["a@special.example"])
            company.mailadm("route", "set", "wang", "--disable")
            submit(company, offer("third"), ["a@special.example"], sender="wang")
            sent(domain, "third")
        finally:
            company.mailadm("route", "remove", "domain")
            company.mailadm("route", "remove", "wang")


def test_what_cannot_be_delivered_comes_back_to_its_author(company):
    with SmtpServer() as refusing:
        refusing.behaviour = "refuse"
        add_route(company, "refusing", refusing, "--for-domain", "nowhere.example")
        try:
            submit(company, offer("returned"), ["x@nowhere.example"])
            report = company.wait_for_mail(ZHANG, b"multipart/report", PATIENCE)
            assert b"x@nowhere.example" in report
            wait_until(lambda: "mail.failed" in company.mailadm("audit", "list"), PATIENCE)
            wait_until(lambda: not company.mailadm("queue", "list", "--json").strip(), PATIENCE)
        finally:
            company.mailadm("route", "remove", "refusing")


def test_who_has_no_outside_address_is_shown_as_their_login_or_not_at_all(company, sink):
    submit(company, offer("as login"), [CUSTOMER], sender="sun")
    message = sent(sink, "as login")[0]
    assert message[0] == "sun@acme.test"
    assert parsed(message[2])["From"].addresses[0].addr_spec == "sun@acme.test"
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        submit(company, offer("inner"), [CUSTOMER], sender="inner@office.lan")
    code, text = refused.value.recipients[CUSTOMER]
    assert code == 550 and b"outside address" in text


def test_without_a_route_nothing_leaves(make_instance):
    instance = make_instance()
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        submit(instance, offer("no way"), [CUSTOMER])
    code, text = refused.value.recipients[CUSTOMER]
    assert code == 550 and b"no route to outside domains is set up" in text


# The LAN


def said(instance, source, sender, recipient, name="smtp"):
    """The code for RCPT."""
    wire = instance.wire(name, source=source)
    assert wire.reply()[0] == 220
    wire.expect(250, "EHLO printer")
    code = wire.command(f"MAIL FROM:<{sender}>")[0]
    if code == 250:
        code = wire.command(f"RCPT TO:{recipient}")[0]
    wire.close()
    return code


@pytest.mark.parametrize("source,sender,recipient,code", [
    (LAN, "scanner@acme.test", f"<{ZHANG}>", 250),
    (LAN, "scanner@acme.test", "<x@far.example>", 250),
    (LAN, "zhang@acme.test", "<x@far.example>", 250),
    (LAN, "", "<x@far.example>", 250),
    (LAN, SHARED, "<x@far.example>", 250),
    (LAN, "someone@far.example", f"<{ZHANG}>", 250),
    (LAN, "someone@far.example", "<x@far.example>", 550),
    (LAN, "scanner@acme.test", "<x%far.example@acme.test>", 550),
    (LAN, "scanner@acme.test", '<"x@far.example"@acme.test>', 553),
    (INTERNET, "scanner@acme.test", "<x@far.example>", 550),
    (INTERNET, "zhang@acme.test", "<x@far.example>", 550),
    (INTERNET, "", "<x@far.example>", 550),
    (INTERNET, "", "<x@FAR.example>", 550),
    (INTERNET, "", "<@acme.test:x@far.example>", 550),
    (INTERNET, "", "<@acme.test,@far.example:x@far.example>", 550),
    (INTERNET, "", "<x%far.example@acme.test>", 550),
    (INTERNET, "", "<far.example!x@acme.test>", 550),
    (INTERNET, "", '<"x@far.example"@acme.test>', 553),
    (INTERNET, "", "<x@[127.0.0.1]>", 553),
    (INTERNET, "", f"<{ZHANG}>", 250)])
def test_the_lan_relays_and_nobody_else(company, source, sender, recipient, code):
    got = said(company, source, sender, recipient)
    assert got == code or (code >= 500 and 500 <= got < 560)


@pytest.mark.parametrize("source", [LAN, INTERNET])
def test_the_submission_port_wants_a_login_from_the_lan_too(company, source):
    assert said(company, source, ZHANG, "<x@far.example>", "submission") == 530


def test_a_printer_scans_to_mail_and_a_program_writes_as_a_person(company, sink):
    client = smtplib.SMTP(*company.endpoints["smtp"], timeout=60, source_address=(LAN, 0))
    text = (b"From: Scanner <scanner@acme.test>\r\nTo: <x@far.example>\r\nSubject: scan\r\n"
            b"\r\nattached\r\n")
    client.sendmail("scanner@acme.test", ["x@far.example", ZHANG], text)
    invoice = text.replace(b"scan\r\n", b"invoice\r\n").replace(b"Scanner <scanner@", b"<zhang@")
    client.sendmail(ZHANG, [CUSTOMER], invoice)
    client.quit()
    outside = sent(sink, "scan\r\n")[0]
    assert outside[0] == "scanner@acme.test"
    assert b"127.0.0" not in outside[2] and b"printer" not in outside[2]
    company.wait_for_mail(ZHANG, b"Subject: scan")
    sender, _, text = sent(sink, "invoice")[0]
    assert sender == SHARED and parsed(text)["From"] == f"Zhang San <{SHARED}>"
