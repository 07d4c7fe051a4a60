"""Where the Diffusion panel takes images from: the dataset that the model has not learned from, or own files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from models.core.errors import UserError
from models.core.images import decoding
from studio.panels.diffusion.recording import MOST, Pixels
from studio.session import ModelInfo
from studio.workers import codings
from studio.workers.image_files import Taken, fitted, notice_of
from studio.workers.services import Services
from studio.workers.worker import Task


class PictureSource(QObject):
    """``chosen`` brings images of the model's size, uint8 (n, height, width, channels); the newest wish wins.

    Args:
        key: of its questions.
        count: images of the dataset at a time.
    """

    chosen = Signal(object)

    def __init__(self, services: Services, key: str, count: int, show_error: Callable[[UserError], None]) -> None:
        super().__init__()
        self.services = services
        self._key = key
        self._count = count
        self._show_error = show_error
        self._info: ModelInfo | None = None
        self._seed = -1

    def show_model(self, info: ModelInfo | None) -> None:
        """Another model, perhaps of other sizes; None: none."""
        self.services.file_worker.cancel(self._key)
        self._info, self._seed = info, -1

    def another(self) -> None:
        """The next images of the dataset."""
        info = self._info
        if info is None:
            return
        self._seed += 1
        seed, file_worker = self._seed, self.services.file_worker

        def draw(task: Task) -> Pixels:
            return codings.unseen(info, seed, self._count, task)

        file_worker.ask(self._key, draw, self.chosen.emit, self._show_error, of_model=True)

    def take(self, paths: Sequence[str]) -> bool:
        """Own files, brought to the model's size; False without a model."""
        info = self._info
        if info is None:
            return False
        files, shape = [Path(path) for path in paths[:MOST]], info.image_shape

        def read(task: Task) -> tuple[list[Taken], list[UserError]]:
            found, bad = [], []
            for path in files:
                try:
                    found.append(fitted(path, shape))
                except UserError as error:
                    bad.append(error)
            return found, bad

        self.services.file_worker.ask(self._key, read, self._read, self._show_error, of_model=True)
        return True

    def _read(self, answer: tuple[list[Taken], list[UserError]]) -> None:
        found, bad = answer
        if notice := notice_of(found):
            self.services.session.notice(notice)
        if found:
            self.chosen.emit(np.stack([one.picture for one in found]))
        if bad:
            self._show_error(bad[0])

    def choose(self, parent: QWidget) -> None:
        """Ask for files."""
        kinds = " ".join(f"*{suffix}" for suffix in sorted(decoding.IMAGE_SUFFIXES))
        paths, _ = QFileDialog.getOpenFileNames(parent, "Images", "", f"Images ({kinds})")
        if paths:
            self.take(paths)
