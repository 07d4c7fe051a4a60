"""What every contest of a generator and a discriminator has: its settings, its signals and their curves."""

from __future__ import annotations

import functools
from typing import Literal, Self

from models.core.curves import CurveGroup
from models.core.family import Config, setting

NETWORKS = ("discriminator", "generator")
SIGNALS = ("discriminator_loss", "generator_loss", "real_accuracy", "fake_accuracy", "diversity")
SCALES = (256, 128, 64, 32, 28, 16, 14)  # heights at which patches may be compared
GRADIENTS = tuple(f"{name}_gradient" for name in NETWORKS)
CURVES_OF_BOTH = (
    CurveGroup("loss", ("discriminator_loss", "generator_loss")),
    CurveGroup(
        "accuracy", ("real_accuracy", "fake_accuracy"), limits=(0.0, 1.0), level=(0.5, "the discriminator guesses")
    ),
    CurveGroup("gradient", GRADIENTS, log=True),
    CurveGroup("diversity", ("diversity",), level=(1.0, "as diverse as the real images")),
    CurveGroup("patches", tuple(f"swd_{side}" for side in SCALES), log=True),  # sliced Wasserstein distance by scale
)

remedy = functools.partial(setting, group="remedies")


class ContestConfig(Config):
    """Settings of every adversarial family. Each remedy is one switch, off at first, with its parameters after it."""

    optimizer: Literal["rmsprop", "adam", "nadam"] = setting(
        "rmsprop", "How both networks step; with Nadam the textbook's GAN collapsed."
    )
    beta_1: float = setting(0.9, "How long gradients are remembered (adam and nadam only).", ge=0, lt=1)
    beta_2: float = setting(0.999, "How long squared gradients are remembered (adam and nadam only).", ge=0, lt=1)
    ema: float = setting(
        0.0, "Samples are painted by a mean of the generator's past weights with this memory; 0 for none.", ge=0, lt=1
    )
    smoothing: bool = remedy(False, "Do not let the discriminator be quite sure of real images.", later=True)
    smoothing_amount: float = remedy(0.1, "How far below 1 the label of a real image lies.", gt=0, lt=0.5, later=True)
    separate_rates: bool = remedy(False, "Give the discriminator a learning rate of its own.", later=True)
    discriminator_rate: float = remedy(
        0.5, "The discriminator's learning rate as a multiple of the generator's.", ge=0.001, le=1000, later=True
    )
    gradient_penalty: float = remedy(
        0.0, "Price of a discriminator that is steep around real images; 0 for none.", ge=0, le=100
    )


class AdversarialConfig(ContestConfig):
    """The same with the remedies of the classic networks: replay and minibatch discrimination."""

    truncation: float = setting(
        1.0, "How far the codings of samples are from 0: less paints truer to type and less varied (BigGAN, 2018).",
        gt=0, le=2, later=True,
    )  # fmt: skip
    replay: bool = remedy(False, "Show the discriminator fakes of the past, too.")
    replay_size: int = remedy(1024, "How many past fakes are kept.", unit="images", ge=1, le=100_000)
    replay_share: float = remedy(0.5, "Share of a batch of fakes that are old ones.", gt=0, le=1)
    minibatch: bool = remedy(False, "Let the discriminator see how alike a batch is.")
    minibatch_kernels: int = remedy(50, "How many numbers say how alike it is.", unit="numbers", ge=1, le=500)
    minibatch_dimensions: int = remedy(5, "How many features each of them compares.", unit="features", ge=1, le=50)


class EqualisedConfig(ContestConfig):
    """What progressive growing and StyleGAN share: networks of equalised layers, narrower towards large sizes."""

    latent_size: int = setting(
        256, "How many random numbers a picture is painted from; a style has as many.", unit="codings", group="model",
        ge=1, le=512,
    )  # fmt: skip
    width: int = setting(
        256, "Channels of the widest layers; from 16 pixels on each doubling halves them.", unit="channels",
        group="model", ge=4, le=512,
    )  # fmt: skip
    half_precision: bool = setting(
        False, "Convolve in bfloat16 while learning: quicker on processors made for it; mean weights paint exactly.",
        later=True,
    )  # fmt: skip
    optimizer: Literal["rmsprop", "adam", "nadam"] = setting("adam", "How both networks step.")
    beta_1: float = setting(0.0, "How long gradients are remembered (adam and nadam only).", ge=0, lt=1)
    beta_2: float = setting(0.99, "How long squared gradients are remembered (adam and nadam only).", ge=0, lt=1)
    ema: float = setting(
        0.999, "Samples are painted by a mean of the generator's past weights with this memory; 0 for none.", ge=0, lt=1
    )
    gradient_penalty: float = remedy(
        0.5, "Price of a discriminator that is steep around real images; 0 for none.", ge=0, le=100
    )
    epochs: int = setting(150, "How often the model sees every training image.", unit="passes", ge=1, le=100_000)

    def exact(self) -> Self:
        """The same settings without bfloat16, for the network that paints samples."""
        return self.model_copy(update={"half_precision": False})

    def channels(self, size: tuple[int, int]) -> int:
        """Channels at a size: the full width up to 16 pixels, from there half of them for each doubling; at least 4."""
        return max(4, min(self.width, 16 * self.width // max(size)))
