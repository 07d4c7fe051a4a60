"""Gallery: everything that was exported; open it large, bring its sliders back, drag it out, delete it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QHideEvent, QKeySequence, QMovie, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from models.core.disk import files, places, trash
from models.core.disk.junk import is_junk
from models.core.errors import UserError
from models.core.images import convert, decoding
from models.core.recipes import schema
from studio.deletion import Deletion
from studio.panels.base import Panel
from studio.widgets.card import Card, EmptyState, button, hbox, label, vbox
from studio.widgets.grid import PictureGrid
from studio.widgets.picture import Picture
from studio.workers import desktop_trash
from studio.workers.recipes import text_chunk

SUFFIXES = (".png", ".apng", ".gif", ".webp", ".jpg", ".jpeg")
RECIPES = (*SUFFIXES, ".mp4", ".json", ".npy")  # files that can be brought back
FILMS = (".apng", ".gif", ".webp")


class Gallery(Panel):
    """The exported files, newest first."""

    TITLE, ICON = "Gallery", "image-square"
    HINTS = "Drag an image out, or drop an exported file on the window: its model and settings return"

    def build(self, content: QWidget) -> None:
        """Thumbnails at the left, the chosen one large at the right."""
        self.files: list[Path] = []
        self._cache: dict[tuple[str, int], NDArray[np.uint8]] = {}
        self.all = Card("Exports")
        self.grid = PictureGrid(cell=96, max_size=140)
        self.grid.clicked.connect(self.show_file)
        self.grid.walked.connect(self.show_file)
        key = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.grid, self._delete)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.nothing = EmptyState("image-square", "Images and animations that you export appear here.", "Go to Latent")
        self.nothing.asked.connect(lambda: self.session.asked_for_panel.emit("latent"))
        self._make_tools()
        self.all.body.addWidget(self.grid, 1)
        self.all.body.addWidget(self.nothing, 1)
        self.one = Card("Image")
        self.picture, self.film = Picture("Choose one at the left"), label()
        self.film.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = label("", "secondary", wrap=True)
        self.back, self.delete = button("Restore settings", "primary"), button("Delete")
        self.back.clicked.connect(self._bring_back)
        self.delete.clicked.connect(self._delete)
        self.one.body.addWidget(self.picture, 1)
        self.one.body.addWidget(self.film, 1)
        self.one.body.addWidget(self.words)
        self.one.body.addLayout(hbox(self.back, self.delete, None))
        row = hbox(self.all, self.one, spacing=12)
        row.setStretch(0, 3)
        row.setStretch(1, 2)
        content.setLayout(vbox(row))
        self.session.exports_changed.connect(self.refresh)
        self.chosen: Path | None = None
        self.refresh()
        old = partial(desktop_trash.hand_over, places.exports())
        self.desk.errands.ask("deleted exports", lambda task: old(), lambda count: None, self.show_error)

    def _make_tools(self) -> None:
        choose = button("Open a file")
        choose.setToolTip("Any file that was exported here or by the command line: its model and settings return")
        choose.clicked.connect(self._choose)
        folder = button("Open the folder")
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(places.exports()))))
        self.all.tools.addWidget(choose)
        self.all.tools.addWidget(folder)

    def shown(self) -> None:
        """Files may have come or gone meanwhile; the newest is shown until one is chosen."""
        self.refresh()
        if self.chosen is None:
            self.show_file(0)

    @Slot()
    def refresh(self) -> None:
        """List the folder anew, newest first. It may change meanwhile: what has gone is not shown."""
        found = [(state.st_mtime_ns, path.name, path) for path, state in files.listed(places.exports())]
        self.files = [path for _, _, path in sorted(found, reverse=True) if _is_export(path)]
        self.all.set_subtitle(count_of_files(len(self.files)))
        self.grid.setVisible(bool(self.files))
        self.nothing.setVisible(not self.files)
        self.grid.set_source(len(self.files), self._thumbnail)
        if self.chosen in self.files:
            self.grid.set_current(self.files.index(self.chosen))  # its place may be another one now
        else:
            self.show_file(-1)

    def _thumbnail(self, index: int) -> NDArray[np.uint8] | None:
        path = self.files[index]
        try:
            key = (str(path), path.stat().st_mtime_ns)
            if key not in self._cache:
                picture = decoding.decode(path)
                height, width = picture.shape[:2]
                if max(height, width) > 280:
                    share = 280 / max(height, width)
                    size = (max(1, round(height * share)), max(1, round(width * share)), picture.shape[2])
                    picture = convert.fit(picture, size)
                self._cache[key] = picture
            return self._cache[key]
        except (UserError, OSError):
            return None  # somebody else's file: it stays an empty tile, and says why when it is opened

    def show_file(self, index: int) -> None:
        """Choose one file, or none (-1): it is ringed and shown large; a film moves."""
        self._end_film()
        there = 0 <= index < len(self.files)
        self.chosen = self.files[index] if there else None
        self.grid.set_current(index if there else -1)
        self.back.hide()
        self.delete.setVisible(there)
        self.picture.setVisible(True)
        self.film.hide()
        self.picture.set_image(None)
        self.one.set_title("Image")
        self.words.setText("")
        if self.chosen is None:
            return
        self.one.set_title(self.chosen.name)
        try:
            self.picture.set_image(decoding.decode(self.chosen))
            count = decoding.frames(self.chosen)
        except UserError as error:
            self.words.setText(str(error))
            return
        if count > 1:
            self._play(self.chosen)
        facts = [f"{count} frames" if count > 1 else "one image", *self._show_recipe(self.chosen)]
        self.words.setText("\n".join(facts))

    def _show_recipe(self, path: Path) -> list[str]:
        """Offer the way back if the file says where it leads; what it says, a line a value."""
        self.picture.recipe = {}
        try:
            found = schema.read(path)
        except UserError as error:
            return [str(error)]
        if found is None:
            return ["It has no recipe: no settings can be restored."]
        self.picture.recipe = text_chunk(found.data())
        self.back.setVisible(bool(found.panel))
        step = [] if found.step is None else [f"step: {found.step:,}"]
        facts = [f"panel: {found.panel}", f"made: {found.made}", f"model: {found.model}", *step]
        known = {name: value for name, value in found.values.items() if value not in (None, [])}
        return facts + [f"{name.replace('_', ' ')}: {_short(value)}" for name, value in known.items()]

    def _play(self, path: Path) -> None:
        movie = QMovie(str(path), parent=self.film)
        if movie.isValid():
            self.picture.hide()
            self.film.show()
            self.film.setMovie(movie)
            movie.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """A film rests while nobody looks."""
        super().hideEvent(event)
        if (movie := self.film.movie()) is not None:
            movie.setPaused(True)

    def showEvent(self, event: QShowEvent) -> None:
        """And goes on."""
        super().showEvent(event)
        if (movie := self.film.movie()) is not None:
            movie.setPaused(False)

    def _end_film(self) -> None:
        movie = self.film.movie()
        self.film.clear()
        if movie is not None:
            movie.stop()
            movie.deleteLater()

    def _choose(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in RECIPES)
        path, _ = QFileDialog.getOpenFileName(self, "An exported file", str(places.exports()), f"Exports ({kinds})")
        if path:
            self.session.asked_to_open.emit([path])

    def _bring_back(self) -> None:
        if self.chosen is not None:
            self.session.asked_to_open.emit([str(self.chosen)])

    @Slot()
    def _delete(self) -> None:
        """Move the chosen file to the trash; nothing is chosen then, so that a second click deletes nothing."""
        if self.chosen is None:
            return
        try:
            deleted = trash.put(self.chosen)
        except UserError as error:
            self.show_error(error)
            self.refresh()
            return
        self.error.hide()
        self.session.undo.push(
            Deletion(
                deleted, delete=trash.put, changed=self._changed, failed=self.show_error, forward=self.come_forward
            )
        )
        self._changed(None, deleted.origin.name)

    def _changed(self, back: Path | None, deleted: str = "The file") -> None:
        """A file was deleted, or is back again and chosen."""
        self.refresh()
        if back is not None:
            self.error.hide()
            self.show_file(self.files.index(back) if back in self.files else -1)
        self.session.done.emit(f"{back.name} is restored" if back else f"{deleted} is deleted; Ctrl+Z brings it back")

    def tour(self) -> Iterator[str]:
        """Look at what was exported."""
        self.refresh()
        self.show_file(0)
        yield "exports"


def _is_export(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not is_junk(path.name)


def _short(value: Any) -> str:
    text = str(value)
    if isinstance(value, dict) and "png" in value:
        text = f"{value.get('count')} packed"
    elif isinstance(value, list):
        numbers = all(isinstance(v, int | float) for v in value)
        text = ", ".join(f"{v:+.2f}" for v in value) if numbers else f"{len(value)} groups"
    return text if len(text) <= 160 else text[:157] + "…"


def count_of_files(count: int) -> str:
    """ "1 file", "12 files", or nothing."""
    return {0: "", 1: "1 file"}.get(count, f"{count:,} files")
