"""Trainings that are stopped, and what is compared afterwards."""

from __future__ import annotations

import numpy as np

from models.core import loading, state
from models.core.training.recorder import Recorder


def final_weights(run):
    model = loading.compiled(run)
    _, arrays = run.load_checkpoint(state.expected(model, training=True))
    return {name: a for name, a in arrays.items() if not name.startswith("metrics")}


def same(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def stop_at(step, stop):
    """Hooks that ask for a pause once training has reached a step (told at every step)."""

    class Watch(Recorder):
        def on_train_batch_end(self, batch, logs=None):
            if self.step + 1 == step:
                stop.ask("paused")
            super().on_train_batch_end(batch, logs)

    return Watch
