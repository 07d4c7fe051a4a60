"""One field of a form: title with its question mark, control, unit, reset button, and the sentence when it is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QSizePolicy, QWidget

from studio import theme
from studio.widgets.basics import QuietCombo, hbox, icon_button, label, plain
from studio.widgets.segmented import Segmented

FEW = 3  # choices that stand side by side
SIDE_BY_SIDE = 118  # px that they may take: beside a title of two lines the form still fits its card
TITLE = 84  # px beyond which a title takes two lines


class UnitEdit(QLineEdit):
    """A line edit that says its unit at its right end."""

    def __init__(self, unit: str = "") -> None:
        super().__init__()
        self._unit = unit
        self._width = QFontMetrics(theme.font(theme.SMALL)).horizontalAdvance(unit) if unit else 0
        self.setTextMargins(0, 0, self._width + 4 if unit else 0, 0)
        self.setMinimumWidth(64 + self._width)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The unit stands behind the text."""
        super().paintEvent(event)
        if not self._unit:
            return
        painter = QPainter(self)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color("secondary" if self.isEnabled() else "disabled"))
        room = QRect(self.width() - self._width - 9, 0, self._width + 1, self.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._unit)


class FieldRow(QObject):
    """One field; ``place`` puts its parts into a grid. ``choices`` are titles by value, ``text()`` is a value."""

    edited = Signal()

    def __init__(
        self, title: str, hint: str, *, unit: str, choices: Mapping[str, str], is_switch: bool, default: str
    ) -> None:
        super().__init__()
        self.default = default
        self._choices, self._titles = list(choices), list(choices.values())
        shown = choices.get(default, default)
        self.editor = self._make(unit, is_switch)
        self.editor.setAccessibleName(title)
        self.editor.setAccessibleDescription(hint)
        tip = f"{hint} Default: {shown}{' ' + unit if unit else ''}." if hint else ""
        words = label(title)
        if words.sizeHint().width() > TITLE:
            words = label(title, wrap=True)
            words.setFixedWidth(TITLE)
        words.setBuddy(self.editor)
        self.question = icon_button("question", tip, "small")
        self.question.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        if not hint:
            self.question.hide()
        self.title = QWidget()
        self.title.setLayout(hbox(words, self.question, None, spacing=2))
        for part in (words, self.editor):
            part.setToolTip(plain(tip))
        self.sentence = label("", "error", True)
        self.sentence.hide()
        self.restore = icon_button("arrow-counter-clockwise", f"Back to {shown or 'nothing'}", "small")
        keep = self.restore.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.restore.setSizePolicy(keep)
        self.restore.hide()
        self.restore.clicked.connect(lambda: self.set_text(self.default))
        self.set_text(default)

    def _make(self, unit: str, is_switch: bool) -> QWidget:
        if is_switch:
            switch = QCheckBox()
            switch.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            switch.toggled.connect(self._changed)
            return switch
        if self._choices:
            row = Segmented(self._titles)
            if len(self._choices) <= FEW and row.sizeHint().width() <= SIDE_BY_SIDE:
                row.chosen.connect(self._changed)
                return row
            combo = QuietCombo()
            combo.setMinimumContentsLength(4)
            combo.addItems(self._titles)
            combo.currentIndexChanged.connect(self._changed)
            return combo
        line = UnitEdit(unit)
        line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        line.textChanged.connect(self._changed)
        return line

    def place(self, grid: QGridLayout, row: int) -> None:
        """Title, control and reset button in one line, the sentence beneath the control."""
        grid.addWidget(self.title, row, 0, Qt.AlignmentFlag.AlignVCenter)
        if isinstance(self.editor, (Segmented, QCheckBox)):
            grid.addWidget(self.editor, row, 1, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        else:
            grid.addWidget(self.editor, row, 1)
        grid.addWidget(self.restore, row, 2)
        grid.setRowMinimumHeight(row, theme.CONTROL + 6)
        grid.addWidget(self.sentence, row + 1, 1, 1, 2)

    def text(self) -> str:
        """The value in the control, as typed."""
        if isinstance(self.editor, QCheckBox):
            return "true" if self.editor.isChecked() else "false"
        if isinstance(self.editor, Segmented):
            return self._choices[self.editor.index()]
        if isinstance(self.editor, QuietCombo):
            return self._choices[self.editor.currentIndex()]
        assert isinstance(self.editor, QLineEdit)
        return self.editor.text().strip()

    def set_text(self, text: str) -> None:
        """Fill in the control; ``edited`` follows if that changes something."""
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(text.lower() in ("true", "1", "yes", "on"))
        elif isinstance(self.editor, Segmented):
            if text in self._choices and text != self.text():
                self.editor.set_index(self._choices.index(text))
                self._changed()
        elif isinstance(self.editor, QuietCombo):
            self.editor.setCurrentIndex(self._choices.index(text) if text in self._choices else 0)
        elif isinstance(self.editor, QLineEdit):
            self.editor.setText(text)

    def set_error(self, text: str) -> None:
        """Mark the control and say what is wrong; "" if nothing is."""
        self.sentence.setText(text)
        self.sentence.setVisible(bool(text))
        bad = bool(text)
        if bool(self.editor.property("bad")) != bad:
            self.editor.setProperty("bad", bad)
            self.editor.style().unpolish(self.editor)
            self.editor.style().polish(self.editor)
            self.editor.update()

    def _changed(self, *_values: object) -> None:
        self.restore.setVisible(not self._is_default())
        self.edited.emit()

    def _is_default(self) -> bool:
        if self.text() == self.default:
            return True
        try:
            return float(self.text()) == float(self.default)
        except ValueError:
            return False
