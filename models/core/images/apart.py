"""AVIF and HEIC are decoded in a process of their own, which is killed when it takes too long or is cancelled.

Their decoders do all in one call that looks at no clock, and what a file says of its size binds them little: an AVIF of
100 x 100 pixels may hold 16,384 x 16,384, in as many tiles as it likes, which are decoded first and made smaller then.
The process lives on for some seconds, because a folder has many such images.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from PIL import Image

from models.core.images.stream import TooSlow
from models.core.work import Work

FORMATS = ("AVIF", "HEIF")
MOST_WAITED = 60.0  # s for a frame, however busy the machine is; the process limits itself to 10 s of a processor
KEPT = ("exif", "icc_profile", "xmp")  # what is asked of an image beside its pixels
MODES = ("1", "L", "LA", "RGB", "RGBA", "I;16")
_MOST_HEAD = 200_000_000  # bytes of what belongs to an image, as text: no more than its file has
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from models.core.images.decoder import main; main()"


class Refused(ValueError):
    """What the decoder said of a file."""


def frames(data: bytes, kind: str, *, count: int, least: int, work: Work) -> Iterator[Image.Image]:
    """Decode the first frames of a file, each in its turn.

    Args:
        data: the file.
        kind: its format, one of ``FORMATS``.
        count: of frames.
        least: as of ``decoding.decode``.
        work: looked at 50 times a second.

    Raises:
        TooSlow: it takes more than 10 s of a processor, or a frame more than ``MOST_WAITED``.
        Cancelled: if ``work`` is cancelled.
        MemoryError, OSError, Refused: whatever is wrong with it.
    """
    child, done = _taken(), False
    try:
        child.ask({"kind": kind, "count": count, "least": least, "bytes": len(data)}, data)
        for number in range(count):
            image = child.waited(work)
            done = number == count - 1
            if done:
                _idle.append(child)
            yield image
    except Refused:
        _idle.append(child)
        done = True
        raise
    finally:
        if not done:
            child.end()


class _Child:
    """The process, seen from here; what it answers is trusted as little as the file."""

    def __init__(self) -> None:
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        words = [sys.executable, "-c", _START, json.dumps([str(place) for place in sys.path])]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=nothing, creationflags=flags)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._question = b""

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def ask(self, words: dict[str, Any], data: bytes) -> None:
        """Keep a file to be sent; ``waited`` sends it."""
        self._question = json.dumps(words).encode() + b"\n" + data

    def waited(self, work: Work) -> Image.Image:
        """The next frame; when nobody wants it any more, the process is ended."""
        found: list[Image.Image | Exception] = []

        def answer() -> None:
            try:
                found.append(self._frame())
            except Exception as error:  # noqa: BLE001 - it is raised below
                found.append(error)

        thread, begin = threading.Thread(target=answer, name="apart", daemon=True), time.monotonic()
        thread.start()
        try:
            while thread.is_alive():
                work.check()
                if time.monotonic() - begin > MOST_WAITED:
                    raise TooSlow
                thread.join(0.02)
        except BaseException:
            self.end()
            thread.join()
            raise
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _frame(self) -> Image.Image:
        question, self._question = self._question, b""
        with contextlib.suppress(OSError):  # where it has ended, reading says so
            self._to.write(question)
            self._to.flush()
        line = self._from.readline(_MOST_HEAD)
        if not line.endswith(b"\n"):
            raise self._reason()
        head = json.loads(line)
        if "error" in head:
            raise MemoryError if head["error"] == "memory" else Refused(str(head["error"]))
        mode, (width, height) = str(head["mode"]), map(int, head["size"])
        if mode not in MODES:
            raise OSError(f"an image of mode {mode}")
        pixels = self._from.read(int(head["bytes"]))
        if len(pixels) < int(head["bytes"]):
            raise self._reason()
        image = Image.frombytes(mode, (width, height), pixels)
        image.info = {key: base64.b64decode(text) for key, text in head["info"].items() if key in KEPT}
        image.info["duration"] = float(head["duration"])
        return image

    def _reason(self) -> Exception:
        """Why there is no answer."""
        code = self._process.wait()
        return TooSlow() if code and code == -getattr(signal, "SIGXCPU", 0) else OSError(f"the decoder ended: {code}")

    def end(self) -> None:
        """Kill it; it writes nothing anywhere."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with contextlib.suppress(OSError):
                pipe.close()


_idle: list[_Child] = []  # appending and popping are one step each, whatever thread does it


def _taken() -> _Child:
    """A process that nobody uses: one that is there, or a new one."""
    while True:
        try:
            child = _idle.pop()
        except IndexError:
            return _Child()
        if child.alive():
            return child
        child.end()


@atexit.register
def end_all() -> None:
    """End the processes that wait for work."""
    while _idle:
        _idle.pop().end()
