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

from studio.widgets.qimages import Pixels, best_zoom, fitted, to_qimage

MIME = "application/x-studio-picture"


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


def paths_in(mime: QMimeData) -> list[str]:
    """The local files of a drop; an image that came without a file is first written into one."""
    paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    if paths:
        return paths
    if mime.hasFormat(MIME):
        return [str(_file(bytes(mime.data(MIME).data()), "dropped"))]
    image = QImage(mime.imageData()) if mime.hasImage() else QImage()
    if image.isNull():
        return []
    path = _file(b"", "dropped")
    image.save(str(path), "PNG")  # type: ignore[call-overload]
    return [str(path)]


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
