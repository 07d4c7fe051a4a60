"""A folder of images becomes a dataset, whatever else lies in it."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from models.core.datasets import cache, celeba, folder, load
from models.core.disk import places
from models.core.errors import Cancelled, DatasetError, StorageError
from models.core.work import Callbacks
from tests.tools import picture_files
from tests.tools.bounds import end
from tests.tools.checks import is_sound
from tests.tools.image_folders import numbers, write_image

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def caches() -> list[Path]:
    home = places.cache() / "folders"
    return sorted(home.iterdir()) if home.exists() else []


def test_bad_files_are_listed_and_the_rest_is_loaded(tmp_path: Path) -> None:
    place = tmp_path / "pictures"
    for number in range(300):
        path = write_image(place / f"{number // 50}" / f"{number}.png", number)
        if number % 100 == 7:
            path.write_bytes(b"<html>")
    first = load(place, size=8)
    is_sound(first)
    assert first.images.shape == (297, 8, 8, 3)
    assert {item.path for item in first.skipped} == {"0/7.png", "2/107.png", "4/207.png"}
    assert all("not an image" in item.reason for item in first.skipped)
    assert "3 of 300" in first.notice
    assert sorted(numbers(first)) == [n for n in range(300) if n % 100 != 7]
    assert first.label_names == tuple("012345")
    assert all(number // 50 == label for number, label in zip(numbers(first), first.labels, strict=True))
    assert all(np.bincount(first.labels[first.train], minlength=6) > 30), "a split is not a fair share of all labels"
    again = load(place, size=8)
    assert numbers(again) == numbers(first) and again.skipped == first.skipped
    assert again.fingerprint == first.fingerprint
    copy = tmp_path / "copy"
    place.rename(copy)
    assert numbers(load(copy, size=8)) == numbers(first), "the order depends on more than names"


def test_any_kind_of_picture_is_read(tmp_path: Path) -> None:
    place = tmp_path / "pictures"
    place.mkdir()
    good, bad = list(picture_files.good_files()), list(picture_files.bad_files())
    for prefix, files in (("good", good), ("bad", bad)):
        for item in files:
            (place / f"{prefix}-{item[0]}").write_bytes(item[1])
    os.mkfifo(place / "bad-pipe.png")
    (place / "bad-link.png").symlink_to(tmp_path / "gone.png")
    (place / "notes.txt").write_text("no picture")
    (place / ".hidden.png").write_bytes(b"x")
    write_image(place / ".thumbnails" / "a.png", 3)
    dataset = load(place)
    is_sound(dataset)
    assert dataset.image_shape == (64, 64, 3) and dataset.labels is None
    assert len(dataset.images) == len(good)
    assert sorted(item.path for item in dataset.skipped) == sorted(
        [f"bad-{b[0]}" for b in bad] + ["bad-pipe.png", "bad-link.png"]
    )


@pytest.mark.parametrize("colourful", [set(), {0}, {25}, {49}])
def test_images_are_grey_if_all_are(tmp_path: Path, colourful: set[int]) -> None:
    for number in range(50):
        write_image(tmp_path / "p" / f"{number}.png", number, colour=number in colourful)
    dataset = load(tmp_path / "p", size=8)
    assert dataset.images.shape == (50, 8, 8, 3 if colourful else 1)
    assert sorted(int(image[0, 0, 0]) for image in dataset.images) == list(range(50))
    odd = [image for image in dataset.images if len(set(image[0, 0].tolist())) > 1]
    assert len(odd) == len(colourful)


def test_labels_need_nearly_every_image_in_a_subfolder(tmp_path: Path) -> None:
    place = tmp_path / "p"
    for number in range(6):
        write_image(place / ("cat" if number % 2 else "dog") / "deeper" / f"{number}.png", number)
    assert load(place).label_names == ("cat", "dog")
    assert load(place / "cat").labels is None
    (place / "broken.png").write_bytes(b"")
    (place / "photo.psd").write_bytes(b"8BPS")
    assert load(place).label_names == ("cat", "dog")
    write_image(place / "loose.png", 9)
    dataset = load(place)
    is_sound(dataset)
    assert dataset.label_names == ("cat", "dog") and sorted(numbers(dataset)) == list(range(6))
    assert {item.path for item in dataset.skipped} == {"broken.png", "photo.psd", "loose.png"}
    assert "beside the class folders" in dataset.notice and "3 of 9 files" in dataset.notice
    for number in range(20, 26):
        write_image(place / f"{number}.png", number)
    dataset = load(place)
    is_sound(dataset)
    assert dataset.labels is None and len(dataset.images) == 13
    assert "Labels are not used, because 7 of 13 images lie in no class folder." in dataset.notice


@pytest.mark.parametrize("beside", [False, True])
def test_celeba_attributes(tmp_path: Path, beside: bool) -> None:
    place = tmp_path / "celeba" / "img_align_celeba"
    rows = [f"{n:06}.jpg {1 if n % 2 else -1:2} {1 if n > 5 else -1:2}" for n in range(12)]
    for number in range(13):
        write_image(place / "a.png", number).rename(place / f"{number:06}.jpg")  # lossless, whatever its name says
    listed = (place.parent if beside else place) / celeba.ATTRIBUTE_FILE
    listed.write_text("12\nEyeglasses Young\n" + "\n".join(rows) + "\n")
    dataset = load(place, size=8)
    is_sound(dataset)
    assert dataset.attribute_names == ("Eyeglasses", "Young")
    assert [item.path for item in dataset.skipped] == ["000012.jpg"]  # it has no row
    for number, (glasses, young) in zip(numbers(dataset), dataset.attributes, strict=True):
        assert (number % 2 == 1, number > 5) == (glasses, young)
    assert dataset.attributes.sum(axis=0).tolist() == [6, 6]
    words = {(False, False): "a person", (False, True): "a young person"}
    words |= {(True, young): f"{words[False, young]} with eyeglasses" for young in (False, True)}
    assert dataset.captions == tuple(words[glasses, young] for glasses, young in dataset.attributes.tolist())
    before = load(place, size=8, rules=2)
    assert before.captions == () and before.fingerprint != dataset.fingerprint
    assert len(list((places.cache() / "folders").iterdir())) == 1, "the images were decoded twice"
    listed.write_text("12\nEyeglasses Young\n" + "\n".join(rows).replace(" 1", "-1") + "\n")
    assert not load(place, size=8).attributes.any(), "the cache is older than the attributes"
    for wrong in (
        "",
        "x\n",
        "12\n\n",
        "12\nA B\n000001.jpg 1\n",
        "12\nA B\n000001.jpg 1 yes\n",
        "12\nA\n000001.jpg 1 1\n",
    ):
        listed.write_text(wrong)
        with pytest.raises(DatasetError) as caught:
            load(place)
        assert caught.value.where == str(listed)


def test_no_picture_at_all_is_an_error_with_reasons(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    with pytest.raises(DatasetError, match="no image"):
        load(tmp_path / "p")
    for number in range(9):
        (tmp_path / "p" / f"{number}.jpg").write_bytes(b"")
    with pytest.raises(DatasetError) as caught:
        load(tmp_path / "p")
    assert caught.value.advice.count("This file is empty.") == 5
    assert caches() == []


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    place = tmp_path / "p"
    write_image(place / "a" / "1.png", 1)
    write_image(tmp_path / "elsewhere" / "2.png", 2)
    (place / "a" / "loop").symlink_to(place)
    (place / "self").symlink_to(place / "self")
    (place / "b").symlink_to(tmp_path / "elsewhere")
    assert sorted(numbers(load(place))) == [1, 2]


def test_odd_names_are_read(tmp_path: Path) -> None:
    names = [
        b"-dash.png",
        b"new\nline.png",
        b"caf\xe9.png",
        "☃.png".encode(),
        b"dot..png",
        b'"quo\'te".PNG',
        b"x" * 250 + b".png",
    ]
    for number, name in enumerate(names):
        write_image(tmp_path / "p" / "a.png", number).rename(tmp_path / "p" / os.fsdecode(name))
    (tmp_path / "p" / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    dataset = load(tmp_path / "p")
    assert sorted(numbers(dataset)) == list(range(len(names)))
    assert [item.path for item in dataset.skipped] == ["bad?.png"]


def test_sizes_and_changes_make_caches_of_their_own(tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / "p" / f"{number}.png", number)
    assert load(tmp_path / "p", size=8).image_shape == (8, 8, 3)
    assert load(tmp_path / "p", size=32).image_shape == (32, 32, 3)
    assert len(caches()) == 2
    write_image(tmp_path / "p" / "3.png", 77, size=(30, 30))
    assert sorted(numbers(load(tmp_path / "p", size=8))) == [0, 1, 2, 77]


def test_the_cache_is_a_memory_map_that_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "p" / "1.png", 1)
    assert isinstance(load(tmp_path / "p").images, np.memmap)
    monkeypatch.setattr(folder, "decode", lambda *_, **__: pytest.fail("it was decoded again"))
    assert numbers(load(tmp_path / "p")) == [1]
    monkeypatch.undo()


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    for number in range(6):
        write_image(tmp_path / "p" / "ab"[number % 2] / f"{number}.png", number)
    before = load(tmp_path / "p").fingerprint
    (place,) = caches()
    for name in ("images.npy", "labels.npy", "index.json"):
        content = (place / name).read_bytes()
        for damaged in (content[: len(content) // 2], b"", b'{"version": 1, "words": {}}'):
            (place / name).unlink()
            (place / name).write_bytes(damaged)
            assert load(tmp_path / "p").fingerprint == before


def test_a_flipped_bit_in_the_cache_is_found(tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / "p" / f"{number}.png", number)
    before = load(tmp_path / "p").fingerprint
    (place,) = caches()
    content = bytearray((place / "images.npy").read_bytes())
    content[-5] ^= 1
    (place / "images.npy").unlink()
    (place / "images.npy").write_bytes(content)
    assert load(tmp_path / "p").fingerprint == before
    assert (place / "images.npy").read_bytes() != bytes(content)


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    for number in range(100):
        write_image(tmp_path / "p" / f"{number}.png", number)
    for patience in (0, 1, 3):
        asked: list[int] = []

        def cancelled(asked: list[int] = asked, patience: int = patience) -> bool:
            asked.append(1)
            return len(asked) > patience

        with pytest.raises(Cancelled):
            load(tmp_path / "p", work=Callbacks(cancelled=cancelled))
        assert caches() == []
    seen: list[tuple[str, int, int]] = []
    load(tmp_path / "p", work=Callbacks(lambda *now: seen.append(now)))
    assert seen[-1] == ("Reading images", 100, 100) and len(seen) > 5


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "p" / "1.png", 1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache.ImageWriter, "append", full)
    with pytest.raises(StorageError):
        load(tmp_path / "p")
    assert caches() == []


def test_two_at_once_agree(tmp_path: Path) -> None:
    for number in range(60):
        write_image(tmp_path / "p" / f"{number}.png", number)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(load(tmp_path / "p").fingerprint)) for _ in range(4)]
    for thread in threads:
        thread.start()
    end(*threads)
    assert len(found) == 4 and len(set(found)) == 1
    assert len(caches()) == 1


def test_what_a_killed_program_left_is_swept_away(tmp_path: Path) -> None:
    write_image(tmp_path / "p" / "1.png", 1)
    home = places.cache() / "folders"
    for name, age in ((".new-old_0000", 200_000), (".new-young_00", 0)):
        (home / name).mkdir(parents=True)
        stamp = (home / name).stat().st_mtime - age
        os.utime(home / name, (stamp, stamp))
    load(tmp_path / "p")
    assert [path.name for path in caches() if path.name.startswith(".")] == [".new-young_00"]


def test_pictures_are_decoded_only_a_little_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        write_image(tmp_path / "p" / f"{number}.png", number)
    waiting, most, lock = [0], [0], threading.Lock()
    one, append = folder._one, cache.ImageWriter.append

    def counted(*values: object) -> object:
        with lock:
            waiting[0] += 1
            most[0] = max(most[0], waiting[0])
        return one(*values)

    def written(self: cache.ImageWriter, image: np.ndarray) -> None:
        with lock:
            waiting[0] -= 1
        append(self, image)

    monkeypatch.setattr(folder, "_one", counted)
    monkeypatch.setattr(cache.ImageWriter, "append", written)
    load(tmp_path / "p", size=8)
    assert waiting[0] == 0 and most[0] <= folder._AHEAD + 1


def test_a_file_of_attributes_may_have_some_empty_lines_and_no_more(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(celeba, "_MOST_EMPTY", 3)
    path = tmp_path / celeba.ATTRIBUTE_FILE
    path.write_text("1\nHat\n\n\n\na.jpg 1\n")
    names, rows = celeba.read(path)
    assert names == ("Hat",) and list(rows) == [(b"a.jpg", b"\x01")]
    path.write_text("1\nHat\n\n\n\n\na.jpg 1\n")
    with pytest.raises(DatasetError, match="more than 3 empty lines"):
        list(celeba.read(path)[1])
