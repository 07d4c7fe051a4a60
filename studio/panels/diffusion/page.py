"""What the pages of the Diffusion panel share: cards of images, an animation of steps, and its ways out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QWidget

from models.core.diffusion.prompt import Offer
from models.core.diffusion.rates import Rates
from models.core.errors import UserError
from models.core.images import convert
from studio.panels.diffusion.recording import Recording
from studio.panels.diffusion.state import PageState
from studio.panels.diffusion.step_cards import StepCards
from studio.panels.diffusion.transport import TransportCard
from studio.session import ModelInfo
from studio.widgets.card import Card, vbox
from studio.widgets.exporting import Exporter
from studio.workers.recipes import Later, recipe_of, text_chunk
from studio.workers.services import Services

KEY = "diffusion"
FRAMES = 240  # of an exported animation at most


class AnimationPage(QObject):
    """Three cards of images above the transport (``left``), and a card of settings at the right.

    Args:
        services: threads and session.
        settings: the card at the right.
        show_error: where errors are shown.
        forward: brings the panel and this page to the front.
    """

    MODE = ""

    def __init__(
        self, services: Services, settings: Card, show_error: Callable[[UserError], None], forward: Callable[[], None]
    ) -> None:
        super().__init__()
        self.services = services
        self.session = services.session
        self.show_error = show_error
        self.forward = forward
        self.right = settings
        self.info: ModelInfo | None = None
        self.known = False  # whether the model has said what it can be asked for
        self.stale = True  # whether the animation is to be made again when somebody looks
        self.time = 0  # where the person looks: a new animation comes back to it
        self._animation = (-1, -1)
        self.exporter = Exporter(services, show_error)
        self.cards: Any = self.make_cards()
        self.transport = TransportCard()
        self.left = QWidget()
        column = vbox(self.pictures(), self.transport, spacing=12)
        column.setStretch(0, 1)
        self.left.setLayout(column)
        self.transport.moved.connect(self._moved)
        self.transport.export_asked.connect(self._export)
        self.transport.strip.recipe_at = self._recipe_at

    # --- what a page says for itself ---

    def make_cards(self) -> Any:
        """What shows the images of a step."""
        return StepCards()

    def pictures(self) -> QWidget:
        """What stands above the transport."""
        cards: QWidget = self.cards
        return cards

    def recording(self) -> Recording | None:
        """The animation that is shown."""
        raise NotImplementedError

    def show_frame(self) -> None:
        """Show the step that the transport stands at."""
        raise NotImplementedError

    def make(self) -> None:
        """Make the animation."""
        raise NotImplementedError

    def numbers(self) -> dict[str, Any]:
        """What brings the page back, for a recipe."""
        raise NotImplementedError

    def bring_back(self, state: PageState) -> None:
        """Show what a recipe tells of, checked already: one step of undo."""
        raise NotImplementedError

    def fork(self) -> None:
        """Leave the animation at this step, where that means something."""

    def dropped(self, paths: list[str]) -> bool:
        """Files were dropped; True if the page took them."""
        return False

    # --- the model ---

    def forget(self) -> None:
        """Another model comes: nothing that was made is of interest."""
        self.known, self.stale = False, True
        self.transport.clear()
        self.cards.show_frames(None, None)
        self.time, self._animation = 0, (-1, -1)

    def show_model(self, info: ModelInfo, rates: Rates, offer: Offer) -> None:
        """The model has these rates of image and noise by t, and can be asked for what it offers."""
        self.info, self.known = info, True

    def show_weights(self, info: ModelInfo) -> None:
        """It has learned more: make the animation again when somebody looks."""
        self.info, self.stale = info, True

    def shown(self) -> None:
        """Make the animation if that has not been done."""
        if self.known and self.stale:
            self.make()

    # --- the animation ---

    def begin_animation(self) -> None:
        """A new animation is being made; the old one is shown until its first step has come."""
        self.stale = False
        self.transport.growing = True
        self._animation = (-1, -1)

    def show_animation(self, animation: Recording) -> None:
        """Steps have come: show them on the strip, and the one that is looked at."""
        times = animation.times()
        count = len(animation)
        began = not self.transport.count()
        self.transport.set_count(count, animation.planned, times)
        if began:
            self._take_focus()
        there = (sum(still < count for still in self.transport.stills()), id(animation))
        if there != self._animation or animation.done:
            self.transport.set_animation(
                animation.planned, lambda i: animation[i].x[0] if i < len(animation) else None, times
            )
            self._animation = (sum(still < count for still in self.transport.stills()), id(animation))
        if self.transport.grown(animation.done):
            return  # the newest step is on screen already
        if not self.transport.playing:
            self.transport.show_step(animation.nearest(self.time))
        self.show_frame()

    def _take_focus(self) -> None:
        """So that the arrows step; but not from somebody who types settings."""
        focused = QApplication.focusWidget()
        typing = focused is not None and focused.isVisible() and self.right.isAncestorOf(focused)
        if self.left.isVisible() and not typing:
            self.transport.slider.setFocus()

    def _moved(self, index: int) -> None:
        animation = self.recording()
        if animation is not None and index < len(animation):
            self.time = animation[index].t
            self.show_frame()

    def go_to(self, t: int) -> None:
        """Show the step nearest to a time."""
        animation = self.recording()
        if animation is not None and len(animation):
            self.transport.pause()
            self.transport.go(animation.nearest(t))

    # --- export ---

    def recipe(self, made: str = "image") -> dict[str, Any]:
        """What brings everything back."""
        assert self.info is not None
        return recipe_of(self.info, KEY, made=made, mode=self.MODE, time=self.time, **self.numbers())

    def _recipe_at(self, still: int) -> dict[str, str]:
        """What an image of the strip carries: the page at that step."""
        animation, steps = self.recording(), self.transport.stills()
        if animation is None or still >= len(steps) or steps[still] >= len(animation):
            return {}
        return text_chunk({**self.recipe(), "time": animation[steps[still]].t})

    def label(self) -> None:
        """Let what is dragged out carry the recipe."""
        recipe = Later(lambda: text_chunk(self.recipe()))
        for card in self.cards.cards:
            for grid in card.grids:
                grid.recipe = recipe

    @Slot(str)
    def _export(self, what: str) -> None:
        animation, frame = self.recording(), self.cards.frame()
        if animation is None or frame is None:
            return
        if what in ("frame", "cards"):
            picture = convert.grid(frame.x) if what == "frame" else self.cards.picture()
            self.exporter.picture(picture, self.recipe("image" if what == "frame" else "sheet"))
            return
        whole = np.unique(np.linspace(0, len(animation) - 1, FRAMES).round().astype(int)).tolist()
        steps = self.transport.stills() if what == ".png" else whole
        pictures = [
            animation[i].x[0] if what == ".png" else convert.grid(animation[i].x) for i in steps if i < len(animation)
        ]
        self.exporter.animation(np.stack(pictures), what, self.recipe("animation"))
