"""Memory of models that are done with. Freezing keeps collections short, but what is frozen is never given back.

So only what stays is frozen: what was imported, and the trace of a training. A model that was loaded is not, and
``tidy`` gives it back within a second of the next one: 3,000 to 43,000 objects. What was frozen all the same, because
a training was traced meanwhile, waits for a ``sweep``: whoever looks while everything is collected sees a window that
stands still for half a second, so that waits until nobody does; ``Away`` tells.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

from studio.workers import heap

AWAY, LONG_AWAY = 30, 600  # looks: with nothing being done at all, and with work that goes on by itself

_due, _untidy, _imported = threading.Event(), threading.Event(), threading.Event()


def freeze() -> None:
    """After an import or the trace of a training: a million objects that no everyday collection needs to look at again.

    Never after a model was loaded: it will be exchanged for another one.
    """
    gc.freeze()
    _imported.set()


def importing() -> bool:
    """Whether the backend is still to be imported: only until then all that is new stays."""
    return not _imported.is_set()


def mark() -> None:
    """A model is done with: the next ``tidy`` and ``sweep`` are worth their time. Any thread may call this."""
    _due.set()
    _untidy.set()


def tidy() -> bool:
    """Give back what ``mark`` spoke of and nobody froze; True if there was something to do. Only in the GUI thread."""
    if not _untidy.is_set():
        return False
    _untidy.clear()
    gc.collect()
    heap.trim()
    return True


def sweep() -> bool:
    """Give back what ``mark`` spoke of, frozen or not; True if there was something to do.

    It takes some tenths of a second (everything that the backend imported is looked at), so it waits until nobody
    looks, in the GUI thread: elsewhere it could destroy a widget in the wrong thread.
    """
    if not _due.is_set():
        return False
    _due.clear()
    _untidy.clear()
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    heap.trim()
    return True


class Away:
    """Whether somebody uses the program, looked at once a second; no event passes through Python for it.

    Args:
        hand: what the mouse does: (its place, whether a button is held).
        activity: what the threads do: (whether one works, the questions asked so far).
    """

    def __init__(self, hand: Callable[[], tuple[Any, bool]], activity: Callable[[], tuple[bool, int]]) -> None:
        self._hand, self._activity = hand, activity
        self._place, self._asked = hand()[0], activity()[1]
        self._unmoved = self._quiet = 0

    def look(self) -> bool:
        """Look again; True once nobody has done anything for long enough.

        A key that moves a slider, an animation that plays and a photo that is being cleaned are work or questions; a
        training and its window may go on for hours, and then only the mouse tells.
        """
        (place, held), (works, asked) = self._hand(), self._activity()
        self._unmoved = 0 if held or place != self._place else self._unmoved + 1
        self._quiet = 0 if works or asked != self._asked or not self._unmoved else self._quiet + 1
        self._place, self._asked = place, asked
        return self._quiet > AWAY or self._unmoved > LONG_AWAY

    def begin_again(self) -> None:
        """Wait as long as at first."""
        self._unmoved = self._quiet = 0
