"""How long deliveries take before, during and after a compaction."""

import base64
import json
import random
import smtplib
import threading
import time

SETTINGS = {"store": {"segment": "4m", "compact_grace": "0"}}
MESSAGES = 2000
LEN = 24000
AT_A_TIME = 50
SECONDS = 5


def fill(instance):
    """Texts that are not compressed; two of three are then removed and purged."""
    chance = random.Random(1)
    client = instance.imap("zhang", select="INBOX")
    for number in range(MESSAGES):
        text = f"Subject: {number}\r\n\r\n".encode() + base64.b64encode(
            chance.randbytes(LEN * 3 // 4))
        assert client.append("INBOX", "", None, text)[0] == "OK"
    client.select("INBOX")
    gone = [n for n in range(1, MESSAGES + 1) if n % 3]
    for first in range(0, len(gone), AT_A_TIME * 20):
        numbers = ",".join(str(n) for n in gone[first:first + AT_A_TIME * 20])
        assert client.store(numbers, "+FLAGS.SILENT", r"(\Deleted)")[0] == "OK"
    assert client.expunge()[0] == "OK"
    client.logout()
    instance.mailadm("trash", "purge", "--account", "zhang", "--yes")


def deliver(instance, is_over):
    """Milliseconds that each delivery took, one behind the other."""
    host, port = instance.endpoints["smtp"]
    took = []
    with smtplib.SMTP(host, port, timeout=60) as client:
        client.ehlo("mx.example.org")
        while not is_over(took):
            text = f"Subject: latency {len(took)} {random.random()}\r\n\r\n" + "words " * 650
            begun = time.monotonic()
            client.sendmail("customer@example.org", ["li@acme.test"], text)
            took.append((time.monotonic() - begun) * 1000)
    return took


def row(when, took, more):
    took.sort()
    return {"when": when, "deliveries": len(took), "p50 ms": f"{took[len(took) // 2]:.1f}",
            "p99 ms": f"{took[len(took) * 99 // 100]:.1f}", "longest ms": f"{took[-1]:.1f}",
            "": more}


def for_seconds():
    end = time.monotonic() + SECONDS
    return lambda took: time.monotonic() > end


def measure(instance):
    fill(instance)
    deliver(instance, for_seconds())    # all of it warm
    yield row("before", deliver(instance, for_seconds()), "")
    told = []
    begun = time.monotonic()
    running = threading.Thread(target=lambda: told.append(
        json.loads(instance.mailadm("compact", "--json"))))
    running.start()
    took = deliver(instance, lambda took: not running.is_alive() and len(took) > 0)
    running.join()
    seconds = time.monotonic() - begun
    yield row("during", took, f"{told[0]['segments']} segments, "
              f"{told[0]['moved_bytes'] >> 20} MiB moved, {told[0]['gained_bytes'] >> 20} MiB "
              f"gained in {seconds:.1f} s")
    yield row("after", deliver(instance, for_seconds()), "")
