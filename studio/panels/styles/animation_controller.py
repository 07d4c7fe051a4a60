"""Paints and exports the animation through styles: what stands behind the card of the animation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from models.core.errors import UserError
from models.core.styles.table import Mixture
from studio.panels.styles import tasks
from studio.panels.styles.animation_card import NOTHING, AnimationCard
from studio.widgets.exporting import Exporter
from studio.widgets.qimages import Pixels
from studio.workers.recipes import text_chunk
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "styles/film"


class AnimationController(QObject):
    """Fills an ``AnimationCard``. Frames are painted only while the card is looked at.

    Args:
        recipe: of this moment.
    """

    frame_chosen = Signal(object, str, int)  # (pixels, words, frame)

    def __init__(
        self, services: Services, exporter: Exporter, recipe: Callable[[], dict[str, Any]],
        show_error: Callable[[UserError], None],
    ) -> None:  # fmt: skip
        super().__init__()
        self.services = services
        self.exporter = exporter
        self._recipe = recipe
        self._show_error = show_error
        self.card = card = AnimationCard()
        self.wanted: int | None = None  # a frame to show as soon as it is painted
        self._generated: tuple[Any, ...] = ()  # what the frames were painted from
        card.grid.recipe_at = self._recipe_at
        card.chosen.connect(self._choose)
        card.progress.cancelled.connect(self._cancel)
        card.export_asked.connect(self._export)

    def forget(self) -> None:
        """Another model, or other weights: the frames are no longer right."""
        self.wanted = None
        self._generated = ()
        self._cancel()
        self.card.show_frames(NOTHING)

    def look_at(self, frame: int | None) -> None:
        """Show a frame once the frames are painted, again if need be: nothing that comes later hides it."""
        self.wanted = frame
        if frame is not None:
            self._generated = ()

    def show(self, table: Mixture) -> None:
        """Paint keyframes and frames, if somebody looks and they are not there yet."""
        wanted = (table.keyframes, table.truncation, table.noises, table.steps)
        if not self.card.isVisible() or wanted == self._generated:
            return
        self._generated = wanted
        self.card.player.stop()
        inference = self.services.inference
        if not table.keyframes:
            inference.cancel(KEY)
            self.card.progress.end()
            return

        def work(model: Any, task: Task) -> tuple[Pixels, Pixels]:
            keys = tasks.keyframes(model, table, task)
            if len(table.keyframes) < 2:
                return keys, NOTHING
            return keys, tasks.animation(model, table, task)

        def done(answer: tuple[Pixels, Pixels]) -> None:
            self.card.show_keyframes(answer[0])
            self.card.show_frames(answer[1])
            self._show_wanted()

        self.card.progress.begin("Generating frames")
        inference.question(KEY, work, done, self._failed, self.card.progress.advance)

    def _show_wanted(self) -> None:
        if self.wanted is not None and len(self.card.frames):
            frame, self.wanted = self.wanted, None
            self._choose(frame)

    def _failed(self, error: UserError) -> None:
        self._generated = ()
        self.card.progress.end()
        self._show_error(error)

    def _cancel(self) -> None:
        self.services.inference.cancel(KEY)
        self.card.progress.end()

    def _choose(self, at: int) -> None:
        if at < len(self.card.frames):
            self.frame_chosen.emit(self.card.frames[at], f"frame {at + 1} of {len(self.card.frames)}", at)

    def _recipe_at(self, at: int) -> dict[str, str]:
        return text_chunk({**self._recipe(), "view": tasks.ANIMATION, "frame": at})

    def _export(self, suffix: str) -> None:
        if len(self.card.frames):
            self.exporter.animation(self.card.frames, suffix, self._recipe())
