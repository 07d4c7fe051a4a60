"""What was taken for what: a matrix of true and predicted classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio import theme
from studio.widgets.basics import plain


class Confusion(QWidget):
    """Each row a true class, each column what it was taken for, in per cent of the row."""

    def __init__(self) -> None:
        super().__init__()
        self._shares: NDArray[np.float64] = np.zeros((0, 0))
        self._names: list[str] = []
        self.setMinimumSize(220, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_counts(self, counts: Sequence[Sequence[float]] | NDArray[np.floating], names: Sequence[str]) -> None:
        """Show counts [true][predicted]."""
        table = np.asarray(counts, float).reshape(len(names), len(names))
        self._shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        self._names = list(names)
        right = float(np.trace(table) / max(table.sum(), 1))
        self.setAccessibleDescription(f"{len(names)} classes, {right:.1%} right")
        self.update()

    def shares(self) -> NDArray[np.float64]:
        """[true][predicted], each row adds up to one."""
        return self._shares

    def sizeHint(self) -> QSize:
        """About square."""
        return QSize(380, 320)

    def _names_width(self) -> int:
        metrics = QFontMetrics(theme.font(theme.SMALL))
        return min(96, max((metrics.horizontalAdvance(name) for name in self._names), default=0) + 8)

    def cell(self, row: int, column: int) -> QRectF:
        """Where one field lies, in px."""
        left, count = self._names_width(), max(len(self._names), 1)
        wide, high = (self.width() - left) / count, (self.height() - 18) / count
        return QRectF(left + column * wide, row * high, wide, high)

    def words_for(self, row: int, column: int) -> str:
        """What the tool tip says of a field."""
        return f"{self._shares[row, column]:.1%} of {self._names[row]} classified as {self._names[column]}"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw fields, names and figures."""
        if not self._names:
            return
        painter = QPainter(self)
        painter.setFont(theme.font(theme.SMALL))
        metrics, middle = QFontMetrics(theme.font(theme.SMALL)), Qt.AlignmentFlag.AlignCenter
        for row, name in enumerate(self._names):
            place = self.cell(row, 0)
            painter.setPen(theme.color("secondary"))
            short = metrics.elidedText(name, Qt.TextElideMode.ElideRight, self._names_width() - 8)
            names = QRectF(0, place.top(), self._names_width() - 8, place.height())
            painter.drawText(names, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, short)
            for column in range(len(self._names)):
                share, field = float(self._shares[row, column]), self.cell(row, column).adjusted(1, 1, -1, -1)
                ground = theme.mix("raised", theme.series(0 if row == column else 1), share**0.6)
                painter.fillRect(field, theme.color(ground))
                if share >= 0.005 and field.width() > 22:
                    dark = theme.color(ground).lightnessF() < 0.55
                    painter.setPen(Qt.GlobalColor.white if dark else Qt.GlobalColor.black)
                    painter.drawText(field, middle, f"{100 * share:.0f}")
        painter.setPen(theme.color("secondary"))
        foot = QRectF(self._names_width(), self.height() - 16, self.width() - self._names_width(), 16)
        painter.drawText(foot, middle, "predicted class, in the same order, %")

    def at(self, spot: QPointF) -> tuple[int, int] | None:
        """The field (row, column) under a spot."""
        count = len(self._names)
        return next(((r, c) for r in range(count) for c in range(count) if self.cell(r, c).contains(spot)), None)

    def event(self, event: QEvent) -> bool:
        """Say what is under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), plain(self.words_for(*found) if found else ""), self)
            return True
        return super().event(event)
