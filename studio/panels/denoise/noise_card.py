"""The card at the right of the Denoise panel: noise that is added, and how much better the image became."""

from __future__ import annotations

from PySide6.QtCore import Signal

from models.core.denoising import noise
from models.core.family import About
from studio import theme
from studio.panels.denoise.cleaning import Noise, Scores
from studio.widgets.basics import QuietCombo, QuietSpin, button, hbox, label, rule
from studio.widgets.card import Card, Foldout
from studio.widgets.sliders import LabelledSlider

MOST = 60  # per cent
NAMES = {"gaussian": "Gaussian", "mask": "Missing pixels", "salt_and_pepper": "Salt and pepper", "speckle": "Speckle"}
HELP = {
    "gaussian": "standard deviation, of full scale",
    "mask": "share of pixels that become black",
    "salt_and_pepper": "share of pixels that become black or white",
    "speckle": "standard deviation, of each pixel's brightness",
}
ABOUT = About(
    text=(
        "The model gets the image on the left of the line and returns the one on the right. It has learned what "
        "images look like, so it can tell what is noise. PSNR measures how far pixels are off, SSIM compares "
        "structure as an eye does; both need the clean image, so add the noise here."
    ),
    equation="PSNR = 10·log₁₀(255² / MSE)",
    paper="Vincent et al., Denoising Autoencoders, 2008; Wang et al., SSIM, 2004",
)
UNKNOWN = "Scores need the clean image. Open a clean one and add noise to it."


class NoiseCard(Card):
    """Emits ``changed`` while the strength is slid, and when kind or seed change.

    ``moved`` carries the noise before and after a change that a person made and let go: one step of undo.
    """

    changed = Signal()
    moved = Signal(object, object)

    def __init__(self) -> None:
        super().__init__("Noise", "added to try it out")
        self.kind = QuietCombo()
        for key in noise.KINDS:
            self.kind.addItem(NAMES[key], key)
        self.kind.setAccessibleName("Kind of noise")
        self.help = label("", "secondary", wrap=True)
        self.learned = label("", "secondary", wrap=True)
        self.learned.hide()
        self._known = ""
        self.strength = LabelledSlider(0, MOST, lambda value: f"{value} %" if value else "none")
        self.strength.setAccessibleName("Strength of the noise")
        self.seed = QuietSpin()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setAccessibleName("Seed of the noise")
        self.again = button("New noise")
        self.again.setToolTip("The same noise with another seed")
        self.again.clicked.connect(lambda: self.seed.setValue((self.seed.value() + 1) % 2**31))
        self.psnr, self.ssim = label("", "page"), label("", "page")
        for part in (self.psnr, self.ssim):
            part.setFont(theme.mono(theme.TITLE + 2))
        self.unknown = label(UNKNOWN, "secondary", wrap=True)
        self.about = Foldout("What am I looking at?", ABOUT, opened=True)
        self._lay_out()
        self._kept = self.noise()
        self.setFixedWidth(292)
        self.kind.currentIndexChanged.connect(lambda index: self._kind_changed())
        self.strength.changed.connect(lambda value: self.changed.emit())
        self.strength.committed.connect(self._let_go)
        self.seed.valueChanged.connect(lambda value: self._seed_changed())
        self._kind_changed()
        self.show_scores(None, None)

    def _lay_out(self) -> None:
        seeds = hbox(label("Seed", "secondary"), self.seed, self.again)
        seeds.setStretch(1, 1)
        for item in (self.kind, self.strength, self.help, self.learned):
            self.body.addWidget(item)
        self.body.addLayout(seeds)
        self.body.addWidget(rule())
        self.body.addWidget(label("Against the clean image", "title"))
        self.body.addLayout(hbox(label("PSNR", "secondary"), None, self.psnr))
        self.body.addLayout(hbox(label("SSIM", "secondary"), None, self.ssim))
        self.body.addWidget(self.unknown)
        self.body.addStretch(1)
        self.body.addWidget(self.about)

    def show_model(self, kind: str | None) -> None:
        """Which of the kinds that can be added the model has learned to remove; None if none is known."""
        self._known = "" if kind is None else NAMES[kind]
        self._say_learned()

    def _say_learned(self) -> None:
        other = self.kind.currentText() != self._known
        self.learned.setText(f"The model learned: {self._known}{'. It has never seen this kind.' if other else ''}")
        self.learned.setVisible(bool(self._known))

    def _kind_changed(self) -> None:
        self._say_learned()
        self.help.setText(HELP[self.noise().kind])
        self.changed.emit()
        self._let_go()

    def _seed_changed(self) -> None:
        self.changed.emit()
        self._let_go()

    def _let_go(self) -> None:
        before, now = self._kept, self.noise()
        if before != now and not self.signalsBlocked():
            self._kept = now
            self.moved.emit(before, now)

    def place(self, how: Noise) -> None:
        """Set everything and tell of it, but not as a move: what undo does."""
        if how != self.noise():
            self.set_noise(how)
            self.changed.emit()

    def noise(self) -> Noise:
        """What is added."""
        return Noise(str(self.kind.currentData()), self.strength.value() / 100, self.seed.value())

    def set_noise(self, how: Noise) -> None:
        """Set everything without a signal."""
        self.blockSignals(True)
        self.kind.setCurrentIndex(max(0, self.kind.findData(how.kind)))
        self.strength.set_value(round(100 * how.strength))
        self.seed.setValue(how.seed)
        self.blockSignals(False)
        self._kept = self.noise()

    def show_scores(self, before: Scores | None, after: Scores | None) -> None:
        """How near the disturbed and the cleaned image are to the clean one; None: nobody knows."""
        known = before is not None and after is not None
        self.unknown.setVisible(not known)
        self.psnr.setText(f"{_decibels(before)} → {_decibels(after)} dB" if known else "–")
        self.ssim.setText(f"{_similarity(before)} → {_similarity(after)}" if known else "–")


def _decibels(scores: Scores | None) -> str:
    return f"{scores.psnr:.1f}" if scores is not None else "–"


def _similarity(scores: Scores | None) -> str:
    return f"{scores.ssim:.3f}" if scores is not None and scores.ssim is not None else "–"
