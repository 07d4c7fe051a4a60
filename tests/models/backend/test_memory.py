"""What a model traced dies with it, and nothing is traced twice: else memory grows with every model that is loaded."""

from __future__ import annotations

import ctypes
import gc
import sys
import weakref
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

import models
from models.core import device
from models.core.family import DataSpec
from models.core.training import warm_up
from tests.tools import small_models

ON_TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="these graphs are TensorFlow's")
TELLS = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallinfo2")
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


class _Heap(ctypes.Structure):
    """What ``mallinfo2`` of glibc tells."""

    _fields_: ClassVar = [
        (name, ctypes.c_size_t) for name in (
            "arena", "ordblks", "smblks", "hblks", "mapped", "usmblks", "fsmblks", "used", "fordblks", "keepcost"
        )
    ]  # fmt: skip


def taken() -> int:
    """Bytes that were taken from the heap and not given back."""
    gc.collect()
    tell = ctypes.CDLL(None).mallinfo2
    tell.restype = _Heap
    found = tell()
    return int(found.used + found.mapped)


@ON_TENSORFLOW
@pytest.mark.skipif(not TELLS, reason="glibc tells, from 2.33 on")
def test_a_variable_leaves_nothing_behind_whatever_it_is_called() -> None:
    device.prepare()
    keras.Variable(0.0, name="first")
    before = taken()
    for number in range(400):
        keras.Variable(0.0, name=f"number_{number}")
    assert taken() - before < 4_000_000  # it was 14 MB
