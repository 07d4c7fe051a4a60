"""The card with the directions: pick an attribute, make one from two groups, compare, orthogonalise, save."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QMenu, QScrollArea, QWidget

from models.core.family import About
from models.core.latent import directions
from models.core.latent.arithmetic import Equation
from models.core.latent.direction_files import LONGEST_NAME
from studio.panels.arithmetic.cosine_table import CosineTable
from studio.panels.arithmetic.direction_row import DirectionRow
from studio.widgets.basics import menu_words, plain
from studio.widgets.card import Card, EmptyState, Foldout, button, hbox, label, vbox
from studio.widgets.progress import ProgressRow

EMPTY = "Pick an attribute: the mean of the images with it minus the mean of those without becomes a direction."
NO_LABELS = "The dataset of this model has no labels. Make a direction from the groups A and B."


class DirectionsCard(Card):
    """Shows the directions of an equation; asks its controller for everything but another amount."""

    previewed = Signal(object)  # Equation, while a slider moves
    committed = Signal()  # the slider has come to rest
    attribute_asked = Signal(str)
    own_asked = Signal(str)  # the name of a new direction from A - B
    save_asked = Signal(int)
    remove_asked = Signal(int)
    orthogonal_asked = Signal(int)
    cancelled = Signal()

    def __init__(self, about: About) -> None:
        super().__init__("Directions")
        self.rows: list[DirectionRow] = []
        self._equation = Equation.empty(1)
        self._saved: set[str] = set()
        self.chosen = 0
        self.attribute = button("Attribute")
        self._menu = QMenu(self.attribute)
        self.attribute.setMenu(self._menu)
        self.tools.addWidget(self.attribute)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.cancelled)
        self.empty = EmptyState("compass", EMPTY)
        self._make_list()
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name")
        self.name.setAccessibleName("Name of a new direction")
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setMinimumWidth(60)
        self.make = button("New from A − B")
        self.make.setToolTip("Mean of A minus mean of B becomes a direction of this name")
        self.make.clicked.connect(lambda: self.own_asked.emit(self.name.text()))
        self.name.returnPressed.connect(self.make.click)
        self.orthogonalise = button("Make independent")
        self.orthogonalise.setToolTip("Remove from the chosen direction what points along the others (Gram-Schmidt)")
        self.orthogonalise.clicked.connect(lambda: self.orthogonal_asked.emit(self.chosen))
        self.words = label("", "secondary", wrap=True)
        new = hbox(self.name, self.make)
        new.setStretch(0, 1)
        for widget in (self.progress, self.area, self.empty):
            self.body.addWidget(widget, int(widget is not self.progress))
        self.body.addWidget(self.words)
        self.body.addLayout(new)
        self.body.addLayout(hbox(self.orthogonalise, None))
        self.body.addWidget(Foldout("What am I looking at?", about))
        self.words.hide()
        self.set_attributes(())
        self._choose_buttons(0)

    def _make_list(self) -> None:
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setProperty("role", "bare")
        self._column = vbox(spacing=2)
        self.cosines = CosineTable()
        self.legend = label("Cosines: 0 is independent, ±1 the same line", "secondary", wrap=True)
        inside.setLayout(vbox(self._column, 8, self.legend, self.cosines, None, spacing=4))
        self.area.setWidget(inside)

    def set_attributes(self, names: Sequence[str]) -> None:
        """What can be picked: what the images of the model's dataset are labelled with."""
        self._menu.clear()
        for name in names:
            self._menu.addAction(menu_words(name)).triggered.connect(
                lambda _on=False, n=name: self.attribute_asked.emit(n)
            )
        self.attribute.setEnabled(bool(names))
        self.attribute.setToolTip(plain("With minus without, in one click" if names else NO_LABELS))
        self.empty.set_text(EMPTY if names else NO_LABELS)

    def attributes(self) -> list[str]:
        """What can be picked."""
        return [action.text() for action in self._menu.actions()]

    def show_equation(self, equation: Equation, saved: set[str]) -> None:
        """Show the directions and their amounts; ``saved`` are the names of those that are on the disk."""
        other = equation.directions != self._equation.directions or saved != self._saved
        self._equation, self._saved = equation, saved
        if other:
            self._rebuild()
        for row, amount in zip(self.rows, equation.amounts, strict=True):
            row.slider.set_value(amount)

    def _rebuild(self) -> None:
        for row in self.rows:
            row.hide()
            row.deleteLater()
        made = self._equation.directions
        self.chosen = min(max(self.chosen, 0), max(len(made) - 1, 0))
        self.rows = [
            DirectionRow(one, saved=one.name in self._saved, chosen=index == self.chosen)
            for index, one in enumerate(made)
        ]
        for index, row in enumerate(self.rows):
            row.chosen.connect(partial(self._choose, index))
            row.moved.connect(partial(self._preview, index))
            row.committed.connect(self.committed)
            row.save_asked.connect(partial(self.save_asked.emit, index))
            row.remove_asked.connect(partial(self.remove_asked.emit, index))
            self._column.addWidget(row)
        self.cosines.set_values(directions.cosines([one.vector for one in made]), [one.name for one in made])
        self.legend.setVisible(len(made) > 1)
        self._choose_buttons(len(made))

    def _preview(self, index: int, amount: float) -> None:
        self.previewed.emit(self._equation.with_amount(index, amount))

    def _choose(self, index: int) -> None:
        self.chosen = index
        for place, row in enumerate(self.rows):
            row.set_chosen(place == index)

    def _choose_buttons(self, count: int) -> None:
        self.area.setVisible(count > 0)
        self.empty.setVisible(count == 0)
        self.orthogonalise.setEnabled(count > 1)

    def say(self, words: str) -> None:
        """One line beneath the list."""
        self.words.setText(words)
        self.words.setVisible(bool(words))
