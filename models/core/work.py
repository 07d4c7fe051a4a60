"""How long work speaks with whoever asked for it: it tells how far it is, and checks whether it is still wanted.

Every function that takes long takes one ``work``. A command shows it as a bar, the studio as a row with a Cancel; who
wants neither gives nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from models.core.errors import Cancelled

Tell = Callable[[str, int, int], None]  # (what is being done, done, in all)


class Work(Protocol):
    """Somebody who waits for long work."""

    def tell(self, what: str, done: int, total: int) -> None:
        """Say what is being done, how much of it is done and how much there is."""

    def check(self) -> None:
        """Go on, unless nobody wants the answer any more.

        Raises:
            Cancelled: if a person stopped it.
        """


def _say_nothing(what: str, done: int, total: int) -> None:
    """For work that nobody watches."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Callbacks:
    """Work as two functions: one that is told, and one that says whether the work is cancelled."""

    tell: Tell = _say_nothing
    cancelled: Callable[[], bool] = _never

    def check(self) -> None:
        """As of any work."""
        if self.cancelled():
            raise Cancelled


SILENT = Callbacks()  # nobody watches it, nobody stops it


@dataclass(frozen=True)
class Part:
    """The part ``number`` of ``count`` equal parts of a longer work, all of it told under one name."""

    whole: Work
    what: str
    number: int = 0
    count: int = 1

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how much of the whole is done."""
        self.whole.tell(self.what, self.number * total + done, self.count * total)

    def check(self) -> None:
        """As of the whole."""
        self.whole.check()


@dataclass(frozen=True)
class Unseen:
    """A detail of a longer work: it can be stopped, but is not shown."""

    whole: Work

    def tell(self, what: str, done: int, total: int) -> None:
        """Say nothing: the longer work tells of itself."""

    def check(self) -> None:
        """As of the longer work."""
        self.whole.check()


def advance(work: Work, what: str, done: int, total: int) -> None:
    """Check, then tell: the two things that most loops do at each turn.

    Raises:
        Cancelled: if a person stopped it.
    """
    work.check()
    work.tell(what, done, total)
