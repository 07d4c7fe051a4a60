"""Scikit-learn's handwritten digits: 1,797 small grey images that need no download."""

from __future__ import annotations

import numpy as np

from models.core.datasets import DATASET_TITLES, Dataset, splits
from models.core.work import SILENT, Work, advance

LABELS = tuple("0123456789")


def load(*, size: int | None = None, work: Work = SILENT) -> Dataset:
    """Load the digits, 8 x 8; the caller resizes them.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    advance(work, "Reading the digits", 0, 1)
    from sklearn.datasets import load_digits

    values, labels = load_digits(return_X_y=True)
    images = np.rint(values * (255.0 / 16.0)).astype(np.uint8).reshape(-1, 8, 8, 1)  # 0..16 -> 0..255
    train, validation, test = splits(len(images))
    advance(work, "Reading the digits", 1, 1)
    return Dataset(
        name="digits",
        title=DATASET_TITLES["digits"],
        images=images,
        train=train,
        validation=validation,
        test=test,
        labels=labels.astype(np.int32),
        label_names=LABELS,
        attributes=None,
        attribute_names=(),
        source="Comes with scikit-learn: UCI optical recognition of handwritten digits (E. Alpaydin, C. Kaynak, 1998).",
    )
