"""Sparse autoencoders: many coding units, and a penalty on their activity that is meant to let each image use a few.

The idea. With 300 coding units for a small image nothing forces an autoencoder to summarise. Two penalties on activity
are meant to: the sum of the activations (L1), which pushes every unit down at every moment, and the divergence of each
unit's mean activation over the batch from a target (KL), which lets a unit be fully active as long as it is so seldom.

What KL asks for is a mean, and a mean is not sparsity: a unit that is always at 0.1 has a mean of 0.1, too. So what
sparsity is, is measured image by image beside the mean: Hoyer's measure, 0 where all units are equally active and 1
where one unit alone is, and the shares of units above 0.5 and below 0.02. The lessons say what came out.

Notation. x image, a_k activation of unit k in (0, 1), q_k its mean over the batch, p the target, w the weight.

    loss = MSE(x, decoder(a)) + w * penalty
    L1 penalty = mean over images of sum_k |a_k|
    KL penalty = sum_k [ p log(p / q_k) + (1 - p) log((1 - p) / (1 - q_k)) ]        (two Bernoulli distributions)

Weight and target are variables of the model, not trained: a training that runs can be given others, and a checkpoint
remembers them.

Sources: A. Ng, "Sparse autoencoder", CS294A lecture notes, 2011, section 3 (the KL penalty); P. Hoyer, "Non-negative
Matrix Factorization with Sparseness Constraints", 2004, equation 8.
"""

from __future__ import annotations

import itertools
from typing import Any, Literal

import keras
import numpy as np
from keras import layers, ops

from models.core import state
from models.core.arrays import Codings, Images
from models.core.curves import CurveGroup
from models.core.evaluation.metrics import ACTIVE, QUIET
from models.core.family import About, Config, DataSpec, Figure, check_sparsity, setting
from models.core.family_model import CLIPPED, FamilyModel, Port
from models.core.inference import predict
from models.core.keras_internals import read_variable

TITLE = "Sparse autoencoder"


def costs(target: float = 0.1) -> Figure:
    """What a unit costs by its mean activation q: KL, and what one might pay instead, the MSE and the MAE."""
    q = np.linspace(0.001, 0.999, 200)
    kl = target * np.log(target / q) + (1.0 - target) * np.log((1.0 - target) / (1.0 - q))
    off = {"KL divergence": kl, "MAE": np.abs(q - target), "MSE": np.square(q - target)}
    lines = tuple((name, tuple(values.tolist())) for name, values in off.items())
    caption = "Penalty of a unit by its mean activation: away from the target, KL grows faster than MSE and MAE."
    return Figure(caption, tuple(q.tolist()), lines, "mean activation q", 0.95, (target, f"target p = {target}"))


ABOUT = About(
    text=(
        "A sparse autoencoder has many coding units and a penalty on their activity: on all of it (L1), or on a mean "
        "activation that is off the target (KL). The mean should settle near the target (KL) or keep falling (L1); "
        "whether the codings are sparse is told by Hoyer's measure and by the share of units that are active in an "
        "image, not by the mean. If the penalty is too large, all units become inactive and the images turn grey."
    ),
    equation="loss = MSE(x, g(a)) + w·Σ|a|   or   + w·Σ [p log(p/q) + (1−p) log((1−p)/(1−q))]",
    paper="Ng, Sparse autoencoder (CS294A lecture notes), 2011",
    figure=costs(),
)
CURVES = (
    CurveGroup("loss", ("loss", "reconstruction")),
    CurveGroup("penalty", ("penalty",)),
    CurveGroup("activity", ("mean_activation", "target")),
    CurveGroup("sparsity", ("hoyer", "share_active", "share_quiet"), limits=(0.0, 1.0)),
)
EPSILON = 1e-7  # keeps logarithms finite where a unit is always or never active
MOMENTUM = 0.99  # of the moving mean activation that sample_codings draws from


# --- Hyper-parameters. The defaults are the textbook's. --------------------------------------------------------------


class SparseConfig(Config):
    """Settings of a sparse autoencoder; the defaults are the textbook's with the KL penalty."""

    penalty: Literal["l1", "kl"] = setting(
        "kl", "Penalise all activity (L1) or a mean activation off the target (KL).", group="model"
    )
    l1_weight: float = setting(1e-4, "Weight of the L1 penalty (L1 only).", group="model", ge=0, le=10)
    kl_weight: float = setting(5e-3, "Weight of the KL penalty (KL only).", group="model", ge=0, le=10)
    target: float = setting(0.1, "Mean activation that each unit should have (KL only).", group="model", gt=0, lt=1)
    latent_size: int = setting(300, "Number of coding units.", unit="units", group="model", ge=1, le=4096)


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings that suit a dataset better: more pixels want more units."""
    values = int(np.prod(spec.image_shape))
    return {} if values <= 32 * 32 else {"latent_size": 512, "batch_size": 64, "epochs": 20}


# --- Networks and penalties ------------------------------------------------------------------------------------------


def networks(config: SparseConfig, shape: tuple[int, int, int]) -> tuple[keras.Model, keras.Model]:
    """Encoder (100 relu, sigmoid units that begin at 0.5, as in the textbook) and decoder (100 relu, pixels)."""
    seeds = itertools.count(config.seed * 1_000)

    def dense(units: int, activation: str | None, name: str) -> layers.Dense:
        init = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Dense(units, activation, kernel_initializer=init, name=name)  # biases begin at 0

    image = keras.Input(shape, name="image")  # (b, h, w, c)
    x = dense(100, "relu", "hidden_1")(layers.Flatten(name="flatten")(image))
    encoder = keras.Model(image, dense(config.latent_size, "sigmoid", "coding")(x), name="encoder")

    coding = keras.Input((config.latent_size,), name="coding")  # (b, latent_size)
    x = dense(int(np.prod(shape)), None, "pixels")(dense(100, "relu", "hidden_2")(coding))  # (b, h * w * c)
    return encoder, keras.Model(coding, layers.Reshape(shape)(x), name="decoder")


def l1_penalty(activations: Any) -> Any:
    """Mean over images of the sum of |activation|: (b, units) -> scalar."""
    return ops.mean(ops.sum(ops.abs(activations), axis=-1))


def kl_penalty(activations: Any, target: Any) -> Any:
    """Divergence of the units' mean activations over the batch from the target, both Bernoulli terms, summed.

    Args:
        activations: (b, units) in (0, 1); a batch that is too small gives means that say little.
        target: scalar in (0, 1).
    """
    q = ops.clip(ops.mean(activations, axis=0), EPSILON, 1.0 - EPSILON)  # (units,)
    return ops.sum(target * ops.log(target / q) + (1.0 - target) * ops.log((1.0 - target) / (1.0 - q)))


def hoyer(activations: Any) -> Any:
    """Hoyer's sparseness of each image: (b, units) -> (b,), 0 where all units are equal, 1 where one alone is active.

    (sqrt(n) - sum |a| / sqrt(sum a^2)) / (sqrt(n) - 1)
    """
    root = float(activations.shape[-1]) ** 0.5
    length = ops.sqrt(ops.sum(ops.square(activations), axis=-1))
    ratio = ops.sum(ops.abs(activations), axis=-1) / ops.maximum(length, EPSILON)
    return (root - ratio) / max(root - 1.0, EPSILON)


# --- The model -------------------------------------------------------------------------------------------------------


class SparseAutoencoder(FamilyModel):
    """A sparse autoencoder that works with plain ``compile()`` and ``fit(images)``.

    Args:
        config: the settings; the weight and target in them are where the model begins.
        spec: the shape of the images, (height, width, channels) in [0, 1].
    """

    def __init__(self, config: SparseConfig, spec: DataSpec) -> None:
        super().__init__(name="sparse")
        self.config, self.spec = config, spec
        self.latent_size = config.latent_size
        self.encoder, self.decoder = networks(config, spec.image_shape)
        weight = config.l1_weight if config.penalty == "l1" else config.kl_weight
        self.penalty_weight = self._variable((), weight, "penalty_weight")
        self.target = self._variable((), config.target, "target")
        self.usual = self._variable((2, config.latent_size), 0.5, "usual_activation")  # mean, mean square
        self.usual.assign(self.usual * np.array([[1.0], [0.5]], np.float32))
        names = ("reconstruction", "penalty", "mean_activation", "hoyer", "share_active", "share_quiet")
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
        self.built = True

    def _variable(self, shape: tuple[int, ...], value: float, name: str) -> Any:
        init = keras.initializers.Constant(value)
        return self.add_weight(shape=shape, initializer=init, trainable=False, name=name)

    def call(self, images: Any, training: bool | None = None) -> dict[str, Any]:
        """Encode and decode. ``images`` (b, h, w, c) -> image and activations (b, latent_size)."""
        activations = self.encoder(images, training=training)
        return {"image": self.decoder(activations, training=training), "activations": activations}

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean squared error plus the penalty; ``penalty`` in the curves is what is added, weight included."""
        activations = y_pred["activations"]
        reconstruction = ops.mean(ops.square(x - y_pred["image"]))
        sparse = l1_penalty(activations) if self.config.penalty == "l1" else kl_penalty(activations, self.target)
        penalty = self.penalty_weight * sparse
        if training:
            moments = ops.stack([ops.mean(activations, axis=0), ops.mean(ops.square(activations), axis=0)])
            self.usual.assign(MOMENTUM * self.usual + (1.0 - MOMENTUM) * moments)
        found = {
            "reconstruction": reconstruction,
            "penalty": penalty,
            "mean_activation": ops.mean(activations),
            "hoyer": ops.mean(hoyer(activations)),
            "share_active": ops.mean(ops.cast(activations > ACTIVE, "float32")),
            "share_quiet": ops.mean(ops.cast(activations < QUIET, "float32")),
        }
        for name, value in found.items():
            self.trackers[name].update_state(value, sample_weight=ops.shape(x)[0])
        return reconstruction + penalty

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """Nadam, as in the textbook."""
        return keras.optimizers.Nadam(learning_rate=self.config.learning_rate)

    # --- What it can do: the capabilities HasSparsity, Encodes, Decodes and Reconstructs ---

    def unit_activations(self, images: Images) -> Codings:
        """(n, h, w, c) -> (n, latent_size) in (0, 1)."""
        return self.encode(images)

    def unit_means(self, images: Images) -> Codings:
        """The mean activation of each unit over the images, (latent_size,)."""
        means: Codings = self.encode(images).mean(axis=0)
        return means

    def sparsity(self) -> tuple[float, float]:
        """(weight, target) as they are now."""
        state.settle(self)
        return float(self.penalty_weight.value), float(self.target.value)

    def set_sparsity(self, weight: float, target: float) -> None:
        """Change weight (0 to 10) and target (between 0 and 1), between two batches of a training or outside of one.

        Raises:
            ConfigError: if one of them is out of range.
        """
        check_sparsity(weight, target)
        state.settle(self)
        self.penalty_weight.assign(weight)
        self.target.assign(target)

    def encode(self, images: Images) -> Codings:
        """(n, h, w, c) -> (n, latent_size) in (0, 1)."""
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

        A sparse autoencoder has no prior. Each unit is drawn around its moving mean activation in training with its own
        spread, independently of the others; which units go together is not known, so images of such codings show
        the units' vocabulary rather than clothes.
        """
        mean, square = read_variable(self.usual)
        std = np.sqrt(np.maximum(square - mean**2, 0.0))
        noise = np.random.default_rng(seed).standard_normal((count, self.latent_size), dtype=np.float32)
        codings: Codings = np.clip(mean + std * noise, 0.0, 1.0).astype(np.float32)
        return codings

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras networks inside, for export."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    def ports(self) -> dict[str, Port]:
        """What goes in and out of them."""
        return {"image": CLIPPED, "coding": Port("how active each unit is", 0.0, 1.0)}


CONFIG = SparseConfig


def build(config: SparseConfig, spec: DataSpec) -> SparseAutoencoder:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet."""
    return SparseAutoencoder(config, spec)


# Lessons. A mean on target is no sparsity: begun as the textbook does, at 0.5, the units stray for a while (Hoyer 0.147
# after one pass over Fashion-MNIST, 0.080 after three) and then settle, all of them and for every image, at the target
# (0.041 after ten, not one unit in a thousand above 0.5), at a validation loss of 0.0098. The KL penalty looks at the
# mean over the batch, so its validation depends a little on the batch size: means of few images stray from the target
# by chance, and that costs. Both terms are needed: without (1 - p) log(...) a unit that is always on would be cheap.
