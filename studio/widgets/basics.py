"""The smallest pieces: rows, columns, words, buttons, and controls that ignore the wheel until they have the focus."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio import theme

Item = QWidget | QLayout | int | None  # an int is a gap in px, None a stretch


def _fill(box: QBoxLayout, items: Iterable[Item], spacing: int, margin: int) -> None:
    box.setContentsMargins(margin, margin, margin, margin)
    box.setSpacing(spacing)
    for item in items:
        if isinstance(item, QWidget):
            box.addWidget(item)
        elif isinstance(item, QLayout):
            box.addLayout(item)
        elif item is None:
            box.addStretch(1)
        else:
            box.addSpacing(item)


def hbox(*items: Item, spacing: int = theme.GAP_S, margin: int = 0) -> QHBoxLayout:
    """A row of widgets and layouts; an int is a gap in px, None a stretch."""
    box = QHBoxLayout()
    _fill(box, items, spacing, margin)
    return box


def vbox(*items: Item, spacing: int = theme.GAP_S, margin: int = 0) -> QVBoxLayout:
    """A column of widgets and layouts; an int is a gap in px, None a stretch."""
    box = QVBoxLayout()
    _fill(box, items, spacing, margin)
    return box


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """Words in a role of the style sheet: title, page, secondary, prose, error, chip, box."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def button(text: str, kind: str = "plain", icon: str = "") -> QPushButton:
    """A button of a kind (primary, plain, ghost), with a Phosphor icon if ``icon`` names one."""
    made = QPushButton(text)
    made.setProperty("kind", kind)
    if icon:
        theme.dress(made, icon, "on_accent" if kind == "primary" else "text")
        made.setIconSize(QSize(theme.ICON, theme.ICON))
    return made


def icon_button(icon: str, words: str, kind: str = "ghost", role: str = "secondary") -> QToolButton:
    """A button that shows only an icon; ``words`` become its tool tip and its accessible name."""
    made = QToolButton()
    made.setProperty("kind", kind)
    theme.dress(made, icon, role)
    side = 14 if kind == "small" else theme.ICON
    made.setIconSize(QSize(side, side))
    made.setToolTip(words)
    made.setAccessibleName(words)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def fold_button(text: str) -> QPushButton:
    """The head of something that folds: a caret and words."""
    made = QPushButton(text)
    made.setProperty("kind", "fold")
    made.setIconSize(QSize(14, 14))
    return made


def rule() -> QFrame:
    """A hairline between two parts of a card."""
    made = QFrame()
    made.setProperty("role", "rule")
    return made


class Chip(QLabel):
    """A short fact on a rounded ground."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "chip")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


class Elided(QLabel):
    """Small words that end in an ellipsis where the room ends; the tool tip has them all; a title if ``strong``."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, strong: bool = False) -> None:
        super().__init__(text, parent)
        self._strong = strong
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        face = theme.font(theme.TITLE, QFont.Weight.DemiBold) if self._strong else theme.font(theme.SMALL)
        words = QFontMetrics(face).elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(self.text() if words != self.text() else "")
        painter.setFont(face)
        painter.setPen(theme.color("text" if self._strong else "secondary"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


class QuietCombo(QComboBox):
    """A combo box that does not change when the wheel merely passes over it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Take the wheel only with the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class QuietSpin(QSpinBox):
    """A spin box for whole numbers that does not change when the wheel merely passes over it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lineEdit().setTextMargins(theme.GAP_S - 2, 0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Take the wheel only with the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class QuietDoubleSpin(QDoubleSpinBox):
    """A spin box for fractions, always with a point, deaf to the wheel until it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(theme.GAP_S - 2, 0, 0, 0)
        self.setLocale(self.locale().c())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Take the wheel only with the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
