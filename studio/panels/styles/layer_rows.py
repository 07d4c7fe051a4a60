"""One row a layer: how much of the fine source it takes, and which noise it is painted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QScrollArea, QWidget

from models.core.styles.mixing import FIXED, OFF, StyleLayer
from models.core.styles.table import LARGEST_SEED, Mixture, layer_words
from studio import theme
from studio.widgets.basics import button, label
from studio.widgets.track import Track

ROW, GAP = 22, 1  # px
NOISE_WIDTH = 88  # px


def noise_words(choice: int) -> str:
    """A choice of noise for a person."""
    return {FIXED: "fixed", OFF: "off"}.get(choice, f"seed {choice}")


class LayerRows(QScrollArea):
    """Every change is a signal with the new table; the name of a layer jumps from one source to the other."""

    previewed = Signal(object)  # Mixture, while a slider moves
    changed = Signal(object)  # Mixture
    committed = Signal()  # a slider has come to rest

    def __init__(self) -> None:
        super().__init__()
        self.tracks: list[Track] = []
        self.names: list[QPushButton] = []
        self.noises: list[QPushButton] = []
        self._figures: list[QLabel] = []
        self._table = Mixture.begin(1)
        self._fresh = 1  # seed of the next noise that is drawn for one layer
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(3 * ROW)

    def sizeHint(self) -> QSize:
        """All rows; with less room they scroll."""
        return QSize(320, len(self.tracks) * (ROW + GAP) + 2)

    def set_layers(self, layers: Sequence[StyleLayer]) -> None:
        """Make the rows of another model."""
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, theme.GAP_S, 0)
        grid.setVerticalSpacing(GAP)
        grid.setHorizontalSpacing(theme.GAP_M)
        grid.setColumnStretch(1, 1)
        self.tracks = []
        self.names = []
        self.noises = []
        self._figures = []
        for layer, one in enumerate(layers):
            parts = self._make_row(layer, layer_words(one))
            for column, widget in enumerate(parts):
                grid.addWidget(widget, layer, column)
        grid.setRowStretch(len(layers), 1)
        self.setWidget(inside)
        inside.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.updateGeometry()

    def _make_row(self, layer: int, words: str) -> tuple[QWidget, ...]:
        name, noise = button(words, "row"), button("fixed", "tag")
        name.setToolTip("Jump to the other source")
        name.clicked.connect(partial(self._jump, layer))
        noise.setToolTip("Noise of this layer: fixed, off, or drawn from a seed")
        noise.setAccessibleName(f"Noise of layer {words}")
        noise.setFixedWidth(NOISE_WIDTH)
        noise.clicked.connect(partial(self._turn_noise, layer))
        track, figure = Track(0.0, 1.0, 0.0), label("0.00")
        track.setAccessibleName(f"Layer {words}: 0 is the coarse source, 1 the fine one")
        track.changed.connect(partial(self._preview, layer))
        track.committed.connect(self.committed)
        figure.setFont(theme.mono())
        figure.setStyleSheet(f'font-family: "{theme.MONO}"; font-size: 12px;')
        for widget in (name, noise):
            widget.setFixedHeight(ROW)
        self.tracks.append(track)
        self.names.append(name)
        self.noises.append(noise)
        self._figures.append(figure)
        return name, track, figure, noise

    def show_table(self, table: Mixture) -> None:
        """Set all rows."""
        self._table = table
        rows = zip(self.tracks, self._figures, self.noises, table.blend(), table.noises, strict=True)
        for track, figure, noise, amount, choice in rows:
            track.set_value(amount)
            figure.setText(f"{amount:.2f}")
            noise.setText(noise_words(choice))

    def _preview(self, layer: int, amount: float) -> None:
        self.previewed.emit(self._table.with_amount(layer, amount))

    def reset(self) -> None:
        """Blend the layers as in the table again."""
        self.changed.emit(replace(self._table, amounts=None))

    def _jump(self, layer: int, _checked: bool = False) -> None:
        self.changed.emit(self._table.with_amount(layer, 0.0 if self.tracks[layer].value() >= 0.5 else 1.0))

    def _turn_noise(self, layer: int, _checked: bool = False) -> None:
        """Fixed, off, resampled (each time anew), and fixed again."""
        choice = {FIXED: OFF, OFF: self._fresh}.get(self._table.noises[layer], FIXED)
        if choice == self._fresh:
            self._fresh = (self._fresh + 1) % LARGEST_SEED
        self.changed.emit(self._table.with_noise(layer, choice))
