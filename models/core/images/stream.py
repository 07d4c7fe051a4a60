"""An image file that is being decoded: how long it may take, and how many may be decoded at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from models.core import device
from models.core.work import SILENT, Work

MOST_SECONDS = 10.0  # of a processor
MOST_AT_ONCE = 64_000_000  # pixels that all threads together decode; one image alone may have more
BYTES_A_PIXEL = {"WEBP": 20, "AVIF": 20, "HEIF": 20}  # at the worst moment; these decode into buffers of their own
OTHERS_BYTES = 12
SMALL = 4_000_000  # pixels; for fewer nobody looks at the memory


class TooSlow(Exception):
    """Decoding has taken longer than it may."""


class TooLittleMemory(Exception):
    """The memory that is free is not enough; ``needed`` and ``free`` are bytes."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(f"{needed} of {free}")
        self.needed, self.free = needed, free


class Watched:
    """A stream whose reader is stopped at its next read: when it is cancelled, or has taken ``MOST_SECONDS``.

    It has no descriptor on purpose: a decoder that was given one would read past this.
    """

    def __init__(self, stream: BinaryIO, work: Work) -> None:
        self._stream = stream
        self._work = work
        self._begin = time.thread_time()

    def check(self) -> None:
        """Raises TooSlow or Cancelled; the time is that of this thread, so that a busy machine refuses nothing."""
        self._work.check()
        if time.thread_time() - self._begin > MOST_SECONDS:
            raise TooSlow

    def read(self, size: int = -1) -> bytes:
        """As of any stream."""
        self.check()
        return self._stream.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        """As of any stream."""
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        """As of any stream."""
        return self._stream.tell()


class Room:
    """Lets threads decode at the same moment as long as the sum of their pixels is bounded."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self.most, self.taken = most, 0
        self._changed = threading.Condition()

    @contextmanager
    def of(self, pixels: int, kind: str, work: Work = SILENT) -> Iterator[None]:
        """Wait until there is room for so many pixels of a format, and keep it for the block.

        Raises:
            TooLittleMemory: there is less than they need.
            Cancelled: while it waited.
        """
        with self._changed:
            while self.taken and self.taken + pixels > self.most:
                work.check()
                self._changed.wait(0.1)
            self.taken += pixels
        try:
            needed, free = pixels * BYTES_A_PIXEL.get(kind, OTHERS_BYTES), 0
            if pixels > SMALL:
                free = device.memory_free()
            if 0 < free < needed:
                raise TooLittleMemory(needed, free)
            yield
        finally:
            with self._changed:
                self.taken -= pixels
                self._changed.notify_all()


ROOM = Room()
