"""Pictures on their way: between arrays and Qt, out of the window and into it, always with their recipe."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from PySide6.QtCore import QByteArray, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QImage, QPixmap
from PySide6.QtWidgets import QWidget

from models.core.errors import UserError

MIME = "application/x-studio-picture"
FORMATS = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/tiff", "image/bmp")  # read from their bytes

Pixels = NDArray[np.uint8]  # (height, width, channels)


def to_qimage(pixels: Pixels) -> QImage:
    """A QImage that owns its memory, from (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) uint8."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise ValueError(f"a picture is uint8 (height, width, channels), not {pixels.dtype} {pixels.shape}")
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    kinds = {2: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}
    kind = kinds[2 if flat.ndim == 2 else flat.shape[-1]]
    flat = np.ascontiguousarray(flat)
    return QImage(flat.data, flat.shape[1], flat.shape[0], flat.strides[0], kind).copy()


def enlarge(pixels: Pixels, zoom: int) -> Pixels:
    """Every pixel ``zoom`` times as wide and high: the exact nearest neighbour."""
    return np.repeat(np.repeat(pixels, zoom, axis=0), zoom, axis=1)


def fitted(pixels: Pixels, zoom: float) -> QImage:
    """The picture at ``zoom`` device pixels a pixel: exact when it grows, smooth when it shrinks."""
    if zoom >= 1:
        return to_qimage(enlarge(pixels, int(zoom)))
    height, width = pixels.shape[:2]
    size = (max(round(width * zoom), 1), max(round(height * zoom), 1))
    aspect, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return to_qimage(pixels).scaled(*size, aspect, smooth)


def best_zoom(pixels_wide: int, pixels_high: int, room_wide: float, room_high: float) -> float:
    """The largest whole zoom that fits into the room (device pixels), or the fraction that shrinks into it."""
    exact = min(room_wide / max(pixels_wide, 1), room_high / max(pixels_high, 1))
    return float(int(exact)) if exact >= 1 else max(exact, 1e-3)


def png(pixels: Pixels, recipe: Mapping[str, str] | None = None) -> bytes:
    """The picture as a PNG file, with its recipe in text chunks (Qt would compress long ones; nobody unpacks those)."""
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    info, stream = PngImagePlugin.PngInfo(), io.BytesIO()
    for key, value in (recipe or {}).items():
        info.add_itxt(key, value)
    Image.fromarray(flat).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="studio-drag-")  # what is dragged out lives as long as the process


def _file(data: bytes, name: str) -> Path:
    folder = Path(tempfile.mkdtemp(dir=_folder().name))
    safe = re.sub(r"[^\w .-]+", "-", name).strip(" .-")[:80] or "picture"
    path = folder / f"{safe}.png"
    path.write_bytes(data)
    return path


def mime_of(pixels: Pixels, name: str = "picture", recipe: Mapping[str, str] | None = None) -> QMimeData:
    """What a drag or the clipboard carries: our own PNG, image data, and a PNG file for the desktop."""
    data = png(pixels, recipe)
    mime = QMimeData()
    mime.setData(MIME, QByteArray(data))
    mime.setImageData(to_qimage(pixels))
    mime.setUrls([QUrl.fromLocalFile(str(_file(data, name)))])
    return mime


def carries(mime: QMimeData) -> bool:
    """Whether something that is dragged over us could be a picture."""
    return mime.hasFormat(MIME) or mime.hasImage() or any(url.isLocalFile() for url in mime.urls())


def paths_in(mime: QMimeData | None) -> list[str]:
    """The local files of a drop or of the clipboard; a picture that came without a file is first written into one.

    Bytes of a format that we read are written as they are, so that nothing is decoded here. None, or something without
    a picture (text, a link, an empty image), has no files.
    """
    if mime is None:  # what an empty clipboard is on some platforms
        return []
    paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    if paths:
        return paths
    for kind in (MIME, *FORMATS):
        data = bytes(mime.data(kind).data()) if mime.hasFormat(kind) else b""
        if data:
            return [str(_file(data, "dropped"))]
    image = _image_in(mime)
    path = _file(b"", "dropped")
    return [str(path)] if image is not None and image.save(str(path), "PNG") else []  # type: ignore[call-overload]


def _image_in(mime: QMimeData) -> QImage | None:
    """The image that another program gave as the platform's own kind of data; None where there is none, or no pixel."""
    data = mime.imageData() if mime.hasImage() else None
    image = data.toImage() if isinstance(data, QPixmap) else data
    return image if isinstance(image, QImage) and not image.isNull() else None


def lacking(mime: QMimeData | None) -> UserError:
    """Why ``paths_in`` found nothing, in one sentence."""
    advice = "Copy an image or image files, then paste again."
    if mime is None or not mime.formats():
        return UserError("The clipboard is empty.", advice=advice)
    if mime.hasUrls():
        return UserError(
            "The clipboard holds a link, not an image.", advice="Save the image first, then open its file."
        )
    if mime.hasImage():
        return UserError("The image in the clipboard is empty or cannot be read.", advice=advice)
    what = "text" if mime.hasText() or mime.hasHtml() else "something else"
    return UserError(f"The clipboard holds {what}, not an image.", advice=advice)


def carry_out(source: QWidget, pixels: Pixels, name: str, recipe: Mapping[str, str] | None = None) -> None:
    """Start a drag that carries the picture out of ``source``; returns when it is dropped."""
    drag = QDrag(source)
    drag.setMimeData(mime_of(pixels, name, recipe))
    ratio = source.devicePixelRatioF()
    height, width = pixels.shape[:2]
    thumb = QPixmap.fromImage(fitted(pixels, best_zoom(width, height, 72 * ratio, 72 * ratio)))
    thumb.setDevicePixelRatio(ratio)
    drag.setPixmap(thumb)
    drag.setHotSpot(QPoint(8, 8))
    drag.exec(Qt.DropAction.CopyAction)
