"""What lies in the clipboard: an image, or one clear sentence; nothing of it is decoded in the GUI thread."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QImage, QPixmap

from models.core.images import decoding
from studio.widgets import drag_drop
from studio.window import Window


def mime(kind: str) -> QMimeData | None:
    """Odd contents of a clipboard."""
    found = QMimeData()
    if kind == "nothing":
        return None
    if kind == "text":
        found.setText("some words")
    elif kind == "html":
        found.setHtml("<b>some words</b>")
    elif kind == "link":
        found.setUrls([QUrl("https://example.org/a.png")])
    elif kind == "empty image":
        found.setImageData(QImage())
    elif kind == "image data that is none":
        found.setImageData(None)
    elif kind == "numbers":
        found.setImageData(7)
    elif kind == "empty png":
        found.setData("image/png", QByteArray())
    elif kind == "other":
        found.setData("application/x-other", QByteArray(b"x"))
    return found


WORDS = {
    "nothing": "empty", "none": "empty", "text": "text", "html": "text", "link": "a link",
    "empty image": "empty or cannot",
    "image data that is none": "", "numbers": "empty or cannot", "empty png": "", "other": "something else",
}  # fmt: skip


@pytest.mark.parametrize("kind", WORDS)
def test_what_holds_no_image_is_one_clear_sentence(kind: str, qapp) -> None:
    assert drag_drop.paths_in(mime(kind)) == []
    error = drag_drop.lacking(mime(kind))
    assert WORDS[kind] in error.what and error.what.endswith(".") and error.advice.endswith(".")


class Clipboard:
    def __init__(self, content: QMimeData | None) -> None:
        self.content = content

    def mimeData(self) -> QMimeData | None:
        return self.content


def test_paste_says_it_and_raises_nothing(studio: Window, monkeypatch) -> None:
    panel = studio.panels["denoise"]
    panel.card.chosen.connect(lambda paths: pytest.fail(f"it took {paths}"))
    for kind, words in WORDS.items():
        monkeypatch.setattr(QGuiApplication, "clipboard", lambda kind=kind: Clipboard(mime(kind)))
        panel.error.hide()
        panel.card.paste()
        assert words in panel.error.accessibleName() and not panel.error.isHidden()


@pytest.mark.parametrize("kind", ["QImage", "QPixmap"])
def test_an_image_of_the_platform_becomes_a_file(kind: str, qapp) -> None:
    found, image = QMimeData(), QImage(5, 3, QImage.Format.Format_RGB32)
    image.fill(0xFF336699)
    found.setImageData(image if kind == "QImage" else QPixmap.fromImage(image))
    (path,) = drag_drop.paths_in(found)
    assert decoding.decode(Path(path)).tolist() == [[[0x33, 0x66, 0x99]] * 5] * 3


@pytest.mark.parametrize("kind", drag_drop.FORMATS)
def test_bytes_of_an_image_are_not_decoded_here(kind: str, qapp, monkeypatch) -> None:
    found = QMimeData()
    found.setData(kind, QByteArray(b"whatever is in them"))
    monkeypatch.setattr(drag_drop, "_image_in", lambda mime: pytest.fail("it was decoded"))
    (path,) = drag_drop.paths_in(found)
    with open(path, "rb") as stream:
        assert stream.read() == b"whatever is in them"
