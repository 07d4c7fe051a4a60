"""What the pages of the Diffusion panel share: cards of images, a film of steps, and its ways out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QWidget

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
from studio.workers.services import Desk

KEY = "diffusion"
FRAMES = 240  # of an exported film at most


class FilmPage(QObject):
    """Three cards of images above the transport (``left``), and a card of settings at the right.

    Args:
        desk: threads and session.
        settings: the card at the right.
        show_error: where errors are shown.
        forward: brings the panel and this page to the front.
    """

    MODE = ""

    def __init__(
        self, desk: Desk, settings: Card, show_error: Callable[[UserError], None], forward: Callable[[], None]
    ) -> None:
        super().__init__()
        self.desk = desk
        self.session = desk.session
        self.show_error = show_error
        self.forward = forward
        self.right = settings
        self.info: ModelInfo | None = None
        self.known = False  # whether the model has said what it can be asked for
        self.stale = True  # whether the film is to be made again when somebody looks
        self.time = 0  # where the person looks: a new film comes back to it
        self._film = (-1, -1)
        self.exporter = Exporter(desk, show_error)
        self.cards, self.transport = StepCards(), TransportCard()
        self.left = QWidget()
        column = vbox(self.pictures(), self.transport, spacing=12)
        column.setStretch(0, 1)
        self.left.setLayout(column)
        self.transport.moved.connect(self._moved)
        self.transport.export_asked.connect(self._export)
        self.transport.strip.recipe_at = self._recipe_at

    # --- what a page says for itself ---

    def pictures(self) -> QWidget:
        """What stands above the transport."""
        return self.cards

    def recording(self) -> Recording | None:
        """The film that is shown."""
        raise NotImplementedError

    def show_frame(self) -> None:
        """Show the step that the transport stands at."""
        raise NotImplementedError

    def make(self) -> None:
        """Make the film."""
        raise NotImplementedError

    def numbers(self) -> dict[str, Any]:
        """What brings the page back, for a recipe."""
        raise NotImplementedError

    def bring_back(self, state: PageState) -> None:
        """Show what a recipe tells of, checked already: one step of undo."""
        raise NotImplementedError

    def fork(self) -> None:
        """Leave the film at this step, where that means something."""

    def dropped(self, paths: list[str]) -> bool:
        """Files were dropped; True if the page took them."""
        return False

    # --- the model ---

    def forget(self) -> None:
        """Another model comes: nothing that was made is of interest."""
        self.known, self.stale = False, True
        self.transport.clear()
        self.cards.show_frames(None, None)
        self.time, self._film = 0, (-1, -1)

    def show_model(self, info: ModelInfo, schedule: NDArray[np.float64], names: Sequence[str]) -> None:
        """The model has this schedule, alpha_bar by t, and knows these classes."""
        self.info, self.known = info, True

    def show_weights(self, info: ModelInfo) -> None:
        """It has learned more: make the film again when somebody looks."""
        self.info, self.stale = info, True

    def shown(self) -> None:
        """Make the film if that has not been done."""
        if self.known and self.stale:
            self.make()

    # --- the film ---

    def begin_film(self) -> None:
        """A new film is being made; the old one is shown until its first step has come."""
        self.stale = False
        self.transport.growing = True
        self._film = (-1, -1)

    def show_film(self, film: Recording) -> None:
        """Steps have come: show them on the strip, and the one that is looked at."""
        times = film.times()
        count = len(film)
        began = not self.transport.count()
        self.transport.set_count(count, film.planned, times)
        if began:
            self._take_focus()
        there = (sum(still < count for still in self.transport.stills()), id(film))
        if there != self._film or film.done:
            self.transport.set_film(film.planned, lambda i: film[i].x[0] if i < len(film) else None, times)
            self._film = (sum(still < count for still in self.transport.stills()), id(film))
        if self.transport.grown(film.done):
            return  # the newest step is on screen already
        if not self.transport.playing:
            self.transport.show_step(film.nearest(self.time))
        self.show_frame()

    def _take_focus(self) -> None:
        """So that the arrows step; but not from somebody who types settings."""
        focused = QApplication.focusWidget()
        typing = focused is not None and focused.isVisible() and self.right.isAncestorOf(focused)
        if self.left.isVisible() and not typing:
            self.transport.slider.setFocus()

    def _moved(self, index: int) -> None:
        film = self.recording()
        if film is not None and index < len(film):
            self.time = film[index].t
            self.show_frame()

    def go_to(self, t: int) -> None:
        """Show the step nearest to a time."""
        film = self.recording()
        if film is not None and len(film):
            self.transport.pause()
            self.transport.go(film.nearest(t))

    # --- export ---

    def recipe(self, made: str = "image") -> dict[str, Any]:
        """What brings everything back."""
        assert self.info is not None
        return recipe_of(self.info, KEY, made=made, mode=self.MODE, time=self.time, **self.numbers())

    def _recipe_at(self, still: int) -> dict[str, str]:
        """What an image of the strip carries: the page at that step."""
        film, steps = self.recording(), self.transport.stills()
        if film is None or still >= len(steps) or steps[still] >= len(film):
            return {}
        return text_chunk({**self.recipe(), "time": film[steps[still]].t})

    def label(self) -> None:
        """Let what is dragged out carry the recipe."""
        recipe = Later(lambda: text_chunk(self.recipe()))
        for card in self.cards.cards:
            for grid in card.grids:
                grid.recipe = recipe

    @Slot(str)
    def _export(self, what: str) -> None:
        film, frame = self.recording(), self.cards.frame()
        if film is None or frame is None:
            return
        if what in ("frame", "cards"):
            picture = convert.grid(frame.x) if what == "frame" else self.cards.picture()
            self.exporter.picture(picture, self.recipe("image" if what == "frame" else "sheet"))
            return
        whole = np.unique(np.linspace(0, len(film) - 1, FRAMES).round().astype(int)).tolist()
        steps = self.transport.stills() if what == ".png" else whole
        pictures = [film[i].x[0] if what == ".png" else convert.grid(film[i].x) for i in steps if i < len(film)]
        self.exporter.film(np.stack(pictures), what, self.recipe("animation"))
