"""Quotas as people and administrators meet them: IMAP, SMTP, fetching, mailadm."""

import json
import re
import subprocess
import threading
import uuid

import pytest

from harness.instance import CommandFailed, Instance
from harness.pop3_server import Pop3Server
from harness.wait import wait_until

KIB = 1024
SECRET = "outside secret"


def text(size, token=None):
    """A message of so many bytes."""
    head = f"From: a@b.example\r\nSubject: {token or uuid.uuid4().hex}\r\n\r\n"
    return (head + "x" * (size - len(head) - 2) + "\r\n").encode()


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with Instance(tmp_path_factory.mktemp("quota") / "i") as served:
        yield served


@pytest.fixture
def person(office):
    """person("64k"): a new login with that quota."""

    def make(quota=None):
        name = f"p{uuid.uuid4().hex[:10]}"
        office.user_add(name, f"secret of {name}")
        if quota is not None:
            limit(office, name, quota)
        return name

    return make


def user(instance, name):
    return json.loads(instance.mailadm("--json", "user", "show", instance.login(name)))


def limit(instance, name, quota):
    """Set a quota, and wait until the store counts by it."""
    instance.mailadm("user", "set", instance.login(name), "--quota", quota)
    want = user(instance, name)["quota"]
    with instance.imap(name) as client:
        wait_until(lambda: root(client)[1] == (None if want is None else -(-want // KIB)),
                   what="the store knows the quota")


def root(client, mailbox="INBOX"):
    """(used, limit) in KiB by GETQUOTAROOT; limit None: no root."""
    state, ((named,), said) = client.getquotaroot(mailbox)
    assert state == "OK"
    if not named.endswith(b'""'):
        assert said == [None]
        return None, None
    match = re.fullmatch(rb'"" \(STORAGE (\d+) (\d+)\)', said[0])
    return int(match[1]), int(match[2])


def append(client, size, mailbox="INBOX"):
    return client.append(mailbox, None, None, text(size))


def swaks(instance, *recipients):
    """(exit code, what was said)."""
    host, port = instance.endpoints["smtp"]
    done = subprocess.run(
        ["swaks", "--server", f"{host}:{port}", "--from", "customer@example.org", "--to",
         ",".join(instance.login(r) for r in recipients), "--helo", "mx.example.org",
         "--body", "x" * 900], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_an_administrator_sets_and_sees_limits(office, person):
    name = person()
    login = office.login(name)
    row = user(office, name)
    assert (row["quota"], row["quota_is_default"]) == (None, True)
    assert (row["trash_days"], row["trash_days_is_default"]) == (365, True)
    assert (row["used"], row["messages"]) == (0, 0)
    office.mailadm("user", "set", login, "--quota", "2g", "--trash-days", "30")
    row = user(office, name)
    assert (row["quota"], row["quota_is_default"], row["trash_days"]) == (2 << 30, False, 30)
    with office.imap(name) as client:
        assert append(client, 3000)[0] == "OK"
    assert (user(office, name)["used"], user(office, name)["messages"]) == (3000, 1)
    listed = [json.loads(line) for line in office.mailadm("--json", "user", "list").splitlines()]
    assert [row["used"] for row in listed if row["login"] == login] == [3000]
    assert re.search(rf"{login} +yes +2.9 KiB +2.0 GiB ", office.mailadm("user", "list"))
    office.mailadm("user", "set", login, "--quota", "none", "--trash-days", "never")
    row = user(office, name)
    assert (row["quota"], row["quota_is_default"], row["trash_days"]) == (None, False, None)
    office.mailadm("user", "set", login, "--quota", "default", "--trash-days", "default")
    assert user(office, name)["trash_days"] == 365
    def audited():
        said = office.mailadm("--json", "audit", "list", "--kind", "account.changed")
        return "quota=2147483648 trash_days=30" in said and "quota=none trash_days=never" in said

    wait_until(audited, what="the changes are in the audit")
    for word in ("0", "-1", "x", "", "2000000000g"):
        with pytest.raises(CommandFailed, match="a quota is a size"):
            office.mailadm("user", "set", login, "--quota", word)
    for word in ("0", "-1", "40000", "soon"):
        with pytest.raises(CommandFailed, match="from 1 to 36500"):
            office.mailadm("user", "set", login, "--trash-days", word)


def test_settings_say_what_holds_for_everybody(make_instance):
    instance = make_instance(settings={"policy": {"quota": "100k", "trash_days": "7"}})
    row = user(instance, "zhang")
    assert (row["quota"], row["quota_is_default"], row["trash_days"]) == (100 * KIB, True, 7)
    with instance.imap("zhang") as client:
        wait_until(lambda: root(client) == (0, 100), what="the store knows the quota")
        assert append(client, 60 * KIB)[0] == "OK"
        assert append(client, 60 * KIB)[0] == "NO"
    # What an administrator says of one person outlives a store that has forgotten it.
    limit(instance, "zhang", "200k")
    instance.kill("stored")
    with instance.imap("zhang") as client:
        wait_until(lambda: root(client) == (60, 200), what="the quota is known again")
        assert append(client, 60 * KIB)[0] == "OK"
    assert "the store is whole" in instance.mailadm("verify")


def test_clients_see_quota_and_use(person, office):
    name = person("64k")
    with office.imap(name) as client:
        assert b"QUOTA" in client.capability()[1][0].split()
        assert append(client, 1025)[0] == "OK"
        assert root(client) == root(client, '"Sent Items"') == (2, 64)
        assert client.getquota('""') == ("OK", [b'"" (STORAGE 2 64)'])
        assert client.getquota("other")[0] == "NO"
        assert client.getquotaroot("Nowhere")[0] == "NO"
        assert b"NOPERM" in client.setquota('""', "(STORAGE 100000)")[1][0]
        client.select("INBOX")
        assert client.status("INBOX", "(DELETED-STORAGE)")[1][0].endswith(b"(DELETED-STORAGE 0)")
        client.store("1", "+FLAGS", r"(\Deleted)")
        assert client.status("INBOX",
                             "(DELETED-STORAGE)")[1][0].endswith(b"(DELETED-STORAGE 1025)")
        client.expunge()
        assert root(client) == (0, 64)
    limit(office, name, "none")


def test_what_does_not_fit_is_refused_before_it_is_sent(person, office):
    name = person("64k")
    with office.imap(name) as client:
        assert append(client, 60 * KIB)[0] == "OK"
        # A client that waits for "+" is told instead of it.
        client.send(b"t1 APPEND INBOX {5000}\r\n")
        assert client.readline().startswith(b"t1 NO [OVERQUOTA] ")
        client.send(b"t2 APPEND INBOX {5000+}\r\n" + b"x" * 5000 + b"\r\nt3 NOOP\r\n")
        assert client.readline().startswith(b"t2 NO [OVERQUOTA] ")
        assert client.readline().startswith(b"t3 OK")
        # MULTIAPPEND: both or none.
        client.send(b"t4 APPEND INBOX {1000+}\r\n" + text(1000) + b" {3500}\r\n")
        assert client.readline().startswith(b"t4 NO [OVERQUOTA] ")
        assert append(client, 4 * KIB)[0] == "OK"
        assert root(client) == (64, 64)
        assert append(client, 100)[0] == "NO"
        # Sent and Drafts have a tenth more; what is begun there is kept whole.
        assert append(client, 6 * KIB, "Drafts")[0] == "OK"
        assert append(client, 20 * KIB, '"Sent Items"')[0] == "OK"
        assert b"OVERQUOTA" in append(client, 100, "Drafts")[1][0]
        assert b"OVERQUOTA" in append(client, 100, '"Sent Items"')[1][0]
        assert root(client) == (90, 64)


def test_copies_are_made_whole_or_not_at_all_and_moves_cost_nothing(person, office):
    name = person("64k")
    with office.imap(name, select="INBOX") as client:
        for _ in range(5):
            assert append(client, 10 * KIB)[0] == "OK"
        client.create("Shelf")
        state, said = client.copy("1:5", "Shelf")
        assert state == "NO" and b"OVERQUOTA" in said[0]
        assert client.select("Shelf")[1] == [b"0"]
        client.select("INBOX")
        assert client.copy("1", "Shelf")[0] == "OK"
        assert client.copy("1", "Shelf")[0] == "NO"
        assert client.uid("MOVE", "1:2", "Shelf")[0] == "OK"
        # Outlook deletes by COPY to Deleted Items, STORE and EXPUNGE: in a full mailbox, too.
        assert client.copy("1:3", '"Deleted Items"')[0] == "OK"
        client.store("1:3", "+FLAGS", r"(\Deleted)")
        client.expunge()
        assert root(client) == (60, 64)


def test_appends_at_the_same_time_share_the_room(person, office):
    name = person("64k")
    done = []

    def work():
        with office.imap(name) as client:
            for _ in range(4):
                done.append(append(client, 5 * KIB)[0])

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 24 and done.count("OK") == 12
    assert user(office, name)["used"] == 60 * KIB


def test_smtp_to_a_full_mailbox_comes_again_later(person, office):
    full, other = person("64k"), person()
    with office.imap(full) as client:
        append(client, 64 * KIB - 100)
    # What crosses the line is taken whole; what comes then is not.
    code, said = swaks(office, full)
    assert code == 0, said
    code, said = swaks(office, full)
    assert code != 0 and "452 4.2.2 " in said
    # Others get theirs: the sender keeps only what was refused.
    code, said = swaks(office, full, other)
    assert code == 0 and "452 4.2.2 " in said, said
    assert len(office.inbox(full)) == 2 and len(office.inbox(other)) == 1
    # Mail to several people through one address is not held up by one of them.
    alias = f"team-{other}@acme.test"
    office.mailadm("alias", "add", alias, office.login(full), office.login(other))
    code, said = swaks(office, alias)
    assert code == 0, said
    assert len(office.inbox(full)) == 3 and len(office.inbox(other)) == 2
    office.mailadm("alias", "set", alias, office.login(full))
    code, said = swaks(office, alias)
    assert code != 0 and "452 4.2.2 " in said
    office.mailadm("alias", "remove", alias)
    limit(office, full, "1m")
    code, said = swaks(office, full)
    assert code == 0, said
    crossed = office.log_lines("store.account.filling", account=str(user(office, full)["id"]))
    assert len(crossed) == 1, crossed


def test_a_full_author_can_still_send(person, office):
    full, other = person("64k"), person()
    with office.imap(full) as client:
        append(client, 64 * KIB)
    with office.smtp("submissions", login=full) as client:
        client.sendmail(office.login(full), [office.login(other)], text(20 * KIB))
    assert len(office.inbox(other)) == 1 and len(office.inbox(full, '"Sent Items"')) == 1


def test_what_is_collected_for_a_full_mailbox_stays_outside_until_there_is_room(person, office):
    full = person("64k")
    with office.imap(full) as client:
        append(client, 64 * KIB)
    with Pop3Server([text(500, "first"), text(500, "second")], user="u", password=SECRET) as server:
        office.mailadm("fetch", "add", full, "--server", f"localhost:{server.port}", "--protocol",
                       "pop3", "--user", "u", "--secret-stdin", "--for", office.login(full),
                       "--keep", "0", "--every", "6h", stdin=SECRET + "\n")
        office.mailadm("fetch", "run", full, check=False)
        shown = json.loads(office.mailadm("--json", "fetch", "show", full))
        assert f"the mailbox of {office.login(full)} is full" in json.dumps(shown)
        assert len(server.messages) == 2 and len(office.inbox(full)) == 1
        # Everything would be refused: nothing more is dragged over the line in this run.
        assert sum(c.startswith("RETR") for c in server.commands) == 1
        with office.imap(full, select="INBOX") as client:
            client.store("1", "+FLAGS", r"(\Deleted)")
            client.expunge()
        office.mailadm("fetch", "run", full)
        assert not server.messages
        subjects = re.findall(r"Subject: (\w+)", "".join(t.decode() for t in office.inbox(full)))
        assert sorted(subjects) == ["first", "second"]
        office.mailadm("fetch", "remove", full)


@pytest.mark.waits
@pytest.mark.slow
def test_others_get_theirs_from_a_shared_mailbox_and_no_line_is_worn_out(person, office):
    full, other = person("64k"), person()
    office.mailadm("user", "set", office.login(other), "--name", "Other Person")
    with office.imap(full) as client:
        append(client, 64 * KIB)
    named = text(600, "named").replace(b"\r\n\r\n",
                                       b"\r\nTo: Other Person <shared@x.example>\r\n\r\n", 1)
    with Pop3Server([text(500, "first"), named], user="u", password=SECRET) as server:
        office.mailadm("fetch", "add", full, "--server", f"localhost:{server.port}", "--protocol",
                       "pop3", "--user", "u", "--secret-stdin", "--shared", "shared@x.example",
                       "--dispatcher", office.login(full), "--keep", "0", "--every", "30s",
                       stdin=SECRET + "\n")
        wait_until(lambda: sum(c.startswith("QUIT") for c in server.commands) >= 2, deadline=90)
        assert len(office.inbox(other)) == 1 and len(server.messages) == 1
        assert sum(c.startswith("RETR") for c in server.commands) == 2
        limit(office, full, "none")
        # Whoever asks for it gets it now, not in an hour.
        office.mailadm("fetch", "run", full)
        assert not server.messages and len(office.inbox(full)) == 2
        office.mailadm("fetch", "remove", full)


def test_the_trash_is_outside_the_quota(person, office):
    name = person("64k")
    with office.imap(name, select="INBOX") as client:
        for _ in range(4):
            assert append(client, 50 * KIB)[0] == "OK"
            client.store("1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()
        assert root(client) == (0, 64)
    box = office.pop3(name)
    assert box.stat() == (0, 0)
    box.quit()
