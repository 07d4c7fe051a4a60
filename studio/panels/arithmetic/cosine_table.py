"""How alike directions are: the cosine of the angle between every two of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio import theme
from studio.widgets.basics import plain

ROW = 22  # px
NARROW = 30  # px, a cell that still holds its figures


class CosineTable(QWidget):
    """A triangle of figures; the names of the rows also number the columns."""

    def __init__(self) -> None:
        super().__init__()
        self._values: NDArray[np.float64] = np.zeros((0, 0))
        self._names: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Cosines between the directions")

    def set_values(self, values: NDArray[np.float64], names: Sequence[str]) -> None:
        """Show a symmetric matrix (k, k) of cosines; with fewer than two names there is nothing to show."""
        self._values, self._names = values, list(names)
        self.setVisible(len(names) > 1)
        self.setFixedHeight(ROW * max(len(names) - 1, 0) + ROW)
        pairs = [(r, c) for r in range(len(names)) for c in range(r)]
        self.setAccessibleDescription("; ".join(self.words_for(*pair) for pair in pairs))
        self.update()

    def words_for(self, row: int, column: int) -> str:
        """What the tool tip says of a field."""
        return f"{self._names[row]} and {self._names[column]}: {self._values[row, column]:+.3f}"

    def _left(self) -> float:
        metrics = QFontMetrics(theme.font(theme.SMALL))
        wish = max((metrics.horizontalAdvance(name) for name in self._names), default=0) + 12
        return min(wish, max(self.width() - NARROW * (len(self._names) - 1), 48))

    def cell(self, row: int, column: int) -> QRectF:
        """Where a field lies, in px; the first direction has no row and the last no column."""
        left = self._left()
        wide = min((self.width() - left) / max(len(self._names) - 1, 1), 64)
        return QRectF(left + column * wide, ROW * row, wide, ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the triangle: the stronger the ground, the more alike two directions are."""
        painter = QPainter(self)
        metrics, middle = QFontMetrics(theme.font(theme.SMALL)), Qt.AlignmentFlag.AlignCenter
        for row in range(len(self._names)):
            place = self.cell(row, 0)
            if row:
                painter.setFont(theme.font(theme.SMALL))
                painter.setPen(theme.color("secondary"))
                short = metrics.elidedText(self._names[row], Qt.TextElideMode.ElideRight, int(place.left()) - 8)
                names = QRectF(0, place.top(), place.left() - 8, ROW)
                painter.drawText(names, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, short)
            painter.setFont(theme.mono(theme.SMALL - 1))
            for column in range(row):
                value, field = float(self._values[row, column]), self.cell(row, column).adjusted(1, 1, -1, -1)
                painter.fillRect(field, theme.color(theme.mix("raised", "accent", 0.45 * abs(value))))
                painter.setPen(theme.color("text"))
                painter.drawText(field, middle, f"{value:+.2f}".replace("0.", ".") if abs(value) >= 0.005 else "0")
            if row < len(self._names) - 1:  # the column's own name stands above it, on the diagonal
                painter.setFont(theme.font(theme.SMALL))
                painter.setPen(theme.color("secondary"))
                field = self.cell(row, row)
                words = metrics.elidedText(self._names[row], Qt.TextElideMode.ElideRight, int(field.width()) - 2)
                painter.drawText(field, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, words)

    def event(self, event: QEvent) -> bool:
        """Say in full what is under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            spot, count = QPointF(event.pos()), len(self._names)
            found = next(((r, c) for r in range(count) for c in range(r) if self.cell(r, c).contains(spot)), None)
            QToolTip.showText(event.globalPos(), plain(self.words_for(*found) if found else ""), self)
            return True
        return super().event(event)
