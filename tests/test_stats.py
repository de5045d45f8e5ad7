"""mailadm stats store: served and stopped, for people and for programs."""

import json

import pytest

from harness.instance import CommandFailed
from harness.wait import wait_until


def stats(instance):
    return json.loads(instance.mailadm("--json", "stats", "store"))


def test_stats_say_what_is_there_and_how_it_is_written(make_instance):
    instance = make_instance()
    client = instance.imap("zhang", select="INBOX")
    text = b"Subject: counted\r\n\r\n" + b"a line\r\n" * 100
    for _ in range(5):
        assert client.append("INBOX", None, None, text)[0] == "OK"
    with instance.smtp("smtp") as smtp:
        smtp.sendmail("john@far.test", ["li@acme.test"], b"Subject: in\r\n\r\nin\r\n")
    client.store("1", "+FLAGS", r"(\Deleted)")
    client.expunge()
    one = stats(instance)
    assert (one["messages"], one["trash_messages"], one["archive_entries"]) == (5, 1, 1)
    assert one["message_bytes"] > 4 * len(text)
    assert 1 < one["texts"] <= 6 and one["text_bytes"] > len(text)
    assert one["segments"] >= 1 and one["segment_bytes"] > 0 and one["index_bytes"] > 0
    assert one["disk_full_on"] == "not known yet" and "growth_bytes_a_day" not in one
    assert one["commits"] >= 7 and one["jobs"] >= one["commits"] and one["batch_max"] >= 1
    assert 0 < one["commit_p50_us"] <= one["commit_p99_us"] <= one["commit_max_us"]
    assert one["jobs_waiting"] == 0 and one["bytes_pending"] == 0
    assert one["readers"] >= 1 and one["oldest_reader_s"] == 0
    assert one["ballast"] == "kept" and one["upkeep_holds"] == 0
    words = instance.mailadm("stats", "store")
    assert "messages in mailboxes        5\n" in words and "not known yet" in words
    client.logout()
    # A row a day: removing somebody makes the upkeep begin a round at once.
    instance.mailadm("user", "remove", "wang@acme.test")
    wait_until(lambda: stats(instance)["days_remembered"] == 1, 30, "the day is remembered")
    with pytest.raises(CommandFailed) as failed:
        instance.mailadm("stats", "store", "now")
    assert failed.value.code == 2
    instance.stop()
    one = stats(instance)
    assert one["messages"] == 5 and "commits" not in one and one["upkeep"] == "not served"
