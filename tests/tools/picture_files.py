"""Odd and hostile image files, made in memory: what decodes, with its pixels, and what must be refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

Pixels = NDArray[np.uint8]


def scene(height: int = 12, width: int = 10) -> Pixels:
    """A colour image without any symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([y * 20 + 5, x * 24 + 3, (x + 2 * y) * 7 % 256], axis=-1).astype(np.uint8)


def grey_scene(height: int = 12, width: int = 10) -> Pixels:
    """A grey image without any symmetry, one channel."""
    y, x = np.mgrid[0:height, 0:width]
    return (y * 18 + x * 4).astype(np.uint8)[..., None]


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 0, before: bytes = b"") -> bytes:
    """A PNG put together by hand."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + before + body + chunk(b"IEND", b"")


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """The stored pixels that a camera with this EXIF orientation would write for an upright image."""
    back = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(back[orientation](pixels))


def good_files() -> Iterator[tuple[str, bytes, Pixels, int]]:
    """(name, bytes, the pixels, how far each may be off)."""
    yield from _oriented()
    yield from _grey()
    yield from _colour()
    yield from _transparent()
    yield from _deep()
    yield from _several_frames()
    yield from _sizes()


def _oriented() -> Iterator[tuple[str, bytes, Pixels, int]]:
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = Image.fromarray(turned(scene(), orientation))
        for kind, more in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
            yield f"orientation-{orientation}.{kind.lower()}", saved(stored, kind, exif=exif, **more), scene(), 0
    smooth = np.repeat(np.repeat(scene(4, 4), 16, 0), 16, 1)
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = saved(Image.fromarray(turned(smooth, 6)), "JPEG", exif=exif, quality=100, subsampling=0)
    yield "orientation-6.jpg", jpeg, smooth, 2
    yield "orientation-99.png", saved(Image.fromarray(scene()), "PNG", exif=b"Exif\0\0garbage"), scene(), 0


def _grey() -> Iterator[tuple[str, bytes, Pixels, int]]:
    grey = grey_scene()
    picture = Image.fromarray(grey[..., 0])
    for kind in ("PNG", "BMP", "TIFF", "GIF"):
        yield f"grey.{kind.lower()}", saved(picture, kind), grey, 0
    yield "wrong-extension.jpg", saved(picture, "PNG"), grey, 0
    yield "grey.jpg", saved(picture, "JPEG", quality=100), grey, 2
    bits = (grey > 100).astype(np.uint8) * 255
    for kind in ("PNG", "BMP", "TIFF"):
        yield f"one-bit.{kind.lower()}", saved(Image.fromarray(bits[..., 0]).convert("1"), kind), bits, 0
    half = np.full_like(grey, 128)
    grey_alpha = Image.merge("LA", (picture, Image.fromarray(half[..., 0])))
    over_white = np.rint(grey * (128 / 255) + 255 * (127 / 255)).astype(np.uint8)
    yield "grey-alpha.png", saved(grey_alpha, "PNG"), over_white, 1
    transparent = np.where(grey == 4, 255, grey).astype(np.uint8)
    yield "grey-key.png", saved(picture, "PNG", transparency=4), transparent, 0


def _colour() -> Iterator[tuple[str, bytes, Pixels, int]]:
    pixels = scene()
    picture = Image.fromarray(pixels)
    for kind in ("PNG", "BMP", "TIFF"):
        yield f"colour.{kind.lower()}", saved(picture, kind), pixels, 0
    yield "colour.webp", saved(picture, "WEBP", lossless=True), pixels, 0
    for compression in ("tiff_lzw", "tiff_deflate", "packbits"):
        yield f"{compression}.tif", saved(picture, "TIFF", compression=compression), pixels, 0
    yield "palette.png", saved(picture.quantize(256), "PNG"), np.array(picture.quantize(256).convert("RGB")), 0
    yield "palette.gif", saved(picture.quantize(64), "GIF"), np.array(picture.quantize(64).convert("RGB")), 0
    yield (
        "interlaced.gif",
        saved(picture.quantize(64), "GIF", interlace=1),
        np.array(picture.quantize(64).convert("RGB")),
        0,
    )
    smooth = np.repeat(np.repeat(scene(4, 4), 16, 0), 16, 1)
    yield (
        "progressive.jpg",
        saved(Image.fromarray(smooth), "JPEG", progressive=True, quality=100, subsampling=0),
        smooth,
        2,
    )
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[:, :4] = (255, 0, 0, 0)  # cyan
    paper = np.full((8, 8, 3), 255, np.uint8)
    paper[:, :4, 0] = 0
    yield "cmyk.tif", saved(Image.fromarray(ink, "CMYK"), "TIFF"), paper, 0
    wide = np.repeat(np.repeat(ink, 8, 0), 8, 1)
    yield (
        "cmyk.jpg",
        saved(Image.fromarray(wide, "CMYK"), "JPEG", quality=100),
        np.repeat(np.repeat(paper, 8, 0), 8, 1),
        3,
    )
    yield "profile.png", saved(picture, "PNG", icc_profile=_srgb()), pixels, 1
    yield "broken-profile.png", saved(picture, "PNG", icc_profile=b"not a profile" * 20), pixels, 0
    rows = b"".join(b"\0" + row.tobytes() for row in (pixels.astype(">u2") * 257))
    yield "sixteen-bit-colour.png", png(10, 12, rows, depth=16, colour=2), pixels, 1


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _transparent() -> Iterator[tuple[str, bytes, Pixels, int]]:
    alpha = np.linspace(0, 255, 120).astype(np.uint8).reshape(12, 10)
    share = alpha[..., None] / 255
    over_white = np.rint(scene() * share + 255 * (1 - share)).astype(np.uint8)
    picture = Image.fromarray(np.dstack([scene(), alpha]))
    yield "alpha.png", saved(picture, "PNG"), over_white, 1
    yield "alpha.tif", saved(picture, "TIFF"), over_white, 1
    yield "alpha.webp", saved(picture, "WEBP", lossless=True, exact=True), over_white, 1
    two = Image.new("P", (2, 1))
    two.putpalette([255, 0, 0, 0, 0, 255])
    two.putpixel((1, 0), 1)
    expected = np.array([[[255, 0, 0], [255, 255, 255]]], np.uint8)
    yield "palette-key.png", saved(two, "PNG", transparency=1), expected, 0
    yield "palette-key.gif", saved(two, "GIF", transparency=1), expected, 0
    half = np.array([[[255, 0, 0], [127, 127, 255]]], np.uint8)
    yield "palette-alpha.png", saved(two, "PNG", transparency=bytes([255, 128])), half, 1
    red = Image.new("RGB", (2, 1), (255, 0, 0))
    red.putpixel((0, 0), (0, 255, 0))
    yield (
        "colour-key.png",
        saved(red, "PNG", transparency=(255, 0, 0)),
        np.array([[[0, 255, 0], [255] * 3]], np.uint8),
        0,
    )


def _deep() -> Iterator[tuple[str, bytes, Pixels, int]]:
    values = np.linspace(0, 65535, 120).astype(np.uint16).reshape(12, 10)
    expected = np.rint(values / 257).astype(np.uint8)[..., None]
    yield "sixteen-bit.png", saved(Image.fromarray(values), "PNG"), expected, 0
    yield "sixteen-bit.tif", saved(Image.fromarray(values), "TIFF"), expected, 0
    yield (
        "sixteen-bit-dark.png",
        saved(Image.fromarray(values // 256), "PNG"),
        np.rint(expected / 256).astype(np.uint8),
        1,
    )
    share = np.linspace(0, 1, 120, dtype=np.float32).reshape(12, 10)
    from_share = np.rint(share * 255).astype(np.uint8)[..., None]
    yield "float.tif", saved(Image.fromarray(share), "TIFF"), from_share, 0
    yield "float-signed.tif", saved(Image.fromarray(share * 2000 - 1000), "TIFF"), from_share, 1
    yield "float-bytes.tif", saved(Image.fromarray(share * 255), "TIFF"), from_share, 0
    whole = (share * 1_000_000).astype(np.int32) - 5
    yield "integer.tif", saved(Image.fromarray(whole), "TIFF"), from_share, 1


def _several_frames() -> Iterator[tuple[str, bytes, Pixels, int]]:
    first = Image.fromarray(grey_scene()[..., 0])
    others = [Image.fromarray(255 - grey_scene()[..., 0]), Image.new("L", first.size, 9)]
    animation: dict[str, Any] = {"save_all": True, "append_images": others}
    yield "film.gif", saved(first, "GIF", duration=50, **animation), grey_scene(), 0
    yield "film.png", saved(first, "PNG", duration=50, **animation), grey_scene(), 0
    yield "pages.tif", saved(first, "TIFF", **animation), grey_scene(), 0
    yield "film.webp", saved(first, "WEBP", lossless=True, duration=50, **animation), np.repeat(grey_scene(), 3, 2), 0


def _sizes() -> Iterator[tuple[str, bytes, Pixels, int]]:
    for width, height in ((1, 1), (1, 20_000), (20_000, 1)):
        grey = np.arange(width * height, dtype=np.uint32).astype(np.uint8).reshape(height, width)
        yield f"{width}x{height}.png", saved(Image.fromarray(grey), "PNG"), grey[..., None], 0


def bad_files() -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of files that must be refused."""
    picture = Image.fromarray(scene(64, 64))
    yield "empty.png", b""
    yield "page.jpg", b"<!DOCTYPE html><html><body>Not found</body></html>"
    yield "text.png", b"data:image/png;base64,iVBORw0KGgo="
    yield "zeros.png", bytes(5000)
    yield "vector.png", b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'
    yield "script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    yield "other.png", saved(picture, "PPM")
    yield "icon.png", saved(picture, "ICO")
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP"):
        whole = saved(picture, kind)
        yield f"cut.{kind.lower()}", whole[: len(whole) * 2 // 3]
        yield f"start.{kind.lower()}", whole[:12]
    yield "nan.tif", saved(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF")
    yield from bombs()


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that claim, or unpack to, far more than a memory holds."""
    squeezed = zlib.compressobj(9)
    rows = b"".join(squeezed.compress(bytes(1_000_000)) for _ in range(20)) + squeezed.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0))
    yield "50000.png", b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    yield "just-too-large.png", png(10_001, 5_000, bytes(10_002 * 5_000))
    yield (
        "65535.gif",
        b"GIF89a"
        + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0)
        + bytes(6)
        + b","
        + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0)
        + b"\x02\x02\x4c\x01\x00;",
    )
    yield (
        "16383.webp",
        b"RIFF"
        + struct.pack("<I", 30)
        + b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\x02\0\0\0"
        + ((16382).to_bytes(3, "little") * 2)
        + bytes(4),
    )
    for name, size in (("claims-1GB.bmp", (18_000, 18_000)), ("claims-more.bmp", (2**31 - 1, 2**31 - 1))):
        yield (
            name,
            b"BM"
            + struct.pack("<IHHI", 2**30, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, *size, 1, 24, 0, 2**30, 0, 0, 0, 0),
        )
    tags = b"".join(struct.pack("<HHII", tag, 4, 2**31, 8) for tag in (254, *range(256, 260), 262, 273, 278, 279))
    yield "tags.tif", b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 9) + tags + bytes(4)
    loop = struct.pack("<HHHIII", 1, 256, 4, 1, 10, 8)
    yield "loop.tif", b"II*\0" + struct.pack("<I", 8) + loop
    yield from _text_bombs()


def _text_bombs() -> Iterator[tuple[str, bytes]]:
    bomb = zlib.compress(bytes(80_000_000), 9)
    yield "text-bomb.png", png(1, 1, b"\0\0", before=chunk(b"zTXt", b"Comment\0\0" + bomb))
    yield "profile-bomb.png", png(1, 1, b"\0\0", before=chunk(b"iCCP", b"sRGB\0\0" + bomb))
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", "x" * 30_000_000, zip=True)
    yield "long-text.png", saved(Image.new("L", (1, 1)), "PNG", pnginfo=info)
