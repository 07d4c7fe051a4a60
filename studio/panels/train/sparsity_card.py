"""Sparsity of a run, live: how active the units are, and two sliders that change the penalty while it trains."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout

from models.core.evaluation import metrics
from studio import theme
from studio.panels.train.sparsity_chart import HeatMap, Histogram
from studio.widgets.basics import hbox, label, vbox
from studio.widgets.card import Card
from studio.widgets.sliders import LabelledSlider

NARROW = 360  # px of the card
LOW, HIGH, A_DECADE = -5, 1, 20  # powers of ten that the weight's slider spans, and its steps in each


def weight_at(position: int) -> float:
    """The weight at a position of the slider; 0 at its left end."""
    return 0.0 if position <= 0 else float(10.0 ** (LOW + position / A_DECADE))


def position_of(weight: float) -> int:
    """Where a weight lies on the slider."""
    if weight <= 0:
        return 0
    return min(max(1, round((math.log10(weight) - LOW) * A_DECADE)), (HIGH - LOW) * A_DECADE)


class SparsityCard(Card):
    """Shows what a run recorded of its sparsity; ``changed`` carries weight and target when a slider is let go."""

    changed = Signal(float, float)

    def __init__(self) -> None:
        super().__init__("Sparsity")
        self.histogram, self.heat = Histogram(), HeatMap()
        self.weight = LabelledSlider(0, (HIGH - LOW) * A_DECADE, lambda position: f"{weight_at(position):.2g}")
        self.target = LabelledSlider(1, 50, lambda value: f"{value / 100:.2f}")
        self.weight.track.setAccessibleName("Weight of the penalty")
        self.target.track.setAccessibleName("Target of the mean activation")
        self.measures = label("", "secondary", wrap=True)
        self.measures.setToolTip("Hoyer's sparseness: 0 if all units are equally active, 1 if one alone is")
        self._given: tuple[float, float] = (0.0, 0.0)
        for slider in (self.weight, self.target):
            slider.figures.setFixedWidth(62)
            slider.committed.connect(self._let_go)
        names = [label(text, "secondary") for text in ("Weight", "Target")]
        charts = hbox(self.histogram, self.heat, spacing=theme.GAP_M)
        charts.setStretch(0, 1)
        charts.setStretch(1, 1)
        pairs = [hbox(*pair) for pair in zip(names, (self.weight, self.target), strict=True)]
        for pair in pairs:
            pair.setStretch(1, 1)
        self._sliders = sliders = hbox(*pairs)
        self.body.addLayout(vbox(charts), 1)
        self.body.addWidget(self.measures)
        self.body.addLayout(sliders)
        self.live(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the sliders stand beneath each other."""
        super().resizeEvent(event)
        direction = QBoxLayout.Direction
        self._sliders.setDirection(direction.LeftToRight if self.width() >= NARROW else direction.TopToBottom)

    def live(self, on: bool) -> None:
        """Whether the run is being trained, so that the sliders have somebody to speak to."""
        for slider in (self.weight, self.target):
            slider.setEnabled(on)
            slider.setToolTip("" if on else "Can be moved while the run trains")

    def show_stats(self, means: list[float], sparsity: dict[str, Any]) -> None:
        """Show what was recorded at one step; a slider that is held stays where it is."""
        weight, target = float(sparsity["weight"]), float(sparsity["target"])
        self.histogram.set_means(means, target)
        self.heat.set_values(sparsity["activations"])
        if (weight, target) != self._given:
            self._given = (weight, target)
            self.weight.set_value(position_of(weight))
            self.target.set_value(round(100 * target))
        mean = sum(means) / max(len(means), 1)
        found = sparsity if "hoyer" in sparsity else metrics.sparseness(np.asarray(sparsity["activations"], np.float64))
        self.set_subtitle(f"mean activation {mean:.3f}, target {target:.2f}, {len(means)} units")
        self.measures.setText(
            f"Hoyer {found['hoyer']:.2f}  ·  {found['share_active']:.0%} of units above {metrics.ACTIVE}, "
            f"{found['share_quiet']:.0%} below {metrics.QUIET} in an image"
        )

    def _let_go(self) -> None:
        weight, target = weight_at(self.weight.value()), self.target.value() / 100
        kept_weight, kept_target = self._given
        if self.weight.value() == position_of(kept_weight):
            weight = kept_weight  # the slider's steps do not round what nobody moved
        if self.target.value() == round(100 * kept_target):
            target = kept_target
        if (weight, target) != self._given:
            self._given = (weight, target)
            self.set_subtitle(f"asked for weight {weight:.2g} and target {target:.2f}")
            self.changed.emit(weight, target)
