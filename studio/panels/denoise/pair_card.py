"""The large card of the Denoise panel: before and after, how to look at them, and what is being done."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from models.core.errors import UserError
from models.core.images import convert, decoding
from studio.panels.denoise.files_row import FilesRow
from studio.panels.denoise.photo_tools import BackgroundRow, QualityAction
from studio.panels.denoise.pyramid import Layers, layers
from studio.panels.denoise.wipe import ZOOM_NAMES, Wipe
from studio.widgets import drag_drop
from studio.widgets.card import Card, EmptyState, Segmented, button, hbox, label, vbox
from studio.widgets.progress import ProgressRow
from studio.widgets.qimages import Pixels
from studio.workers.services import Services

KINDS = " ".join(f"*{suffix}" for suffix in decoding.IMAGE_SUFFIXES)
EXPORTS = {
    "Image after (PNG)": "after",
    "Image after (JPEG)": "after.jpg",
    "Image after (WebP)": "after.webp",
    "Image before (PNG)": "before",
    "Both, side by side (PNG)": "both",
}


class PairCard(Card):
    """Before and after; an empty state while there is no image."""

    chosen = Signal(list)  # paths of files and folders, whichever way they came
    sample_asked = Signal()
    export_asked = Signal(str)

    def __init__(self, services: Services, show_error: Callable[[UserError], None]) -> None:
        super().__init__("Before and after")
        self._show_error = show_error
        self.wipe = Wipe()
        self.progress = ProgressRow()
        self.background = BackgroundRow()
        self.files = FilesRow(services, show_error, self.background)
        self._make_tools()
        self.effect = label("", "prose", wrap=True)
        self.go_on = button("Go on", "primary")
        self.note = QWidget()
        self.note.setLayout(hbox(self.effect, self.go_on))
        self.note.layout().setStretch(0, 1)  # type: ignore[union-attr]
        self.words = label("", "secondary")
        self._make_empty()
        for widget in (self.background, self.note, self.progress):
            self.body.addWidget(widget)
        self.body.addWidget(self.wipe, 1)
        self.body.addWidget(self.empty, 1)
        self.body.addLayout(hbox(None, self.words, None))
        self.body.addWidget(self.files)
        self.note.hide()
        self.wipe.dropped.connect(services.session.asked_to_open)  # as if dropped on the window: recipes and runs open

    def _make_tools(self) -> None:
        self.arrangement, self.zoom = Segmented(["Wipe", "Side by side"]), Segmented(list(ZOOM_NAMES))
        self.arrangement.chosen.connect(lambda index: self.wipe.set_beside(index == 1))
        self.zoom.chosen.connect(self.wipe.set_zoom)
        self.wipe.arranged.connect(lambda beside: self.arrangement.set_index(int(beside)))
        self.wipe.zoomed.connect(self.zoom.set_index)
        self.open, self.sample, self.save = button("Open"), button("Sample"), button("Export")
        self.open.setToolTip("One image or several; you can also drop them, or folders, or paste with Ctrl+V")
        self.sample.setToolTip("The next sample image, with noise")
        self.open.clicked.connect(self._choose)
        self.sample.clicked.connect(self.sample_asked)
        menu = QMenu(self.save)
        for words, what in EXPORTS.items():
            menu.addAction(words).triggered.connect(lambda _on=False, w=what: self.export_asked.emit(w))
        menu.addSeparator()
        self.quality = QualityAction(menu)
        menu.addAction(self.quality)
        self.save.setMenu(menu)
        self._tools = (self.arrangement, self.zoom, self.open, self.sample, self.save)
        for widget in self._tools:
            self.tools.addWidget(widget)

    def _make_empty(self) -> None:
        text = "Drop an image here, several, or a whole folder. The model removes the noise."
        self.empty = EmptyState("magic-wand", text, "Try a sample image")
        self.empty.asked.connect(self.sample_asked)
        choose, folder, paste = button("Open images"), button("Open a folder"), button("Paste")
        choose.clicked.connect(self._choose)
        folder.clicked.connect(self._choose_folder)
        paste.clicked.connect(self.paste)
        column = self.empty.layout()
        assert column is not None
        inside = vbox(hbox(None, choose, folder, paste, None))
        column.insertLayout(column.count() - 1, inside)  # type: ignore[attr-defined]

    def _choose(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Images to denoise", "", f"Images ({KINDS})")
        if paths:
            self.chosen.emit(paths)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A folder of images to denoise")
        if folder:
            self.chosen.emit([folder])

    def paste(self) -> None:
        """Take an image or files from the clipboard."""
        mime = QGuiApplication.clipboard().mimeData()
        paths = drag_drop.paths_in(mime)
        if paths:
            self.chosen.emit(paths)
        else:
            self._show_error(drag_drop.lacking(mime))

    def show_picture(self, there: bool) -> None:
        """Show the images and the ways to look at them, or how to get one."""
        for widget in (*self._tools, self.wipe, self.words):
            widget.setVisible(there)
        self.empty.setVisible(not there)

    def explain(self, effect: str, asking: bool) -> None:
        """Say what the model does to size and colour; ``asking``: it waits for a yes."""
        self.effect.setText(effect)
        self.note.setVisible(bool(effect))
        self.go_on.setVisible(asking)

    def say(self, words: str) -> None:
        """One line beneath the images."""
        self.words.setText(words)

    def show_after(self, before: Layers, after: Layers, name: str) -> None:
        """Show what somebody made of the image."""
        if before.size != after.size:  # a model that gives another size than it was said to
            height, width = after.pixels.shape[:2]
            before = layers(convert.fit(before.pixels, (height, width, before.pixels.shape[2])))
        self.wipe.words = ("before", name)
        self.wipe.set_pair(before, after)

    def picture(self, what: str) -> Pixels | None:
        """What is exported: "before", "after" (and perhaps a file's ending) or "both"; None until both are there."""
        before, after = self.wipe.pair()
        if before is None or after is None:
            return None
        if what != "both":
            return (before if what == "before" else after).pixels
        pair = [convert.fit(one.pixels, (*one.pixels.shape[:2], 3)) for one in (before, after)]
        return convert.grid(np.stack(pair), columns=2)
