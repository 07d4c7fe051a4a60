"""Plays frames that are already painted, and the menu of the animations that can be made of them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMenu, QPushButton

from studio.widgets.tiles import Tiles

FRAME_MS = 90
ANIMATIONS = {"GIF": ".gif", "Animated PNG": ".apng", "WebP": ".webp", "MP4": ".mp4", "Strip (PNG)": ".png"}


class Player(QObject):
    """Steps through the tiles of a strip or grid: round and round if it is a ``loop``, else to and fro.

    Args:
        tiles: whose current tile it moves.
        button: starts and stops it, and says which.
        loop: whether the first frame follows the last one.
    """

    chosen = Signal(int)

    def __init__(self, tiles: Tiles, button: QPushButton, *, loop: bool = False) -> None:
        super().__init__(tiles)
        self._tiles = tiles
        self._button = button
        self._loop = loop
        self._forward = True
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._next)
        button.clicked.connect(self.play)

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    def play(self) -> None:
        """Play, or stop."""
        if self.playing or self._tiles.count() < 2:
            self._timer.stop()
        else:
            self._timer.start()
        self._button.setText("Stop" if self.playing else "Play")

    def stop(self) -> None:
        """Stop playing."""
        if self.playing:
            self.play()

    def _next(self) -> None:
        at, last = self._tiles.current(), self._tiles.count() - 1
        if self._loop:
            at = at + 1 if at < last else 0
        else:
            self._forward = False if at >= last else True if at <= 0 else self._forward
            at = min(max(at + (1 if self._forward else -1), 0), last)
        self._tiles.set_current(at)
        self.chosen.emit(at)


def animation_menu(button: QPushButton, export: Callable[[str], None]) -> None:
    """Give a button the menu of animations; ``export`` is told the suffix."""
    menu = QMenu(button)
    for name, suffix in ANIMATIONS.items():
        menu.addAction(name).triggered.connect(lambda _on=False, s=suffix: export(s))
    button.setMenu(menu)
