"""Records of runs that are ill or healthy, row by row."""

from __future__ import annotations

import numpy as np

WELL = {
    "discriminator_loss": 0.55, "generator_loss": 1.1, "real_accuracy": 0.75, "fake_accuracy": 0.8, "diversity": 0.8
}  # fmt: skip
CLASSES = ("shoe", "shirt", "bag", "coat", "dress")
CONFIG = {
    "learning_rate": 1e-3, "optimizer": "nadam", "batch_size": 32, "seed": 3, "latent_size": 30, "replay": False,
    "replay_size": 64, "minibatch": False, "smoothing": False, "smoothing_amount": 0.1, "separate_rates": False,
    "discriminator_rate": 0.5,
}  # fmt: skip


def rows(count=400, every=10, **signals):
    """A run; a signal is a number, or one value for each part of the run."""
    found = []
    for number in range(1, count + 1):
        row = {"step": number * every, "epoch": 1, "seconds": 1.0}
        for name, value in {**WELL, **signals}.items():
            parts = np.atleast_1d(np.asarray(value, dtype=object))
            row[name] = parts[(number - 1) * len(parts) // count]
        found.append(row)
    return found


EVEN = [0.2] * 5
ONE = [1.0, 0.0, 0.0, 0.0, 0.0]
