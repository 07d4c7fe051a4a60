"""Feeding a model: uint8 images from memory or disk become float32 batches in [0, 1], in an order made from a seed.

A model that ``Conditions``, or that ``Diffuses`` by class, is fed with labels or attributes beside the images.
"""

from __future__ import annotations

from typing import TypeGuard

import keras
import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Images
from models.core.capabilities import Conditions
from models.core.datasets import Dataset
from models.core.diffusion.capability import Diffuses
from models.core.errors import DatasetError

Known = NDArray[np.int32] | NDArray[np.float32]


def conditioned(model: object) -> TypeGuard[Conditions | Diffuses]:
    """Whether a model learns from something beside the images."""
    return isinstance(model, Conditions) or (isinstance(model, Diffuses) and model.condition_kind != "none")


def conditions(model: object, dataset: Dataset) -> Known | None:
    """What a model with conditions wants to know of each image: labels int32 (n,), or attributes float32 (n, k).

    Returns:
        None for any other model.

    Raises:
        DatasetError: if the dataset does not know it.
    """
    if not conditioned(model):
        return None
    known = dataset.labels if model.condition_kind == "class" else dataset.attributes
    if known is None:
        advice = "Choose another dataset, or a model without conditions."
        raise DatasetError(
            f"This dataset has no {model.condition_kind} for the model.", where=dataset.name, advice=advice
        )
    return known.astype(np.int32) if model.condition_kind == "class" else known.astype(np.float32)


def no_conditions(model: object, count: int) -> Known | None:
    """Conditions of the right shape for images that have none: the first class, or no attribute at all."""
    if not conditioned(model):
        return None
    if model.condition_kind == "class":
        return np.zeros(count, np.int32)
    return np.zeros((count, len(model.condition_names)), np.float32)


class Batches(keras.utils.PyDataset):
    """One part of a dataset as ``(images,)`` or ``(images, conditions)``; a PyDataset costs nothing, needs no backend.

    Args:
        images: (n, h, w, c) uint8, possibly a memory map.
        part: the rows to use.
        batch_size: images a batch; the last one may be short.
        seed: the order of epoch e is a permutation drawn from (seed, e); None keeps the order of the rows. Batches and
            the rows in them come in this order.
        skip: batches at the beginning of the epoch that were seen before a pause.
        conditions: one row an image of the whole dataset, or None.
    """

    def __init__(
        self, images: NDArray[np.uint8], part: slice, batch_size: int, *, seed: int | None = None, skip: int = 0,
        conditions: Known | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.images, self.conditions = images, conditions
        self.rows = np.arange(*part.indices(len(images)))
        self.batch_size = batch_size
        self.seed = seed
        self.skip = skip
        self.epoch = 0
        self._order: tuple[int, NDArray[np.int64]] | None = None

    @property
    def whole_epoch(self) -> int:
        """Batches of an epoch, those that were skipped included."""
        return -(-len(self.rows) // self.batch_size)

    def __len__(self) -> int:
        return self.whole_epoch - self.skip

    def order(self) -> NDArray[np.int64]:
        """The rows in the order of the current epoch."""
        if self.seed is None:
            return self.rows
        if self._order is None or self._order[0] != self.epoch:
            self._order = (self.epoch, np.random.default_rng([self.seed, self.epoch]).permutation(self.rows))
        return self._order[1]

    def __getitem__(self, index: int) -> tuple[Images] | tuple[Images, Known]:
        begin = (index + self.skip) * self.batch_size
        rows = self.order()[begin : begin + self.batch_size]
        forwards = np.argsort(rows)  # a memory map is read forwards
        images = np.empty((len(rows), *self.images.shape[1:]), np.float32)
        images[forwards] = self.images[rows[forwards]]  # in the drawn order: "the first of a batch" are any rows
        images /= np.float32(255)
        return (images,) if self.conditions is None else (images, self.conditions[rows])
