"""Small image files that would take minutes or gigabytes are refused, or read with little of both."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from models.core.errors import Cancelled, ImageError
from models.core.images import decoding, export, limits, parts, photos, recipes
from models.core.images import stream as image_stream
from models.core.images.stream import Room, TooLittleMemory
from models.core.work import Callbacks
from tests.tools import hostile_images, picture_files
from tests.tools.bounds import end

# The files lie about themselves, and Pillow remarks on it: images.py turns that off, pytest turns it on again.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

LIMITS = {"MOST_PARTS": 20, "MOST_BLOCKS": 40, "MOST_SCANS": 5, "MOST_TAGS": 30, "MOST_VALUES": 60}
TOO_MANY = {
    "scans": hostile_images.progressive(6, 64),
    "segments": hostile_images.many_segments(21),
    "chunks": hostile_images.many_chunks(21),
    "blocks": hostile_images.gif(4, 1, blocks=21),
    "strips": hostile_images.tiff(4, strips=21),
    "tags": hostile_images.tiff(4, entries=31),
}  # fmt: skip


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so low that a file of a kilobyte comes to them."""
    for module in (limits, parts, parts.tiff_parts, recipes):
        for name, most in LIMITS.items():
            monkeypatch.setattr(module, name, most, raising=False)


@pytest.mark.parametrize("what", TOO_MANY)
def test_a_file_of_too_many_parts_is_refused_before_it_is_decoded(
    what: str, narrow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding.Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ImageError, match=f"more than .* {what}") as caught:
        decoding.decode(TOO_MANY[what], name="it")
    assert caught.value.where == "it" and caught.value.advice
    with pytest.raises(ImageError, match="more than"):
        photos.read(TOO_MANY[what])


@pytest.mark.parametrize(
    "content",
    [
        hostile_images.progressive(5, 64),
        hostile_images.many_segments(10),
        hostile_images.many_chunks(10),
        hostile_images.gif(4, 30, blocks=5),
        hostile_images.tiff(4, pages=30),
        hostile_images.tiff(4, strips=15),
    ],
    ids=["scans", "segments", "chunks", "frames", "pages", "strips"],
)
def test_a_file_within_the_limits_is_read(content: bytes, narrow: None) -> None:
    assert decoding.decode(content).shape[2] == 1


@pytest.mark.parametrize(
    ("make", "count", "what"),
    [
        (hostile_images.progressive, 20_000, "scans"),
        (hostile_images.many_segments, 200_000, "segments"),
        (hostile_images.many_chunks, 200_000, "chunks"),
        (lambda count: hostile_images.tiff(8, strips=count), 200_000, "strips"),
    ],
    ids=["scans", "segments", "chunks", "strips"],
)
def test_the_real_limits_hold(make, count: int, what: str) -> None:
    with pytest.raises(ImageError, match=f"more than .* {what}"):
        decoding.decode(make(count))


def test_a_marker_within_a_segment_is_no_scan_and_no_end() -> None:
    """Camera notes hold a thumbnail with scans of its own, and motion photos an animation after the image."""
    stream = io.BytesIO()
    Image.fromarray(picture_files.scene(32, 32)).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue()
    known = sum(marker == b"\xff\xda" for marker, _, _ in parts.jpeg_scans(io.BytesIO(whole)))
    assert 3 < known < 15 and known == whole.count(b"\xff\xda")
    notes = b"\xff\xe1" + struct.pack(">H", 2 + 400) + b"\xff\xda\xff\xd9" * 100
    animation = b"\xff\xda" * 1000
    first = whole.index(b"\xff\xda")
    noted = whole[:2] + notes + whole[2:first] + notes.replace(b"\xff\xe1", b"\xff\xfe", 1) + whole[first:] + animation
    assert sum(marker == b"\xff\xda" for marker, _, _ in parts.jpeg_scans(io.BytesIO(noted))) == known
    assert np.array_equal(decoding.decode(noted), decoding.decode(whole))


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (hostile_images.gif(3000, 50), 50),
        (hostile_images.tiff(4, pages=1200), 1000),
        (hostile_images.apng(64, 2**31 - 1), 1000),
        (hostile_images.webp_animation(32, 9), 9),
        (hostile_images.progressive(3, 16), 1),
        (picture_files.saved(Image.new("L", (4, 4)), "BMP"), 1),
    ],
    ids=["gif", "tiff", "apng", "webp", "jpeg", "bmp"],
)
def test_frames_are_counted_without_decoding_one(content: bytes, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.core, "new", lambda *_: pytest.fail("memory was taken for pixels"))
    assert decoding.frames(content) == count


def test_a_webp_is_measured_before_its_decoder_takes_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for lossless in (True, False):
        content = picture_files.saved(Image.new("RGB", (21, 37)), "WEBP", lossless=lossless)
        assert parts.webp_size(io.BytesIO(content)) == (21, 37)
    assert parts.webp_size(io.BytesIO(hostile_images.webp_animation(24, 2))) == (24, 24)
    sides = (16382).to_bytes(3, "little") * 2
    content = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + sides + bytes(4)
    monkeypatch.setattr(decoding.Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ImageError, match="16383 x 16383"):
        decoding.decode(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_notes_whose_tags_hold_more_than_the_file_take_no_memory(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind not in decoding.FORMATS:
        pytest.skip("this Pillow reads none")
    content = picture_files.saved(Image.new("RGB", (16, 16)), kind, exif=hostile_images.notes(900))
    read: list[int] = []
    real = ImageFile._safe_read
    monkeypatch.setattr(ImageFile, "_safe_read", lambda fp, size: read.append(size) or real(fp, size))
    assert photos.read(content).pixels.shape == (16, 16, 3)
    assert sum(read) < 200_000  # Pillow reads no more than the file holds
    assert photos.read(picture_files.saved(Image.new("RGB", (16, 16)), kind, exif=good_notes())).exif


def good_notes() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:26 19:00:00"
    return exif.tobytes()


MEMORY = """
import resource, sys, threading
from pathlib import Path
from models.core.images import decoding
import numpy as np
decoding.ROOM.most = 1
decoding.decode(Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
threads = [threading.Thread(target=decoding.decode, args=(Path(sys.argv[1]),)) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(os.name != "posix", reason="resource is a module of POSIX")
def test_four_large_images_are_decoded_one_after_the_other_and_each_with_little_memory(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(hostile_images.flat_png(3000, 4))
    (tmp_path / "small.png").write_bytes(hostile_images.flat_png(60, 4))
    words = [sys.executable, "-c", MEMORY, str(tmp_path / "large.png"), str(tmp_path / "small.png")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 130  # MB: 7 bytes a pixel and bands; one took 190 before, and four 760


def test_room_is_given_up_to_a_sum_and_to_one_image_of_any_size() -> None:
    room, order, inside = Room(100), list[str](), threading.Event()

    def small() -> None:
        with room.of(60, "PNG"):
            order.append("small")

    with room.of(1_000, "PNG"):
        other = threading.Thread(target=lambda: (inside.set(), small()))
        other.start()
        inside.wait(30)
        order.append("large")
    end(other)
    assert order == ["large", "small"] and room.taken == 0
    with room.of(50, "PNG"), room.of(50, "PNG"):
        assert room.taken == 100


def test_waiting_for_room_can_be_cancelled() -> None:
    room, asked = Room(100), list[int]()
    work = Callbacks(cancelled=lambda: asked.append(1) or len(asked) > 2)
    with room.of(80, "PNG"), pytest.raises(Cancelled), room.of(30, "PNG", work):
        pytest.fail("there was no room")
    assert room.taken == 0


def test_memory_is_looked_at_before_a_large_image_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_stream.device, "memory_free", lambda: 50_000_000)
    assert decoding.decode(hostile_images.flat_png(1000, 1)).shape == (1000, 1000, 1)  # nobody looks
    with pytest.raises(ImageError, match="MB of memory, and 50 MB are free"):
        decoding.decode(hostile_images.flat_png(2100, 1))
    monkeypatch.setattr(image_stream.device, "memory_free", lambda: 0)  # the platform does not tell
    with image_stream.ROOM.of(10**9, "PNG"):
        pass
    monkeypatch.setattr(image_stream.device, "memory_free", lambda: 10**9)
    with pytest.raises(TooLittleMemory), image_stream.ROOM.of(10**9, "PNG"):
        pytest.fail("there was no memory")
    assert image_stream.ROOM.taken == 0


def test_decoding_ends_at_the_next_read_once_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    content = picture_files.saved(Image.effect_noise((600, 600), 90), "PNG")
    assert decoding.decode(content).shape == (600, 600, 1)
    monkeypatch.setattr(image_stream, "MOST_SECONDS", -1.0)
    with pytest.raises(ImageError, match="takes more than 10 s"):
        decoding.decode(content)
    assert image_stream.ROOM.taken == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_decoding_can_be_cancelled(kind: str) -> None:
    content = picture_files.saved(Image.effect_noise((600, 600), 90), kind)
    reads: list[int] = []
    with pytest.raises(Cancelled):
        decoding.decode(content, work=Callbacks(cancelled=lambda: reads.append(1) or len(reads) > 1))
    with pytest.raises(Cancelled):
        photos.read(content, work=Callbacks(cancelled=lambda: True))
    assert image_stream.ROOM.taken == 0


# --- ranges ---


def wide_tiff(values: np.ndarray, *, photometric: int = 1, order: str = "<") -> bytes:
    """An uncompressed TIFF of one channel, which stores values as they are."""
    values = values.astype(values.dtype.newbyteorder(order))
    form = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    tags = [(256, 4, values.shape[1]), (257, 4, values.shape[0]), (258, 3, values.itemsize * 8), (259, 3, 1),
            (262, 3, photometric), (273, 4, 8), (277, 3, 1), (278, 4, values.shape[0]), (279, 4, values.nbytes),
            (339, 3, form)]  # fmt: skip
    found = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1) + struct.pack(f"{order}I" if kind == 4 else f"{order}Hxx", value)
        for tag, kind, value in tags
    )
    start = b"II*\0" if order == "<" else b"MM\0*"
    body = values.tobytes()
    end_ = struct.pack(f"{order}H", len(tags)) + found + bytes(4)
    return start + struct.pack(f"{order}I", 8 + len(body)) + body + end_


RANGES = {
    "float at its limits": np.array([[-3e38, 0, 3e38]], np.float32),
    "float, wide": np.array([[-1e30, 0, 1e30]], np.float32),
    "float, negative": np.array([[-3.0, -2.0, -1.0]], np.float32),
    "double": np.array([[-1e30, 0.0, 1e30]], np.float64),
    "int32 at its limits": np.array([[-(2**31), 0, 2**31 - 1]], np.int32),
    "uint32 at its limits": np.array([[0, 2**31, 2**32 - 1]], np.uint32),
    "int16": np.array([[-(2**15), 0, 2**15 - 1]], np.int16),
    "uint16": np.array([[0, 2**15, 2**16 - 1]], np.uint16),
}


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("name", RANGES)
def test_black_stays_black_and_white_stays_white(name: str, order: str) -> None:
    values = RANGES[name]
    try:
        found = decoding.decode(wide_tiff(values, order=order))[0, :, 0]
    except ImageError:
        assert values.dtype == np.float64 or (order == ">" and values.dtype in (np.int16, np.uint32, np.int32))
        pytest.skip("Pillow does not read this kind")
    assert found.tolist() in ([0, 127, 255], [0, 128, 255]), name


@pytest.mark.parametrize("values", [RANGES["uint16"], RANGES["float at its limits"]], ids=["uint16", "float"])
def test_a_tiff_in_which_zero_is_white_is_not_turned_into_its_negative(values: np.ndarray) -> None:
    found = decoding.decode(wide_tiff(values, photometric=0))[0, :, 0]
    assert found[0] == 255 and found[2] == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_and_said(value: float) -> None:
    values = np.ones((3, 3), np.float32)
    values[1, 1] = value
    with pytest.raises(ImageError, match="not finite") as caught:
        decoding.decode(wide_tiff(values), name="x.tif")
    assert caught.value.where == "x.tif" and caught.value.advice


def test_an_image_of_several_bands_is_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mode takes the way in bands; a band of a row gives what the whole gives."""
    from models.core.images import pixels

    good = list(picture_files.good_files())
    whole = [decoding.decode(content) for _, content, _, _ in good]
    monkeypatch.setattr(pixels, "BAND", 1)
    for (name, content, _, _), expected in zip(good, whole, strict=True):
        if expected.shape[0] < 100:
            assert np.array_equal(decoding.decode(content), expected), name


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".apng"])
def test_a_recipe_is_found_without_opening_the_image(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, image = {"model": "vae"}, picture_files.scene(16, 16)
    if suffix in (".gif", ".apng"):
        path = export.write_animation(tmp_path / f"a{suffix}", np.stack([image, 255 - image]), recipe=known)
    else:
        path = export.write_photo(tmp_path / f"a{suffix}", image, known)
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    assert recipes.read_recipe(path) == known


@pytest.mark.parametrize("what", TOO_MANY)
def test_a_file_of_too_many_parts_has_no_recipe(what: str, narrow: None, tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(TOO_MANY[what])
    assert recipes.read_recipe(tmp_path / "it") is None
