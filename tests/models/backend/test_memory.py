"""What a model traced dies with it, and nothing is traced twice: else memory grows with every model that is loaded."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import keras
import numpy as np
import pytest

import models
from models.core import device
from models.core.family import DataSpec
from models.core.training import warm_up
from tests.tools import small_models

ON_TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="these graphs are TensorFlow's")
FAMILIES = ["vae", "dcgan", "ddpm"]


def graphs() -> int:
    """Graphs of traced functions that are alive."""
    gc.collect()
    gc.collect()  # what a finalizer let go
    return sum(type(found).__name__ == "FuncGraph" for found in gc.get_objects())


def small(family: str) -> Any:
    module = models.family(family)
    spec = DataSpec((28, 28, 1), 0)
    return module.build(module.CONFIG(**module.suggest(spec)), spec)


@ON_TENSORFLOW
@pytest.mark.parametrize("family", FAMILIES)
def test_what_was_asked_of_a_model_leaves_no_graph_behind(family: str) -> None:
    device.prepare()
    before = graphs()
    model = small(family)
    warm_up.warm(model)
    assert graphs() > before
    watch = weakref.ref(model)
    del model
    assert graphs() == before
    assert watch() is None


@ON_TENSORFLOW
def test_a_network_of_operations_with_gradients_of_their_own_leaves_no_graph_behind(monkeypatch) -> None:
    device.prepare()
    before = graphs()
    model = small_models.build("ddpm", monkeypatch)  # its activation is silu
    warm_up.warm(model)
    del model
    assert graphs() == before


@ON_TENSORFLOW
def test_such_an_operation_in_a_branch_leaves_no_graph_behind() -> None:
    import tensorflow as tf

    device.prepare()
    before = graphs()

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras.ops.cond(keras.ops.sum(x) > 0, lambda: keras.ops.silu(x), lambda: x)
        return tape.gradient(y, x)

    assert slope(tf.ones(3)).numpy() == pytest.approx([0.9277] * 3, abs=1e-4)
    assert slope(-tf.ones(3)).numpy() == pytest.approx([1.0] * 3)
    del slope
    assert graphs() == before


@ON_TENSORFLOW
def test_other_codings_are_decoded_without_another_trace() -> None:
    model = small("vae")
    warm_up.warm(model)
    model.decode(model.sample_codings(3, 1))
    before = graphs()
    for count in (1, 2, 5, 33, 64, 65, 130):
        assert len(model.decode(np.asarray(model.sample_codings(count, count)))) == count
    assert graphs() == before
