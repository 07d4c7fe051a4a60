"""Uses the whole window at random: models, panels, themes, sliders, choices, keys, buttons, fast and slow."""

from __future__ import annotations

import logging
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from models.core.errors import UserError
from studio.panels import PANELS
from studio.panels.latent.slider_table import SliderTable
from studio.widgets.card import ErrorNote, Segmented
from studio.widgets.progress import ProgressRow
from studio.widgets.track import Track
from studio.window import Window
from tests.tools.gui.windows import LONG, wait_idle

CTRL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
KEYS = (
    (Qt.Key.Key_R, NONE), (Qt.Key.Key_Space, NONE), (Qt.Key.Key_Left, NONE), (Qt.Key.Key_Right, NONE),
    (Qt.Key.Key_F, NONE), (Qt.Key.Key_K, NONE), (Qt.Key.Key_Return, NONE), (Qt.Key.Key_S, NONE),
    (Qt.Key.Key_Z, CTRL), (Qt.Key.Key_Y, CTRL),
)  # fmt: skip
# Whatever opens no dialog and no menu, trains nothing, deletes nothing and writes nothing.
BUTTONS = frozenset({
    "Ablate", "Another image", "As it is", "Boost", "Cancel", "Clear", "New noise", "Encode the dataset", "End here",
    "Fork here", "From pure noise", "Outpaint", "Load the dataset", "Make independent", "Other image",
    "Other images", "Play", "Random", "Random loop", "Reset", "Sample", "Start here", "Stop", "Try an example",
})  # fmt: skip
WEIGHTS = {"model": 6, "again": 1, "panel": 7, "theme": 1, "slider": 5, "choice": 2, "button": 3, "key": 2, "rest": 3,
           "moment": 4}  # fmt: skip


class Watch(logging.Handler):
    """Collects what should not have come: log records from warnings on, Qt's messages, errors shown to the user."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text only: a traceback would hold the window alive."""
        text = f"log {record.levelname} {record.name}: {record.getMessage()}"
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self.found.append(text)

    def qt(self, kind: QtMsgType, context: object, text: str) -> None:
        """Qt's own message handler while the watch is kept."""
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg):
            self.found.append(f"Qt: {text}")

    def noticed(self, what: object) -> None:
        """A sentence in the banner is fine, an error is not."""
        if isinstance(what, UserError):
            self.found.append(f"banner: {what}")


@contextmanager
def watched(window: Window) -> Iterator[Watch]:
    """Listen to the root logger, to Qt, to Python's warnings for users, and to the banner."""
    watch, root = Watch(), logging.getLogger()
    with warnings.catch_warnings():
        for for_developers in (DeprecationWarning, PendingDeprecationWarning):  # no user sees these: Python's default
            warnings.simplefilter("ignore", for_developers)
        root.addHandler(watch)
        logging.captureWarnings(True)
        before = qInstallMessageHandler(watch.qt)
        window.session.noticed.connect(watch.noticed)
        try:
            yield watch
        finally:
            window.session.noticed.disconnect(watch.noticed)
            qInstallMessageHandler(before)
            logging.captureWarnings(False)
            root.removeHandler(watch)


class Wanderer:
    """Takes random steps; the same seed takes the same steps as far as the threads allow.

    Args:
        window: with its backend started.
        runs: folders of the models between which it switches.
        seed: of the steps.
    """

    def __init__(self, window: Window, qtbot, runs: Sequence[Path], seed: int) -> None:
        self.window, self.qtbot, self.runs = window, qtbot, list(runs)
        self.rng = random.Random(seed)
        self.taken: list[str] = []

    def wander(self, steps: int) -> None:
        """Take steps; the first thing that should not have come ends the walk with the steps that led to it."""
        kinds = self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=steps)
        with watched(self.window) as watch:
            for kind in kinds:
                self.taken.append(getattr(self, f"_{kind}")() or kind)
                if os.environ.get("STUDIO_WALK_TELL"):
                    print(len(self.taken), self.taken[-1], flush=True)
                QApplication.processEvents()
                self._look(watch)
            self._rest()
            self._look(watch)

    def _look(self, watch: Watch) -> None:
        shown = [note for note in self.window.findChildren(ErrorNote) if note is not self.window.banner]
        found = watch.found + [f"shown: {note.accessibleName()}" for note in shown if not note.isHidden()]
        assert not found, "after " + ", ".join(self.taken[-12:]) + ":\n" + "\n".join(found)

    # --- what it does; each returns what it did in words, or None ---

    def _model(self) -> str:
        folder = self.rng.choice(self.runs)
        if self.rng.random() < 0.2:
            self.window.session.asked_to_play.emit(folder)
            return f"play {folder.name}"
        self.window.open_run(folder)
        return f"open {folder.name}"

    def _again(self) -> str:
        """The same run once more: new weights, as after a checkpoint."""
        model = self.window.session.model
        if model is not None:
            self.window.opening.follow(model.folder)
        return "newer weights"

    def _panel(self) -> str:
        key = self.rng.choice(list(PANELS))
        self.window.show_panel(key)
        return f"panel {key}"

    def _theme(self) -> str:
        QTest.keyClick(self.window, Qt.Key.Key_T, CTRL)
        return "theme"

    def _any(self, kind: type, suits: Callable = lambda widget: True):  # type: ignore[type-arg,no-untyped-def]
        page: QWidget = self.window.stack.currentWidget()
        there = [w for w in page.findChildren(kind) if w.isVisible() and w.isEnabled() and suits(w)]
        return self.rng.choice(there) if there else None

    def _slider(self) -> str | None:
        slider = self._any(QWidget, lambda w: isinstance(w, SliderTable | Track))
        if slider is None:
            return None
        if isinstance(slider, SliderTable):
            for _ in range(3):
                slider.move_to(self.rng.randrange(len(slider.values())), self.rng.uniform(-3, 3))
                QApplication.processEvents()
        else:
            for _ in range(3):
                slider.move_to(self.rng.uniform(slider._low, slider._high))
                QApplication.processEvents()
        slider._commit()
        return f"{type(slider).__name__} {slider.accessibleName()}"

    def _choice(self) -> str | None:
        choice = self._any(Segmented)
        if choice is None:
            return None
        choice.choose(self.rng.randrange(len(choice.options())))
        return f"choose {choice.text()}"

    def _button(self) -> str | None:
        button = self._any(QPushButton, lambda b: b.text() in BUTTONS and b.menu() is None)
        if button is None:
            return None
        words = button.text()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        return f"click {words}"

    def _key(self) -> str:
        key, modifier = self.rng.choice(KEYS)
        page = self.window.stack.currentWidget()
        if page is self.window.panels["home"] or page is self.window.panels["gallery"]:
            return "no key"
        QTest.keyClick(page, key, modifier)
        return f"key {key.name}"

    def _moment(self) -> str:
        """Let threads and timers go on for a little while, without waiting for anything."""
        end = time.monotonic() + self.rng.choice((0.0, 0.02, 0.1, 0.4))
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.002)
        return "moment"

    def _rest(self) -> str:
        """Wait until all is done; then nothing may still say that it is being done."""
        wait_idle(self.qtbot, self.window, timeout=10 * LONG)  # several models and datasets may be on their way
        stuck = [row for row in self.window.stack.currentWidget().findChildren(ProgressRow) if row.isVisible()]
        assert not stuck, f"still in progress after {self.taken[-12:]}: {[row._words.text() for row in stuck]}"
        return "rest"
