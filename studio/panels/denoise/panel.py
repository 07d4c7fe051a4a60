"""Denoise: drop an image and see it clean; add noise and see what it costs; let filters and models compete."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from models.core.capabilities import Denoises
from models.core.errors import UserError
from models.core.images import export, photos
from models.core.recipes import arrays
from studio.panels.base import Panel
from studio.panels.denoise import cleaning
from studio.panels.denoise import state as denoise_state
from studio.panels.denoise.cleaning import Entry, Noise, Pixels, Scores
from studio.panels.denoise.compare_methods import Comparison
from studio.panels.denoise.noise_card import NoiseCard
from studio.panels.denoise.pair_card import PairCard
from studio.panels.denoise.pyramid import Layers, layers
from studio.panels.denoise.state import Cleaning
from studio.session import ModelInfo
from studio.widgets.card import hbox, vbox
from studio.widgets.exporting import Exporter, Saving
from studio.widgets.undo import Move
from studio.workers.recipes import Prepared, recipe_of
from studio.workers.worker import Task

LIVE = ("effect", "disturb", "clean", "score")  # what follows from an image and its noise


class Denoise(Panel):
    """Before and after with a wipe, noise to add, a comparison beneath, and whole folders."""

    TITLE, ICON = "Denoise", "magic-wand"
    NEEDS = Denoises
    PURPOSE = "Here you drop an image and a model removes its noise. It needs a model trained to denoise."
    OFFERS = "denoiser-photos"
    HINTS = "← → move the line  ·  0 1 2 zoom  ·  S side by side  ·  Ctrl+V paste  ·  Ctrl+Z undo"

    def build(self, content: QWidget) -> None:
        """The images large, the noise at the right, the comparison beneath."""
        self._path: Path | None = None
        self._exif = b""  # the notes of the camera that took it
        self._picture: Pixels | None = None  # as it was opened
        self._source: Layers | None = None  # that, ready to be drawn
        self._shape: tuple[int, int, int] | None = None  # to which the model brings it, if it does
        self._clean: Pixels | None = None  # that, without noise
        self._noisy: Layers | None = None
        self._after: Layers | None = None
        self._scores: tuple[Scores | None, Scores | None] = (None, None)
        self._agreed_to = False  # whether the effect on this image is known, and is wanted
        self._agreed: set[str] = set()  # runs whose effect on size and colour the person has seen
        self._sample, self._seconds = -1, 0.0
        self._awaited: Cleaning | None = None  # a recipe whose source image must be dropped first
        self._by = ""  # who made what is shown, if it is not this model
        self._numbers = itertools.count()
        self.exporter = Exporter(self.services, self.show_error)
        self.card, self.noise = PairCard(self.services, self.show_error), NoiseCard()
        self.wipe = self.card.wipe
        self.comparison = Comparison(self.services)
        left = vbox(self.card, self.comparison, spacing=12)
        left.setStretch(0, 1)
        row = hbox(left, self.noise, spacing=12)
        row.setStretch(0, 1)
        content.setLayout(row)
        self._connect()
        self._show_whether_empty()

    def _connect(self) -> None:
        card = self.card
        card.sample_asked.connect(self.sample)
        card.chosen.connect(self.dropped)
        card.go_on.clicked.connect(self._agree)
        card.progress.cancelled.connect(self.cancel)
        card.export_asked.connect(self._export)
        card.files.chosen.connect(self.open)
        card.background.changed.connect(self._reopen)
        self.noise.changed.connect(self.disturb)
        push, place = self.session.undo.push, self.noise.place
        self.noise.moved.connect(lambda before, after: push(Move(place, before, after, self.come_forward)))
        self.comparison.asked.connect(self.start_comparison)
        self.comparison.chosen.connect(self._show_entry)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self, card.paste)

    def model_changed(self) -> None:
        """Another model looks at the same image."""
        self._info = self.session.model
        self.card.files.stop("")
        self._forget()
        self._consider()

    def weights_changed(self) -> None:
        """It has learned more: clean again."""
        self._info = self.session.model
        if self._noisy is not None and self.isVisible():
            self.disturb()

    # --- an image comes ---

    def sample(self) -> None:
        """The next of the images that come with scikit-image, with noise of the kind that the model knows."""
        self._sample = (self._sample + 1) % len(cleaning.SAMPLES)
        self.noise.set_noise(cleaning.noise_of(self._info.noise if self._info is not None else None))
        self.card.files.set_files([])
        self.open(cleaning.sample_path(cleaning.SAMPLES[self._sample]))

    def dropped(self, paths: list[str]) -> bool:
        """One image, several, or folders."""
        if self._info is None:
            return False
        found = [Path(path) for path in paths]
        self.services.file_worker.ask(
            "denoise/list", lambda task: cleaning.listed(found), self._listed, self.show_error
        )
        return True

    def _listed(self, files: list[tuple[Path, Path]]) -> None:
        self.card.files.set_files(files)
        self.noise.set_noise(Noise(self.noise.noise().kind, 0.0, self.noise.noise().seed))
        self.open(files[0][0])

    def open(self, path: Path) -> None:
        """Decode a file; if it cannot be, the image that was there stays."""
        self.error.hide()
        ask, then = self.services.file_worker.ask, partial(self._opened, path)
        ground = self.card.background.colour

        def read(task: Task) -> tuple[Layers, photos.Photo]:
            photo = photos.read(path, ground=ground, work=task)
            return layers(photo.pixels), photo

        ask("denoise/open", read, then, self.show_error)

    def _reopen(self) -> None:
        if self._path is not None:
            self.open(self._path)

    def _opened(self, path: Path, found: tuple[Layers, photos.Photo]) -> None:
        picture, photo = found
        self._path, self._exif = path, photo.exif
        self._picture, self._source = picture.pixels, picture
        if self._awaited is not None and self._awaited.is_of(picture.pixels, path.name):
            self.noise.set_noise(self._awaited.how)
        self._awaited = None
        self.card.background.setVisible(photo.transparent)
        self._forget()
        self.wipe.set_pair(picture, None)
        self._show_whether_empty()
        self.card.set_subtitle(path.name)
        self._consider()

    def _show_whether_empty(self) -> None:
        self.card.show_picture(self._picture is not None)
        self.comparison.setVisible(self._picture is not None)

    def _forget(self) -> None:
        """Nothing that is still being computed is of interest any more."""
        for key in LIVE:
            self.services.file_worker.cancel(f"denoise/{key}")
            self.services.inference.cancel(f"denoise/{key}")
        self._clean = self._noisy = self._after = None
        self._scores = (None, None)
        self.wipe.set_pair(self.wipe.pair()[0], None)
        self.noise.show_scores(None, None)
        self.card.progress.end()
        self.comparison.clear()

    def _consider(self) -> None:
        """Ask what the model does to size and colour, before it does it; without a model the image waits for one."""
        if self._picture is None or self._info is None:
            return
        shape, self._agreed_to = self._picture.shape, False
        self._ask("effect", lambda model, task: str(model.effect(shape)), self._told)

    def _told(self, effect: str) -> None:
        if self._info is None or self._picture is None:
            return
        self._shape = self._info.image_shape if effect else None
        asking = bool(effect) and self._info.run_id not in self._agreed
        self.card.explain(effect, asking)
        self._agreed_to = not asking
        self.disturb()

    def _agree(self) -> None:
        assert self._info is not None
        self._agreed_to = True
        self._agreed.add(self._info.run_id)
        self.card.explain(self.card.effect.text(), False)
        self.disturb()

    def _ask(self, key: str, work: Any, then: Any, progressed: Any = None) -> None:
        self.services.inference.question(f"denoise/{key}", work, then, self._failed, progressed)

    def _failed(self, error: UserError) -> None:
        self.card.progress.end()
        self.show_error(error)

    # --- disturb, clean, score ---

    def disturb(self) -> None:
        """The noise has changed: everything follows anew, the newest wins."""
        if self._picture is None or not self._agreed_to:
            return
        picture, shape = self._picture, self._shape
        how = self.noise.noise()
        self.comparison.clear()
        self.services.inference.cancel("denoise/clean")
        self.services.file_worker.cancel("denoise/score")
        work = lambda task: cleaning.disturbed(picture, shape, how)  # noqa: E731
        self.services.file_worker.ask(
            "denoise/disturb", work, partial(self._ask_model, how), self._failed, of_model=True
        )

    def _ask_model(self, how: Noise, found: tuple[Pixels, Layers]) -> None:
        base, self._noisy = found
        self._clean = base if how.strength else None
        noisy = self._noisy
        shown = self.wipe.pair()[1]
        if shown is None or shown.size != noisy.size or max(noisy.size) > 1024:
            self.wipe.set_pair(noisy, None)

        def work(model: Any, task: Task) -> tuple[Layers, float]:
            return cleaning.cleaned(model, noisy.pixels, task)

        self._ask("clean", work, self._cleaned, self._advance)

    def _advance(self, what: str, done: int, total: int) -> None:
        if total > 4 and done < total:  # anything shorter is over before it can be read
            self.card.progress.begin(what)
            self.card.progress.advance(what, done, total)

    def cancel(self) -> None:
        """Stop cleaning; the image that was opened stays."""
        self.services.file_worker.cancel("denoise/disturb")
        self.services.inference.cancel("denoise/clean")
        self.card.progress.end()
        self.wipe.set_pair(self._noisy, None)
        self.card.say("Cancelled.")

    def _cleaned(self, answer: tuple[Layers, float]) -> None:
        noisy, clean = self._noisy, self._clean
        assert noisy is not None
        (self._after, self._seconds), self._by = answer, ""
        self.card.progress.end()
        self.card.show_after(noisy, self._after, "after")
        self.card.say(f"{noisy.size[0]:,} × {noisy.size[1]:,}  ·  denoised in {self._seconds:.2f} s")
        after = self._after.pixels
        if clean is None:
            self.noise.show_scores(None, None)
            return

        def score(task: Task) -> tuple[Scores | None, Scores | None]:
            pair = [cleaning.scored(clean, other, task) for other in (noisy.pixels, after)]
            return pair[0], pair[1]

        self.services.file_worker.ask("denoise/score", score, self._scored, self._failed, of_model=True)

    def _scored(self, scores: tuple[Scores | None, Scores | None]) -> None:
        self._scores = scores
        self.noise.show_scores(*scores)

    # --- the comparison ---

    def start_comparison(self) -> None:
        """Let the filters and the other models clean the same image."""
        if self._noisy is None or self._after is None or self._info is None:
            return
        mine = Entry(f"{self._info.title} (this model)", self._after, self._scores[1], self._seconds)
        untouched = Entry("Before", self._noisy, self._scores[0], 0.0)
        self.comparison.compare(self._clean, self._noisy.pixels, [untouched, mine], self._info.run_id)

    def _show_entry(self, entry: Entry) -> None:
        if self._noisy is not None:
            self._by = "" if entry.picture is self._after else entry.name
            self.card.show_after(self._noisy, entry.picture, entry.name)

    # --- export ---

    def _recipe(self) -> dict[str, Any]:
        assert self._info is not None
        how, name = self.noise.noise(), self._path.name if self._path else ""
        by = {"by": self._by} if self._by else {}
        values: dict[str, Any] = {"image": name, "noise": how.kind, "strength": how.strength, "seed": how.seed, **by}
        return recipe_of(self._info, "denoise", **values)

    def _export(self, what: str) -> None:
        """Write before, after or both into the Gallery: "after", or "after.jpg" for another format."""
        which, dot, ending = what.partition(".")
        picture, pixels = self.card.picture(which), self._picture
        if picture is None or pixels is None:
            return
        recipe = self._recipe()
        saving = Saving(dot + ending or ".png", self.card.quality.spin.value())
        exif = b"" if which == "both" else self._exif

        def write(source: dict[str, Any]) -> None:
            self.exporter.photo(picture, {**recipe, **source}, saving, exif)

        key = f"denoise/source/{next(self._numbers)}"  # every export counts, none replaces another
        whole = saving.suffix not in export.SHORT_NOTES
        self.services.file_worker.ask(key, lambda task: arrays.source(pixels, whole=whole), write, self.show_error)

    # --- recipes ---

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """The source image, if it came with the recipe, and the noise."""
        return denoise_state.prepare(values, info.title)

    def bring_back(self, state: Cleaning) -> None:
        """Image and noise; without the image, both once it is dropped."""
        assert self._info is not None
        self._agreed.add(self._info.run_id)  # whoever made it has seen what the model does
        name = self._path.name if self._path else ""
        if state.picture is None and self._picture is not None and state.is_of(self._picture, name):
            state = replace(state, picture=self._source, exif=self._exif, path=self._path)
        if state.picture is None:
            self._awaited = state
            return
        before = Cleaning(self._source, name, self.noise.noise(), exif=self._exif, path=self._path)
        self.session.undo.push(Move(self._place, before, state, self.come_forward))

    def _place(self, state: Cleaning) -> None:
        self.noise.set_noise(state.how)
        self.card.files.set_files([])
        if state.picture is not None:
            photo = photos.Photo(state.picture.pixels, False, state.exif)
            self._opened(state.path or Path(state.name), (state.picture, photo))
            return
        self._path = self._picture = self._source = None
        self._forget()
        self.wipe.set_pair(None, None)
        self._show_whether_empty()
