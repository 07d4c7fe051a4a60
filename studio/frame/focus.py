"""Where the keys go when the control that has them is hidden: a button that has done its work, a page that has gone."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from studio.widgets.card import Card


class FocusKeeper(QObject):
    """Gives the keys to the page in front, where Qt would choose whatever control comes next in the window.

    Qt's choice stands where it is in the same card: a form is filled in from field to field.

    Args:
        window: only its controls are looked after.
        front: the page in front.
    """

    def __init__(self, window: QWidget, front: Callable[[], QWidget | None]) -> None:
        super().__init__(window)
        self._window, self._front = window, front
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._moved)

    @Slot(QWidget, QWidget)
    def _moved(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is None or new is None or not isValid(old) or not isValid(new) or old.isVisible():
            return
        if not self._window.isAncestorOf(old) or not self._window.isAncestorOf(new):
            return
        page, card = self._front(), _card_of(old)
        if page is not None and page is not new and (card is None or card is not _card_of(new)):
            page.setFocus()


def _card_of(widget: QWidget) -> Card | None:
    found: QWidget | None = widget
    while found is not None and not isinstance(found, Card):
        found = found.parentWidget()
    return found
