"""QRESYNC, RFC 7162 s.3.2: a client's cache that is brought up to date by it alone."""

import os
import random
import re
import threading

import pytest

from imap_client import Folder, logged_in

TEXT = b"Subject: x\r\n\r\nx\r\n"
CHANGES = int(os.environ.get("QRESYNC_CHANGES", "1500"))
SEEDS = [int(n) for n in os.environ.get("QRESYNC_SEEDS", "1,2").split(",")]


@pytest.fixture(name="folder")
def make_folder(instance, request):
    with Folder(instance, "zhang", f"q {request.node.name.split('[')[0]}") as name:
        yield name


def uids_of(text):
    """The numbers of a set."""
    found = set()
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        found.update(range(int(first), int(last or first) + 1))
    return found


def set_of(uids):
    """A set as clients write it, in ranges."""
    parts = []
    for uid in sorted(uids):
        if parts and parts[-1][1] == uid - 1:
            parts[-1][1] = uid
        else:
            parts.append([uid, uid])
    return ",".join(f"{a}:{b}" if a != b else f"{a}" for a, b in parts)


def flags_of(response):
    return frozenset(re.search(rb"FLAGS \(([^)]*)\)", response)[1].split()) - {rb"\Recent"}


class Cache:
    """What a client keeps of one mailbox between its sessions, and how it learns what is new."""

    def __init__(self, instance, login, mailbox):
        self.instance = instance
        self.login = login
        self.mailbox = mailbox
        self.uid_validity = 0
        self.modseq = 0
        self.flags = {}
        self.exists = 0
        self.complete_to = 0        # UIDs up to here it has, if they are there
        self.client = None
        self.seen = set()           # kinds of answers it has had

    def open(self):
        self.close()
        self.client = logged_in(self.instance, self.login)
        self.client.ok("ENABLE QRESYNC")

    def close(self):
        if self.client is not None:
            self.client.wire.close()
        self.client = None

    def knows(self, rng):
        """The argument of SELECT, in one of its forms."""
        uids = sorted(self.flags)
        form = rng.choice(["bare", "known", "match"]) if uids else "bare"
        said = f"{self.uid_validity} {self.modseq}"
        if form == "bare":
            return said
        said += f" {set_of(uids)}"
        if form == "match":
            numbers = sorted(rng.sample(range(1, len(uids) + 1), min(len(uids), 8)))
            said += f" ({set_of(numbers)} {set_of(uids[n - 1] for n in numbers)})"
        return said

    def select(self, rng):
        """False: there is no such mailbox."""
        known = f" (QRESYNC ({self.knows(rng)}))" if self.modseq else ""
        got, said = self.client.command(f'SELECT "{self.mailbox}"{known}')
        if said.startswith(b"NO"):
            return False
        assert said.startswith(b"OK"), said
        validity = int(self.find(rb"\[UIDVALIDITY (\d+)\]", got))
        if validity != self.uid_validity:
            assert not any(b"VANISHED" in one or b" FETCH " in one for one in got)
            self.flags = {}
            self.uid_validity = validity
            self.complete_to = 0
        self.hear(got, said)
        self.modseq = max(int(self.find(rb"\[HIGHESTMODSEQ (\d+)\]", got)), 1)
        self.complete()
        return True

    def complete(self):
        """Fetch what it has not, by UID, until nothing more comes meanwhile."""
        while len(self.flags) < self.exists:
            self.command(f"UID FETCH {self.complete_to + 1}:* (FLAGS MODSEQ)")
        assert len(self.flags) == self.exists
        self.complete_to = max(self.flags, default=self.complete_to)

    def command(self, text):
        got, said = self.client.command(text)
        assert said.startswith(b"OK"), (text, said)
        self.hear(got, said)
        return got

    @staticmethod
    def find(pattern, responses):
        return next(m[1] for m in (re.search(pattern, one) for one in responses) if m)

    def hear(self, responses, said=b""):
        highest = self.modseq
        for one in responses:
            vanished = re.match(rb"\* VANISHED (\(EARLIER\) )?(\S+)\r\n", one)
            assert not re.match(rb"\* \d+ EXPUNGE", one)
            if vanished:
                gone = uids_of(vanished[2])
                self.seen.add("earlier" if vanished[1] else "vanished")
                if not vanished[1]:
                    assert len(gone) <= self.exists
                    self.exists -= len(gone)
                for uid in gone:
                    self.flags.pop(uid, None)
            elif b" EXISTS" in one:
                self.exists = int(one.split()[1])
            elif b" FETCH (" in one:
                self.flags[int(re.search(rb"UID (\d+)", one)[1])] = flags_of(one)
                highest = max(highest, int(re.search(rb"MODSEQ \((\d+)\)", one)[1]))
                self.seen.add("flags")
        code = re.search(rb"OK \[HIGHESTMODSEQ (\d+)\]", said)
        self.modseq = max(highest, int(code[1]) if code else 0)

    def check(self):
        """It is what somebody sees who asks for everything."""
        with logged_in(self.instance, self.login) as other:
            other.ok(f'EXAMINE "{self.mailbox}"')
            full = {int(re.search(rb"UID (\d+)", one)[1]): flags_of(one)
                    for one in other.ok("UID FETCH 1:* (FLAGS)") if b" FETCH (" in one}
        assert self.flags == full


class Mutator:
    """Somebody else, who does what can be done to a mailbox."""

    def __init__(self, instance, login, mailbox, seed):
        self.rng = random.Random(seed)
        self.mailbox = mailbox
        self.other = f"{mailbox} other"
        self.client = logged_in(instance, login)
        self.client.ok(f'CREATE "{self.other}"')
        self.done = 0

    def uids(self):
        """A few of the mailbox, as a set."""
        got = self.client.ok("UID SEARCH ALL")
        uids = [int(n) for n in got[0].split()[2:]]
        count = min(len(uids), self.rng.choice([1, 1, 2, 5, 20]))
        return set_of(self.rng.sample(uids, count)) if uids else None

    def burst(self, count):
        """Changes of the messages in one mailbox, sent without waiting."""
        here, there = self.mailbox, self.other
        if self.rng.random() < 0.3:
            here, there = there, here
        self.client.ok(f'SELECT "{here}"')
        tags = []
        for _ in range(count):
            uids = self.uids() if self.rng.random() < 0.7 else None
            verb = self.rng.choice(["append", "flags", "flags", "expunge", "move", "copy"])
            if verb == "append" or uids is None:
                self.client.append(here, TEXT, self.rng.choice(["", r"\Seen", "work"]))
                continue
            flag = self.rng.choice([r"\Seen", r"\Flagged", "work", "$Label1"])
            says = {"flags": f"UID STORE {uids} {self.rng.choice('+-')}FLAGS.SILENT ({flag})",
                    "expunge": rf"UID STORE {uids} +FLAGS.SILENT (\Deleted)",
                    "move": f'UID MOVE {uids} "{there}"',
                    "copy": f'UID COPY {uids} "{self.rng.choice([here, there])}"'}
            tags.append(self.client.start(says[verb]))
            if verb == "expunge":
                tags.append(self.client.start(f"UID EXPUNGE {uids}"))
            for tag in tags:
                assert self.client.responses(tag)[1].startswith(b"OK")
            tags.clear()
        self.done += count

    def folders(self):
        """Things done to the mailbox itself."""
        self.client.command("UNSELECT")
        if self.rng.random() < 0.5:
            self.client.ok(f'RENAME "{self.mailbox}" "{self.mailbox} away"')
            self.client.ok(f'RENAME "{self.mailbox} away" "{self.mailbox}"')
        else:
            self.client.ok(f'DELETE "{self.mailbox}"')
            self.client.ok(f'CREATE "{self.mailbox}"')
        self.done += 1

    def close(self):
        self.client.command("UNSELECT")
        self.client.ok(f'DELETE "{self.other}"')
        self.client.wire.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cache_kept_by_qresync_alone_is_what_a_full_fetch_gives(instance, folder, seed):
    rng = random.Random(seed)
    cache = Cache(instance, "zhang", folder)
    mutator = Mutator(instance, "zhang", folder, seed)
    cache.open()
    assert cache.select(rng)
    is_fresh = True                 # the mailbox selected is the one there is
    while mutator.done < CHANGES / len(SEEDS):
        if rng.random() < 0.05:
            mutator.folders()
            is_fresh = False
        mutator.burst(rng.choice([1, 3, 10, 30]))
        how = rng.choice(["again", "select", "noop", "fetch"])
        if how == "again" or not is_fresh:
            cache.open()
        if how in ("again", "select") or not is_fresh:
            assert cache.select(rng)
            is_fresh = True
        elif how == "noop":
            cache.command("NOOP")
            cache.complete()
        elif rng.random() < 0.5:
            cache.command(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {cache.modseq} VANISHED)")
            cache.complete()
        else:                       # a command that holds back what has gone
            cache.command("UID SEARCH ALL")
            cache.complete()
        cache.check()
    mutator.close()
    cache.close()
    assert cache.seen == {"earlier", "vanished", "flags"}


def test_a_cache_is_right_in_the_end_when_it_was_read_meanwhile(instance, folder):
    rng = random.Random(7)
    cache = Cache(instance, "zhang", folder)
    mutator = Mutator(instance, "zhang", folder, 7)
    failed = []

    def change():
        try:
            for _ in range(30):
                mutator.burst(15)
        except BaseException as why:    # told by the thread that waits
            failed.append(why)
            raise

    other = threading.Thread(target=change)
    cache.open()
    assert cache.select(rng)
    other.start()
    while other.is_alive():
        if rng.random() < 0.4:
            cache.open()            # what was not told yet is lost with the connection
            assert cache.select(rng)
        elif rng.random() < 0.5:
            cache.command("NOOP")
        else:
            cache.command(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {cache.modseq} VANISHED)")
    other.join()
    assert not failed
    cache.open()
    assert cache.select(rng)
    cache.check()
    mutator.close()
    cache.close()


def test_only_what_the_client_knows_is_told(instance, folder):
    cache = Cache(instance, "zhang", folder)
    with logged_in(instance, "zhang") as other:
        for _ in range(8):
            other.append(folder, TEXT)
        cache.open()
        assert cache.select(random.Random(1))
        known = f"{cache.uid_validity} {cache.modseq}"
        other.ok(f'SELECT "{folder}"')
        other.ok(r"UID STORE 1:3,5 +FLAGS.SILENT (\Deleted)")
        other.ok("EXPUNGE")
        other.ok(r"UID STORE 4,6 +FLAGS.SILENT (\Seen)")

        def answer(argument):
            cache.client.ok("UNSELECT")
            got = cache.client.ok(f'SELECT "{folder}" (QRESYNC ({argument}))')
            # VANISHED comes before FETCH
            return [one for one in got if b"VANISHED" in one or b" FETCH (" in one]

        got = answer(known)
        assert got[0] == b"* VANISHED (EARLIER) 1:3,5\r\n"
        assert [re.search(rb"UID (\d+)", one)[1] for one in got[1:]] == [b"4", b"6"]
        assert all(b"MODSEQ (" in one and b"FLAGS (" in one for one in got[1:])
        got = answer(known + " 6,2:3,100:200 (1,8 1,8)")
        assert got[0] == b"* VANISHED (EARLIER) 2:3\r\n"
        assert [re.search(rb"UID (\d+)", one)[1] for one in got[1:]] == [b"6"]
        assert answer(f"{cache.uid_validity + 1} {cache.modseq}") == []
        # a number that was never given: all is told
        got = answer(f"{cache.uid_validity} {2**63 - 1} 1:4")
        assert got[0] == b"* VANISHED (EARLIER) 1:3\r\n" and len(got) == 2
        assert b"UID 4 " in got[1]


def test_an_idling_client_hears_uids(instance, folder):
    cache = Cache(instance, "zhang", folder)
    with logged_in(instance, "zhang") as other:
        for _ in range(4):
            other.append(folder, TEXT)
        cache.open()
        assert cache.select(random.Random(1))
        tag = cache.client.start("IDLE")
        assert cache.client.response().startswith(b"+")
        other.ok(f'SELECT "{folder}"')
        other.ok('UID MOVE 1,3 "Deleted Items"')
        assert cache.client.response() == b"* VANISHED 1,3\r\n"
        other.ok(r"UID STORE 4 +FLAGS.SILENT (\Deleted)")
        assert b"UID 4 " in cache.client.response()
        other.ok("CLOSE")
        assert cache.client.response() == b"* VANISHED 4\r\n"
        cache.client.wire.send(b"DONE\r\n")
        assert cache.client.responses(tag)[1].startswith(b"OK")


def test_flags_wait_for_what_has_gone_before_them(instance, folder):
    """Their mod-sequence would say that nothing had."""
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as other:
        for _ in range(3):
            one.append(folder, TEXT)
        one.ok("ENABLE QRESYNC")
        one.ok(f'SELECT "{folder}"')
        other.ok(f'SELECT "{folder}"')
        other.ok(r"UID STORE 1 +FLAGS.SILENT (\Deleted)")
        assert b"UID 1 " in one.ok("NOOP")[0]
        other.ok("EXPUNGE")
        other.ok(r"UID STORE 2 +FLAGS.SILENT (\Seen)")
        assert one.ok("SEARCH UNDELETED") == [b"* SEARCH 2 3\r\n"]
        got = one.ok("NOOP")
        assert got[0] == b"* VANISHED 1\r\n" and b"UID 2 " in got[1]


def make_large(client, folder, doublings):
    """2 ** doublings messages; it is selected."""
    client.append(folder, TEXT)
    client.ok(f'SELECT "{folder}"')
    for _ in range(doublings):
        client.ok(f'COPY 1:* "{folder}"')
    client.ok("NOOP")


def test_more_than_the_journal_is_asked_for_is_told_all_the_same(instance, folder):
    """So many holes that the answer is all that is not there."""
    cache = Cache(instance, "zhang", folder)
    with logged_in(instance, "zhang") as other:
        make_large(other, folder, 14)
        cache.open()
        assert cache.select(random.Random(1))
        assert cache.exists == 16384
        known = f"{cache.uid_validity} {cache.modseq}"
        for first in range(1, 12001, 6000):
            odd = ",".join(str(uid) for uid in range(first, first + 6000, 2))
            other.ok(rf"UID STORE {odd} +FLAGS.SILENT (\Deleted)")
        other.ok("EXPUNGE")
        cache.open()
        assert cache.select(random.Random(2))
        cache.check()
        # what it says to have had at the number that it has now: nothing below it has gone
        got = cache.client.ok(f'SELECT "{folder}" (QRESYNC ({known} 1:16384 (1 1)))')
        assert any(one.startswith(b"* VANISHED (EARLIER) 1,3,5,") for one in got)
        got = cache.client.ok(f'SELECT "{folder}" (QRESYNC ({known} 1:16384 (5000 10000)))')
        assert any(one.startswith(b"* VANISHED (EARLIER) 10001,10003,") for one in got)
        # one command that is several changes
        other.ok(r"STORE 1:* +FLAGS.SILENT (\Deleted)")
        other.ok("EXPUNGE")
        cache.open()
        assert cache.select(random.Random(3))
        assert cache.flags == {} and cache.exists == 0
    cache.close()


def test_no_mod_sequence_is_told_before_what_had_gone_by_then(instance, folder):
    """Answers are long, and somebody removes messages and changes flags while they are sent."""
    with logged_in(instance, "zhang") as one, logged_in(instance, "zhang") as other:
        make_large(other, folder, 16)
        other.ok(r"STORE 1:* +FLAGS.SILENT (\Flagged)")
        one.ok("ENABLE QRESYNC")
        validity = Cache.find(rb"\[UIDVALIDITY (\d+)\]", one.ok(f'SELECT "{folder}"')).decode()
        is_over = threading.Event()

        def change():
            uid = 65536
            while not is_over.is_set():
                other.ok(rf"UID STORE {uid} +FLAGS.SILENT (\Deleted)")
                other.ok(f"UID EXPUNGE {uid}")
                other.ok(rf"UID STORE {uid - 1} +FLAGS.SILENT (\Answered)")
                uid -= 2

        changing = threading.Thread(target=change)
        changing.start()
        try:
            for _ in range(2):
                got = one.ok(f'SELECT "{folder}" (QRESYNC ({validity} 1))')
                highest = int(Cache.find(rb"HIGHESTMODSEQ (\d+)", got))
                numbers = [int(n) for n in re.findall(rb"MODSEQ \((\d+)\)", b"".join(got))]
                assert len(numbers) > 60000 and max(numbers) <= highest
            there = {int(n) for n in re.findall(rb"UID (\d+)", b"".join(got))}
            for _ in range(3):
                # 5 is answered after 6 was removed
                got = one.ok("UID FETCH 1:* (FLAGS MODSEQ)")
                for gone in re.findall(rb"VANISHED (\S+)\r\n", b"".join(got)):
                    there -= uids_of(gone)
                answered = {int(re.search(rb"UID (\d+)", each)[1]) for each in got
                            if rb"\Answered" in each}
                assert answered and not {uid + 1 for uid in answered} & there
        finally:
            is_over.set()
            changing.join()


def test_a_client_that_did_not_enable_it_hears_numbers(instance, folder):
    with logged_in(instance, "zhang") as one:
        one.append(folder, TEXT, r"\Deleted")
        one.append(folder, TEXT)
        one.ok(f'SELECT "{folder}" (CONDSTORE)')
        got, said = one.command("EXPUNGE")
        assert got == [b"* 1 EXPUNGE\r\n"] and said.startswith(b"OK [HIGHESTMODSEQ ")
