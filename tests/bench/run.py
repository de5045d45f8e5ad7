"""Measure a release build and print tables in Markdown.

    run.py [NAME...]      backup, compact, deliver, idle, imap, journal, peers, qresync, relay, store; without names
                          all of them

Everything lies in a directory of its own beside the programs ($TRADEPOST_BIN), on the same disk,
and is removed afterwards.  Nothing fails on a rate.
"""

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

# pylint: disable=wrong-import-position
import backup_bench
import compaction
import deliver
import idle_memory
import imap_bench
import peers
import qresync_bench
import relay
from harness.instance import Instance, programs_directory


def print_table(title, rows):
    """Rows as they come: a benchmark that breaks off has shown what it had."""
    print(f"\n### {title}\n")
    for number, row in enumerate(rows):
        if number == 0:
            print("| " + " | ".join(row) + " |")
            print("|" + "---|" * len(row))
        print("| " + " | ".join(f"`{value}`" if key == "command" else str(value)
                                for key, value in row.items()) + " |", flush=True)


@contextlib.contextmanager
def instance_in(directory, settings=None):
    """An instance with three people, served."""
    with Instance(os.path.join(directory, "instance"), settings=settings) as served:
        for name in deliver.PEOPLE:
            served.user_add(name, f"secret of {name}")
        yield served


def bench_deliver(directory):
    with instance_in(directory, deliver.SETTINGS) as served:
        print_table("Durable deliveries of 4 KB over SMTP", deliver.measure(served))


def bench_peers(directory):
    reason = peers.missing()
    if reason is not None:
        print(f"\nno comparison with Postfix and Dovecot: {reason}")
        return
    with peers.Peers(directory) as running:
        print_table("The same into Postfix and Dovecot",
                    deliver.measure_peers(programs_directory(), running))


def bench_relay(directory):
    reason = relay.missing()
    if reason is not None:
        print(f"\nno relaying: {reason}")
        return
    with Instance(os.path.join(directory, "instance"), domain=relay.DOMAIN,
                  settings=relay.SETTINGS) as served:
        other = os.path.join(directory, "postfix")
        os.mkdir(other)
        print_table("Relaying messages of 4 KB to smtp-sink", relay.measure(served, other))


def bench_imap(directory):
    with instance_in(directory) as served:
        imap_bench.fill(served, "zhang")
        print_table(f"IMAP over TLS, a mailbox of {imap_bench.MESSAGES} messages",
                    imap_bench.measure(served, "zhang"))


def bench_qresync(directory):
    with instance_in(directory) as served:
        print_table(f"A client that comes back to {qresync_bench.MESSAGES} messages",
                    qresync_bench.measure(served, "zhang"))


def bench_journal(directory):
    print("\n### A long journal\n", flush=True)
    subprocess.run([os.path.join(programs_directory(), "journal_bench"),
                    os.path.join(directory, "store")], check=True)


def bench_idle(directory):
    with instance_in(directory, idle_memory.SETTINGS) as served:
        print_table("Anonymous memory (Pss_Anon) of an idle IMAP session",
                    idle_memory.measure(served, "zhang"))


def bench_store(directory):
    print("\n### The store alone, against a bare probe of the same writes and syncs\n", flush=True)
    subprocess.run([os.path.join(programs_directory(), "store_bench"), directory], check=True)


def bench_backup(directory):
    with instance_in(directory, backup_bench.SETTINGS) as served:
        backup_bench.fill(served)
        print_table("Backup and restore", backup_bench.measure(served, directory))
        print_table("Deliveries of 4 KB, one after the other, while first backups are made",
                    backup_bench.measure_latency(served, directory))


def bench_trash(directory):
    """How long a slice of a removal and of a purge holds the writer."""
    subprocess.run([os.path.join(programs_directory(), "trash_bench"),
                    os.path.join(directory, "trash"), "1000000"], check=True)


def bench_compact(directory):
    with instance_in(directory, compaction.SETTINGS) as served:
        print_table("Deliveries of 4 KB over one connection while segments are compacted",
                    compaction.measure(served))


BENCHES = {"store": bench_store, "trash": bench_trash, "deliver": bench_deliver,
           "peers": bench_peers, "relay": bench_relay, "imap": bench_imap,
           "compact": bench_compact, "qresync": bench_qresync, "journal": bench_journal, "idle": bench_idle, "backup": bench_backup}


def describe_machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")),
                     platform.machine())
    print(f"{os.cpu_count()} processors ({model}), Linux {platform.release()}")


def main():
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(__doc__, file=sys.stderr)
        return 2
    describe_machine()
    for name in names:
        directory = tempfile.mkdtemp(prefix="bench-", dir=os.path.dirname(programs_directory()))
        os.chmod(directory, 0o711)  # programs that root starts become users of their own
        try:
            BENCHES[name](directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
