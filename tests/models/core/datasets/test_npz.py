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

from models.core.datasets import arrays as npz_arrays
from models.core.datasets import load, outline
from models.core.errors import DatasetError
from tests.tools.checks import is_sound, mutated


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
    images = np.linspace(0, 1, 20 * 64).reshape(20, 8, 8)
    dataset = load(write(tmp_path / "a.npz", x_train=images, y_train=np.arange(20) % 10))
    is_sound(dataset)
    assert dataset.image_shape == (8, 8, 1) and dataset.images.max() == 255
    assert dataset.label_names == tuple("0123456789")


GOOD = np.zeros((6, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "named"),
    [
        ({"images": np.zeros((0, 8, 8, 3), np.uint8)}, "images"),
        ({"images": GOOD[..., :2]}, "images"),
        ({"images": GOOD[0, 0]}, "images"),
        ({"images": GOOD.astype(np.int32) + 256}, "images"),
        ({"images": GOOD - 0.5}, "images"),
        ({"images": np.full(GOOD.shape, "a")}, "images"),
        ({"images": GOOD * np.nan}, "images"),
        ({"images": GOOD, "labels": np.zeros(5, int)}, "labels"),
        ({"images": GOOD, "labels": np.full(6, -1)}, "labels"),
        ({"images": GOOD, "labels": np.full(6, 0.5)}, "labels"),
        ({"images": GOOD, "labels": np.full(6, np.nan)}, "labels"),
        ({"images": GOOD, "labels": np.full((6, 2), 2)}, "labels"),
        ({"images": GOOD, "labels": np.arange(6), "label_names": np.array(["a"])}, "label_names"),
        ({"images": GOOD, "attributes": np.zeros((5, 2), bool)}, "attributes"),
        ({"images": GOOD, "attributes": np.full((6, 2), 7)}, "attributes"),
        ({"images": GOOD, "attributes": np.zeros((6, 2), bool), "attribute_names": np.array(["a"])}, "attribute_names"),
        ({"images": np.array([{"a": 1}] * 6, dtype=object)}, "images"),
        ({"images": GOOD, "labels": np.array(["a"] * 6, dtype=object)}, "labels"),
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
        "many": packed(*[(f"{n}.npy", b"") for n in range(npz_arrays.MAX_ENTRIES + 1)]),
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


NOISE = np.random.default_rng(1).integers(0, 256, (40, 8, 9, 3), np.uint8)


def by_content(images: np.ndarray) -> list[bytes]:
    return [np.ascontiguousarray(image).tobytes() for image in images]


def test_labels_with_gaps_are_as_many_classes_as_there_are(tmp_path: Path) -> None:
    labels = np.array([0, 7, 90])[np.arange(40) % 3]
    dataset = load(write(tmp_path / "a.npz", images=NOISE, labels=labels))
    is_sound(dataset)
    assert dataset.label_names == ("0", "7", "90")
    right = dict(zip(by_content(NOISE), labels, strict=True))
    for image, label in zip(by_content(dataset.images), dataset.labels, strict=True):
        assert dataset.label_names[label] == str(right[image])


@pytest.mark.parametrize(
    ("labels", "more", "names"),
    [
        (np.array([5, 2**40])[np.arange(40) % 2], {}, ("5", "1099511627776")),
        (np.array([1.0, 3.0])[np.arange(40) % 2], {}, ("1", "3")),
        (np.array([1, 3])[np.arange(40) % 2][:, None], {"label_names": np.array(list("abcde"))}, ("b", "d")),
        (np.array(["cat", "dog"])[np.arange(40) % 2], {}, ("cat", "dog")),
        (np.array([b"cat", b"dog"])[np.arange(40) % 2][:, None], {}, ("cat", "dog")),
        (np.eye(4)[np.arange(40) % 2 * 2], {}, ("0", "2")),
        (np.eye(3, dtype=bool)[np.arange(40) % 2], {"label_names": np.array(["x", "y", "z"])}, ("x", "y")),
        (np.arange(40) % 2 == 0, {}, ("0", "1")),
    ],
)
def test_labels_of_any_kind_are_read(tmp_path: Path, labels: Any, more: dict[str, Any], names: tuple[str, ...]) -> None:
    dataset = load(write(tmp_path / "a.npz", images=NOISE, labels=labels, **more))
    is_sound(dataset)
    assert dataset.label_names == names
    first = (labels.reshape(40, -1) == labels.reshape(40, -1)[0]).all(axis=1)  # the rows of the class of row 0
    place = dict(zip(by_content(NOISE), first, strict=True))
    of_first = {
        int(label) for image, label in zip(by_content(dataset.images), dataset.labels, strict=True) if place[image]
    }
    assert len(of_first) == 1
    assert np.bincount(dataset.labels).tolist() == [20, 20]


def test_several_yes_or_no_labels_are_attributes(tmp_path: Path) -> None:
    labels = np.stack([np.arange(40) % 2, np.arange(40) > 9], axis=1)
    dataset = load(write(tmp_path / "a.npz", train_images=NOISE, train_labels=labels))
    assert dataset.labels is None and dataset.attribute_names == ("1", "2") and "attributes" in dataset.notice
    assert dataset.attributes.sum(axis=0).tolist() == labels.sum(axis=0).tolist()


@pytest.mark.parametrize(
    "images",
    [
        NOISE.astype(np.int64),
        NOISE.astype(np.uint16),
        NOISE.astype(np.float64),
        NOISE.astype(np.float16),
        NOISE / 255,
        NOISE.astype(">i4"),
        np.asfortranarray(NOISE),
        np.moveaxis(NOISE, -1, 1),
        np.asfortranarray(np.moveaxis(NOISE / np.float32(255), -1, 1)),
    ],
    ids=["int64", "uint16", "float64", "float16", "unit", "big endian", "columns", "channels first", "both"],
)
@pytest.mark.parametrize("name", ["images", "arr_0", "data", "X"])
def test_images_of_any_type_and_order_are_read(tmp_path: Path, images: Any, name: str) -> None:
    path = write(tmp_path / "a.npz", **{name: images})
    dataset = load(path)
    is_sound(dataset)
    assert sorted(by_content(dataset.images)) == sorted(by_content(NOISE))
    assert outline(str(path)).spec.image_shape == (8, 9, 3) and outline(str(path)).training == dataset.train.stop


def test_true_and_false_are_black_and_white(tmp_path: Path) -> None:
    assert np.unique(load(write(tmp_path / "a.npz", images=NOISE[..., 0] > 99)).images).tolist() == [0, 255]


def test_medmnist_keeps_its_splits(tmp_path: Path) -> None:
    parts = {"train": NOISE[:24], "val": NOISE[24:30], "test": NOISE[30:]}
    labels = {f"{part}_labels": (np.arange(len(images)) % 2 * 3)[:, None] for part, images in parts.items()}
    path = write(tmp_path / "a.npz", **{f"{part}_images": images for part, images in parts.items()}, **labels)
    dataset = load(path)
    is_sound(dataset)
    for part, name in (("train", "train"), ("val", "validation"), ("test", "test")):
        assert sorted(by_content(dataset.images[getattr(dataset, name)])) == sorted(by_content(parts[part]))
    assert dataset.label_names == ("0", "3")
    assert outline(str(path)).training == 24
    only = load(write(tmp_path / "b.npz", x_train=NOISE[:20], x_test=NOISE[20:]))
    assert (only.train.stop, only.validation.stop, only.test.stop) == (18, 20, 40)
    assert sorted(by_content(only.images[only.test])) == sorted(by_content(NOISE[20:]))


def test_a_class_of_the_test_images_alone_is_no_class(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "a.npz", x_train=NOISE[:20], y_train=np.arange(20) % 2, x_test=NOISE[20:],
                         y_test=np.arange(20) % 4))  # fmt: skip
    is_sound(dataset)
    assert dataset.label_names == ("0", "1") and len(dataset.images) == 30 and "2, 3" in dataset.notice


def test_a_rare_class_has_a_training_image(tmp_path: Path) -> None:
    for rare in range(40):
        labels = np.arange(40) % 2
        labels[rare] = 9
        dataset = load(write(tmp_path / "a.npz", images=NOISE, labels=labels))
        assert dataset.label_names == ("0", "1", "9") and len(dataset.images) == 40
        assert set(dataset.labels[dataset.train]) == {0, 1, 2}
    many = load(write(tmp_path / "a.npz", images=NOISE, labels=np.arange(40)))
    assert many.labels is None and "more classes than training images" in many.notice


def test_arrays_without_names_are_images_and_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", NOISE, np.arange(40) % 2)
    dataset = load(tmp_path / "a.npz")
    assert dataset.label_names == ("0", "1") and "arr_1" in dataset.notice
    np.savez(tmp_path / "a.npz", NOISE, NOISE[:3])
    assert load(tmp_path / "a.npz").labels is None


@pytest.mark.parametrize(
    ("arrays", "said", "advised"),
    [
        ({"pictures": NOISE, "n": np.arange(3)}, "pictures uint8 (40, 8, 9, 3), n int64 (3,)", "x_train"),
        ({}, "no arrays", "arr_0"),
        ({"images": np.zeros((9, 784))}, "(9, 784)", "reshape(-1, 28, 28)"),
        ({"images": np.zeros((9, 8, 8, 4))}, "(9, 8, 8, 4)", "images[..., :3]"),
        ({"images": np.linspace(-1, 1, 640).reshape(10, 8, 8)}, "from -1 to 1", "(images - -1) / 2"),
        ({"images": np.array([{"a": 1}] * 6, dtype=object)}, "Python objects", "numpy.stack"),
        ({"x_test": NOISE}, "no training images", "x_train"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_it_holds_and_what_to_do(
    tmp_path: Path, arrays: dict[str, Any], said: str, advised: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        load(write(tmp_path / "a.npz", **arrays))
    assert said in caught.value.what and advised in caught.value.advice


def test_runs_of_the_first_rules_find_the_dataset_that_they_know(tmp_path: Path) -> None:
    """Fingerprints that the version before these rules computed for the same files."""
    labels = np.array([0, 2, 5])[np.arange(40) % 3]
    whole = write(tmp_path / "a.npz", images=NOISE, labels=labels)
    named = write(
        tmp_path / "b.npz", x_train=NOISE / 255, y_train=labels[:, None], label_names=np.array(list("abcdefg"))
    )
    assert load(whole, rules=1).fingerprint == "7539e4f8936dac11c09f16e3371464e75f55c6768ba4359b10094eae3b0d8f4e"
    assert load(named, rules=1).fingerprint == "35c7127429c2fe92c70c92cee84de9def07119ab62d605686460000d210a4035"
    assert load(whole, rules=1).label_names == tuple("012345")


# --- Captions ---


def _numbered(count: int) -> np.ndarray[Any, Any]:
    return np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((count, 8, 8), np.uint8)


@pytest.mark.parametrize("kind", ["U", "S"])
def test_captions_stay_with_their_images(tmp_path: Path, kind: str) -> None:
    texts = [f" Number\n{number} cat" for number in range(20)]
    labels = np.array([0] * 19 + [1])  # one that must move into the training part
    path = write(tmp_path / "a.npz", images=_numbered(20), captions=np.array(texts, kind), labels=labels)
    dataset = load(path, size=8)
    is_sound(dataset)
    which = dataset.images[:, 0, 0, 0].tolist()
    assert dataset.captions == tuple(f"Number {number} cat" for number in which)
    assert dataset.spec.words[:2] == ("cat", "number") and not dataset.notice
    before = load(path, rules=2)
    assert before.captions == () and before.fingerprint != dataset.fingerprint
    plain = write(tmp_path / "b.npz", images=_numbered(20), labels=labels)
    assert load(plain).fingerprint == before.fingerprint, "a run from before does not find its file as it was"


def test_captions_of_parts_follow_one_another(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", x_train=_numbered(12), x_test=_numbered(20)[12:],
                 captions=np.array([f"cat {number}" for number in range(20)]))  # fmt: skip
    dataset = load(path)
    assert dataset.captions == tuple(f"cat {number}" for number in dataset.images[:, 0, 0, 0])


def test_empty_captions_are_counted(tmp_path: Path) -> None:
    texts = ["", "a cat", "a " + "long " * 400, "a dog"]
    dataset = load(write(tmp_path / "a.npz", images=_numbered(4), captions=np.array(texts)))
    assert sorted(dataset.captions) == sorted(["", "a cat", ("a " + "long " * 400)[:1000].rstrip(), "a dog"])
    assert dataset.notice == "1 of 4 images has no caption: an empty one is used. 1 caption is cut at 1,000 letters."
    nothing = load(write(tmp_path / "b.npz", images=_numbered(4), captions=np.array([""] * 4, "U3")))
    assert nothing.captions == () and nothing.notice == "Its captions are all empty."


@pytest.mark.parametrize("captions", [np.array(["a"] * 3), np.arange(4), np.array([["a"]] * 4), np.array("a")])
def test_captions_that_are_no_text_an_image_are_refused(tmp_path: Path, captions: np.ndarray[Any, Any]) -> None:
    path = write(tmp_path / "a.npz", images=_numbered(4), captions=captions)
    with pytest.raises(DatasetError, match="not 4 texts") as caught:
        load(path)
    assert caught.value.where == f"{path}, array captions" and "captions=" in caught.value.advice
    assert load(path, rules=2).captions == ()
