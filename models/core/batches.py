"""Feeding a model: uint8 images from memory or disk become float32 batches in [0, 1], in an order made from a seed."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from models.core.family import Images


class Batches(keras.utils.PyDataset):
    """One part of a dataset as ``(images,)`` batches; a PyDataset costs nothing and needs no backend.

    Args:
        images: (n, h, w, c) uint8, possibly a memory map.
        part: the rows to use.
        batch_size: images a batch; the last one may be short.
        seed: the order of epoch e is a permutation drawn from (seed, e); None keeps the order of the rows.
        skip: batches at the beginning of the epoch that were seen before a pause.
    """

    def __init__(
        self, images: NDArray[np.uint8], part: slice, batch_size: int, *, seed: int | None = None, skip: int = 0
    ) -> None:
        super().__init__()
        self.images = images
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

    def __getitem__(self, index: int) -> tuple[Images]:
        begin = (index + self.skip) * self.batch_size
        rows = np.sort(self.order()[begin : begin + self.batch_size])  # sorted: a memory map is read forwards
        return (np.asarray(self.images[rows], dtype=np.float32) / np.float32(255),)
