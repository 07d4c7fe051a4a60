"""Captions beside the images of a folder: texts and lists, missing and broken ones, and runs from before."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from models.core.datasets import Dataset, cache, caption_files, describe, load, recorded
from models.core.disk import places
from models.core.errors import DatasetError
from tests.tools.checks import is_sound
from tests.tools.image_folders import numbers, write_image

COUNT = 20


def spoken(dataset: Dataset) -> dict[int, str]:
    """Number of the image -> its caption."""
    return dict(zip(numbers(dataset), dataset.captions, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(COUNT):
        write_image(tmp_path / "p" / f"{number}.png", number)
    return tmp_path / "p"


def write_list(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load(folder, size=8)
    assert all(word in str(caught.value) for word in words) and caught.value.advice, str(caught.value)
    home = places.cache() / "folders"
    assert not home.exists() or not list(home.iterdir())


def test_a_text_beside_an_image_is_its_caption(folder: Path) -> None:
    for number in range(COUNT):
        (folder / f"{number}.txt").write_text(f"\ufeffA cat,\n number {number} \n", encoding="utf-8")
    (folder / "readme.txt").write_bytes(b"\xff" * 90_000)  # no image is called so
    dataset = load(folder, size=8)
    is_sound(dataset)
    assert spoken(dataset) == {number: f"A cat, number {number}" for number in range(COUNT)}
    assert not dataset.notice and dataset.spec.words[:3] == ("a", "cat", "number")
    again = load(folder, size=8)  # from the cache
    assert again.captions == dataset.captions and again.fingerprint == dataset.fingerprint


def test_a_changed_text_is_seen(folder: Path) -> None:
    (folder / "3.txt").write_text("a cat")
    before = load(folder, size=8)
    (folder / "3.txt").write_text("a lion")
    after = load(folder, size=8)
    assert spoken(before)[3] == "a cat" and spoken(after)[3] == "a lion"
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize("name", ["captions.jsonl", "metadata.jsonl"])
def test_a_list_names_the_images_from_its_own_folder(tmp_path: Path, name: str) -> None:
    for number in range(COUNT):
        part = "train" if number < 15 else "test"
        write_image(tmp_path / "p" / part / "sub" / f"{number}.png", number)
    for part, some in (("train", range(15)), ("test", range(15, COUNT))):
        rows = [{"file_name": f"./sub/{n}.png", "text": f"image {n} ☺", "more": [1, 2]} for n in some]
        write_list(tmp_path / "p" / part / name, [*rows, {"file_name": "other.png", "text": "not here"}])
    dataset = load(tmp_path / "p", size=8)
    assert spoken(dataset) == {number: f"image {number} ☺" for number in range(COUNT)}
    assert "splits" in dataset.notice and "caption" not in dataset.notice


def test_captions_count_for_more_than_metadata_and_that_for_more_than_texts(folder: Path) -> None:
    write_list(folder / "captions.jsonl", [{"file_name": "0.png", "text": "of captions"}])
    write_list(folder / "metadata.jsonl", [{"file_name": f"{n}.png", "text": "of metadata"} for n in range(2)])
    for number in range(3):
        (folder / f"{number}.txt").write_text("of a text")
    found = spoken(load(folder, size=8))
    assert [found[n] for n in range(4)] == ["of captions", "of metadata", "of a text", ""]


def test_images_without_a_caption_are_counted_and_have_an_empty_one(folder: Path) -> None:
    (folder / "4.txt").write_text("a cat")
    (folder / "5.txt").write_text(" \n")
    (folder / "6.txt").write_bytes(b"\xff\xfe\xfd")
    (folder / "7.txt").write_text("long " * 400)
    (folder / "8.txt").write_text("x" * (caption_files.MOST_TEXT_BYTES + 1))
    dataset = load(folder, size=8)
    found = spoken(dataset)
    assert found[4] == "a cat" and found[5] == found[6] == found[8] == "" and len(found[7]) == 999
    assert "18 of 20 images have no caption" in dataset.notice
    assert "1 caption is cut at 1,000 letters" in dataset.notice
    assert "2 captions could not be read" in dataset.notice and "6.txt: it is not UTF-8" in dataset.notice
    assert "8.txt: it is larger than 20,000 bytes" in dataset.notice
    assert "" not in dataset.spec.examples


def test_a_folder_without_captions_is_what_it_was(folder: Path) -> None:
    before = load(folder, size=8, rules=2)
    write_list(folder / "metadata.jsonl", [{"file_name": "1.png", "objects": 3}, {"file_name": "2.png", "text": None}])
    (folder / "readme.txt").write_text("about")
    dataset = load(folder, size=8)
    assert dataset.captions == () and dataset.fingerprint == before.fingerprint and not dataset.notice
    assert len(list((places.cache() / "folders").iterdir())) == 1, "the images were decoded twice"


def test_a_run_from_before_finds_its_dataset_as_it_was(folder: Path) -> None:
    (folder / "4.txt").write_text("a cat")
    about = {**recorded.described(load(folder, size=8, rules=2), 8), "rules": 2}
    assert "words" not in about
    assert recorded.load(about).fingerprint == about["fingerprint"] and recorded.load(about).captions == ()
    new = recorded.described(load(folder, size=8), 8)
    assert new["fingerprint"] != about["fingerprint"] and new["examples"] == ["a cat"] and new["rules"] == 3
    assert recorded.load(new).fingerprint == new["fingerprint"]


def test_the_command_datasets_says_how_many_captions_there_are_and_their_words(folder: Path) -> None:
    assert "captions" not in describe(load(folder, size=8))
    for number in range(3):
        (folder / f"{number}.txt").write_text("a dog, a red dog" if number else "a cat")
    assert describe(load(folder, size=8))["captions"] == "3 of 20 images, 4 words: a 3, dog 2, red 2, cat 1"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "Expecting"), ("[1]", "no object"), ('{"file_name": "1.png"}', "text is missing"),
        ('{"text": "a cat"}', "file_name is missing"), ('{"file_name": 3, "text": "a"}', "file_name is no text"),
        ('{"file_name": "1.png", "text": ["a", "b"]}', "text is no text"), ('{"file_name": "", "text": ""}', "no name"),
        ('{"file_name": "1.png", "text": "' + "a" * 100_000 + '"}', "longer than 100,000 bytes"),
        ('{"file_name": "1.png", "text": "a", "text": "b"}', "twice"), ("[" * 5_000, "deep"),
    ],
)  # fmt: skip
def test_a_broken_line_is_named(folder: Path, line: str, problem: str) -> None:
    good = json.dumps({"file_name": "0.png", "text": "a"})
    (folder / "captions.jsonl").write_text(f"{good}\n\n{line}\n{good}\n")
    refused(folder, problem, f"{folder / 'captions.jsonl'}, line 3")


def test_a_line_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "metadata.jsonl").write_bytes(b'{"file_name": "1.png", "text": "\xff"}')
    refused(folder, "metadata.jsonl, line 1")


def test_captions_of_other_images_are_refused(folder: Path) -> None:
    write_list(folder / "captions.jsonl", [{"file_name": "../p/cat.png", "text": "a cat"}])
    refused(folder, "of other images", "captions.jsonl", "cat.png")


def test_a_pipe_is_no_list_and_too_many_captions_are_refused(folder: Path, monkeypatch) -> None:
    os.mkfifo(folder / "captions.jsonl")
    refused(folder, "captions.jsonl")
    (folder / "captions.jsonl").unlink()
    (folder / "1.txt").write_text("a cat")
    monkeypatch.setattr(caption_files, "MOST_BYTES", 4)
    refused(folder, "larger than 4 bytes")


def test_a_damaged_cache_of_captions_is_made_again(folder: Path) -> None:
    (folder / "1.txt").write_text("a cat")
    dataset = load(folder, size=8)
    (kept,) = (places.cache() / "folders").glob("*/captions.npy")
    kept.write_bytes(kept.read_bytes().replace(b"cat", b"dog"))
    assert load(folder, size=8).captions == dataset.captions
    cache._remove(kept.parent)
    assert not kept.parent.exists()
