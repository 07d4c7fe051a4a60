"""Transfer: what an encoder that never saw a label is worth to a classifier that sees few of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QWidget

from models.core.capabilities import Encodes
from models.core.errors import UserError
from models.core.family import About
from studio import theme
from studio.panels.base import Panel
from studio.panels.transfer import comparison
from studio.panels.transfer.comparison import PRETRAINED, SCRATCH, gain_words
from studio.panels.transfer.confusion_matrix import Confusion
from studio.panels.transfer.spread_chart import SpreadChart
from studio.session import ModelInfo
from studio.widgets.basics import QuietSpin, hbox, label, plain, vbox
from studio.widgets.card import Card, EmptyState, Foldout, Segmented, button
from studio.widgets.exporting import Exporter
from studio.widgets.progress import ProgressRow
from studio.widgets.undo import Move
from studio.workers import garbage
from studio.workers.recipes import Prepared, recipe_of
from studio.workers.worker import Task

KEY = "transfer"
NAMES = {PRETRAINED: "pretrained", SCRATCH: "from scratch"}
FIELDS = (  # name, words, default, least, most, help
    ("labels", "Labels", 500, 20, 100_000, "Labelled images that each classifier gets"),
    ("seeds", "Seeds", 3, 1, 20, "Repetitions with other labels and weights"),
    ("epochs", "Epochs", 60, 1, 1_000, "Passes over the labelled images"),
    ("frozen_epochs", "Frozen epochs", 20, 0, 1_000, "First epochs, in which the reused layers are frozen"),
    ("layers", "Layers reused", 0, 0, 100, "From the image on, of those that have weights; 0 for all"),
)

_ABOUT = About(
    text=(
        "Labels are expensive, images are cheap. The encoder was trained on all images without labels; here it gets a "
        "last layer and a few labels, first frozen, then with all layers learning. The same network with random "
        "weights gets the same labels: the difference is what pretraining gained."
    ),
    equation="gain = accuracy(pretrained) − accuracy(from scratch)",
    paper="Bengio et al., Greedy Layer-Wise Training of Deep Networks, 2006",
)


class Transfer(Panel):
    """A small form at the left; the gain, the curves of both arms and what they mix up at the right."""

    TITLE = "Transfer"
    ICON = "graduation-cap"
    NEEDS = Encodes
    PURPOSE = "Here an encoder helps a classifier that sees few labels. It needs an autoencoder of labelled images."
    OFFERS = "sparse-fashion"

    def build(self, content: QWidget) -> None:
        """The form, the curves, the matrix."""
        self.found: dict[str, Any] | None = None
        self._recipe: dict[str, Any] = {}
        self.exporter = Exporter(self.services, self.show_error)
        self._make_form()
        self._make_results()
        right = vbox(self.gain_card, hbox(self.curves_card, self.confusion_card, spacing=12), spacing=12)
        right.setStretch(1, 1)
        row = hbox(self.form, right, spacing=12)
        row.setStretch(1, 1)
        content.setLayout(row)
        self._show_nothing()

    def _make_form(self) -> None:
        self.form = Card("Comparison")
        self.form.setFixedWidth(280)
        self.spins: dict[str, QuietSpin] = {}
        grid = QGridLayout()
        grid.setVerticalSpacing(theme.GAP_S)
        for row, (name, words, default, least, most, help_text) in enumerate(FIELDS):
            spin = self.spins[name] = QuietSpin()
            spin.setRange(least, most)
            spin.setValue(default)
            spin.setToolTip(plain(help_text))
            spin.setAccessibleName(words)
            grid.addWidget(label(words, "secondary"), row, 0)
            grid.addWidget(spin, row, 1)
        grid.setColumnStretch(1, 1)
        self.start = button("Start", "primary", "play")
        self.start.clicked.connect(self.begin)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.cancel)
        self.form.body.addLayout(grid)
        self.form.body.addLayout(hbox(self.start, None))
        self.form.body.addWidget(self.progress)
        self.form.body.addStretch(1)
        self.form.body.addWidget(Foldout("What am I looking at?", _ABOUT, opened=True))

    def _make_results(self) -> None:
        self.gain_card = Card("Gain")
        save = button("Save")
        save.setToolTip("Curves, accuracies and confusion matrices of all seeds, as JSON")
        save.clicked.connect(self._save)
        self.gain_card.tools.addWidget(save)
        self.gain = label("", "page")
        self.gain.setFont(theme.mono(theme.LARGE))
        self.words = label("", "secondary", wrap=True)
        row = hbox(self.gain, self.words, spacing=theme.GAP_L)
        row.setStretch(1, 1)
        self.gain_card.body.addLayout(row)
        self.curves_card = Card("Accuracy while learning", "mean of the seeds, band from worst to best")
        self.chart = SpreadChart()
        self.waiting = EmptyState("graduation-cap", "The curves of both classifiers appear here.", "Start")
        self.waiting.asked.connect(self.begin)
        self.curves_card.body.addWidget(self.chart, 1)
        self.curves_card.body.addWidget(self.waiting, 1)
        self.confusion_card = Card("Confusion matrix", "test images, all seeds")
        self.arm = Segmented(list(NAMES.values()))
        self.arm.chosen.connect(lambda index: self._show_confusion())
        self.confusion_card.tools.addWidget(self.arm)
        self.confusion = Confusion()
        self.confusion_card.body.addWidget(self.confusion, 1)

    def _show_nothing(self) -> None:
        self.found = None
        for widget in (self.gain_card, self.chart, self.confusion_card):
            widget.hide()
        self.waiting.show()

    @classmethod
    def suits(cls, model: ModelInfo) -> bool:
        """An encoder, and labels to learn from."""
        return model.can(Encodes) and len(model.label_names) > 1

    def model_changed(self) -> None:
        """Another encoder: what was found holds for the other one."""
        self._info = self.session.model
        self.cancel()
        self._show_nothing()
        if self._info is not None:
            self.form.set_subtitle(f"on {self._info.dataset}")

    def weights_changed(self) -> None:
        """The results say which step they are of; they stay."""
        self._info = self.session.model

    # --- the work ---

    def begin(self) -> None:
        """Train all classifiers in the worker of long work."""
        info = self._info
        if info is None:
            return
        self.error.hide()
        values = {name: spin.value() for name, spin in self.spins.items()}
        values["frozen_epochs"] = min(values["frozen_epochs"], values["epochs"])
        self._recipe = recipe_of(info, "transfer", made="results", dataset=info.dataset, **values)
        long_worker = self.services.long_worker

        def work(task: Task) -> dict[str, Any]:
            try:
                return comparison.compare(info.folder, values, task)
            finally:
                garbage.mark()

        self._run(True)
        long_worker.ask(KEY, work, self._compared, self._failed, self.progress.advance, of_model=True)

    def _run(self, on: bool) -> None:
        self.start.setEnabled(not on)
        if self.waiting.button is not None:
            self.waiting.button.setEnabled(not on)
        if on:
            self.progress.begin("Preparing")
        else:
            self.progress.end()

    def cancel(self) -> None:
        """Stop after the batch that is being learned; nothing of it is kept."""
        self.services.long_worker.cancel(KEY)
        self._run(False)

    def _failed(self, error: UserError) -> None:
        self._run(False)
        self.show_error(error)

    @Slot(object)
    def _compared(self, found: dict[str, Any]) -> None:
        self._run(False)
        self.found = found
        means = {arm: found["accuracy"][arm]["mean"] for arm in NAMES}
        self.gain.setText(f"{found['gain_points']:+.1f} points")
        seeds = len(found["accuracy"][PRETRAINED]["seeds"])
        self.words.setText(
            f"Pretrained {means[PRETRAINED]:.1%}, from scratch {means[SCRATCH]:.1%} of the test images right with "
            f"{found['labels']:,} labels; mean of {seeds} {'seed' if seeds == 1 else 'seeds'}."
        )
        groups = {
            words: [one["curves"]["val_accuracy"] for one in found["arms"] if one["arm"] == arm]
            for arm, words in NAMES.items()
        }
        frozen = int(found["frozen_epochs"])
        epochs = max(len(curve) for curves in groups.values() for curve in curves)
        self.chart.set_groups(groups, (frozen, "all layers learn") if 0 < frozen < epochs else None)
        self._show_confusion()
        self.waiting.hide()
        for widget in (self.gain_card, self.chart, self.confusion_card):
            widget.show()
        self.session.done.emit(gain_words(found["gain_points"]))

    def _show_confusion(self) -> None:
        if self.found is None:
            return
        arm = list(NAMES)[self.arm.index()]
        counts = np.sum([one["confusion"] for one in self.found["arms"] if one["arm"] == arm], axis=0)
        self.confusion.set_counts(counts, self.found["label_names"])

    def _save(self) -> None:
        if self.found is not None:
            self.exporter.results(self.found, self._recipe)

    # --- recipes ---

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """The numbers of the form."""
        limits = {name: (least, most) for name, _, _, least, most, _ in FIELDS}
        return Prepared(
            comparison.form_in(values, limits), ("Press Start to compare again: it gives the same figures.",)
        )

    def bring_back(self, state: dict[str, int]) -> None:
        """The form; what was found stays in the file."""
        before = {name: spin.value() for name, spin in self.spins.items()}
        self.session.undo.push(Move(self._place, before, {**before, **state}, self.come_forward))

    def _place(self, values: dict[str, int]) -> None:
        for name, value in values.items():
            self.spins[name].setValue(value)
