"""Waiting for something to become true: always with a deadline, never a fixed time."""

import time


class NotInTime(AssertionError):
    """The deadline passed."""


def wait_until(predicate, deadline=30.0, what="", every=0.02):
    """Call predicate() until it gives something true, and return that."""
    end = time.monotonic() + deadline
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise NotInTime(f"not within {deadline} s: {what or predicate}")
        time.sleep(every)
