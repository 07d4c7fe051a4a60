"""Cards and what stands in them when there is no image: an empty state, an error, an explanation."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from models.core.errors import UserError
from models.core.family import About
from studio import theme
from studio.widgets.basics import Chip, Elided, Plain, Title, button, fold_button, hbox, icon_button, label, rule, vbox
from studio.widgets.figure import FigureView
from studio.widgets.segmented import Segmented

__all__ = [
    "Card",
    "Chip",
    "EmptyState",
    "ErrorNote",
    "Foldout",
    "Segmented",
    "button",
    "hbox",
    "icon_button",
    "label",
    "rule",
    "vbox",
]

HEADER = 30  # px


class Card(QFrame):
    """A rounded ground with a title, tools at its right and a body; ``accent`` colours its outline (slots A, B, C)."""

    def __init__(self, title: str = "", subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accent = ""
        theme.bus().changed.connect(self._recolour)
        self._title = Title(title)
        self._subtitle = Elided(subtitle)
        self.tools = hbox()
        self._header = QWidget()
        self._header.setMinimumHeight(HEADER)
        self._header.setLayout(hbox(self._title, self._subtitle, self.tools))
        self._header.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self.body: QVBoxLayout = vbox()
        column = vbox(self._header, self.body, margin=theme.GAP_M + 2, spacing=theme.GAP_S)
        column.setStretch(1, 1)
        self.setLayout(column)
        self._header.setVisible(bool(title or subtitle))  # only now: without a parent it would be a window
        self.setAccessibleName(title)

    def title(self) -> str:
        """The words of the header."""
        return self._title.text()

    def set_title(self, text: str) -> None:
        """Say what the card holds."""
        self._title.setText(text)
        self.setAccessibleName(text)
        self._header.setVisible(bool(text or self._subtitle.text()))

    def set_subtitle(self, text: str) -> None:
        """Say more in small letters behind the title; what does not fit is in the tool tip."""
        self._subtitle.setText(text)
        self._header.setVisible(bool(text or self._title.text()))

    def set_accent(self, role: str) -> None:
        """Colour outline and title: a role of the tokens or "#rrggbb"; "" for none."""
        self._accent = role
        self._recolour()

    def _recolour(self) -> None:
        self._title.role = self._accent or "text"
        self._title.update()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground and a hairline of one device pixel."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 1 / self.devicePixelRatioF()
        rect = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.setPen(QPen(theme.color(self._accent or "line"), width))
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(rect, theme.RADIUS_CARD, theme.RADIUS_CARD)


class Glyph(Plain):
    """A large icon that follows the theme."""

    def __init__(self, name: str, role: str = "secondary", side: int = 40) -> None:
        super().__init__()
        self._name = name
        self._role = role
        self._side = side
        self.setFixedSize(QSize(side, side))

    def set_icon(self, name: str, role: str) -> None:
        """Show another icon, or in another colour."""
        self._name, self._role = name, role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon in the theme's colour."""
        theme.icon(self._name, self._role).paint(QPainter(self), self.rect())


class EmptyState(QWidget):
    """What will be here, in one line, and one button that makes it so; perhaps another beneath."""

    asked = Signal()
    asked_other = Signal()

    def __init__(self, icon: str, text: str, button_text: str | None = None, other_text: str | None = None) -> None:
        super().__init__()
        self.words = label(text, "prose", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setMinimumWidth(120)
        self.words.setMaximumWidth(360)
        self.button: QPushButton | None = button(button_text, "primary") if button_text else None
        column = vbox(None, hbox(None, Glyph(icon), None), hbox(self.words), spacing=theme.GAP_M, margin=theme.GAP_L)
        if self.button is not None:
            self.button.clicked.connect(self.asked)
            column.addLayout(hbox(None, self.button, None))
        if other_text:
            other = button(other_text, "ghost")
            other.clicked.connect(self.asked_other)
            column.addLayout(hbox(None, other, None))
        column.addStretch(1)
        self.setLayout(column)

    def set_text(self, text: str, *, offer: bool = True) -> None:
        """Say something else, without the button where it cannot help."""
        self.words.setText(text)
        if self.button is not None:
            self.button.setVisible(offer)


class ErrorNote(QFrame):
    """An error where the result would be: what happened, where, what to do next; its text can be selected.

    It can say something that is no error, too, and then it does not look like one.
    """

    asked = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "error_box")
        self._what, self._where, self._advice = (
            label("", "title", True),
            label("", "secondary", True),
            label("", "", True),
        )
        for part in (self._what, self._where, self._advice):
            flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            part.setTextInteractionFlags(flags)
            part.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.action = button("")
        self.action.clicked.connect(self.asked)
        close = icon_button("x", "Dismiss", "small")
        close.clicked.connect(self.dismiss)
        words = vbox(self._what, self._where, self._advice, hbox(self.action, None), spacing=theme.GAP_XS)
        self._mark, top = Glyph("warning-circle", "bad", 20), Qt.AlignmentFlag.AlignTop
        row = hbox(self._mark, words, close, margin=theme.GAP_M)
        row.setStretch(1, 1)
        row.setAlignment(self._mark, top)
        row.setAlignment(close, top)
        self.setLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_note(self, text: str) -> None:
        """Say something that is no error."""
        self.show_error(UserError(text))
        self._dress("note_box", "info", "accent")

    def _dress(self, role: str, icon: str, colour: str) -> None:
        self._mark.set_icon(icon, colour)
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)

    def show_error(self, error: UserError, action: str = "") -> None:
        """Show an error; ``action`` is the text of a button that emits ``asked``."""
        self._dress("error_box", "warning-circle", "bad")
        for part, text in ((self._what, error.what), (self._where, error.where), (self._advice, error.advice)):
            part.setText(text)
            part.setVisible(bool(text))
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.setAccessibleName(str(error))
        self.show()

    def dismiss(self) -> None:
        """Put the note away."""
        self.hide()
        self.dismissed.emit()


class Foldout(QWidget):
    """Three sentences, the equation, the paper and perhaps a figure, folded away until somebody asks."""

    toggled = Signal(bool)

    def __init__(self, title: str, about: About, parent: QWidget | None = None, opened: bool = False) -> None:
        super().__init__(parent)
        self._head = fold_button(title)
        self._head.clicked.connect(lambda: self.set_open(not self.is_open()))
        self._text, self._equation, self._paper = (
            label("", "prose", True),
            label("", "", True),
            label("", "secondary", True),
        )
        self._equation.setFont(theme.mono())
        for part in (self._text, self._equation, self._paper):
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._inside = QWidget()
        self.figure = FigureView()
        self._caption = label("", "secondary", True)
        self._inside.setLayout(vbox(self._text, self.figure, self._caption, self._equation, self._paper, None))
        self.setLayout(vbox(hbox(self._head, None), self._inside, spacing=theme.GAP_XS))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.set_about(about)
        self.set_open(opened)

    def set_about(self, about: About) -> None:
        """Explain something else."""
        caption = about.figure.caption if about.figure else ""
        parts = (self._text, self._caption, self._equation, self._paper)
        for part, text in zip(parts, (about.text, caption, about.equation, about.paper), strict=True):
            part.setText(text)
            part.setVisible(bool(text))
        self.figure.set_figure(about.figure)

    def is_open(self) -> bool:
        """Whether the explanation is shown."""
        return not self._inside.isHidden()

    def set_open(self, opened: bool) -> None:
        """Fold out or in."""
        theme.dress(self._head, "caret-down" if opened else "caret-right", "secondary")
        changed = opened == self._inside.isHidden()
        self._inside.setVisible(opened)
        self._head.setAccessibleDescription("open" if opened else "closed")
        if changed:
            self.toggled.emit(opened)
