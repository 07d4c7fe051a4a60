"""Ctrl+C, SIGTERM and SIGHUP: which of them are listened to, what they do, and the exit status that says so.

The second Ctrl+C always ends the process at once: the first one gives the signal back to the operating system.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

WORDS = {"SIGINT": "Ctrl+C", "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP, a hang-up", "SIGBREAK": "Ctrl+Break"}


class Interrupted(KeyboardInterrupt):
    """A signal asks the program to end; ``except Exception`` lets it pass, clean-up work is done."""

    def __init__(self, number: int) -> None:
        super().__init__(said(number))
        self.number = number


@dataclass
class Heard:
    """Which signal has come first, 0 as long as none has."""

    number: int = 0


def numbers() -> list[int]:
    """The signals that end a program and that are not ignored: ``nohup`` and a job in the background ignore some."""
    found = [getattr(signal, name) for name in WORDS if hasattr(signal, name)]
    return [int(number) for number in found if signal.getsignal(number) is not signal.SIG_IGN]


def status(number: int) -> int:
    """The exit status of a program that a signal has ended, as a shell says it: 130 for Ctrl+C."""
    return 128 + number


def said(number: int) -> str:
    """The signal in words."""
    name = signal.Signals(number).name
    return WORDS.get(name, name)


def leave(number: int) -> NoReturn:
    """Leave whatever is being done."""
    raise Interrupted(number)


def number_of(error: KeyboardInterrupt) -> int:
    """The signal that an interrupt stands for."""
    return error.number if isinstance(error, Interrupted) else int(signal.SIGINT)


@contextlib.contextmanager
def listening(act: Callable[[int], object]) -> Iterator[Heard]:
    """Call ``act`` with the number of the first signal that asks the program to end, instead of what would happen.

    Only the main thread can listen; in others nothing changes. Later signals are not acted on again (the end of a
    service or of a terminal often comes as two), but for a second Ctrl+C, which ends the process at once.
    """
    heard = Heard()

    def hear(number: int, frame: object) -> None:
        if number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
        if not heard.number:
            heard.number = number
            act(number)

    here = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, hear) for number in (numbers() if here else ())}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
