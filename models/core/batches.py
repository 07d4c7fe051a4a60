"""Feeding a model: uint8 images from memory or disk become float32 batches in [0, 1], in an order made from a seed.

A model that ``Conditions``, or that ``Diffuses`` under a condition, is fed with labels, attributes or tokens beside the
images.
"""

from __future__ import annotations

from typing import TypeGuard

import keras
import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Images
from models.core.capabilities import Conditions
from models.core.datasets import Dataset
from models.core.datasets.captions import captions_of
from models.core.diffusion.capability import Diffuses
from models.core.diffusion.conditions import TextCondition
from models.core.errors import DatasetError

Known = NDArray[np.int32] | NDArray[np.float32]
_NAMES = {"class": "classes", "attributes": "attributes", "text": "captions"}


def conditioned(model: object) -> TypeGuard[Conditions | Diffuses]:
    """Whether a model learns from something beside the images."""
    return isinstance(model, Conditions) or (isinstance(model, Diffuses) and model.condition_kind != "none")


def conditions(model: object, dataset: Dataset) -> Known | None:
    """What a model with conditions is told of each image: labels int32 (n,), attributes float32 (n, k), or tokens.

    Returns:
        None for any other model.

    Raises:
        DatasetError: if the dataset does not know it.
    """
    if not conditioned(model):
        return None
    captions = captions_of(dataset)
    if isinstance(model, Diffuses) and isinstance(model.condition, TextCondition) and captions:
        return model.condition.sentences(captions)
    known = {"class": dataset.labels, "attributes": dataset.attributes}.get(model.condition_kind)
    if known is None:
        advice = "Choose another dataset, or a model without conditions."
        problem = f"This dataset has no {_NAMES[model.condition_kind]} for the model."
        raise DatasetError(problem, where=dataset.name, advice=advice)
    return known.astype(np.int32) if model.condition_kind == "class" else known.astype(np.float32)


def no_conditions(model: object, count: int) -> Known | None:
    """Conditions of the right shape for images that have none: the first class, no attribute, an empty sentence."""
    if not conditioned(model):
        return None
    if isinstance(model, Diffuses) and isinstance(model.condition, TextCondition):
        return model.condition.nothing(count)
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
