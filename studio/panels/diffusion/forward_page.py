"""The Forward page of the Diffusion panel: an image on its way into noise, and the schedule that leads it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal

from models.core.diffusion.prompt import Offer
from models.core.diffusion.rates import Rates
from models.core.errors import UserError
from models.core.recipes import arrays
from models.core.record import Run
from studio.panels.diffusion import recording as playback
from studio.panels.diffusion.image_source import PictureSource
from studio.panels.diffusion.page import KEY, AnimationPage
from studio.panels.diffusion.recording import Pixels, Recording
from studio.panels.diffusion.schedule_card import ScheduleCard
from studio.panels.diffusion.schedule_chart import Points, words_of
from studio.panels.diffusion.start_images import SEED, Beginning
from studio.panels.diffusion.state import PageState
from studio.session import ModelInfo
from studio.widgets.undo import Move
from studio.workers.services import Services

SHEET = 8  # images of the dataset


class ForwardPage(AnimationPage):
    """Pictures, and the points through which the schedule is bent; () is the model's own."""

    MODE = "forward"
    walk_asked = Signal(object)  # walk back from here: a Beginning

    def __init__(
        self, services: Services, show_error: Callable[[UserError], None], forward: Callable[[], None]
    ) -> None:
        self.card = ScheduleCard()
        super().__init__(services, self.card, show_error, forward)
        self.points: Points = ()
        self._before: Points = ()  # those of the last step of undo
        self.rates = Rates.flow(1)  # the model's
        self.pictures_shown: Pixels | None = None
        self.config: dict[str, Any] = {}  # of the model's run
        self._animation_made: Recording | None = None
        self._pack = arrays.Packer()
        self.source = PictureSource(services, f"{KEY}/forward/pictures", SHEET, show_error)
        self.source.chosen.connect(self.take)
        self.cards.set_forward(True)
        self.transport.name_fork("Reverse", "Back", "Start the reverse process from these images at this time step (F)")
        self.transport.fork_asked.connect(self.fork)
        card = self.card
        card.another_asked.connect(self.source.another)
        card.own_asked.connect(lambda: self.source.choose(self.left))
        card.chart.asked.connect(self.go_to)
        card.chart.bent.connect(self._preview)
        card.chart.let_go.connect(self._commit)
        card.reset_asked.connect(lambda: self.change(()))
        card.train_asked.connect(self.train)

    def recording(self) -> Recording | None:
        """The images at all times."""
        return self._animation_made

    # --- the model and the images ---

    def forget(self) -> None:
        """Another model comes."""
        super().forget()
        self.services.inference.cancel(f"{KEY}/forward")
        self.source.show_model(None)
        self._animation_made = self.pictures_shown = None
        self.points = self._before = ()
        self.config = {}

    def show_model(self, info: ModelInfo, rates: Rates, offer: Offer) -> None:
        """Show its schedule; images are fetched when somebody looks."""
        super().show_model(info, rates, offer)
        self.source.show_model(info)
        self.rates = rates
        self.card.show_model(rates.alpha_bar)
        self.card.show_points((), {})
        self.time = rates.timesteps // 2

        def read(task: Any) -> dict[str, Any]:
            return dict(Run.open(info.folder).info.config)

        self.services.file_worker.ask(f"{KEY}/forward/config", read, self._configured, self.show_error, of_model=True)

    def _configured(self, config: dict[str, Any]) -> None:
        self.config = config
        self.card.show_points(self.points, config)

    def dropped(self, paths: list[str]) -> bool:
        """Own images."""
        return self.source.take(paths)

    def take(self, pictures: Pixels) -> None:
        """Drown these images, uint8 (n, h, w, c)."""
        self.pictures_shown = pictures
        self.make()

    def make(self) -> None:
        """Drown the images, or fetch some first."""
        if self.pictures_shown is None:
            self.source.another()
            return
        self.begin_animation()
        pictures = self.pictures_shown
        rates = Rates.preserving(self.card.chart.schedule) if self.points else self.rates

        def work(model: Any, task: Any) -> Recording:
            return playback.forward(model, pictures, rates, SEED, task)

        self.services.inference.question(f"{KEY}/forward", work, self._made, self.show_error)

    def _made(self, animation: Recording) -> None:
        self._animation_made = animation
        self.show_animation(animation)

    def show_frame(self) -> None:
        """The images at a time."""
        animation, at = self._animation_made, self.transport.at()
        if animation is not None and at < len(animation):
            self.cards.show_frames(animation[at], None)
            self.card.show_time(animation[at].t)
            self.label()

    def fork(self) -> None:
        """Walk back from what is shown, on the Reverse page: the large shapes stay, the rest is made anew."""
        animation, at = self._animation_made, self.transport.at()
        if animation is None or self.pictures_shown is None or at >= len(animation):
            return
        if animation[at].t == 0:
            self.session.done.emit("There is no noise here yet: move into the noise first.")
        elif self.points:
            self.session.done.emit("The model reverses its own schedule only: reset the changed curve first.")
        else:
            self.transport.pause()
            self.walk_asked.emit(Beginning(animation[at].t, self.pictures_shown))

    # --- the schedule ---

    def _preview(self, points: Points) -> None:
        self.points = points
        self.card.show_points(points, self.config)
        self.make()

    def _commit(self) -> None:
        if self.points != self._before:
            self.change(self.points)

    def change(self, points: Points) -> None:
        """Bend the schedule: one step that can be undone."""
        self.session.undo.push(Move(self.place, self._before, points, self.forward))

    def place(self, points: Points) -> None:
        """Bend the schedule without remembering it for undo."""
        self._before = points
        self._preview(points)

    def train(self) -> None:
        """Hand the points to the form of the Train panel, with the other settings of this model."""
        assert self.info is not None
        values = {**self.config, "schedule": "own", "schedule_points": words_of(self.points)}
        self.session.asked_for_panel.emit("train")
        self.session.asked_to_train_like.emit(self.info.family, self.info.dataset, values)

    # --- recipes ---

    def numbers(self) -> dict[str, Any]:
        """The points and the images."""
        pictures = self.pictures_shown
        packed = None if pictures is None else self._pack(pictures)
        return {"points": [list(point) for point in self.points], "pictures": packed}

    def bring_back(self, state: PageState) -> None:
        """Pictures, schedule and time."""
        self.time = state.time
        before, after = (self.pictures_shown, self._before), (state.images, state.points)
        self.session.undo.push(Move(self._place_all, before, after, self.forward))

    def _place_all(self, both: tuple[Pixels | None, Points]) -> None:
        self.pictures_shown = both[0]
        self.place(both[1])
