"""One direction: its name, how well it separates, how much of it is added, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from models.core.latent.arithmetic import STRONGEST
from models.core.latent.direction_files import Direction
from studio import theme
from studio.widgets.basics import Elided, hbox, icon_button, plain, vbox
from studio.widgets.sliders import CodingSlider

BAR = 3  # px, marks the chosen one
NAMES = 62  # px, the least room for a name
BOX = 48  # px, a figure with sign and two decimals


class DirectionRow(QWidget):
    """Shows a direction; a click anywhere chooses it."""

    chosen = Signal()
    moved = Signal(float)
    committed = Signal()
    save_asked = Signal()
    remove_asked = Signal()

    def __init__(self, direction: Direction, *, saved: bool, chosen: bool) -> None:
        super().__init__()
        self._chosen = chosen
        self.name, self.facts = Elided(direction.name, strong=True), Elided(words_of(direction, saved))
        self.name.setMinimumWidth(NAMES)
        self.slider = CodingSlider(direction.name, -STRONGEST, STRONGEST)
        self.slider.words.hide()
        self.slider.lock.hide()
        self.slider.box.setFixedWidth(BOX)
        self.slider.track.setMinimumWidth(44)
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.changed.connect(self.moved)
        self.slider.committed.connect(self.committed)
        self.more = icon_button("dots-three-vertical", f"Save or remove {direction.name}", "small")
        menu = QMenu(self.more)
        menu.addAction("Save again" if saved else "Save").triggered.connect(self.save_asked)
        menu.addAction("Delete" if saved else "Remove").triggered.connect(self.remove_asked)
        self.more.setMenu(menu)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0; }")
        self.more.setPopupMode(self.more.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(plain(f"{direction.name}: made from {direction.source}. {tip_of(direction)}"))
        row = hbox(self.name, self.slider, self.more, spacing=4)
        row.setStretch(0, 5)
        row.setStretch(1, 6)
        self.setLayout(vbox(row, self.facts, spacing=0, margin=6))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Direction {direction.name}, {words_of(direction, saved)}")

    def set_chosen(self, chosen: bool) -> None:
        """Show whether buttons beneath the list mean this one."""
        self._chosen = chosen
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose it."""
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space choose it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Mark the chosen one; draw the ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._chosen:
            painter.fillRect(QRectF(0, 6, BAR, self.height() - 12), theme.color("accent"))
        if not self.hasFocus():
            return
        painter.setPen(QPen(theme.color("accent"), theme.RING))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS_CONTROL, theme.RADIUS_CONTROL)


def words_of(direction: Direction, saved: bool) -> str:
    """The small line beneath the name."""
    known = separation(direction.auc)
    return f"{known} · saved" if saved else known


def separation(auc: float | None) -> str:
    """How well a direction separates, in words."""
    return "AUC not measured" if auc is None else f"separates {100 * auc:.0f} % (AUC {auc:.3f})"


def tip_of(direction: Direction) -> str:
    """What the AUC means."""
    if direction.auc is None:
        return "Two images on each side are needed to measure how well it separates."
    return (
        f"AUC {direction.auc:.3f}: of one image with the attribute and one without, both not used for the "
        f"direction, it ranks the first higher in {direction.auc:.1%} of cases; 50 % is chance."
    )
