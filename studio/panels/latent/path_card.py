"""A path through the codings as a film strip: straight, along an arc, or drawn on the map; played and exported."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent

from studio.panels.latent.state import ARC, DRAWN, SHEET, STRAIGHT, Path
from studio.widgets.card import Card, Segmented, button
from studio.widgets.frame_strip import FrameStrip
from studio.widgets.player import Player, animation_menu

WORDS = {ARC: "spherical", STRAIGHT: "linear", DRAWN: "drawn on the map", SHEET: "images of a sheet"}
Array = NDArray[np.float32]


class PathCard(Card):
    """Holds the codings of a path; the panel decodes them and gives the frames back with ``show_frames``."""

    wanted = Signal(object)  # (k, latent_size) codings to decode
    chosen = Signal(int)  # a frame to show large
    export_asked = Signal(str)  # suffix of the animation
    end_asked = Signal(bool)  # make the current coding the path's start (True) or end

    def __init__(self) -> None:
        super().__init__("Path")
        self.start: Array | None = None
        self.end: Array | None = None
        self.codings: Array = np.zeros((0, 1), np.float32)
        self.frames: NDArray[np.uint8] = np.zeros((0, 1, 1, 1), np.uint8)
        self._path: Path | None = None
        self.kind = Segmented(["Arc", "Straight"])
        self.kind.setToolTip("An arc keeps the length of codings natural (spherical interpolation)")
        self.kind.chosen.connect(lambda index: self.between())
        begin, end = button("Start here"), button("End here")
        begin.setToolTip("The path starts at the image above")
        end.setToolTip("The path ends at the image above")
        begin.clicked.connect(lambda: self.end_asked.emit(True))
        end.clicked.connect(lambda: self.end_asked.emit(False))
        self.play_button = button("Play", "primary", "play")
        self.export_button = button("Export animation")
        animation_menu(self.export_button, self.export_asked.emit)
        for widget in (begin, end, self.kind, self.play_button, self.export_button):
            self.tools.addWidget(widget)
        self.strip = FrameStrip(height=64)
        self.strip.chosen.connect(self.chosen)
        self.body.addWidget(self.strip)
        self.player = Player(self.strip, self.play_button)
        self.player.chosen.connect(self.chosen)

    def set_ends(self, start: Array | None = None, end: Array | None = None) -> None:
        """Change one end or both and ask for the frames between."""
        self.start = self.start if start is None else start
        self.end = self.end if end is None else end
        self.between()

    def between(self) -> None:
        """The path from start to end, as an arc or a straight line."""
        if self.start is not None and self.end is not None:
            self.place(Path.between(ARC if self.kind.index() == 0 else STRAIGHT, self.start, self.end))

    def follow(self, codings: Array) -> None:
        """A path drawn on the map."""
        self.place(Path(DRAWN, codings))

    def place(self, path: Path) -> None:
        """Show a path: its ends, if it has some, and its kind; ask for the frames."""
        self.stop()
        self._path, self.codings = path, path.codings
        if path.start is not None and path.end is not None:
            self.start, self.end = path.start, path.end
            self.kind.set_index(int(path.kind == STRAIGHT))
        self.wanted.emit(self.codings)

    @property
    def path(self) -> Path | None:
        """What is shown; None while there is nothing."""
        return self._path

    @property
    def words(self) -> str:
        """What the path is."""
        return "" if self._path is None else WORDS[self._path.kind]

    def show_frames(self, frames: NDArray[np.uint8]) -> None:
        """The decoded frames (k, h, w, c)."""
        self.frames = frames
        self.set_subtitle(f"{len(frames)} frames, {self.words}")
        self.strip.set_images(frames)
        self.play_button.setEnabled(len(frames) > 1)

    def play(self) -> None:
        """Play to and fro, or stop."""
        self.player.play()

    def stop(self) -> None:
        """Stop playing."""
        self.player.stop()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: do not keep the window and the model busy."""
        super().hideEvent(event)
        self.stop()

    def clear(self) -> None:
        """Another model: its codings are of another space."""
        self.stop()
        self.start = self.end = self._path = None
        self.codings = np.zeros((0, 1), np.float32)
        self.show_frames(np.zeros((0, 1, 1, 1), np.uint8))
