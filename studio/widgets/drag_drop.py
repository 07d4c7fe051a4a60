"""Pictures on their way: between arrays and Qt, out of the window and into it, always with their recipe."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from PIL import Image, PngImagePlugin
from PySide6.QtCore import QByteArray, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QImage, QPixmap
from PySide6.QtWidgets import QWidget

from models.core.errors import UserError
from studio.widgets.qimages import Pixels, best_zoom, fitted, to_qimage

MIME = "application/x-studio-picture"
FORMATS = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/tiff", "image/bmp")  # read from their bytes


def png(pixels: Pixels, recipe: Mapping[str, str] | None = None) -> bytes:
    """The image as a PNG file, with its recipe in text chunks (Qt would compress long ones; nobody unpacks those)."""
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
    """Whether something that is dragged over us could be an image."""
    return mime.hasFormat(MIME) or mime.hasImage() or any(url.isLocalFile() for url in mime.urls())


def paths_in(mime: QMimeData | None) -> list[str]:
    """The local files of a drop or of the clipboard; an image that came without a file is first written into one.

    Bytes of a format that we read are written as they are, so that nothing is decoded here. None, or something without
    an image (text, a link, an empty image), has no files.
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
    """Start a drag that carries the image out of ``source``; returns when it is dropped."""
    drag = QDrag(source)
    drag.setMimeData(mime_of(pixels, name, recipe))
    ratio = source.devicePixelRatioF()
    height, width = pixels.shape[:2]
    thumb = QPixmap.fromImage(fitted(pixels, best_zoom(width, height, 72 * ratio, 72 * ratio)))
    thumb.setDevicePixelRatio(ratio)
    drag.setPixmap(thumb)
    drag.setHotSpot(QPoint(8, 8))
    drag.exec(Qt.DropAction.CopyAction)
