"""What folders mean: classes, splits, CelebA's editions, run folders, and images that nothing here can read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.datasets import Dataset, celeba, layout, load
from models.core.disk import places
from models.core.errors import DatasetError, ImageError
from models.core.images import decoding, kinds
from tests.tools.checks import is_sound
from tests.tools.image_folders import numbers, write_image

BAD = b"<html>"


def of_class(dataset: Dataset, name: str) -> list[int]:
    assert dataset.labels is not None
    found = np.flatnonzero(dataset.labels == dataset.label_names.index(name))
    return sorted(np.array(numbers(dataset))[found].tolist())


def part_of(dataset: Dataset, name: str) -> list[int]:
    return sorted(numbers(dataset)[getattr(dataset, name)])


def test_a_class_folder_without_an_image_that_can_be_read_is_no_class(tmp_path: Path) -> None:
    for number in range(12):
        write_image(tmp_path / "p" / "abcd"[number % 4] / f"{number}.png", number)
    for number in range(0, 12, 4):
        (tmp_path / "p" / "a" / f"{number}.png").write_bytes(BAD)
    (tmp_path / "p" / "e").mkdir()
    (tmp_path / "p" / "e" / "1.xcf").write_bytes(b"gimp")
    dataset = load(tmp_path / "p", size=8)
    is_sound(dataset)
    assert dataset.label_names == ("b", "c", "d") and dataset.spec.label_names == ("b", "c", "d")
    assert of_class(dataset, "c") == [2, 6, 10]
    assert len(dataset.skipped) == 4
    for number in (2, 6, 10, 3, 7, 11):
        (tmp_path / "p" / "abcd"[number % 4] / f"{number}.png").write_bytes(BAD)
    assert load(tmp_path / "p", size=8).labels is None, "one class is none"


def test_each_class_has_a_training_image_however_few_it_has(tmp_path: Path) -> None:
    for number in range(30):
        write_image(tmp_path / "p" / ("many" if number < 24 else f"rare {number}") / f"{number}.png", number)
    dataset = load(tmp_path / "p", size=8)
    is_sound(dataset)
    assert sorted(numbers(dataset)) == list(range(30)) and len(dataset.label_names) == 7
    assert set(dataset.labels[dataset.train].tolist()) == set(range(7))
    for number in range(24, 30):
        assert of_class(dataset, f"rare {number}") == [number]


@pytest.mark.parametrize(
    "names", [("train", "test"), ("Training", "Testing"), ("train", "val", "test"), ("train", "valid")]
)
def test_folders_named_train_and_test_are_splits_with_classes_in_them(tmp_path: Path, names: tuple[str, ...]) -> None:
    inside: dict[str, list[int]] = {name: [] for name in names}
    for number in range(60):
        part = names[min(number // 40, len(names) - 1) if len(names) < 3 else min(number // 20, 2)]
        write_image(tmp_path / "p" / part / ("cat" if number % 2 else "dog") / f"{number}.png", number)
        inside[part].append(number)
    dataset = load(tmp_path / "p", size=8)
    is_sound(dataset)
    assert dataset.label_names == ("cat", "dog") and sorted(numbers(dataset)) == list(range(60))
    assert of_class(dataset, "cat") == list(range(1, 60, 2))
    assert all(name in dataset.notice for name in names) and "splits" in dataset.notice
    if len(names) == 3:
        for name, part in zip(names, ("train", "validation", "test"), strict=True):
            assert part_of(dataset, part) == inside[name]
    elif names[1] == "valid":
        assert part_of(dataset, "train") == inside["train"]
        assert sorted(part_of(dataset, "validation") + part_of(dataset, "test")) == inside["valid"]
    else:
        assert part_of(dataset, "test") == inside[names[1]]
        assert len(part_of(dataset, "validation")) == 4
    again = load(tmp_path / "p", size=8)  # from the cache
    assert again.fingerprint == dataset.fingerprint and again.notice == dataset.notice


def test_folders_of_parts_without_classes_and_with_strays(tmp_path: Path) -> None:
    for number in range(30):
        write_image(tmp_path / "p" / ("train" if number < 20 else "test") / f"{number}.png", number)
    dataset = load(tmp_path / "p", size=8)
    is_sound(dataset)
    assert dataset.labels is None and part_of(dataset, "test") == list(range(20, 30))
    write_image(tmp_path / "p" / "cover.png", 99)
    dataset = load(tmp_path / "p", size=8)
    is_sound(dataset)
    assert dataset.labels is None and 99 not in numbers(dataset) and "beside" in dataset.notice
    assert [item.path for item in dataset.skipped] == ["cover.png"]
    for number in range(40, 50):
        write_image(tmp_path / "p" / f"{number}.png", number)
    dataset = load(tmp_path / "p", size=8)  # most lie beside: these are images of a folder that has folders
    is_sound(dataset)
    assert dataset.labels is None and len(dataset.images) == 41 and "Labels are not used" in dataset.notice


def test_a_class_of_the_test_folder_alone_is_left_out_with_reasons(tmp_path: Path) -> None:
    for number in range(30):
        part, name = ("train", "ab"[number % 2]) if number < 20 else ("test", "abc"[number % 3])
        write_image(tmp_path / "p" / part / name / f"{number}.png", number)
    dataset = load(tmp_path / "p", size=8)
    is_sound(dataset)
    assert dataset.label_names == ("a", "b") and "of this class: c." in dataset.notice
    assert sorted(item.path for item in dataset.skipped) == [
        "test/c/20.png",
        "test/c/23.png",
        "test/c/26.png",
        "test/c/29.png",
    ]
    assert {item.reason for item in dataset.skipped} == {"No training image has its class."}


def test_what_a_kill_left_while_images_were_put_in_order_is_swept(tmp_path: Path) -> None:
    write_image(tmp_path / "p" / "1.png", 1)
    left = places.cache() / "folders" / ".new-abcd1234"
    left.mkdir(parents=True)
    for name in ("images.npy", "images.order", "files.sqlite"):
        (left / name).write_bytes(b"half")
    os.utime(left, (1e9, 1e9))
    load(tmp_path / "p", size=8)
    assert not left.exists()


def test_classes_named_train_and_boat_are_classes(tmp_path: Path) -> None:
    for number in range(12):
        write_image(tmp_path / "p" / ("train" if number % 2 else "boat") / f"{number}.png", number)
    dataset = load(tmp_path / "p", size=8)
    assert dataset.label_names == ("boat", "train") and dataset.notice == ""


def test_too_many_folders_are_no_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        write_image(tmp_path / "p" / str(number % 6) / f"{number}.png", number)
    monkeypatch.setattr(layout, "MAX_LABELS", 5)
    assert "more than 5 folders" in load(tmp_path / "p", size=8).notice
    monkeypatch.setattr(layout, "MAX_FOLDERS", 4)
    dataset = load(tmp_path / "p", size=16)
    is_sound(dataset)
    assert dataset.labels is None and len(dataset.images) == 12 and "too many folders" in dataset.notice


def test_a_run_inside_the_folder_is_no_part_of_it(tmp_path: Path) -> None:
    for number in range(8):
        write_image(tmp_path / "p" / "ab"[number % 2] / f"{number}.png", number)
    before = load(tmp_path / "p", size=8)
    for run in (tmp_path / "p" / "run", tmp_path / "p" / "a" / "deep" / "run"):
        write_image(run / "samples" / "samples-000000000.png", 99)
        (run / "run.json").write_text("{}")
    after = load(tmp_path / "p", size=8)
    assert after.fingerprint == before.fingerprint and after.skipped == () and "2 left out" in after.notice


@pytest.mark.parametrize("suffix", ["jxl", "jp2", "tga", "psd", "CR2", "dng", "nef", "svg", "ico", "exr"])
def test_images_that_cannot_be_read_are_counted_with_their_reason(tmp_path: Path, suffix: str) -> None:
    for number in range(4):
        write_image(tmp_path / "p" / f"{number}.png", number)
    (tmp_path / "p" / f"x.{suffix}").write_bytes(b"some bytes")
    (tmp_path / "p" / "notes.txt").write_text("no image")
    dataset = load(tmp_path / "p", size=8)
    assert [item.path for item in dataset.skipped] == [f"x.{suffix}"]
    assert f"(.{suffix.lower()}) cannot be read here" in dataset.skipped[0].reason and "1 of 5 files" in dataset.notice
    with pytest.raises(ImageError, match="cannot be read here"):
        decoding.decode(tmp_path / "p" / f"x.{suffix}")


def gradient() -> np.ndarray:
    down, across = np.mgrid[0:48, 0:64]
    return np.stack([4 * across, 5 * down, 0 * down + 90], axis=-1).astype(np.uint8)


@pytest.mark.skipif(not kinds.HAS_AVIF, reason="this Pillow was built without AVIF")
def test_avif_is_read(tmp_path: Path) -> None:
    check_format(tmp_path, "avif", "AVIF")


def test_heic_is_read_with_its_plugin(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    check_format(tmp_path, "heic", "HEIF")


def check_format(folder: Path, suffix: str, kind: str) -> None:
    path = folder / f"x.{suffix}"
    image = Image.fromarray(gradient())
    image.save(path, kind, quality=95)
    assert np.abs(decoding.decode(path).astype(int) - gradient()).mean() < 3
    assert decoding.frames(path) == 1
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:40], whole[:20] + bytes(60) + whole[80:]):
        with pytest.raises(ImageError):
            decoding.decode(damaged)
    assert len(load(folder, size=8).images) == 1


def test_heic_without_its_plugin_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "SUFFIXES", (".png",))
    assert "generative-studio[heif]" in kinds.unreadable("IMG_1.HEIC")
    assert kinds.is_image("IMG_1.HEIC") and "AVIF" in kinds.unreadable("a.avif")


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_limits_hold_for_the_new_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    if kind == "heic":
        pytest.importorskip("pillow_heif")
    path = tmp_path / f"x.{kind}"
    Image.fromarray(gradient()).save(path, {"avif": "AVIF", "heic": "HEIF"}[kind])
    monkeypatch.setattr(decoding, "MAX_PIXELS", 48 * 64 - 1)
    with pytest.raises(ImageError, match="64 x 48 pixels is larger"):
        decoding.decode(path)


NAMES = ("Eyeglasses", "Young")
ROWS = [(f"{n:06}.jpg", 1 if n % 2 else -1, 1 if n > 5 else -1) for n in range(12)]
TEXT = f"{len(ROWS)}\n{' '.join(NAMES)}\n" + "".join(f"{name} {a:2} {b:2}\n" for name, a, b in ROWS)
CSV = f"image_id,{','.join(NAMES)}\n" + "".join(f"{name},{a},{b}\n" for name, a, b in ROWS)


@pytest.mark.parametrize(
    ("inside", "listed", "text", "suffix"),
    [
        ("img_align_celeba", "list_attr_celeba.txt", TEXT, "jpg"),
        ("Img/img_align_celeba", "Anno/list_attr_celeba.txt", TEXT, "jpg"),
        ("Img/img_align_celeba_png", "Anno/list_attr_celeba.txt", TEXT, "png"),
        ("img_align_celeba/img_align_celeba", "list_attr_celeba.csv", CSV, "jpg"),
        ("img_align_celeba/img_align_celeba", "list_attr_celeba.csv", "\ufeff" + CSV.replace("\n", "\r\n"), "jpg"),
        ("img_align_celeba", "list_attr_celeba.txt", "\ufeff" + TEXT.replace("\n", "\r\n"), "jpg"),
    ],
    ids=["beside", "Anno", "PNG edition", "Kaggle", "Kaggle with a mark", "text with a mark"],
)
def test_every_edition_of_celeba(tmp_path: Path, inside: str, listed: str, text: str, suffix: str) -> None:
    home = tmp_path / "celeba"
    for number in range(12):
        path = write_image(home / inside / "a.png", number)
        path.rename(home / inside / f"{number:06}.{suffix}")
    (home / listed).parent.mkdir(exist_ok=True)
    (home / listed).write_bytes(text.encode())
    for opened in (home / inside, home):
        dataset = load(opened, size=8)
        is_sound(dataset)
        assert dataset.attribute_names == NAMES and len(dataset.images) == 12 and dataset.skipped == ()
        for number, (glasses, young) in zip(numbers(dataset), dataset.attributes, strict=True):
            assert (number % 2 == 1, number > 5) == (glasses, young)


def test_the_attributes_of_another_folder_are_not_used(tmp_path: Path) -> None:
    (tmp_path / "list_attr_celeba.csv").write_text(CSV)
    for number in range(4):
        write_image(tmp_path / "mine" / "deep" / f"mine {number}.png", number)
    dataset = load(tmp_path / "mine" / "deep", size=8)
    assert dataset.attribute_names == () and len(dataset.images) == 4


@pytest.mark.parametrize(
    "text", ["", "image_id\n", "image_id,A,B\n1.jpg,1\n", "image_id,A\n1.jpg,2\n", "image_id,A\n1.jpg,1,1\n"]
)
def test_a_damaged_csv_is_named(tmp_path: Path, text: str) -> None:
    write_image(tmp_path / "p" / "1.png", 1)
    (tmp_path / "p" / celeba.CSV_FILE).write_text(text)
    with pytest.raises(DatasetError) as caught:
        load(tmp_path / "p")
    assert caught.value.where == str(tmp_path / "p" / celeba.CSV_FILE)


def old_kinds(place: Path) -> dict[str, Path]:
    """Folders that the new rules read otherwise."""
    for number in range(20):
        write_image(place / "split" / ("train" if number < 15 else "test") / "ab"[number % 2] / f"{number}.png", number)
        write_image(place / "stray" / "ab"[number % 2] / f"{number}.png", number)
        write_image(place / "damaged" / "abc"[number % 3] / f"{number}.png", number)
        if number % 3 == 1:
            (place / "damaged" / "b" / f"{number}.png").write_bytes(BAD)
        write_image(place / "run" / "ab"[number % 2] / f"{number}.png", number)
    write_image(place / "stray" / "loose.png", 77)
    write_image(place / "run" / "b" / "mine" / "sheet.png", 78)
    (place / "run" / "b" / "mine" / "run.json").write_text("{}")
    (place / "run" / "a" / "x.avif").write_bytes(b"")
    return {path.name: path for path in place.iterdir()}


FIRST = {
    "split": "7a9b129292b9c43874ea289ba60b7b02016c49a8a3b6f76ca40fe5aeec15f50e",
    "stray": "6d0985cf51cd3019ad43360c212e5306e1a9f0a659c7bf5fea08c8c45321f5bf",
    "damaged": "db07cb46030d2e2074c420a46f59ca45042dc6d798485e2a04a469cc967642a3",
    "run": "49271f79cf9739a86e940f592da055540d52fd9168806c1d3da19736625acd74",
}


@pytest.mark.skipif(sys.platform == "win32", reason="the order comes from names as bytes")
def test_runs_of_the_first_rules_find_the_dataset_that_they_know(tmp_path: Path) -> None:
    """Fingerprints that the version before these rules computed for the same files."""
    found = {name: load(path, size=8, rules=1).fingerprint for name, path in old_kinds(tmp_path).items()}
    assert found == FIRST
    now = {name: load(tmp_path / name, size=8).fingerprint for name in found}
    assert all(now[name] != found[name] for name in found)
