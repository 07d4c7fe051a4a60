"""Gallery: everything that was exported; open it large, bring its sliders back, drag it out, delete it."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from models.core.disk import files, places, trash
from models.core.disk.junk import is_junk
from models.core.errors import UserError
from studio.deletion import Deletion
from studio.panels.base import Panel
from studio.panels.gallery import looking, recipe_words
from studio.panels.gallery.player import Moving
from studio.widgets.card import Card, EmptyState, button, hbox, label, vbox
from studio.widgets.grid import PictureGrid
from studio.widgets.picture import Picture
from studio.workers import desktop_trash
from studio.workers.recipes import text_chunk

SUFFIXES = (".png", ".apng", ".gif", ".webp", ".jpg", ".jpeg")
RECIPES = (*SUFFIXES, ".mp4", ".json", ".npy")  # files that can be brought back
MOST = 1_000  # thumbnails that are kept, 30 kB each; the ones looked at last
LOOK = "gallery/look"  # the question about the chosen file


class Gallery(Panel):
    """The exported files, newest first."""

    TITLE, ICON = "Gallery", "image-square"
    HINTS = "Drag an image out, or drop an exported file on the window: its model and settings return"

    def build(self, content: QWidget) -> None:
        """Thumbnails at the left, the chosen one large at the right."""
        self.files: list[Path] = []
        self._cache: OrderedDict[tuple[str, int], NDArray[np.uint8] | None] = OrderedDict()
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
        self.picture = Picture("Choose one at the left")
        self.moving = Moving(self.picture.set_image, self)
        self.words = label("", "secondary", wrap=True)
        self.back, self.delete = button("Restore settings", "primary"), button("Delete")
        self.back.clicked.connect(self._bring_back)
        self.delete.clicked.connect(self._delete)
        self.one.body.addWidget(self.picture, 1)
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
        self.services.file_worker.ask("deleted exports", lambda task: old(), lambda count: None, self.show_error)

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
        """What is known of it; the first who wants it lets it be decoded, and it is drawn once it is there."""
        path = self.files[index]
        try:
            key = (str(path), path.stat().st_mtime_ns)
        except OSError:
            return None
        if key in self._cache:
            self._cache.move_to_end(key)
        else:
            self._cache[key] = None
            if len(self._cache) > MOST:
                self._cache.popitem(last=False)

            def come(picture: NDArray[np.uint8] | None) -> None:
                if key in self._cache:  # else others were looked at meanwhile
                    self._cache[key] = picture
                if path not in self.files:
                    return
                index = self.files.index(path)
                self.grid.refresh(index)
                if not index:
                    self.grid.set_source(len(self.files), self._thumbnail)  # its size is that of all tiles

            ask = self.services.image_worker.ask
            ask(f"gallery/{key}", partial(looking.thumbnail, path), come, lambda error: None)
        return self._cache.get(key)

    def show_file(self, index: int) -> None:
        """Choose one file, or none (-1): it is ringed and, once it is decoded, shown large; an animation moves."""
        self.moving.stop()
        there = 0 <= index < len(self.files)
        self.chosen = self.files[index] if there else None
        self.grid.set_current(index if there else -1)
        self.back.hide()
        self.delete.setVisible(there)
        self.picture.set_image(None)
        self.picture.recipe = {}
        self.one.set_title("Image")
        self.words.setText("")
        self.services.image_worker.cancel(LOOK)
        if self.chosen is None:
            return
        path = self.chosen
        self.one.set_title(path.name)
        self.services.image_worker.ask(LOOK, partial(looking.look, path), partial(self._looked, path), self.show_error)

    def _looked(self, path: Path, found: looking.Looked) -> None:
        """Show what is known of the chosen file."""
        if path != self.chosen:
            return
        self.picture.set_image(found.picture)
        if found.picture is None:
            self.words.setText("\n".join(found.problems))
            return
        if found.frames:
            self.moving.play(found.frames, found.durations)
            self.moving.go(self.isVisible())
        facts = [f"{found.count} frames" if found.count > 1 else "one image"]
        if found.count > 1 and not found.frames:
            facts.append("They are too many or too large to be shown here in motion.")
        self.words.setText("\n".join([*facts, *found.problems, *self._recipe_facts(found)]))

    def _recipe_facts(self, looked: looking.Looked) -> list[str]:
        """Offer the way back if the file says where it leads; what it says, a line a value."""
        found = looked.recipe
        if found is None:
            return [] if looked.problems else ["It has no recipe: no settings can be restored."]
        self.picture.recipe = text_chunk(found.data())
        self.back.setVisible(bool(found.panel))
        return recipe_words.lines(found)

    def hideEvent(self, event: QHideEvent) -> None:
        """An animation rests while nobody looks."""
        super().hideEvent(event)
        self.moving.go(False)

    def showEvent(self, event: QShowEvent) -> None:
        """And goes on."""
        super().showEvent(event)
        self.moving.go(True)

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


def _is_export(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not is_junk(path.name)


def count_of_files(count: int) -> str:
    """ "1 file", "12 files", or nothing."""
    return {0: "", 1: "1 file"}.get(count, f"{count:,} files")
