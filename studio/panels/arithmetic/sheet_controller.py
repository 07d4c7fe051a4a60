"""Fills the sheet: paints, draws from the dataset, reads own files, and finds codings, each in its thread."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from models.core.capabilities import Encodes
from models.core.errors import UserError
from models.core.images import convert
from models.core.latent.finding import codings_of
from models.core.recipes.fields import coding_in, plain
from studio.panels.arithmetic.sheet_card import COUNT, DATASET, GENERATED, SheetCard, Tile
from studio.session import ModelInfo
from studio.widgets.lightbox import Lightbox
from studio.workers import codings as labelling
from studio.workers.image_files import Taken, notice_of, take
from studio.workers.recipes import recipe_of, text_chunk
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "arithmetic/sheet"
SLIDERS = "latent"  # the panel that an image with nothing but a coding goes back to
Coding = NDArray[np.float32]


class SheetController(QObject):
    """Answers the signals of a ``SheetCard``; an answer for a model that is no longer current is dropped."""

    def __init__(self, services: Services, show_error: Callable[[UserError], None]) -> None:
        super().__init__()
        self.services, self._show_error = services, show_error
        self.card = SheetCard(self._recipe)
        self._info: ModelInfo | None = None
        self._numbers = itertools.count()  # every drop counts, none replaces another
        self._keys: set[str] = set()  # of what is being worked on
        self.card.wanted.connect(self._fill)
        self.card.cancelled.connect(self.cancel)
        self.card.opened.connect(self._open)
        self.card.sent.connect(self._send)

    def show_model(self, info: ModelInfo) -> None:
        """Another model: a new sheet."""
        self.cancel()
        self._info = info
        self.card.begin(1)

    def show_weights(self, info: ModelInfo) -> None:
        """The model has learned more."""
        self.cancel()
        self._info = info
        self.card.forget()

    def cancel(self) -> None:
        """Stop what is being done."""
        for key in self._keys:
            self.services.file_worker.cancel(key)
            self.services.inference.cancel(key)
        self._keys.clear()
        self.card.progress.end()

    # --- the sheets ---

    def _fill(self, kind: int, seed: int) -> None:
        info = self._info
        if info is None:
            return
        if kind == GENERATED:

            def decode(model: Any, task: Task) -> list[Tile]:
                codings = model.sample_codings(COUNT, seed)
                return _tiles(convert.to_uint8(model.decode(codings)), codings)

            self.services.inference.question(KEY, decode, partial(self.card.set_tiles, GENERATED), self._failed)
            return
        self._begin(KEY, "Loading the dataset")
        file_worker = self.services.file_worker

        def draw(task: Task) -> NDArray[np.uint8]:
            return labelling.unseen(info, seed, COUNT, task)

        file_worker.ask(KEY, draw, partial(self._drawn, info), self._failed, self.card.progress.advance, of_model=True)

    def _drawn(self, info: ModelInfo, pictures: NDArray[np.uint8]) -> None:
        def found(codings: Coding) -> None:
            self.card.set_tiles(DATASET, _tiles(pictures, codings))

        self._end(KEY)
        if info.can(Encodes):
            self._find(KEY, pictures, found)
        else:  # a search is slow: it is done for the images that are used
            self.card.set_tiles(DATASET, [Tile(picture) for picture in pictures])

    # --- out of the sheet: a tile carries its coding, so that any slot, and Latent, can take it ---

    def _recipe(self, index: int) -> dict[str, str]:
        tile = self.card.tile(index)
        return {} if tile is None or tile.coding is None else self.recipe(tile.coding)

    def recipe(self, coding: Coding) -> dict[str, str]:
        """What an image with nothing but a coding (latent_size,) carries."""
        return text_chunk(self._written(coding))

    def _written(self, coding: Coding) -> dict[str, Any]:
        assert self._info is not None  # whose coding it is
        return recipe_of(self._info, SLIDERS, codings=plain(coding))

    def send(self, coding: Coding) -> None:
        """Open a coding (latent_size,) in the panel with the sliders."""
        self.services.session.asked_to_restore.emit(self._written(coding))

    def _send(self, index: int) -> None:
        self.coding(index, self.send)

    def _open(self, index: int) -> None:
        tile = self.card.tile(index)
        if tile is not None:
            Lightbox(self.card.grid, tile.picture, f"image {index + 1}", self._recipe(index))

    # --- codings ---

    def coding(self, index: int, then: Callable[[Coding], None]) -> None:
        """Call ``then`` with the coding (latent_size,) of a tile; it is found first if nobody has found it yet."""
        tile = self.card.tile(index)
        if tile is None:
            return
        if tile.coding is not None:
            then(tile.coding)
            return

        def found(codings: Coding) -> None:
            self.card.learn(tile, codings[0])
            then(codings[0])

        self._find(f"{KEY}/{next(self._numbers)}", tile.picture[None], found)

    def take(self, paths: Sequence[str], then: Callable[[list[Tile]], None]) -> None:
        """Read dropped files and call ``then`` with tiles that have codings; files that cannot be read are named."""
        info = self._info
        if info is None:
            return
        key = f"{KEY}/{next(self._numbers)}"
        self._begin(key, "Reading images")

        def read(answer: tuple[list[Taken], list[UserError]]) -> None:
            taken, bad = answer
            self._end(key)
            if bad:
                self._show_error(bad[0])
            if notice := notice_of(taken):
                self.services.session.notice(notice)
            codings = [coding_in(one.recipe or {}, info.latent_size) for one in taken]
            missing = [one.picture for one, coding in zip(taken, codings, strict=True) if coding is None]

            def found(searched: Iterable[Coding]) -> None:
                rest = iter(searched)
                known = [next(rest) if coding is None else coding for coding in codings]
                then([Tile(one.picture, coding) for one, coding in zip(taken, known, strict=True)])

            if missing:
                self._find(key, np.stack(missing), found)
            elif taken:
                found(())

        failed = partial(self._failed, key=key)
        self.services.file_worker.ask(key, lambda task: take(info, paths), read, failed, of_model=True)

    def _find(self, key: str, pictures: NDArray[np.uint8], then: Callable[[Coding], None]) -> None:
        inference = self.services.inference
        self._begin(key, "Finding codings")

        def work(model: Any, task: Task) -> Coding:
            return codings_of(model, pictures, task)

        def found(codings: Coding) -> None:
            self._end(key)
            then(codings)

        inference.question(key, work, found, partial(self._failed, key=key), self.card.progress.advance)

    def _begin(self, key: str, words: str) -> None:
        self._keys.add(key)
        self.card.progress.begin(words)

    def _end(self, key: str) -> None:
        self._keys.discard(key)
        if not self._keys:
            self.card.progress.end()

    def _failed(self, error: UserError, key: str = KEY) -> None:
        self._end(key)
        self._show_error(error)


def _tiles(pictures: NDArray[np.uint8], codings: Coding) -> list[Tile]:
    return [Tile(picture, coding) for picture, coding in zip(pictures, codings, strict=True)]
