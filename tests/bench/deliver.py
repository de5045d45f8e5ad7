"""Durable deliveries a second over SMTP, and what one costs in CPU."""

import json
import os
import subprocess
import time

import processes
from harness.wait import wait_until

SIZE = 4096
SETTINGS = {"smtp": {"address_max": "1000"}}    # all senders are one machine
PEOPLE = ("zhang", "li", "wang")
LOADS = ((1, 2000), (20, 10000), (50, 20000))  # connections, messages
PEER_LOADS = ((1, 500), (20, 3000), (50, 3000))
ARRIVAL_DEADLINE = 300.0


def send(programs, port, connections, messages, recipients):
    """Send; the load generator's own figures."""
    command = [os.path.join(programs, "smtp_load"), str(port), str(connections), str(messages),
               str(SIZE), *recipients]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _cpu(roots):
    return sum(processes.cpu_seconds(root) for root in roots)


def row(name, connections, figures, messages, seconds, cpu):
    return {"server": name, "connections": connections, "messages": messages,
            "per second": round(messages / seconds), "p50 ms": figures["p50_ms"],
            "p99 ms": figures["p99_ms"], "CPU ms a message": round(1000 * cpu / messages, 3)}


def measure(instance, loads=LOADS):
    """Rows for a running instance: its 250 says that the message is on disk, in the inbox."""
    recipients = [instance.login(name) for name in PEOPLE]
    for connections, messages in loads:
        before = _cpu([instance.supervisor.pid])
        figures = send(instance.programs, instance.endpoints["smtp"][1], connections, messages,
                       recipients)
        cpu = _cpu([instance.supervisor.pid]) - before
        yield row("Tradepost", connections, figures, messages, figures["seconds"], cpu)


def measure_peers(programs, peers, loads=PEER_LOADS):
    """Rows for Postfix and Dovecot: until the last message is in its Maildir."""
    recipients = [f"{name}@acme.test" for name in PEOPLE]
    there = 0
    for connections, messages in loads:
        before, began = _cpu(peers.roots()), time.monotonic()
        figures = send(programs, peers.port, connections, messages, recipients)
        there += messages
        wait_until(lambda: peers.delivered() >= there, ARRIVAL_DEADLINE, "delivery", 0.1)
        seconds, cpu = time.monotonic() - began, _cpu(peers.roots()) - before
        yield row("Postfix, Dovecot", connections, figures, messages, seconds, cpu)
