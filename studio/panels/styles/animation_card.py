"""An animation through styles: keyframes above, the frames between them below; played and exported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from models.core.styles.table import FEWEST_STEPS, LARGEST_SEED, MOST_STEPS, SIDE, Mixture
from studio.widgets.card import Card, EmptyState, button, hbox, icon_button, label
from studio.widgets.frame_strip import FrameStrip
from studio.widgets.picture import PictureGrid
from studio.widgets.player import Player, animation_menu
from studio.widgets.progress import ProgressRow
from studio.widgets.qimages import Pixels
from studio.widgets.sliders import LabelledSlider

NOTHING = np.zeros((0, 1, 1, 1), np.uint8)


def walked(table: Mixture) -> Mixture:
    """A random walk through draws that are not in the table, and other ones each time."""
    used = [source.seed for mix in table.keyframes for source in (mix.coarse, mix.fine)]
    used += [source.seed for source in table.sources]
    return table.with_walk((max(used) + 1) % (LARGEST_SEED - SIDE))


class AnimationCard(Card):
    """Shows the keyframes of a table and their frames; every change but one is a signal with the new table."""

    previewed = Signal(object)  # Mixture, while the slider moves
    changed = Signal(object)  # Mixture
    committed = Signal()  # the slider has come to rest
    add_asked = Signal()  # the large image as a keyframe
    chosen = Signal(int)  # a frame to show large
    export_asked = Signal(str)  # suffix of the animation

    def __init__(self) -> None:
        super().__init__("Animation", "a loop through styles")
        self._table = Mixture.begin(1)
        self.frames: Pixels = NOTHING
        self.add = button("Add image")
        self.add.setToolTip("Add the large image as a keyframe (K)")
        self.add.clicked.connect(self.add_asked)
        self.walk = button("Random loop")
        self.walk.setToolTip("From the large image through five random styles and back")
        self.walk.clicked.connect(self._walk)
        self.remove = icon_button("minus-circle", "Take the chosen keyframe out (Delete)", "small")
        self.remove.clicked.connect(self._remove)
        for widget in (self.walk, self.add, self.remove):
            self.tools.addWidget(widget)
        self.keys = FrameStrip(height=64)
        self.keys.setAccessibleName("Keyframes")
        self.grid = PictureGrid(cell=32, max_size=160)
        self.grid.setAccessibleName("Frames of the animation")
        self.grid.clicked.connect(self.chosen)
        self.progress = ProgressRow()
        self.play_button = button("Play", "primary", "play")
        self.save = button("Export animation")
        animation_menu(self.save, self.export_asked.emit)
        self.player = Player(self.grid, self.play_button, loop=True)
        self.player.chosen.connect(self.chosen)
        self._fill()
        self.show_table(self._table)

    def _fill(self) -> None:
        words = "An animation goes from keyframe to keyframe along straight lines in W, and back to the first one."
        self.empty = EmptyState("film-strip", words, "Random loop", "Add the large image")
        self.empty.asked.connect(self._walk)
        self.empty.asked_other.connect(self.add_asked)
        self.steps = LabelledSlider(FEWEST_STEPS, MOST_STEPS, "{} frames each".format)
        self.steps.track.setAccessibleName("Frames from one keyframe to the next")
        self.steps.changed.connect(self._preview)
        self.steps.committed.connect(self.committed)
        self.hint = label("Add another image: an animation needs two.", "secondary")
        self.below = hbox(self.steps, self.play_button, self.save)
        self.below.setStretch(0, 1)
        self.body.addWidget(self.keys)
        self.body.addWidget(self.hint, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.grid, 1)
        self.body.addWidget(self.empty, 1)
        self.body.addLayout(self.below)

    def show_table(self, table: Mixture) -> None:
        """Show the controls that make sense for so many keyframes."""
        self._table = table
        count = len(table.keyframes)
        self.set_subtitle("a loop through styles" if count < 2 else f"{count} keyframes, {count * table.steps} frames")
        self.steps.set_value(table.steps)
        some: tuple[QWidget, ...] = (self.keys, self.remove, self.walk, self.add)
        several: tuple[QWidget, ...] = (self.grid, self.steps, self.play_button, self.save)
        for widgets, least in ((some, 1), (several, 2)):
            for widget in widgets:
                widget.setVisible(count >= least)
        self.hint.setVisible(count == 1)
        self.empty.setVisible(count == 0)
        if count < 2:
            self.show_frames(NOTHING)
        if count == 0:
            self.keys.set_images(NOTHING)

    def show_keyframes(self, pictures: Pixels) -> None:
        """Show what the animation goes through, (k, height, width, channels)."""
        self.keys.set_images(pictures)

    def show_frames(self, frames: Pixels) -> None:
        """Show the painted frames (n, height, width, channels); none stops the animation."""
        self.progress.end()
        if not len(frames):
            self.player.stop()
        self.frames = frames
        self.grid.set_images(frames)
        for widget in (self.play_button, self.save):
            widget.setEnabled(len(frames) > 1)

    def _remove(self) -> None:
        if self.keys.count():
            at = self.keys.current()
            self.changed.emit(self._table.without_keyframe(at if at >= 0 else self.keys.count() - 1))

    def _walk(self) -> None:
        self.changed.emit(walked(self._table))

    def _preview(self, steps: int) -> None:
        self.previewed.emit(replace(self._table, steps=steps))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the chosen keyframe out."""
        if event.matches(QKeySequence.StandardKey.Delete) and self.keys.hasFocus():
            self._remove()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: do not keep the window busy."""
        super().hideEvent(event)
        self.player.stop()
