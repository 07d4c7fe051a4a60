"""Diffusion: watch images come out of noise, rewind them, and send them into another future."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from models.core.diffusion.capability import Diffuses
from models.core.diffusion.prompt import Offer
from models.core.diffusion.rates import Rates
from models.core.evaluation import cautions
from studio.panels.base import Panel
from studio.panels.diffusion import state as diffusion_state
from studio.panels.diffusion.forward_page import ForwardPage
from studio.panels.diffusion.inpaint_page import InpaintPage
from studio.panels.diffusion.page import KEY, AnimationPage
from studio.panels.diffusion.prompt_page import PromptPage
from studio.panels.diffusion.reverse_page import WalkPage
from studio.panels.diffusion.start_images import Beginning
from studio.panels.diffusion.state import PageState
from studio.session import ModelInfo
from studio.widgets.card import Segmented, hbox, label, vbox
from studio.workers.recipes import Prepared

FORWARD, REVERSE, INPAINT, PROMPT = range(4)


class Diffusion(Panel):
    """Pages that share one look: cards of images above, time beneath, settings at the right."""

    TITLE = "Diffusion"
    ICON = "circles-three"
    NEEDS = Diffuses
    OFFERS = "ddpm-fashion"
    PURPOSE = "Here you watch a diffusion model make images from noise, step by step, back and forth."
    HINTS = "Space play  ·  ← → step  ·  F fork  ·  Ctrl+Z undo"

    def build(self, content: QWidget) -> None:
        """The pages, and the choice between them at the top right."""
        self._known = False  # whether the model has said what it can be asked for
        self.forward = ForwardPage(self.services, self.show_error, partial(self.come_to, FORWARD))
        self.walk = WalkPage(self.services, self.show_error, partial(self.come_to, REVERSE))
        self.inpaint = InpaintPage(self.services, self.show_error, partial(self.come_to, INPAINT))
        self.prompt = PromptPage(self.services, self.show_error, partial(self.come_to, PROMPT))
        self.pages: list[AnimationPage] = [self.forward, self.walk, self.inpaint, self.prompt]
        self.forward.walk_asked.connect(self._walk_back)
        self.mode = Segmented(self._modes(text=False))
        self.mode.setAccessibleName("Process")
        self.mode.setFixedWidth(self.walk.right.width())
        self.mode.chosen.connect(self.choose)
        self.lefts, rights = QStackedWidget(), QStackedWidget()
        for page in self.pages:
            self.lefts.addWidget(page.left)
            rights.addWidget(page.right)
        rights.setFixedWidth(self.walk.right.width())  # a stack wishes to be wider than what it holds can become
        self.rights = rights
        right = vbox(self.mode, rights, spacing=12)
        right.setStretch(1, 1)
        row = hbox(self.lefts, right, spacing=12)
        row.setStretch(0, 1)
        self.caution = label("", "secondary", wrap=True)
        self.caution.hide()
        whole = vbox(self.caution, row, spacing=12)
        whole.setStretch(1, 1)
        content.setLayout(whole)
        self.choose(REVERSE)

    def _modes(self, *, text: bool) -> list[str]:
        """The pages that there are for a model: Prompt for one that takes text."""
        return [page.MODE.capitalize() for page in self.pages if text or page is not self.prompt]

    @property
    def page(self) -> AnimationPage:
        """The page in front."""
        return self.pages[self.lefts.currentIndex()]

    def come_to(self, index: int) -> None:
        """Bring the panel and one of its pages to the front."""
        self.choose(index)
        self.come_forward()

    def choose(self, index: int) -> None:
        """Another page."""
        self._bring(index)
        if self.isVisible():
            self.shown()

    def _bring(self, index: int) -> None:
        """A page to the front; it does not begin yet."""
        self.page.transport.pause()
        self.mode.set_index(index)
        self.lefts.setCurrentIndex(index)
        self.rights.setCurrentIndex(index)

    @Slot(object)
    def _walk_back(self, begin: Beginning) -> None:
        """From an image in noise to a new one: on the Reverse page."""
        self.walk.begin_with(begin)
        self.choose(REVERSE)

    def dropped(self, paths: list[str]) -> bool:
        """Own images: they drown, or are painted upon."""
        if self._info is None:
            return False
        self.error.hide()
        return self.page.dropped(paths)

    # --- the model ---

    def model_changed(self) -> None:
        """Another model: ask what it can be asked for; it walks when somebody looks."""
        self._info, self._known = self.session.model, False
        for page in self.pages:
            page.forget()

        def ask(model: Any, task: Any) -> tuple[Rates, Offer]:
            return model.rates, model.condition.offer

        self.services.inference.question(f"{KEY}/about", ask, self._told, self.show_error)
        self._ask_learned()

    def _ask_learned(self) -> None:
        """Whether its samples mean something yet is said above them."""
        ask = self.services.inference.question
        ask(f"{KEY}/learned", lambda model, task: cautions.learned(model), self._say_learned, self.show_error)

    @Slot(object)
    def _say_learned(self, words: str) -> None:
        self.caution.setText(words)
        self.caution.setVisible(bool(words))

    def model_gone(self) -> None:
        """A model that does not diffuse: keep no animations of the one before."""
        super().model_gone()
        self._known = False
        for page in self.pages:
            page.forget()

    def _told(self, found: tuple[Rates, Offer]) -> None:
        assert self._info is not None
        self._known = True
        takes_text = found[1].kind == "text"
        self.mode.set_options(self._modes(text=takes_text), REVERSE)
        for page in self.pages:
            if takes_text or page is not self.prompt:
                page.show_model(self._info, *found)
        before = self.lefts.currentIndex()
        self._bring(PROMPT if takes_text else REVERSE if before == PROMPT else before)  # a recipe comes first
        if not self.settled() and self.isVisible():
            self.shown()

    def weights_changed(self) -> None:
        """It has learned more: walk again when somebody looks."""
        self._info = self.session.model
        if self._info is None or not self._known:
            return
        self._ask_learned()
        for page in self.pages:
            page.show_weights(self._info)
        if self.isVisible():
            self.shown()

    def shown(self) -> None:
        """Let the page in front do what it has put off."""
        self.error.hide()
        self.page.shown()

    # --- keys ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What no control has taken: Space plays, arrows step, F forks."""
        transport = self.page.transport
        keys = {
            Qt.Key.Key_Space: transport.play,
            Qt.Key.Key_Left: lambda: transport.step(-1),
            Qt.Key.Key_Right: lambda: transport.step(1),
            Qt.Key.Key_F: self.page.fork,
        }
        wanted = keys.get(Qt.Key(event.key()))
        if not self.usable or wanted is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
        else:
            wanted()

    # --- recipes ---

    def ready(self) -> bool:
        """Once the model has said what it can be asked for."""
        return self._known

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """A page and everything on it."""
        return diffusion_state.prepare(values, info, model.rates, model.condition.offer)

    def bring_back(self, state: PageState) -> None:
        """The page comes to the front with what was on it."""
        index = [page.MODE for page in self.pages].index(state.mode)
        self.pages[index].bring_back(state)
        self.choose(index)
