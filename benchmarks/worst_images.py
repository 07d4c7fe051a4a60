"""Image files that take a decoder as long as the limits allow: ``worst_files.py`` reads them."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from models.core.images import decoding, photos, recipes
from models.core.work import Work
from tests.tools import hostile_images, picture_files

Made = tuple[Callable[[Work], object], bool]


def noise(megapixels: float, mode: str = "RGB") -> Image.Image:
    """What cannot be squeezed: a tile of noise again and again, so that making it takes no time."""
    side = math.isqrt(int(megapixels * 1e6)) // 16 * 16
    channels = len(mode)
    tile = np.random.default_rng(1).integers(0, 256, (1024, 1024, channels), np.uint8)
    times = -(-side // 1024)
    pixels = np.tile(tile, (times, times, 1))[:side, :side]
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels), mode)


def decoded(content: bytes) -> Made:
    return lambda work: photos.read(content, work=work).pixels.nbytes, True


def png(folder: Path, megapixels: float) -> Made:
    side = math.isqrt(int(megapixels * 1e6))
    return decoded(hostile_images.flat_png(side, 4))


def wide_png(folder: Path, megapixels: float) -> Made:
    side = math.isqrt(int(megapixels * 1e6))
    rows = (b"\1" + b"\1\0" * (4 * side)) * side  # 16 bits, each row a difference
    return decoded(picture_files.png(side, side, rows, depth=16, colour=6))


def profiled_png(folder: Path, megapixels: float) -> Made:
    """With a colour profile and transparent."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    rgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = noise(min(megapixels, 24), "RGBA")
    return decoded(picture_files.saved(image, "PNG", compress_level=1, icc_profile=rgb or profile))


def progressive_jpeg(folder: Path, megapixels: float) -> Made:
    return decoded(picture_files.saved(noise(min(megapixels, 50)), "JPEG", quality=85, progressive=True))


def many_scans(folder: Path, megapixels: float) -> Made:
    return decoded(hostile_images.progressive(100, 1024))


def gif(folder: Path, megapixels: float) -> Made:
    return decoded(picture_files.saved(noise(megapixels, "L"), "GIF"))


def bmp_runs(folder: Path, megapixels: float) -> Made:
    """Runs of one pixel each, which Pillow reads in Python."""
    side = math.isqrt(int(min(megapixels, 45) * 1e6))
    body = (b"\1\7" * side + b"\0\0") * side + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(body), 0, 0, 256, 0)
    start = struct.pack("<2sIII", b"BM", 14 + 40 + 1024 + len(body), 0, 14 + 40 + 1024)
    return decoded(start + head + bytes(1024) + body)


def tiff(compression: str) -> Callable[[Path, float], Made]:
    def make(folder: Path, megapixels: float) -> Made:
        return decoded(picture_files.saved(noise(min(megapixels, 20)), "TIFF", compression=compression))

    return make


def webp(lossless: bool) -> Callable[[Path, float], Made]:
    def make(folder: Path, megapixels: float) -> Made:
        image = noise(min(megapixels, 24), "RGBA")  # more is no WebP, or more than 100 MB
        options = {"lossless": True, "quality": 0} if lossless else {"quality": 95, "alpha_quality": 100}
        return decoded(picture_files.saved(image, "WEBP", method=0, **options))

    return make


def webp_animation(folder: Path, megapixels: float) -> Made:
    from models.core.images import animation_frames

    content = hostile_images.webp_animation(200, 999)
    return lambda work: animation_frames.animation(content, work=work)[0], True


def avif(folder: Path, megapixels: float) -> Made:
    """Noise, as much as 100 MB hold."""
    return decoded(picture_files.saved(noise(megapixels), "AVIF", quality=97, speed=10, subsampling="4:4:4"))


def avif_larger_than_it_says(folder: Path, megapixels: float) -> Made:
    """16,384 x 16,384 pixels that call themselves 100 x 100."""
    side = 16_384 if megapixels >= 50 else 4_096
    rows = np.tile(np.arange(side, dtype=np.uint8), (side, 1))
    stream = io.BytesIO()
    Image.fromarray(rows).convert("RGB").save(stream, "AVIF", quality=60, speed=10)
    whole = stream.getvalue()
    small = whole.replace(struct.pack(">4sIII", b"ispe", 0, side, side), struct.pack(">4sIII", b"ispe", 0, 100, 100))
    assert small != whole
    return decoded(small)


def heic(folder: Path, megapixels: float) -> Made:
    if "HEIF" not in decoding.FORMATS:
        return (lambda work: None), False
    image = noise(min(megapixels, 3))
    return decoded(picture_files.saved(image, "HEIF", quality=90, chroma=444, enc_params={"preset": "ultrafast"}))


def recipe(make: Callable[[], bytes]) -> Callable[[Path, float], Made]:
    def made(folder: Path, megapixels: float) -> Made:
        (folder / "a").write_bytes(make())
        return lambda work: recipes.read_recipe(folder / "a"), False

    return made


CASES: dict[str, Callable[[Path, float], Made]] = {
    "recipe: PNG of 100,000 chunks": recipe(lambda: hostile_images.many_chunks(99_999)),
    "recipe: JPEG of 100,000 segments": recipe(lambda: hostile_images.many_segments(99_999)),
    "recipe: GIF of 100,000 blocks": recipe(lambda: hostile_images.gif(4, 1, blocks=49_000)),
    "PNG: half transparent": png,
    "PNG: 16 bits of 4 channels": wide_png,
    "PNG: noise, transparent, a profile (24 MP in 100 MB)": profiled_png,
    "JPEG: progressive noise": progressive_jpeg,
    "JPEG: 100 scans of 1 MP": many_scans,
    "GIF: noise": gif,
    "BMP: runs of one pixel": bmp_runs,
    "TIFF: deflated noise (20 MP)": tiff("tiff_adobe_deflate"),
    "TIFF: LZW noise (20 MP)": tiff("tiff_lzw"),
    "WebP: noise, nothing lost (24 MP in 100 MB)": webp(lossless=True),
    "WebP: noise (24 MP)": webp(lossless=False),
    "WebP: 999 frames of 200 x 200": webp_animation,
    "AVIF: noise": avif,
    "AVIF: 268 MP that say 100 x 100": avif_larger_than_it_says,
    "HEIC: noise (3 MP)": heic,
}
