"""A row of widgets that goes on in another line where the width ends."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QWidget
from superqt import QFlowLayout

from studio import theme


class FlowRow(QWidget):
    """Widgets in as many lines as they need; ``spacing`` in px between them, both ways."""

    def __init__(self, *widgets: QWidget, spacing: int = theme.GAP_S) -> None:
        super().__init__()
        self._flow = QFlowLayout(self)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(spacing)
        self._flow.setVerticalSpacing(spacing)
        for widget in widgets:
            self.add(widget)

    def add(self, widget: QWidget) -> None:
        """Add a widget at the end."""
        self._flow.addWidget(widget)

    def hasHeightForWidth(self) -> bool:
        """It claims its height itself, as wrapped words do (``basics.Wrapped``)."""
        return False

    def sizeHint(self) -> QSize:
        """As high as its lines are at its width."""
        hint = super().sizeHint()
        return QSize(hint.width(), self.minimumHeight() or hint.height())

    def event(self, event: QEvent) -> bool:
        """Claim the height of all lines whenever the width or a widget has changed: no layout makes it lower."""
        done = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            needed = self._flow.heightForWidth(self.width())
            if needed != self.minimumHeight():
                self.setMinimumHeight(needed)
        return done
