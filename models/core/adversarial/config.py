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
    CurveGroup("SWD", tuple(f"swd_{side}" for side in SCALES), log=True),
)

remedy = functools.partial(setting, group="remedies")


class AdversarialConfig(Config):
    """Settings of every adversarial family. Each remedy is one switch, off at first, with its parameters after it."""

    optimizer: Literal["rmsprop", "adam", "nadam"] = setting(
        "rmsprop", "Optimizer of both networks; with Nadam the textbook's GAN collapsed."
    )
    beta_1: float = setting(0.9, "Decay of the mean of the gradients (Adam and Nadam only).", ge=0, lt=1)
    beta_2: float = setting(0.999, "Decay of the mean of the squared gradients (Adam and Nadam only).", ge=0, lt=1)
    ema: float = setting(
        0.0,
        "Decay of the moving average of the generator's weights (EMA) that samples use; 0 = off.",
        ge=0,
        lt=1,
        title="EMA decay",
    )
    smoothing: bool = remedy(
        False, "Label smoothing: train real images towards less than 1.", later=True, title="Label smoothing"
    )
    smoothing_amount: float = remedy(0.1, "How far below 1 the label of a real image lies.", gt=0, lt=0.5, later=True)
    separate_rates: bool = remedy(False, "Give the discriminator a learning rate of its own.", later=True)
    discriminator_rate: float = remedy(
        0.5, "The discriminator's learning rate as a multiple of the generator's.", ge=0.001, le=1000, later=True
    )
    gradient_penalty: float = remedy(0.0, "Gradient penalty on real images (R1); 0 = off.", ge=0, le=100)


class ClassicConfig(AdversarialConfig):
    """The same with the remedies of the classic networks: replay and minibatch discrimination."""

    truncation: float = setting(
        1.0, "Truncation of the codings of samples: less gives more typical, less varied images (BigGAN, 2018).",
        gt=0, le=2, later=True,
    )  # fmt: skip
    replay: bool = remedy(
        False, "Experience replay: show the discriminator earlier fakes again.", title="Experience replay"
    )
    replay_size: int = remedy(1024, "How many earlier fakes are kept.", unit="images", ge=1, le=100_000)
    replay_share: float = remedy(0.5, "Share of earlier fakes in a batch of fakes.", gt=0, le=1)
    minibatch: bool = remedy(False, "Minibatch discrimination: show the discriminator how alike a batch is.")
    minibatch_kernels: int = remedy(50, "Number of kernels that compare the images.", unit="numbers", ge=1, le=500)
    minibatch_dimensions: int = remedy(5, "Features that each kernel compares.", unit="features", ge=1, le=50)


class EqualisedConfig(AdversarialConfig):
    """What progressive growing and StyleGAN share: networks of equalised layers, narrower towards large sizes."""

    latent_size: int = setting(
        256, "Size of a coding; a style has as many numbers.", unit="units", group="model",
        ge=1, le=512,
    )  # fmt: skip
    width: int = setting(
        256, "Channels of the widest layers; from 16 pixels on each doubling halves them.", unit="channels",
        group="model", ge=4, le=512,
    )  # fmt: skip
    half_precision: bool = setting(
        False, "Convolve in bfloat16 in training: faster on processors made for it; samples are computed in float32.",
        later=True,
    )  # fmt: skip
    optimizer: Literal["rmsprop", "adam", "nadam"] = setting("adam", "Optimizer of both networks.")
    beta_1: float = setting(0.0, "Decay of the mean of the gradients (Adam and Nadam only).", ge=0, lt=1)
    beta_2: float = setting(0.99, "Decay of the mean of the squared gradients (Adam and Nadam only).", ge=0, lt=1)
    ema: float = setting(
        0.999,
        "Decay of the moving average of the generator's weights (EMA) that samples use; 0 = off.",
        ge=0,
        lt=1,
        title="EMA decay",
    )
    gradient_penalty: float = remedy(0.5, "Gradient penalty on real images (R1); 0 = off.", ge=0, le=100)
    epochs: int = setting(150, "Passes over the training images.", unit="passes", ge=1, le=100_000)

    def exact(self) -> Self:
        """The same settings without bfloat16, for the network that paints samples."""
        return self.model_copy(update={"half_precision": False})

    def channels(self, size: tuple[int, int]) -> int:
        """Channels at a size: the full width up to 16 pixels, from there half of them for each doubling; at least 4."""
        return max(4, min(self.width, 16 * self.width // max(size)))
