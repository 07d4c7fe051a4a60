"""Memory that the program has freed, given back to the system."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc; None where the C library has none (macOS, Windows, musl)."""
    try:
        found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):
        return None
    return found


def trim() -> bool:
    """Give freed pages back; True if there were some. It takes some milliseconds and holds no lock of Python.

    glibc gives back by itself only what lies at the end of a heap, and each thread has a heap of its own: after a model
    was let go, 6 to 60 MB of freed pages stayed.
    """
    release = _malloc_trim()
    return release is not None and release(0) == 1
