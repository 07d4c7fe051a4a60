"""The Reverse page of the Diffusion panel: a walk from noise to images, and forks of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Slot

from models.core.diffusion.capability import Kept
from models.core.diffusion.prompt import Offer
from models.core.diffusion.rates import Rates
from models.core.diffusion.samplers import SAMPLERS
from models.core.errors import UserError
from studio.panels.diffusion import recording as playback
from studio.panels.diffusion.image_source import PictureSource
from studio.panels.diffusion.page import KEY, AnimationPage
from studio.panels.diffusion.recording import Pixels, Recording, Setup, View
from studio.panels.diffusion.sampling_card import SamplingCard
from studio.panels.diffusion.start_images import Beginning
from studio.panels.diffusion.state import PageState
from studio.panels.diffusion.trajectories import Walks
from studio.session import ModelInfo
from studio.widgets.undo import Move
from studio.workers.services import Services

SLOW_S = 0.4  # a walk that takes longer shows how far it is


class WalkPage(AnimationPage):
    """One ``View`` is all of it: how the walk goes, and how a fork leaves it."""

    MODE = "reverse"
    TYPED = True  # whether a sentence is typed among the settings

    def __init__(
        self, services: Services, show_error: Callable[[UserError], None], forward: Callable[[], None]
    ) -> None:
        self.settings = SamplingCard(prompt=self.TYPED)
        super().__init__(services, self.settings, show_error, forward)
        self.view = View(Setup())
        self._asked: dict[tuple[Any, ...], Setup] = {}  # what each model was last asked for, while the window is open
        self._asker: tuple[Any, ...] = ()
        self.walks = Walks(services, self.MODE, self._failed)
        self.own = PictureSource(services, f"{KEY}/{self.MODE}/own", playback.MOST, show_error)
        self.own.chosen.connect(self._take_own)
        transport, settings = self.transport, self.settings
        transport.play_asked.connect(self._play)
        transport.fork_asked.connect(self.fork)
        transport.cancelled.connect(self.cancel)
        settings.changed.connect(self._edited)
        settings.whose_chosen.connect(lambda index: self._show_settings())
        settings.chart.asked.connect(self.go_to)
        settings.noise_asked.connect(lambda: self.change(View(self.view.main)))
        self.walks.grown.connect(self._grown)
        self.walks.ended.connect(self._ended)

    def recording(self) -> Recording | None:
        """The main walk."""
        return self.walks.main

    def kept(self) -> Kept | None:
        """What the walk must leave as it is."""
        return None

    # --- the model ---

    def forget(self) -> None:
        """Another model comes: nothing that was walked is of interest, but what was asked for is."""
        if self.known:
            self._asked[self._asker] = self.view.main
        self.walks.forget()
        self.own.show_model(None)
        super().forget()

    def show_model(self, info: ModelInfo, rates: Rates, offer: Offer) -> None:
        """It can be asked for these classes; it begins with what it was last asked for, once somebody looks."""
        super().show_model(info, rates, offer)
        self._asker = (info.folder, offer, rates.timesteps, rates.path)
        self.walks.rates = rates
        self.own.show_model(info)
        self.settings.show_model(rates, offer)
        self.view = View(self._asked.get(self._asker, self.settings.default()))
        self.settings.set_setup(self.view.main)
        self.settings.show_time(rates.timesteps)

    def dropped(self, paths: list[str]) -> bool:
        """Own images: the walk begins with them, half way in noise (image to image)."""
        return self.own.take(paths)

    @Slot(object)
    def _take_own(self, pictures: Pixels) -> None:
        self.begin_with(Beginning(self.walks.rates.timesteps // 2, pictures))

    # --- walking ---

    def make(self) -> None:
        """Walk from pure noise, or from what the view says."""
        self.begin_animation()
        self.walks.walk(self.view.main, self.kept(), self.view.begin)

    def _failed(self, error: UserError) -> None:
        self.transport.pause()
        self.transport.end_progress()
        self.show_error(error)

    def cancel(self) -> None:
        """Stop walking; the steps that have come stay."""
        self.walks.cancel()
        self.transport.pause()
        self.transport.end_progress()
        walk = self.walks.main
        if walk is not None and len(walk):
            self.show_animation(walk)
        self.transport.grown(True)
        last = self.walks.fork or walk
        self.session.done.emit(f"Cancelled after {last.made if last else 0:,} steps.")

    @Slot(str)
    def _grown(self, which: str) -> None:
        main = which == self.walks.main_key
        walk = self.walks.main if main else self.walks.fork
        assert walk is not None
        if not walk.done and walk.seconds > SLOW_S:
            self.transport.show_progress(walk.made, walk.total)
        if main:
            self.show_animation(walk)
        else:
            self.show_frame()

    @Slot(str)
    def _ended(self, which: str) -> None:
        self.transport.end_progress()
        if which == self.walks.main_key:
            assert self.walks.main is not None
            self.session.done.emit(self.walks.main.words())
            if self.view.fork is not None:
                self.walks.leave(self.walks.main.nearest(self.view.time), self.view.fork)

    def _play(self) -> None:
        if self.known and self.walks.main is None:
            self.make()

    def show_frame(self) -> None:
        """The step and, while there is a fork, the same moment of the other future."""
        walk, at = self.walks.main, self.transport.at()
        if walk is None or at >= len(walk):
            return
        frame = walk[at]
        self.cards.show_frames(frame, self.walks.other(frame), self.walks.names(*self.two_names()))
        self.settings.show_time(frame.t)
        self.label()

    def two_names(self) -> tuple[str, str]:
        """What tells the walk and its fork apart."""
        return _name(self.view.main), f"Fork: {_name(self.view.fork or self.view.main)}"

    # --- settings and forks: one ``View``, each change one step of undo ---

    def _edited(self, setup: Setup) -> None:
        fork = self.settings.whose.index() == 1 and self.view.fork is not None
        self.change(replace(self.view, fork=setup) if fork else View(setup, begin=self.view.begin))

    def change(self, after: View) -> None:
        """Show another view; one step that can be undone."""
        self.session.undo.push(Move(self.place, self.view, after, self.forward))

    def place(self, view: View) -> None:
        """Show a view without remembering it for undo."""
        before, self.view = self.view, view
        self._show_settings()
        main = self.walks.main
        if view.main != before.main or view.begin is not before.begin or main is None:
            self.make()
        elif view.fork is None:
            self.walks.drop_fork()
            if main.done:
                self.transport.end_progress()  # of a fork that was on its way
            self.show_frame()
        elif view.time != before.time or before.fork is None:
            self.walks.leave(main.nearest(view.time), view.fork)
        elif view.fork != before.fork:
            self.walks.again(view.fork)

    def _show_settings(self) -> None:
        whose = None if self.view.fork is None else self.settings.whose.index()
        self.settings.show_fork(whose)
        fork = self.view.fork if whose == 1 else None
        self.settings.set_setup(fork or self.view.main)
        self.settings.show_begin(None if self.view.begin is None else self.view.begin.time)

    def begin_with(self, begin: Beginning) -> None:
        """Walk from these images (image to image); one step that can be undone."""
        setup = replace(self.view.main, count=min(len(begin.pictures), playback.MOST))
        self.time = 0
        self.change(View(setup, begin=begin))

    def fork(self) -> None:
        """Leave the walk at the step that is shown, with the next seed; the settings are then the fork's."""
        walk, at = self.walks.main, self.transport.at()
        if walk is None or at >= len(walk):
            return
        if walk[at].t == 0:
            self.session.done.emit("No noise is left at this step: step back first, then fork.")
            return
        self.transport.pause()
        self.settings.whose.set_index(1)
        self.change(View(self.view.main, playback.another(self.view.main), walk[at].t, self.view.begin))

    # --- recipes ---

    def numbers(self) -> dict[str, Any]:
        """Walk and fork."""
        return self.view.recipe()

    def bring_back(self, state: PageState) -> None:
        """Walk, fork and step; a walk that is the same is not made again."""
        view, self.time = state.view, state.time
        assert view is not None
        same = view.main == self.view.main and view.begin is None and self.view.begin is None
        self.change(view)
        if same and not self.transport.growing:
            self.go_to(state.time)


def _name(setup: Setup) -> str:
    """The sampler and what tells two walks apart."""
    sampling = setup.sampling
    sampler = SAMPLERS[sampling.sampler]
    eta = f" with η = {sampling.eta:g}" if sampler.noise == "eta" and sampling.eta else ""
    return f"{sampler.title}{eta}, seed {sampling.seed}"
