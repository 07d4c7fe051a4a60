"""The Inpaint page of the Diffusion panel: a part of an image is made anew, and the rest stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtWidgets import QWidget

from models.core.diffusion.capability import Kept
from models.core.diffusion.prompt import Offer
from models.core.diffusion.rates import Rates
from models.core.errors import UserError
from models.core.images import convert
from models.core.recipes import arrays
from studio.panels.diffusion.image_source import PictureSource
from studio.panels.diffusion.mask_canvas import Mask
from studio.panels.diffusion.mask_card import MaskCard
from studio.panels.diffusion.page import KEY
from studio.panels.diffusion.recording import NOTHING, Pixels, View
from studio.panels.diffusion.reverse_page import WalkPage
from studio.panels.diffusion.state import PageState
from studio.session import ModelInfo
from studio.widgets.card import hbox
from studio.widgets.undo import Move
from studio.workers.services import Services

BORDER = 8  # growing takes one part in so many of the side, on each side


class Canvas(NamedTuple):
    """An image, uint8 (h, w, c), and where it is painted anew, (h, w)."""

    pixels: Pixels
    mask: Mask


def halved(pixels: Pixels) -> Canvas:
    """Something to begin with: the lower half is made anew."""
    mask = np.zeros(pixels.shape[:2], bool)
    mask[len(mask) // 2 :] = True
    return Canvas(pixels, mask)


def grown(canvas: Canvas) -> Canvas:
    """The image smaller, with a border around it that is painted anew (outpainting)."""
    height, width, channels = canvas.pixels.shape
    by = max(1, min(height, width) // BORDER)
    inner = slice(by, height - by), slice(by, width - by)
    shape = (height - 2 * by, width - 2 * by, channels)
    pixels, mask = np.zeros_like(canvas.pixels), np.ones((height, width), bool)
    pixels[inner] = convert.fit(canvas.pixels, shape)
    small = convert.fit(np.where(canvas.mask, 255, 0).astype(np.uint8)[..., None], (*shape[:2], 1))
    mask[inner] = small[..., 0] > 0
    return Canvas(pixels, mask)


class InpaintPage(WalkPage):
    """A walk that keeps a part of an image; each stroke is one step of undo."""

    MODE = "inpaint"

    def __init__(
        self, services: Services, show_error: Callable[[UserError], None], forward: Callable[[], None]
    ) -> None:
        self.card = MaskCard()
        super().__init__(services, show_error, forward)
        self.canvas: Canvas | None = None
        self._packed: tuple[Canvas | None, dict[str, Any]] = None, {}
        self.cards.show_noise(False)
        self.settings.show_repeats(True)
        self.source = PictureSource(services, f"{KEY}/inpaint/pictures", 1, show_error)
        self.source.chosen.connect(self._take)
        card = self.card
        card.canvas.stroked.connect(lambda mask: self._change(lambda canvas: Canvas(canvas.pixels, mask)))
        card.clear_asked.connect(lambda: self._change(lambda canvas: Canvas(canvas.pixels, canvas.mask & False)))
        card.grow_asked.connect(lambda: self._change(grown))
        card.another_asked.connect(self.source.another)
        card.own_asked.connect(lambda: self.source.choose(self.left))

    def pictures(self) -> QWidget:
        """The image that is painted upon, beside the steps."""
        both = QWidget()
        row = hbox(self.card, self.cards, spacing=12)
        row.setStretch(0, 1)
        row.setStretch(1, 2)
        both.setLayout(row)
        return both

    # --- the model and the image ---

    def forget(self) -> None:
        """Another model comes."""
        super().forget()
        self.source.show_model(None)
        self.canvas = None

    def show_model(self, info: ModelInfo, rates: Rates, offer: Offer) -> None:
        """An image is fetched when somebody looks."""
        super().show_model(info, rates, offer)
        self.view = View(replace(self.view.main, label=NOTHING))  # the image itself says what it is
        self.settings.set_setup(self.view.main)
        self.settings.show_repeats(True)
        self.source.show_model(info)

    def dropped(self, paths: list[str]) -> bool:
        """An own image."""
        return self.source.take(paths[:1])

    def _take(self, pictures: Pixels) -> None:
        canvas = halved(pictures[0]) if self.canvas is None else Canvas(pictures[0], self.canvas.mask)
        if self.canvas is None:
            self.place_canvas(canvas)
        else:
            self._change(lambda before: canvas)

    def _change(self, how: Callable[[Canvas], Canvas]) -> None:
        if self.canvas is not None:
            self.session.undo.push(Move(self.place_canvas, self.canvas, how(self.canvas), self.forward))

    def place_canvas(self, canvas: Canvas) -> None:
        """Show an image and a mask, and walk, without remembering it for undo."""
        self.canvas = canvas
        self.card.canvas.show_canvas(*canvas)
        self.card.say(float(canvas.mask.mean()))
        self.make()

    # --- walking ---

    def kept(self) -> Kept | None:
        """What is not painted anew."""
        if self.canvas is None:
            return None
        return Kept(convert.to_float(self.canvas.pixels[None]), self.canvas.mask[None, ..., None])

    def make(self) -> None:
        """Walk, once there is an image and something to paint."""
        if self.canvas is None:
            self.source.another()
        elif self.canvas.mask.any():
            super().make()
        else:
            self.stale = False
            self.walks.forget()
            self.transport.clear()
            self.cards.show_frames(None, None)

    # --- recipes ---

    def numbers(self) -> dict[str, Any]:
        """The walk, the image and the mask."""
        assert self.canvas is not None
        if self.canvas is not self._packed[0]:  # this is asked at every frame of an animation
            mask = np.where(self.canvas.mask, 255, 0).astype(np.uint8)[None, ..., None]
            parts = {"picture": arrays.pack(self.canvas.pixels[None]), "mask": arrays.pack(mask)}
            self._packed = self.canvas, parts
        return {**super().numbers(), **self._packed[1]}

    def bring_back(self, state: PageState) -> None:
        """Picture, mask, walk and step."""
        assert state.images is not None and state.mask is not None and state.view is not None
        self.time = state.time
        before, after = (self.canvas, self.view), (Canvas(state.images[0], state.mask), state.view)
        self.session.undo.push(Move(self._place_all, before, after, self.forward))

    def _place_all(self, both: tuple[Canvas | None, View]) -> None:
        canvas, self.view = both
        self._show_settings()
        if canvas is None:  # as it was before there was one: the dataset gives one
            self.canvas = None
            self.make()
        else:
            self.place_canvas(canvas)
