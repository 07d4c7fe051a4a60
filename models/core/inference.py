"""Asking a network for answers: fixed shapes through ``predict_on_batch``, so that nothing is traced twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import device
from models.core.work import SILENT, Work

BATCH = 64
SIZES = (1, BATCH)
MOST_WORK = 1e10  # multiplications of one batch


def predict(network: Any, *inputs: NDArray[np.float32], batch_size: int = BATCH) -> list[NDArray[np.float32]]:
    """Run inputs, each (n, ...), through a Keras network in batches; return its outputs, each (n, ...).

    A single row goes alone (0.2 to 0.6 ms); more rows are padded to whole batches of 64 (or ``batch_size``), so a
    network ever sees two shapes. ``Model.predict`` would cost 38 ms a call.
    """
    arrays = [np.ascontiguousarray(array, dtype=np.float32) for array in inputs]
    return predict_all(network, arrays, sizes=(1, batch_size))


def predict_all(
    network: Any, inputs: Sequence[NDArray[Any]], *, sizes: tuple[int, ...] = SIZES, work: Work = SILENT
) -> list[NDArray[np.float32]]:
    """Run several inputs, each (n, ...), through a Keras network; its outputs, each (n, ...).

    Args:
        network: takes as many inputs.
        inputs: of the network's dtypes.
        sizes: rising batch sizes: the smallest that holds all rows is used, else the largest again and again.
        work: checked before every batch.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    rows = len(inputs[0])
    size = next((size for size in sizes if rows <= size), sizes[-1])
    answers: list[list[NDArray[np.float32]]] = []
    for begin in range(0, rows, size):
        work.check()
        short = max(0, begin + size - rows)
        batch = [_padded(given[begin : begin + size], short) for given in inputs]
        outputs = network.predict_on_batch(batch[0] if len(batch) == 1 else batch)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        answers.append([np.asarray(output)[: size - short] for output in outputs])
    if not answers:
        return [np.zeros((0, *output.shape[1:]), np.float32) for output in network.outputs]
    return [np.concatenate(parts) for parts in zip(*answers, strict=True)]


def sizes_for(network: Any) -> tuple[int, ...]:
    """Batch sizes of 1, 8 and 32, but none that would keep two cores busy for much more than 0.2 s; on a GPU all.

    Whoever cancels waits for one batch. What counts is the multiplications of convolutions and dense layers.
    """
    if device.prepare().gpus:
        return (1, 8, BATCH)
    work = 0
    for layer in network.layers:
        for variable in layer.trainable_variables:
            if variable.name.endswith("kernel"):
                places = layer.output.shape[1:-1]  # () for a dense layer
                work += int(np.prod(variable.shape)) * int(np.prod(places))
    return tuple(size for size in (1, 8, 32) if size == 1 or size * work <= MOST_WORK)


def _padded(batch: NDArray[Any], short: int) -> NDArray[Any]:
    return np.concatenate([batch, np.zeros((short, *batch.shape[1:]), batch.dtype)]) if short else batch
