"""The card with the sliders of one coding: its single numbers, or the principal directions of an encoded dataset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QUndoStack

from models.core.diffusion.prompt import Offer
from models.core.family import About
from models.core.latent import paths
from studio.panels.latent.slider_table import SliderTable
from studio.widgets.card import Card, Foldout, Segmented, button
from studio.widgets.condition_picker import ConditionPicker, Values
from studio.widgets.flow_row import FlowRow

RANGE = 3.0  # standard deviations of the prior
Array = NDArray[np.float32]


class CodingCard(Card):
    """Shows a coding that somebody else holds; ``moved`` carries the new one while a slider moves.

    Where the last numbers of a coding are a condition, a picker shows them, and the sliders show the others.
    """

    moved = Signal(object)  # (latent_size,)
    committed = Signal()  # the end of a move
    random_asked = Signal()
    reset_asked = Signal()
    own_asked = Signal()
    not_yet = Signal(str)  # why the directions cannot be shown

    def __init__(self, undo_stack: QUndoStack, about: About) -> None:
        super().__init__("Codings")
        self._coding: Array = np.zeros(1, np.float32)
        self._noise = 1  # numbers of a coding that are no condition: those of the sliders
        self._known: Array = np.zeros((0, 1), np.float32)  # without conditions
        self._directions: paths.Directions | None = None
        self.axes = Segmented(["Units", "PCA"])
        self.axes.setToolTip("Single coding units, or the principal directions of the encoded dataset")
        self.axes.chosen.connect(lambda index: self._label())
        self.tools.addWidget(self.axes)
        self.condition = ConditionPicker()
        self.condition.changed.connect(self._picked)
        self.sliders = SliderTable()
        self.sliders.changed.connect(self._slid)
        self.sliders.committed.connect(self.committed)
        random, reset, undo = button("Random", "primary"), button("Reset"), button("Undo")
        random.clicked.connect(self.random_asked)
        reset.clicked.connect(self.reset_asked)
        undo.clicked.connect(undo_stack.undo)
        undo.setEnabled(False)
        undo_stack.canUndoChanged.connect(undo.setEnabled)
        self.own = button("Encode an image")
        self.own.clicked.connect(self.own_asked)
        self.about = Foldout("What am I looking at?", about)
        self.body.addWidget(self.condition)
        self.body.addWidget(self.sliders, 1)
        self.body.addWidget(FlowRow(random, reset, undo, self.own, spacing=6))
        self.body.addWidget(self.about)

    def begin(self, size: int, conditions: Offer) -> None:
        """Another model: a slider for each number of its codings that is no condition, at zero, no directions yet."""
        self._noise = size - len(conditions.names)
        self._coding, self._known = np.zeros(size, np.float32), np.zeros((0, self._noise), np.float32)
        self.condition.show_offer(conditions)
        self.axes.set_index(0)
        self._label()

    def know(self, codings: Array) -> None:
        """The encoded dataset, whose principal directions can be moved along."""
        self._known = codings[:, : self._noise]
        if self._directions is not None:
            self._directions = paths.principal(self._known)
            self.show_coding(self._coding)

    def show_coding(self, coding: Array) -> None:
        """Set the sliders and the condition without a signal."""
        self._coding = coding
        noise = coding[: self._noise]
        self.sliders.set_values(noise if self._directions is None else self._directions.to(noise[None])[0])
        self.condition.show_values(coding[self._noise :].tolist())

    def keep_locked(self, coding: Array) -> Array:
        """A coding one could go to; locked sliders stay where they are."""
        if self._directions is not None:
            return coding
        kept = np.array(coding, np.float32)
        locked = self.sliders.locked()
        kept[: self._noise][locked] = self._coding[: self._noise][locked]
        return kept

    def conditioned(self, codings: Array) -> Array:
        """Codings (..., latent_size) with the condition that is shown."""
        changed = np.array(codings, np.float32)
        changed[..., self._noise :] = self._coding[self._noise :]
        return changed

    def _label(self) -> None:
        if self.axes.index() == 1 and not len(self._known):
            self.axes.set_index(0)
            self.not_yet.emit("The directions appear once the dataset is encoded.")
            return
        if self.axes.index() == 1:
            self._directions = paths.principal(self._known)
            names = [f"direction {i + 1}" for i in range(len(self._directions.axes))]
        else:
            self._directions = None
            names = [f"z{i}" for i in range(self._noise)]
        self.sliders.set_labels(names, -RANGE, RANGE)
        self.show_coding(self._coding)

    def _slid(self) -> None:
        values = self.sliders.values()
        if self._directions is not None:
            rest = self._directions.rest(self._coding[None, : self._noise])[0]
            values = self._directions.back(values[None])[0] + rest
        self._coding = np.concatenate([values, self._coding[self._noise :]]).astype(np.float32)
        self.moved.emit(self._coding)

    def _picked(self, condition: Values) -> None:
        asked = np.array(condition, np.float32)  # no name is left open here
        self._coding = np.concatenate([self._coding[: self._noise], asked])
        self.moved.emit(self._coding)
        self.committed.emit()
