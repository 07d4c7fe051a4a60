"""Stable Diffusion 3: the same walk from noise to images, with networks that others have trained on a billion images.

The idea. Three parts that this program also trains from scratch, grown large: an autoencoder shrinks an image to an
eighth of its sides (latent_diffusion.py), text encoders turn a sentence into vectors (core/diffusion/text.py), and a
transformer, which attends to the places of the coding and to the words at once, predicts in which direction a noisy
coding moves. Nothing here learns: KerasHub has the networks and their weights, and this file walks through them step by
step, so that they can be looked at like any other model.

Notation. x_0 the coding of an image, eps ~ N(0, I), s from 0 to 1 how much is noise, shifted so that large images stay
longer in noise (core/diffusion/rates.py).

    x_s      = (1 - s) x_0 + s eps
    velocity = network(x_s, 1000 s, sentence)                     (what it learned to be eps - x_0)
    x_s'     = x_s + (s' - s) velocity                            (Euler's method)

Source: P. Esser et al., "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis", 2024,
arXiv:2403.03206.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from models.core import device
from models.core.arrays import Images
from models.core.diffusion.capability import Kept
from models.core.diffusion.conditions import SentenceCondition
from models.core.diffusion.prompt import Asked, Kind, Offer, Prompt
from models.core.diffusion.rates import Prediction, Rates, States
from models.core.diffusion.reverse import ReverseProcess, coarser
from models.core.diffusion.samplers import Known, Predict
from models.core.diffusion.words import words_read
from models.core.disk.operations import shown
from models.core.errors import ConfigError, UserError
from models.core.family import About, Config, DataSpec, setting
from models.core.hub import library, tiny
from models.core.hub.networks import Networks, memory_watched, read
from models.core.hub.presets import BYTES
from models.core.record import preset as presets
from models.core.work import SILENT, Work

TITLE = "Stable Diffusion 3"
ABOUT = About(
    text=(
        "Stable Diffusion makes images from a sentence. An autoencoder shrinks images to an eighth of their sides, and "
        "a transformer that reads the sentence removes noise from such small codings step by step; the decoder turns "
        "the last one into an image. It was trained by others on a billion images, and nothing learns here."
    ),
    equation="xₛ = (1−s) x₀ + s ε,  velocity = network(xₛ, s, sentence)",
    paper="Esser et al., Scaling Rectified Flow Transformers for High-Resolution Images, 2024, arXiv:2403.03206",
)
SHRINK = 8  # image pixels a side of one place of the coding
EXAMPLES = (
    "a red cat on a green sofa",
    "an astronaut in a jungle, muted colours",
    "a watercolour of a harbour at dawn",
)
PIXEL_BYTES = 2_000  # that the autoencoder holds for each pixel of an image
FINGERPRINT = hashlib.sha256(tiny.NAME.encode()).hexdigest()  # of the tiny preset, which has no files
LARGE = 50_000_000  # weights from which an image takes so long that one is enough


# --- Settings --------------------------------------------------------------------------------------------------------


class StableDiffusionConfig(Config):
    """Which preset, how large its images are, and what it computes in."""

    preset: str = setting("", "The folder of the preset, or tiny.", group="model", max_length=20_000)
    size: int = setting(0, "Side of the images in pixels; 0 = what it was trained for.", unit="px", ge=0, le=2048)
    precision: Literal["automatic", "float32", "bfloat16", "float16"] = setting(
        "automatic",
        "What it computes in: float32 on a processor and bfloat16, half the memory, on a graphics card.",
        group="model",
    )

    steps: int = setting(28, "Sampling steps, unless you ask for others.", unit="steps", ge=1, le=1000)
    guidance: float = setting(7.0, "Guidance scale, unless you ask for another.", ge=0.0, le=20.0)

    def computes_in(self) -> str:
        """The precision on this machine."""
        if self.precision != "automatic":
            return self.precision
        return "bfloat16" if device.prepare().gpus else "float32"


def outline(config: StableDiffusionConfig) -> presets.Outline:
    """What the preset of a config says of itself, with the size of images that the config asks for.

    Raises:
        RunFormatError: if its folder is not whole.
        ConfigError: if the size does not suit the networks.
    """
    if config.preset == tiny.NAME:
        found = presets.Outline((tiny.SIDE, tiny.SIDE, 3), 16, 1000, 3.0, tiny.PARAMETERS, FINGERPRINT, 0)
    else:
        found = presets.outline(Path(config.preset))
    if not config.size or config.size == found.image_shape[0]:
        return found
    if config.preset == tiny.NAME:
        raise ConfigError({"size": f"must be {tiny.SIDE} for the tiny preset (it is {config.size})"})
    if config.size % 16 or config.size < 64:
        raise ConfigError({"size": f"must be a multiple of 16 from 64 on (it is {config.size})"})
    return presets.resized(found, config.size)


# --- What it can be asked for ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnySentence(SentenceCondition):
    """Any sentence: the tokens of all text encoders side by side, a row an image.

    Attributes:
        images: how many are made side by side if nobody says otherwise.
        model: whose text encoders read it.
    """

    kind: ClassVar[Kind] = "text"
    encoding: ClassVar[str] = "tokens of all text encoders, side by side"
    images: int = 1
    model: Any = field(default=None, compare=False, repr=False)

    @property
    def offer(self) -> Offer:
        """Any sentence, and the steps and guidance of the settings."""
        config = self.model.config
        return Offer(self.kind, self.names, self.examples, self.images, config.steps, config.guidance)

    def sentences(self, prompts: Sequence[str]) -> Asked:
        """What these prompts ask for."""
        return self.model.networks.tokens(prompts)  # type: ignore[no-any-return]

    def nothing(self, count: int) -> Asked:
        """The empty sentence."""
        return np.repeat(self.sentences([""]), count, axis=0)

    def checked(self, asked: Asked | None, count: int) -> Asked:
        """Tokens (n, LENGTH), whole numbers from 0."""
        nothing = self.nothing(count)
        if asked is None:
            return nothing
        wanted = np.asarray(asked, np.int32)
        if wanted.shape != nothing.shape or (wanted < 0).any():
            raise ConfigError({"conditions": f"must be {count} sentences of {nothing.shape[1]} tokens"})
        return wanted

    def without_each(self, text: str) -> Asked:
        """Words that are left out are taken out: CLIP's text encoders know no mask."""
        others = [Prompt(text=text).with_word(place, "").text for place in range(len(words_read(text)))]
        return self.sentences([text, *others])

    def preview(self) -> Asked:
        """Some sentences."""
        return self.sentences(self.examples)


# --- The model -------------------------------------------------------------------------------------------------------


class StableDiffusion(ReverseProcess):
    """A Stable Diffusion 3 that KerasHub computes; ``fetch`` reads its weights, before that it can be asked nothing.

    Args:
        config: the settings.
        spec: the shape of its images.
        preset: what the preset says of itself.
    """

    clip = None  # codings have no borders as pixels have
    condition: AnySentence

    def __init__(self, config: StableDiffusionConfig, spec: DataSpec, preset: presets.Outline) -> None:
        self.config = config
        self.spec = spec
        self.preset = preset
        self.rates = Rates.shifted_flow(preset.timesteps, preset.shift)
        self.schedule = self.rates.alpha_bar
        images = 1 if preset.parameters > LARGE else Offer().images
        self.condition = AnySentence((), EXAMPLES, images, self)
        self.condition_kind, self.condition_names = self.condition.kind, self.condition.names
        self._networks: Networks | None = None

    @property
    def networks(self) -> Networks:
        """Its networks; UserError before they were fetched."""
        if self._networks is None:
            raise UserError("The weights of this model are not loaded.", advice="Open it again.")
        return self._networks

    @property
    def bytes_needed(self) -> int:
        """Of memory: its weights and what one image takes."""
        height, width, _ = self.shape_of_images
        return self.preset.parameters * BYTES[self.config.computes_in()] + PIXEL_BYTES * height * width

    # --- What comes trained: the capability ComesTrained ---

    @property
    def fingerprint(self) -> str:
        """What the preset is known by, a sha256."""
        return self.preset.fingerprint

    def fetch(self, work: Work = SILENT) -> int:
        """Read the weights; how many bytes their files have.

        Raises:
            UserError: if KerasHub is not installed, or memory is short.
            RunFormatError: if the files cannot be read.
            Cancelled: if ``work`` is cancelled.
        """
        work.check()
        if self._networks is None:
            needed, free = self.bytes_needed, device.memory_free()
            advice = "Close other programs, take the preset in with --precision bfloat16, or take a smaller one."
            if 0 < free < needed:
                what = f"This model needs {needed / 2**30:.1f} GB of memory, {free / 2**30:.1f} GB are free."
                raise UserError(what, where=_where(self.config.preset), advice=advice)
            work.tell("Reading weights", 0, 1)
            with memory_watched(advice):
                task = read(self.config.preset, self.shape_of_images, self.config.computes_in())
                self._networks = Networks(task)
            work.tell("Reading weights", 1, 1)
        return self.preset.bytes

    # --- What it can do: the capability Diffuses ---

    @property
    def state_shape(self) -> tuple[int, int, int]:
        """Of a coding."""
        height, width, _ = self.shape_of_images
        return height // SHRINK, width // SHRINK, self.preset.latent_channels

    @property
    def shape_of_images(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.spec.image_shape

    @property
    def prediction(self) -> Prediction:
        """Always the velocity."""
        return "velocity"

    def told(self, rows: Asked, work: Work) -> Predict:
        """The transformer as ``(x_t, t) -> velocity``; the sentences are read once."""
        sentences = self.networks.sentences(rows)

        def predict(x: States, t: int) -> States:
            return self.networks.velocity(x, float(self.rates.noise[t]), sentences, work)

        return predict

    def states(self, images: Images) -> States:
        """Codings (n, h/8, w/8, c) of images in [0, 1]."""
        return self.networks.encode(super().states(images))

    def pictures(self, states: States, kept: Kept | None = None) -> Images:
        """Codings, noisy or clean, decoded to [0, 1]; what is kept is put into them bit for bit."""
        return super().pictures(self.networks.decode(np.asarray(states, np.float32)), kept)

    def noise_pictures(self, noise: States) -> Images:
        """The first three channels of noise as colours, enlarged to the size of an image; grey is nothing."""
        return super().noise_pictures(noise[..., :3]).repeat(SHRINK, axis=1).repeat(SHRINK, axis=2)

    def known(self, kept: Kept) -> Known:
        """What an inpainting keeps, as codings: a place is generated again if any of its pixels is."""
        return Known(self.states(kept.images), coarser(kept.mask, SHRINK))


def _where(preset: str) -> str:
    return preset if preset == tiny.NAME else shown(Path(preset))


CONFIG = StableDiffusionConfig


def build(config: StableDiffusionConfig, spec: DataSpec) -> StableDiffusion:
    """The model of a preset, its weights not read yet.

    Raises:
        UserError: if KerasHub is not installed.
        RunFormatError: if the preset's folder is not whole.
    """
    if lacks := library.missing():
        raise UserError("KerasHub is not installed.", advice=lacks)
    return StableDiffusion(config, spec, outline(config))


# Lessons. The last stride of KerasHub's scheduler is a hundredth of the others, so its 28 steps are 27 and a little:
# with time steps counted from that point on, 4, 10 and 28 steps fall on whole numbers, and the images are KerasHub's.
# KerasHub draws the coding of an image around its mean at random; here it is the mean, and images repeat.
