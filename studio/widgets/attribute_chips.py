"""Attributes as chips: a click says that an image has one, has it not, or leaves it open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QScrollArea, QSizePolicy

from studio import theme
from studio.widgets.basics import plain
from studio.widgets.flow_row import FlowRow

HIGH, SIDE = 26, 10  # px: of a chip, left and right of its words
MOST = 160  # px of all chips before they scroll


class AttributeChip(QAbstractButton):
    """One attribute: 1 has it, 0 has it not, None leaves it open; what lies between is shown in percent."""

    def __init__(self, name: str, *, can_be_open: bool) -> None:
        super().__init__()
        self.name, self._can_be_open = name, can_be_open
        self.value: float | None = None if can_be_open else 0.0
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.show_value(self.value)

    def show_value(self, value: float | None) -> None:
        """Show another value."""
        self.value = value
        meaning = {None: "left open", 0.0: "no", 1.0: "yes"}.get(value, f"{value or 0.0:.0%}")
        words = {None: self.name, 0.0: f"no {self.name}", 1.0: self.name}.get(value, f"{self.name} {meaning}")
        order = "yes, no, left open" if self._can_be_open else "yes, no"
        self.setText(words)
        self.setAccessibleDescription(meaning)
        self.setToolTip(plain(f"{self.name}: {meaning}. Click to change it ({order})."))
        self.updateGeometry()
        self.update()

    def following(self) -> float | None:
        """What a click makes of it."""
        if self.value == 1.0:
            return 0.0
        return None if self.value == 0.0 and self._can_be_open else 1.0

    def sizeHint(self) -> QSize:
        """The longest of its words, so that no chip moves when one of them is clicked."""
        metrics = QFontMetrics(theme.font(theme.SMALL))
        longest = max(metrics.horizontalAdvance(words) for words in (f"no {self.name}", self.text()))
        return QSize(longest + 2 * SIDE, HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground by its value, the words, and the focus ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        there = bool(self.value)
        ground = "accent_back" if there else "raised" if self.value == 0.0 or self.underMouse() else "field"
        edge = "accent" if there or self.hasFocus() else "line"
        painter.setPen(QPen(theme.color(edge), theme.RING if self.hasFocus() else 1))
        painter.setBrush(theme.color(ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), HIGH / 2 - 1, HIGH / 2 - 1)
        role = "accent" if there else "text" if self.value == 0.0 else "secondary"
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(role if self.isEnabled() else "disabled"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class AttributeChips(QScrollArea):
    """A chip an attribute, in as many lines as they need; those that need more than ``most`` pixels scroll."""

    changed = Signal(object)  # tuple[float | None, ...], one value a name

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self._most = most
        self.chips: list[AttributeChip] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet("AttributeChips { background: transparent; border: none; }")
        self.viewport().setAutoFillBackground(False)
        self.set_names(())

    def set_names(self, names: Sequence[str], *, can_be_open: bool = False) -> None:
        """Other attributes: all left open where they can be, else none of them there."""
        row = FlowRow(spacing=theme.GAP_XS)
        self.chips = [AttributeChip(name, can_be_open=can_be_open) for name in names]
        for place, chip in enumerate(self.chips):
            chip.clicked.connect(partial(self._click, place))
            row.add(chip)
        row.setAutoFillBackground(False)
        row.installEventFilter(self)
        self.setWidget(row)  # Qt deletes the one before

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As high as all lines, up to a limit."""
        row = self.widget()
        if row is not None and watched is row and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self.setFixedHeight(min(max(row.minimumHeight(), HIGH), self._most))
        return super().eventFilter(watched, event)

    def values(self) -> tuple[float | None, ...]:
        """One a name."""
        return tuple(chip.value for chip in self.chips)

    def show_values(self, values: Sequence[float | None]) -> None:
        """Show other values without a signal."""
        for chip, value in zip(self.chips, values, strict=True):
            if chip.value != value:
                chip.show_value(value)

    def _click(self, place: int, checked: bool = False) -> None:
        chip = self.chips[place]
        chip.show_value(chip.following())
        self.changed.emit(self.values())
