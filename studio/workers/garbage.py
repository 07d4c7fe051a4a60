"""Memory of models that are done with. Freezing keeps collections short, but what is frozen is never given back."""

from __future__ import annotations

import gc
import threading

_due = threading.Event()


def freeze() -> None:
    """After an import or a trace: a million objects that no everyday collection needs to look at again."""
    gc.freeze()


def mark() -> None:
    """A model is done with: the next ``sweep`` is worth its time. Any thread may call this."""
    _due.set()


def sweep() -> bool:
    """Give back what ``mark`` spoke of, frozen or not; True if there was something to do.

    It takes some tenths of a second (everything that the backend imported is looked at), so it is called once after a
    training or a change of models, in the GUI thread: elsewhere it could destroy a widget in the wrong thread.
    """
    if not _due.is_set():
        return False
    _due.clear()
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    return True
