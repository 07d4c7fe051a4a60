"""Play, pause, step, scrub: time under one's thumb, and the animation of the walk beneath."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QElapsedTimer, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QStackedWidget, QWidget

from studio import theme
from studio.widgets.basics import plain
from studio.widgets.card import Card, Segmented, button, hbox, icon_button
from studio.widgets.frame_strip import FrameStrip
from studio.widgets.progress import ProgressRow
from studio.widgets.sliders import LabelledSlider
from studio.widgets.tiles import Provider

TICK_MS = 33
WHOLE_S = 4.0  # an animation takes so long at 1x, however many steps it has
SPEEDS = {"½×": 0.5, "1×": 1.0, "2×": 2.0, "4×": 4.0}
STILLS = 13  # images of the film strip
STILL = 56  # px
NARROW = 720  # px of the card
WAYS_OUT = {
    "Image, this step (PNG)": "frame",
    "All cards of this step (PNG)": "cards",
    "Animation (GIF)": ".gif",
    "Animation (Animated PNG)": ".apng",
    "Animation (WebP)": ".webp",
    "Animation (MP4)": ".mp4",
    "Strip (PNG)": ".png",
}


class TransportCard(Card):
    """Knows how many steps there are and which is shown; ``moved`` asks for another one."""

    moved = Signal(int)  # a step to show
    play_asked = Signal()  # Play was pressed, before anything moves
    fork_asked = Signal()
    export_asked = Signal(str)  # "frame", "cards" or the suffix of an animation
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._count, self._planned, self._at = 0, 0, 0
        self._narrow = False
        self._fork_words = ("Fork here", "Fork")  # in a wide and in a narrow window
        self._times: tuple[int, ...] = (0,)
        self._clock, self._began = QElapsedTimer(), 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.playing = False
        self.growing = False  # the walk is still being made
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.cancelled)
        self.strip = FrameStrip(height=STILL)
        self.strip.setFixedHeight(STILL + 28)  # its captions; it never scrolls
        self.strip.chosen.connect(self._still_chosen)
        self._stills: list[int] = []
        self.body.addLayout(self._make_row())
        self.body.addWidget(self.strip)
        self.set_count(0, 0, ())

    def _make_row(self) -> QHBoxLayout:
        self.play_button = button("Play", "primary", "play-fill")
        self.play_button.setMinimumWidth(84)
        self.play_button.clicked.connect(self.play)
        self.back, self.ahead = (
            icon_button("caret-left", "One step back (Left)", "plain"),
            icon_button("caret-right", "One step forward (Right)", "plain"),
        )
        self.back.clicked.connect(lambda: self.step(-1))
        self.ahead.clicked.connect(lambda: self.step(1))
        self.slider = LabelledSlider(0, 1, self._words_at)
        self.slider.changed.connect(self._scrubbed)
        self.slider.track.setAccessibleName("Step of the trajectory")
        self.speed = Segmented(list(SPEEDS), 1)
        self.speed.setAccessibleName("Speed")
        self.speed.chosen.connect(lambda index: self._start_clock())
        self.fork = button("Fork here", icon="git-branch")
        self.fork.setToolTip("Fork the trajectory here with other settings, and compare both (F)")
        self.fork.clicked.connect(self.fork_asked)
        self.save = button("Export")
        menu = QMenu(self.save)
        for words, what in WAYS_OUT.items():
            menu.addAction(words).triggered.connect(lambda _on=False, w=what: self.export_asked.emit(w))
        self.save.setMenu(menu)
        usual = QWidget()
        usual.setLayout(hbox(self.speed, self.fork, self.save))
        self._right = QStackedWidget()
        self._right.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.progress.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._right.addWidget(usual)
        self._right.addWidget(self.progress)
        row = hbox(self.play_button, self.back, self.ahead, self.slider, self._right)
        row.setStretch(3, 1)
        return row

    def name_fork(self, wide: str, narrow: str, tip: str) -> None:
        """Let the button that leaves the animation say something else."""
        self._fork_words = (wide, narrow)
        self.fork.setText(self._fork_words[self._narrow])
        self.fork.setToolTip(plain(tip))

    def show_progress(self, done: int, total: int) -> None:
        """How far the walk is, with a Cancel, where the other buttons were."""
        self.progress.advance("Step", done, total)
        self._right.setCurrentIndex(1)

    def end_progress(self) -> None:
        """The other buttons again."""
        self._right.setCurrentIndex(0)

    # --- what there is ---

    def set_count(self, count: int, planned: int, times: Sequence[int]) -> None:
        """Say how many steps there are to show, how many there will be, and the time t of each that has come."""
        self._count = count
        self._planned = planned
        self._times = tuple(times) or (0,)
        self.slider.set_range(0, max(planned - 1, 1))
        for part in (self.slider, self.back, self.ahead, self.fork, self.save):
            part.setEnabled(count > 0)
        self._at = min(self._at, max(count - 1, 0))

    def clear(self) -> None:
        """There is nothing to play any more."""
        self.pause()
        self.growing = False
        self.set_count(0, 0, ())
        self.set_animation(0, lambda index: None, ())
        self.end_progress()

    def set_animation(self, count: int, provider: Provider, times: Sequence[int]) -> None:
        """Spread images of ``count`` steps over the strip; ``provider`` is asked for those that are shown."""
        last = max(count - 1, 0)
        self._stills = sorted({round(i * last / (STILLS - 1)) for i in range(STILLS)}) if count else []
        captions = [f"{times[index]:,}" if index < len(times) else "" for index in self._stills]
        self.strip.set_source(len(self._stills), lambda index: provider(self._stills[index]), captions)
        self._ring()

    def stills(self) -> list[int]:
        """The steps that the strip shows."""
        return self._stills

    def at(self) -> int:
        """The step that is shown."""
        return self._at

    def count(self) -> int:
        """How many steps there are."""
        return self._count

    def _words_at(self, index: int) -> str:
        t = self._times[min(index, len(self._times) - 1)]
        return f"{'' if self._narrow else 't = '}{t:,} of {max(self._times):,}"

    # --- moving ---

    def show_step(self, index: int) -> None:
        """Stand at a step, without a signal."""
        self._at = index
        self.slider.set_value(index)
        self._ring()

    def _ring(self) -> None:
        near = min(range(len(self._stills)), key=lambda i: abs(self._stills[i] - self._at), default=-1)
        if near != self.strip.current():
            self.strip.set_current(near)

    def go(self, index: int) -> None:
        """Stand at a step and say so."""
        index = min(max(index, 0), max(self._count - 1, 0))
        self.show_step(index)
        self.moved.emit(index)

    def step(self, by: int) -> None:
        """One step back or on; playing stops."""
        self.pause()
        self.go(self._at + by)

    def _scrubbed(self, index: int) -> None:
        self.pause()
        self.go(index)

    def _still_chosen(self, index: int) -> None:
        if 0 <= index < len(self._stills) and self._stills[index] < self._count:
            self.pause()
            self.go(self._stills[index])

    # --- playing ---

    def play(self) -> None:
        """Play or pause; an animation that is over begins again."""
        if self.playing:
            self.pause()
            return
        self.playing = True
        self._dress()
        self.play_asked.emit()
        if not self.growing and self._count < 2:  # there is nothing to play
            self.pause()
        elif not self.growing and self._at >= self._count - 1:
            self.go(0)
        self._start_clock()

    def pause(self) -> None:
        """Stay where it is."""
        self.playing = False
        self._timer.stop()
        self._dress()

    def grown(self, done: bool) -> bool:
        """Steps were added: while it plays the newest is shown; what is done is played from there.

        Returns:
            whether it went to the newest step, and said so.
        """
        self.growing = not done
        if self.playing and self.growing:
            self.go(self._count - 1)
            return True
        if self.playing and self._at >= self._count - 1:
            self.pause()
        elif self.playing:
            self._start_clock()
        return False

    def _start_clock(self) -> None:
        self._began = self._at
        self._clock.start()
        if self.playing and not self.growing and self._count > 1:
            self._timer.start()

    def _tick(self) -> None:
        a_second = (self._count - 1) / WHOLE_S * SPEEDS[self.speed.text()]
        target = int(self._began + self._clock.elapsed() / 1000 * a_second)
        if target != self._at:
            self.go(target)
        if self._at >= self._count - 1:
            self.pause()

    def _dress(self) -> None:
        self.play_button.setText("Pause" if self.playing else "Play")
        theme.dress(self.play_button, "pause-fill" if self.playing else "play-fill", "on_accent")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the slider needs the room."""
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            self.speed.setHidden(narrow)
            self.fork.setText(self._fork_words[narrow])
            self.set_count(self._count, self._planned, self._times)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: do not keep the window busy."""
        super().hideEvent(event)
        self.pause()
