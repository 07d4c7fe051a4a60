"""Denoise: drop an image and see it clean; add noise and see what it costs; let filters and models compete."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtGui import QKeySequence
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
from studio.panels.denoise.state import Cleaning, Scene, Source
from studio.session import ModelInfo
from studio.widgets.card import hbox, vbox
from studio.widgets.exporting import Exporter, Saving
from studio.widgets.undo import Move
from studio.workers.recipes import Prepared, recipe_of
from studio.workers.worker import Task


class Denoise(Panel):
    """Before and after with a wipe, noise to add, a comparison beneath, and whole folders."""

    TITLE, ICON = "Denoise", "magic-wand"
    NEEDS = Denoises
    PURPOSE = "Here you drop an image and a model removes its noise. It needs a model trained to denoise."
    OFFERS = "denoiser-photos"
    HINTS = "← → move the line  ·  0 1 2 zoom  ·  S side by side  ·  Ctrl+V paste  ·  Ctrl+Z undo"

    def build(self, content: QWidget) -> None:
        """The images large, the noise at the right, the comparison beneath."""
        self._scene = Scene()
        self._agreed: set[str] = set()  # runs whose effect on size and colour the person has seen
        self._sample = -1
        self._awaited: Cleaning | None = None  # a recipe whose source image must be dropped first
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
        self._show_source(None)

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
        self.noise.moved.connect(self._noise_moved)
        self.comparison.asked.connect(self.start_comparison)
        self.comparison.chosen.connect(self._show_entry)
        self.key(QKeySequence.StandardKey.Paste, card.paste, anywhere=True)

    def model_changed(self) -> None:
        """Another model looks at the same image."""
        self._info = self.session.model
        self._show_learned()
        self.card.files.stop("")
        self._forget()
        self.disturb()

    def _show_learned(self) -> None:
        known = self._info.noise if self._info is not None else None
        self.noise.show_model(None if known is None else cleaning.noise_of(known).kind)

    def weights_changed(self) -> None:
        """It has learned more: clean again."""
        self._info = self.session.model
        if self._scene.noisy is not None and self.isVisible():
            self.disturb()

    # --- an image comes ---

    def sample(self) -> None:
        """The next of the images that come with scikit-image, with noise of the kind that the model knows."""
        self._sample = (self._sample + 1) % len(cleaning.SAMPLES)
        self.card.files.set_files([])
        known = cleaning.noise_of(self._info.noise if self._info is not None else None)
        self.open(cleaning.sample_path(cleaning.SAMPLES[self._sample]), known)

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
        self.open(files[0][0], replace(self.noise.noise(), strength=0.0))

    def open(self, path: Path, how: Noise | None = None) -> None:
        """Decode a file; if it cannot be, the image that was there stays, and its noise. ``how`` is the new one's."""
        self.error.hide()
        ground = self.card.background.colour

        def read(task: Task) -> tuple[Source, bool]:
            photo = photos.read(path, ground=ground, work=task)
            return Source(layers(photo.pixels), path, photo.exif), photo.transparent

        self.services.file_worker.ask("denoise/open", read, partial(self._opened, how), self.show_error)

    def _reopen(self) -> None:
        if self._scene.source is not None:
            self.open(self._scene.source.path)

    def _opened(self, how: Noise | None, found: tuple[Source, bool]) -> None:
        source, transparent = found
        if how is not None:
            self.noise.set_noise(how)
        if self._awaited is not None and self._awaited.is_of(source):
            self.noise.set_noise(self._awaited.how)
        self._awaited = None
        self.card.background.setVisible(transparent)
        self.card.set_subtitle(source.path.name)
        self._show_source(source)

    def _show_source(self, source: Source | None) -> None:
        """Begin with another image, or show how to open one."""
        self._scene = Scene(source)
        self._forget()
        self.wipe.set_pair(None if source is None else source.picture, None)
        self.card.show_picture(source is not None)
        self.comparison.setVisible(source is not None)
        self.disturb()

    def _forget(self) -> None:
        """Nothing that is still being computed is of interest any more."""
        for key in ("disturb", "clean", "score"):
            self.services.file_worker.cancel(f"denoise/{key}")
            self.services.inference.cancel(f"denoise/{key}")
        self._scene = Scene(self._scene.source)
        self.wipe.set_pair(self.wipe.pair()[0], None)
        self.noise.show_scores(None, None)
        self.card.progress.end()
        self.comparison.clear()

    def _agree(self) -> None:
        assert self._info is not None
        self._agreed.add(self._info.run_id)
        self.disturb()

    def _failed(self, error: UserError) -> None:
        self.card.progress.end()
        self.show_error(error)

    def _noise_moved(self, before: Noise, after: Noise) -> None:
        self.session.undo.push(Move(self.noise.place, before, after, self.come_forward))

    # --- disturb, clean, score: each asks for the next, the newest wins; without a model the image waits for one ---

    def disturb(self) -> None:
        """Add the noise again; a model that changes size or colour says so first and waits for a yes."""
        source, info = self._scene.source, self._info
        if source is None or info is None:
            return
        self.comparison.clear()
        self.services.inference.cancel("denoise/clean")
        self.services.file_worker.cancel("denoise/score")
        pixels = source.picture.pixels
        how = self.noise.noise()
        agreed = info.run_id in self._agreed

        def work(model: Any, task: Task) -> tuple[str, tuple[Pixels, Layers] | None]:
            effect = str(model.effect(pixels.shape))
            if effect and not agreed:
                return effect, None
            return effect, cleaning.disturbed(pixels, info.image_shape if effect else None, how)

        self.services.inference.question("denoise/disturb", work, partial(self._disturbed, how), self._failed)

    def _disturbed(self, how: Noise, answer: tuple[str, tuple[Pixels, Layers] | None]) -> None:
        effect, found = answer
        self.card.explain(effect, asking=found is None)
        if found is None:
            return
        base, noisy = found
        self._scene = replace(self._scene, noisy=noisy, clean=base if how.strength else None)
        shown = self.wipe.pair()[1]
        if shown is None or shown.size != noisy.size or max(noisy.size) > 1024:
            self.wipe.set_pair(noisy, None)

        def work(model: Any, task: Task) -> tuple[Layers, float]:
            return cleaning.cleaned(model, noisy.pixels, task)

        then = partial(self._cleaned, noisy)
        self.services.inference.question("denoise/clean", work, then, self._failed, self._advance)

    def _advance(self, what: str, done: int, total: int) -> None:
        if total > 4 and done < total:  # anything shorter is over before it can be read
            self.card.progress.begin(what)
            self.card.progress.advance(what, done, total)

    def cancel(self) -> None:
        """Stop cleaning; the image that was opened stays."""
        self.services.inference.cancel("denoise/disturb")
        self.services.inference.cancel("denoise/clean")
        self.card.progress.end()
        self.wipe.set_pair(self._scene.noisy, None)
        self.card.say("Cancelled.")

    def _cleaned(self, noisy: Layers, answer: tuple[Layers, float]) -> None:
        after, seconds = answer
        self._scene = replace(self._scene, after=after, seconds=seconds, by="")
        self.card.progress.end()
        self.card.show_after(noisy, after, "after")
        self.card.say(f"{noisy.size[0]:,} × {noisy.size[1]:,}  ·  denoised in {seconds:.2f} s")
        clean = self._scene.clean
        if clean is None:
            self._scored((None, None))
            return

        def score(task: Task) -> tuple[Scores | None, Scores | None]:
            return cleaning.scored(clean, noisy.pixels, task), cleaning.scored(clean, after.pixels, task)

        self.services.file_worker.ask("denoise/score", score, self._scored, self._failed, of_model=True)

    def _scored(self, scores: tuple[Scores | None, Scores | None]) -> None:
        self._scene = replace(self._scene, scores=scores)
        self.noise.show_scores(*scores)

    # --- the comparison ---

    def start_comparison(self) -> None:
        """Let the filters and the other models clean the same image."""
        scene, info = self._scene, self._info
        if scene.noisy is None or scene.after is None or info is None:
            return
        untouched = Entry("Before", scene.noisy, scene.scores[0], 0.0)
        mine = Entry(f"{info.title} (this model)", scene.after, scene.scores[1], scene.seconds)
        self.comparison.compare(scene.clean, scene.noisy.pixels, [untouched, mine], info.run_id)

    def _show_entry(self, entry: Entry) -> None:
        scene = self._scene
        if scene.noisy is not None:
            self._scene = replace(scene, by="" if entry.picture is scene.after else entry.name)
            self.card.show_after(scene.noisy, entry.picture, entry.name)

    # --- export ---

    def _recipe(self, source: Source) -> dict[str, Any]:
        assert self._info is not None
        how, by = self.noise.noise(), {"by": self._scene.by} if self._scene.by else {}
        return recipe_of(
            self._info, "denoise", image=source.path.name, noise=how.kind, strength=how.strength, seed=how.seed, **by
        )

    def _export(self, what: str) -> None:
        """Write before, after or both into the Gallery: "after", or "after.jpg" for another format."""
        which, dot, ending = what.partition(".")
        picture, source = self.card.picture(which), self._scene.source
        if picture is None or source is None:
            return
        recipe = self._recipe(source)
        saving = Saving(dot + ending or ".png", self.card.quality.spin.value())
        exif = b"" if which == "both" else source.exif

        def write(packed: dict[str, Any]) -> None:
            self.exporter.photo(picture, {**recipe, **packed}, saving, exif)

        key = f"denoise/source/{next(self._numbers)}"  # every export counts, none replaces another
        whole = saving.suffix not in export.SHORT_NOTES
        pixels = source.picture.pixels
        self.services.file_worker.ask(key, lambda task: arrays.source(pixels, whole=whole), write, self.show_error)

    # --- recipes ---

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """The source image, if it came with the recipe, and the noise."""
        return denoise_state.prepare(values, info.title)

    def bring_back(self, state: Cleaning) -> None:
        """Image and noise; without the image, both once it is dropped."""
        assert self._info is not None
        self._agreed.add(self._info.run_id)  # whoever made it has seen what the model does
        source = self._scene.source
        if state.source is None and source is not None and state.is_of(source):
            state = replace(state, source=source)
        if state.source is None:
            self._awaited = state
            return
        before = Cleaning(source, self.noise.noise())
        self.session.undo.push(Move(self._place, before, state, self.come_forward))

    def _place(self, state: Cleaning) -> None:
        self.noise.set_noise(state.how)
        self.card.files.set_files([])
        if state.source is not None:
            self._opened(None, (state.source, False))
        else:
            self._show_source(None)
