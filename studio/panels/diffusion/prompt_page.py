"""The Prompt page of the Diffusion panel: a sentence becomes images, and each word shows what it did to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from models.core.diffusion.prompt import Offer, doubts
from models.core.diffusion.rates import Rates
from models.core.errors import UserError
from models.core.training.estimate import duration
from studio import theme
from studio.panels.diffusion.page import KEY
from studio.panels.diffusion.prompt_cards import PromptCards
from studio.panels.diffusion.prompt_line import PromptLine
from studio.panels.diffusion.recording import Pixels, Setup, View
from studio.panels.diffusion.reverse_page import WalkPage
from studio.panels.diffusion.state import PageState
from studio.panels.diffusion.table_card import TableCard
from studio.panels.diffusion.word_chips import WordsCard
from studio.panels.diffusion.word_effects import WordEffects
from studio.session import ModelInfo
from studio.widgets.card import vbox
from studio.workers.recipes import Later, recipe_of, text_chunk
from studio.workers.services import Services


class PromptPage(WalkPage):
    """A walk whose sentence is typed above it; a replaced word is a fork of it."""

    MODE = "prompt"
    TYPED = False
    cards: PromptCards

    def __init__(
        self, services: Services, show_error: Callable[[UserError], None], forward: Callable[[], None]
    ) -> None:
        self.line, self.words = PromptLine(), WordsCard()
        self.table = TableCard(services, show_error)
        super().__init__(services, show_error, forward)
        self.effects = WordEffects(services, show_error)
        self._lit = -1
        self.line.asked.connect(self._ask)
        self.words.hovered.connect(self._light)
        self.words.word_chosen.connect(self.effects.begin)
        self.words.strength_asked.connect(self._strengthen)
        self.words.replace_asked.connect(self._replace)
        self.words.time_asked.connect(self._retime)
        self.effects.grown.connect(self._measured)
        self.cards.table_asked.connect(lambda: self._show_table(True))
        self.cards.kept.connect(self._keep)
        self.table.left.connect(lambda: self._show_table(False))
        self.table.export_asked.connect(self._export_table)
        self.table.set_recipe(Later(lambda: text_chunk(self._table_recipe())))

    def make_cards(self) -> PromptCards:
        """Images alone, as large as there is room."""
        return PromptCards()

    def pictures(self) -> QWidget:
        """The line, the words and the images."""
        whole = QWidget()
        self.sheets = QStackedWidget()
        self.sheets.addWidget(self.cards)
        self.sheets.addWidget(self.table)
        column = vbox(self.line, self.words, self.sheets, spacing=theme.GAP_M)
        column.setStretch(2, 1)
        whole.setLayout(column)
        return whole

    # --- the model ---

    def forget(self) -> None:
        """Another model comes."""
        self.effects.drop()
        self.table.forget()
        super().forget()
        self._show_table(False)

    def show_model(self, info: ModelInfo, rates: Rates, offer: Offer) -> None:
        """It knows these words."""
        self.words.set_vocabulary(offer.names)
        self.line.show_offer(offer.names, offer.examples)
        self.table.set_model(offer.names)
        super().show_model(info, rates, offer)
        self._show_settings()

    # --- what is asked for ---

    @Slot(str)
    def _ask(self, text: str) -> None:
        main = self.view.main
        if text == main.prompt.text and self.view.fork is None:
            if self.known and (self.walks.main is None or not self.walks.main.done):
                self.make()
            return
        self.change(View(replace(main, prompt=replace(main.prompt, text=text, strengths=())), begin=self.view.begin))

    def _edited(self, setup: Setup) -> None:
        """Other settings: a sentence that was typed meanwhile is meant, too."""
        typed = self.line.typed()
        if typed is not None and self.view.fork is None:
            setup = replace(setup, prompt=replace(setup.prompt, text=typed, strengths=()))
        super()._edited(setup)

    @Slot(int, float)
    def _strengthen(self, place: int, strength: float) -> None:
        main = self.view.main
        prompt = main.prompt.with_strength(place, round(strength, 2))
        if prompt != main.prompt:
            self.change(View(replace(main, prompt=prompt), begin=self.view.begin))

    @Slot(int, str)
    def _replace(self, place: int, word: str) -> None:
        walk, main = self.walks.main, self.view.main
        if walk is None or not walk.done:
            self.session.done.emit("Wait until the images are there, then replace a word.")
            return
        fork = replace(main, prompt=main.prompt.with_word(place, word))
        self.change(View(main, fork, self._time(), self.view.begin))

    @Slot()
    def _keep(self) -> None:
        """The sentence with the other word becomes the prompt."""
        if self.view.fork is not None:
            self.change(View(replace(self.view.main, prompt=self.view.fork.prompt), begin=self.view.begin))

    @Slot(int)
    def _retime(self, step: int) -> None:
        if self.view.fork is not None and self.walks.main is not None:
            self.change(replace(self.view, time=self._time()))

    def _time(self) -> int:
        """The t at which another word takes over."""
        assert self.walks.main is not None
        times = self.walks.main.times()
        return times[min(self.words.time.value(), len(times) - 2)] if len(times) > 1 else times[0]

    def _show_settings(self) -> None:
        super()._show_settings()
        prompt = self.view.main.prompt
        asked = [prompt.text] if self.view.fork is None else [prompt.text, self.view.fork.prompt.text]
        self.line.show_prompt(prompt.text, doubts(" ".join(asked), self.settings.vocabulary()))
        self.words.show_prompt(prompt)
        self.words.set_steps(self.view.main.steps(self.walks.rates))
        self.table.set_setup(self.view.main)
        if self.sheets.currentWidget() is self.table:
            self.words.hide()

    def two_names(self) -> tuple[str, str]:
        """What each sheet was asked for."""
        fork = self.view.fork or self.view.main
        return f"“{self.view.main.prompt.text}”", f"“{fork.prompt.text}”"

    # --- the table ---

    def _show_table(self, wanted: bool) -> None:
        """The table, or the images of the prompt with their time."""
        self.sheets.setCurrentIndex(int(wanted))
        self.transport.setHidden(wanted)
        self._show_settings()

    def _table_recipe(self) -> dict[str, Any]:
        """How the table was filled, whatever the settings have become since."""
        assert self.info is not None
        walk, lists = self.table.made_with.numbers(), self.table.shown.numbers()
        return recipe_of(self.info, KEY, made="table", mode=self.MODE, time=0, walk=walk, table=lists)

    @Slot(object)
    def _export_table(self, sheet: Pixels | None) -> None:
        if sheet is not None:
            self.exporter.picture(sheet, self._table_recipe())

    def bring_back(self, state: PageState) -> None:
        """The prompt, or the table, that a recipe tells of."""
        super().bring_back(state)
        self._show_table(state.table is not None)
        if state.table is not None:
            self.table.show_lists(state.table)

    # --- what each word did ---

    @Slot(str)
    def _ended(self, which: str) -> None:
        super()._ended(which)
        if which == self.walks.main_key and self.walks.main is not None:
            main = self.view.main
            self.effects.measure(main.prompt.text, self.walks.main, main.sampling.guidance)

    def make(self) -> None:
        """New images: what words did to the old ones is of no interest."""
        self.effects.drop()
        self.words.show_amounts(None)
        super().make()

    @Slot()
    def _measured(self) -> None:
        self.words.show_amounts(self.effects.amounts())
        if self._lit >= 0:
            self._light(self._lit)

    @Slot(int)
    def _light(self, place: int) -> None:
        """Lay what a word did over the images: of all steps at the end of the walk, else of the step that is shown."""
        self._lit = place
        chips = self.words.chips
        if not 0 <= place < len(chips):
            self.cards.show_effect(None, "")
            return
        at, walk = self.transport.at(), self.walks.main
        step = None if walk is None or not walk.done or at >= len(walk) - 1 else at

        def effect(image: int) -> object:
            maps = self.effects.at(image, step)
            return None if maps is None else maps[place]

        known = self.effects.known()
        when = f"summed over {len(walk) - 1} steps" if walk is not None and step is None else "in this step"
        said = f"what “{chips[place].word}” changed, {when} (measured by leaving it out)"
        count = 0 if walk is None or not len(walk) else len(walk[0].x)
        if known < count:
            said = f"measuring what each word changed: {known} of {count} images"
            if self.effects.waits:
                said = f"click a word to measure what each changed: about {duration(self.effects.waits)}"
        self.cards.show_effect(effect, said, self.effects.most(step))  # type: ignore[arg-type]

    def show_frame(self) -> None:
        """The step, with the effect of the word that is looked at."""
        super().show_frame()
        if self._lit >= 0:
            self._light(self._lit)
