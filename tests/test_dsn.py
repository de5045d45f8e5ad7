"""What senders are told of their mail (RFC 3461, RFC 3464), and what is said of that on the way: to
colleagues, through a real Postfix, through servers that know nothing of it, and to senders outside."""

import email
import email.policy
import json
import signal
import smtplib

import pytest

from harness import postfix
from harness.instance import Instance
from harness.smtp_server import SmtpServer
from harness.wait import wait_until

ZHANG, LI, WANG = "zhang@acme.test", "li@acme.test", "wang@acme.test"
SHARED = "sales@example.com"
OUTSIDER = "ann@customer.example"
PATIENCE = 30.0
SETTINGS = {"relay": {"retry_first": "1s", "retry_max": "2s", "idle": "2s", "patience": "3s"}}

needs_postfix = pytest.mark.skipif(postfix.missing() is not None, reason=str(postfix.missing()))


@pytest.fixture(scope="module")
def sink():
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module")
def company(tmp_path_factory, sink):
    """Three people, one of them known outside by a shared address, and a way there."""
    with Instance(tmp_path_factory.mktemp("dsn") / "i", settings=SETTINGS) as served:
        served.user_add("zhang", "secret of zhang", names=["Zhang San"],
                        outside=f'"Zhang San" <{SHARED}>')
        served.user_add("li", "secret of li", names=["Li Si"])
        served.user_add("wang", "secret of wang", names=["Wang Wu"])
        served.mailadm("alias", "add", "team@acme.test", LI, WANG)
        served.mailadm("route", "add", "isp", "--default", "--smarthost", f"127.0.0.1:{sink.port}",
                       "--tls", "off")
        yield served


def submit(instance, token, to, *, mail=(), rcpt=(), sender=ZHANG, body="See you.\r\n"):
    text = (f"From: <{sender}>\r\nTo: {', '.join(to)}\r\nSubject: {token}\r\n"
            f"Message-ID: <{token}@acme.test>\r\n\r\n{body}").encode()
    with instance.smtp("submission", login=sender) as client:
        client.sendmail(sender, to, text, mail_options=mail, rcpt_options=rcpt)


def queue(instance):
    return [json.loads(line) for line in instance.mailadm("queue", "list", "--json").splitlines()]


def wait_empty(instance):
    wait_until(lambda: not queue(instance), PATIENCE, lambda: f"an empty queue: {queue(instance)}",
               0.1)


def notices(instance, login, token):
    """The reports in the inbox that quote the token."""
    return [m for m in map(parsed, instance.inbox(login))
            if m.get_content_type() == "multipart/report" and token in m.as_string()]


def parsed(text):
    return email.message_from_bytes(text, policy=email.policy.default)


def parts(report):
    """(words, fields of the message, [fields of each recipient], what is quoted)"""
    assert report.get_param("report-type") == "delivery-status"
    assert report["Return-Path"] == "<>" and report["Auto-Submitted"]
    words, status, quoted = report.iter_parts()
    message, *recipients = status.get_payload()
    return words.get_content(), message, recipients, quoted


def notice(instance, login, token):
    found = wait_until(lambda: notices(instance, login, token), PATIENCE, f"a notice of {token}",
                       0.2)
    assert len(found) == 1
    return parts(found[0])


def audited(instance, kind, token):
    return [line for line in instance.mailadm("audit", "list", "--json").splitlines()
            if json.loads(line)["kind"] == kind and token in line]


# What is offered and taken


def test_what_is_offered_is_true(company):
    for name in ("smtp", "submission"):
        with company.smtp(name) as client:
            client.ehlo()
            assert client.has_extn("dsn")
            assert client.esmtp_features["limits"] == "RCPTMAX=1000"


def test_receipts_for_the_outside_can_be_switched_off(make_instance):
    instance = make_instance(settings={"smtp": {"receipts_outside": "no", "recipients_max": 123}})
    with instance.smtp() as client:
        client.ehlo("x.example")
        assert not client.has_extn("dsn") and client.esmtp_features["limits"] == "RCPTMAX=123"
        assert client.docmd("MAIL FROM:<a@b.example> RET=FULL")[0] == 555
        assert client.docmd("MAIL FROM:<a@b.example>")[0] == 250
        assert client.docmd(f"RCPT TO:<{ZHANG}> NOTIFY=NEVER")[0] == 555
    submit(instance, "own", [LI], rcpt=["NOTIFY=SUCCESS"])
    notice(instance, ZHANG, "own")


@pytest.mark.parametrize("parameters,code", [
    ("RET=FULL", 250), ("ret=hdrs ENVID=QQ314159 SIZE=100", 250), ("ENVID=a+2Bb", 250),
    ("ENVID=" + "x" * 100, 250), ("ENVID=" + "x" * 101, 501), ("RET=", 501), ("RET", 501),
    ("RET=ALL", 501), ("RET=FULL RET=FULL", 501), ("ENVID=a ENVID=b", 501), ("ENVID", 501),
    ("ENVID=a=b", 501), ("ENVID=a+0D+0ABcc:+20x", 501), ("ENVID=a+2b", 501), ("ENVID=a+", 501),
    ("NOTIFY=NEVER", 555)])
def test_s16_mail_from_outside(company, parameters, code):
    with company.smtp() as client:
        client.ehlo("x.example")
        got, text = client.docmd(f"MAIL FROM:<a@b.example> {parameters}")
        assert got == code and (code != 501 or text.startswith(b"5.5.4 "))


@pytest.mark.parametrize("parameters,code", [
    ("NOTIFY=NEVER", 250), ("NOTIFY=success,FAILURE,delay", 250),
    ("NOTIFY=FAILURE ORCPT=rfc822;ann+2Bx@old.example", 250),
    ("ORCPT=utf-8;\\x{5F20}@old.example", 250), ("ORCPT=rfc822;" + "x" * 493, 250),
    ("ORCPT=rfc822;" + "x" * 494, 501), ("NOTIFY=", 501), ("NOTIFY", 501),
    ("NOTIFY=NEVER,FAILURE", 501), ("NOTIFY=NEVER NOTIFY=NEVER", 501), ("NOTIFY=MAYBE", 501),
    ("ORCPT=ann@old.example", 501), ("ORCPT=rfc822;a ORCPT=rfc822;a", 501),
    ("ORCPT=rfc822;a+0Ab", 501), ("ORCPT=rfc822;", 501), ("RET=FULL", 555)])
def test_s16_recipients_from_outside(company, parameters, code):
    with company.smtp() as client:
        client.ehlo("x.example")
        client.docmd("MAIL FROM:<a@b.example>")
        got, text = client.docmd(f"RCPT TO:<{ZHANG}> {parameters}")
        assert got == code and (code != 501 or text.startswith(b"5.5.4 "))


def test_what_makes_no_sense_costs_nobody_of_ours_the_mail(company):
    submit(company, "clumsy", [LI], mail=["RET=ALL", "ENVID=a=b", "ENVID=QQ2", "RET=HDRS"],
           rcpt=["NOTIFY=MAYBE", "NOTIFY=SUCCESS,FAILURE", "ORCPT=nonsense"])
    _, message, recipients, _ = notice(company, ZHANG, "clumsy")
    assert message["Original-Envelope-Id"] == "QQ2"
    assert "Original-Recipient" not in recipients[0]


# Inside


def test_a_delivery_receipt(company):
    submit(company, "receipt-1", [LI, WANG], mail=["RET=FULL", "ENVID=QQ+2B1"],
           rcpt=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;ann@old.example"])
    words, message, recipients, quoted = notice(company, ZHANG, "receipt-1")
    assert "已经送到" in words and f"<{LI}>" in words and "has been delivered" in words
    assert "What to do" not in words and "主题：receipt-1" in words
    assert message["Original-Envelope-Id"] == "QQ+1"
    assert message["Reporting-MTA"] == "dns; acme.test"
    assert {r["Final-Recipient"] for r in recipients} == {f"rfc822; {LI}", f"rfc822; {WANG}"}
    for recipient in recipients:
        assert recipient["Action"] == "delivered" and recipient["Status"] == "2.0.0"
        assert recipient["Original-Recipient"] == "rfc822; ann@old.example"
    assert quoted.get_content_type() == "text/rfc822-headers"  # RET speaks of failures
    wait_empty(company)
    company.wait_for_mail(LI, b"receipt-1")
    assert audited(company, "mail.delivered", f"told={ZHANG}")


def test_an_address_of_several_people_is_one_delivery(company):
    submit(company, "receipt-2", ["team@acme.test"], rcpt=["NOTIFY=SUCCESS"])
    _, _, recipients, _ = notice(company, ZHANG, "receipt-2")
    assert [(r["Final-Recipient"], r["Action"]) for r in recipients] == [
        ("rfc822; team@acme.test", "delivered")]
    for name in (LI, WANG):
        company.wait_for_mail(name, b"receipt-2")


def test_a_receipt_comes_once_though_processes_die(make_instance):
    instance = make_instance(settings=SETTINGS)
    for victim in ("relayd", "policyd", "stored", "relayd"):
        submit(instance, f"dying-{victim}", [LI], rcpt=["NOTIFY=SUCCESS"])
        instance.kill(victim, signal.SIGKILL)
        wait_empty(instance)
        assert notices(instance, ZHANG, f"dying-{victim}")
    assert len(notices(instance, ZHANG, "dying-")) == 4


# To the outside


@pytest.mark.parametrize("rcpt,told", [(["NOTIFY=NEVER"], 0), (["NOTIFY=SUCCESS,DELAY"], 0),
                                       (["NOTIFY=FAILURE"], 1), ([], 1)])
def test_a_failure_is_told_to_who_wants_it(company, sink, rcpt, told):
    token = f"failing-{'-'.join(rcpt)}.".replace("=", "-").replace(",", "-")
    sink.behaviour = "refuse"
    submit(company, token, [OUTSIDER], mail=["RET=FULL", "ENVID=QQ9"], rcpt=rcpt)
    wait_empty(company)
    sink.behaviour = "good"
    found = notices(company, ZHANG, token)
    assert len(found) == told
    assert audited(company, "mail.failed", f"told={ZHANG if told else 'nobody'}")
    for report in found:
        _, message, recipients, quoted = parts(report)
        assert message["Original-Envelope-Id"] == "QQ9" and recipients[0]["Action"] == "failed"
        assert quoted.get_content_type() == "message/rfc822"
        assert quoted.get_content().get_content() == "See you.\r\n"


def test_a_server_without_receipts_is_where_ours_end(company, sink):
    submit(company, "relayed-1", [OUTSIDER], mail=["ENVID=QQ3"], rcpt=["NOTIFY=SUCCESS"])
    words, message, recipients, _ = notice(company, ZHANG, "relayed-1")
    assert "已经转交" in words and "250 2.0.0 taken" in words
    assert message["Original-Envelope-Id"] == "QQ3"
    assert recipients[0]["Action"] == "relayed"
    assert recipients[0]["Remote-MTA"] == "dns; 127.0.0.1"
    assert recipients[0]["Final-Recipient"] == f"rfc822; {OUTSIDER}"
    wait_empty(company)
    assert sum(b"relayed-1" in m[2] for m in sink.messages) == 1
    assert len(audited(company, "mail.sent", OUTSIDER)) >= 1


def test_a_sender_outside_gets_a_receipt_and_nobody_a_receipt_of_that(company, sink):
    text = (f"From: <{OUTSIDER}>\r\nTo: <{LI}>\r\nSubject: inquiry-1\r\n"
            "Message-ID: <inquiry-1@customer.example>\r\n\r\nHow much?\r\n")
    with company.smtp() as client:
        client.sendmail(OUTSIDER, [LI], text, mail_options=["ENVID=QQ4"],
                        rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
    found = wait_until(lambda: [m for m in sink.messages if b"inquiry-1@" in m[2]], PATIENCE)
    sender, recipients, report = found[0]
    assert (sender, recipients) == ("", [OUTSIDER])
    _, message, statuses, _ = parts(parsed(report))
    assert message["Original-Envelope-Id"] == "QQ4"
    assert statuses[0]["Action"] == "delivered"
    assert statuses[0]["Final-Recipient"] == f"rfc822; {LI}"
    assert parsed(report)["In-Reply-To"] == "<inquiry-1@customer.example>"
    # A null sender hears nothing, nor does what it sent in answer go anywhere.
    with company.smtp() as client:
        client.sendmail("", [LI], text.replace("inquiry-1", "inquiry-2"),
                        rcpt_options=["NOTIFY=SUCCESS"])
    company.wait_for_mail(LI, b"inquiry-2")
    wait_empty(company)
    assert not any(b"inquiry-2" in m[2] for m in sink.messages)


def test_a_forged_sender_is_not_flooded_with_receipts(company):
    """The domain has no more than 20 within the hour; the mail itself comes in."""
    with company.smtp() as client:
        for number in range(21):
            text = (f"From: <a@victim.example>\r\nTo: <{LI}>\r\nSubject: flood-{number}-\r\n"
                    f"Message-ID: <flood-{number}@victim.example>\r\n\r\nx\r\n")
            client.sendmail(f"a{number}@victim.example", [LI], text,
                            rcpt_options=["NOTIFY=SUCCESS"])
    company.wait_for_mail(LI, b"flood-20-")
    refused = audited(company, "mail", "step=receipt none")
    assert len(refused) == 1
    wait_empty(company)


@needs_postfix
def test_postfix_tells_of_what_it_delivered_itself(make_instance):
    """It offers DSN, so what was asked for is its business; and nothing of the office is told to it."""
    instance = make_instance(settings=SETTINGS)
    with postfix.Postfix() as peer:
        instance.mailadm("domain", "add", "office.lan")
        instance.user_add("inner@office.lan", "secret of inner", names=["Inner"],
                          outside=f'"Inner" <{SHARED}>')
        instance.mailadm("route", "add", "out", "--default", "--smarthost",
                         f"localhost:{peer.port}", "--user", peer.user, "--secret-stdin", "--tls",
                         "require", "--ca", instance.known_ca(peer.ca), stdin=peer.password + "\n")
        submit(instance, "through-postfix", ["bob@far.test"], sender="inner@office.lan",
               mail=["RET=HDRS", "ENVID=inner@office.lan"],
               rcpt=["NOTIFY=SUCCESS", "ORCPT=rfc822;boss@office.lan"])
        wait_empty(instance)
        # Its own report goes to the sender outside, whose mailbox it thinks it has, too.
        reports = wait_until(lambda: [t for t in peer.texts() if b"delivery-status" in t],
                             PATIENCE, "a report of Postfix's", 0.2)
        _, message, statuses, _ = parts_of_others(parsed(reports[0]))
        assert statuses[0]["Action"] == "delivered"
        assert statuses[0]["Original-Recipient"] == "rfc822;bob@far.test"
        assert message["Original-Envelope-Id"].endswith("@example.com")
        assert all(b"office.lan" not in text for text in peer.texts())
        assert not notices(instance, "inner@office.lan", "through-postfix")


def parts_of_others(report):
    words, status, quoted = report.iter_parts()
    message, *recipients = status.get_payload()
    return words, message, recipients, quoted


def test_a_receipt_as_outlook_asks_for_it(company):
    """Outlook asks for a receipt of each recipient by itself, with blanks where none belong."""
    with company.smtp("submission", login=ZHANG) as client:
        assert client.docmd(f"MAIL FROM: <{ZHANG}> RET=HDRS ENVID=00000000012F")[0] == 250
        assert client.docmd(f"RCPT TO: <{LI}> NOTIFY=SUCCESS,FAILURE,DELAY")[0] == 250
        assert client.data("Subject: outlook-1\r\n\r\nx\r\n")[0] == 250
    _, message, _, _ = notice(company, ZHANG, "outlook-1")
    assert message["Original-Envelope-Id"] == "00000000012F"
