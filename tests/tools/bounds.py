"""Loops of tests that wait for something: each has an end, and says what it waited for in vain."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Protocol


class Joins(Protocol):
    """A thread, or a process of ``multiprocessing``."""

    def join(self, timeout: float | None = None) -> None:
        """Wait so many seconds for its end."""

    def is_alive(self) -> bool:
        """Whether it still runs."""


SECONDS = 60.0  # nothing is measured with it: a test that comes here has failed


def rounds(what: str, *, most: int | None = None, seconds: float = SECONDS) -> Iterator[int]:
    """Count the rounds of a loop that ends with ``break`` once it has got what it waits for.

    Args:
        what: it waits for, in words.
        most: rounds; None for as many as there is time for.
        seconds: from the first round on.

    Raises:
        AssertionError: the loop has gone on for too long. (In a worker it becomes the answer, as any error does.)
    """
    end = time.monotonic() + seconds
    for number in itertools.count() if most is None else range(most):
        yield number
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
    raise AssertionError(f"{most} rounds were not enough for {what}")


def until(ready: Callable[[], object], what: str, *, seconds: float = SECONDS) -> None:
    """Wait without handling any event until ``ready`` says so; AssertionError naming ``what`` if it never does."""
    for _ in rounds(what, seconds=seconds):
        if ready():
            return
        time.sleep(0.001)


def end(*workers: Joins, seconds: float = SECONDS) -> None:
    """Wait for the end of threads or processes; AssertionError naming the first that goes on."""
    for one in workers:
        one.join(seconds)
        if one.is_alive():
            raise AssertionError(f"{one} has not ended in {seconds:.0f} s")
