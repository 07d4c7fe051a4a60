"""The dense GAN: a forger and a detective that learn from each other.

The idea. A generator paints images from noise. A discriminator sees half real images, half painted ones, and
learns to tell them apart; the generator learns to be mistaken for real. Nobody ever shows the generator an image: all
that it knows it has from the discriminator's judgement. If both learn well, it ends where the discriminator can only
guess (a Nash equilibrium). Often they do not: the generator may paint one thing only (mode collapse), or both go round
in circles. The switches of the group "remedies" are what the literature does about that.

Notation. x image, z coding, G generator, D discriminator (logit), BCE binary cross-entropy, real = 1, fake = 0.

    z ~ N(0, I)
    loss of D = 1/2 BCE(D(x), 1) + 1/2 BCE(D(G(z)), 0)          (G stands still)
    loss of G = BCE(D(G(z)), 1)                                  (D stands still)

Both losses are one differentiable step here, see core/adversarial/base.py: nothing is frozen and unfrozen.

Source: I. Goodfellow et al., "Generative Adversarial Nets", 2014, arXiv:1406.2661.
"""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
from keras import layers

from models.core.adversarial.base import Adversarial
from models.core.adversarial.config import CURVES_OF_BOTH, ClassicConfig
from models.core.adversarial.minibatch import MinibatchDiscrimination
from models.core.family import About, DataSpec, setting

TITLE = "Generative adversarial network"
ABOUT = About(
    text=(
        "A generator makes images from noise, and a discriminator learns to tell them from real ones; the generator "
        "learns only from the discriminator. Neither loss should win: the discriminator's two accuracies stay between "
        "one half and nine tenths while the images improve. If the diversity falls towards zero, the generator makes "
        "one image only: that is mode collapse."
    ),
    equation="min_G max_D  E[log D(x)] + E[log(1 − D(G(z)))],  z ~ N(0, I)",
    paper="Goodfellow et al., Generative Adversarial Nets, 2014, arXiv:1406.2661",
)
CURVES = CURVES_OF_BOTH


# --- Hyper-parameters. The defaults are the textbook's. --------------------------------------------------------------


class GANConfig(ClassicConfig):
    """Settings of the dense GAN; the defaults are the textbook's for Fashion-MNIST, but for the rate."""

    latent_size: int = setting(30, "Size of a coding.", unit="units", group="model", ge=1,
                               le=512)  # fmt: skip
    learning_rate: float = setting(1e-4, "Step size of the optimizer.", gt=0.0, le=1.0)
    epochs: int = setting(50, "Passes over the training images.", unit="passes", ge=1, le=100_000)


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings that suit a dataset better than the textbook's: more pixels want more codings and larger batches."""
    return {} if int(np.prod(spec.image_shape)) <= 32 * 32 else {"latent_size": 64, "batch_size": 64}


# --- Networks --------------------------------------------------------------------------------------------------------


def generator(config: GANConfig, shape: tuple[int, int, int]) -> keras.Model:
    """The textbook's: 100, 150 relu, pixels sigmoid."""
    seeds = itertools.count(config.seed * 1_000)

    def init() -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(seed=next(seeds))

    coding = keras.Input((config.latent_size,), name="coding")  # (b, latent_size)
    x = layers.Dense(100, "relu", kernel_initializer=init(), name="hidden_1")(coding)
    x = layers.Dense(150, "relu", kernel_initializer=init(), name="hidden_2")(x)
    even = keras.initializers.GlorotUniform(seed=next(seeds))
    x = layers.Dense(int(np.prod(shape)), "sigmoid", kernel_initializer=even, name="pixels")(x)  # (b, h * w * c)
    return keras.Model(coding, layers.Reshape(shape)(x), name="generator")


def discriminator(config: GANConfig, shape: tuple[int, int, int]) -> keras.Model:
    """The textbook's: 150, 100 relu, one logit (its sigmoid is in the loss)."""
    seeds = itertools.count(config.seed * 1_000 + 500)

    def init() -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(seed=next(seeds))

    image = keras.Input(shape, name="image")  # (b, h, w, c) in [0, 1]
    x = layers.Flatten(name="flatten")(image)
    x = layers.Dense(150, "relu", kernel_initializer=init(), name="hidden_1")(x)
    x = layers.Dense(100, "relu", kernel_initializer=init(), name="hidden_2")(x)
    if config.minibatch:
        x = MinibatchDiscrimination(
            config.minibatch_kernels, config.minibatch_dimensions, seed=next(seeds), name="minibatch"
        )(x)
    even = keras.initializers.GlorotUniform(seed=next(seeds))
    return keras.Model(image, layers.Dense(1, kernel_initializer=even, name="verdict")(x), name="discriminator")


# --- The model -------------------------------------------------------------------------------------------------------


class GAN(Adversarial):
    """The dense GAN; it works with plain ``compile()`` and ``fit(images)``."""


CONFIG = GANConfig


def build(config: GANConfig, spec: DataSpec) -> GAN:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet."""
    shape = spec.image_shape
    mean = generator(config, shape) if config.ema > 0 else None
    return GAN(config, spec, (generator(config, shape), discriminator(config, shape), mean))


# Lessons. Both networks step at the same moment here, where the textbook lets the generator answer a discriminator that
# has just moved. With the textbook's rate of 1e-3 all samples were alike after three epochs (two seeds of two), with
# 1e-4 the diversity rose in each. The textbook trains in two phases with ``trainable = False`` in between; on Keras 3
# that moves the discriminator by exactly nothing, and nobody is told. The logit instead of a sigmoid in the last layer
# keeps the gradient of a discriminator that is very sure from vanishing in rounding.
