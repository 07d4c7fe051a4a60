"""Size and place of the window, from one session to the next."""

from __future__ import annotations

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

from studio.settings import Settings

NAME = "geometry"


def bring_back(window: QWidget, settings: Settings) -> None:
    """Take the size and place of the last session; a damaged value is ignored by Qt."""
    kept = str(settings.get(NAME, "")).encode("ascii", "ignore")
    if kept:
        window.restoreGeometry(QByteArray.fromBase64(QByteArray(kept)))


def remember(window: QWidget, settings: Settings) -> None:
    """Keep the size and place that it has now."""
    settings.set(NAME, bytes(window.saveGeometry().toBase64().data()).decode("ascii"))
