"""Deliberate defects, for the proof that the campaign finds what it looks for."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from models.core.images import decoding
from tests.soak import attacks


def good(rng: random.Random, folder: Path) -> None:
    """Nothing is wrong."""
    (folder / "file").write_bytes(rng.randbytes(10))


def raises(rng: random.Random, folder: Path) -> None:
    """The reader of images lets an error of its library through."""
    decode = decoding.decode

    def defective(path: Path) -> object:
        decode(path)
        raise ValueError("a defect")

    decoding.decode = defective  # type: ignore[assignment]
    try:
        attacks.names(rng, folder)
        attacks.pictures(rng, folder)
    finally:
        decoding.decode = decode


def hangs(rng: random.Random, folder: Path) -> None:
    """A reader waits for ever."""
    time.sleep(3600)


def dies(rng: random.Random, folder: Path) -> None:
    """A library ends the process."""
    os.abort()


def swallows(rng: random.Random, folder: Path) -> None:
    """A reader takes all the memory that it can get."""
    bytearray(2**36)


ATTACKS = {"good": good, "raises": raises, "hangs": hangs, "dies": dies, "swallows": swallows}
