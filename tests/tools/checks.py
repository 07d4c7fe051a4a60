"""What the tests of several datasets share."""

from __future__ import annotations

import json
import random

import numpy as np

from models.core.datasets import Dataset, describe


def is_sound(dataset: Dataset) -> None:
    """What holds for every dataset."""
    count = len(dataset.images)
    assert dataset.images.dtype == np.uint8 and dataset.images.ndim == 4 and dataset.image_shape[2] in (1, 3)
    covered = [i for part in (dataset.train, dataset.validation, dataset.test) for i in range(part.start, part.stop)]
    assert covered == list(range(count))
    if dataset.labels is not None:
        assert dataset.labels.dtype == np.int32 and dataset.labels.shape == (count,)
        assert dataset.labels.min() >= 0 and dataset.labels.max() < len(dataset.label_names)
    if dataset.attributes is not None:
        assert dataset.attributes.dtype == np.bool_
        assert dataset.attributes.shape == (count, len(dataset.attribute_names))
    assert dataset.spec.image_shape == dataset.image_shape
    assert dataset.spec.label_count == len(dataset.label_names)
    assert dataset.title and dataset.source
    said = json.loads(json.dumps(describe(dataset), allow_nan=False))
    assert sum(said["images"].values()) == count
    assert sum(said["labels"].values()) == (0 if dataset.labels is None else count)


def mutated(content: bytes, source: random.Random) -> bytes:
    """The bytes with a few changed or missing."""
    changed = bytearray(content)
    for _ in range(source.choice((1, 1, 3))):
        place = source.randrange(len(changed))
        if source.random() < 0.7:
            changed[place] = source.randrange(256)
        else:
            del changed[place : place + source.randrange(1, 9)]
    return bytes(changed)
