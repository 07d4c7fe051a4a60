"""Any file becomes the right pixels or an ImageError, and nothing else."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.errors import ImageError
from models.core.images import convert, decoding
from tests.tools import picture_files
from tests.tools.picture_files import grey_scene, saved, scene

# Outside of tests images.py turns these remarks of Pillow off; pytest turns them on again.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::RuntimeWarning")

GOOD = list(picture_files.good_files())
BAD = list(picture_files.bad_files())


def test_the_golden_set_is_large_enough() -> None:
    assert len(GOOD) + len(BAD) >= 60


@pytest.mark.parametrize(("name", "content", "expected", "off"), GOOD, ids=[item[0] for item in GOOD])
def test_odd_files_give_their_pixels(tmp_path: Path, name: str, content: bytes, expected: np.ndarray, off: int) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for source in (path, content):
        pixels = decoding.decode(source)
        assert pixels.dtype == np.uint8
        assert pixels.shape == expected.shape
        assert int(np.abs(pixels.astype(int) - expected.astype(int)).max()) <= off


@pytest.mark.parametrize(("name", "content"), BAD, ids=[item[0] for item in BAD])
def test_bad_files_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        decoding.decode(path)
    assert caught.value.where == str(path)
    assert caught.value.what.endswith(".") and caught.value.advice.endswith(".")
    with pytest.raises(ImageError) as caught:
        decoding.decode(content, name="dropped")
    assert caught.value.where == "dropped"


def test_bombs_take_no_memory(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from models.core.images import decoding
from models.core.errors import ImageError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        decoding.decode(path)
        sys.exit(f"{path} was decoded")
    except ImageError:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    if os.name != "posix":
        pytest.skip("resource is a module of POSIX")
    import subprocess
    import sys

    for name, content in picture_files.bombs():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 100  # MB


def test_what_is_no_file_is_refused_without_opening_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.png"
    broken.symlink_to(tmp_path / "gone.png")
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    opened: list[object] = []
    monkeypatch.setattr(decoding.os, "open", lambda *a: opened.append(a) or pytest.fail("it was opened"))
    places = [tmp_path, broken, pipe, tmp_path / "absent.png", Path("https://example.org/a.png"), Path("nul\0.png")]
    places += [Path(device) for device in ("/dev/zero", "/dev/null") if Path(device).exists()]
    for path in places:
        with pytest.raises(ImageError) as caught:
            decoding.decode(path)
        if path == pipe or path.is_char_device():
            assert "device or a pipe" in caught.value.what
    assert not opened


def test_a_file_over_the_cap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as stream:
        stream.write(saved(Image.fromarray(scene()), "PNG"))
        stream.truncate(decoding.MAX_BYTES + 1)
    with pytest.raises(ImageError, match="100 MB"):
        decoding.decode(path)


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), SyntaxError("x"), EOFError(), KeyError("x")])
def test_no_other_error_escapes(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(decoding.Image, "open", fail)
    with pytest.raises(ImageError):
        decoding.decode(b"anything")


def test_a_name_that_is_no_text_is_shown(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(b"x")
    with pytest.raises(ImageError) as caught:
        decoding.decode(path)
    assert "caf?.png" in str(caught.value).encode("utf-8").decode()


def test_mutated_files_never_crash() -> None:
    seeds = [content for _, content, pixels, _ in GOOD if pixels.size < 100_000]
    random_ = random.Random(0)
    refused = 0
    for _ in range(1500):
        content = bytearray(random_.choice(seeds))
        for _ in range(random_.choice((1, 1, 2, 8))):
            place = random_.randrange(len(content))
            action = random_.randrange(4)
            if action == 0:
                content[place] = random_.randrange(256)
            elif action == 1:
                del content[place : place + random_.randrange(1, 20)]
            elif action == 2:
                content[place:place] = random_.randbytes(random_.randrange(1, 20))
            else:
                content[place : place + 4] = random_.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
            content = content or bytearray(b"x")
        try:
            pixels = decoding.decode(bytes(content))
            assert pixels.ndim == 3 and pixels.shape[2] in (1, 3)
        except ImageError:
            refused += 1
    assert 100 < refused < 1500


def test_the_ground_is_seen_through_transparent_parts() -> None:
    clear = saved(Image.new("RGBA", (2, 2), (9, 9, 9, 0)), "PNG")
    assert decoding.decode(clear, ground=(10, 20, 30)).tolist() == [[[10, 20, 30]] * 2] * 2


def test_a_foreign_profile_is_converted() -> None:
    from PIL import ImageCms

    lab = ImageCms.createProfile("LAB")
    pixels = scene()
    # a profile of another kind of colour does not fit the image and is ignored
    content = saved(Image.fromarray(pixels), "PNG", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    assert np.array_equal(decoding.decode(content), pixels)
    # a profile whose red and blue are exchanged exchanges them in the image
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    swapped = decoding.decode(saved(Image.fromarray(pixels), "PNG", icc_profile=bytes(profile)))
    assert np.abs(swapped.astype(int) - pixels[..., ::-1]).max() <= 3


def test_frames_are_counted() -> None:
    counted = {name: decoding.frames(content) for name, content, _, _ in GOOD if "film" in name or "pages" in name}
    assert counted == {"film.gif": 3, "film.png": 3, "pages.tif": 3, "film.webp": 3}
    assert decoding.frames(saved(Image.fromarray(scene()), "PNG")) == 1
    with pytest.raises(ImageError):
        decoding.frames(b"nothing")


def test_large_jpegs_may_be_decoded_smaller() -> None:
    content = saved(Image.new("RGB", (800, 640), (200, 30, 30)), "JPEG")
    small = decoding.decode(content, least=100)
    assert small.shape == (160, 200, 3)
    assert decoding.decode(content).shape == (640, 800, 3)


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 64, 3), (7, 20, 3), (300, 5, 1), (1, 1, 3)])
@pytest.mark.parametrize("size", [(12, 10), (1, 1), (1, 2000), (2000, 1), (100, 133)])
def test_fit_gives_the_shape(shape: tuple[int, int, int], size: tuple[int, int]) -> None:
    for image in (np.full((*size, 1), 77, np.uint8), np.full((*size, 3), 77, np.uint8)):
        fitted = convert.fit(image, shape)
        assert fitted.shape == shape and fitted.dtype == np.uint8
        assert (fitted == 77).all()


def test_fit_takes_the_middle() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = (10, 200, 30)
    assert (convert.fit(wide, (10, 10, 3)) == (10, 200, 30)).all()
    assert np.array_equal(convert.fit(scene(), (12, 10, 3)), scene())
    assert (convert.fit(grey_scene(), (12, 10, 3)) == grey_scene()).all()


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_fit_refuses_what_is_no_image(image: np.ndarray) -> None:
    with pytest.raises(ValueError):
        convert.fit(image, (4, 4, 3))


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 4, 2)])
def test_fit_refuses_what_is_no_shape(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError):
        convert.fit(scene(), shape)


def test_floats_and_bytes_turn_into_each_other() -> None:
    every = np.arange(256, dtype=np.uint8)
    floats = convert.to_float(every)
    assert floats.dtype == np.float32 and floats[0] == 0.0 and floats[-1] == 1.0
    assert np.array_equal(convert.to_uint8(floats), every)
    assert convert.to_uint8(np.array([-3.0, 0.5, 7.0, np.inf])).tolist() == [0, 128, 255, 255]
    with pytest.raises(ValueError):
        convert.to_uint8(np.array([0.5, np.nan]))


def test_a_grid_has_every_image_in_its_place() -> None:
    five = np.stack([np.full((3, 4, 1), value, np.uint8) for value in (10, 20, 30, 40, 50)])
    sheet = convert.grid(five, columns=3, gap=2, ground=7)
    assert sheet.shape == (3 * 2 + 2, 4 * 3 + 2 * 2, 1)
    assert sheet[0, 0] == 10 and sheet[0, 15] == 30 and sheet[5, 6] == 50
    assert sheet[0, 4] == 7 and (sheet[5:, 12:] == 7).all()
    assert convert.grid(five).shape == (3 * 2 + 1, 4 * 3 + 2, 1)
    assert convert.grid(five, columns=9, gap=0).shape == (3, 20, 1)
    for wrong in (five[:0], five[0]):
        with pytest.raises(ValueError):
            convert.grid(wrong)
    with pytest.raises(ValueError):
        convert.grid(five, columns=0)


def test_enlarging_repeats_pixels() -> None:
    large = convert.enlarge(scene(), 3)
    assert large.shape == (36, 30, 3)
    assert (large[3:6, 6:9] == scene()[1, 2]).all()
