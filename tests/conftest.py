"""Fixtures of the whole-system tests."""

import pytest

from harness.instance import Instance

PEOPLE = {
    "zhang": ("Zhang San", "张三"),
    "li": ("Li Si", "李四"),
    "wang": ("Wang Wu", "王五"),
}


def password_of(name):
    return f"secret of {name}"


def add_people(instance):
    for name, names in PEOPLE.items():
        instance.user_add(name, password_of(name), names=names)
    return instance


@pytest.fixture(scope="session")
def instance(tmp_path_factory):
    """One instance for all tests that leave it as usable as they found it."""
    with Instance(tmp_path_factory.mktemp("instance") / "i") as served:
        add_people(served)
        served.user_add("limited", password_of("limited"))
        served.mailadm("user", "set", "limited", "--quota", "64k")
        yield served


@pytest.fixture
def make_instance(tmp_path):
    """make_instance(settings={...}): an instance of the test's own, with the three people."""
    made = []

    def make(**options):
        one = Instance(tmp_path / f"i{len(made)}", **options)
        made.append(one)
        one.start()
        return add_people(one)

    yield make
    for one in made:
        one.stop()


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than half a minute")
    config.addinivalue_line("markers", "waits: waits more than it works, and runs beside the others")
