"""The disk is full: nothing is taken in, reading and deleting go on, and all is well when there
is room again, without a restart."""

import os
import subprocess

import pytest

from conftest import add_people
from harness.instance import Instance
from harness.wait import wait_until
from harness.wire import Wire

SIZE = "24m"
EXT4_SIZE = 36 << 20
STEP = 64 * 1024
SECONDS = 30


def text(number):
    return f"Subject: number {number}\r\n\r\n".encode() + b"some words and more\r\n" * 500


def mount(kind, place, image):
    """A small disk at place, or the test is skipped."""
    if kind == "ext4":
        # Nothing of it is kept for root.
        with open(image, "wb") as f:
            f.truncate(EXT4_SIZE)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
        command = ["mount", "-o", "loop", image, place]
    else:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "small", place]
    said = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    if said.returncode != 0:
        pytest.skip(f"no {kind} can be mounted here: {said.stderr.decode().strip()}")
    os.chmod(place, 0o750)


@pytest.fixture(name="served")
def _served(tmp_path):
    """An instance whose store lies on a small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    made = []

    def serve(floor, kind="tmpfs", ballast="1m"):
        one = Instance(tmp_path / "i", settings={"store": {"segment": "1m", "floor": floor,
                                                           "ballast": ballast}})
        one.init()
        mount(kind, one.path("store"), tmp_path / "disk.img")
        made.append(one)
        one.start()
        return add_people(one)

    yield serve
    for one in made:
        try:
            one.stop()
        finally:
            subprocess.run(["umount", one.path("store")], check=True)


def fill(path, leave):
    """Something else takes the room, but for so many bytes."""
    with open(path, "ab", buffering=0) as f:
        while True:
            room = os.statvfs(os.path.dirname(path))
            free = room.f_bavail * room.f_frsize - leave
            if free <= 0:
                return
            try:
                f.write(bytes(min(STEP, free)))
                os.fsync(f.fileno())
            except OSError:
                return


def smtp_code(instance, number):
    """The last answer to a message from outside."""
    with Wire(instance.endpoints["smtp"]) as wire:
        assert wire.reply()[0] == 220
        for command in ("EHLO mx.example.org", "MAIL FROM:<customer@example.org>",
                        "RCPT TO:<zhang@acme.test>", "DATA"):
            code = wire.command(command)[0]
            if code not in (250, 354):
                return code
        wire.send(text(number) + b".\r\n")
        return wire.reply()[0]


def append(client, number):
    return client.append("INBOX", None, None, text(number))[0]


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
@pytest.mark.parametrize("floor, leave", [("4m", 2 << 20), ("0", 0)])
def test_a_full_disk_stops_intake_and_nothing_else(served, floor, leave, kind):
    instance = served(floor, kind)
    client = instance.imap("zhang", select="INBOX")
    for number in range(30):
        assert append(client, number) == "OK"
    assert smtp_code(instance, 100) == 250
    writers = instance.daemons("stored")
    other = instance.path("store", "other")
    fill(other, leave)
    wait_until(lambda: append(client, 200) == "NO", SECONDS, "an APPEND is refused", 0.1)
    assert smtp_code(instance, 201) == 452
    # What is there can be read and removed.
    client.noop()
    before = int(client.select("INBOX")[1][0])
    state, rows = client.fetch(f"1:{before}", "(BODY.PEEK[])")
    assert state == "OK" and len([row for row in rows if isinstance(row, tuple)]) == before
    assert client.store("1:10", "+FLAGS", r"(\Deleted)")[0] == "OK"
    assert client.expunge()[0] == "OK"
    assert int(client.select("INBOX")[1][0]) == before - 10
    os.unlink(other)
    wait_until(lambda: append(client, 300) == "OK", SECONDS, "there is room again", 0.1)
    wait_until(lambda: smtp_code(instance, 301) == 250, SECONDS, "SMTP takes mail again", 0.1)
    assert instance.daemons("stored") == writers, "stored was started again"
    client.logout()
    assert instance.mailadm("verify") == "the store is whole\n"


def test_a_reader_that_stands_still_holds_nobody_up(served):
    """SIGSTOP of every worker in the middle: mail comes in, and the store stays whole."""
    instance = served("0")
    client = instance.imap("zhang", select="INBOX")
    assert append(client, 1) == "OK"
    workers = instance.daemons("imapd")
    for pid in workers:
        os.kill(pid, 19)
    try:
        for number in range(20):
            assert smtp_code(instance, number) == 250
    finally:
        for pid in workers:
            os.kill(pid, 18)
    assert int(client.select("INBOX")[1][0]) >= 21
    client.logout()
    assert instance.mailadm("verify") == "the store is whole\n"


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
@pytest.mark.parametrize("ballast", ["0", "4m"])
def test_a_ballast_lets_thousands_be_removed_from_a_full_disk(served, kind, ballast):
    """One command over so many needs more pages of the index than are free."""
    instance = served("0", kind, ballast)
    client = instance.imap("zhang", select="INBOX")
    for number in range(50):
        assert client.append("INBOX", None, None, f"Subject: {number}\r\n\r\n".encode())[0] == "OK"
    for _ in range(7):
        client.noop()
        assert client.copy("1:*", "INBOX")[0] == "OK"
    count = int(client.select("INBOX")[1][0])
    assert count == 50 << 7
    file, other = instance.path("store", "ballast"), instance.path("store", "other")
    if ballast != "0":
        wait_until(lambda: os.path.exists(file), SECONDS, "the ballast is there")
    fill(other, 0)
    client.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
    removed = client.expunge()[0]
    if ballast == "0":
        # The refused commit left the store as it was; room makes all well again.
        assert removed == "NO" and int(client.select("INBOX")[1][0]) == count
        os.unlink(other)
    else:
        assert removed == "OK" and int(client.select("INBOX")[1][0]) == 0
        assert instance.log_lines("store.ballast.released") and not os.path.exists(file)
        assert append(client, 1) == "NO" and smtp_code(instance, 2) == 452
        os.unlink(other)
        wait_until(lambda: os.path.exists(file), SECONDS, "the ballast is there again", 0.1)
    wait_until(lambda: append(client, 3) == "OK", SECONDS, "there is room again", 0.1)
    wait_until(lambda: smtp_code(instance, 4) == 250, SECONDS, "SMTP takes mail again", 0.1)
    client.logout()
    assert instance.mailadm("verify") == "the store is whole\n"
