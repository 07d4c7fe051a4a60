"""No order of rows may leak into what is learned, shown or measured: files are often sorted by class."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models import progan
from models.core.adversarial.base import Adversarial
from models.core.adversarial.replay import Replay
from models.core.batches import Batches
from models.core.datasets import Dataset
from models.core.datasets.rows import evenly
from models.core.family import DataSpec
from models.core.training.previews import Previews
from tests.tools.images import blobs

ROWS = 240  # an image of this dataset says which row it is


def numbered() -> Dataset:
    """Row r is an image whose pixels are all r; the first half is one class, the second half the other."""
    images = np.arange(ROWS, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    labels = (np.arange(ROWS) >= ROWS // 2).astype(np.int32)
    parts = {"train": slice(0, ROWS), "validation": slice(0, ROWS), "test": slice(ROWS, ROWS)}
    return replace(blobs(4), images=images, labels=labels, label_names=("one", "other"), **parts)


def rows_of(images: Any) -> np.ndarray[Any, Any]:
    return np.rint(np.asarray(images)[:, 0, 0, 0] * 255.0).astype(int)


@pytest.mark.parametrize("size", [7, 32, ROWS])
def test_batches_give_rows_in_the_order_that_was_drawn(size: int) -> None:
    dataset = numbered()
    batches = Batches(dataset.images, dataset.train, size, seed=3, conditions=dataset.labels)
    for batches.epoch in (0, 1):
        found = [batches[index] for index in range(len(batches))]
        order = np.concatenate([rows_of(images) for images, _ in found])
        np.testing.assert_array_equal(order, batches.order())
        np.testing.assert_array_equal(np.concatenate([labels for _, labels in found]), dataset.labels[order])
        assert sorted(order) == list(range(ROWS)) and found[0][0].dtype == np.float32
        np.testing.assert_array_equal(found[0][0], dataset.images[order[:size]] / np.float32(255))


def test_what_progressive_growing_sees_at_full_size_comes_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first quarter of the rows had 88 % of what is shown at full size, and 60 % of all rows were never shown."""
    config = progan.CONFIG(latent_size=3, width=4, batch_size=32, full_size_batch=8, phase_images=32)
    model = progan.build(config, DataSpec((8, 8, 1)))
    model.finish_growing()
    seen: list[Any] = []

    def noted(self: Any, x: Any, *rest: Any) -> float:
        seen.append(rows_of(x))
        return 0.0

    monkeypatch.setattr(Adversarial, "compute_loss", noted)
    dataset = numbered()
    batches = Batches(dataset.images, dataset.train, config.batch_size, seed=0)
    level = model.schedule.level(model.schedule.end)
    with model.at(level):
        for batches.epoch in range(40):
            for index in range(len(batches)):
                (images,) = batches[index]
                model.compute_loss(images, y_pred=np.zeros((len(images), 3), np.float32))
    assert {len(rows) for rows in seen} == {8}
    shown = np.bincount(np.concatenate(seen), minlength=ROWS)
    assert (shown > 0).all()
    quarters = shown.reshape(4, -1).sum(axis=1) / shown.sum()
    np.testing.assert_allclose(quarters, 0.25, atol=0.03)


def test_replayed_fakes_carry_the_conditions_of_all_classes() -> None:
    dataset = numbered()
    batches = Batches(dataset.images, dataset.train, 40, seed=0, conditions=dataset.labels)
    buffer = Replay((8, 8, 1), 2, 60, 0.5, seed=1)
    for index in range(len(batches)):
        images, labels = batches[index]
        buffer(images, np.eye(2, dtype=np.float32)[labels])
    kept = np.asarray(buffer.conditions)[np.asarray(buffer.filled) > 0]
    assert len(kept) > 50 and 0.3 < kept[:, 0].mean() < 0.7


def test_previews_show_images_from_all_of_the_validation_part() -> None:
    seen: list[Any] = []

    class Model:
        def reconstruct(self, images: Any) -> Any:
            seen.append(rows_of(images))
            return images

    run: Any = SimpleNamespace(save_sample=lambda step, kind, png: None)
    Previews(run, numbered(), 0, lambda write: write()).draw(Model(), 1)
    (rows,) = seen
    assert rows.min() < ROWS // 8 and rows.max() >= ROWS - ROWS // 8
    assert (rows >= ROWS // 2).sum() == len(rows) / 2


@pytest.mark.parametrize(("part", "most"), [((0, 10), 4), ((5, 9), 4), ((5, 9), 99), ((7, 7), 3), ((3, 1000), 64)])
def test_evenly_spread_rows_are_different_and_within_the_part(part: tuple[int, int], most: int) -> None:
    found = evenly(slice(*part), most)
    assert len(found) == min(most, part[1] - part[0]) and (np.diff(found) > 0).all()
    if len(found) > 1:
        assert (found[0], found[-1]) == (part[0], part[1] - 1)
        assert np.ptp(np.diff(found)) <= 1
