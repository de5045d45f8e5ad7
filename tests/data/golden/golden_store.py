#!/usr/bin/python3
"""Golden stores: what the programs in TRADEPOST_BIN write, kept for those that come later.

    TRADEPOST_BIN=build/bin tests/data/golden/golden_store.py store-N | store-N-sealed | directory-N

writes NAME.tar.zst (store/ and policy/ of a stopped instance; of directory-N policy/ alone) and
NAME.json (what clients, or the administrator, saw in it) beside this file.  N is the version of the
store, or of the directory; what is there is never made again.  In one that is sealed a part of the
journal lies in a segment, and a segment was compacted, that part with it."""

import base64
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))

# pylint: disable=wrong-import-position
from harness.instance import Instance
from harness.pop3_server import Pop3Server
from harness.wait import wait_until

SETTINGS = {"store": {"segment": "1m"}, "relay": {"retry_first": "1h"}}
PEOPLE = {"zhang": ("Zhang San", "张三"), "li": ("Li Si", "李四"), "wang": ("Wang Wu", "王五")}
FOLDERS = ["Customers", "Customers/Far", "Customers/&U0VOrA-", "Old &AOk-"]
SEALED_SETTINGS = {"store": {"segment": "1m", "journal_days": "0", "upkeep": "1s",
                             "compact_at": "100", "compact_grace": "0"}}
SEALED_CHANGES = 4200    # so many are sealed at once
NOISY, NOISE_BYTES = 80, 12000    # messages that fill a segment: what is the same costs no space here
PARTS = 60  # enough that the digest of a message with so many lies in the segment


def text(token, more="", to="zhang@acme.test"):
    return (f"From: =?UTF-8?B?546L5LqU?= <wang@acme.test>\r\nTo: {to}\r\nSubject: {token}\r\n{more}"
            f"Date: Tue, 24 Nov 2026 09:00:00 +0800\r\nMessage-ID: <{token}@acme.test>\r\n\r\n"
            f"您好 {token}\r\n").encode()


def many_parts(token):
    parts = "".join(f"--b\r\nContent-Type: text/plain; name=\"报价 {n}.txt\"\r\n"
                    f"Content-Disposition: attachment; filename=\"quotation number {n}.txt\"\r\n"
                    f"\r\npart {n}\r\n" for n in range(PARTS))
    return text(token, "MIME-Version: 1.0\r\n"
                "Content-Type: multipart/mixed; boundary=b\r\n") + (parts + "--b--\r\n").encode()


def append(client, folder, flags, message, when='"24-Nov-2026 09:00:00 +0800"'):
    state, said = client.append(f'"{folder}"', flags, when, message)
    assert state == "OK", said


def work(client, *commands):
    for command in commands:
        state, said = client.uid(*command) if command[0] in ("COPY", "STORE", "MOVE") \
            else getattr(client, command[0].lower())(*command[1:])
        assert state == "OK", (command, said)


def mail_of_zhang(instance):
    client = instance.imap("zhang")
    for folder in FOLDERS:
        work(client, ("CREATE", f'"{folder}"'), ("SUBSCRIBE", f'"{folder}"'))
    work(client, ("RENAME", '"Customers/Far"', '"Customers/Farther"'), ("CREATE", "Gone"))
    append(client, "Gone", None, text("with-its-folder"))
    work(client, ("DELETE", "Gone"), ("UNSUBSCRIBE", '"Old &AOk-"'))
    for number in range(140):   # more than one chunk of flags
        append(client, "Customers", r"(\Seen)" if number % 3 == 0 else None, text(f"old-{number}"))
    append(client, "INBOX", r"(\Flagged Urgent $Forwarded)", text("flagged"))
    append(client, "INBOX", r"(\Draft)", many_parts("large-digest"))
    head = text("no-body").split(b"\r\n\r\n", maxsplit=1)[0]
    append(client, "INBOX", r"(\Seen)", head + b"\r\n\r\n")
    append(client, "INBOX", None, text("long") + b"a line of a long message\r\n" * 4000)
    append(client, "INBOX", None, text("long") + b"a line of a long message\r\n" * 4000)
    work(client, ("SELECT", "Customers"), ("COPY", "1:20", '"Customers/&U0VOrA-"'),
         ("STORE", "5:9", "+FLAGS", r"(\Deleted \Answered Offer)"), ("EXPUNGE",),
         ("MOVE", "130:135", '"Customers/Farther"'), ("STORE", "40", "+FLAGS", r"(\Deleted)"))
    client.logout()


def mail_of_others(instance):
    with instance.smtp("submission", login="wang") as client:
        client.sendmail("wang@acme.test", ["zhang@acme.test", "li@acme.test"],
                        text("to-two", to="zhang@acme.test, li@acme.test"))
        for number in range(3):
            client.sendmail("wang@acme.test", [f"ann{number}@far.test", "bob@far.test"],
                            text(f"outside-{number}", to=f"ann{number}@far.test, bob@far.test"))
    with instance.smtp("smtp") as client:
        client.sendmail("john@far.test", ["li@acme.test"], text("from-outside", to="li@acme.test"))
    client = instance.pop3("li")
    client.dele(1)
    client.quit()


def collect(instance):
    with Pop3Server(user="outside", password="secret") as outside:
        outside.messages = {f"uidl-{n}": text(f"fetched-{n}") for n in range(4)}
        outside.messages["u" * 70] = text("fetched-long")
        instance.mailadm("fetch", "add", "outside", "--server", f"127.0.0.1:{outside.port}",
                         "--protocol", "pop3", "--tls", "off", "--user", "outside",
                         "--secret-stdin", "--shared", "sales@example.com", "--dispatcher",
                         "wang@acme.test", "--keep-for-ever", "--every", "6h", stdin="secret\n")
        instance.mailadm("fetch", "run", "outside")


def queue(instance):
    """Entries that wait, and one that is held."""
    def tried():
        rows = [json.loads(line)
                for line in instance.mailadm("--json", "queue", "list").splitlines()]
        return rows if len(rows) == 6 and all(r["attempts"] > 0 for r in rows) else None
    rows = wait_until(tried, 60, "all was tried", 0.2)
    instance.mailadm("queue", "hold", str(rows[0]["entry"]))
    return [json.loads(line) for line in instance.mailadm("--json", "queue", "list").splitlines()]


def seen(instance, persons=tuple(PEOPLE)):
    """What clients see: by person and folder, UIDVALIDITY and each message."""
    people = {}
    for person in persons:
        client = instance.imap(person)
        folders = {}
        for row in client.list()[1]:
            name = row.decode().split(' "/" ')[-1].strip('"')
            state, said = client.select(f'"{name}"', readonly=True)
            assert state == "OK", said
            validity = int(client.response("UIDVALIDITY")[1][0])
            following = int(client.response("UIDNEXT")[1][0])
            folders[name] = {"uidvalidity": validity, "uidnext": following,
                             "messages": messages(client)}
        subscribed = sorted(row.decode().split(' "/" ')[-1] for row in client.lsub()[1] if row)
        people[person] = {"folders": folders, "subscribed": subscribed}
        client.logout()
    return people


def messages(client):
    state, rows = client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
    assert state == "OK", rows
    # The text's own head line holds the size of its literal; what comes first is what counts.
    return sorted([row[0].decode().split(" ", 1)[1].replace(r"\Recent", "").replace("( ", "(")
                   .replace(" )", ")"), hashlib.sha256(row[1]).hexdigest()]
                  for row in rows if isinstance(row, tuple))


def leaving(instance):
    """Somebody who has mail and leaves; limits for somebody else.  Since version 2."""
    instance.user_add("zhao", "secret of zhao", names=["Zhao Qi"])
    with instance.smtp("smtp") as client:
        client.sendmail("john@far.test", ["zhao@acme.test"], text("for-zhao", to="zhao@acme.test"))
    instance.mailadm("user", "remove", "zhao@acme.test")
    instance.mailadm("user", "set", "li@acme.test", "--quota", "100m", "--trash-days", "30")

    def is_gone():
        rows = instance.mailadm("--json", "trash", "list").splitlines()
        return any("zhao" in json.loads(row)["account"] for row in rows)
    wait_until(is_gone, 60, "what zhao had is in the trash", 0.2)


def make(instance):
    for name, names in PEOPLE.items():
        instance.user_add(name, f"secret of {name}", names=names,
                          outside=f'"{names[0]}" <sales@example.com>')
    instance.mailadm("alias", "add", "office@acme.test", "li@acme.test")
    # Nobody listens there: what leaves waits.
    instance.mailadm("route", "add", "isp", "--default", "--smarthost", "127.0.0.1:1", "--tls",
                     "off")
    mail_of_zhang(instance)
    mail_of_others(instance)
    collect(instance)
    leaving(instance)
    return {"queue": queue(instance), "people": seen(instance),
            "audit": len(instance.mailadm("--json", "audit", "list", "--limit",
                                          "10000").splitlines())}


def changes(instance, until=None):
    """How far the journal goes, and what it says, sealed or not."""
    rows = [json.loads(line) for line in instance.mailadm(
        "audit", "changes", "--json", "--limit", "100000").splitlines()]
    until = until or rows[0]["change"]
    rows = [row for row in rows if row["change"] <= until]
    return {"until": until, "rows": len(rows), "sha256": hashlib.sha256(
        json.dumps(rows, sort_keys=True, ensure_ascii=False).encode()).hexdigest()}


def make_sealed(instance):
    instance.user_add("zhang", "secret of zhang", names=PEOPLE["zhang"])
    client = instance.imap("zhang", select="INBOX")
    for number in range(3):
        append(client, "INBOX", None, text(f"early-{number}"))
    work(client, ("STORE", "2", "+FLAGS", r"(\Deleted)"), ("EXPUNGE",))
    for number in range(SEALED_CHANGES):
        work(client, ("STORE", "1", f"{'+-'[number % 2]}FLAGS.SILENT", r"(\Flagged)"))
    wait_until(lambda: instance.log_lines("store.journal.sealed"), 60, "nothing was sealed")
    noise = base64.encodebytes(random.Random(1).randbytes(NOISE_BYTES)).replace(b"\n", b"\r\n")
    for number in range(NOISY):
        append(client, "INBOX", None, text(f"noisy-{number}") + noise)
    work(client, ("STORE", f"10:{NOISY}", "+FLAGS", r"(\Deleted)"), ("EXPUNGE",))
    instance.mailadm("trash", "purge", "--account", "zhang@acme.test", "--yes")
    told = json.loads(instance.mailadm("compact", "--json", "--at", "5"))
    assert told["segments"] > 0, told
    append(client, "INBOX", r"(\Seen)", text("late"))
    client.logout()
    return {"queue": [], "people": seen(instance, ["zhang"]), "changes": changes(instance),
            "audit": len(instance.mailadm("--json", "audit", "list", "--limit",
                                          "10000").splitlines())}


def listed(instance):
    """What an administrator sees of the directory."""
    return {kind: [json.loads(line) for line in
                   instance.mailadm("--json", kind, "list").splitlines()]
            for kind in ("domain", "user", "alias", "fetch", "route")}


def make_directory(instance):
    for name, names in PEOPLE.items():
        instance.user_add(name, f"secret of {name}", names=names,
                          outside=f'"{names[0]}" <sales@example.com>')
    instance.mailadm("domain", "add", "far.test")
    instance.mailadm("user", "set", "li@acme.test", "--quota", "100m", "--trash-days", "30")
    instance.mailadm("user", "remove", "wang@acme.test")
    instance.mailadm("alias", "add", "office@acme.test", "li@acme.test", "zhang@acme.test")
    instance.mailadm("route", "add", "isp", "--default", "--smarthost", "mx.far.test:587",
                     "--user", "acme", "--secret-stdin", stdin="secret\n")
    instance.mailadm("fetch", "add", "outside", "--server", "pop.far.test:995", "--protocol", "pop3",
                     "--user", "outside", "--secret-stdin", "--shared", "sales@example.com",
                     "--dispatcher", "li@acme.test", "--keep-for-ever", "--every", "6h",
                     stdin="secret\n")
    return listed(instance)


def main():
    kind, *rest = sys.argv[1].split("-")
    name = os.path.join(HERE, sys.argv[1])
    assert not os.path.exists(f"{name}.tar.zst"), f"{name}.tar.zst is there"
    is_sealed = rest[1:] == ["sealed"]
    making = make_directory if kind == "directory" else make_sealed if is_sealed else make
    with tempfile.TemporaryDirectory() as scratch:
        with Instance(os.path.join(scratch, "i"),
                      settings=SEALED_SETTINGS if is_sealed else SETTINGS) as instance:
            found = making(instance)
            directory = instance.directory
        subprocess.run(["tar", "-C", directory, "--owner=0", "--group=0", "-cf", f"{scratch}/t",
                        "--exclude=*.new", "--exclude=lock.*", "--exclude=ballast",
                        "--exclude=archive-key.*", "--exclude=archive-heads.log",
                        *(["policy"] if kind == "directory" else ["store", "policy"])],
                       check=True)
        subprocess.run(["zstd", "-q", "-19", f"{scratch}/t", "-o", f"{name}.tar.zst"], check=True)
    with open(f"{name}.json", "w", encoding="utf-8") as f:
        json.dump(found, f, ensure_ascii=False, indent=0)
        f.write("\n")


if __name__ == "__main__":
    main()
