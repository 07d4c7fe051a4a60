"""DCGAN: the adversarial game with convolutions, and its conditional form that paints what it is asked for.

The idea. A GAN of convolutions is unstable unless one keeps to a few guidelines that were found by trial: strided
convolutions instead of pooling, batch normalisation except at the generator's output and the discriminator's input,
no dense hidden layers, relu and a final tanh in the generator, leaky relu in the discriminator. The textbook's network
for 28 x 28 is the smallest case here; larger images get one more level for each halving of their sides. In the
conditional form both networks are told the class or the attributes: the generator as numbers beside its noise, the
discriminator by how well the condition fits the picture's features.

Notation. x image, z noise, y condition, phi the discriminator's features, V a matrix.

    x = (1 + tanh(G([z, y]))) / 2                       the generator's last layer is in [-1, 1], images in [0, 1]
    D(x) = w . phi(2 x - 1)                             without condition
    D(x, y) = w . phi(2 x - 1) + (V y) . phi(2 x - 1)   with condition (Miyato and Koyama, equation 4)

Sources: A. Radford, L. Metz and S. Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2015, arXiv:1511.06434; T. Miyato and M. Koyama, "cGANs with Projection Discriminator", 2018.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Literal

import keras
from keras import layers

from models.core.adversarial import resolutions
from models.core.adversarial.base import Adversarial
from models.core.adversarial.conditional import ConditionalAdversarial
from models.core.adversarial.config import CURVES_OF_BOTH, ClassicConfig
from models.core.adversarial.minibatch import MinibatchDiscrimination
from models.core.family import About, DataSpec, names_of, setting

TITLE = "DCGAN"
ABOUT = About(
    text=(
        "A DCGAN is a GAN of convolutions, kept stable by strides, batch normalisation and leaky ReLU. Its codings "
        "add up: the mean of some faces with glasses minus some without is a direction that puts glasses on others. "
        "With a condition, both networks are given the class or the attributes, and you choose what is generated."
    ),
    equation="min_G max_D  E[log D(x, y)] + E[log(1 − D(G(z, y), y))]",
    paper="Radford, Metz and Chintala, Unsupervised Representation Learning with DCGANs, 2015, arXiv:1511.06434",
)
CURVES = CURVES_OF_BOTH
WIDEST = 512  # channels
LEAK = 0.2  # slope of the leaky relu below zero
BN_MOMENTUM = 0.9  # moving means follow a generator that changes quickly


# --- Hyper-parameters. The defaults are the textbook's. --------------------------------------------------------------


class DCGANConfig(ClassicConfig):
    """Settings of a DCGAN; the defaults are the textbook's but for the rate and the mean weights."""

    condition: Literal["none", "class", "attributes"] = setting(
        "none", "Condition on the dataset's classes or attributes, so that you can choose.", group="model"
    )
    latent_size: int = setting(100, "Size of a coding.", unit="units", group="model", ge=1, le=512)
    width: int = setting(
        64, "Channels at the largest size; each halving doubles them.", unit="channels", group="model", ge=4, le=256
    )
    kernel_size: int = setting(5, "Side of the convolution kernels.", unit="pixels", group="model", ge=3, le=7)
    dropout: float = setting(0.4, "Dropout in the discriminator.", group="model", ge=0, le=0.9)
    learning_rate: float = setting(2e-4, "Step size of the optimizer.", gt=0.0, le=1.0)
    beta_1: float = setting(0.5, "Decay of the mean of the gradients (Adam and Nadam only).", ge=0, lt=1)
    ema: float = setting(
        0.999,
        "Decay of the moving average of the generator's weights (EMA) that samples use; 0 = off.",
        ge=0,
        lt=1,
        title="EMA decay",
    )
    epochs: int = setting(50, "Passes over the training images.", unit="passes", ge=1, le=100_000)


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings that suit a dataset better than the textbook's: colour or large images learn best as in the paper."""
    height, width, channels = spec.image_shape
    if channels == 1 and height * width <= 32 * 32:
        return {"optimizer": "adam"}
    # with neither of the two remedies every sample was the same face; a penalty of 1 was too high for a batch of 32
    remedies = {"minibatch": True, "gradient_penalty": 0.3, "separate_rates": True, "discriminator_rate": 0.5}
    large = {"width": 32, "kernel_size": 4, "dropout": 0.25, "learning_rate": 4e-4, "ema": 0.998, "batch_size": 32}
    return {"optimizer": "adam", "epochs": 30, **large, **remedies}


# --- Networks --------------------------------------------------------------------------------------------------------


def halvings(shape: tuple[int, int, int]) -> int:
    """How often both sides can be halved while they stay whole and at least 4 pixels (28 -> 2, 32 -> 3, 64 -> 4).

    Raises:
        ConfigError: if the sides are not 28 to 128 pixels, or cannot be halved twice.
    """
    return resolutions.halvings(shape, "dcgan", within=(28, 128), least=2)


def widths(config: DCGANConfig, levels: int) -> list[int]:
    """Channels after each halving, from the largest size to the smallest: 64, 128 for the textbook's."""
    return [min(WIDEST, config.width * 2**level) for level in range(levels)]


def initializers(seed: int) -> Iterator[keras.initializers.Initializer]:
    """Normal with a standard deviation of 0.02, as in the paper; each one with a seed of its own."""
    return (keras.initializers.RandomNormal(stddev=0.02, seed=number) for number in itertools.count(seed))


def generator(config: DCGANConfig, shape: tuple[int, int, int], conditions: int) -> keras.Model:
    """A dense layer to the smallest size, then transposed convolutions that double it; batch normalisation between.

    For the textbook's case: 7 x 7 x 128, normalised; 14 x 14 x 64, normalised; 28 x 28 x 1, tanh.
    """
    levels, init = halvings(shape), initializers(config.seed * 1_000)
    coding = keras.Input((config.latent_size + conditions,), name="coding")
    wide = widths(config, levels)[::-1]
    small = (shape[0] // 2**levels, shape[1] // 2**levels, wide[0])
    x = layers.Dense(small[0] * small[1] * small[2], kernel_initializer=next(init), name="spread")(coding)
    x = layers.Reshape(small)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=BN_MOMENTUM, name="normal_0")(x))
    for level, channels in enumerate(wide[1:], 1):  # each level doubles the sides
        x = layers.Conv2DTranspose(
            channels, config.kernel_size, 2, "same", use_bias=False, kernel_initializer=next(init), name=f"up_{level}"
        )(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=BN_MOMENTUM, name=f"normal_{level}")(x))
    x = layers.Conv2DTranspose(
        shape[2], config.kernel_size, 2, "same", activation="tanh", kernel_initializer=next(init), name="pixels"
    )(x)  # (b, h, w, c) in [-1, 1]
    return keras.Model(coding, layers.Rescaling(0.5, 0.5, name="to_unit")(x), name="generator")


def discriminator(config: DCGANConfig, shape: tuple[int, int, int], conditions: int) -> keras.Model:
    """Strided convolutions with leaky relu and dropout, then one logit; no batch normalisation, as in the textbook."""
    levels, init = halvings(shape), initializers(config.seed * 1_000 + 500)
    seeds = itertools.count(config.seed * 1_000 + 700)
    image = keras.Input(shape, name="image")
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)  # [0, 1] -> [-1, 1]
    for level, channels in enumerate(widths(config, levels)):  # each level halves the sides
        x = layers.Conv2D(channels, config.kernel_size, 2, "same", kernel_initializer=next(init), name=f"down_{level}")(
            x
        )
        x = layers.LeakyReLU(LEAK)(x)
        x = layers.Dropout(config.dropout, seed=next(seeds))(x) if config.dropout else x
    features = layers.Flatten(name="features")(x)
    x = features
    if config.minibatch:
        x = MinibatchDiscrimination(
            config.minibatch_kernels, config.minibatch_dimensions, seed=next(seeds), name="minibatch"
        )(x)
    logit = layers.Dense(1, kernel_initializer=next(init), name="verdict")(x)
    if not conditions:
        return keras.Model(image, logit, name="discriminator")
    condition = keras.Input((conditions,), name="condition")
    wanted = layers.Dense(features.shape[-1], use_bias=False, kernel_initializer=next(init), name="wanted")(condition)
    fits = layers.Dot(axes=1, name="fits")([features, wanted])  # (V y) . phi
    return keras.Model([image, condition], layers.Add()([logit, fits]), name="discriminator")


# --- The model -------------------------------------------------------------------------------------------------------


class DCGAN(Adversarial):
    """A DCGAN; it works with plain ``compile()`` and ``fit(images)``."""


class ConditionalDCGAN(ConditionalAdversarial):
    """A DCGAN that is told a class or attributes; it works with ``fit(images, labels)`` or ``fit(images, attributes)``.

    The last codings are the condition, see core/adversarial/conditional.py.
    """


CONFIG = DCGANConfig


def build(config: DCGANConfig, spec: DataSpec) -> DCGAN | ConditionalDCGAN:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet.

    Raises:
        ConfigError: if the images are too small, too large, odd, or the dataset does not know the condition.
    """
    shape = spec.image_shape
    count = 0 if config.condition == "none" else len(names_of(config.condition, spec))
    mean = generator(config, shape, count) if config.ema > 0 else None
    networks = (generator(config, shape, count), discriminator(config, shape, count), mean)
    if config.condition == "none":
        return DCGAN(config, spec, networks)
    return ConditionalDCGAN(config, spec, networks, config.condition)


# Lessons. Real and fake images go through the discriminator in separate calls: normalised or compared together, a
# batch gives its fakes away. The moving means of the generator's batch normalisation are averaged together with its
# weights, else the mean weights would be painted with somebody else's statistics. On 64 x 64 faces a discriminator with
# a gradient penalty of 1 saw through nearly every fake and all samples were one face (diversity 0.14 after 750 steps);
# with minibatch discrimination, dropout, a slower discriminator and a penalty of 0.3 it was 0.8 after 500.
