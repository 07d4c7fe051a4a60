"""Datasets from .npz files, among them files that somebody wrote to do harm."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.core.datasets import load, npz
from models.core.errors import DatasetError
from tests.models.checks import is_sound, mutated


def write(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_npz_files_are_read(tmp_path: Path) -> None:
    images = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((20, 9, 8, 3), np.uint8)
    labels = np.arange(20) // 10
    attributes = np.stack([np.arange(20) % 2, np.arange(20) > 12], axis=1)
    path = write(tmp_path / "a.npz", images=images, labels=labels, label_names=np.array(["low", "high"]),
                 attributes=attributes, attribute_names=np.array(["odd", "large"]))  # fmt: skip
    dataset = load(path)
    is_sound(dataset)
    which = dataset.images[:, 0, 0, 0]
    assert sorted(which.tolist()) == list(range(20)) and which.tolist() != list(range(20))
    assert np.array_equal(dataset.labels, labels[which]) and np.array_equal(dataset.attributes, attributes[which])
    assert dataset.label_names == ("low", "high") and dataset.attribute_names == ("odd", "large")
    assert load(str(path)).fingerprint == dataset.fingerprint
    assert load(path, size=16).image_shape == (16, 16, 3)


def test_npz_floats_and_other_names_are_read(tmp_path: Path) -> None:
    dataset = load(
        write(tmp_path / "a.npz", x_train=np.linspace(0, 1, 10 * 64).reshape(10, 8, 8), y_train=np.arange(10))
    )
    is_sound(dataset)
    assert dataset.image_shape == (8, 8, 1) and dataset.images.max() == 255
    assert dataset.label_names == tuple("0123456789")


GOOD = np.zeros((6, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "named"),
    [
        ({}, "images"),
        ({"images": np.zeros((0, 8, 8, 3), np.uint8)}, "images"),
        ({"images": GOOD[..., :2]}, "images"),
        ({"images": GOOD[0, 0]}, "images"),
        ({"images": GOOD.astype(np.int32)}, "images"),
        ({"images": GOOD + 1.5}, "images"),
        ({"images": GOOD * np.nan}, "images"),
        ({"images": GOOD, "labels": np.zeros(5, int)}, "labels"),
        ({"images": GOOD, "labels": np.full(6, -1)}, "labels"),
        ({"images": GOOD, "labels": np.full(6, 2**40)}, "labels"),
        ({"images": GOOD, "labels": np.zeros(6)}, "labels"),
        ({"images": GOOD, "labels": np.arange(6), "label_names": np.array(["a"])}, "label_names"),
        ({"images": GOOD, "attributes": np.zeros((5, 2), bool)}, "attributes"),
        ({"images": GOOD, "attributes": np.full((6, 2), 7)}, "attributes"),
        ({"images": GOOD, "attributes": np.zeros((6, 2), bool), "attribute_names": np.array(["a"])}, "attribute_names"),
        ({"images": np.array([{"a": 1}] * 6, dtype=object)}, "images"),
        ({"images": np.asfortranarray(np.random.default_rng(0).integers(0, 9, (6, 8, 8, 3), np.uint8))}, "images"),
    ],
)
def test_npz_arrays_that_do_not_fit_are_named(tmp_path: Path, arrays: dict[str, Any], named: str) -> None:
    path = write(tmp_path / "a.npz", **arrays)
    with pytest.raises(DatasetError) as caught:
        load(path)
    assert caught.value.where == f"{path}, array {named}"


def header(shape: str, kind: str = "|u1") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


def packed(*entries: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_npz_files_are_refused(tmp_path: Path) -> None:
    sound = packed(("images.npy", header("(2, 8, 8, 1)") + bytes(128)))
    lie = sound.replace(struct.pack("<I", 256), struct.pack("<I", 2**31))  # the size that the archive declares
    assert lie != sound
    files = {
        "not a zip": b"hello",
        "empty": b"",
        "cut": sound[:-30],
        "lie": lie,
        "huge shape": packed(("images.npy", header("(1000000000000, 8, 8, 1)") + bytes(128))),
        "negative": packed(("images.npy", header("(-2, -8, 8, 1)") + bytes(128))),
        "objects": packed(("images.npy", header("(2,)", "|O") + bytes(128))),
        "not a shape": packed(("images.npy", header("'abc'") + bytes(128))),
        "code": packed(("images.npy", header("__import__('os')") + bytes(128))),
        "deep": packed(("images.npy", b"\x93NUMPY\1\0\xff\xff" + b"(" * 65535)),
        "short": packed(("images.npy", header("(2, 8, 8, 1)") + bytes(127))),
        "twice": packed(*[("images.npy", header("(2, 8, 8, 1)") + bytes(128))] * 2),
        "version": packed(("images.npy", b"\x93NUMPY\x09\0" + bytes(200))),
        "many": packed(*[(f"{n}.npy", b"") for n in range(npz.MAX_ENTRIES + 1)]),
    }
    path = tmp_path / "a.npz"
    for name, content in files.items():
        path.write_bytes(content)
        with pytest.raises(DatasetError) as caught:
            load(path)
        assert str(path) in caught.value.where, name
        assert name not in ("huge shape", "short") or "does not fit its size" in caught.value.what
    path.write_bytes(sound)
    assert load(path).images.shape == (2, 8, 8, 1)


def test_mutated_npz_files_never_crash(tmp_path: Path) -> None:
    source, path = random.Random(0), tmp_path / "a.npz"
    content = write(tmp_path / "b.npz", images=GOOD, labels=np.arange(6)).read_bytes()
    refused = 0
    for _ in range(500):
        path.write_bytes(mutated(content, source))
        try:
            is_sound(load(path))
        except DatasetError:
            refused += 1
    assert 100 < refused <= 500
