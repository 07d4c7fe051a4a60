"""Denoising diffusion: drown images in noise, learn to see the noise, and walk back from pure noise to an image.

The idea. Adding a little noise many times turns any image into pure noise. One small step of that is easy to undo
for whoever can tell the noise from the image, so a network learns just that: it is shown a noisy image and the
time, and says what the noise is. Beginning with pure noise and undoing step after step gives a new image. No two
networks fight here; it is plain regression, slow to sample from, and hard to break.

Notation. t = 1..T time, x_0 image in [-1, 1], eps ~ N(0, I), alpha_bar_t what is left of the picture's variance.

    x_t     = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps          any t in one go
    loss    = Huber(eps - network(x_t, t))                                t uniform in 1..T
    x_(t-1) = (x_t - beta_t / sqrt(1 - alpha_bar_t) eps') / sqrt(1 - beta_t) + sqrt(beta_t) z,  eps' = network(x_t, t)

Two networks: the textbook's U-Net of separable convolutions (280,369 weights for 28 x 28 x 1), and a modern one of
residual blocks with attention in three sizes. The samplers (DDPM, DDIM, DPM-Solver++) are in
core/diffusion/samplers.py, what training and sampling share with latent diffusion in core/diffusion/base.py.

Sources: J. Ho, A. Jain and P. Abbeel, "Denoising Diffusion Probabilistic Models", 2020, arXiv:2006.11239; A. Nichol and
P. Dhariwal, "Improved Denoising Diffusion Probabilistic Models", 2021, arXiv:2102.09672 (cosine schedule).
"""

from __future__ import annotations

import itertools
from typing import Any, Literal

import keras
import numpy as np
from keras import layers

from models.core.adam import Adam
from models.core.adversarial.resolutions import instead
from models.core.arrays import Images
from models.core.curves import CurveGroup
from models.core.denoising import clipping, fit_to_model, noise
from models.core.diffusion import schedules, unet
from models.core.diffusion.base import Diffuser
from models.core.diffusion.capability import Sampling
from models.core.diffusion.conditions import Condition, condition_of
from models.core.diffusion.config import DiffusionConfig
from models.core.diffusion.learning_rate import FallingAdam
from models.core.errors import ConfigError
from models.core.evaluation import cautions
from models.core.family import About, DataSpec, setting
from models.core.keras_internals import read_variable
from models.core.work import SILENT, Work

TITLE = "Denoising diffusion (DDPM)"
ABOUT = About(
    text=(
        "A diffusion model learns to predict the noise in images, at every noise level. Starting from pure noise, the "
        "reverse process removes the predicted noise step by step until a new image is left. The loss falls quickly "
        "and then hardly at all, while the samples keep improving for a long time."
    ),
    equation="loss = Huber(ε − network(√ᾱₜ x₀ + √(1−ᾱₜ) ε, t))",
    paper="Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020, arXiv:2006.11239",
)
CURVES = (CurveGroup("loss", ("loss",), log=True), CurveGroup("noise", ("noise_mse",), log=True))
SIZES = {
    "small": unet.Size(32, (1, 2, 3, 3), 1),
    "medium": unet.Size(48, (1, 2, 3, 3), 2),
    "large": unet.Size(96, (1, 2, 3, 3), 2),
}
# What text to image needs: a rectified flow on patches (P. Esser et al. 2024, section 3), and a falling learning rate.
TEXT = {
    "size": "small", "condition": "text", "schedule": "flow", "prediction": "velocity", "drawn_times": "logit_normal",
    "loss": "mse", "timesteps": 1000, "learning_rate": 1e-3, "rate_schedule": "falling", "batch_size": 32,
}  # fmt: skip
ENCODING = 64  # numbers that the textbook tells the time with
DENOISING_STEPS = 8  # looks of the network at a noisy image


# --- Hyper-parameters. The defaults are the textbook's but for the mean weights. -------------------------------------


class DDPMConfig(DiffusionConfig):
    """Settings of a diffusion model on pixels; the defaults are the textbook's but for the mean weights."""

    size: Literal["textbook", "small", "medium", "large"] = setting(
        "textbook", "Size of the U-Net: the textbook's, or modern ones of 2, 6 and 24 million weights.", group="model"
    )
    patch: Literal["1", "2", "4"] = setting(
        "1", "Pixels a side that the network sees as one place; larger ones make large images cheap (modern networks).",
        group="model",
    )  # fmt: skip
    learning_rate: float = setting(1e-3, "Step size of the optimizer; modern networks need 0.0003.", gt=0.0, le=1.0)
    rate_schedule: Literal["constant", "falling"] = setting(
        "constant",
        "Whether the learning rate stays, or rises for 200 steps and falls to 0 over the last 40 % of the run.",
        title="Learning rate schedule",
    )
    epochs: int = setting(100, "Passes over the training images.", unit="passes", ge=1, le=100_000)


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings that suit a dataset better than the textbook's: colour or large images want the modern network."""
    height, width, channels = spec.image_shape
    if spec.words and not spec.label_count:  # captions, which are no names of classes: text to image
        return {**TEXT, "patch": "4" if min(height, width) > 32 else "2"}
    if channels == 1 and height * width <= 32 * 32:
        return {}
    return {"size": "small", "learning_rate": 3e-4, "timesteps": 1000, "batch_size": 64}


def too_short(config: DDPMConfig, spec: DataSpec, steps: int) -> str:
    """What a run of so many steps would not reach; "" if its samples will mean something."""
    return cautions.training(steps)


# --- Networks --------------------------------------------------------------------------------------------------------


def textbook_network(config: DDPMConfig, shape: tuple[int, int, int], condition: Condition, name: str) -> keras.Model:
    """The textbook's U-Net: [x_t (b, h, w, c), t (b,)] and, with a condition, [.., asked for] -> noise (b, h, w, c).

    Down by separable convolutions and pooling (32, 64, 128 channels), up by transposed convolutions (64, 32, 16); the
    time is added to every pixel at each level. Sides that are no multiples of 8 get a margin, which is cut off again.
    """
    parts = _Textbook(config.seed)
    noisy, time = keras.Input(shape, name="noisy"), keras.Input((), dtype="int32", name="time")
    inputs, told = [noisy, time], unet.TimeEncoding(ENCODING, name="time_encoding")(time)  # (b, 64)
    condition_told = condition.told(ENCODING, config.seed * 1_000 + 950)
    if condition_told is not None:
        inputs, told = [*inputs, condition_told.input], layers.Add()([told, condition_told.vector])
    margins = tuple((-side % 8) // 2 for side in shape[:2])  # 28 -> 32
    x = layers.ZeroPadding2D(tuple(1 + margin for margin in margins))(noisy)
    x = layers.Activation("relu")(layers.BatchNormalization()(parts.conv(16, 3, padding="valid")(x)))
    x = parts.timed(x, told)
    seen = []  # what the way up will see again
    for channels in (32, 64, 128):  # each level halves the sides
        before = x
        for _ in range(2):
            x = layers.BatchNormalization()(parts.separable(channels)(layers.Activation("relu")(x)))
        seen.append(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = parts.timed(layers.Add()([x, parts.conv(channels, 1, strides=2)(before)]), told)
    for channels in (64, 32, 16):  # and each doubles them again
        before = x
        for _ in range(2):
            x = layers.BatchNormalization()(parts.transposed(channels)(layers.Activation("relu")(x)))
        x = layers.UpSampling2D(2)(x)
        x = parts.timed(layers.Add()([x, parts.conv(channels, 1)(layers.UpSampling2D(2)(before))]), told)
        x = layers.Concatenate()([x, seen.pop()])
    return keras.Model(inputs, layers.Cropping2D(margins)(parts.conv(shape[2], 3)(x)), name=name)


class _Textbook:
    """The layers of the textbook's network with Keras' usual initial weights, each from a seed of its own."""

    def __init__(self, seed: int) -> None:
        self.seeds = itertools.count(seed * 1_000)

    def init(self) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=next(self.seeds))

    def conv(self, channels: int, size: int, *, padding: str = "same", strides: int = 1) -> layers.Layer:
        return layers.Conv2D(channels, size, strides, padding, kernel_initializer=self.init())

    def separable(self, channels: int) -> layers.Layer:
        first, second = self.init(), self.init()
        return layers.SeparableConv2D(
            channels, 3, padding="same", depthwise_initializer=first, pointwise_initializer=second
        )

    def transposed(self, channels: int) -> layers.Layer:
        return layers.Conv2DTranspose(channels, 3, padding="same", kernel_initializer=self.init())

    def timed(self, x: Any, told: Any) -> Any:
        """Add the encoded time (b, 64) to every pixel of x (b, h, w, c)."""
        channels = x.shape[-1]
        fitted = layers.Dense(channels, kernel_initializer=self.init())(told)
        return layers.Add()([layers.Reshape((1, 1, channels))(fitted), x])


def network(config: DDPMConfig, shape: tuple[int, int, int], condition: Condition, name: str) -> keras.Model:
    """The noise predictor of a config."""
    if config.size == "textbook":
        return textbook_network(config, shape, condition, name)
    return unet.modern(
        shape, SIZES[config.size], timesteps=config.timesteps, condition=condition, seed=config.seed, name=name,
        patch=int(config.patch),
    )  # fmt: skip


# --- The model -------------------------------------------------------------------------------------------------------


class DDPM(Diffuser):
    """Denoising diffusion on pixels: it works with plain ``compile()`` and ``fit(images)`` or ``fit(images, labels)``.

    Drawing times and noises is in ``call``, the loss in ``compute_loss`` of ``Diffuser``.
    """

    config: DDPMConfig
    noise_kind = "gaussian"
    noise_range = (0.02, 0.5)  # of full scale, for trying out

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """Nadam for the textbook's network, as there; Adam with bounded gradients for the modern one."""
        if self.config.rate_schedule == "falling":
            return FallingAdam(learning_rate=self.config.learning_rate, global_clipnorm=1.0)
        if self.config.size == "textbook":
            return keras.optimizers.Nadam(learning_rate=self.config.learning_rate)
        return Adam(learning_rate=self.config.learning_rate, global_clipnorm=1.0)

    def plan(self, left: int) -> None:
        """Told before training how many steps are left, so that a falling learning rate knows its end.

        The optimizer has taken fewer steps than the model if it began anew, from a model that holds weights alone.
        """
        if isinstance(self.optimizer, FallingAdam):
            self.optimizer.steps = int(read_variable(self.optimizer.iterations)) + left

    # --- What it can do: beside Diffuses the capability Denoises ---

    def disturb(self, images: Images, seed: int) -> Images:
        """Pictures with Gaussian noise of a fifth of full scale, in [0, 1]."""
        return noise.add(images, "gaussian", 0.2, seed)

    def effect(self, shape: tuple[int, int, int]) -> str:
        """What happens to an image of another shape than the training images'."""
        return fit_to_model.effect(shape, self.spec.image_shape)

    def denoise(self, images: Images, *, strength: float | None = None, work: Work = SILENT) -> Images:
        """Take a noisy image for a step of a walk, and walk from there without new noise.

        An image with noise of standard deviation s (in [-1, 1]) is x_t / sqrt(alpha_bar_t) for the t at which
        sqrt(1 / alpha_bar_t - 1) is s. What the noise lost at black and white is drawn again: the network has never
        seen noise that is cut off. See ``effect`` for what happens to size and colour.

        Args:
            images: (n, h, w, 1 to 4) in [0, 1].
            strength: standard deviation of the noise, a share of full scale; None measures it in each image.
            work: told (images done, images in all); checked before every look of the network.

        Raises:
            Cancelled: if ``work`` is cancelled.
        """
        images = fit_to_model.fitted(images, self.spec.image_shape)
        cleaned = np.zeros_like(images)
        for number, image in enumerate(images):
            sigma = noise.estimated_sigma(image) if strength is None else strength
            t = schedules.time_of_noise(self.schedule, 2.0 * sigma)
            begun = np.float32(self.rates.signal[t]) * self.states(clipping.restored(image[None], sigma))
            steps = min(DENOISING_STEPS * self.config.timesteps // t, self.config.timesteps)
            for step in self.reverse(Sampling(steps=steps), start=(t, begun), work=work):
                cleaned[number] = self.pictures(step.x)[0]
            work.tell("Denoising", number + 1, len(images))
        return cleaned


CONFIG = DDPMConfig


def build(config: DDPMConfig, spec: DataSpec) -> DDPM:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet.

    Raises:
        ConfigError: if the images are odd, too small or too large, or the dataset lacks the condition.
    """
    height, width, _ = spec.image_shape
    if height % 4 or width % 4 or not 8 <= min(height, width) <= max(height, width) <= 64:
        problem = f"ddpm needs sides of 8 to 64 pixels that are multiples of 4; these are {height} x {width}"
        raise ConfigError({"family": problem + instead(spec.image_shape, range(8, 65, 4))})
    if config.size == "textbook" and config.patch != "1":
        raise ConfigError({"patch": "must be 1 for the textbook's network"})
    if config.size == "textbook" and config.rate_schedule != "constant":
        raise ConfigError({"rate_schedule": "must be constant for the textbook's network"})
    patch = int(config.patch)
    if height % (2 * patch) or width % (2 * patch) or min(height, width) // patch < 4:
        raise ConfigError({"patch": f"must leave even sides of 4 or more places; these are {height} x {width} pixels"})
    condition = condition_of(config.condition, spec)
    mean = network(config, spec.image_shape, condition, "mean_denoiser") if config.ema > 0 else None
    return DDPM(config, spec, (network(config, spec.image_shape, condition, "denoiser"), mean), condition)


# Lessons. The loss says little about the samples: most of it comes from times at which the image is all but drowned.
# Validations draw times and noises that are spread evenly and always the same, else their curve is as noisy as the
# images. What the network says about x_0 is cut to [-1, 1] while sampling: at t = T it divides by sqrt(alpha_bar_T),
# which is 0.00001 for the cosine schedule.
