"""What attributes images are asked for: typed in words, or clicked as chips beneath; both say the same."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout

from models.core.diffusion.prompt import attributes_of, words_for
from models.core.errors import ConfigError
from studio.widgets.attribute_chips import AttributeChips
from studio.widgets.form_field import FieldRow

HEIGHT = 96  # px of the chips before they scroll: three lines of them


class AttributeRow(FieldRow):
    """A row of the form with a chip an attribute of ``names``; ``text()`` is as ``attributes_of`` reads it."""

    def __init__(self, names: Sequence[str]) -> None:
        hint = "Attributes that images are to have or, after “no”, not to have; the others are left open."
        super().__init__("Attributes", hint, unit="", choices={}, is_switch=False, default="")
        self._names = tuple(names)
        self.chips = AttributeChips(most=HEIGHT)
        self.chips.set_names(names, can_be_open=True)
        self.chips.changed.connect(self._clicked)
        self.edited.connect(self._show)

    def place(self, grid: QGridLayout, row: int) -> None:
        """The chips stand beneath the whole row."""
        super().place(grid, row)
        grid.addWidget(self.chips, row + 2, 0, 1, 3)

    def _clicked(self, values: Sequence[float | None]) -> None:
        """A chip was clicked: the words say so."""
        there = zip(self._names, values, strict=True)
        self.set_text(words_for([(name, bool(value)) for name, value in there if value is not None]))

    def _show(self) -> None:
        """The words were changed: the chips follow as soon as they can be read."""
        try:
            asked = dict(attributes_of(self.text(), self._names))
        except ConfigError:
            return
        self.chips.show_values([float(asked[name]) if name in asked else None for name in self._names])
