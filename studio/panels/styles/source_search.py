"""Finds sources for images from elsewhere: files and the dataset, searched for in W or W+ with progress."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject

from models.core.errors import UserError
from models.core.styles.table import Source
from studio.panels.styles import tasks
from studio.session import ModelInfo
from studio.widgets.progress import ProgressRow
from studio.workers import codings
from studio.workers.image_files import Taken, notice_of, take
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "styles/search"
Then = Callable[[list[Source]], None]


class SourceController(QObject):
    """One search at a time: a new one takes the place of the old one; what comes for another model is dropped."""

    def __init__(self, services: Services, progress: ProgressRow, show_error: Callable[[UserError], None]) -> None:
        super().__init__()
        self.services = services
        self.progress = progress
        self._show_error = show_error
        self._info: ModelInfo | None = None
        self._seeds = itertools.count(1)  # of images of the dataset
        self.progress.cancelled.connect(self.cancel)

    def show_model(self, info: ModelInfo) -> None:
        """Another model, or other weights: what is searched for is of no use any more."""
        self.cancel()
        self._info = info

    def cancel(self) -> None:
        """Stop what is being done."""
        self.services.file_worker.cancel(KEY)
        self.services.inference.cancel(KEY)
        self.progress.end()

    def files(self, paths: Sequence[str], plus: bool, then: Then) -> None:
        """Read files and find their styles; files that cannot be read are named."""
        info = self._info
        if info is None:
            return
        self.cancel()
        self.progress.begin("Reading images")

        def read(answer: tuple[list[Taken], list[UserError]]) -> None:
            taken, bad = answer
            if bad:
                self._show_error(bad[0])
            if notice := notice_of(taken):
                self.services.session.notice(notice)
            if taken:
                self._search(taken, plus, then)
            else:
                self.progress.end()

        self.services.file_worker.ask(KEY, lambda task: take(info, paths), read, self._failed, of_model=True)

    def dataset(self, plus: bool, then: Then) -> None:
        """Draw an image of the dataset that the model has not learned from, and find its styles."""
        info = self._info
        seed = next(self._seeds)
        file_worker = self.services.file_worker
        if info is None:
            return
        self.cancel()
        self.progress.begin("Loading the dataset")

        def draw(task: Task) -> list[Taken]:
            pictures = codings.unseen(info, seed, 1, task)
            return [Taken(picture) for picture in pictures]

        def drawn(taken: list[Taken]) -> None:
            self._search(taken, plus, then)

        file_worker.ask(KEY, draw, drawn, self._failed, self.progress.advance, of_model=True)

    def _search(self, taken: Sequence[Taken], plus: bool, then: Then) -> None:
        inference = self.services.inference
        self.progress.begin("Searching for styles")

        def work(model: Any, task: Task) -> list[Source]:
            return tasks.search(model, taken, plus=plus, work=task)

        def found(sources: list[Source]) -> None:
            self.progress.end()
            then(sources)

        inference.question(KEY, work, found, self._failed, self.progress.advance)

    def _failed(self, error: UserError) -> None:
        self.progress.end()
        self._show_error(error)
