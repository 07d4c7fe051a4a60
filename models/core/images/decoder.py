"""The process that decodes AVIF and HEIC for ``apart``: it is sent files, and answers with the pixels of each."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
import threading
import time
from typing import Any, BinaryIO

from PIL import Image

from models.core.images import apart, kinds
from models.core.images.stream import MOST_SECONDS

IDLE_SECONDS = 20.0  # after which it ends by itself
MOST_MEMORY = 3 * 2**30  # bytes that it may take, where the system limits them
_BAND = 2**22  # pixels that are made into bytes at once


def main() -> None:
    """Answer until nobody asks any more."""
    given, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    assert kinds.FORMATS  # that HEIC is known to Pillow
    while words := _question(given):
        _limit()
        try:
            _answer(given.read(words["bytes"]), words, answers)
        except MemoryError:
            _say(answers, error="memory")
        except Exception as error:  # noqa: BLE001 - it is said
            _say(answers, error=f"{type(error).__name__}: {error}"[:300])
        answers.flush()


def _question(given: BinaryIO) -> Any:
    """What is asked next; None if nobody asks."""
    patience = threading.Timer(IDLE_SECONDS, os._exit, (0,))
    patience.daemon = True
    patience.start()
    line = given.readline()
    patience.cancel()
    return json.loads(line) if line else None


def _limit() -> None:
    """So much time from now on, and no more memory than that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        seconds = int(time.process_time() + MOST_SECONDS) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _answer(data: bytes, words: dict[str, Any], answers: BinaryIO) -> None:
    with Image.open(io.BytesIO(data), formats=(words["kind"],)) as image:
        if words["least"]:
            image.draft(None, (words["least"], words["least"]))
        for number in range(words["count"]):
            if number:
                image.seek(number)
            image.load()
            _send(image if image.mode in apart.MODES else image.convert("RGBA"), image.info, answers)


def _send(image: Image.Image, info: dict[Any, Any], answers: BinaryIO) -> None:
    kept = {key: base64.b64encode(info[key]).decode() for key in apart.KEPT if isinstance(info.get(key), bytes)}
    rows, size = max(1, _BAND // image.width), len(image.crop((0, 0, image.width, 1)).tobytes()) * image.height
    _say(answers, mode=image.mode, size=image.size, info=kept, duration=float(info.get("duration", 0)), bytes=size)
    for top in range(0, image.height, rows):
        answers.write(image.crop((0, top, image.width, min(top + rows, image.height))).tobytes())
    answers.flush()


def _say(answers: BinaryIO, **words: Any) -> None:
    answers.write(json.dumps(words).encode() + b"\n")
