"""Files of arrays that promise or hold very much: refused at once, or read in pieces that can be cancelled."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.core.datasets import classes, load, outline, pixels
from models.core.errors import Cancelled, DatasetError
from models.core.work import Callbacks

NOISE = np.random.default_rng(4).integers(0, 256, (40, 8, 9, 3), dtype=np.uint8)


def write(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def _claims(path: Path, shape: tuple[int, ...], name: str = "x_train") -> Path:
    """An archive with an array that is all header."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.npy", stream.getvalue())
    return path


@pytest.mark.parametrize("name", ["x_train", "images"])
@pytest.mark.parametrize("count", [10**8, 10**12, 10**17])
def test_a_header_that_promises_more_than_there_is_is_no_outline(tmp_path: Path, name: str, count: int) -> None:
    assert outline(str(_claims(tmp_path / "a.npz", (count, 28, 28), name))).training is None


def test_more_images_than_can_be_put_in_order_are_refused(tmp_path: Path, monkeypatch) -> None:
    path = write(tmp_path / "a.npz", images=np.zeros((50, 1, 1), np.uint8))
    monkeypatch.setattr(pixels, "MOST_IMAGES", 49)
    with pytest.raises(DatasetError, match="it holds 50 images"):
        load(path)
    monkeypatch.setattr(pixels, "MOST_IMAGES", 50)
    assert len(load(path).images) == 50


def test_reading_arrays_tells_how_far_it_is_and_can_be_cancelled_at_any_moment(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(classes, "_PIECE", 3)
    path = write(tmp_path / "a.npz", images=NOISE / np.float32(255), labels=np.arange(len(NOISE)) % 4)
    told: list[tuple[int, int]] = []
    whole = load(path, work=Callbacks(tell=lambda what, done, total: told.append((done, total))))
    assert whole.label_names == ("0", "1", "2", "3")
    assert [done for done, _ in told] == sorted(done for done, _ in told) and told[-1][0] == told[-1][1]
    for most in range(100):
        looks = iter(range(most))
        try:
            load(path, work=Callbacks(cancelled=lambda looks=looks: next(looks, None) is None))
        except Cancelled:
            continue
        break
    assert 20 < most < 99  # it looked that often


@pytest.mark.parametrize("kind", [np.int64, "U5"])
def test_labels_are_the_same_in_pieces(tmp_path: Path, monkeypatch, kind: Any) -> None:
    path = write(tmp_path / "a.npz", images=NOISE, labels=(np.arange(len(NOISE)) * 7 % 5).astype(kind))
    whole = load(path)
    monkeypatch.setattr(classes, "_PIECE", 3)
    pieces = load(path)
    assert np.array_equal(whole.labels, pieces.labels) and whole.label_names == pieces.label_names
    monkeypatch.setattr(classes, "MAX_LABELS", 4)
    with pytest.raises(DatasetError, match="more than 4 different"):
        load(path)


def test_the_first_rules_make_no_class_for_each_of_a_thousand_million_numbers(tmp_path: Path) -> None:
    labels = np.arange(len(NOISE)) % 2 * 10**9
    path = write(tmp_path / "a.npz", images=NOISE, labels=labels)
    assert load(path).label_names == ("0", "1000000000")
    with pytest.raises(DatasetError, match="a label is 1,000,000,000"):
        load(path, rules=1)
