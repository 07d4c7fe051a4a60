"""Picks what a model is asked for: one of its classes by name, or each of its attributes by a chip."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.core.diffusion.prompt import Offer
from studio.widgets.attribute_chips import AttributeChips
from studio.widgets.basics import QuietCombo, hbox, label

Values = tuple[float | None, ...]  # one a name, in [0, 1]; None leaves it open
LEAST = 0.005  # of a class in a mixture: less is not said


class ConditionPicker(QWidget):
    """Shows a condition, one value a name; there is nothing to see for a model that takes none.

    A class is one-hot. What lies between classes (a path from one to another, a sum) is said and cannot be chosen.

    Args:
        open_words: what leaves the class open; "" if it cannot be. Attributes can be left open where a class can.
    """

    changed = Signal(object)  # Values, chosen by the user

    def __init__(self, open_words: str = "") -> None:
        super().__init__()
        self._open_words = open_words
        self._offer = Offer()
        self.classes = QuietCombo()
        self.classes.setAccessibleName("Class")
        self.classes.activated.connect(self._choose)
        self.attributes = AttributeChips()
        self.attributes.changed.connect(self.changed)
        self._title = label("Class")
        self._title.setBuddy(self.classes)
        row = hbox(self._title, self.classes, self.attributes)
        row.setStretch(1, 1)
        row.setStretch(2, 1)
        self.setLayout(row)
        self.show_offer(Offer())

    def show_offer(self, offer: Offer) -> None:
        """Another model knows these names: all open, or no class and no attribute."""
        self._offer = offer
        is_class, is_attributes = offer.kind == "class", offer.kind == "attributes"
        names = offer.names if is_class or is_attributes else ()
        self.classes.clear()
        self.classes.addItems([self._open_words] * bool(self._open_words) + list(names))
        self.attributes.set_names(names if is_attributes else (), can_be_open=bool(self._open_words))
        self._title.setVisible(is_class)
        self.classes.setVisible(is_class)
        self.attributes.setVisible(is_attributes)
        self.setVisible(bool(names))
        self.show_values((None if self._open_words else 0.0,) * len(names))

    def show_values(self, values: Sequence[float | None]) -> None:
        """Show another condition without a signal."""
        if self._offer.kind == "attributes":
            self.attributes.show_values(values)
        elif self._offer.kind == "class":
            self._show_class(values)

    def _show_class(self, values: Sequence[float | None]) -> None:
        known = [0.0 if value is None else value for value in values]
        first = int(bool(self._open_words))
        if first and all(value is None for value in values):
            self.classes.setCurrentIndex(0)
        elif sorted(known) == [0.0] * (len(known) - 1) + [1.0]:
            self.classes.setCurrentIndex(first + known.index(1.0))
        else:
            self.classes.setCurrentIndex(-1)
            self.classes.setPlaceholderText(mixture(known, self._offer.names))
            self.classes.update()

    def _choose(self, index: int) -> None:
        chosen = index - int(bool(self._open_words))
        count = len(self._offer.names)
        self.changed.emit(tuple(float(place == chosen) for place in range(count)) if chosen >= 0 else (None,) * count)


def mixture(values: Sequence[float], names: Sequence[str]) -> str:
    """How much of each class, the largest first: "Sneaker 60 %, Bag 40 %"."""
    within = sorted(((min(max(v, 0.0), 1.0), name) for v, name in zip(values, names, strict=True)), key=lambda x: -x[0])
    return ", ".join(f"{name} {100 * value:.0f} %" for value, name in within if value >= LEAST) or "No class"
