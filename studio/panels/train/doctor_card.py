"""The GAN doctor at the bedside: one sentence on the run, its evidence, and what can be tried with one click."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from models.core.doctor import remedies, rules
from models.core.doctor.remedies import Remedy
from models.core.doctor.rules import Diagnosis
from models.core.errors import UserError
from models.core.record import Run
from studio import theme
from studio.panels.train.evidence_row import EvidenceFigure
from studio.widgets.basics import button, hbox, label, plain, vbox
from studio.widgets.card import Card, Glyph
from studio.widgets.flow_row import FlowRow
from studio.widgets.progress import ProgressRow

LOOKS = {"too early": ("hourglass", "secondary"), "healthy": ("check-circle", "good")}  # icon and colour
ILL = ("warning-circle", "warning")


class DoctorCard(Card):
    """Follows what a run records; hidden where it records nothing that the doctor could read."""

    treated = Signal(object, object)  # Diagnosis, Remedy
    evaluation_asked = Signal()
    evaluation_cancelled = Signal()

    def __init__(self) -> None:
        super().__init__("Doctor")
        self.found: Diagnosis | None = None
        self._rows: list[Mapping[str, Any]] = []
        self._looks: dict[int, Mapping[str, Any]] = {}
        self._shown: Any = None
        self.evaluate = button("Check class coverage", "ghost")
        self.evaluate.setToolTip(
            "The evaluation classifier classifies samples of every checkpoint; it is trained first if needed, in a "
            "minute or two"
        )
        self.evaluate.clicked.connect(self.evaluation_asked)
        self.tools.addWidget(self.evaluate)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.evaluation_cancelled)
        self.sentence, self.tried = label("", "", True), label("", "secondary", True)
        self._head = QWidget()
        self._figures = QWidget()
        self._offers = FlowRow()
        for part in (self._head, self._figures):
            part.setLayout(hbox(spacing=theme.GAP_M))
        self._head.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]
        self.body.addWidget(self._head)
        self.body.addWidget(self._figures, 1)
        self.body.addWidget(self._offers)
        self.body.addWidget(self.progress)
        self._glyph: Glyph | None = None
        words = vbox(self.sentence, self.tried, spacing=theme.GAP_XS)
        self._head.layout().addLayout(words, 1)  # type: ignore[union-attr]
        self.hide()

    # --- following a run ---

    def follow(self) -> None:
        """Another run, or the same one from an earlier step on."""
        self._rows = []
        self._looks = {}
        self._shown = None
        self.found = None
        self.hide()

    def append(self, rows: list[dict[str, Any]]) -> None:
        """What the run recorded since the last call."""
        self._rows += [row for row in rows if rules.suits(row)]

    def show_coverage(self, looks: list[Mapping[str, Any]]) -> None:
        """What the evaluator saw on samples of the checkpoints, by step."""
        self._looks |= {int(look["step"]): look for look in looks}

    def examine(self, run: Run, stats: Mapping[int, Mapping[str, Any]]) -> None:
        """Look at the run again, if it recorded anything new."""
        if not self._rows:
            return
        self._looks |= {step: {"step": step, **row["coverage"]} for step, row in stats.items() if "coverage" in row}
        now = (run.folder, len(self._rows), len(self._looks), run.info.status)
        if now == self._shown:
            return
        self._shown = now
        event = remedies.treatment_event(run)
        begin = int(event["step"] or 0) if event else 0
        looks = [self._looks[step] for step in sorted(self._looks)]
        found = rules.diagnose(self._rows, looks, begin=begin, gave_up="diverged" in run.info.message)
        self._tell(found, event)
        self._offer(run, found)
        unevaluated = not self._looks and run.info.dataset.get("label_names", []) != []
        self.evaluate.setVisible(unevaluated)
        self.set_subtitle("" if unevaluated else f"at step {found.step:,}")  # the narrowest card has no room for both
        self.show()

    # --- showing ---

    def _tell(self, found: Diagnosis, event: Mapping[str, Any] | None) -> None:
        self.found = found
        icon, role = LOOKS.get(found.kind, ILL)
        row = self._head.layout()
        if self._glyph is not None:
            row.removeWidget(self._glyph)  # type: ignore[union-attr]
            self._glyph.deleteLater()
        self._glyph = Glyph(icon, role, 20)
        row.insertWidget(0, self._glyph, 0, Qt.AlignmentFlag.AlignTop)  # type: ignore[union-attr]
        self.sentence.setText(found.sentence)
        self.tried.setVisible(event is not None)
        if event is not None:
            where = "from the beginning" if event["step"] is None else f"from step {event['step']:,}"
            self.tried.setText(f"Tried {where}: {event['remedy']['title']}. Before: {event['found']['sentence']}")
        self.setAccessibleDescription(found.sentence)
        self._empty(self._figures)
        for evidence in found.evidence:
            self._figures.layout().addWidget(EvidenceFigure(evidence, role))  # type: ignore[union-attr]
        self._figures.setVisible(bool(found.evidence))

    def _offer(self, run: Run, found: Diagnosis) -> None:
        self._empty(self._offers)
        offered = remedies.remedies(found, run.info.config)
        try:
            entry = remedies.checkpoint_before(run.checkpoints(), found.since)
        except UserError:
            entry = None  # the panel tells of it when something is tried
        for number, remedy in enumerate(offered):
            made = button(remedy.title, "primary" if number == 0 else "plain")
            anew = remedy.afresh or entry is None
            where = "A new run starts from step 0" if anew else f"A new run goes on from step {entry.step:,}"  # type: ignore[union-attr]
            made.setToolTip(plain(f"{remedy.why}\n{where}; this one stays as it is."))
            made.clicked.connect(partial(self._clicked, found, remedy))
            self._offers.layout().addWidget(made)  # type: ignore[union-attr]
        self._offers.setVisible(bool(offered))

    def _clicked(self, found: Diagnosis, remedy: Remedy, _checked: bool = False) -> None:
        self.treated.emit(found, remedy)

    @staticmethod
    def _empty(holder: QWidget) -> None:
        row = holder.layout()
        while row is not None and (item := row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
