"""Horizontal bars with names and figures: counts of labels, shares of attributes."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme

ROW, HEAD = 22, 26  # px


class Bars(QWidget):
    """One row a name; the bar of a share goes to 100 %, that of a count to the largest count."""

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self._rows: list[tuple[str, str, float]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_counts(self, title: str, counts: Mapping[str, int]) -> None:
        """Show how many there are of each."""
        most = max([1, *(int(count) for count in counts.values())])
        self._set(title, [(name, f"{int(count):,}", int(count) / most) for name, count in counts.items()])

    def show_shares(self, title: str, shares: Mapping[str, float]) -> None:
        """Show shares in [0, 1] as per cent."""
        self._set(title, [(name, f"{share:.0%}", float(share)) for name, share in shares.items()])

    def _set(self, title: str, rows: list[tuple[str, str, float]]) -> None:
        self._title, self._rows = title, rows
        self.setAccessibleDescription("; ".join(f"{name} {figure}" for name, figure, _ in rows))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(200, HEAD + ROW * len(self._rows) if self._rows else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw name, bar and figure."""
        if not self._rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        metrics = QFontMetrics(theme.font(theme.SMALL))
        painter.setPen(theme.color("secondary"))
        painter.drawText(QRectF(0, 0, self.width(), HEAD - 6), Qt.AlignmentFlag.AlignVCenter, self._title)
        names = min(110, max(metrics.horizontalAdvance(name) for name, _, _ in self._rows) + 8)
        figures = max(metrics.horizontalAdvance(figure) for _, figure, _ in self._rows) + 8
        track = max(10, self.width() - names - figures)
        for index, (name, figure, share) in enumerate(self._rows):
            top = HEAD + index * ROW
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names - 6)
            painter.setPen(theme.color("text"))
            painter.drawText(QRectF(0, top, names, ROW), Qt.AlignmentFlag.AlignVCenter, text)
            painter.drawText(
                QRectF(names + track, top, figures, ROW),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                figure,
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(QRectF(names, top + 8, track, 6), 3, 3)
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(QRectF(names, top + 8, max(2.0, track * share), 6), 3, 3)
