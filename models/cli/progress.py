"""Progress of the commands: a bar on a terminal, now and then a line in a log file."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

EVERY = 30.0  # seconds between two lines where standard error is no terminal

Show = Callable[..., None]  # (what, done, total, more="", begun=None)


class Lines:
    """One line every half minute, for a log file or a service without a terminal: no bar, no carriage return."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock() + EVERY
        self._ended = ""

    def show(self, what: str, done: int, total: int, more: str = "", begun: int | None = None) -> None:
        """Say how far it is, if it is time."""
        if self._clock() >= self._next:
            self._say(what, done, total, more)

    def loading(self, what: str, done: int, total: int) -> None:
        """The same, and once more when it is done: reading a dataset is worth a line however short it takes."""
        if done >= total and what != self._ended:
            self._ended = what
            self._say(what, done, total, "")
        else:
            self.show(what, done, total)

    def _say(self, what: str, done: int, total: int, more: str) -> None:
        self._next = self._clock() + EVERY
        print(f"{what}: {done:,} of {total:,}{more}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def bar(unit: str) -> Iterator[Show]:
    """Yield a function that shows how far something is: (what, done, total, more, begun).

    ``more`` is added to the end; ``begun`` is how much was done before, at a speed that does not count.
    """
    if not sys.stderr.isatty():
        yield Lines().show
        return
    from tqdm import tqdm

    with tqdm(unit=unit, dynamic_ncols=True, mininterval=0.5) as drawn:

        def show(what: str, done: int, total: int, more: str = "", begun: int | None = None) -> None:
            drawn.total = total
            drawn.set_description(what, refresh=False)
            if more:
                drawn.set_postfix_str(more.removeprefix(", "), refresh=False)
            if begun is not None:
                drawn.initial = begun
            drawn.update(done - drawn.n)

        yield show
