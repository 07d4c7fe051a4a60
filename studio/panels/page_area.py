"""A page that scrolls where the window is lower than the page can become, and fills the window otherwise."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class PageArea(QScrollArea):
    """Holds one page, always as wide as the area: pages have narrow forms of their own.

    Qt's own resizable area would scroll as soon as wrapped words are not all as high as they wish.
    """

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page = page
        self.setWidget(page)
        page.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another layout of the page may need more room, or less."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self._page:
            self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the page the room that there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room, page = self.maximumViewportSize(), self._page
        if page.minimumSizeHint().height() > room.height():
            room.setWidth(room.width() - self.verticalScrollBar().sizeHint().width())
        page.resize(room.width(), page.height())  # a narrow form may need another height
        page.resize(room.width(), max(room.height(), page.minimumSizeHint().height()))

    def minimumSizeHint(self) -> QSize:
        """Any size will do: it scrolls."""
        return QSize(160, 120)
