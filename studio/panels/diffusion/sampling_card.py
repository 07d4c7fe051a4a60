"""How a walk goes: sampler, steps, class, guidance, seed; a form of the usual rows, checked as it is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from models.core.diffusion.capability import Sampling
from models.core.diffusion.prompt import MOST as MOST_TEXT
from models.core.diffusion.prompt import Offer, Prompt, attributes_of, doubts, words_for
from models.core.diffusion.rates import Rates
from models.core.diffusion.samplers import SAMPLERS, offered
from models.core.errors import ConfigError
from models.core.family import About
from studio import theme
from studio.panels.diffusion.attribute_row import AttributeRow
from studio.panels.diffusion.recording import EACH, MOST, NOTHING, Setup
from studio.panels.diffusion.signal_chart import SignalChart
from studio.widgets.card import Card, Foldout, Segmented, button, hbox, label, vbox
from studio.widgets.form_field import FieldRow

KEYS = {one.title: key for key, one in SAMPLERS.items()}
NO_CLASS, EVERY_CLASS = "None", "Each"
LOW, HIGH = 520, 660  # px of the card from which the curve is shown, and beside an open explanation
TYPING_MS = 350  # so long after the last key a walk begins
ABOUT = About(
    text=(
        "In training, noise was added to images and the model learned to predict it at every noise level. The reverse "
        "process starts from noise: at each step the model predicts the noise, a part of it is removed, and after the "
        "last step a new image is left. The predicted x₀ is the image that the model expects at the end, seen from "
        "this step."
    ),
    equation="xₜ = √ᾱₜ x₀ + √(1−ᾱₜ) ε",
    paper="Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020, arXiv:2006.11239",
)
HELP = {
    "steps": "Sampling steps from noise to image; DDPM always takes all of them.",
    "eta": "How much new noise DDIM adds at each step, 0 to 1; 1 with all steps: DDPM with its smaller variance.",
    "class": "Class to generate, if the model was trained with classes.",
    "prompt": "A sentence of the words that the training captions use; an empty one asks for anything.",
    "negative": "A sentence that guidance leads away from.",
    "guidance": "Guidance scale: 0 ignores what is asked for, 1 as learned, more exaggerates it.",
    "seed": "Seed of all noise: the same seed gives the same images.",
    "pictures": f"Images side by side, 1 to {MOST}.",
    "repeats": "How often inpainting repeats each step, so that both parts fit (RePaint).",
}
TITLES = {
    "negative": "Negative prompt",
    "guidance": "Guidance scale",
    "pictures": "Images",
    "repeats": "Resampling (RePaint)",
}


class SamplingCard(Card):
    """Emits ``changed`` with a setup that can be walked; what cannot is said beneath its field.

    Args:
        prompt: whether a sentence is typed here; else somewhere else, and what is changed here leaves it as it is.
    """

    changed = Signal(object)  # Setup
    whose_chosen = Signal(int)  # 0 the original, 1 the fork
    noise_asked = Signal()  # begin with pure noise again

    def __init__(self, *, prompt: bool = True) -> None:
        super().__init__("Settings")
        self._typed_here = prompt
        self.whose = Segmented(["Original", "Fork"])
        self.whose.setToolTip("Whose settings these are")
        self.whose.chosen.connect(self.whose_chosen)
        self.tools.addWidget(self.whose)
        self._rates = Rates.preserving(np.array([1.0, 0.0]))
        self._offer = Offer()
        self._kept = Setup()
        self._grid = QGridLayout()
        self._form = QWidget()
        self._place = vbox()
        self.rows: dict[str, FieldRow] = {}
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.take)
        self.chart = SignalChart()
        self.words = label("", "secondary", wrap=True)
        self.about = Foldout("What am I looking at?", ABOUT)
        self.about.toggled.connect(lambda opened: self._fit())
        self.begin, to_noise = label("", "secondary", wrap=True), button("From pure noise")
        to_noise.setToolTip("Remove the images and start from pure noise again")
        to_noise.clicked.connect(self.noise_asked)
        self._begin = QWidget()
        self._begin.setLayout(hbox(self.begin, to_noise))
        self._begin.hide()
        self.body.addWidget(self._begin)
        self.body.addLayout(self._place)
        self._signal = label("Signal left", "title")
        self.body.addWidget(self._signal)
        self.body.addWidget(self.chart, 1)
        self.body.addWidget(self.words)
        self.body.addStretch(0)
        self.body.addWidget(self.about)
        self.setFixedWidth(292)
        self.show_model(self._rates, Offer())

    def _fit(self) -> None:
        """In a low window the form needs the room: the curve gives way."""
        opened = self.about.is_open()
        room = self.height() >= (HIGH if opened else LOW)
        for part in (self._signal, self.chart):
            part.setVisible(room)
        self.words.setHidden(opened or not room)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another height."""
        super().resizeEvent(event)
        self._fit()

    # --- the model ---

    def show_model(self, rates: Rates, offer: Offer) -> None:
        """Another model can be asked for other things and has another schedule."""
        self._rates, self._offer = rates, offer
        self.chart.set_schedule(rates.alpha_bar)
        self._new_form()
        usual, keys = self.default().sampling, offered(rates.path)
        self._add("sampler", SAMPLERS[usual.sampler].title, [SAMPLERS[key].title for key in keys], samplers_of(keys))
        for name, default in (("steps", str(usual.steps)), ("eta", "0.0")):
            self._add(name, default)
        if offer.kind == "class":
            self._add("class", EVERY_CLASS, (EVERY_CLASS, NO_CLASS, *offer.names))
        elif offer.kind == "attributes":
            self._place_row("attributes", AttributeRow(offer.names))
        elif offer.kind == "text":
            if self._typed_here:
                self._add("prompt", self.default().prompt.text)
            self._add("negative", "")
        if offer.kind != "none":
            self._add("guidance", str(usual.guidance))
        for name, default in (("seed", "0"), ("pictures", str(offer.images)), ("repeats", "5")):
            self._add(name, default)
        self.show_repeats(False)
        self.set_setup(self.default())
        self.show_fork(None)

    def vocabulary(self) -> tuple[str, ...]:
        """The words that the model knows."""
        return self._offer.names if self._offer.kind == "text" else ()

    def _new_form(self) -> None:
        """An empty form; Qt's grids keep the heights of rows that are gone."""
        self._place.removeWidget(self._form)
        self._form.hide()
        self._form.deleteLater()
        self._form, self.rows = QWidget(), {}
        self._form.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._grid = QGridLayout(self._form)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.GAP_S)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        self._place.addWidget(self._form)

    def _add(self, name: str, default: str, choices: Sequence[str] = (), hint: str = "") -> None:
        row = FieldRow(
            TITLES.get(name, name.capitalize()), hint or HELP[name], unit="",
            choices={choice: choice for choice in choices}, is_switch=False, default=default,
        )  # fmt: skip
        self._place_row(name, row)

    def _place_row(self, name: str, row: FieldRow) -> None:
        row.edited.connect(self._typing.start)
        row.place(self._grid, self._grid.rowCount())
        self.rows[name] = row

    def default(self) -> Setup:
        """What a walk is asked for when nobody has said anything."""
        sampling = replace(Sampling.usual(self._rates, self._offer), repeats=5)
        label = EACH if self._offer.kind == "class" else NOTHING
        return Setup(sampling, label, self._offer.images, Prompt(text=next(iter(self._offer.examples), "")))

    def show_repeats(self, wanted: bool) -> None:
        """Whether something is kept, so that resampling means something."""
        row = self.rows["repeats"]
        for part in (row.title, row.editor):
            part.setVisible(wanted)
        row.restore.setHidden(not wanted or row.text() == row.default)
        self._grid.setRowMinimumHeight(self._grid.rowCount() - 2, theme.CONTROL + 6 if wanted else 0)

    def show_fork(self, whose: int | None) -> None:
        """Whether there is a fork, and whose settings are shown; images cannot be added to a fork."""
        self.whose.setVisible(whose is not None)
        self.whose.set_index(whose or 0)
        self.rows["pictures"].editor.setEnabled(whose != 1)

    def show_begin(self, t: int | None) -> None:
        """Say that the walk begins with images drowned up to t; None for pure noise."""
        self._begin.setVisible(t is not None)
        if t is not None:
            self.begin.setText(f"Starts from images, t\u00a0=\u00a0{t:,}")

    # --- the setup ---

    def setup(self) -> Setup:
        """What the fields say.

        Raises:
            ConfigError: naming every field that is wrong.
        """
        wrong: dict[str, str] = {}
        numbers = {
            name: self._number(name, wrong) for name in ("steps", "eta", "guidance", "seed", "pictures", "repeats")
        }
        sampling = Sampling(
            KEYS[self.rows["sampler"].text()], int(numbers["steps"]), numbers["eta"], numbers["guidance"],
            int(numbers["seed"]), int(numbers["repeats"]),
        )  # fmt: skip
        if not 1 <= numbers["pictures"] <= MOST:
            wrong.setdefault("pictures", f"must be from 1 to {MOST}")
        try:
            sampling.check(self._rates.timesteps, self._rates.path)
        except ConfigError as error:
            wrong = {**error.fields, **wrong}
        prompt = self._prompt(wrong)
        if wrong:
            raise ConfigError(wrong)
        return Setup(sampling, self._label(), int(numbers["pictures"]), prompt)

    def _prompt(self, wrong: dict[str, str]) -> Prompt:
        if "negative" in self.rows:
            kept = self._kept.prompt
            text = self.rows["prompt"].text()[:MOST_TEXT] if "prompt" in self.rows else kept.text
            strengths = kept.strengths if text == kept.text else ()
            return Prompt((), text, self.rows["negative"].text()[:MOST_TEXT], strengths)
        if "attributes" in self.rows:
            try:
                return Prompt(attributes_of(self.rows["attributes"].text(), self._offer.names))
            except ConfigError as error:
                wrong |= error.fields
        return Prompt()

    def _doubts(self) -> dict[str, str]:
        """Words that the model has never read: it goes on without them, and the user is told."""
        sentences = (name for name in ("prompt", "negative") if name in self.rows)
        return {name: doubts(self.rows[name].text(), self._offer.names) for name in sentences}

    def _number(self, name: str, wrong: dict[str, str]) -> float:
        if name not in self.rows:
            return self._kept.sampling.guidance
        text = self.rows[name].text()
        try:
            return float(text) if name in ("eta", "guidance") else int(text)
        except ValueError:
            wrong[name] = "must be a number" if name in ("eta", "guidance") else "must be a whole number"
            return 1

    def _label(self) -> int:
        if "class" not in self.rows:
            return NOTHING
        words, names = self.rows["class"].text(), self._offer.names
        return {EVERY_CLASS: EACH, NO_CLASS: NOTHING}.get(words, names.index(words) if words in names else -1)

    def take(self) -> None:
        """The fields were edited: say what is wrong, or that the setup has changed."""
        self._typing.stop()
        try:
            setup = self.setup()
        except ConfigError as error:
            self.show_errors(error.fields)
            return
        self.show_errors(self._doubts())
        if setup != self._kept:
            self._kept = setup
            self.changed.emit(setup)

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Say beneath each field what is wrong with it."""
        for name, row in self.rows.items():
            row.set_error(errors.get(name, ""))

    def set_setup(self, setup: Setup) -> None:
        """Fill in the fields without a signal."""
        self._kept, sampling = setup, setup.sampling
        words = {EACH: EVERY_CLASS, NOTHING: NO_CLASS}
        classes = dict(enumerate(self._offer.names))
        wanted = words[setup.label] if setup.label in words else classes.get(setup.label, NO_CLASS)
        texts = {
            "sampler": SAMPLERS[sampling.sampler].title,
            "steps": str(sampling.steps), "eta": str(sampling.eta), "guidance": str(sampling.guidance),
            "seed": str(sampling.seed), "repeats": str(sampling.repeats), "pictures": str(setup.count), "class": wanted,
            "attributes": words_for(setup.prompt.attributes), "prompt": setup.prompt.text,
            "negative": setup.prompt.negative,
        }  # fmt: skip
        for name, row in self.rows.items():
            row.set_text(texts[name])
        self._typing.stop()
        self.show_errors(self._doubts())

    def show_time(self, t: int) -> None:
        """Where the walk is."""
        self.chart.set_time(t)
        self.words.setText(meaning(float(self.chart.schedule[t]), t))


def samplers_of(keys: Sequence[str]) -> str:
    """What each of some samplers does, in a sentence."""
    return ", ".join(f"{SAMPLERS[key].title} {SAMPLERS[key].about}" for key in keys) + "."


def meaning(alpha_bar: float, t: int) -> str:
    """What a share of the signal means for a walk back."""
    if t == 0:
        return "Done: no noise left."
    if alpha_bar < 0.02:
        return "Pure noise: any image is still possible."
    if alpha_bar < 0.3:
        return "Large shapes are being settled."
    if alpha_bar < 0.8:
        return "The subject is settled, details follow."
    return "Only fine detail changes from here on."
