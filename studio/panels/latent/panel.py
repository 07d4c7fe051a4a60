"""Latent: take hold of the codings of a model and see at once what they paint."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from models.core.capabilities import Decodes, Encodes
from models.core.family import About
from models.core.images import convert, decoding
from studio.panels.base import Panel
from studio.panels.latent import state as latent_state
from studio.panels.latent.coding_card import CodingCard
from studio.panels.latent.image_card import SHEET, ImageCard
from studio.panels.latent.map_card import MapCard
from studio.panels.latent.path_card import PathCard
from studio.panels.latent.state import FRAMES, LatentState
from studio.session import ModelInfo
from studio.widgets.card import hbox, vbox
from studio.widgets.exporting import Exporter
from studio.widgets.undo import Move
from studio.workers.image_files import Taken, fitted
from studio.workers.recipes import Later, Prepared, recipe_of, text_chunk
from studio.workers.worker import Task

Array = NDArray[np.float32]

_ABOUT = About(
    text=(
        "A coding is a vector of numbers that describes an image. The model decodes any coding, so each slider moves "
        "through images that the model can generate. The map shows the codings of real images; between them are "
        "images that the dataset does not contain."
    ),
    equation="x = decoder(z),  z ~ N(0, I);  slerp(a, b, t) = [sin((1−t)θ)·a + sin(tθ)·b] / sin θ",
    paper="White, Sampling Generative Networks, 2016, arXiv:1609.04468",
)


class Latent(Panel):
    """Sliders, the image, the map, and a path between two points."""

    TITLE = "Latent"
    ICON = "sliders-horizontal"
    NEEDS = Decodes
    OFFERS = "vae-fashion"
    PURPOSE = "Here you change a coding with sliders and see the image it decodes to."
    HINTS = "Ctrl+Z undo  ·  R random  ·  Space play"

    def build(self, content: QWidget) -> None:
        """Three cards above, the path below."""
        self.coding: Array = np.zeros(1, np.float32)
        self._before: Array = self.coding
        self._seen_step = -1
        self._began = False  # whether the first codings of this model have come
        self.exporter = Exporter(self.services, self.show_error)
        self.map = MapCard(self.services, self.show_error, FRAMES)
        self.path = PathCard()
        self.generated = ImageCard()
        self.picture, self.words = self.generated.picture, self.generated.words
        above = hbox(self._make_sliders(), self.generated, self.map, spacing=12)
        for index, share in enumerate((5, 6, 6)):
            above.setStretch(index, share)
        column = vbox(above, self.path, spacing=12)
        column.setStretch(0, 1)
        content.setLayout(column)
        self.picture.dropped.connect(self.session.asked_to_open)  # as if dropped on the window: recipes open
        self.picture.recipe = Later(lambda: text_chunk(self._recipe()))
        self.path.strip.recipe_at = lambda at: text_chunk(self._recipe(self.path.codings[at]))
        self.generated.export_asked.connect(self._export)
        self.map.ready.connect(self._map_ready)
        self.map.picked.connect(self.go_to)
        self.map.path_moving.connect(self._glide)
        self.map.path_drawn.connect(self.path.follow)
        self.path.wanted.connect(self._decode_path)
        self.path.chosen.connect(self._show_frame)
        self.path.end_asked.connect(self._set_end)
        self.path.export_asked.connect(self._export_animation)
        self.key("R", self.random)

    def _make_sliders(self) -> QWidget:
        self.card = card = CodingCard(self.session.undo, _ABOUT)
        card.moved.connect(self._slid)
        card.committed.connect(self._commit)
        card.random_asked.connect(self.random)
        card.reset_asked.connect(self.reset)
        card.own_asked.connect(self._choose_picture)
        card.not_yet.connect(self.words.setText)
        self.sliders = card.sliders
        return card

    # --- the model ---

    def model_changed(self) -> None:
        """Start at a random coding with a path to another one; encode the dataset for the map."""
        info = self.session.model
        assert info is not None
        self._info = info
        self._seen_step = info.step
        self._began = False
        self.card.own.setVisible(info.can(Encodes))
        self.coding = np.zeros(info.latent_size, np.float32)
        self.path.clear()
        self.card.begin(info.latent_size, info.conditions)
        self.map.show_model(info)
        self._draw(4, self._begin)

    def weights_changed(self) -> None:
        """The model has learned more: paint the same codings again; the map is encoded anew when it is looked at."""
        self._info = self.session.model
        if self.isVisible():
            self.shown()

    def shown(self) -> None:
        """Follow what the model has learned meanwhile."""
        if self._info is None or self._info.step == self._seen_step:
            return
        self._seen_step = self._info.step
        self._paint()
        if len(self.path.codings):
            self._decode_path(self.path.codings)
        self.map.encode_again()

    def _map_ready(self) -> None:
        self.card.know(self.map.codings)
        self.map.mark(self.coding)

    def _draw(self, count: int, then: Any, seed: int | None = None) -> None:
        seed = int(np.random.default_rng().integers(2**31)) if seed is None else seed
        self._ask("draw", lambda model, task: model.sample_codings(count, seed), then)

    def _begin(self, codings: Array) -> None:
        self.place(codings[0])
        self._before = self.coding
        self.path.set_ends(codings[0], codings[1])
        self._began = True
        self.settled()

    def _ask(self, key: str, work: Any, then: Any) -> None:
        self.services.inference.question(f"latent/{key}", work, then, self.show_error)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays the path where no control has taken it: it clicks a button and pans the map."""
        if self.usable and event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.path.play()
        else:
            super().keyPressEvent(event)

    # --- moving ---

    def _slid(self, coding: Array) -> None:
        self.coding = coding
        self._paint()

    def _commit(self) -> None:
        """The end of a move: one step of undo."""
        if not np.array_equal(self._before, self.coding):
            before, self._before = self._before, self.coding.copy()
            self.session.undo.push(Move(self.place, before, self.coding.copy(), self.come_forward))
        self.map.mark(self.coding)

    def place(self, coding: Array) -> None:
        """Show a coding without remembering it for undo."""
        self.coding = np.asarray(coding, np.float32).copy()
        self._before = self.coding
        self.card.show_coding(self.coding)
        self.map.mark(self.coding)
        self._paint()

    @Slot(object)
    def go_to(self, coding: Array) -> None:
        """Move to a coding; locked sliders stay where they are."""
        after = np.asarray(self.card.keep_locked(coding), np.float32)
        self.session.undo.push(Move(self.place, self.coding.copy(), after, self.come_forward))

    def random(self) -> None:
        """A draw from the prior, of the condition that is chosen."""
        self._draw(1, lambda codings: self.go_to(self.card.conditioned(codings[0])))

    def reset(self) -> None:
        """All unlocked codings to zero, the centre of the prior; the condition stays."""
        self.go_to(self.card.conditioned(np.zeros_like(self.coding)))

    def _glide(self, codings: Array) -> None:
        self.coding = codings[-1]
        self.card.show_coding(self.coding)
        self._paint()

    def _paint(self) -> None:
        coding = self.coding[None]

        def work(model: Any, task: Task) -> tuple[NDArray[np.uint8], float]:
            begin = time.perf_counter()
            picture = convert.to_uint8(model.decode(coding))[0]
            return picture, time.perf_counter() - begin

        self._ask("picture", work, self._generated)

    @Slot(object)
    def _generated(self, answer: tuple[NDArray[np.uint8], float]) -> None:
        picture, seconds = answer
        self.picture.set_image(picture)
        height, width = picture.shape[:2]
        words = [f"{width} × {height}", f"decoded in {1000 * seconds:.1f} ms"]
        if nearest := self.map.nearest(self.coding):
            words.append(nearest)
        self.words.setText("  ·  ".join(words))

    # --- an own image ---

    def _choose_picture(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(decoding.IMAGE_SUFFIXES))
        path, _ = QFileDialog.getOpenFileName(self, "An image", "", f"Images ({kinds})")
        if path:
            self.dropped([path])

    def dropped(self, paths: list[str]) -> bool:
        """Encode the first image that is dropped."""
        info = self._info
        if info is None or not info.can(Encodes):
            return False
        self.error.hide()
        path = Path(paths[0])
        read = lambda task: fitted(path, info.image_shape)  # noqa: E731
        self.services.file_worker.ask("picture", read, self._encode, self.show_error, of_model=True)
        return True

    def _encode(self, taken: Taken) -> None:
        picture = taken.picture
        if taken.notice:
            self.session.notice(taken.notice)
        self._ask("encode", lambda model, task: model.encode(convert.to_float(picture[None]))[0], self.go_to)

    # --- the path ---

    def _set_end(self, start: bool) -> None:
        self.path.set_ends(**{"start" if start else "end": self.coding.copy()})

    def _decode_path(self, codings: Array) -> None:
        self._ask("path", lambda model, task: convert.to_uint8(model.decode(codings)), self.path.show_frames)

    def _show_frame(self, index: int) -> None:
        if index < len(self.path.codings):
            self._glide(self.path.codings[index : index + 1])
            self._before = self.coding
            self.map.mark(self.coding)

    # --- export ---

    def _state(self) -> LatentState:
        return LatentState(self.coding.copy(), self.path.path)

    def _recipe(self, coding: Array | None = None, **more: Any) -> dict[str, Any]:
        assert self._info is not None
        state = self._state() if coding is None else LatentState(coding, self.path.path)
        return recipe_of(self._info, "latent", **state.values(), **more)

    @Slot(str)
    def _export(self, what: str) -> None:
        if what == "codings":
            self.exporter.codings(self.coding[None])
        elif what == "sheet":
            self._export_sheet()
        else:
            self._export_picture(8 if what == "enlarged" else 1)

    def _export_picture(self, factor: int = 1) -> None:
        picture = self.picture.image()
        if picture is not None:
            self.exporter.picture(convert.enlarge(picture, factor), self._recipe())

    def _export_sheet(self) -> None:
        noise = np.random.default_rng(0).standard_normal((SHEET, len(self.coding))).astype(np.float32)
        near = self.card.conditioned(self.coding + 0.5 * noise)
        near[0] = self.coding
        recipe, work = (
            self._recipe(made="sheet", sheet=SHEET),
            lambda model, task: convert.grid(convert.to_uint8(model.decode(near))),
        )
        self._ask("sheet", work, lambda sheet: self.exporter.picture(sheet, recipe))

    def _export_animation(self, suffix: str) -> None:
        if len(self.path.frames):
            self.exporter.animation(self.path.frames, suffix, self._recipe(made="animation"))

    # --- recipes ---

    def ready(self) -> bool:
        """Once the first codings of the model are there: nothing replaces what is brought back."""
        return self._began

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """A coding, and a path if the recipe has one."""
        return latent_state.prepare(values, info.latent_size, model)

    def bring_back(self, state: LatentState) -> None:
        """The sliders, locked ones too, and the path."""
        self.session.undo.push(Move(self._place_state, self._state(), state, self.come_forward))

    def _place_state(self, state: LatentState) -> None:
        self.place(state.coding)
        if state.path is not None and state.path is not self.path.path:
            self.path.place(state.path)
