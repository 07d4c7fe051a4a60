"""Every source gives the same kind of dataset, and a file that is not right in every byte is refused by name."""

from __future__ import annotations

import gzip
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.core import datasets
from models.core.datasets import DATASET_TITLES, DATASETS, Dataset, fashion_mnist, load, splits
from models.core.datasets.idx import read_idx
from models.core.disk import places
from models.core.errors import Cancelled, DatasetError
from models.core.work import Callbacks
from tests.tools.checks import is_sound, mutated
from tests.tools.idx_files import idx


def test_every_key_has_a_title() -> None:
    assert set(DATASETS) == set(DATASET_TITLES)


@pytest.mark.parametrize("name", ["mnist", "", "/no/such/folder", "a.npz", "nul\0", "x" * 5000])
def test_an_unknown_dataset_says_what_is_known(name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load(name)
    assert all(key in caught.value.advice for key in DATASETS)
    assert "folder" in caught.value.advice and ".npz" in caught.value.advice


@pytest.mark.parametrize("size", [7, 257, 0, -1])
def test_a_silly_size_is_refused(size: int) -> None:
    with pytest.raises(DatasetError, match="size"):
        load("digits", size=size)


def test_digits() -> None:
    dataset = load("digits")
    is_sound(dataset)
    assert dataset.images.shape == (1797, 8, 8, 1) and dataset.images.max() == 255
    assert np.bincount(dataset.labels).min() > 170
    larger = load("digits", size=16)
    is_sound(larger)
    assert larger.image_shape == (16, 16, 1) and larger.fingerprint != dataset.fingerprint
    assert abs(float(larger.images.mean()) - float(dataset.images.mean())) < 8


def test_cancelling_is_heard() -> None:
    for name in ("digits", "fashion_mnist", "faces"):
        with pytest.raises(Cancelled):
            load(name, work=Callbacks(cancelled=lambda: True))


def test_the_fingerprint_sees_every_part() -> None:
    def dataset(**changes: Any) -> Dataset:
        values: dict[str, Any] = {
            "name": "a", "title": "a", "images": np.zeros((9, 4, 4, 1), np.uint8), "labels": np.zeros(9, np.int32),
            "label_names": ("x", "y"), "attributes": np.zeros((9, 2), np.bool_), "attribute_names": ("p", "q"),
            "source": "here",
        }  # fmt: skip
        values.update(zip(("train", "validation", "test"), splits(9), strict=True))
        return Dataset(**{**values, **changes})

    prints = {
        dataset().fingerprint,
        dataset(images=np.ones((9, 4, 4, 1), np.uint8)).fingerprint,
        dataset(images=np.zeros((9, 2, 8, 1), np.uint8)).fingerprint,
        dataset(labels=np.ones(9, np.int32)).fingerprint,
        dataset(labels=None).fingerprint,
        dataset(attributes=np.ones((9, 2), np.bool_)).fingerprint,
        dataset(label_names=("x", "z")).fingerprint,
        dataset(train=slice(0, 6)).fingerprint,
    }
    assert len(prints) == 8
    assert dataset().fingerprint == dataset(name="b", title="b", source="there").fingerprint


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10, 1797])
def test_splits_cover_everything(count: int) -> None:
    train, validation, test = splits(count)
    assert (train.start, train.stop, validation.stop, test.stop) == (0, validation.start, test.start, count)
    assert train.stop > 0 and (count < 3 or min(validation.stop - validation.start, test.stop - test.start) > 0)


# Fashion-MNIST


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fashion_mnist, "SYSTEM", tmp_path / "nowhere")


def test_fashion_mnist_from_the_system() -> None:
    dataset = load("fashion_mnist")
    is_sound(dataset)
    if not fashion_mnist.SYSTEM.is_dir():
        assert "sample" in dataset.notice
        return
    assert dataset.images.shape == (70_000, 28, 28, 1) and dataset.notice == ""
    assert (dataset.train, dataset.validation, dataset.test) == fashion_mnist.SPLITS
    assert np.bincount(dataset.labels).tolist() == [7000] * 10
    assert dataset.labels[:4].tolist() == [9, 0, 0, 3] and dataset.labels[60_000:60_004].tolist() == [9, 2, 1, 1]


@pytest.mark.usefixtures("nowhere")
def test_fashion_mnist_falls_back_to_its_sample() -> None:
    dataset = load("fashion_mnist")
    is_sound(dataset)
    assert dataset.images.shape == (12_000, 28, 28, 1)
    for part, count in ((dataset.train, 1000), (dataset.validation, 100), (dataset.test, 100)):
        assert np.bincount(dataset.labels[part]).tolist() == [count] * 10
    assert "sample" in dataset.notice and str(places.cache() / "fashion-mnist") in dataset.notice
    assert (places.resources() / "samples" / "fashion_mnist_sample.LICENSE.txt").is_file()


@pytest.mark.skipif(not fashion_mnist.SYSTEM.is_dir(), reason="needs the original files")
def test_the_keras_cache_is_used_but_not_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    original = fashion_mnist.SYSTEM
    monkeypatch.setattr(fashion_mnist, "SYSTEM", tmp_path / "nowhere")
    folder = tmp_path / "keras-home" / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for path in original.iterdir():
        (folder / path.name).symlink_to(path)
    dataset = load("fashion_mnist")
    assert len(dataset.images) == 70_000 and str(folder) in dataset.source
    changed = folder / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(changed.read_bytes()))
    content[100] ^= 1
    changed.unlink()
    changed.write_bytes(gzip.compress(bytes(content), mtime=0))
    with pytest.raises(DatasetError, match="published"):
        fashion_mnist.read_folder(folder)
    assert "sample" in load("fashion_mnist").notice


# IDX


WORDS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def test_idx_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    for values, kind in (
        (WORDS, 8),
        ((WORDS * 99.0).astype(">i4"), 12),
        ((WORDS / 7).astype(">f8"), 14),
        (WORDS[:0], 8),
    ):
        path.write_bytes(gzip.compress(idx(values, kind)))
        read = read_idx(path)
        assert np.array_equal(read, values) and read.dtype.isnative


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "magic"),
        (idx(WORDS), "gzip"),
        (gzip.compress(b""), "magic"),
        (gzip.compress(b"\1\0\x08\1" + bytes(8)), "magic"),
        (gzip.compress(b"\0\0\x07\1" + bytes(8)), "magic"),
        (gzip.compress(b"\0\0\x08\0"), "dimensions"),
        (gzip.compress(b"\0\0\x08\xff" + bytes(2000)), "dimensions"),
        (gzip.compress(b"\0\0\x08\3\0\0"), "dimensions"),
        (gzip.compress(b"\0\0\x08\3" + b"\x80\0\0\0" * 3), "dimensions"),
        (gzip.compress(b"\0\0\x0e\4" + b"\xff" * 16), "dimensions"),
        (gzip.compress(b"\0\0\x08\1" + struct.pack(">I", 200_000_000)), "dimensions"),
        (gzip.compress(idx(WORDS)[:-1]), "data"),
        (gzip.compress(idx(WORDS) + b"x"), "data"),
        (gzip.compress(idx(WORDS))[:-9], "gzip"),
        (gzip.compress(idx(WORDS))[:-8] + bytes(8), "gzip"),
        (gzip.compress(idx(WORDS)) + b"junk", "gzip"),
    ],
)
def test_idx_files_name_the_field_that_is_wrong(tmp_path: Path, content: bytes, field: str) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=f" {field}:") as caught:
        read_idx(path)
    assert caught.value.where == str(path)


def test_idx_counts_and_dimensions_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx(WORDS)))
    assert read_idx(path, dimensions=3, count=2).shape == (2, 3, 4)
    with pytest.raises(DatasetError, match="count"):
        read_idx(path, count=3)
    with pytest.raises(DatasetError, match="dimensions"):
        read_idx(path, dimensions=1)
    with pytest.raises(DatasetError):
        read_idx(tmp_path / "absent.gz")


def test_mutated_idx_files_are_refused_or_right(tmp_path: Path) -> None:
    source, path = random.Random(0), tmp_path / "a.gz"
    plain, packed = idx(WORDS), gzip.compress(idx(WORDS), mtime=0)
    refused = 0
    for turn in range(1000):
        path.write_bytes(mutated(packed, source) if turn % 2 else gzip.compress(mutated(plain, source), 1))
        try:
            values = read_idx(path)
            assert values.nbytes <= len(plain)
            assert turn % 2 == 0 or np.array_equal(
                values, WORDS
            )  # the checksum lets no change of the packed data through
        except DatasetError:
            refused += 1
    assert 300 < refused < 1000


def test_what_is_known_before_loading_is_what_loading_finds():
    for name in ("fashion_mnist", "digits"):
        known, found = datasets.outline(name), datasets.load(name)
        assert known.spec.image_shape == found.image_shape
        if not found.notice:
            assert known.training == len(range(*found.train.indices(len(found.images))))
    assert datasets.outline("/some/folder", 32) == datasets.Outline(datasets.outline("x", 32).spec, None)
