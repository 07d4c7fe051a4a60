"""Progressive growing: first images of 4 x 4 pixels, then twice the size, and twice again.

The idea. What a face is can be learned from sixteen pixels in no time, what an eye is cannot. So both networks begin
with the smallest size; when they have learned it, one block of layers for twice the size is added to each. The new
block fades in: at first the image is the old one with larger pixels, in the end the new block's alone. Three layers
keep the contest in balance: the equalised learning rate, the normalisation of each pixel in the generator, and one map
at the discriminator's end that says how much a batch differs.

Notation. x image, z coding, l level (0 for 4 x 4), a = alpha from 0 to 1, up nearest neighbour, down mean of 2 x 2.

    G_l(z) = (1 - a) up(rgb_(l-1)(h_(l-1))) + a rgb_l(h_l)            h_l = block_l(up(h_(l-1)))
    D_l(x) = D'_(l-1)((1 - a) from_(l-1)(down(x)) + a down(block_l(from_l(x))))
    phases: 4 x 4 | fading to 8 x 8 | 8 x 8 | fading to 16 x 16 | ...

Source: T. Karras, T. Aila, S. Laine and J. Lehtinen, "Progressive Growing of GANs for Improved Quality, Stability, and
Variation", 2018, arXiv:1710.10196. The loss is the logistic one with a gradient penalty instead of WGAN-GP.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from models.core.adversarial import resolutions
from models.core.adversarial.base import Adversarial
from models.core.adversarial.config import CURVES_OF_BOTH, GRADIENTS, NETWORKS, EqualisedConfig
from models.core.adversarial.equalised_layers import EqualisedConv, EqualisedDense, MinibatchDeviation, PixelNorm, leaky
from models.core.adversarial.probabilities import Probabilities
from models.core.adversarial.steps_by_level import StepsByLevel
from models.core.arrays import Codings, Images
from models.core.curves import CurveGroup
from models.core.errors import ConfigError
from models.core.family import About, DataSpec, setting
from models.core.inference import predict
from models.core.keras_internals import read_variable
from models.core.training.latest_metric import Latest

TITLE = "Progressive growing"
ABOUT = About(
    text=(
        "Both networks begin with images of 4 x 4 pixels and grow: a block for twice the size is added and fades in "
        "while alpha goes from 0 to 1. Coarse structure is learned first and quickly, fine structure later on top of "
        "it. Watch the resolution and alpha among the curves: the losses jump a little whenever a block fades in."
    ),
    equation="G_l(z) = (1 − α) up(G_{l−1}(z)) + α G'_l(z),  α: 0 → 1",
    paper="Karras, Aila, Laine and Lehtinen, Progressive Growing of GANs, 2018, arXiv:1710.10196",
)
GROWTH = ("resolution", "alpha", "phase")
CURVES = (
    *CURVES_OF_BOTH,
    CurveGroup("resolution", ("resolution",)),
    CurveGroup("alpha", ("alpha",), limits=(0.0, 1.0), level=(1.0, "the new block alone")),
    CurveGroup("phase", ("phase",)),
)


# --- Hyper-parameters ------------------------------------------------------------------------------------------------


class ProGANConfig(EqualisedConfig):
    """Settings of progressive growing; the default widths want a GPU, see ``suggest`` for a CPU."""

    phase_images: int = setting(
        100_000, "Real images that each phase sees; a size fades in during one phase and stays for another.",
        unit="images", ge=1, le=10_000_000,
    )  # fmt: skip
    learning_rate: float = setting(1e-3, "Step size of the optimizer.", gt=0.0, le=1.0)
    batch_size: int = setting(32, "Images per training step.", unit="images", ge=1, le=4096)
    full_size_batch: int = setting(
        0, "Images per step at the full size, which needs the most memory; 0: as at the smallest size.",
        unit="images", ge=0, le=4096,
    )  # fmt: skip


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings for a CPU: narrow layers, short phases, and passes enough to see them all and some more."""
    height, width, channels = spec.image_shape
    if channels == 1 and height * width <= 32 * 32:
        return {"latent_size": 64, "width": 48, "phase_images": 60_000, "epochs": 12}
    return {"latent_size": 128, "width": 64, "phase_images": 40_000, "batch_size": 16, "epochs": 60}


def too_short(config: ProGANConfig, spec: DataSpec, steps: int) -> str:
    """What a run of so many steps would not reach; "" if it grows to the full size and learns there for a phase."""
    sizes = resolutions.sizes(spec.image_shape, "progan")
    schedule = Schedule(config.phase_images, batches(config, len(sizes)))
    wanted = schedule.end + schedule.steps(2 * len(sizes) - 2)
    if steps >= wanted:
        return ""
    height, width = sizes[schedule.level(steps)]
    return (
        f"It ends after {steps:,} steps at {height} x {width} pixels; growing to the full size and learning there "
        f"takes {wanted:,}. Ask for more epochs or fewer phase images."
    )


def batches(config: ProGANConfig, levels: int) -> tuple[int, ...]:
    """Images that a step looks at, a number for each size: from ``batch_size`` down to ``full_size_batch``.

    Raises:
        ConfigError: if the second is larger than the first.
    """
    first, last = config.batch_size, config.full_size_batch or config.batch_size
    if last > first:
        raise ConfigError({"full_size_batch": f"must not be larger than the batch size, {first}"})
    return tuple(round(first * (last / first) ** (level / (levels - 1))) for level in range(levels))


@dataclass(frozen=True)
class Schedule:
    """Which size is learned at which step, and how far it has faded in.

    Attributes:
        images: that each phase sees, at least; a phase ends with a whole step.
        batches: images of a step, one number for each size.
    """

    images: int
    batches: tuple[int, ...]

    def steps(self, phase: int) -> int:
        """How many steps a phase takes."""
        return -(-self.images // self.batches[(phase + 1) // 2])

    def start(self, phase: int) -> int:
        """The first step of a phase."""
        return sum(self.steps(before) for before in range(phase))

    def phase(self, step: int) -> int:
        """0 for the smallest size, then two for each size: odd while it fades in, even while it stays."""
        last = 2 * (len(self.batches) - 1)
        return next(phase for phase in range(last, -1, -1) if step >= self.start(phase))

    def level(self, step: int) -> int:
        """0 for the smallest size."""
        return (self.phase(step) + 1) // 2

    def alpha(self, level: int, step: Any) -> Any:
        """From 0 to 1 while a level fades in, 1 afterwards and for the smallest one; ``step`` may be a tensor."""
        faded = (step - self.start(2 * level - 1)) / self.steps(2 * level - 1) if level else 1.0
        return ops.clip(ops.cast(faded, "float32"), 0.0, 1.0)

    @property
    def end(self) -> int:
        """The first step of the last phase, in which nothing grows any more."""
        return self.start(2 * (len(self.batches) - 1))


# --- Networks --------------------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("studio")
class Fade(layers.Layer):
    """(1 - alpha) old + alpha new, with alpha (b or 1, 1): what grows is at first the old one alone, then the new."""

    def call(self, inputs: list[Any]) -> Any:
        """Two of (b, h, w, c) -> (b, h, w, c)."""
        old, new, alpha = inputs
        share = ops.reshape(alpha, (-1, 1, 1, 1))
        return (1.0 - share) * old + share * new

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """(b, h, w, c)."""
        return input_shape[0]


class Levels(keras.Model):
    """The networks of all sizes, which share their layers. A call asks the one of ``level``.

    Args:
        networks: one a level, each taking [coding or image, alpha].
        name: of the whole.
    """

    def __init__(self, networks: list[keras.Model], name: str) -> None:
        super().__init__(name=name)
        self.networks, self.level = networks, 0
        self.built = True

    def call(self, inputs: list[Any], training: bool | None = None) -> Any:
        """What the network of this level says."""
        return self.networks[self.level](inputs, training=training)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of what is given beside alpha."""
        shape: tuple[int | None, ...] = self.networks[0].input_shape[0]
        return shape


def generators(config: ProGANConfig, shape: tuple[int, int, int]) -> Levels:
    """[coding (b, d), alpha] -> images of each size, about [0, 1] (not clipped); each pixel is normalised."""
    seeds = itertools.count(config.seed * 1_000)
    sizes = resolutions.sizes(shape, "progan")
    coding, alpha = keras.Input((config.latent_size,), name="coding"), keras.Input((1,), name="alpha")
    unit, double = layers.Rescaling(0.5, 0.5, name="to_unit"), layers.UpSampling2D(2, interpolation="nearest")

    def block(x: Any, size: tuple[int, int], which: str) -> Any:
        name = f"{which}_{size[0]}"
        conv = EqualisedConv(config.channels(size), 3, half=config.half_precision, seed=next(seeds), name=name)
        return PixelNorm()(leaky(conv(x)))

    first = (*sizes[0], config.channels(sizes[0]))
    x = EqualisedDense(int(np.prod(first)), seed=next(seeds), name="spread")(PixelNorm(name="unit")(coding))
    x = block(PixelNorm()(leaky(layers.Reshape(first)(x))), sizes[0], "second")
    networks, old = [], None
    for level, size in enumerate(sizes):
        if level:
            x = block(block(double(x), size, "first"), size, "second")
        new = EqualisedConv(shape[2], 1, seed=next(seeds), name=f"to_colour_{size[0]}")(x)
        faded = Fade(name=f"fade_{size[0]}")([new if old is None else double(old), new, alpha])
        networks.append(keras.Model([coding, alpha], unit(faded), name=f"paints_{size[0]}"))
        old = new
    return Levels(networks, "generator")


def discriminators(config: ProGANConfig, shape: tuple[int, int, int]) -> Levels:
    """[images of each size, alpha] -> one logit; from the largest size down, then how much the batch differs."""
    seeds = itertools.count(config.seed * 1_000 + 500)
    sizes = resolutions.sizes(shape, "progan")
    shrink, signed = layers.AveragePooling2D(2), layers.Rescaling(2.0, -1.0, name="to_signed")

    def conv(size: tuple[int, int], kernel: int, name: str) -> Callable[[Any], Any]:
        half = config.half_precision and kernel > 1
        layer = EqualisedConv(config.channels(size), kernel, half=half, seed=next(seeds), name=f"{name}_{size[0]}")
        return lambda x: leaky(layer(x))

    enter = [conv(size, 1, "from_colour") for size in sizes]
    same = [conv(size, 3, "same") for size in sizes]
    wider = [conv(smaller, 3, f"from_{size[0]}_to") for smaller, size in itertools.pairwise(sizes)]
    hidden = EqualisedDense(config.width, seed=next(seeds), name="dense")
    logit = EqualisedDense(1, seed=next(seeds), name="verdict")
    networks = []
    for top, size in enumerate(sizes):
        image, alpha = keras.Input((*size, shape[2]), name="image"), keras.Input((1,), name="alpha")
        x = enter[top](signed(image))
        for level in range(top, 0, -1):
            x = shrink(wider[level - 1](same[level](x)))
            if level == top:  # the block above this one fades in
                x = Fade(name=f"fade_{size[0]}")([enter[level - 1](signed(shrink(image))), x, alpha])
        x = same[0](MinibatchDeviation(name="deviation")(x))
        networks.append(
            keras.Model([image, alpha], logit(leaky(hidden(layers.Flatten()(x)))), name=f"judges_{size[0]}")
        )
    return Levels(networks, "discriminator")


# --- The model -------------------------------------------------------------------------------------------------------


class ProGAN(StepsByLevel, Adversarial):
    """Progressive growing; it works with plain ``compile()`` and ``fit(images)``.

    How far it has grown follows from ``steps_done``, a weight that is not trained, so that a checkpoint holds it and a
    run that goes on in the middle of a fade-in goes on exactly.

    Raises:
        ConfigError: if the images are too small, too large or odd.
    """

    def __init__(self, config: ProGANConfig, spec: DataSpec) -> None:
        shape = spec.image_shape
        mean = generators(config.exact(), shape) if config.ema > 0 else None
        super().__init__(config, spec, (generators(config, shape), discriminators(config, shape), mean))
        self.sizes = resolutions.sizes(shape, "progan")
        self.schedule = Schedule(config.phase_images, batches(config, len(self.sizes)))
        self.steps_done = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps_done")
        self.training_only = (*GRADIENTS, *GROWTH)
        for name in GROWTH:
            self.trackers[name] = Latest(name)

    # --- One step at one level: each has a compiled step of its own (StepsByLevel) ---

    def steps(self) -> int:
        """How many steps it has learned for."""
        return int(read_variable(self.steps_done))

    def level_at(self, step: int) -> int:
        """The level of a step."""
        return self.schedule.level(step)

    @contextlib.contextmanager
    def at(self, level: int) -> Iterator[None]:
        """All networks are those of a level."""
        networks = [one for one in (self.generator, self.discriminator, self.mean_generator) if one is not None]
        before = self.generator.level
        try:
            for network in networks:
                network.level = level
            yield
        finally:
            for network in networks:
                network.level = before

    def conditions_of(self, y: Any) -> Any:
        """Alpha goes into both networks beside codings and images, (1, 1)."""
        return ops.reshape(self.schedule.alpha(self.generator.level, self.steps_done), (1, 1))

    def generate(self, codings: Any, conditions: Any, training: bool) -> Any:
        """Fakes of this level's size, (b, d) -> (b, h, w, c)."""
        return self.generator([codings, conditions], training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Both losses at this level's size and, in training, its batch; the real images fade as the fakes do."""
        if training:
            batch = self.schedule.batches[self.generator.level]
            x, y_pred = x[:batch], y_pred[:batch]
        return super().compute_loss(self.real(x), y, y_pred, sample_weight, training)

    def real(self, images: Any) -> Any:
        """Images of this level's size whose new detail is there as far as alpha: (b, H, W, c) -> (b, h, w, c)."""
        level = self.generator.level
        fine = resolutions.shrunk(images, len(self.sizes) - 1 - level)
        if not level:
            return fine
        alpha = self.schedule.alpha(level, self.steps_done)
        return alpha * fine + (1.0 - alpha) * resolutions.enlarged(resolutions.shrunk(fine, 1), 1)

    def note_step(self, conditions: Any) -> None:
        """Count the step and say how far it has grown, beside what every adversarial model notes."""
        super().note_step(conditions)
        level, alpha = self.generator.level, conditions[0, 0]
        found = (self.sizes[level][0], alpha, ops.where(alpha < 1.0, 2.0 * level - 1.0, 2.0 * level))
        for name, value in zip(GROWTH, found, strict=True):
            self.trackers[name].update_state(value)
        self.steps_done.assign_add(1.0)

    # --- Where it stands, and what it can do: the capabilities Decodes and TakesPhases ---

    def stage(self) -> tuple[int, float]:
        """(level, alpha) as they are now."""
        level = self.schedule.level(self.steps())
        return level, float(self.schedule.alpha(level, self.steps()))

    def finish_growing(self) -> None:
        """Go to the last phase at once; an estimate of the cost is made there."""
        self.steps_done.assign(self.schedule.end)

    def decode(self, codings: Codings) -> Images:
        """Paint codings as far as it has grown, with large pixels if need be: (n, d) -> (n, h, w, c) in [0, 1]."""
        level, alpha = self.stage()
        shares = np.full((len(codings), 1), alpha, np.float32)
        small = predict(self.sampler.networks[level], codings, shares)[0]
        return self._whole(small, level)

    def _whole(self, small: Images, level: int) -> Images:
        times = 2 ** (len(self.sizes) - 1 - level)
        return np.clip(small, 0.0, 1.0).repeat(times, axis=1).repeat(times, axis=2)

    def probabilities(self, images: Images, known: Any, codings: Codings) -> Probabilities:
        """Look at both networks at this level without training: (n, h, w, c) real images and (m, d) codings."""
        level, _ = self.stage()
        with self.at(level):
            alpha = self.conditions_of(None)
            fakes = self.generate(ops.convert_to_tensor(codings), alpha, False)
            real = self.real(ops.convert_to_tensor(images))
            first, on_reals = self.discriminator_loss(real, fakes, (alpha, alpha), False)
            second, on_fakes = self.generator_loss(fakes, alpha, False)
        fooled, trusted = (np.asarray(ops.convert_to_numpy(ops.sigmoid(v)))[:, 0] for v in (on_fakes, on_reals))
        generated = self._whole(np.asarray(ops.convert_to_numpy(fakes)), level)
        return Probabilities(
            generated, fooled, trusted, dict(zip(NETWORKS, (float(first), float(second)), strict=True))
        )

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras network that paints as far as it has grown, for export and for the search for codings."""
        level, alpha = self.stage()
        coding = keras.Input((self.latent_size,), name="coding")
        x = self.sampler.networks[level]([coding, ops.zeros_like(coding[:, :1]) + alpha])
        x = layers.ReLU(max_value=1.0)(x)
        times = 2 ** (len(self.sizes) - 1 - level)
        x = layers.UpSampling2D(times, interpolation="nearest")(x) if times > 1 else x
        return {"generator": keras.Model(coding, x, name="generator")}


CONFIG = ProGANConfig


def build(config: ProGANConfig, spec: DataSpec) -> ProGAN:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet.

    Raises:
        ConfigError: if the sides are not 8 to 256 pixels or cannot be halved.
    """
    return ProGAN(config, spec)


# Lessons. Keras fits with one batch size, so a step at a larger size takes the first images of its batch, which come in
# an order drawn for each epoch: any image may be among them. That saves the memory and time that a smaller batch is to
# save, only an epoch then does not show every image at that size.
# The paper starts its optimizer anew for each size. Here the slots of a layer that sleeps stay zero, and when it wakes,
# Adam's correction for young slots is over: its first step is ten times as long, 1 % of a weight of size 1, and the
# layer has hardly faded in by then.
