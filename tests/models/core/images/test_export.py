"""What leaves the program comes back bit for bit, with its recipe; nothing is overwritten or left half done."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import random
import threading
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from models.core.disk import files
from models.core.errors import Cancelled, ImageError, StorageError
from models.core.images import decoding, export, recipes
from models.core.work import Callbacks
from tests.tools.bounds import end

RECIPE = {
    "model": "vae",
    "seed": 3,
    "coding": [0.1, -2.5e-7, 3.0],
    "title": "Ünïcode ☃",
    "more": {"on": True, "no": None},
}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "studio-home")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_comes_back_bit_for_bit(tmp_path: Path, channels: int) -> None:
    image = noise(31, 17, channels)
    path = export.write_png(tmp_path / "deep" / "er" / "a.png", image, RECIPE)
    assert path == tmp_path / "deep" / "er" / "a.png"
    assert np.array_equal(decoding.decode(path), image)
    assert recipes.read_recipe(path) == RECIPE
    assert np.array_equal(decoding.decode(export.png_bytes(image)), image)


def test_a_png_without_a_recipe_has_none(tmp_path: Path) -> None:
    assert recipes.read_recipe(export.write_png(tmp_path / "a.png", noise(4, 4, 3))) is None


@pytest.mark.parametrize("suffix", [".png", ".apng", ".webp", ".gif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_comes_back(tmp_path: Path, suffix: str, channels: int) -> None:
    frames = noise(7, 9, 11, channels)  # 99 pixels a frame, so that a GIF's 256 colours suffice
    seen: list[tuple[int, int]] = []
    path = export.write_animation(
        tmp_path / f"a{suffix}",
        frames,
        seconds_a_frame=0.2,
        recipe=RECIPE,
        work=Callbacks(lambda what, done, total: seen.append((done, total))),
    )
    assert seen == [(done, 7) for done in range(1, 8)]
    assert recipes.read_recipe(path) == RECIPE
    assert decoding.frames(path) == 7
    with Image.open(path) as animation:
        for index in range(7):
            animation.seek(index)
            animation.load()
            pixels = np.array(animation.convert("RGB"))
            assert np.array_equal(pixels, np.broadcast_to(frames[index], pixels.shape))
            assert animation.info["duration"] == 200


@pytest.mark.parametrize("channels", [1, 3])
def test_an_mp4_comes_back_and_says_how_it_was_made(tmp_path: Path, channels: int) -> None:
    frames = np.repeat(np.arange(8, 248, 60, dtype=np.uint8), 9 * 11 * channels).reshape(4, 9, 11, channels)
    path = export.write_animation(tmp_path / "a.mp4", frames, seconds_a_frame=0.2, recipe=RECIPE)
    with av.open(path) as animation:
        assert json.loads(animation.metadata["comment"].partition(":")[2]) == RECIPE
        assert animation.streams.video[0].average_rate == 5
        shown = np.stack([picture.to_ndarray(format="rgb24") for picture in animation.decode(video=0)])
    assert shown.shape == (4, 10, 12, 3)  # H.264 wants even sides
    assert np.abs(shown[:, :9, :11].astype(int) - frames).max() <= 4


def test_an_mp4_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImageError, match="av") as caught:
        export.write_animation(tmp_path / "a.mp4", noise(3, 4, 4, 3))
    assert "generative-studio[video]" in caught.value.advice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".png", ".apng", ".webp", ".gif"])
def test_a_film_may_have_one_frame(tmp_path: Path, suffix: str) -> None:
    path = export.write_animation(tmp_path / f"a{suffix}", noise(1, 9, 11, 3), recipe=RECIPE)
    assert decoding.decode(path).shape == (9, 11, 3)
    assert recipes.read_recipe(path) == RECIPE


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp"])
def test_a_cancelled_film_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 20

    with pytest.raises(Cancelled):
        export.write_animation(tmp_path / f"a{suffix}", noise(1000, 8, 8, 3), work=Callbacks(cancelled=cancelled))
    assert len(asked) == 21
    assert left(tmp_path) == []


def test_codings_come_back(tmp_path: Path) -> None:
    codings = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    path = export.write_codings(tmp_path / "codings.npy", codings)
    read = np.load(path)
    assert read.dtype == np.float32 and np.array_equal(read, codings)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    written = [export.write_png(tmp_path / "a.png", noise(4, 4, 3)[: 1 + n]) for n in range(3)]
    assert [path.name for path in written] == ["a.png", "a (2).png", "a (3).png"]
    assert [decoding.decode(path).shape[0] for path in written] == [1, 2, 3]
    assert export.write_codings(tmp_path / "a.npy", np.zeros((1, 2), np.float32)).name == "a.npy"
    assert export.write_codings(tmp_path / "a.npy", np.zeros((1, 2), np.float32)).name == "a (2).npy"
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    assert export.write_png(tmp_path / "link.png", noise(4, 4, 3)).name == "link (2).png"
    assert not (tmp_path / "gone.png").exists()


def test_many_threads_get_names_of_their_own(tmp_path: Path) -> None:
    written: list[Path] = []
    threads = [
        threading.Thread(target=lambda: written.append(export.write_png(tmp_path / "a.png", noise(4, 4, 1))))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    end(*threads)
    assert len(set(written)) == 12 == len(left(tmp_path))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("operation", ["open", "write", "fsync", "publish"])
def test_a_full_or_read_only_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.OPS, operation, refuse)
    for write in (
        lambda: export.write_png(tmp_path / "a.png", noise(4, 4, 3)),
        lambda: export.write_animation(tmp_path / "a.gif", noise(3, 4, 4, 3)),
        lambda: export.write_codings(tmp_path / "a.npy", np.zeros((1, 2), np.float32)),
    ):
        with pytest.raises(StorageError):
            write()
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "a.png", tmp_path / ("x" * 300 + ".png"), tmp_path / "nul\0.png"):
        with pytest.raises(StorageError):
            export.write_png(path, noise(4, 4, 3))


def test_unknown_endings_are_refused_with_those_that_work(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        export.write_animation(tmp_path / "a.avi", noise(3, 4, 4, 3))
    assert all(suffix in caught.value.advice for suffix in export.ANIMATION_SUFFIXES)
    with pytest.raises(ImageError):
        export.write_animation(tmp_path / "a", noise(3, 4, 4, 3))
    with pytest.raises(ImageError, match=r"\.png"):
        export.write_png(tmp_path / "a.jpg", noise(4, 4, 3))
    with pytest.raises(ImageError, match=r"\.npy"):
        export.write_codings(tmp_path / "a.txt", np.zeros((1, 2), np.float32))
    assert left(tmp_path) == []


@pytest.mark.parametrize("frames", [noise(0, 4, 4, 3), noise(4, 4, 3), noise(2, 4, 4, 2)])
def test_what_is_no_film_is_refused(tmp_path: Path, frames: np.ndarray) -> None:
    with pytest.raises(ValueError):
        export.write_animation(tmp_path / "a.gif", frames)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), "x" * 1_000_001])
def test_a_recipe_that_json_cannot_say_is_refused(tmp_path: Path, value: object) -> None:
    for write in (export.write_png, export.write_animation):
        frames: Any = noise(4, 4, 3) if write is export.write_png else noise(2, 4, 4, 3)
        with pytest.raises(ImageError):
            write(tmp_path / "a.png", frames, recipe={"value": value})
    assert left(tmp_path) == []


def planted(path: Path, text: str, *, zipped: bool = False, itxt: bool = True) -> Path:
    info = PngImagePlugin.PngInfo()
    (info.add_itxt if itxt else info.add_text)(recipes.RECIPE_KEY, text, zip=zipped)
    Image.new("L", (2, 2)).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize(
    "text", ["{", "", "[1]", '"text"', "3", '{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}', "[" * 200_000]
)
def test_a_malformed_recipe_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImageError):
        recipes.read_recipe(planted(tmp_path / "a.png", text))


def test_an_older_text_chunk_is_read_too(tmp_path: Path) -> None:
    assert recipes.read_recipe(planted(tmp_path / "a.png", json.dumps(RECIPE), itxt=False)) == RECIPE


def test_hostile_or_absent_recipes_are_none(tmp_path: Path) -> None:
    bomb = planted(tmp_path / "bomb.png", "x" * 50_000_000, itxt=False)
    text = tmp_path / "text.png"
    text.write_text("hello")
    cut = tmp_path / "cut.png"
    cut.write_bytes(export.png_bytes(noise(9, 9, 3), RECIPE)[:60])
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(export.png_bytes(noise(9, 9, 3), {"a": 1}).replace(b'{"a": 1}', b'{"a": 2}'))
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    other = tmp_path / "other.jpg"
    Image.new("L", (2, 2)).save(other)
    for path in (bomb, text, cut, damaged, pipe, other, tmp_path, tmp_path / "absent.png", Path("/dev/zero")):
        assert recipes.read_recipe(path) is None, path


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_mutated_pictures_never_crash_the_reader(tmp_path: Path) -> None:
    seeds = [export.png_bytes(noise(4, 4, 3), RECIPE)]
    for suffix in (".gif", ".webp"):
        seeds.append(export.write_animation(tmp_path / f"a{suffix}", noise(2, 4, 4, 3), recipe=RECIPE).read_bytes())
    random_, path, outcomes = random.Random(0), tmp_path / "mutated", set()
    for _ in range(600):
        content = bytearray(random_.choice(seeds))
        for _ in range(random_.choice((1, 2, 5))):
            content[random_.randrange(len(content))] = random_.randrange(256)
        path.write_bytes(content)
        try:
            found = recipes.read_recipe(path)
            outcomes.add(type(found))
            assert found is None or isinstance(found, dict)
        except ImageError:
            outcomes.add(ImageError)
    assert {type(None), dict} <= outcomes
