"""Programs that send: msmtp, swaks, mutt and curl, with files, Chinese and big messages."""

import os
from email import message_from_bytes, policy

import pytest

from programs import Mailbox, needs, new_token, run, written

QUOTE = os.urandom(200_000)
BIG = os.urandom(20 * 1024 * 1024)


def arrived(instance, name, token):
    """The message with the token in its header, parsed; it has come to that person once."""
    text = instance.wait_for_mail(name, token.encode(), 60)
    assert len(instance.find_mail(name, token.encode())) == 1
    whole = [one for one in instance.inbox(name) if token.encode() in one[:4096]]
    assert whole[0].startswith(text)
    return message_from_bytes(whole[0], policy=policy.default)


def arrived_encoded(instance, name, token):
    """The same for a token that stands encoded in the subject: looked for in what was decoded."""
    found = [message for message in (message_from_bytes(text, policy=policy.default)
                                     for text in instance.inbox(name)) if token in message["Subject"]]
    assert len(found) == 1
    return found[0]


def check_attachment(message, name, data):
    parts = [part for part in message.iter_attachments() if part.get_filename() == name]
    assert len(parts) == 1
    content = parts[0].get_content()
    content = content.encode().replace(b"\r\n", b"\n") if isinstance(content, str) else content
    assert content == data


MSMTP = """
account default
host localhost
port {port}
from {login}
auth {auth}
user {login}
password "{password}"
tls on
tls_starttls {starttls}
tls_trust_file {ca}
domain desktop-3507
"""


@needs("msmtp")
@pytest.mark.parametrize("endpoint, auth", [
    ("submission", "plain"), ("submissions", "login"), ("submission", "on")])
def test_msmtp_sends_a_file_and_a_chinese_subject(instance, tmp_path, endpoint, auth):
    who, token = Mailbox(instance, "zhang"), new_token()
    settings = tmp_path / "msmtprc"
    settings.write_text(MSMTP.format(
        port=who.ports[endpoint], login=who.login, auth=auth, password=who.password, ca=who.ca,
        starttls="on" if endpoint == "submission" else "off"))
    settings.chmod(0o600)
    text = written(f"报价单 {token}", sender=who.login, recipient="li@acme.test",
                   attachment=("报价.xlsx", QUOTE))
    run(["msmtp", "-C", str(settings), "li@acme.test", "wang@acme.test"],
        stdin=text.replace(b"\r\n", b"\n"))
    for name in ("li", "wang"):
        message = arrived_encoded(instance, name, token)
        assert message["Subject"] == f"报价单 {token}"
        check_attachment(message, "报价.xlsx", QUOTE)


@needs("msmtp")
def test_msmtp_tells_which_recipient_is_refused(instance, tmp_path):
    who, token = Mailbox(instance, "zhang"), new_token()
    settings = tmp_path / "msmtprc"
    settings.write_text(MSMTP.format(port=who.ports["submissions"], login=who.login, auth="plain",
                                     password=who.password, ca=who.ca, starttls="off"))
    settings.chmod(0o600)
    said = run(["msmtp", "-C", str(settings), "nobody.here@acme.test"],
               stdin=written(token, sender=who.login), codes=(65, 67))
    assert b"nobody.here@acme.test" in said and b"550" in said
    settings.write_text(settings.read_text().replace(who.password, "wrong"))
    assert b"535" in run(["msmtp", "-C", str(settings), "li@acme.test"],
                         stdin=written(token, sender=who.login), codes=(77,))
    assert instance.find_mail("li", token.encode()) == []


@needs("swaks")
def test_swaks_sends_files_to_several_people(instance, tmp_path):
    who, token = Mailbox(instance, "zhang"), new_token()
    (tmp_path / "quote.bin").write_bytes(QUOTE)
    run(["swaks", "--server", "localhost", "--port", str(who.ports["submissions"]),
         "--tls-on-connect", "--auth", "PLAIN", "--auth-user", who.login, "--auth-password",
         who.password, "--from", who.login, "--to", "li@acme.test,wang@acme.test", "--header",
         f"Subject: {token}", "--body", "see the file", "--attach-type", "application/octet-stream",
         "--attach-name", "quote.bin", "--attach", f"@{tmp_path}/quote.bin"])
    for name in ("li", "wang"):
        check_attachment(arrived(instance, name, token), "quote.bin", QUOTE)


@needs("swaks")
def test_swaks_pipelines_from_outside(instance):
    token = new_token()
    said = run(["swaks", "--server", "{}:{}".format(*instance.endpoints["smtp"]), "--pipeline",
                "--tls-optional", "--from", "customer@example.org", "--to",
                "zhang@acme.test,li@acme.test", "--header", f"Subject: {token}"])
    assert b"=== TLS started" in said
    for name in ("zhang", "li"):
        assert arrived(instance, name, token)["From"] == "customer@example.org"


@needs("curl")
def test_curl_sends_twenty_megabytes(instance, tmp_path):
    who, token = Mailbox(instance, "zhang"), new_token()
    instance.user_add("buyer", "secret of buyer")
    (tmp_path / "text").write_bytes(written(token, sender=who.login, recipient="buyer@acme.test",
                                            attachment=("big.bin", BIG)))
    run(["curl", "-sS", f"smtps://localhost:{who.ports['submissions']}", "--cacert", who.ca,
         "--mail-from", who.login, "--mail-rcpt", "buyer@acme.test", "-u",
         f"{who.login}:{who.password}", "-T", str(tmp_path / "text")])
    check_attachment(arrived(instance, "buyer", token), "big.bin", BIG)


MUTT = """
set ssl_ca_certificates_file={ca} ssl_force_tls=yes ssl_starttls=yes
set smtp_url="smtp://{user}@localhost:{port}/" smtp_pass="{password}"
set from="{login}" use_from=yes realname="张三" copy=no editor=true signature="" abort_nosubject=no
set charset=utf-8 send_charset="us-ascii:utf-8" folder={home} record="" postponed={home}/postponed
"""


@needs("mutt")
def test_mutt_sends_a_file_with_a_chinese_name(instance, tmp_path):
    who, token = Mailbox(instance, "zhang"), new_token()
    settings = tmp_path / "muttrc"
    settings.write_text(MUTT.format(ca=who.ca, user=who.login.replace("@", "%40"),
                                    port=who.ports["submission"], password=who.password,
                                    login=who.login, home=tmp_path), encoding="utf-8")
    (tmp_path / "订单.txt").write_bytes("数量 100\n".encode("utf-8"))
    run(["mutt", "-F", str(settings), "-s", f"订单 {token}", "-a", str(tmp_path / "订单.txt"), "--",
         "li@acme.test"], stdin="请看附件。\n".encode("utf-8"),
        env=dict(os.environ, HOME=str(tmp_path), LC_ALL="C.UTF-8", TERM="dumb"))
    message = arrived_encoded(instance, "li", token)
    assert message["From"] == f"张三 <{who.login}>"
    assert "请看附件。" in message.get_body().get_content()
    check_attachment(message, "订单.txt", "数量 100\n".encode("utf-8"))
