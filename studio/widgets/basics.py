"""The smallest pieces: rows, columns, words, buttons, and controls that ignore the wheel until they have the focus."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from models.core.terminal import visible
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


def plain(text: str) -> str:
    """Words for a tool tip or a menu that Qt cannot take for rich text, and that look the same.

    Names come from anywhere, and a tool tip has no switch for plain text: Qt guesses from the first tag. A character
    without width after "<" and "&" leaves none.
    """
    return visible.lines(text).replace("<", "<\N{WORD JOINER}").replace("&lt;", "&\N{WORD JOINER}lt;")


def menu_words(text: str) -> str:
    """Words for an entry of a menu, in one line: "&" would underline a letter, a tab begin the column of keys."""
    return visible.line(text).replace("&", "&&")


def heading(menu: QMenu, text: str) -> None:
    """Words above the next entries of a menu. (Qt's own sections lose theirs where a style sheet draws the menu.)"""
    if not menu.isEmpty():
        menu.addSeparator()
    menu.addAction(menu_words(text)).setEnabled(False)


class Plain(QLabel):
    """Words that are never taken for rich text, and whose control characters are shown instead of obeyed."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Say something else."""
        super().setText(visible.lines(text))


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """Words in a role of the style sheet: title, page, secondary, prose, error, chip, box."""
    made = Wrapped(text) if wrap else Plain(text)
    made.setProperty("role", role)
    return made


class Wrapped(Plain):
    """Words in as many lines as they need at its width: no layout makes it lower than that.

    It claims its height itself. Qt's own "height for width" would make everything around it as high as it wishes to be.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)

    def hasHeightForWidth(self) -> bool:
        """Not for layouts."""
        return False

    def setText(self, text: str) -> None:
        """Say something else, in as many lines as that needs."""
        super().setText(text)
        self._claim()

    def changeEvent(self, event: QEvent) -> None:
        """Another font needs another height."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._claim()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Claim the height for the new width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._claim()

    def sizeHint(self) -> QSize:
        """As high as its lines are at its width."""
        hint = super().sizeHint()
        return QSize(hint.width(), self.minimumHeight() or hint.height())

    def _claim(self) -> None:
        self.setMinimumHeight(0)  # what is claimed is part of Qt's answer: fewer words would keep their room for ever
        self.setMinimumHeight(max(self.heightForWidth(self.width()), 0) if self.text() else 0)


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
    made.setToolTip(plain(words))
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


class Chip(Plain):
    """A short fact on a rounded ground."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setProperty("role", "chip")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


class Elided(Plain):
    """Small words that end in an ellipsis where the room ends; the tool tip has them all; a title if ``strong``."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, strong: bool = False) -> None:
        super().__init__(text, parent)
        self._strong = strong
        self.role = "text" if strong else "secondary"
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def face(self) -> QFont:
        """The font of its words."""
        return theme.font(theme.TITLE, QFont.Weight.DemiBold) if self._strong else theme.font(theme.SMALL)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        face = self.face()
        words = QFontMetrics(face).elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(plain(self.text()) if words != self.text() else "")
        painter.setFont(face)
        painter.setPen(theme.color(self.role))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


class Title(Elided):
    """A title as wide as its words, or narrower with an ellipsis where there is no more room; ``role`` colours it."""

    def __init__(self, text: str = "", role: str = "text", *, strong: bool = True) -> None:
        super().__init__(text, strong=strong)
        self.role = role
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """All words in one line."""
        metrics = QFontMetrics(self.face())
        return QSize(metrics.horizontalAdvance(self.text()) + 1, metrics.height())

    def minimumSizeHint(self) -> QSize:
        """A few letters, if there are any."""
        hint = self.sizeHint()
        return QSize(min(hint.width(), 3 * theme.GAP_L), hint.height())

    def setText(self, text: str) -> None:
        """Say something else, as wide as that needs."""
        super().setText(visible.line(text))
        self.updateGeometry()


class QuietCombo(QComboBox):
    """A combo box that does not change when the wheel merely passes over it, and says where it cuts its words.

    Long words make neither it nor its card wider; the tool tip has them all.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def _fitting(self) -> str:
        """The words shown, as far as there is room, with an ellipsis where they are cut."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width() - 4
        return self.fontMetrics().elidedText(self._words(), Qt.TextElideMode.ElideRight, room)

    def _words(self) -> str:
        """Those of the chosen entry; where none is chosen, the placeholder's."""
        return self.currentText() or self.placeholderText()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self._fitting()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent) -> bool:
        """The tool tip begins with all words where the box cuts them."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._fitting() != self._words():
            words = "\n".join(filter(None, (self._words(), self.toolTip())))
            QToolTip.showText(event.globalPos(), plain(words), self)
            return True
        return super().event(event)

    def showPopup(self) -> None:
        """Show the entries, as wide as the longest of them needs (up to two and a half times the box)."""
        widest = self.view().sizeHintForColumn(0) + 2 * theme.GAP_M
        self.view().setMinimumWidth(min(max(self.width(), widest), 5 * self.width() // 2))
        super().showPopup()

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
