"""What a run folder has to tell: curves, codings, samples and reconstructions through time. Live and replay are one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from models.core.curves import CurveGroup
from models.core.errors import UserError
from models.core.record import Run, sealed
from studio import theme
from studio.panels.train.codings_chart import CodingsChart
from studio.panels.train.curves.curves import Curves
from studio.panels.train.doctor_card import DoctorCard
from studio.panels.train.sparsity_card import SparsityCard
from studio.widgets.basics import Elided
from studio.widgets.card import Card, EmptyState, button, hbox, icon_button, label, vbox
from studio.widgets.grid import PictureGrid
from studio.widgets.sliders import LabelledSlider
from studio.workers.sheets import laid_out, run_sheet
from studio.workers.worker import Worker

Pixels = NDArray[np.uint8]  # (n, height, width, channels)
Laid = tuple[Pixels, int]  # and how many lie side by side
PAIRS = 4  # originals and reconstructions that have room beside the samples
PICTURES_WIDE, PICTURES_NARROW = 412, 268  # px
PAIR_WORDS = "originals above"


class RunView(QWidget):
    """Follows one run folder; ``failed`` carries what could not be read.

    Args:
        looks: the worker that decodes its images.
    """

    failed = Signal(object)

    def __init__(self, looks: Worker) -> None:
        super().__init__()
        self.looks = looks
        self.folder: Path | None = None
        self._run: Run | None = None
        self._offset, self._last_step = 0, -1
        self._steps: list[int] = []
        self._stats: dict[int, Any] = {}
        self._names: set[str] = set()
        self._declared: dict[str, tuple[CurveGroup, ...]] = {}
        self.sparsity, self.doctor = SparsityCard(), DoctorCard()
        self._make_curves()
        self._make_codings()
        self._make_pictures()
        left = vbox(self.curves_card, self.codings_card, self.sparsity, self.doctor, spacing=theme.GAP_M)
        for index, share in enumerate((3, 2, 2, 2)):
            left.setStretch(index, share)
        row = hbox(left, self.pictures_card, spacing=theme.GAP_M)
        row.setStretch(0, 3)
        row.setStretch(1, 2)
        self.setLayout(row)
        self._timer = QTimer(self)
        self._timer.setInterval(1_000)
        self._timer.timeout.connect(self.look)

    def _make_curves(self) -> None:
        self.curves_card = Card("Curves")
        self.curves = Curves()
        self.curves.picked.connect(self.travel_to)
        export = icon_button("download-simple", "Save the curves as CSV")
        export.clicked.connect(self._save_csv)
        self.curves_card.tools.addWidget(export)
        self.no_curves = EmptyState("chart-line-up", "Curves appear here once training starts.")
        self.curves_card.body.addWidget(self.curves, 1)
        self.curves_card.body.addWidget(self.no_curves, 1)

    def _make_codings(self) -> None:
        self.codings_card = Card("Codings", "mean and std of each unit over 512 images")
        self.codings = CodingsChart()
        self.codings_card.body.addWidget(self.codings, 1)
        self.codings_card.hide()

    def _make_pictures(self) -> None:
        self.pictures_card = Card("Samples through time", "always the same codings")
        self.pictures_card.setMinimumWidth(PICTURES_WIDE)
        self.samples = PictureGrid(cell=56, max_size=240, columns=4)
        self.time = LabelledSlider(0, 0, self._step_words)
        self.time.changed.connect(lambda index: self._show_step())
        self.newest = button("Newest", "ghost")
        self.newest.clicked.connect(lambda: self._go(len(self._steps) - 1))
        self.reconstructions = PictureGrid(cell=56, max_size=240, columns=PAIRS)
        self.reconstructions_title = QWidget()
        self.reconstructions_title.setLayout(hbox(label("Reconstructions", "title"), Elided(PAIR_WORDS)))
        self.waiting = EmptyState("image-square", "The first images appear when training starts.")
        body = self.pictures_card.body
        body.addWidget(self.waiting, 1)
        body.addWidget(self.samples, 2)
        body.addLayout(hbox(self.time, self.newest))
        body.addWidget(self.reconstructions_title)
        body.addWidget(self.reconstructions, 1)
        self._show_step()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the images leave the curves their half."""
        super().resizeEvent(event)
        self.pictures_card.setMinimumWidth(PICTURES_WIDE if self.width() >= 2 * PICTURES_WIDE - 80 else PICTURES_NARROW)

    # --- following a run ---

    def show_run(self, folder: Path | None) -> None:
        """Follow another run, from its beginning."""
        self.folder = folder
        self._run = None
        self._steps, self._stats = [], {}
        self._names = set()
        self._from_the_beginning()
        self.curves.set_groups([])
        self.curves_card.set_subtitle("")
        self.look()
        self._go(len(self._steps) - 1)

    def _from_the_beginning(self) -> None:
        """Forget the rows of the record: all of it is read next."""
        self._offset, self._last_step = 0, -1
        self.curves.set_rows([])
        self.doctor.follow()

    def live(self, on: bool) -> None:
        """Look for new images by itself while the run is trained; curves grow with ``grow``."""
        self.sparsity.live(on)
        if on:
            self._timer.start()
        else:
            self._timer.stop()
            self.look()

    def grow(self) -> None:
        """Read what was added to the curves: a piece of some megabytes while the run trains, else all of it."""
        while self._grow_once() and not self._timer.isActive():
            pass

    def _grow_once(self) -> bool:
        """Read a piece; whether there may be more."""
        if self.folder is None or not sealed.exists(self.folder / "run.json"):
            return False
        try:
            run = self._run = self._run or Run.open(self.folder)  # ten times a second: opened once
            rows, end = run.metrics_from(self._offset)
            if rows and rows[0]["step"] <= self._last_step:  # it was resumed further back
                self._from_the_beginning()
                rows, end = run.metrics_from(0)
        except UserError as error:
            self.failed.emit(error)
            return False
        more = end > self._offset
        self._offset = end
        if rows:
            self._append(rows)
        return more

    def _append(self, rows: list[dict[str, Any]]) -> None:
        """Show rows that were added to the record."""
        self._last_step = rows[-1]["step"]
        self.curves.show()
        self.no_curves.hide()
        self.doctor.append(rows)
        if "mean_activation" in rows[-1]:
            rows = [{**row, **self._target(row["step"])} for row in rows]
        self.curves.append_rows([{k: v for k, v in row.items() if k not in ("epoch", "seconds")} for row in rows])
        names = {name for row in rows for name in row} - {"step", "epoch", "seconds"} - self._names
        if names:
            self._names |= names
            self._group()
        self.curves_card.set_subtitle(f"epoch {rows[-1].get('epoch', 0)}, step {rows[-1]['step']:,}")

    def set_groups(self, declared: Mapping[str, tuple[CurveGroup, ...]]) -> None:
        """What each family (by the key that runs name) says of its metrics: which of them are read together."""
        self._declared = {key: groups for key, groups in declared.items() if groups}
        self._group()

    def _group(self) -> None:
        """Tabs: as the family says; else for what would not sort well by itself: decibels."""
        declared = self._declared.get(self._run.info.family, ()) if self._run is not None else ()
        bases = sorted({name.removeprefix("val_") for name in self._names}, key=lambda n: (n != "loss", n))
        if declared:
            self.curves.set_groups(declared, whole=False)
        elif "psnr" in bases:  # beside decibels a loss looks flat
            self.curves.set_groups([CurveGroup(base, (base,)) for base in bases], "loss")

    def _target(self, step: int) -> dict[str, float]:
        """The mean activation that was wanted at a step, as far as the statistics tell: the line to compare with."""
        known = [there for there, row in self._stats.items() if there <= step and "sparsity" in row]
        return {"target": float(self._stats[max(known)]["sparsity"]["target"])} if known else {}

    def look(self) -> None:
        """Read what is new of the run: curves, statistics and images."""
        if self.folder is not None:
            self._read(self.folder)
        self.curves.setVisible(self._last_step >= 0)
        self.no_curves.setVisible(self._last_step < 0)

    def _read(self, folder: Path) -> None:
        """The statistics first: the curves are compared with them."""
        try:
            run = Run.open(folder)
            steps = sorted({step for kind in ("samples", "reconstructions") for step, _ in run.samples(kind)})
            if steps != self._steps or self._last_step < 0:
                self._stats = {int(row["step"]): row for row in run.stats()}
            self.grow()
            self.doctor.examine(run, self._stats)
        except UserError as error:
            self.grow()  # what can be read is shown all the same
            self.failed.emit(error)
            return
        if steps != self._steps:
            newest = self.time.value() >= len(self._steps) - 1
            self._steps = steps
            self.time.set_range(0, max(0, len(steps) - 1))
            self._go(len(steps) - 1 if newest else self.time.value())

    def _step_words(self, index: int) -> str:
        return f"step {self._steps[index]:,}" if 0 <= index < len(self._steps) else "step 0"

    def _go(self, index: int) -> None:
        self.time.set_value(max(0, index))
        self._show_step()

    def travel_to(self, step: int) -> None:
        """Go to the images nearest to a step."""
        if self._steps:
            self._go(int(np.argmin([abs(there - step) for there in self._steps])))

    def _show_step(self) -> None:
        there = bool(self._steps)
        self.waiting.setVisible(not there)
        for widget in (self.samples, self.reconstructions, self.reconstructions_title):
            widget.setVisible(there)
        if not there or self.folder is None:
            self.curves.set_cursor(None)
            self.codings_card.hide()
            self.sparsity.hide()
            return
        index = min(self.time.value(), len(self._steps) - 1)
        step = self._steps[index]
        self._show_sheets(self.folder, step)
        self.curves.set_cursor(None if index == len(self._steps) - 1 else step)
        self._show_stats(step)

    def _show_stats(self, step: int) -> None:
        """The statistics of the codings, as they were at a step."""
        known = [there for there in self._stats if there <= step]
        row = self._stats[max(known)] if known else {}
        stats, sparsity = row.get("codings"), row.get("sparsity")
        self.codings_card.setVisible(stats is not None and sparsity is None)
        self.sparsity.setVisible(stats is not None and sparsity is not None)
        if stats is not None and sparsity is not None:  # its units are many, and their means say more than spreads
            self.sparsity.show_stats(stats["mean"], sparsity)
        elif stats is not None:
            self.codings.set_stats(stats["mean"], stats["std"])

    def _show_sheets(self, folder: Path, step: int) -> None:
        """Ask for the images of a step; the newest step that was asked for is shown."""
        then = partial(self._sheets_came, folder)
        self.looks.ask(f"run/{id(self)}", lambda task: _sheets(folder, step), then, self.failed.emit)

    def _sheets_came(self, folder: Path, found: tuple[Laid | None, Pixels | None]) -> None:
        if folder != self.folder or not self._steps:
            return
        sheet, pairs = found
        self.samples.setVisible(sheet is not None)
        if sheet is not None:
            self.samples.set_columns(sheet[1])
            self.samples.set_images(sheet[0])
        self.reconstructions.setVisible(pairs is not None)
        self.reconstructions_title.setVisible(pairs is not None)
        if pairs is not None:
            half = len(pairs) // 2
            shown = min(half, PAIRS)
            self.reconstructions.set_columns(shown)
            self.reconstructions.set_images(np.concatenate([pairs[:shown], pairs[half : half + shown]]))

    def _save_csv(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the curves", "curves.csv", "CSV (*.csv)")
        if path:
            try:
                self.curves.to_csv(path)
            except UserError as error:
                self.failed.emit(error)


def _sheets(folder: Path, step: int) -> tuple[Laid | None, Pixels | None]:
    """The samples of a step, and its reconstructions; None where it has none."""
    return laid_out(folder, "samples", step), run_sheet(folder, "reconstructions", step)
