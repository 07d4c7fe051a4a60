"""Small conditional models, and what a user does with their pickers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from tests.tools.bounds import rounds
from tests.tools.gui.denoisers import train

GAN = {"latent_size": 4, "width": 4, "batch_size": 16, "ema": 0.0}
CLASSES, ATTRIBUTES = ("coat", "bag", "shoe"), ("bright", "left")


def train_conditional(where: Path, condition: str) -> Path:
    """An adversarial model of noise whose codings end in a class or in attributes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (32, 28, 28, 1), np.uint8)
    known = {
        "class": {"labels": np.arange(32, dtype=np.int32) % 3, "label_names": np.array(CLASSES)},
        "attributes": {
            "attributes": rng.integers(0, 2, (32, 2)).astype(bool), "attribute_names": np.array(ATTRIBUTES),
        },
    }  # fmt: skip
    np.savez(where / "images.npz", images=images, **known[condition])
    return train(where / "run", "dcgan", str(where / "images.npz"), condition=condition, **GAN)


def pick_class(combo: QComboBox, words: str) -> None:
    """By the arrow keys: each class on the way is picked, too (typed letters would depend on how fast they come)."""
    row = combo.findText(words)
    assert row >= 0, f"no {words!r} to pick"
    combo.setFocus()
    for _ in rounds(f"{words} among the classes", most=50):
        if combo.currentIndex() == row:
            break
        QTest.keyClick(combo, Qt.Key.Key_Down if combo.currentIndex() < row else Qt.Key.Key_Up)
