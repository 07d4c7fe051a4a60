"""What every test gets: a home of its own, no network, and a name that does not change from run to run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from models.core import device
from studio.workers import heap
from tests.tools.lists import LISTS, names_in

GROWN = 128 * 2**20  # bytes: less is not worth looking for
settings.register_profile("house", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("house")


@pytest.fixture(scope="module", autouse=True)
def memory_given_back(memory_kept: list[int]) -> Iterator[None]:
    """What the tests of a file leave goes with them: some switch the collector off and freeze what is alive.

    A collection looks at all that TensorFlow holds, which takes seconds: only once there is something to give back.
    """
    yield
    used = device.memory_used()
    if used and used < memory_kept[0] + GROWN:
        return
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # what is left stays (TensorFlow, Qt), and the collections of the next file need not look at it
    heap.trim()
    memory_kept[0] = device.memory_used()


@pytest.fixture(scope="session")
def memory_kept() -> list[int]:
    """Bytes of memory after the last time that some was given back."""
    return [0]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point everything that the program writes at a temporary folder."""
    home = tmp_path / "studio-home"
    monkeypatch.setenv("STUDIO_HOME", str(home))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras-home"))
    monkeypatch.setenv("STUDIO_OFFLINE", "1")
    return home


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their argument: gzip puts the time into them, and two workers must collect the same names."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what ``-m`` does not want
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is listed; begin with the longest test, which waits for processes: else a core is idle at last."""
    for listed in LISTS:
        beginnings = tuple(names_in(listed))
        for item in items:
            if item.nodeid.startswith(beginnings):
                item.add_marker(listed)
    items.sort(key=lambda item: "test_kills" not in item.nodeid)
