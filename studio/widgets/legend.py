"""One entry of a legend: a mark in a colour and a name; a click hides or shows what it stands for."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from studio import theme


class LegendChip(QAbstractButton):
    """A toggle with a coloured mark: a dot for classes, a line (dashed or not) for curves."""

    def __init__(self, text: str, dashed: bool | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = "accent"
        self._dashed = dashed
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip("Click to hide or show it")

    def set_colour(self, colour: str) -> None:
        """The colour of the mark, "#rrggbb"."""
        self._colour = colour
        self.update()

    def set_on(self, on: bool) -> None:
        """Show it as shown or hidden, without a signal."""
        self.blockSignals(True)
        self.setChecked(on)
        self.blockSignals(False)
        self.update()

    def sizeHint(self) -> QSize:
        """Mark, gap, name."""
        return QSize(QFontMetrics(theme.font(theme.SMALL)).horizontalAdvance(self.text()) + 34, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw mark, name, ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, middle = self.isChecked(), self.height() / 2
        colour = theme.color(self._colour) if on else theme.color("disabled")
        if self.underMouse() or self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), theme.RING) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 10, 10)
        if self._dashed is None:
            painter.setPen(QPen(colour, 1.5))
            painter.setBrush(colour if on else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(13, middle), 3.5, 3.5)
        else:
            painter.setPen(QPen(colour, 2, Qt.PenStyle.DotLine if self._dashed else Qt.PenStyle.SolidLine))
            painter.drawLine(QPointF(7, middle), QPointF(19, middle))
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color("text" if on else "secondary"))
        painter.drawText(self.rect().adjusted(24, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        if not on:
            painter.drawLine(QPointF(24, middle), QPointF(self.width() - 8, middle))
