"""Folders of images that tell which they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from models.core.datasets import Dataset


def write_image(path: Path, value: int, *, colour: bool = True, size: tuple[int, int] = (9, 12)) -> Path:
    """Save an image of one colour that tells its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if colour:
        Image.new("RGB", size, (value % 251, value // 251, 200)).save(path)
    else:
        Image.new("L", size, value % 251).save(path)
    return path


def numbers(dataset: Dataset) -> list[int]:
    pixels = np.asarray(dataset.images[:, 0, 0]).astype(int)
    return list(pixels[:, 0] + 251 * pixels[:, 1]) if pixels.shape[1] == 3 else list(pixels[:, 0])
