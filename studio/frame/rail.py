"""The navigation rail: one icon with its word a panel."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton, QVBoxLayout

from studio import theme
from studio.widgets.basics import plain

ICON_SIDE = 20  # px
BUTTON, LOWEST = QSize(60, 54), 42  # px; in a low window buttons are lower


class Rail(QFrame):
    """Emits ``chosen(key)``; arrow keys move, Enter and Space choose, Ctrl+1 to Ctrl+9 and Ctrl+0 jump."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(theme.RAIL)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._buttons: dict[str, QToolButton] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(6, 10, 6, 10)
        self._column.setSpacing(2)
        self._column.addStretch(1)
        theme.bus().changed.connect(self._paint_icons)

    def add(self, key: str, title: str, icon: str) -> None:
        """Add a panel's button."""
        button = QToolButton()
        button.setCheckable(True)
        button.setProperty("kind", "rail")
        button.setText(title)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(ICON_SIDE, ICON_SIDE))
        button.setFixedWidth(BUTTON.width())
        button.setMinimumHeight(LOWEST)
        button.setMaximumHeight(BUTTON.height())
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        button.setFont(theme.font(theme.TINY))
        button.setAccessibleName(title)
        number = len(self._buttons) + 1
        button.setToolTip(plain(f"{title} (Ctrl+{number % 10})" if number <= 10 else title))
        button.setProperty("icon_base", icon)
        button.clicked.connect(lambda: self.chosen.emit(key))
        button.toggled.connect(lambda _on: self._paint_icons())
        self._group.addButton(button)
        self._buttons[key] = button
        self._column.insertWidget(self._column.count() - 1, button, 1000)  # all the room, up to its greatest height
        self._paint_icons()

    def select(self, key: str) -> None:
        """Show which panel is in front."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)

    def _paint_icons(self) -> None:
        for button in self._buttons.values():
            name, on = button.property("icon_base"), button.isChecked()
            theme.dress(button, name, "accent" if on else "secondary")
