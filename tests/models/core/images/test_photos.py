"""A photo keeps its camera's notes in every format, transparency is told, and a recipe never costs a description."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.errors import ImageError
from models.core.images import decoding, export, photos, recipes

COLOURS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)
RECIPE = {"tool": "denoise", "image": "übung.jpg"}
MAKE, DESCRIPTION, ORIENTATION, EXPOSURE, MAKER_NOTE = 0x010F, 0x010E, 0x0112, 0x829A, 0x927C


def taken(path: Path, *, description: str = "", orientation: int = 6, side: tuple[int, int] = (20, 12)) -> Path:
    """A JPEG with a camera's notes, held upright."""
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = "Camera & Co", orientation
    if description:
        exif[DESCRIPTION] = description
    exif[recipes.DETAILS] = {EXPOSURE: 0.004, MAKER_NOTE: b"\0\1\2" * 50, photos.WIDTH: 20, photos.HEIGHT: 12}
    exif[photos.PLACE] = {1: "N", 2: (47.0, 22.0, 10.0)}
    Image.fromarray(COLOURS).resize(side).save(path, "JPEG", quality=95, exif=exif)
    return path


def test_the_notes_fit_the_pixels_as_they_are_now(tmp_path: Path) -> None:
    photo = photos.read(taken(tmp_path / "photo.jpg"))
    assert photo.pixels.shape == (20, 12, 3) and not photo.transparent  # turned upright
    np.testing.assert_array_equal(photo.pixels, decoding.decode(tmp_path / "photo.jpg"))
    exif = Image.Exif()
    exif.load(photo.exif)
    assert exif[MAKE] == "Camera & Co" and ORIENTATION not in exif  # or it would be turned twice
    details = exif.get_ifd(recipes.DETAILS)
    assert float(details[EXPOSURE]) == pytest.approx(0.004) and MAKER_NOTE not in details
    assert (details[photos.WIDTH], details[photos.HEIGHT]) == (12, 20)
    assert exif.get_ifd(photos.PLACE)[1] == "N"


@pytest.mark.parametrize("description", ["", "Our garden"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp"])
def test_every_format_keeps_notes_and_recipe(tmp_path: Path, suffix: str, description: str) -> None:
    photo = photos.read(taken(tmp_path / "photo.jpg", description=description))
    out = export.write_photo(tmp_path / f"out{suffix}", photo.pixels, RECIPE, exif=photo.exif)
    assert recipes.read_recipe(out) == RECIPE
    with Image.open(out) as image:
        exif = image.getexif()
        assert exif[MAKE] == "Camera & Co"
        assert exif.get_ifd(photos.PLACE)[1] == "N"
        assert float(exif.get_ifd(recipes.DETAILS)[EXPOSURE]) == pytest.approx(0.004)
        if description:
            assert exif[DESCRIPTION] == description
    assert np.abs(decoding.decode(out).astype(int) - photo.pixels).mean() < 12


def test_quality_counts(tmp_path: Path) -> None:
    for suffix in (".jpg", ".webp"):
        sizes = [export.write_photo(tmp_path / f"{quality}{suffix}", COLOURS, quality=quality).stat().st_size
                 for quality in (10, 95)]  # fmt: skip
        assert sizes[0] < 0.8 * sizes[1]
    with pytest.raises(ImageError):
        export.write_photo(tmp_path / "x.bmp", COLOURS)


def test_a_grey_image_stays_grey_and_one_without_notes_has_none(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".webp"):
        out = export.write_photo(tmp_path / f"grey{suffix}", COLOURS[..., :1])
        assert photos.read(out).exif == b""
        assert np.ptp(decoding.decode(out).astype(int), axis=2).max() <= 1


def exif_chunk(content: bytes) -> bytes:
    """The EXIF chunk of a WebP file."""
    place = 12
    while place < len(content):
        kind, size = content[place : place + 4], struct.unpack("<I", content[place + 4 : place + 8])[0]
        if kind == b"EXIF":
            return content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    raise AssertionError("no EXIF")


def test_the_exif_of_webp_is_a_tiff_without_a_head(tmp_path: Path) -> None:
    """Other programs want "II*" or "MM\\0*" at its very beginning (WebP Container Specification, "Metadata")."""
    frames = np.stack([COLOURS, COLOURS[::-1]])
    animation = export.write_animation(tmp_path / "film.webp", frames, recipe=RECIPE)
    photo = photos.read(taken(tmp_path / "photo.jpg"))
    one = export.write_photo(tmp_path / "one.webp", photo.pixels, RECIPE, exif=photo.exif)
    for path in (animation, one):
        assert exif_chunk(path.read_bytes())[:4] in (b"II*\0", b"MM\0*")
        assert recipes.read_recipe(path) == RECIPE


def test_recipes_of_films_that_older_versions_wrote_are_still_read(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[DESCRIPTION] = recipes.comment(RECIPE)
    one, other = (Image.fromarray(frame) for frame in (COLOURS, COLOURS[::-1]))
    one.save(tmp_path / "old.webp", save_all=True, append_images=[other], exif=exif.tobytes())
    assert exif_chunk((tmp_path / "old.webp").read_bytes())[:4] == b"Exif"
    assert recipes.read_recipe(tmp_path / "old.webp") == RECIPE


def test_transparency_is_told_and_the_background_can_be_chosen() -> None:
    alpha = np.dstack([COLOURS, np.full((12, 20), 255, np.uint8)])
    opaque = io.BytesIO()
    Image.fromarray(alpha).save(opaque, "PNG")
    assert not photos.read(opaque.getvalue()).transparent  # it has the channel and does not use it
    alpha[:6, :, 3] = 0
    half = io.BytesIO()
    Image.fromarray(alpha).save(half, "PNG")
    for ground in ((255, 255, 255), (0, 0, 0), (10, 200, 30)):
        photo = photos.read(half.getvalue(), ground=ground)
        assert photo.transparent and (photo.pixels[:6] == ground).all()
        np.testing.assert_array_equal(photo.pixels[6:], COLOURS[6:])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("damage", [b"II*\0\xff\xff\xff\xff", b"rubbish", b"MM\0*\0\0\0\x08\xff\xff" + b"\x01" * 40])
def test_damaged_notes_cost_no_image(tmp_path: Path, damage: bytes) -> None:
    Image.fromarray(COLOURS).save(tmp_path / "x.jpg", exif=b"Exif\0\0" + damage)
    photo = photos.read(tmp_path / "x.jpg")
    assert photo.pixels.shape == COLOURS.shape
    for suffix in (".jpg", ".png", ".webp"):
        export.write_photo(tmp_path / f"out{suffix}", photo.pixels, RECIPE, exif=photo.exif)


def test_notes_of_a_tiff_do_not_tell_where_its_strips_were(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[MAKE] = "Scanner"
    Image.fromarray(COLOURS).save(tmp_path / "x.tif", exif=exif, compression="tiff_lzw")
    kept = Image.Exif()
    kept.load(photos.read(tmp_path / "x.tif").exif)
    assert dict(kept) == {MAKE: "Scanner"}
