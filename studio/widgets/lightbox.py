"""One image as large as the window allows, above everything else; a click or Escape puts it away."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio import theme
from studio.widgets.basics import vbox
from studio.widgets.picture import Picture
from studio.widgets.qimages import Pixels


class Lightbox(QWidget):
    """Covers the window of ``owner``; the image can be dragged out of it with its recipe."""

    def __init__(self, owner: QWidget, pixels: Pixels, caption: str, recipe: Mapping[str, str]) -> None:
        super().__init__(owner.window())
        self._owner = owner
        self.picture = Picture()
        self.picture.setAcceptDrops(False)
        self.picture.set_image(pixels)
        self.picture.caption, self.picture.recipe = caption, recipe
        self.picture.clicked.connect(self.put_away)
        self.setLayout(vbox(self.picture, margin=2 * theme.GAP_XL))
        self.setFocusProxy(self.picture)
        self.window().installEventFilter(self)
        self.setGeometry(self.window().rect())
        self.show()
        self.raise_()
        self.picture.setFocus()

    def put_away(self) -> None:
        """Back to the page; the keyboard goes back to where it was."""
        self.window().removeEventFilter(self)
        self.hide()
        self._owner.setFocus()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the window."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.window().rect())
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape puts it away; no key reaches the page behind."""
        if event.key() == Qt.Key.Key_Escape:
            self.put_away()
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click beside the image puts it away."""
        self.put_away()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim the page."""
        QPainter(self).fillRect(self.rect(), theme.color("window", 0.93))
