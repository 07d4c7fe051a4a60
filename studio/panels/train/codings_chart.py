"""Mean and spread of every coding: which of them the model uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio import theme
from studio.widgets.basics import plain

UNUSED = 0.1  # of the prior's standard deviation


class CodingsChart(QWidget):
    """A bar from mean - std to mean + std for each coding; those that carry nothing are pale and marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._means = np.zeros(0)
        self._stds = np.zeros(0)
        self._labels: list[str] = []
        self._prior = self._reach = 1.0
        self._hovered = -1
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_stats(
        self,
        means: Sequence[float] | NDArray[np.floating],
        stds: Sequence[float] | NDArray[np.floating],
        labels: Sequence[str] | None = None,
        prior_std: float = 1.0,
    ) -> None:
        """Show one bar a coding: mean and standard deviation over the data; the prior's spread is drawn dotted."""
        self._means, self._stds = np.asarray(means, float).reshape(-1), np.asarray(stds, float).reshape(-1)
        self._labels = list(labels) if labels else [f"z{i}" for i in range(len(self._means))]
        self._prior = prior_std
        self._reach = self._find_reach()
        unused = int(self.unused().sum())
        self.setAccessibleDescription(f"{len(self._means)} coding units, {unused} unused")
        self.update()

    def unused(self) -> NDArray[np.bool_]:
        """Which codings carry next to nothing."""
        return np.asarray(self._stds < UNUSED * self._prior, bool)

    def sizeHint(self) -> QSize:
        """Wide and not too high."""
        return QSize(420, 200)

    def _plot_rect(self) -> QRectF:
        return QRectF(self.rect()).adjusted(34, 8, -4, -26)

    def _find_reach(self) -> float:
        tallest = float(np.max(np.abs(self._means) + self._stds, initial=self._prior))
        return max(tallest * 1.1, 1e-6) if np.isfinite(tallest) else self._prior

    def _y(self, value: float) -> float:
        rect = self._plot_rect()
        return rect.center().y() - value / self._reach * rect.height() / 2

    def bar_rect(self, index: int) -> QRectF:
        """Where the bar of a coding stands."""
        rect = self._plot_rect()
        pitch = rect.width() / max(len(self._means), 1)
        wide = min(max(pitch * 0.56, min(pitch, 1.0)), 28.0)
        middle = rect.left() + pitch * (index + 0.5)
        top = self._y(float(self._means[index] + self._stds[index]))
        bottom = self._y(float(self._means[index] - self._stds[index]))
        return QRectF(middle - wide / 2, top, wide, max(bottom - top, 2.0))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the lines, the bars and as many names as fit."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_lines(painter)
        unused = self.unused()
        for i in range(len(self._means)):
            self._paint_bar(painter, i, bool(unused[i]))
        self._paint_names(painter)

    def _paint_lines(self, painter: QPainter) -> None:
        rect = self._plot_rect()
        painter.setFont(theme.mono(theme.SMALL))
        for value in (-self._prior, 0.0, self._prior):
            y = self._y(value)
            style = Qt.PenStyle.DotLine if value else Qt.PenStyle.SolidLine
            painter.setPen(QPen(theme.color("edge" if value else "line"), 1, style))
            painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))
            painter.setPen(theme.color("secondary"))
            words = f"{value:+g}" if value else "0"
            painter.drawText(
                QRectF(0, y - 8, 28, 16), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words
            )

    def _paint_bar(self, painter: QPainter, index: int, unused: bool) -> None:
        bar = self.bar_rect(index)
        role = "disabled" if unused else "accent"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(role, 0.62 if index == self._hovered else 0.42))
        radius = min(4.0, bar.width() / 3, bar.height() / 2)
        if bar.width() < 4:
            painter.fillRect(bar, painter.brush())
        else:
            painter.drawRoundedRect(bar, radius, radius)
        y = self._y(float(self._means[index]))
        painter.fillRect(QRectF(bar.left(), y - 1, bar.width(), 2), theme.color(role))
        if unused and bar.width() >= 8:
            painter.setPen(QPen(theme.color("edge"), 1.2, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(bar.left(), y - 9, bar.width(), 18), 4, 4)

    def _paint_names(self, painter: QPainter) -> None:
        rect, face = self._plot_rect(), theme.font(theme.SMALL)
        painter.setFont(face)
        pitch = rect.width() / max(len(self._means), 1)
        widest = max((QFontMetrics(face).horizontalAdvance(text) for text in self._labels), default=1) + 8
        every = max(int(np.ceil(widest / max(pitch, 1e-6))), 1)
        for i in range(0, len(self._labels), every):
            painter.setPen(theme.color("secondary"))
            middle = rect.left() + pitch * (i + 0.5)
            middle = min(middle, self.width() - widest / 2)
            room = QRectF(middle - widest / 2, self.height() - 20, widest, 18)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self._labels[i])

    def index_at(self, spot: QPoint) -> int:
        """The coding in whose column a spot lies, or -1."""
        rect = self._plot_rect()
        if not len(self._means) or not rect.left() <= spot.x() <= rect.right():
            return -1
        return min(int((spot.x() - rect.left()) / rect.width() * len(self._means)), len(self._means) - 1)

    def words_for(self, index: int) -> str:
        """What the tool tip says about a coding."""
        text = f"{self._labels[index]}: mean {self._means[index]:+.3f}, std {self._stds[index]:.3f}"
        if self.unused()[index]:
            text += (
                "\nUnused: it hardly changes from image to image, so the model ignores it.\nA smaller KL weight or "
                "fewer coding units would put it to work."
            )
        return text

    def event(self, event: QEvent) -> bool:
        """Explain the coding under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos())
            if index >= 0:
                QToolTip.showText(event.globalPos(), plain(self.words_for(index)), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the coding under the mouse."""
        self._hovered = self.index_at(event.position().toPoint())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Put the light out."""
        self._hovered = -1
        self.update()
