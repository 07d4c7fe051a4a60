"""Small images that a tiny model can learn."""

from __future__ import annotations

import numpy as np

from models.core.datasets import Dataset


def blobs(count: int = 96, shape: tuple[int, int, int] = (8, 8, 1)) -> Dataset:
    """Bright squares on a dark ground: small, quick, and something can be learned from them."""
    rng = np.random.default_rng(7)
    height, width, channels = shape
    images = np.zeros((count, *shape), np.uint8)
    for image in images:
        top, left = rng.integers(0, height // 2), rng.integers(0, width // 2)
        image[top : top + height // 2, left : left + width // 2] = rng.integers(120, 256, channels)
    validation = count // 4
    return Dataset(
        name="blobs", title="Blobs", images=images, train=slice(0, count - validation),
        validation=slice(count - validation, count), test=slice(count, count), labels=None, label_names=(),
        attributes=None, attribute_names=(), source="made by the test",
    )  # fmt: skip
