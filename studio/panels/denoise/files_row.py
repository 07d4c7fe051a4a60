"""Several files that were dropped together: choose one to look at, or clean all of them into a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QWidget

from models.core.errors import UserError
from models.core.images import decoding
from studio.panels.denoise import cleaning
from studio.panels.denoise.cleaning import Folder
from studio.panels.denoise.photo_tools import BackgroundRow, SavingRow
from studio.widgets.basics import QuietCombo, button, hbox, label, vbox
from studio.widgets.progress import ProgressRow
from studio.workers.recipes import recipe_of
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "denoise/all"


class FilesRow(QWidget):
    """Hidden while there are fewer than two files."""

    chosen = Signal(object)  # Path

    def __init__(self, services: Services, show_error: Callable[[UserError], None], background: BackgroundRow) -> None:
        super().__init__()
        self.services = services
        self._show_error = show_error
        self._background = background
        self.files: list[tuple[Path, Path]] = []
        self._agreed = False
        self.names = QuietCombo()
        self.names.setAccessibleName("Which of the images")
        self.names.setMinimumContentsLength(18)
        self.names.setSizeAdjustPolicy(QuietCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.names.activated.connect(lambda index: self.chosen.emit(self.files[index][0]))
        self.all = button("Denoise all")
        self.all.setToolTip("Denoise every image into a folder that you choose")
        self.all.clicked.connect(self._ask_first)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(lambda: self.stop("Cancelled. Finished images were kept."))
        self.words = label("", "secondary", wrap=True)
        self.bad = QPlainTextEdit()
        self.bad.setReadOnly(True)
        self.bad.setMaximumHeight(72)
        self.bad.setAccessibleName("Files that were left out")
        self.saving = SavingRow()
        row = hbox(self.names, self.saving, self.all)
        row.setStretch(0, 1)
        self.setLayout(vbox(row, self.progress, self.words, self.bad))
        self.set_files([])

    def set_files(self, files: list[tuple[Path, Path]]) -> None:
        """(file, its name beneath what was dropped)."""
        self.files = files
        self.names.clear()
        self.names.addItems([str(name) for _, name in files])
        self._agreed = False
        self.all.setText(f"Denoise all {len(files):,}")
        self.setVisible(len(files) > 1)
        self.words.hide()
        self.bad.hide()

    def _ask_first(self) -> None:
        """Say what the model does to size and colour before it does it, and wait for a second click."""
        if self._agreed:
            return self._choose()
        path = self.files[0][0]

        def effect(model: Any, task: Task) -> str:
            return str(model.effect(decoding.decode(path).shape))

        self.services.inference.question(f"{KEY}/effect", effect, self._told, lambda error: self._choose())

    def _told(self, effect: str) -> None:
        self._agreed = True
        if not effect:
            return self._choose()
        self.words.setText(effect)
        self.words.show()
        self.all.setText(f"Go on with all {len(self.files):,}")

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the denoised images")
        if folder:
            self.clean_all(Path(folder))

    def clean_all(self, out: Path) -> None:
        """Clean every file with the current model into a folder."""
        info = self.services.session.model
        if info is None:
            return
        self.all.setEnabled(False)
        self.words.hide()
        self.bad.hide()
        self.progress.begin("Denoising")
        recipe = recipe_of(info, "denoise", made="denoise all")  # each file's name is added
        files, inference = self.files, self.services.inference
        saving, ground = self.saving.saving(), self._background.colour

        def work(model: Any, task: Task) -> Folder:
            return cleaning.clean_files(model, files, out, recipe, work=task, saving=saving, ground=ground)

        inference.question(KEY, work, self._show, self._failed, self.progress.advance)

    def stop(self, words: str) -> None:
        """Leave the rest undone; say so."""
        self.services.inference.cancel(KEY)
        self._end(words)

    def _end(self, words: str, bad: tuple[str, ...] = ()) -> None:
        self.all.setEnabled(True)
        self.progress.end()
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.bad.setPlainText("\n".join(bad))
        self.bad.setVisible(bool(bad))

    def _failed(self, error: UserError) -> None:
        self._end("")
        self._show_error(error)

    def _show(self, found: Folder) -> None:
        images = "image" if found.written == 1 else "images"
        text = f"{found.written:,} {images} written to {found.out}"
        if found.transparent:
            text += f"; {found.transparent:,} with transparent parts, put on {QColor(*self._background.colour).name()}"
        if found.bad:
            text += f"; {len(found.bad):,} left out:"
        self._end(text, found.bad)
