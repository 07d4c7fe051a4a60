"""The card with the image that was painted: what is known of it, and the ways out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu

from studio.widgets.card import Card, button, label
from studio.widgets.picture import Picture

SHEET = 16  # images of an exported sheet


class ImageCard(Card):
    """Emits what the person wants to take away: "picture", "enlarged", "sheet" or "codings"."""

    export_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__("Image")
        self.picture = Picture("Move a slider")
        copy, save = button("Copy"), button("Export")
        copy.clicked.connect(self.picture.copy)
        menu = QMenu(save)
        choices = {
            "Image (PNG)": "picture",
            "Enlarged image (PNG)": "enlarged",
            f"Sheet of {SHEET} variations (PNG)": "sheet",
            "Codings (.npy)": "codings",
        }
        for words, what in choices.items():
            menu.addAction(words).triggered.connect(lambda _on=False, w=what: self.export_asked.emit(w))
        save.setMenu(menu)
        self.tools.addWidget(copy)
        self.tools.addWidget(save)
        self.words = label("", "secondary", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setMinimumHeight(32)
        self.body.addWidget(self.picture, 1)
        self.body.addWidget(self.words)
