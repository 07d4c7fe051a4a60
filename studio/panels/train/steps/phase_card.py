"""The card that says in figures what a phase did to both networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from models.core.adversarial.probabilities import Probabilities
from studio import theme
from studio.widgets.basics import label, plain
from studio.widgets.card import Card

if TYPE_CHECKING:
    from models.core.training.phases import Change

SURE = 0.5  # from here on an image passes for real
BEGIN = "Take a phase, and see here what it changed."


class PhaseCard(Card):
    """Losses, weights and predictions before and after the last phase."""

    def __init__(self) -> None:
        super().__init__("What changed")
        self.setFixedWidth(260)
        self.sentence = label(BEGIN, "prose", wrap=True)
        self.history = label("", "secondary", wrap=True)
        self._figures = QWidget()
        self._grid = QGridLayout(self._figures)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.GAP_S)
        self._grid.setVerticalSpacing(theme.GAP_XS)
        self._grid.setColumnStretch(0, 1)
        self._values: dict[str, QLabel] = {}
        self._rows = 0
        for item in (self.sentence, self._figures):
            self.body.addWidget(item)
        self.body.addStretch(1)
        self.body.addWidget(self.history)
        for network in ("discriminator", "generator"):
            self._head(network.capitalize())
            self._row(f"{network} loss", "loss", "On the images shown here")
            self._row(f"{network} moved", "weights moved", "Euclidean norm of the change of all its weights")
            self._row(f"{network} gradient", "gradient", "Euclidean norm, in this phase")
        self._head("Probabilities")
        self._row("reals", "mean on reals", "Mean probability that the real images shown are real")
        self._row("fakes", "mean on fakes", "Mean probability that the fakes shown are real")
        self._row("turned", "changed class", "How many images crossed 0.5, of all that are shown")

    def _head(self, text: str) -> None:
        self._grid.addWidget(label(text, "title"), self._rows, 0, 1, 2)
        self._rows += 1

    def _row(self, key: str, text: str, help_text: str) -> None:
        name, value = label(text, "secondary"), label("–")
        value.setFont(theme.mono(theme.SMALL))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setAccessibleName(key)
        for part in (name, value):
            part.setToolTip(plain(help_text))
        self._grid.addWidget(name, self._rows, 0)
        self._grid.addWidget(value, self._rows, 1)
        self._values[key] = value
        self._rows += 1

    def figures(self) -> dict[str, str]:
        """What stands in each row, by its name."""
        return {key: value.text() for key, value in self._values.items()}

    def _say(self, key: str, text: str) -> None:
        self._values[key].setText(text)

    def show_look(self, look: Probabilities) -> None:
        """Nothing was done yet, or all was undone: the figures as they are."""
        self.sentence.setText(BEGIN)
        for value in self._values.values():
            value.setText("–")
        for network, loss in look.losses.items():
            self._say(f"{network} loss", f"{loss:.4f}")
        self._say("reals", f"{look.on_reals.mean():.3f}")
        self._say("fakes", f"{look.on_fakes.mean():.3f}")

    def show_change(self, change: Change) -> None:
        """What one phase did."""
        before, after = change.before, change.after
        for network in after.losses:
            self._say(f"{network} loss", f"{before.losses[network]:.4f} → {after.losses[network]:.4f}")
            moved, size = change.moved[network], change.size[network]
            share = f" ({moved / size:.2%})" if size else ""
            self._say(f"{network} moved", f"{moved:.4f}{share}" if moved else "not at all")
            self._say(f"{network} gradient", f"{change.gradients[network]:.3g}" if moved else "rests")
        self._say("reals", f"{before.on_reals.mean():.3f} → {after.on_reals.mean():.3f}")
        self._say("fakes", f"{before.on_fakes.mean():.3f} → {after.on_fakes.mean():.3f}")
        pairs = ((before.on_reals, after.on_reals), (before.on_fakes, after.on_fakes))
        turned = sum(int(np.sum((old >= SURE) != (new >= SURE))) for old, new in pairs)
        self._say("turned", f"{turned} of {sum(len(new) for _, new in pairs)}")
        self.sentence.setText(said(change))


def said(change: Change) -> str:
    """One phase in words."""
    after, before = change.after, change.before
    caught = int(np.sum(after.on_fakes < SURE))
    passed, passed_before = (int(np.sum(look.on_fakes >= SURE)) for look in (after, before))
    trusted, count = int(np.sum(after.on_reals >= SURE)), len(after.on_fakes)
    if change.phase == "discriminator":
        return (
            f"The discriminator learned and the generator rested. It now accepts {trusted} of {len(after.on_reals)} "
            f"real images and detects {caught} of {count} fakes."
        )
    fooled = f"{passed} of {count} fakes are now classified as real, {passed_before} before."
    if change.phase == "generator":
        return f"The generator learned and the discriminator rested. {fooled}"
    return f"Both learned at once, as in training. {fooled}"
