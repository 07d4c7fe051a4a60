"""Variational autoencoders: learn a smooth space of images, then walk through it.

The idea. An autoencoder encodes an image x as a few numbers z (its coding) and reconstructs it from them. The encoder
of a *variational* autoencoder gives a normal distribution N(mu, sigma^2) instead of one coding. Training samples z from
it and adds a penalty to the loss, the Kullback-Leibler divergence of N(mu, sigma^2) from the standard normal. So the
latent space has no holes: any z sampled from N(0, I) can be decoded.

Notation. x image, z coding, mu mean, gamma = log sigma^2, eps ~ N(0, I).

    z    = mu + exp(gamma / 2) * eps                                     (the reparameterisation trick)
    loss = MSE(x, decoder(z)) + weight * KL / (number of pixel values)
    KL   = -1/2 * sum_k (1 + gamma_k - exp(gamma_k) - mu_k^2)            (Kingma and Welling, appendix B)

Source: D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes", 2013, arXiv:1312.6114.
"""

from __future__ import annotations

import itertools
from typing import Any, ClassVar, Literal

import keras
import numpy as np
from keras import layers, ops

from models.core.adversarial.resolutions import instead
from models.core.arrays import Codings, Images
from models.core.errors import ConfigError
from models.core.family import About, Config, DataSpec, setting
from models.core.family_model import FamilyModel, Port
from models.core.inference import predict

TITLE = "Variational autoencoder"
ABOUT = About(
    text=(
        "A VAE encodes each image as a normal distribution of codings and learns to decode samples of it. The KL term "
        "pulls these distributions towards the standard normal, so that every point of the latent space can be "
        "decoded. The curve falls while it learns; the gap between training and validation is what it only memorised."
    ),
    equation="loss = MSE(x, decoder(μ + exp(γ/2)·ε)) − ½·w/n · Σ (1 + γ − exp γ − μ²)",
    paper="Kingma and Welling, Auto-Encoding Variational Bayes, 2013, arXiv:1312.6114",
)


# --- Hyper-parameters. The defaults are the textbook's. --------------------------------------------------------------


class VAEConfig(Config):
    """Settings of a variational autoencoder; the defaults are the textbook's dense VAE for Fashion-MNIST."""

    architecture: Literal["dense", "conv"] = setting(
        "dense",
        "Dense is the textbook's network; convolutional suits colour images of 28 to 128 pixels.",
        group="model",
    )
    latent_size: int = setting(10, "Size of a coding.", unit="units", group="model", ge=1, le=512)
    kl_weight: float = setting(
        1.0,
        "Weight of the KL term: lower is sharper, with a less regular latent space.",
        group="model",
        ge=0,
        le=100,
    )
    width: int = setting(
        32,
        "Channels of the first convolution (convolutional only).",
        unit="channels",
        group="model",
        ge=4,
        le=128,
    )
    epochs: int = setting(25, "Passes over the training images.", unit="passes", ge=1, le=100_000)
    batch_size: int = setting(128, "Images per training step.", unit="images", ge=1, le=4096)


FEW_PIXELS = 400  # an image of fewer has so little error to lose that the whole KL term flattens every coding


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings that suit a dataset better than the textbook's: colour or large images want convolutions."""
    height, width, channels = spec.image_shape
    if channels == 1 and height * width <= 32 * 32:
        return {} if height * width >= FEW_PIXELS else {"kl_weight": 0.1}
    return {"architecture": "conv", "latent_size": 64, "kl_weight": 0.2, "batch_size": 64, "epochs": 20}


# --- Networks --------------------------------------------------------------------------------------------------------


def dense_networks(config: VAEConfig, shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    """The textbook's encoder (150, 100, mean and log variance) and decoder (100, 150, pixels)."""
    seeds = itertools.count(config.seed * 1_000)

    def dense(units: int, activation: str | None, name: str) -> layers.Dense:
        init = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Dense(units, activation=activation, kernel_initializer=init, name=name)

    image = keras.Input(shape, name="image")  # (b, h, w, c)
    x = layers.Flatten()(image)  # (b, h * w * c)
    x = dense(150, "relu", "hidden_1")(x)
    x = dense(100, "relu", "hidden_2")(x)
    mean = dense(config.latent_size, None, "mean")(x)  # mu
    log_variance = dense(config.latent_size, None, "log_variance")(x)  # gamma
    encoder = keras.Model(image, [mean, log_variance], name="encoder")

    coding = keras.Input((config.latent_size,), name="coding")  # (b, latent_size)
    x = dense(100, "relu", "hidden_3")(coding)
    x = dense(150, "relu", "hidden_4")(x)
    x = dense(int(np.prod(shape)), "sigmoid", "pixels")(x)  # (b, h * w * c)
    decoder = keras.Model(coding, layers.Reshape(shape)(x), name="decoder")
    return encoder, decoder


def halvings(shape: tuple[int, int, int]) -> int:
    """How often both sides can be halved while they stay whole and at least 4 pixels (28 -> 2, 32 -> 3, 64 -> 4)."""
    height, width, _ = shape
    levels = 0
    while height % 2 == 0 and width % 2 == 0 and min(height, width) > 4 and levels < 5:
        height = height // 2
        width = width // 2
        levels = levels + 1
    return levels


def conv_networks(config: VAEConfig, shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    """Strided convolutions down, transposed convolutions up; the widths double at each level up to 256 channels."""
    levels = halvings(shape)
    if not (min(shape[:2]) >= 28 and max(shape[:2]) <= 128 and levels >= 2):
        size = f"{shape[0]} x {shape[1]}"
        text = f"conv needs sides of 28 to 128 pixels that halve twice; these are {size}"
        raise ConfigError({"architecture": text + instead(shape, range(28, 129, 4))})
    widths = [min(256, config.width * 2**level) for level in range(levels)]
    seeds = itertools.count(config.seed * 1_000)

    def init() -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(seed=next(seeds))

    image = keras.Input(shape, name="image")
    x = image
    for level, width in enumerate(widths):  # each level halves the sides
        x = layers.Conv2D(width, 4, 2, "same", activation="silu", kernel_initializer=init(), name=f"down_{level}")(x)
    small = x.shape[1:]  # (h / 2^levels, w / 2^levels, widest)
    x = layers.Flatten()(x)
    x = layers.Dense(256, activation="silu", kernel_initializer=init(), name="squeeze")(x)
    mean = layers.Dense(config.latent_size, kernel_initializer=init(), name="mean")(x)
    log_variance = layers.Dense(config.latent_size, kernel_initializer="zeros", name="log_variance")(x)
    encoder = keras.Model(image, [mean, log_variance], name="encoder")

    coding = keras.Input((config.latent_size,), name="coding")
    x = layers.Dense(256, activation="silu", kernel_initializer=init(), name="unsqueeze")(coding)
    x = layers.Dense(int(np.prod(small)), activation="silu", kernel_initializer=init(), name="spread")(x)
    x = layers.Reshape(small)(x)
    for level, width in reversed(list(enumerate([shape[2], *widths[:-1]]))):  # each level doubles the sides
        last = level == 0
        x = layers.Conv2DTranspose(
            width, 4, 2, "same", activation="sigmoid" if last else "silu", kernel_initializer=init(), name=f"up_{level}"
        )(x)
    decoder = keras.Model(coding, x, name="decoder")
    return encoder, decoder


# --- The model -------------------------------------------------------------------------------------------------------


class VAE(FamilyModel):
    """A variational autoencoder that works with plain ``compile()`` and ``fit(images)``.

    Args:
        config: the settings.
        spec: the shape of the images, (height, width, channels) in [0, 1].

    Raises:
        ConfigError: if the architecture does not suit the images.
    """

    OUTPUTS: ClassVar = {**FamilyModel.OUTPUTS, "encoder": ("coding", "log_variance")}

    def __init__(self, config: VAEConfig, spec: DataSpec) -> None:
        super().__init__(name="vae")
        self.config, self.spec = config, spec
        self.latent_size = config.latent_size
        networks = conv_networks if config.architecture == "conv" else dense_networks
        self.encoder, self.decoder = networks(config, spec.image_shape)
        self.noise = keras.random.SeedGenerator(config.seed)
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self.built = True

    def call(self, images: Any, training: bool | None = None) -> dict[str, Any]:
        """Encode, draw a coding from the cloud, decode. ``images`` (b, h, w, c) -> image, mean and log variance."""
        mean, log_variance = self.encoder(images, training=training)
        epsilon = keras.random.normal(ops.shape(mean), seed=self.noise)
        codings = mean + ops.exp(0.5 * log_variance) * epsilon  # z = mu + sigma * eps
        return {"image": self.decoder(codings, training=training), "mean": mean, "log_variance": log_variance}

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean squared error plus the Kullback-Leibler divergence a pixel value (Kingma and Welling, equation 10)."""
        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        reconstruction = ops.mean(ops.square(x - y_pred["image"]))
        kl = -0.5 * ops.sum(1.0 + log_variance - ops.exp(log_variance) - ops.square(mean), axis=-1)  # (b,)
        kl = ops.mean(kl) / float(np.prod(self.spec.image_shape))
        count = ops.shape(x)[0]  # so that a short last batch weighs what it holds
        self.reconstruction_tracker.update_state(reconstruction, sample_weight=count)
        self.kl_tracker.update_state(kl, sample_weight=count)
        return reconstruction + self.config.kl_weight * kl

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """Nadam, as in the textbook."""
        return keras.optimizers.Nadam(learning_rate=self.config.learning_rate)

    # --- What it can do: the capabilities Encodes, Decodes and Reconstructs ---

    def encode(self, images: Images) -> Codings:
        """The centre of each image's cloud: (n, h, w, c) -> (n, latent_size)."""
        return predict(self.encoder, images)[0]

    def decode(self, codings: Codings) -> Images:
        """Paint codings: (n, latent_size) -> (n, h, w, c) in [0, 1]."""
        return predict(self.decoder, codings)[0]

    def reconstruct(self, images: Images) -> Images:
        """Squeeze images through their codings and paint them again."""
        return self.decode(self.encode(images))

    def sample_codings(self, count: int, seed: int) -> Codings:
        """Draw from the prior N(0, I)."""
        return np.random.default_rng(seed).standard_normal((count, self.latent_size), dtype=np.float32)

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras networks inside, for export."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    def ports(self) -> dict[str, Port]:
        """What goes in and out of them; the encoder's coding is the mean."""
        return {**super().ports(), "log_variance": Port("log of the variance of the coding around its mean")}


CONFIG = VAEConfig


def build(config: VAEConfig, spec: DataSpec) -> VAE:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet."""
    return VAE(config, spec)


# Lessons. The KL term is divided by the number of pixel values because the squared error is a mean over them, not a
# sum: without that the penalty is 784 times too high and every coding collapses onto the prior. A kl_weight below 1
# trades a prior that fits less well for a prettier reconstruction (beta-VAE, Higgins et al. 2017, backwards). On digits
# of 8 x 8 pixels a weight of 1 leaves one grey digit for every coding (KL 0.002 after 40 epochs), 0.1 gives ten kinds.
