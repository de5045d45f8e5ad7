"""The judge sees what is wrong: without this, a silent judge would pass everything."""

from harness.smtp_server import SmtpServer

from judge import Promises, Sent, new_token, text_of

OURS = (b"Return-Path: <a@b>\r\nReceived: from a ([127.0.0.1])\r\n"
        b"\tby mail.acme.test with ESMTP id %s;\r\n\tTue, 24 Nov 2026 10:00:00 +0000\r\n")


def stored(token, mid=b"abc234"):
    return OURS % mid + text_of(token)


def judge(promises, inbox, log="event=x mid=abc234 mid=def567"):
    return [mistake.split(":")[0] for mistake in promises.mistakes("li", inbox, log)]


def test_what_was_promised_once_is_there_once():
    promises, token = Promises(), new_token()
    promises.note(promises.sure, ["li"], token)
    assert judge(promises, [stored(token)]) == []
    assert judge(promises, []) == ["lost"]
    assert judge(promises, [stored(token), stored(token)]) == ["doubled"]


def test_an_unanswered_message_may_be_there_twice_if_the_log_names_both():
    promises, token = Promises(), new_token()
    promises.note(promises.maybe, ["li"], token)
    promises.note(promises.sure, ["li"], token)
    both = [stored(token, b"abc234"), stored(token, b"def567")]
    assert judge(promises, both) == []
    assert judge(promises, both, "mid=abc234") == ["unnamed"]
    assert judge(promises, []) == ["lost"]
    assert judge(promises, both + both) == ["doubled"]


def test_what_was_removed_is_gone():
    promises, token = Promises(), new_token()
    promises.note(promises.sure, ["li"], token)
    promises.note(promises.gone, ["li"], token)
    assert judge(promises, []) == []
    assert judge(promises, [stored(token)]) == ["doubled"]


def test_what_nobody_sent_is_a_mistake():
    assert judge(Promises(), [stored(new_token())]) == ["doubled"]


def test_what_was_fetched_is_never_there_twice():
    promises, token = Promises(), new_token()
    promises.never_twice.add(token)
    promises.note(promises.sure, ["li"], token)
    promises.note(promises.maybe, ["li"], token)
    assert judge(promises, [stored(token), stored(token)]) == ["doubled"]


def test_what_leaves_is_sent_and_only_a_death_doubles_it():
    promises, server = Promises(), SmtpServer()
    tokens = [new_token() for _ in range(3)]
    for token in tokens[:2]:
        promises.note(promises.sure, ["ann@far.test"], token)
    for when, token in [(1, tokens[0]), (3, tokens[0]), (4, tokens[2])]:
        server.messages.append(("a@b", ["ann@far.test"], text_of(token)))
        server.times.append(when)
    server.server.server_close()
    sent = Sent(promises, "ann@far.test", server)
    assert [m.split(":")[0] for m in sent.mistakes([])] == ["lost", "doubled", "forged"]
    assert [m.split(":")[0] for m in sent.mistakes([2])] == ["lost", "forged"]
