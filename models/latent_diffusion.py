"""Latent diffusion: first learn codings that images can be painted from, then diffuse the codings.

The idea. Most of an image's values are detail that a decoder can fill in. So an autoencoder is learned first, which
squeezes an image into a small stack of maps (a quarter of the sides); then its weights stand still, and a diffusion
model learns what such maps look like. A step of a walk costs a fraction of one on pixels, and the decoder is asked only
where somebody wants to look.

Notation. x image in [0, 1], E encoder, D decoder, m and s the codings' mean and spread, z_0 = (E(x) - m) / s.

    phase 1  loss = mean (x - D(z))^2 + weight * KL(E(x) || N(0, I)) / n,   z ~ E(x)        (a VAE with a tiny weight)
    phase 2  loss = distance(eps, network(sqrt(alpha_bar_t) z_0 + sqrt(1 - alpha_bar_t) eps, t))

Both phases are one run: which one it is follows from the number of steps done, which is kept in every checkpoint. The
loss is the sum of both throughout, but in each phase only one of them is learned, so the curve goes on where it was.

Source: R. Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", 2022, arXiv:2112.10752.
"""

from __future__ import annotations

import itertools
from typing import Any, ClassVar, Literal

import keras
import numpy as np
from keras import layers, ops

from models.core.adam import Adam
from models.core.adversarial.resolutions import instead
from models.core.arrays import Images
from models.core.curves import CurveGroup
from models.core.diffusion import unet
from models.core.diffusion.base import Diffuser
from models.core.diffusion.capability import Kept
from models.core.diffusion.conditions import Condition, condition_of
from models.core.diffusion.config import DiffusionConfig
from models.core.diffusion.rates import States
from models.core.diffusion.reverse import coarser
from models.core.diffusion.samplers import Known
from models.core.errors import ConfigError
from models.core.family import About, DataSpec, setting
from models.core.family_model import Port
from models.core.inference import predict_all, sizes_for
from models.core.keras_internals import read_variable

TITLE = "Latent diffusion"
ABOUT = About(
    text=(
        "Latent diffusion first trains an autoencoder that encodes images as small maps, then diffuses these codings "
        "instead of the images. That makes every step cheaper, and it is how the large text-to-image models work. "
        "Reconstructions become sharp in the first phase, samples take shape in the second."
    ),
    equation="z₀ = (E(x) − m) / s,  loss = |ε − network(√ᾱₜ z₀ + √(1−ᾱₜ) ε, t)|²",
    paper="Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models, 2022, arXiv:2112.10752",
)
CURVES = (
    CurveGroup("loss", ("loss",), log=True),
    CurveGroup("reconstruction", ("reconstruction",), log=True),
    CurveGroup("noise", ("noise_mse",), log=True),
)
SIZES = {
    "small": unet.Size(64, (1, 2), 2), "medium": unet.Size(96, (1, 2), 2), "large": unet.Size(160, (1, 2), 3),
}  # fmt: skip
SHRINK = 4  # how many times shorter the sides of the codings are
MOMENTUM = 0.99  # of the codings' mean and spread
WARM_UP = 100  # steps in which the second phase comes up to its learning rate


# --- Hyper-parameters ------------------------------------------------------------------------------------------------


class LatentDiffusionConfig(DiffusionConfig):
    """Settings of latent diffusion."""

    size: Literal["small", "medium", "large"] = setting("small", "Size of the noise predictor.", group="model")
    timesteps: int = setting(1000, "Time steps from codings to noise.", unit="steps", group="model", ge=100, le=4000)
    loss: Literal["huber", "mae", "mse"] = setting("mse", "Loss between the true and the predicted noise.")
    latent_channels: int = setting(4, "Channels of a coding.", unit="channels", group="model", ge=3, le=16)
    width: int = setting(32, "Channels of the autoencoder at full size.", unit="channels", group="model", ge=4, le=128)
    kl_weight: float = setting(0.01, "Weight of the KL term.", group="model", ge=0, le=10)
    autoencoder_steps: int = setting(
        5000, "Steps of the first phase; the others are the second.", unit="steps", ge=1, le=1_000_000
    )
    learning_rate: float = setting(5e-4, "Step size of the optimizer.", gt=0.0, le=1.0)
    epochs: int = setting(40, "Passes over the training images.", unit="passes", ge=1, le=100_000)
    batch_size: int = setting(64, "Images per training step.", unit="images", ge=1, le=4096)


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings for a CPU: the autoencoder, which sees every pixel in both phases, is narrow and its phase short.

    Epochs are enough for the second phase to be the longer one, on datasets of the size of those that come along.
    """
    height, width, channels = spec.image_shape
    if channels == 1 and height * width <= 32 * 32:
        return {"width": 16, "autoencoder_steps": 2000, "epochs": 12}
    return {"width": 24, "autoencoder_steps": 3000, "batch_size": 32, "epochs": 60}


def too_short(config: LatentDiffusionConfig, spec: DataSpec, steps: int) -> str:
    """What a run of so many steps would not reach; "" if the second network learns at least as long as the first."""
    first = config.autoencoder_steps
    if steps >= 2 * first:
        return ""
    left = f"leaves {steps - first:,} for diffusion" if steps > first else "never comes to diffusion"
    return (
        f"It ends after {steps:,} steps: the autoencoder takes {first:,} of them, which {left}. "
        "Ask for more epochs or fewer autoencoder steps."
    )


# --- Networks --------------------------------------------------------------------------------------------------------


def autoencoder(config: LatentDiffusionConfig, shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    """An encoder (b, h, w, c) -> mean and log variance (b, h/4, w/4, maps), and a decoder back to [0, 1]."""
    seeds = itertools.count(config.seed * 1_000 + 500)

    def conv(channels: int, size: int = 3, stride: int = 1) -> layers.Layer:
        init = keras.initializers.HeNormal(seed=next(seeds))
        return layers.Conv2D(channels, size, stride, "same", kernel_initializer=init)

    def residual(x: Any) -> Any:
        inside = conv(x.shape[-1])(layers.Activation("silu")(layers.GroupNormalization(4, epsilon=1e-5)(x)))
        return layers.Add()([x, conv(x.shape[-1])(layers.Activation("silu")(inside))])

    narrow, wide = config.width // 4 * 4, config.width // 4 * 8
    image = keras.Input(shape, name="image")
    x = conv(narrow)(layers.Rescaling(2.0, -1.0)(image))
    x = residual(conv(wide, 4, 2)(residual(x)))  # (b, h/2, w/2, wide)
    x = residual(conv(wide, 4, 2)(x))  # (b, h/4, w/4, wide)
    mean = conv(config.latent_channels, 1)(x)
    log_variance = layers.Conv2D(config.latent_channels, 1, kernel_initializer="zeros", name="log_variance")(x)
    encoder = keras.Model(image, [mean, log_variance], name="encoder")

    coding = keras.Input(mean.shape[1:], name="coding")
    x = residual(conv(wide)(coding))
    x = residual(conv(wide)(layers.UpSampling2D(2)(x)))  # (b, h/2, w/2, wide)
    x = residual(conv(narrow)(layers.UpSampling2D(2)(x)))  # (b, h, w, narrow)
    x = layers.Activation("silu")(layers.GroupNormalization(4, epsilon=1e-5)(x))
    init = keras.initializers.GlorotUniform(seed=next(seeds))
    pixels = layers.Conv2D(shape[2], 3, padding="same", activation="sigmoid", kernel_initializer=init)(x)
    return encoder, keras.Model(coding, pixels, name="decoder")


class PhasedAdam(Adam):
    """Adam that moves the autoencoder in the first steps and the noise predictor afterwards, never both.

    Args:
        first: the autoencoder's variables.
        steps: of the first phase.
        **arguments: Keras' own.
    """

    def __init__(self, first: list[Any], steps: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._first, self._steps = {id(variable) for variable in first}, steps
        self._early: tuple[bool, ...] = ()  # whether each variable belongs to the first phase
        self._factors: Any = None  # of the learning rate in the step that is being made, for the first and second phase

    def build(self, variables: list[Any]) -> None:
        """Make Adam's slots, and note whose variables are whose: a backend may hand its own ones to a step."""
        if not self.built:
            self._early = tuple(id(variable) in self._first for variable in variables)
        super().build(variables)

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Adam's step, with a factor of the learning rate for either network: one of them is 0."""
        done = ops.cast(self.iterations, "float32") - self._steps  # below 0 in the first phase
        self._factors = ops.cast(done < 0.0, "float32"), ops.clip((done + 1.0) / WARM_UP, 0.0, 1.0)
        try:
            return super().apply(grads, trainable_variables)
        finally:
            self._factors = None  # as Adam's correction

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's step of Adam; a network that stands still is not moved by old gradients either."""
        early, late = self._factors
        factor = early if self._early[self._get_variable_index(variable)] else late
        super().update_step(gradient, variable, learning_rate * factor)


# --- The model -------------------------------------------------------------------------------------------------------


class LatentDiffusion(Diffuser):
    """An autoencoder and a noise predictor for its codings; works with plain ``compile()`` and ``fit(images)``.

    Args:
        config: the settings.
        spec: the shape of the images, (height, width, channels) in [0, 1].
        networks: the noise predictor, and once more for mean weights, or None.
        autoencoder: encoder and decoder.
        condition: what it is told beside the noisy codings.
    """

    OUTPUTS: ClassVar = {**Diffuser.OUTPUTS, "encoder": ("coding", "log_variance")}
    config: LatentDiffusionConfig
    clip = 5.0  # standard deviations: codings have no borders as pixels have

    def __init__(
        self, config: LatentDiffusionConfig, spec: DataSpec, networks: tuple[keras.Model, keras.Model | None],
        autoencoder: tuple[keras.Model, keras.Model], condition: Condition | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, spec, networks, condition)
        self.encoder, self.decoder = autoencoder
        shape = (2, config.latent_channels)
        self.moments = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="moments")
        self.moments.assign(np.stack([np.zeros(shape[1]), np.ones(shape[1])]))  # mean, mean square
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")

    # --- One step: what is computed and what is learned ---

    def call(self, images: Any, training: bool | None = None) -> dict[str, Any]:
        """Draw what a diffusion draws, and where in its cloud each coding lies (b, h/4, w/4, maps)."""
        drawn = super().call(images, training)
        return {**drawn, "place": keras.random.normal((ops.shape(images)[0], *self.state_shape), seed=self.draws)}

    def autoencoder_loss(self, x: Any, place: Any, training: bool) -> tuple[Any, Any, Any]:
        """The loss of the autoencoder, its squared error, and the middle of the codings (b, h/4, w/4, maps)."""
        mean, log_variance = self.encoder(x, training=training)
        coding = mean + ops.exp(0.5 * log_variance) * place
        error = ops.mean(ops.square(x - self.decoder(coding, training=training)))
        kl = -0.5 * ops.mean(1.0 + log_variance - ops.exp(log_variance) - ops.square(mean))  # a value of the coding
        share = float(np.prod(self.state_shape)) / float(np.prod(self.spec.image_shape))
        return error + self.config.kl_weight * share * kl, error, mean

    def scaled(self, codings: Any) -> Any:
        """Codings with a mean of 0 and a spread of 1 in every map."""
        mean, square = self.moments[0], self.moments[1]
        return (codings - mean) / ops.sqrt(ops.maximum(square - ops.square(mean), 1e-6))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The sum of both losses; gradients are those of one of them, by the number of steps done."""
        if training:
            first = self.steps_done < self.config.autoencoder_steps
            loss, error, squares, coding = ops.cond(
                first, lambda: self.both(x, y, y_pred, True, False), lambda: self.both(x, y, y_pred, False, True)
            )
            self.note_codings(ops.stop_gradient(coding), first)
            self.note_step()
        else:
            draw = self.fixed(x)
            place = ops.zeros((ops.shape(x)[0], *self.state_shape))
            loss, error, squares, _ = self.both(x, y, {**draw, "place": place}, False, False)
        self.reconstruction_tracker.update_state(error, sample_weight=ops.shape(x)[0])
        self.error_tracker.update_state(squares)
        return loss

    def both(self, x: Any, y: Any, draw: Any, painting: bool, noise: bool) -> tuple[Any, Any, Any, Any]:
        """Both losses summed, squared errors of pixels () and noises (b,), codings; gradients of what is to learn."""
        loss, error, mean = self.autoencoder_loss(x, draw["place"], painting)
        more, squares = self.noise_loss(self.scaled(ops.stop_gradient(mean)), y, draw, noise)
        loss = loss if painting else ops.stop_gradient(loss)
        more = more if noise else ops.stop_gradient(more)
        # A branch is differentiated by all that it gives: what is only shown would drag both networks in.
        return loss + more, *(ops.stop_gradient(shown) for shown in (error, squares, mean))

    def note_codings(self, codings: Any, first: Any) -> None:
        """Follow the codings' mean and mean square while they are learned; afterwards they stand still."""
        now = ops.stack([ops.mean(codings, axis=(0, 1, 2)), ops.mean(ops.square(codings), axis=(0, 1, 2))])
        memory = ops.minimum(MOMENTUM, self.steps_done / (self.steps_done + 9.0))
        memory = ops.where(first, memory, 1.0)
        self.moments.assign(memory * self.moments + (1.0 - memory) * now)

    def steps_learned(self) -> Any:
        """Steps of the second phase."""
        return ops.maximum(self.steps_done - self.config.autoencoder_steps, 0.0)

    @property
    def phase(self) -> Literal["autoencoder", "diffusion"]:
        """What is being learned now."""
        return "autoencoder" if float(self.steps_done) < self.config.autoencoder_steps else "diffusion"

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """Adam with bounded gradients for one network at a time."""
        first = [*self.encoder.trainable_variables, *self.decoder.trainable_variables]
        return PhasedAdam(
            first, self.config.autoencoder_steps, learning_rate=self.config.learning_rate, global_clipnorm=1.0
        )

    # --- What it can do: the capabilities Diffuses and Reconstructs ---

    def _moments(self) -> tuple[States, States]:
        mean, square = read_variable(self.moments)
        return mean, np.sqrt(np.maximum(square - mean**2, 1e-6))

    def states(self, images: Images) -> States:
        """Scaled codings (n, h/4, w/4, maps) of images in [0, 1]."""
        mean, std = self._moments()
        codings = predict_all(self.encoder, [np.asarray(images, np.float32)], sizes=sizes_for(self.encoder))[0]
        return np.asarray((codings - mean) / std, np.float32)

    def pictures(self, states: States, kept: Kept | None = None) -> Images:
        """Codings, noisy or clean, painted in [0, 1]; what is kept is put into them bit for bit."""
        mean, std = self._moments()
        codings = np.asarray(states * std + mean, np.float32)
        generated = predict_all(self.decoder, [codings], sizes=sizes_for(self.decoder))[0]
        return generated if kept is None else np.where(kept.mask, generated, kept.images)

    def noise_pictures(self, noise: States) -> Images:
        """The first maps of noise as channels, enlarged to the size of an image; grey is nothing."""
        shown = super().noise_pictures(noise[..., : self.spec.image_shape[2]])
        return shown.repeat(SHRINK, axis=1).repeat(SHRINK, axis=2)

    def known(self, kept: Kept) -> Known:
        """What an inpainting keeps, as codings: a place is painted anew if any of its pixels is."""
        return Known(self.states(kept.images), coarser(kept.mask, SHRINK))

    def reconstruct(self, images: Images) -> Images:
        """Squeeze images through their codings and paint them again."""
        return self.pictures(self.states(images))

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras networks inside, for export."""
        return {"encoder": self.encoder, "decoder": self.decoder, "denoiser": self.sampler}

    def ports(self) -> dict[str, Port]:
        """What goes in and out of them."""
        coding, variance = Port("codings; x_0 is (coding - mean) / std, see codings"), Port("log of their variance")
        noisy = Port("x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise")
        return {**super().ports(), "coding": coding, "log_variance": variance, "noisy": noisy}

    def facts(self) -> dict[str, Any]:
        """The schedule, the condition, and the mean and standard deviation that codings are scaled with."""
        mean, std = (values.tolist() for values in self._moments())
        return {**super().facts(), "codings": {"mean": mean, "std": std}}


CONFIG = LatentDiffusionConfig


def build(config: LatentDiffusionConfig, spec: DataSpec) -> LatentDiffusion:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet.

    Raises:
        ConfigError: if the images are odd, too small or too large, or the dataset lacks the condition.
    """
    height, width, _ = spec.image_shape
    if height % SHRINK or width % SHRINK or not 8 <= min(height, width) <= max(height, width) <= 64:
        problem = f"latent_diffusion needs sides of 8 to 64 pixels, multiples of 4; these are {height} x {width}"
        raise ConfigError({"family": problem + instead(spec.image_shape, range(8, 65, SHRINK))})
    condition = condition_of(config.condition, spec)
    shape = (height // SHRINK, width // SHRINK, config.latent_channels)

    def network(name: str) -> keras.Model:
        return unet.modern(
            shape, SIZES[config.size], timesteps=config.timesteps, condition=condition, seed=config.seed, name=name
        )

    mean = network("mean_denoiser") if config.ema > 0 else None
    return LatentDiffusion(config, spec, (network("denoiser"), mean), autoencoder(config, spec.image_shape), condition)


# Lessons. Adam goes on moving weights whose gradient has become 0, by the gradients it remembers: a network that shall
# stand still needs a learning rate of 0. The codings are scaled by their own mean and spread: a diffusion that ends in
# N(0, I) should begin with numbers of that size.
