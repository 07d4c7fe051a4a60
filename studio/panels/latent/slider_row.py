"""How one row of the slider table looks."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from studio import theme
from studio.widgets.track import paint_track


@dataclass(frozen=True)
class RowState:
    """What a row shows; ``parts`` are zero and value as fractions of the track."""

    label: str
    value: float
    parts: tuple[float, float]
    locked: bool
    focused: bool
    hovered: bool
    enabled: bool


def paint_row(painter: QPainter, rects: tuple[QRectF, QRectF, QRectF, QRectF], state: RowState) -> None:
    """Draw name, track, figures and lock into their rectangles."""
    names, track, figures, lock = rects
    middle = Qt.AlignmentFlag.AlignVCenter
    if state.focused:
        painter.setPen(QPen(theme.color("accent"), theme.RING))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ring = QRectF(1, names.top() + 1, lock.right() - 2, names.height() - 2)
        painter.drawRoundedRect(ring, theme.RADIUS_CONTROL, theme.RADIUS_CONTROL)
    painter.setFont(theme.font())
    painter.setPen(theme.color("secondary" if state.enabled else "disabled"))
    words = QFontMetrics(theme.font()).elidedText(state.label, Qt.TextElideMode.ElideRight, int(names.width()))
    painter.drawText(names, middle, words)
    colour = "accent" if state.enabled and not state.locked else "disabled"
    paint_track(painter, track, state.parts, colour=colour, ring=state.hovered, tick=True)
    painter.setFont(theme.mono())
    painter.setPen(theme.color("text" if state.enabled else "disabled"))
    painter.drawText(figures, middle | Qt.AlignmentFlag.AlignRight, f"{state.value:+.2f}")
    if state.locked or state.hovered or state.focused:
        name, role = ("lock-simple-fill", "accent") if state.locked else ("lock-simple-open", "secondary")
        side = QRectF(0, 0, 14, 14)
        side.moveCenter(lock.center())
        theme.icon(name, role).paint(painter, side.toRect())
