"""Pictures with the discriminator's verdict beneath each: a bar, a mark where it was before, and a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from studio import theme
from studio.widgets.grid import PictureGrid
from studio.widgets.qimages import Pixels
from studio.widgets.tiles import Plan

BAR = 4  # px high
SMALLEST = 48  # px; where images would be smaller the grid scrolls
NOTICED = 0.005  # a change that the two digits of the number can show


def words(now: float, before: float | None) -> str:
    """A probability with two digits, and an arrow if it went up or down."""
    change = 0.0 if before is None else now - before
    arrow = "" if abs(change) < NOTICED else " ▲" if change > 0 else " ▼"
    return f"{now:.2f}{arrow}"


class ProbabilityTiles(PictureGrid):
    """A grid of images, each with the probability that it is real."""

    def __init__(self, name: str) -> None:
        super().__init__(cell=56, max_size=168, columns=4)
        self._now: NDArray[np.float32] = np.zeros(0, np.float32)
        self._before: NDArray[np.float32] | None = None
        self.setAccessibleName(name)

    def show_probabilities(
        self, pictures: Sequence[Pixels] | Pixels, now: NDArray[np.float32], before: NDArray[np.float32] | None
    ) -> None:
        """Show images, the probabilities now, and those before the last phase if there was one."""
        self._now, self._before = now, before
        told = [None] * len(now) if before is None else [float(p) for p in before]
        captions = [words(float(p), b) for p, b in zip(now, told, strict=True)]
        self.set_images(pictures, captions)
        self.setAccessibleDescription("probabilities: " + ", ".join(captions))

    def make_plan(self, ratio: float) -> Plan:
        """The grid's own, in the middle of its room; all images are seen together while they are large enough."""
        plan = super().make_plan(ratio)
        largest = self._max
        depth = self.maximumViewportSize().height() * ratio
        smaller = plan
        while smaller.height() > depth and min(smaller.wide, smaller.high) >= SMALLEST * ratio:
            self._max = max(smaller.wide, smaller.high) / ratio - 1
            smaller = super().make_plan(ratio)
        self._max = largest
        plan = smaller if min(smaller.wide, smaller.high) >= SMALLEST * ratio else plan
        spare = (round(self.viewport().width() * ratio) - plan.width()) // 2
        return replace(plan, left=plan.left + max(spare, 0))

    def caption_height(self, ratio: float) -> int:
        """Room for the bar and the number."""
        return super().caption_height(ratio) + round((BAR + 3) * ratio) if self._captions else 0

    def _paint_caption(self, painter: QPainter, rect: QRect, index: int, ratio: float) -> None:
        top = rect.bottom() + 1 + 4 * ratio
        track = QRectF(rect.x(), top, rect.width(), BAR * ratio)
        radius = BAR * ratio / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("track"))
        painter.drawRoundedRect(track, radius, radius)
        real = float(self._now[index])
        filled = QRectF(track.x(), top, max(BAR * ratio, track.width() * real), track.height())
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(filled, radius, radius)
        if self._before is not None:  # where it was
            at = track.x() + (track.width() - 2 * ratio) * float(self._before[index])
            painter.setBrush(theme.color("text"))
            painter.drawRect(QRectF(at, top - 2 * ratio, 2 * ratio, (BAR + 4) * ratio))
        face = theme.mono(round(theme.SMALL * ratio))
        painter.setFont(face)
        painter.setPen(theme.color("text" if index == self._current else "secondary"))
        under = top + (BAR + 2) * ratio
        gap = self._plan.gap if self._plan is not None else 0
        room = QRectF(rect.x() - gap / 2, under, rect.width() + gap, QFontMetrics(face).height())
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, self._captions[index])
