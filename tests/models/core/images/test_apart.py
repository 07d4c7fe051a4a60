"""AVIF and HEIC are decoded by a process of their own: it can be ended, and whatever it does hurts nobody."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from models.core.errors import Cancelled, ImageError
from models.core.images import animation_frames, apart, decoding, photos
from models.core.work import Callbacks
from tests.tools import picture_files

KINDS = [kind for kind in apart.FORMATS if kind in decoding.FORMATS]
pytestmark = pytest.mark.skipif(not KINDS, reason="this Pillow reads neither")


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """Each test begins without a process, and leaves none."""
    apart.end_all()
    yield
    apart.end_all()


def made(kind: str, **options: object) -> bytes:
    return picture_files.saved(Image.fromarray(picture_files.scene(64, 48)), kind, quality=90, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_those_of_the_decoder_and_none_is_decoded_here(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = made(kind)
    with Image.open(io.BytesIO(content)) as image:
        right = np.asarray(image.convert("RGB"))
        monkeypatch.setattr(type(image), "load", lambda *_: pytest.fail("it was decoded here"))
    assert np.array_equal(decoding.decode(content), right)
    assert len(apart._idle) == 1
    assert np.array_equal(photos.read(content).pixels, right)
    assert len(apart._idle) == 1  # the same one


@pytest.mark.parametrize("kind", KINDS)
def test_what_belongs_to_an_image_comes_with_it(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    clear = Image.fromarray(np.dstack([picture_files.scene(64, 48), np.full((64, 48), 90, np.uint8)]))
    photo = photos.read(picture_files.saved(clear, kind, exif=exif.tobytes()), ground=(0, 0, 0))
    assert b"a maker" in photo.exif and photo.transparent
    assert photo.pixels.max() < 120  # on black


@pytest.mark.parametrize("kind", KINDS)
def test_the_frames_of_an_animation_come_one_after_the_other(kind: str) -> None:
    frames = [Image.new("RGB", (40, 40), (shade, shade, shade)) for shade in (10, 120, 240)]
    content = picture_files.saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=200)
    found, durations = animation_frames.animation(content)
    assert [round(float(frame.mean()), -1) for frame in found] == [10, 120, 240]
    assert len(durations) == 3 and decoding.frames(content) == 3
    assert len(apart._idle) == 1


@pytest.mark.skipif("AVIF" not in KINDS, reason="this Pillow reads none")
def test_an_image_that_is_larger_than_it_says_is_as_large_as_it_says() -> None:
    content = made("AVIF")
    small = content.replace(struct.pack(">II", 48, 64), struct.pack(">II", 24, 32))
    assert small != content
    assert decoding.decode(small).shape == (32, 24, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_cancelling_ends_the_process_and_the_next_image_has_another(kind: str) -> None:
    content, looks = made(kind), list[int]()
    assert decoding.decode(content).shape == (64, 48, 3)
    (child,) = apart._idle
    work = Callbacks(cancelled=lambda: bool(looks.append(1)) or not apart._idle)  # as soon as it is at work
    with pytest.raises(Cancelled):
        decoding.decode(content, work=work)
    assert looks and not child.alive() and apart._idle == []
    assert decoding.decode(content).shape == (64, 48, 3)
    assert child not in apart._idle


def starts(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """The process does something else."""
    monkeypatch.setattr(apart, "_START", script)


HEAD = '{"mode": "%s", "size": [9, 9], "info": {}, "duration": 0, "bytes": %d}'
DAMAGED = "damaged or of an unusual kind"
ANSWERS = {
    "aborts": ("import os; os.abort()", DAMAGED),
    "ends": ("raise SystemExit", DAMAGED),
    "nonsense": ("print('nonsense')", DAMAGED),
    "no such mode": (f"print('{HEAD % ('P', 1)}')", DAMAGED),
    "too short": (f"print('{HEAD % ('L', 81)}')", DAMAGED),
    "too few pixels": (f"print('{HEAD % ('L', 1)}'); print()", DAMAGED),
    "no memory": ("""print('{"error": "memory"}')""", "not enough memory"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_whatever_the_process_does_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    script, says = ANSWERS[what]
    starts(monkeypatch, script)
    with pytest.raises(ImageError, match=says):
        decoding.decode(made(KINDS[0]))
    assert apart._idle == [] and decoding.ROOM.taken == 0
    monkeypatch.undo()
    assert decoding.decode(made(KINDS[0])).shape == (64, 48, 3)


@pytest.mark.skipif(os.name != "posix", reason="this system limits no processor time")
def test_a_process_that_computes_for_too_long_is_ended_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    starts(monkeypatch, "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass")
    with pytest.raises(ImageError, match="takes more than 10 s"):
        decoding.decode(made(KINDS[0]))


def test_nobody_waits_for_ever_for_a_process_that_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    starts(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(apart, "MOST_WAITED", 0.1)
    with pytest.raises(ImageError, match="takes more than 10 s"):
        decoding.decode(made(KINDS[0]))
    assert apart._idle == []


def test_a_file_that_is_refused_costs_no_process_and_one_that_ended_is_replaced() -> None:
    kind, content = KINDS[0], made(KINDS[0])
    damaged = content[: len(content) * 2 // 3]
    assert decoding.decode(content).shape == (64, 48, 3)
    (child,) = apart._idle
    with pytest.raises(ImageError):
        decoding.decode(damaged)
    assert apart._idle == [child], kind
    child._process.kill()
    child._process.wait(30)
    assert decoding.decode(content).shape == (64, 48, 3)
    assert child not in apart._idle
