"""What holds for the whole Styles panel: which view, how far styles may go, and the noise of all layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.core.styles.mixing import FIXED, OFF
from models.core.styles.table import MOST_TRUNCATION, USUAL_TRUNCATION, Mixture
from studio import theme
from studio.widgets.basics import hbox, icon_button, label
from studio.widgets.segmented import Segmented
from studio.widgets.sliders import CodingSlider

CHOICES = (FIXED, OFF, 1)  # of noise for all layers, as the words go


class StyleBar(QWidget):
    """Shows truncation and noise of a table; every change is a signal with the new table."""

    previewed = Signal(object)  # Mixture, while the slider moves
    changed = Signal(object)  # Mixture
    committed = Signal()  # the slider has come to rest
    view_chosen = Signal(int)

    def __init__(self, views: Sequence[str]) -> None:
        super().__init__()
        self._table = Mixture.begin(1)
        self.view = Segmented(views)
        self.view.setAccessibleName("View")
        self.view.chosen.connect(self.view_chosen)
        self.truncation = CodingSlider("Truncation", 0.0, MOST_TRUNCATION, USUAL_TRUNCATION)
        self.truncation.lock.hide()
        self.truncation.setToolTip(
            "How far styles may be from their mean: less is more typical and more alike, 1 leaves them as they are"
        )
        self.truncation.changed.connect(self._preview)
        self.truncation.committed.connect(self.committed)
        self.noise = Segmented(["Fixed", "Off", "Resampled"])
        self.noise.setAccessibleName("Noise of all layers")
        self.noise.setToolTip("Noise of all layers; each layer can have its own at the right")
        self.noise.chosen.connect(self._choose_noise)
        self.draw = icon_button("dice-five", "Other noise")
        self.draw.clicked.connect(self._draw_noise)
        row = hbox(self.view, self.truncation, label("Noise"), self.noise, self.draw, spacing=theme.GAP_M)
        row.insertSpacing(1, theme.GAP_M)
        row.setStretch(2, 1)
        self.setLayout(row)

    def show_table(self, table: Mixture) -> None:
        """Set truncation and noise; no choice of noise is lit while layers differ."""
        self._table = table
        self.truncation.set_value(table.truncation)
        kinds = {min(choice, 0) or 1 for choice in table.noises}
        self.noise.set_index(CHOICES.index(kinds.pop()) if len(kinds) == 1 else -1)

    def _preview(self, truncation: float) -> None:
        self.previewed.emit(replace(self._table, truncation=truncation))

    def _choose_noise(self, index: int) -> None:
        self.changed.emit(self._table.with_noise(None, CHOICES[index]))

    def _draw_noise(self) -> None:
        self.changed.emit(self._table.with_other_noise())
