"""The comparison: the same image cleaned by everyone who can, in one row, with scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from models.core import record
from models.core.denoising import filters
from models.core.disk import places
from models.core.errors import UserError
from studio import theme
from studio.panels.denoise import cleaning
from studio.panels.denoise.cleaning import Entry, Pixels
from studio.widgets.basics import Elided, button, hbox, label, plain, vbox
from studio.widgets.card import Card
from studio.widgets.picture import Picture
from studio.widgets.progress import ProgressRow
from studio.workers import garbage
from studio.workers.services import Services
from studio.workers.worker import Task, Worker

WIDE, HIGH, FOLDED = 131, 232, 60  # px
MOST_MODELS = 12


class Method(QFrame):
    """One of the row: a cut of its image, its name and its scores; a click shows it large."""

    clicked = Signal()

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry
        self.picture = Picture()
        self.picture.set_image(entry.cut())
        self.picture.setMinimumSize(80, 80)
        self.picture.clicked.connect(self.clicked)
        self.picture.setToolTip("Show it large, as the image after")
        self.picture.setAccessibleName(entry.name)
        self.name = Elided(entry.name)
        self.best = label("best", "chip")
        self.best.hide()
        self.scores = label(entry.scores.words() if entry.scores else f"{entry.seconds:.2f} s", "secondary")
        self.scores.setToolTip(plain(f"PSNR and SSIM against the clean image; it took {entry.seconds:.2f} s"))
        head = hbox(self.name, self.best, spacing=theme.GAP_XS)
        head.setStretch(0, 1)
        self.setLayout(vbox(self.picture, head, self.scores, spacing=2))
        self.layout().setStretch(0, 1)  # type: ignore[union-attr]
        self.name.setFixedHeight(24)  # as high as the mark, so that all images are alike
        self.setFixedWidth(WIDE)


class Comparison(Card):
    """Collects the entries as they come; ``chosen`` carries the one whose image was clicked."""

    asked = Signal()
    chosen = Signal(object)  # Entry

    def __init__(self, services: Services) -> None:
        super().__init__("Compare methods", "the same image denoised by filters and other models (centre crop)")
        self.services = services
        self._cannot: set[tuple[Path, tuple[int, ...]]] = set()  # runs that do not clean images of this shape
        self._shape: tuple[int, ...] = ()  # of the image that is cleaned
        self._left: set[str] = set()  # who has not answered yet
        self.start = button("Compare methods")
        self.start.setToolTip("Median, Gaussian and non-local means filters, and every other model that denoises")
        self.start.clicked.connect(self.asked)
        self.tools.addWidget(self.start)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.stop)
        self._inside = QWidget()
        self._row = hbox(None, spacing=theme.GAP_M)
        self._inside.setLayout(self._row)
        self._inside.setProperty("role", "bare")
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._inside)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area = area
        self.body.addWidget(self.progress)
        self.body.addWidget(area, 1)
        self.methods: list[Method] = []
        self.clear()

    def clear(self) -> None:
        """Another image, or other noise: what was scored no longer holds."""
        self.stop()
        for method in self.methods:
            self._row.removeWidget(method)
            method.hide()
            method.deleteLater()
        self.methods = []
        self.start.setText("Compare methods")
        self.area.hide()
        self.setFixedHeight(FOLDED)

    def stop(self) -> None:
        """Let nobody else answer; who has answered stays."""
        for key in self._left:
            self.services.file_worker.cancel(key)
            self.services.inference.cancel(key)
        self._left = set()
        self._end()

    def _end(self) -> None:
        self.progress.end()
        self.start.show()
        self.start.setText("Run again")

    def compare(self, clean: Pixels | None, noisy: Pixels, first: list[Entry], run_id: str) -> None:
        """Begin: ``first`` are there already; filters and other models than ``run_id`` answer one by one."""
        self.clear()
        self.start.hide()
        self.area.show()
        self.setFixedHeight(HIGH)
        self.progress.begin("Denoising")
        for entry in first:
            self.add(entry)
        for name in filters.FILTERS:
            self._ask(self.services.file_worker, name, partial(cleaning.filtered, name, clean, noisy))
        self._shape = noisy.shape
        runs = [*record.list_runs(places.pretrained()), *record.list_runs(places.runs())]
        able = [run for run in runs if run.error is None and run.id != run_id and not self._refuses(run.folder)]
        for run in able[:MOST_MODELS]:
            work = partial(self._model, run.folder, run.title or run.folder.name, clean, noisy)
            self._ask(self.services.inference, str(run.folder), work, run.folder)

    def _refuses(self, folder: Path) -> bool:
        return (folder, self._shape) in self._cannot

    def _ask(self, worker: Worker, name: str, work: Callable[[Task], Entry | None], folder: Path | None = None) -> None:
        key = f"denoise/duel/{name}"
        self._left.add(key)

        def answered(entry: Entry | None) -> None:
            if entry is not None:
                self.add(entry)
            elif folder is not None:
                self._cannot.add((folder, self._shape))
            self._counted(key)

        worker.ask(key, work, answered, lambda error: self._refused(key, error), self.progress.advance, of_model=True)

    def _model(self, folder: Path, title: str, clean: Pixels | None, noisy: Pixels, task: Task) -> Entry | None:
        found = cleaning.other_model(folder, title, clean, noisy, work=task)
        garbage.mark()
        return found

    def _refused(self, key: str, error: UserError) -> None:
        self.set_subtitle(str(error))
        self._counted(key)

    def _counted(self, key: str) -> None:
        self._left.discard(key)
        if not self._left:
            self._end()

    def add(self, entry: Entry) -> None:
        """One more; the best by PSNR is marked."""
        method = Method(entry)
        method.clicked.connect(lambda: self.chosen.emit(entry))
        self._row.insertWidget(len(self.methods), method)
        self.methods.append(method)
        known = {one: one.entry.scores.psnr for one in self.methods if one.entry.scores is not None}
        best = max(known, key=lambda one: known[one], default=None)
        for one in self.methods:
            one.best.setVisible(one is best and len(known) > 1)
