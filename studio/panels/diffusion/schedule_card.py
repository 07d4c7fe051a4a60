"""The card beside the Forward page: which image, the schedule to bend, and what is left of the signal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from models.core.family import About
from studio.panels.diffusion.schedule_chart import Points, ScheduleChart, words_of
from studio.panels.diffusion.signal_chart import decibels
from studio.widgets.basics import plain
from studio.widgets.card import Card, Foldout, button, hbox, label, rule

ABOUT = About(
    text=(
        "Training shows the model images at any noise level. The schedule says how much of the image is left at each "
        "time step; where its curve falls quickly the image vanishes quickly. A good schedule spends its steps evenly "
        "between all signal and none, so bend the curve and see where the image goes."
    ),
    equation="q(xₜ | x₀) = N(√ᾱₜ x₀, (1−ᾱₜ) I)",
    paper="Nichol and Dhariwal, Improved Denoising Diffusion Probabilistic Models, 2021, arXiv:2102.09672",
)
BEND = "Drag a point to bend the curve. A double-click adds one or takes it away."


class ScheduleCard(Card):
    """Emits what is asked for; the page holds images and points."""

    another_asked = Signal()
    own_asked = Signal()
    reset_asked = Signal()
    train_asked = Signal()

    def __init__(self) -> None:
        super().__init__("Image and schedule")
        self.another, self.own = button("Other images"), button("Open an image")
        self.another.setToolTip("Images of the dataset that the model was not trained on")
        self.own.setToolTip("Your own; you can also drop it")
        self.another.clicked.connect(self.another_asked)
        self.own.clicked.connect(self.own_asked)
        self.chart = ScheduleChart()
        self.words = label("", "secondary", wrap=True)
        self.figures = {name: label("", "") for name in ("alpha_bar", "Signal to noise", "Half is gone at")}
        self.hint = label(BEND, "secondary", wrap=True)
        self.reset, self.train = button("The model's own"), button("Train with it")
        self.reset.setToolTip("Reset the changed curve")
        self.reset.clicked.connect(self.reset_asked)
        self.train.clicked.connect(self.train_asked)
        self.about = Foldout("What am I looking at?", ABOUT)
        self.about.toggled.connect(self.hint.setHidden)
        self.body.addLayout(hbox(self.another, self.own))
        self.body.addWidget(rule())
        self.body.addWidget(label("Signal left", "title"))
        self.body.addWidget(self.chart, 1)
        for name, figure in self.figures.items():
            self.body.addLayout(hbox(label(name, "secondary"), None, figure))
        self.body.addWidget(self.hint)
        self.body.addLayout(hbox(self.reset, self.train))
        self.body.addWidget(self.about)
        self.setFixedWidth(292)
        self.show_points((), {})

    def show_model(self, schedule: NDArray[np.float64]) -> None:
        """The schedule that the model has learned with."""
        self.chart.set_own(schedule)
        self.show_time(0)

    def show_points(self, points: Points, config: Mapping[str, Any]) -> None:
        """Bend the curve; a model whose config has points can be trained with it."""
        self.chart.set_points(points)
        known = "schedule_points" in config
        self.reset.setEnabled(bool(points))
        self.train.setEnabled(bool(points) and known)
        words = "Bend the curve first" if known else "This model has no schedule that can be bent"
        if points and known:
            words = f"Fill in the form of Train with these points: {words_of(points)}"
        self.train.setToolTip(plain(words))
        self.show_time(self.chart.time)

    def show_time(self, t: int) -> None:
        """What is left of the signal there."""
        self.chart.set_time(t)
        schedule = self.chart.schedule
        half = int(np.argmax(schedule <= 0.5))
        texts = (f"{schedule[t]:.4f}", decibels(float(schedule[t])), f"t = {half:,}")
        for figure, text in zip(self.figures.values(), texts, strict=True):
            figure.setText(text)
