"""Denoising autoencoders: disturb an image, ask for the clean one, and learn what images look like on the way.

The idea. A network that must give back what it was given can cheat by copying. Disturb its input, ask for the clean
image, and copying no longer helps: to fill what is missing it has to know what clothes, faces or photographs look
like. Two networks here follow the idea to two ends. The textbook's *dense* one squeezes a small image through 30
codings: its encoder is worth having (``models/transfer.py`` makes a classifier of it). The *convolutional* one has no
bottleneck: it looks at the neighbourhood of every pixel and subtracts the noise it sees there, so it takes images
of any size.

Notation. x clean image, s strength of the noise, x~ disturbed image, f encoder, g decoder, r network.

    dense   loss = mean (x - g(f(x~)))^2
    conv    loss = mean |x - (x~ - r(x~, s))|             (r is the residual: it paints the noise, not the image)

Noise is added in training only; a validation of the convolutional network sees the same noise every time.

Sources: P. Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", 2008; K. Zhang et
al., "Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising", 2016, arXiv:1608.03981 (residual,
blind); K. Zhang et al., "FFDNet", 2017, arXiv:1710.04026 (half resolution inside, noise level as an input).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Literal

import keras
import numpy as np
from keras import layers, ops

from models.core.adam import Adam
from models.core.adversarial import resolutions
from models.core.arrays import Codings, Images
from models.core.denoising import fit_to_model, noise, tiling
from models.core.errors import ConfigError
from models.core.family import About, Config, DataSpec, setting
from models.core.family_model import FamilyModel, Port, denoiser_ports
from models.core.inference import predict
from models.core.keras_internals import read_variable
from models.core.work import SILENT, Part, Work

TITLE = "Denoising autoencoder"
ABOUT = About(
    text=(
        "A denoising autoencoder gets a noisy image and learns to return the clean one. Copying does not help, so it "
        "has to learn what images look like. The curve is its error against the clean image; the dense network is "
        "validated on images without noise."
    ),
    equation="loss = ‖x − g(f(x̃))‖² / n,  x̃ = x with noise",
    paper="Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008",
)


# --- Hyper-parameters. The defaults are the textbook's. --------------------------------------------------------------


class DenoisingConfig(Config):
    """Settings of a denoising autoencoder; the defaults are the textbook's dense one with dropout of 0.5."""

    architecture: Literal["dense", "conv_codings", "conv"] = setting(
        "dense",
        "Dense: the textbook's; convolutional codings: an encoder to reuse; convolutional: images of any size.",
        group="model",
    )
    noise: Literal["dropout", "gaussian", "mask", "salt_and_pepper", "speckle"] = setting(
        "dropout", "Kind of noise that is added in training.", group="model"
    )
    noise_low: float = setting(
        0.5, "Least strength, a share of pixels or of full scale.", group="model", later=True, ge=0, le=0.95
    )
    noise_high: float = setting(
        0.5, "Greatest strength; each image gets one in between.", group="model", later=True, ge=0, le=0.95
    )
    latent_size: int = setting(30, "Size of a coding (not convolutional).", unit="units", group="model", ge=1, le=512)
    width: int = setting(
        48, "Channels of the first convolutions (convolutional only).", unit="channels", group="model", ge=8, le=128
    )
    depth: int = setting(
        0, "Residual blocks at half size, in encoder and decoder (convolutional only).", group="model", ge=0, le=16
    )
    grey_share: float = setting(
        0.0, "Share of grey training patches (convolutional, colour only).", group="model", later=True, ge=0, le=1
    )
    conditioning: Literal["blind", "level"] = setting(
        "level", "Give the network the strength of the noise (convolutional only).", group="model"
    )


CONFIG = DenoisingConfig
TWICE = 500_000  # pixels: smaller images are cleaned twice, once upside down, and averaged (+0.1 dB)
# 5 to 50 of 255; a third in grey, because one noise in all channels does not average out as three do
PHOTOS: dict[str, Any] = {"noise": "gaussian", "noise_low": 0.02, "noise_high": 0.2, "grey_share": 0.33}


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings that suit a dataset better than the textbook's: colour or large images want convolutions."""
    height, width, channels = spec.image_shape
    if channels == 1 and height * width <= 32 * 32:
        return {}
    return {"architecture": "conv", "batch_size": 16, **PHOTOS}


def check(config: DenoisingConfig, spec: DataSpec) -> None:
    """Refuse a range that is upside down, and sides that do not halve twice.

    Raises:
        ConfigError: naming the field.
    """
    if config.architecture != "dense":
        resolutions.check_multiple(spec.image_shape, 4, "architecture")
    if config.noise_low > config.noise_high:
        raise ConfigError({"noise_high": f"must be at least noise_low, which is {config.noise_low}"})


# --- Networks --------------------------------------------------------------------------------------------------------


def dense_networks(config: DenoisingConfig, shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    """The textbook's encoder (100, 30) and decoder (100, pixels)."""
    seeds = itertools.count(config.seed * 1_000)

    def dense(units: int, activation: str | None, name: str, bias: float = 0.0) -> layers.Dense:
        init, begin = keras.initializers.GlorotUniform(seed=next(seeds)), keras.initializers.Constant(bias)
        return layers.Dense(units, activation, kernel_initializer=init, bias_initializer=begin, name=name)

    image = keras.Input(shape, name="image")  # (b, h, w, c)
    x = dense(100, "relu", "hidden_1")(layers.Flatten(name="flatten")(image))
    encoder = keras.Model(image, dense(config.latent_size, "relu", "coding", bias=1.0)(x), name="encoder")

    coding = keras.Input((config.latent_size,), name="coding")  # (b, latent_size)
    x = dense(int(np.prod(shape)), None, "pixels")(dense(100, "relu", "hidden_2")(coding))  # (b, h * w * c)
    return encoder, keras.Model(coding, layers.Reshape(shape)(x), name="decoder")


def conv_coding_networks(config: DenoisingConfig, shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    """Five convolutions and three poolings down to the codings; two transposed convolutions up again."""
    height, width, channels = shape
    seeds = itertools.count(config.seed * 1_000)

    def conv(filters: int, name: str, kind: type = layers.Conv2D, stride: int = 1) -> Any:
        init = keras.initializers.HeNormal(seed=next(seeds))
        return kind(filters, 3, stride, "same", activation="relu", kernel_initializer=init, name=name)

    def dense(units: int, name: str, bias: float) -> layers.Dense:
        init, begin = keras.initializers.GlorotUniform(seed=next(seeds)), keras.initializers.Constant(bias)
        return layers.Dense(units, "relu", kernel_initializer=init, bias_initializer=begin, name=name)

    image = keras.Input(shape, name="image")  # (b, h, w, c)
    x = layers.MaxPooling2D()(conv(16, "conv_1")(image))  # (b, h/2, w/2, 16)
    x = layers.MaxPooling2D()(conv(32, "conv_3")(conv(32, "conv_2")(x)))  # (b, h/4, w/4, 32)
    x = layers.MaxPooling2D()(conv(64, "conv_5")(conv(64, "conv_4")(x)))  # (b, h/8, w/8, 64)
    x = dense(config.latent_size, "coding", 1.0)(layers.Flatten(name="flatten")(x))
    encoder = keras.Model(image, x, name="encoder")

    coding = keras.Input((config.latent_size,), name="coding")  # (b, latent_size)
    x = dense(height // 4 * (width // 4) * 32, "spread", 0.0)(coding)
    x = layers.Reshape((height // 4, width // 4, 32))(x)
    x = conv(16, "up_2", layers.Conv2DTranspose, 2)(conv(32, "up_1", layers.Conv2DTranspose, 2)(x))  # (b, h, w, 16)
    return encoder, keras.Model(coding, layers.Conv2D(channels, 3, padding="same", name="pixels")(x), name="decoder")


def conv_network(config: DenoisingConfig, channels: int) -> keras.Model:
    """A small U-Net: two convolutions at half size, four at a quarter, two at half size again; ``depth`` adds more.

    Working at half size (each pixel's 2 x 2 neighbours become channels) costs a quarter of the time and lets the
    network see 52 pixels around. Input (b, h, w, channels), h and w multiples of 4, and with conditioning "level" the
    strength (b, 1, 1, 1); output the clean image, not clipped.
    """
    seeds, numbers = itertools.count(config.seed * 1_000), itertools.count(1)

    def conv(width: int, kind: type = layers.Conv2D, size: int = 3, stride: int = 1, act: str | None = "relu") -> Any:
        init, name = keras.initializers.HeNormal(seed=next(seeds)), f"conv_{next(numbers)}"
        return kind(width, size, stride, padding="same", activation=act, kernel_initializer=init, name=name)

    up = layers.Conv2DTranspose
    narrow, wide = config.width, config.width * 4 // 3
    image = keras.Input((None, None, channels), name="image")
    inputs, x = [image], image
    if config.conditioning == "level":
        level = keras.Input((1, 1, 1), name="level")
        inputs.append(level)
        x = layers.Concatenate()([x, ops.ones_like(image[..., :1]) * level])  # (b, h, w, c + 1)
    half = conv(narrow)(conv(narrow, size=2, stride=2)(x))  # (b, h/2, w/2, narrow)
    half = deeper(conv(narrow)(half), config.depth, seeds, "down")
    x = conv(wide, size=2, stride=2, act=None)(half)  # (b, h/4, w/4, wide)
    for _ in range(2):
        x = layers.Add()([x, conv(wide, act=None)(conv(wide)(x))])
    x = layers.Add()([half, conv(narrow, up, 2, 2, None)(x)])  # (b, h/2, w/2, narrow)
    x = deeper(conv(narrow)(conv(narrow)(x)), config.depth, seeds, "up")
    last = up(channels, 2, 2, kernel_initializer="zeros", name="noise")  # at first it sees no noise at all
    return keras.Model(inputs, layers.Subtract()([image, last(x)]), name="denoiser")


def deeper(x: Any, depth: int, seeds: Iterator[int], side: str) -> Any:
    """Residual blocks on (b, h, w, c); their second convolutions begin at zero, so at first they change nothing."""
    width = x.shape[-1]
    for number in range(1, depth + 1):
        first = keras.initializers.HeNormal(seed=next(seeds))
        hidden = layers.Conv2D(width, 3, 1, "same", kernel_initializer=first, name=f"{side}_{number}_in")(x)
        change = layers.Conv2D(width, 3, 1, "same", kernel_initializer="zeros", name=f"{side}_{number}_out")
        x = layers.Add()([x, change(ops.relu(hidden))])
    return x


# --- The models ------------------------------------------------------------------------------------------------------


class Denoiser(FamilyModel):
    """What both denoisers share: the noise, the loss of a batch, PSNR.

    Args:
        config: the settings.
        spec: the shape of the training images, (height, width, channels) in [0, 1].
        name: of the Keras model.
    """

    def __init__(self, config: DenoisingConfig, spec: DataSpec, name: str) -> None:
        super().__init__(name=name)
        check(config, spec)
        self.config, self.spec = config, spec
        self.noise_kind = config.noise
        self.noise_range = (config.noise_low, config.noise_high)
        self.draws = keras.random.SeedGenerator(config.seed)
        self.psnr_tracker = keras.metrics.Mean(name="psnr")

    def disturbed(self, images: Any, seed: Any, grey: Any = None) -> tuple[Any, Any]:
        """Disturb a batch with a strength drawn for each image: (disturbed (b, h, w, c), strengths (b, 1, 1, 1))."""
        low, high = self.noise_range
        strength = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, max(high, low + 1e-7), seed=seed)
        noisy = noise.disturb(images, self.config.noise, strength, seed, grey)
        return (noisy if self.config.noise == "dropout" else ops.clip(noisy, 0.0, 1.0)), strength  # as in use

    def score(self, clean: Any, generated: Any) -> None:
        """Count the mean over images of 10 log10(1 / MSE), in decibels."""
        self.psnr_tracker.update_state(ops.mean(noise.psnr(clean, generated)), sample_weight=ops.shape(clean)[0])

    def disturb(self, images: Images, seed: int) -> Images:
        """Pictures with noise in the middle of the range that the model was trained on (n, h, w, c) in [0, 1]."""
        low, high = self.noise_range
        return noise.add(images, self.noise_kind, (low + high) / 2, seed)

    def ports(self) -> dict[str, Port]:
        """What goes in and out of the exported networks."""
        return denoiser_ports(self.noise_kind, self.noise_range)


class CodingDenoiser(Denoiser):
    """A denoising autoencoder with codings; it works with plain ``compile()`` and ``fit(images)``.

    The decoder's output is not squashed while it learns, as in the textbook; images for people are clipped.
    """

    def __init__(self, config: DenoisingConfig, spec: DataSpec) -> None:
        super().__init__(config, spec, "coding_denoiser")
        self.latent_size = config.latent_size
        networks = dense_networks if config.architecture == "dense" else conv_coding_networks
        self.encoder, self.decoder = networks(config, spec.image_shape)
        self.typical = self.add_weight(
            shape=(2, config.latent_size), initializer="zeros", trainable=False, name="typical"
        )
        self.built = True

    def call(self, images: Any, training: bool | None = None) -> dict[str, Any]:
        """Disturb (in training only), encode, decode. ``images`` (b, h, w, c) -> image and coding."""
        if training:
            images, _ = self.disturbed(images, self.draws)
        coding = self.encoder(images, training=training)
        return {"image": self.decoder(coding, training=training), "coding": coding}

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean squared error against the clean image."""
        if training:
            moments = ops.stack([ops.mean(y_pred["coding"], axis=0), ops.mean(ops.square(y_pred["coding"]), axis=0)])
            self.typical.assign(0.99 * self.typical + 0.01 * moments)
        self.score(x, y_pred["image"])
        return ops.mean(ops.square(x - y_pred["image"]))

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """Nadam, as in the textbook."""
        return keras.optimizers.Nadam(learning_rate=self.config.learning_rate)

    # --- What it can do: the capabilities Encodes, Decodes, Reconstructs and Denoises ---

    def encode(self, images: Images) -> Codings:
        """(n, h, w, c) -> (n, latent_size), 0 or more."""
        return predict(self.encoder, images)[0]

    def decode(self, codings: Codings) -> Images:
        """Paint codings: (n, latent_size) -> (n, h, w, c) in [0, 1]."""
        generated: Images = np.clip(predict(self.decoder, codings)[0], 0.0, 1.0)
        return generated

    def reconstruct(self, images: Images) -> Images:
        """Squeeze images through their codings and paint them again."""
        return self.decode(self.encode(images))

    def sample_codings(self, count: int, seed: int) -> Codings:
        """Draw codings of the kind that training saw.

        A denoising autoencoder has no prior. Each coding is drawn by itself from a normal distribution with the moving
        mean and spread of training, cut at 0; what belongs together is not known, so images of them are rough.
        """
        mean, square = read_variable(self.typical)
        std = np.sqrt(np.maximum(square - mean**2, 0.0))
        drawn = np.random.default_rng(seed).standard_normal((count, self.latent_size), dtype=np.float32)
        codings: Codings = np.maximum(mean + std * drawn, 0.0).astype(np.float32)
        return codings

    def effect(self, shape: tuple[int, int, int]) -> str:
        """What happens to an image of another shape than the training images'."""
        return fit_to_model.effect(shape, self.spec.image_shape)

    def denoise(self, images: Images, *, strength: float | None = None, work: Work = SILENT) -> Images:
        """Clean images; see ``effect`` for what happens to size and colour.

        ``strength`` is the share that is missing, for a model that learned with dropout (None: it is measured in each
        image); for other kinds of noise it makes no difference.
        """
        work.check()
        shown = fit_to_model.fitted(images, self.spec.image_shape)
        if self.config.noise == "dropout":  # measured before resizing has smeared what is missing
            shown = noise.undropped(shown, noise.levels(images, "dropout", self.noise_range, strength))
        clean = self.decode(predict(self.encoder, shown)[0])
        work.tell("Denoising", 1, 1)
        return clean

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras networks inside, for export."""
        return {"encoder": self.encoder, "decoder": self.decoder}


class ConvDenoiser(Denoiser):
    """A convolutional denoiser for images of any size; it works with plain ``compile()`` and ``fit(patches)``."""

    def __init__(self, config: DenoisingConfig, spec: DataSpec) -> None:
        super().__init__(config, spec, "conv_denoiser")
        self.network = conv_network(config, spec.image_shape[2])
        self.built = True

    def clean(self, images: Any, strength: Any, training: bool | None = None) -> Any:
        """The network on a batch (b, h, w, c) whose noise has these strengths (b, 1, 1, 1)."""
        told = self.config.conditioning == "level"
        return self.network([images, strength] if told else images, training=training)

    def call(self, images: Any, training: bool | None = None) -> dict[str, Any]:
        """Disturb (in training only) and clean. ``images`` (b, h, w, c) -> image, and target in training."""
        if training:
            target, noisy, strength = self.task(images, self.draws)
            return {"image": self.clean(noisy, strength, training), "target": target}
        strength = ops.full((ops.shape(images)[0], 1, 1, 1), sum(self.noise_range) / 2)
        return {"image": self.clean(images, strength, training)}

    def task(self, images: Any, seed: Any) -> tuple[Any, Any, Any]:
        """What to learn from a batch: targets, noisy images (both (b, h, w, c)), strengths (b, 1, 1, 1)."""
        grey = None
        if self.config.grey_share and images.shape[3] > 1:
            images, grey = noise.some_grey(images, self.config.grey_share, seed)
        noisy, strength = self.disturbed(images, seed, grey)
        return images, ops.clip(noisy, 0.0, 1.0), strength  # clipped: it gives back what it sees no noise in

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean absolute error against the clean image; a validation disturbs with the same noise every time."""
        if training:
            target, generated = y_pred["target"], y_pred["image"]
        else:
            target, noisy, strength = self.task(x, self.config.seed)
            generated = self.clean(noisy, strength, False)
        self.score(target, generated)
        return ops.mean(ops.abs(target - generated))

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """Adam; a run is finished with smaller steps by ``resume --learning-rate``."""
        return Adam(learning_rate=self.config.learning_rate)

    # --- What it can do: the capabilities Denoises and Reconstructs ---

    def denoise(self, images: Images, *, strength: float | None = None, work: Work = SILENT) -> Images:
        """Clean images of any size (n, h, w, 1 to 4); large ones in tiles, transparency is left out.

        Args:
            images: float32 in [0, 1].
            strength: of the noise in training's unit; None: Gaussian noise is measured in each image, for other
                kinds the middle of the training range is assumed; what dropout left out is measured, too.
            work: told (tiles done, tiles in all) of all images; checked before every tile.

        Raises:
            Cancelled: if ``work`` is cancelled.
        """
        images = tiling.opaque(images)
        parts = [Part(work, "Denoising", number, len(images)) for number in range(len(images))]
        cleaned = [self._one(image, strength, part) for image, part in zip(images, parts, strict=True)]
        if not cleaned:
            return np.zeros(images.shape, np.float32)
        return cleaned[0][None] if len(cleaned) == 1 else np.stack(cleaned)

    def _one(self, image: Any, strength: float | None, work: Work) -> Images:
        """One image (h, w, 1 or 3): grey for a colour model is repeated, colour for a grey one goes by channels."""
        level = noise.assumed(image, self.config.noise, self.noise_range) if strength is None else strength
        network = tiling.for_channels(self.spec.image_shape[2], lambda tiles: self._answer(tiles, level))
        if image.shape[0] * image.shape[1] <= TWICE:
            network = tiling.both_ways_up(network)
        cleaned = tiling.in_tiles(image, network, work=work)
        np.clip(cleaned, 0.0, 1.0, out=cleaned)
        return cleaned

    def _answer(self, tiles: Images, level: float) -> Images:
        if self.config.noise == "dropout":
            tiles = np.clip(noise.undropped(tiles, level), 0.0, 1.0)  # as ``task`` shows them
        told = [tiles, np.full((len(tiles), 1, 1, 1), level, np.float32)]
        answer: Images = np.asarray(self.network.predict_on_batch(told if len(self.network.inputs) > 1 else tiles))
        return answer

    def reconstruct(self, images: Images) -> Images:
        """What the model makes of images that nobody disturbed: the better, the less it changes."""
        return self.denoise(images)

    def effect(self, shape: tuple[int, int, int]) -> str:
        """Nothing happens to size or colour; transparency is left out."""
        return "Transparency is left out." if shape[2] in (2, 4) else ""

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras network inside, for export."""
        return {"denoiser": self.network}


def build(config: DenoisingConfig, spec: DataSpec) -> Denoiser:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet."""
    return ConvDenoiser(config, spec) if config.architecture == "conv" else CodingDenoiser(config, spec)


# Lessons. Dropout at the input scales what is left by 1 / (1 - rate), so the encoder sees the same mean brightness in
# training and afterwards; a mask does not: an image of which half is missing must be made brighter before the network
# sees it, or it comes out half dark (12.9 instead of 18.1 dB). Codings that begin with a bias of 0 die: 18 of the 30
# were silent for every image after ten epochs; with a bias of 1 none is. The last layer of the convolutional network
# starts at zero: its first answer is the noisy image itself, and it never has to learn the identity.
