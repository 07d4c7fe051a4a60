"""Step mode: a copy of an adversarial run takes one phase at a time, and shows what each network made of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QWidget

from models.core.adversarial.probabilities import Probabilities
from models.core.errors import UserError
from models.core.family import About
from models.core.images import convert
from studio import theme
from studio.panels.train.steps.phase_card import PhaseCard
from studio.panels.train.steps.probability_tiles import ProbabilityTiles
from studio.panels.train.steps.stepper import Opened, Stepper
from studio.widgets.basics import button, hbox, label, plain, vbox
from studio.widgets.card import Card, ErrorNote, Foldout, Segmented
from studio.widgets.progress import ProgressRow
from studio.workers import garbage
from studio.workers.services import Services
from studio.workers.worker import Task

if TYPE_CHECKING:
    from models.core.training.phases import Change

KEY = "steps"
PHASES = (  # phase, words, key, help
    ("discriminator", "Discriminator phase", Qt.Key.Key_D, "Only the discriminator learns, from the next real images"),
    ("generator", "Generator phase", Qt.Key.Key_G, "Only the generator learns, from the probabilities of new fakes"),
    ("batch", "Batch", Qt.Key.Key_B, "Both learn at once: exactly the next step that training would take"),
)
NOTE = (
    "This is a copy: nothing is written to the run, and training goes on later exactly as before. "
    "Keys: D, G and B take a phase, R resets, Escape goes back."
)
ABOUT = About(
    text=(
        "Training lets both networks learn in each batch; here they take turns as you like. The discriminator's phase "
        "teaches it to tell new real images from new fakes, the generator's phase teaches it to make fakes that are "
        "classified as real. A phase lowers the loss of its own network, and mostly raises the other one."
    ),
    equation="loss of D = ½ BCE(D(x), 1) + ½ BCE(D(G(z)), 0)      loss of G = BCE(D(G(z)), 1)",
    paper="Goodfellow et al., Generative Adversarial Nets, 2014, algorithm 1",
)
SHOWN = ("After", "Before", "Difference")
FAINT = 0.02  # a smaller difference is not blown up to full contrast
ROUNDING = 1e-5  # fakes of the same weights may differ by so much
REMEMBERED = 24  # phases that the history names


class StepView(QWidget):
    """Fakes and real images with their predictions, the figures, and the buttons; ``left`` when a person goes back."""

    left = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Step by step")
        self._stepper: Stepper | None = None
        self._look: Probabilities | None = None  # as it is now
        self._before: Probabilities | None = None  # before the last phase
        self._taken: list[str] = []
        self._step = 0
        self._focused: QWidget | None = None
        self._make_head()
        self._make_pictures()
        self.changes = PhaseCard()
        row = hbox(self.fakes_card, self.reals_card, self.changes, spacing=theme.GAP_M)
        row.setStretch(0, 1)
        row.setStretch(1, 1)
        column = vbox(self.head, row, spacing=theme.GAP_M)
        column.setStretch(1, 1)
        self.setLayout(column)

    def _make_head(self) -> None:
        self.head = Card("Step by step", "loading")
        self.buttons: dict[str, QPushButton] = {}
        for phase, words, key, help_text in PHASES:
            made = self.buttons[phase] = button(words, "primary" if phase == "batch" else "plain")
            made.setToolTip(plain(f"{help_text} ({key.name.removeprefix('Key_')})"))
            made.clicked.connect(lambda _checked=False, phase=phase: self.take(phase))
        self.resetting, back = button("Reset"), button("Back to the run", "ghost")
        self.resetting.setToolTip("Go back to the checkpoint; the same phases then do the same again (R)")
        self.resetting.clicked.connect(self.reset)
        back.clicked.connect(self.left)
        for made in (*self.buttons.values(), self.resetting, back):
            self.head.tools.addWidget(made)
        self.progress, self.error = ProgressRow(), ErrorNote()
        self.progress.cancelled.connect(self.left)
        about = self.about = Foldout("What am I looking at?", ABOUT)
        for item in (label(NOTE, "prose", wrap=True), self.progress, self.error, about):
            self.head.body.addWidget(item)

    def _make_pictures(self) -> None:
        self.fakes_card = Card("Fakes", "the discriminator's probability that each is real")
        self.reals_card = Card("Real images", "held out, never trained on; the same probability")
        self.fakes, self.reals = ProbabilityTiles("Fakes"), ProbabilityTiles("Real images")
        self.shown = Segmented(SHOWN)
        self.shown.setAccessibleName("Fakes after or before the phase")
        self.shown.chosen.connect(lambda index: self._show_fakes())
        self.shown.hide()
        self.fakes_card.tools.addWidget(self.shown)
        self.fakes_card.body.addWidget(self.fakes, 1)
        self.reals_card.body.addWidget(self.reals, 1)

    # --- begin and end ---

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return not self.resetting.isEnabled()

    @property
    def taken(self) -> tuple[str, ...]:
        """The phases that were taken since the checkpoint."""
        return tuple(self._taken)

    def begin(self, folder: Path) -> None:
        """Make a copy of a run's newest checkpoint."""
        self.end()
        stepper = self._stepper = Stepper(folder)
        long_worker = self.services.long_worker
        self.progress.begin("Waiting for its turn" if not long_worker.idle else "Loading the checkpoint")
        self._ask(stepper.open, self._opened)
        self.setFocus()

    def end(self) -> None:
        """Let the copy go."""
        self.services.long_worker.cancel(KEY)
        if self._stepper is not None:
            garbage.mark()
        self._stepper = self._look = self._before = None
        self._taken = []
        self.progress.end()
        self.error.hide()
        for tiles in (self.fakes, self.reals):
            tiles.set_images([])

    @Slot(object)
    def _opened(self, opened: Opened) -> None:
        self._step, self._pictures = opened.step, opened.reals
        self._back(opened.look)

    # --- phases ---

    def take(self, phase: str) -> None:
        """Ask the copy to take "discriminator", "generator" or "batch"; one at a time."""
        stepper = self._stepper
        if not self.busy and stepper is not None:
            self._ask(lambda task: stepper.take(phase), self._took)

    def reset(self) -> None:
        """Ask the copy to go back to its checkpoint."""
        stepper = self._stepper
        if not self.busy and stepper is not None:
            self._ask(lambda task: stepper.reset(), self._back)

    def _ask(self, work: Callable[[Task], Any], then: Callable[[Any], None]) -> None:
        self.error.hide()
        self._enable(False)

        def answered(answer: Any) -> None:
            self.progress.end()
            then(answer)
            self._enable(True)

        self.services.long_worker.ask(KEY, work, answered, self._failed, self.progress.advance)

    def _enable(self, on: bool) -> None:
        """Switch the buttons; the one that has the focus has it again afterwards."""
        where = f"on a copy of step {self._step:,}" if self._look is not None else "a copy of the newest checkpoint"
        self.head.set_subtitle(where if on else f"{where}, working")
        parts = (*self.buttons.values(), self.resetting)
        if not on:
            self._focused = next((part for part in parts if part.hasFocus()), None)
            if self._focused is not None:
                self.setFocus()
        for part in parts:
            part.setEnabled(on)
        if on and self._focused is not None and self.hasFocus():
            self._focused.setFocus()

    def _failed(self, error: UserError) -> None:
        self.progress.end()
        self._enable(self._look is not None)  # a copy that could not be loaded takes no phases
        self.error.show_error(error)

    @Slot(object)
    def _took(self, change: Change) -> None:
        self._taken.append(change.phase)
        self._before, self._look = change.before, change.after
        self.changes.show_change(change)
        self._show()

    @Slot(object)
    def _back(self, look: Probabilities) -> None:
        self._taken = []
        self._before = None
        self._look = look
        self.changes.show_look(look)
        self._show()

    # --- images ---

    def _show(self) -> None:
        assert self._look is not None
        before = self._before
        self.shown.setVisible(before is not None)
        self.reals.show_probabilities(self._pictures, self._look.on_reals, before.on_reals if before else None)
        self._show_fakes()
        letters = " ".join(phase[0].upper() for phase in self._taken[-REMEMBERED:])
        more = "… " if len(self._taken) > REMEMBERED else ""
        self.changes.history.setText(f"Since step {self._step:,}: {more}{letters}" if letters else "")

    def _show_fakes(self) -> None:
        look, before = self._look, self._before
        if look is None:
            return
        choice = SHOWN[self.shown.index()] if before is not None else SHOWN[0]
        if before is None or choice == "After":
            self.fakes.show_probabilities(
                convert.to_uint8(look.fakes), look.on_fakes, before.on_fakes if before else None
            )
        elif choice == "Before":
            self.fakes.show_probabilities(convert.to_uint8(before.fakes), before.on_fakes, None)
        else:
            change = look.fakes - before.fakes
            most = max(float(np.abs(change).max()), FAINT)
            self.fakes.show_probabilities(convert.to_uint8(0.5 + 0.5 * change / most), look.on_fakes, before.on_fakes)
        same = before is not None and float(np.abs(look.fakes - before.fakes).max()) < ROUNDING
        words = "not one pixel changed in this phase" if same else "the discriminator's probability that each is real"
        if choice == "Difference" and not same:
            words = "light: more, dark: less, grey: as before"
        self.fakes_card.set_subtitle(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """D, G, B take a phase, R resets, Escape goes back."""
        keys: dict[int, Callable[[], None]] = {key: partial(self.take, phase) for phase, _, key, _ in PHASES}
        keys |= {Qt.Key.Key_R: self.reset, Qt.Key.Key_Escape: self.left.emit}
        if event.key() in keys and event.modifiers() == Qt.KeyboardModifier.NoModifier and not event.isAutoRepeat():
            keys[event.key()]()
        else:
            super().keyPressEvent(event)
