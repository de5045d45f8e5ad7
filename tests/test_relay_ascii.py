"""Servers that know neither 8-bit text nor addresses in UTF-8 get what they can take; the domain of
an address is told in A-labels."""

import glob
import os
import smtplib

import pytest

from conftest import add_people
from harness import knot
from harness.corpus import NOT_HERE, corpus_directory, corpus_messages, has_bare_cr, has_nul
from harness.instance import CHECKOUT, Instance
from harness.smtp_server import SmtpServer
from harness.wait import wait_until
from test_relay import QUICK, add_route, notice, queue

TRADE = os.path.join(CHECKOUT, "tests", "data", "trade", "*.eml")
EVERY = 12    # of the corpus
SECONDS = 60.0
FAR = "ann@例子.test"
LAN = "127.0.0.2"
LINE_MAX = 998

needs_knot = pytest.mark.skipif(knot.missing() is not None, reason=str(knot.missing()))


@pytest.fixture(name="old", scope="module")
def _old():
    with SmtpServer("seven_bit") as server:
        yield server


@pytest.fixture(name="served", scope="module")
def _served(tmp_path_factory, old):
    with Instance(tmp_path_factory.mktemp("ascii") / "i",
                  settings={**QUICK, "policy": {"lan": LAN}}) as one:
        add_people(one)
        add_route(one, "out", f"127.0.0.1:{old.port}", "--tls", "off")
        yield one


def texts():
    for path in sorted(glob.glob(TRADE)):
        with open(path, "rb") as f:
            yield path, f.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if corpus_directory() is not None:
        yield from (pair for n, pair in enumerate(corpus_messages()) if n % EVERY == 0)


def client_of(instance, way):
    if way == "login":
        return instance.smtp("submission", login="zhang")
    host, port = instance.endpoints["smtp"]
    return smtplib.SMTP(host, port, source_address=(LAN, 0))


@pytest.mark.parametrize("way", ["login", "lan"])
def test_what_leaves_is_7_bit_whatever_was_written(served, old, way):
    if corpus_directory() is None:
        print(NOT_HERE)
    old.messages.clear()
    sent, refused = 0, []
    with client_of(served, way) as client:
        client.ehlo()
        for name, text in texts():
            if has_bare_cr(text) or has_nul(text):
                continue
            try:
                client.sendmail("zhang@acme.test", [f"r{sent}@far.test"], text,
                                mail_options=["BODY=8BITMIME"])
                sent += 1
            except smtplib.SMTPResponseException as said:
                refused.append((name, said.smtp_code, said.smtp_error))
    wait_until(lambda: not queue(served), SECONDS, lambda: f"an empty queue: {queue(served)}", 0.2)
    assert sent > 20 and len(old.messages) == sent, refused
    for _, recipients, text in old.messages:
        assert max(text) < 128, (recipients, text[:2000])
        assert max(len(line) for line in text.split(b"\r\n")) <= LINE_MAX, recipients
    print(f"{sent} sent, {len(refused)} refused")


@needs_knot
def test_a_domain_in_chinese_is_found_and_told_in_ascii(make_instance, old):
    zone = ("xn--fsqu00a IN MX 10 mx.xn--fsqu00a\nmx.xn--fsqu00a IN A 127.0.0.1\n"
            "xn--5nq051n IN A 127.0.0.1\n")
    with knot.Knot(zone) as dns:
        instance = make_instance(settings={
            "relay": {**QUICK["relay"], "mx_port": str(old.port), "mx_local": "yes"},
            "dns": {"server": dns.server}})
        instance.mailadm("route", "add", "out", "--default", "--mx")
        old.messages.clear()
        for number, to in enumerate([FAR, "ann@没有.test"]):
            text = f"From: zhang@acme.test\r\nTo: 安 <{to}>\r\nSubject: far-{number}\r\n\r\n好\r\n"
            with instance.smtp("submission", login="zhang") as client:
                client.sendmail("zhang@acme.test", [to], text.encode(),
                                mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        _, words, statuses = notice(instance, "zhang", "far-1")
        assert statuses[0]["Status"] == "5.1.2", words
        (_, recipients, text), = wait_until(lambda: old.messages, SECONDS)
        assert recipients == ["ann@xn--fsqu00a.test"]
        assert b"<ann@xn--fsqu00a.test>" in text and max(text) < 128
        instance.mailadm("route", "add", "named", "--for-domain", "far.test", "--smarthost",
                         f"邮件.test:{old.port}", "--tls", "off")
        with instance.smtp("submission", login="zhang") as client:
            client.sendmail("zhang@acme.test", ["bob@far.test"], b"Subject: far-2\r\n\r\nx\r\n")
        wait_until(lambda: len(old.messages) == 2, SECONDS)


def test_a_route_and_a_domain_of_ours_may_be_in_chinese(served, old):
    old.messages.clear()
    served.mailadm("domain", "add", "公司.test")
    served.mailadm("alias", "add", "info@公司.test", "zhang@acme.test")
    with served.smtp("smtp") as client:
        client.sendmail("customer@example.org", ["info@公司.test"], b"Subject: to-us\r\n\r\nx\r\n",
                        mail_options=["SMTPUTF8"])
        client.sendmail("customer@example.org", ["info@xn--55qx5d.test"],
                        b"Subject: to-us-too\r\n\r\nx\r\n")
    assert served.wait_for_mail("zhang", b"to-us\r\n")
    assert served.wait_for_mail("zhang", b"to-us-too")
    with SmtpServer() as own:
        served.mailadm("route", "add", "own", "--for-domain", "例子.test", "--smarthost",
                       f"127.0.0.1:{own.port}", "--tls", "off")
        with served.smtp("submission", login="zhang") as client:
            client.sendmail("zhang@acme.test", [FAR], b"Subject: way\r\n\r\nx\r\n",
                            mail_options=["SMTPUTF8"])
        assert wait_until(lambda: own.messages, SECONDS) and not old.messages
