"""The picker of the current model, which all panels follow."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy

from models.core import record
from models.core.disk import places
from models.core.disk.operations import shown
from models.core.errors import UserError
from models.core.record import RunSummary
from studio import theme
from studio.frame.preset_dialog import PresetDialog
from studio.session import ModelInfo
from studio.widgets.basics import Title, heading, label, menu_words, plain, vbox
from studio.widgets.thumbnail import rounded, show_later
from studio.workers.sheets import run_picture
from studio.workers.worker import Worker, made

THUMB = 30  # px
WIDEST = 420  # px; longer names end in an ellipsis


class ModelPicker(QPushButton):
    """A button with image, name and state of the current model; its menu lists every run there is."""

    picked = Signal(object)  # Path
    preset_asked = Signal(str, dict)  # its name or folder; settings that are not the usual ones
    stop_asked = Signal()  # of a download
    unload_asked = Signal()

    def __init__(self, looks: Worker) -> None:
        super().__init__()
        self._looks = looks  # decodes the images
        self._model: ModelInfo | None = None
        self._downloads = False
        self.setProperty("kind", "picker")
        self.setFixedHeight(42)
        self.setMinimumWidth(220)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Current model")
        self._picture, self._title = label(), Title("No model")
        self._state = Title("choose or train one", "secondary", strong=False)
        self._picture.setFixedSize(THUMB, THUMB)
        column = vbox(self._title, self._state, spacing=0)
        self._arrow = arrow = label()
        self._recolour()
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(5, 4, 12, 4)
        row.setSpacing(theme.GAP_S + 2)
        row.addWidget(self._picture)
        row.addLayout(column, 1)
        row.addSpacing(theme.GAP_S)
        row.addWidget(arrow)
        for part in (self._picture, self._title, self._state, arrow):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.clicked.connect(self._open)
        theme.bus().changed.connect(self._recolour)

    def _recolour(self) -> None:
        self._arrow.setPixmap(theme.icon("caret-down", "secondary").pixmap(14, 14))

    def sizeHint(self) -> QSize:
        """As wide as its words, to a limit."""
        return self._row.sizeHint().expandedTo(QSize(220, 42)).boundedTo(QSize(WIDEST, 42))

    def show_model(self, model: ModelInfo | None, state: str = "") -> None:
        """Show the current model; ``state`` says what it is doing."""
        self._model = model
        if model is None:
            self._title.setText("No model")
            self._state.setText(state or "choose or train one")
            self._picture.clear()
        else:
            self._title.setText(model.title)
            origin = f"step {model.step:,}" if model.dataset else "not trained here"
            self._state.setText(state or f"{model.family}, {origin}")
            look, ratio = partial(run_picture, model.folder), self.devicePixelRatioF()
            show = partial(self._show_picture, model, ratio)
            show_later(self._looks, "picker", look, self._picture, show)
        self.updateGeometry()

    @Slot(bool)
    def show_download(self, going: bool) -> None:
        """Whether a preset is being downloaded."""
        self._downloads = going

    def _show_picture(self, model: ModelInfo, ratio: float, found: NDArray[np.uint8] | None) -> None:
        if self._model is model:
            self._picture.setPixmap(rounded(found, THUMB, ratio))

    def _open(self) -> None:
        self._menu.setMinimumWidth(self.width())
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _fill(self) -> None:
        self._menu.clear()
        self._menu.setToolTipsVisible(True)
        for title, folder in (("Pretrained", places.pretrained()), ("My runs", places.runs())):
            runs = [run for run in record.list_runs(folder) if run.error is None]
            if not runs:
                continue
            heading(self._menu, title)
            for run in runs:
                self._menu.addAction(made(partial(self._entry, run), partial(self._damaged, run)))
        if self._menu.isEmpty():
            action = self._menu.addAction("No runs yet: train one")
            action.setEnabled(False)
        heading(self._menu, "Trained by others")
        self._offer_preset()
        if self._model is not None:
            self._menu.addSeparator()
            unload = self._menu.addAction("Unload the current model")
            unload.setToolTip("Frees the memory that it takes; its files stay")
            unload.triggered.connect(self.unload_asked)

    def _offer_preset(self) -> None:
        """One that others trained, by way of a dialog; while one is downloaded, the way out of that."""
        wanted = self._menu.addAction("Stable Diffusion…")
        wanted.setToolTip("Choose a preset; the folder of one can be dropped on the window, too")
        wanted.triggered.connect(self._choose_preset)
        if self._downloads:
            stop = self._menu.addAction("Stop the download")
            stop.setToolTip("It goes on from there next time")
            stop.triggered.connect(self.stop_asked)

    def _choose_preset(self) -> None:
        dialog = PresetDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.preset_asked)
        dialog.open()

    def _entry(self, run: RunSummary) -> QAction:
        folder, title = run.folder, run.title or run.folder.name
        text = menu_words(title if run.status == "finished" else f"{title}  ({run.status})")
        action = QAction(QIcon(rounded(None, 20, 2.0)), text, self._menu)
        look, show = partial(run_picture, folder), lambda found: action.setIcon(QIcon(rounded(found, 20, 2.0)))
        show_later(self._looks, f"picker/{folder}", look, action, show)
        action.setToolTip(plain(shown(folder)))
        action.triggered.connect(lambda: self.picked.emit(folder))
        return action

    def _damaged(self, run: RunSummary, error: UserError) -> QAction:
        """An entry that cannot be chosen and says why."""
        action = QAction(menu_words(f"{run.folder.name}  (damaged)"), self._menu)
        action.setToolTip(plain(str(error)))
        action.setEnabled(False)
        return action
