"""StyleGAN: a coding is first mapped to a style, and the style is given to every layer of the painting network.

The idea. A generator that paints straight from noise must bend the space of the noise until it has the shape of the
data. Here a network of eight dense layers does the bending: it maps z to w, and an affine map of w sets the scale and
the bias of every feature map at every layer ("adaptive instance normalisation"). The painting itself begins with a
learned constant. What w need not say (the strands of hair) comes from one map of noise a layer. If, in training,
some layers are given the style of one coding and the others that of another one, no layer can rely on its neighbours:
then the styles of two images can be mixed, shape from one and colours from the other.

Notation. z coding, w style, A_l affine map of layer l, n_l noise, s_l a learned scale a channel, psi truncation.

    w = f(z / |z|)                                              f: eight dense layers that learn a hundred times slower
    w' = mean + psi (w - mean)                                  truncation, for images only
    x_l = lrelu(conv(x_(l-1)) + s_l n_l + b_l)
    y_l = (1 + A_l w)_scale (x_l - mean(x_l)) / std(x_l) + (A_l w)_bias         (equation 1)

Sources: T. Karras, S. Laine and T. Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks",
2019, arXiv:1812.04948; the modulated convolution: T. Karras et al., "Analyzing and Improving the Image Quality of
StyleGAN", 2020, arXiv:1912.04958, equations 1 to 3.
"""

from __future__ import annotations

import itertools
from typing import Any, ClassVar, Literal

import keras
import numpy as np
from keras import layers, ops

from models.core.adversarial import energy_distance as energy
from models.core.adversarial import layer_penalties, net2net, resolutions
from models.core.adversarial.base import Adversarial
from models.core.adversarial.config import CURVES_OF_BOTH, EqualisedConfig, remedy
from models.core.adversarial.equalised_layers import EqualisedConv, EqualisedDense, MinibatchDeviation, PixelNorm, leaky
from models.core.arrays import Codings, Images
from models.core.family import About, DataSpec, setting
from models.core.family_model import CLIPPED, Port
from models.core.inference import predict
from models.core.keras_internals import read_variable
from models.core.styles import projection
from models.core.styles.layers import AdaIN, Constant, FixedNoise, MeanStyle, ModulatedConv, NoiseAndBias
from models.core.styles.mixing import Floats, Noise, StyleLayer, Styles, noise
from models.core.work import SILENT, Work

TITLE = "StyleGAN"
ABOUT = About(
    text=(
        "A StyleGAN maps its coding to a style and gives that style to each layer of the generator. Layers of small "
        "sizes decide on shape and pose, those of large sizes on colours, so that the styles of two images can be "
        "mixed. Maps of random noise, one per layer, add details that no style determines."
    ),
    equation="AdaIN(x, w) = y_s(w) (x − μ(x)) / σ(x) + y_b(w),  w = f(z)",
    paper="Karras, Laine and Aila, A Style-Based Generator Architecture for GANs, 2019, arXiv:1812.04948",
)
CURVES = CURVES_OF_BOTH
FIRST_EDITION, SECOND_EDITION = "adain", "modulated"
FINE = 16  # pixels: where there are penalties, layers from this size on shall choose colours, those before them shapes
AT_ONCE = 12  # images that are painted at a time: a grid of 36 wastes none, and a cancel is heard soon


# --- Hyper-parameters. The defaults are those of a run that worked on 64 x 64 faces. ----------------------------------


class StyleGANConfig(EqualisedConfig):
    """Settings of a StyleGAN; the default widths want a GPU, see ``suggest`` for a CPU."""

    mapping_layers: int = setting(8, "Dense layers that map a coding to its style.", group="model", ge=1, le=12)
    style: Literal["adain", "modulated"] = setting(
        "adain", "How a style sets a layer: adaptive normalisation (2019) or modulated convolutions (2020).",
        group="model",
    )  # fmt: skip
    mixing: float = setting(0.9, "Style mixing: share of fakes generated from the styles of two codings.", ge=0, le=1,
                            later=True, title="Style mixing")  # fmt: skip
    palette: float = remedy(
        0.0, "Penalty when coarse layers change the colours; 0 = off.", ge=0, le=1000, later=True,
        title="Colour penalty",
    )  # fmt: skip
    outline: float = remedy(
        0.0, "Penalty when fine layers change the shapes; 0 = off.", ge=0, le=1000, later=True,
        title="Shape penalty",
    )  # fmt: skip
    energy: float = remedy(
        0.0, "Penalty on colours and details rarer or more frequent than in real images (energy distance); 0 = off.",
        ge=0, le=1000, later=True, title="Energy distance"
    )  # fmt: skip
    truncation: float = setting(
        0.8, "Truncation of the styles of samples: less is closer to the mean style, 1 = off.", ge=0, le=2,
        later=True,
    )  # fmt: skip
    learning_rate: float = setting(2e-3, "Step size of the optimizer.", gt=0.0, le=1.0)
    batch_size: int = setting(64, "Images per training step.", unit="images", ge=1, le=4096)


def suggest(spec: DataSpec) -> dict[str, Any]:
    """Settings for a CPU: narrower layers and smaller batches, in colour the convolutions that learn sooner."""
    height, width, channels = spec.image_shape
    if channels == 1 and height * width <= 32 * 32:
        return {"latent_size": 64, "width": 48, "batch_size": 32, "epochs": 20}
    return {"latent_size": 128, "width": 128, "batch_size": 32, "style": SECOND_EDITION, "ema": 0.998, "epochs": 60}


# --- Networks --------------------------------------------------------------------------------------------------------


def style_layers(config: StyleGANConfig, shape: tuple[int, int, int]) -> tuple[StyleLayer, ...]:
    """The layers that take a style, two a resolution, from 4 (or 7) pixels to the picture's size."""
    found: list[StyleLayer] = []
    begin = 0
    for height, width in resolutions.sizes(shape, "stylegan"):
        for which in ("first", "second"):
            name = f"{height} x {width}, {which}"
            found.append(StyleLayer(name, height, width, config.channels((height, width)), begin))
            begin += height * width
    return tuple(found)


def mapping(config: StyleGANConfig) -> keras.Model:
    """z (b, d) -> w (b, d): eight dense layers that learn a hundred times slower than the others."""
    coding = keras.Input((config.latent_size,), name="coding")
    x = PixelNorm(name="unit")(coding)
    for number in range(config.mapping_layers):
        x = EqualisedDense(config.latent_size, rate=0.01, seed=config.seed * 1_000 + number, name=f"map_{number}")(x)
        x = leaky(x)
    return keras.Model(coding, x, name="mapping")


def synthesis(config: StyleGANConfig, shape: tuple[int, int, int]) -> keras.Model:
    """Styles (b, layers, d) and noise (b, noise_size) -> images (b, h, w, c), about [0, 1] (not clipped)."""
    known, seeds = style_layers(config, shape), itertools.count(config.seed * 1_000 + 100, 2)
    half = config.half_precision
    styles = keras.Input((len(known), config.latent_size), name="styles")
    maps = keras.Input((known[-1].place.stop,), name="noise")
    x = Constant((known[0].height, known[0].width), known[0].channels, seed=next(seeds), name="constant")(styles)
    for number, layer in enumerate(known):
        style = styles[:, number]  # (b, d)
        if x.shape[1] < layer.height:
            x = layers.UpSampling2D(2, interpolation="nearest", name=f"up_{number}")(x)
        if config.style == SECOND_EDITION:
            x = ModulatedConv(
                layer.channels, 3, bias=None, half=half, seed=next(seeds), name=f"conv_{number}"
            )([x, style])  # fmt: skip
        elif number:  # the first layer of the first edition is the constant itself
            x = EqualisedConv(
                layer.channels, 3, bias=None, half=half, seed=next(seeds), name=f"conv_{number}"
            )(x)  # fmt: skip
        x = leaky(NoiseAndBias(name=f"noise_{number}")([x, maps[:, layer.place]]))
        if config.style == FIRST_EDITION:
            x = AdaIN(seed=next(seeds), name=f"layer_{number}")([x, style])
        else:
            x = layers.Identity(name=f"layer_{number}")(x)
    x = EqualisedConv(shape[2], 1, seed=next(seeds), name="to_colour")(x)
    return keras.Model([styles, maps], layers.Rescaling(0.5, 0.5, name="to_unit")(x), name="synthesis")


def generator(config: StyleGANConfig, shape: tuple[int, int, int]) -> keras.Model:
    """The whole way of a sample: coding (b, d) -> truncated style -> image, with fixed noise."""
    known = style_layers(config, shape)
    coding = keras.Input((config.latent_size,), name="coding")
    styles = MeanStyle(len(known), config.truncation, name="mean_style")(mapping(config)(coding))
    fixed = FixedNoise(noise(known[-1].place.stop, 1, config.seed)[0], name="fixed_noise")(styles)
    return keras.Model(coding, synthesis(config, shape)([styles, fixed]), name="generator")


def discriminator(config: StyleGANConfig, shape: tuple[int, int, int]) -> keras.Model:
    """Two convolutions a resolution and a mean over 2 x 2 pixels; at the smallest, how much the batch differs."""
    seeds, half = itertools.count(config.seed * 1_000 + 500), config.half_precision
    image = keras.Input(shape, name="image")
    sizes = resolutions.sizes(shape, "stylegan")[::-1]
    x = layers.Rescaling(2.0, -1.0, name="to_signed")(image)  # [0, 1] -> [-1, 1]
    x = leaky(EqualisedConv(config.channels(sizes[0]), 1, seed=next(seeds), name="from_colour")(x))
    for here, smaller in itertools.pairwise(sizes):
        x = leaky(EqualisedConv(config.channels(here), 3, half=half, seed=next(seeds), name=f"same_{here[0]}")(x))
        x = leaky(EqualisedConv(config.channels(smaller), 3, half=half, seed=next(seeds), name=f"wider_{here[0]}")(x))
        x = layers.AveragePooling2D(2, name=f"down_{here[0]}")(x)
    x = MinibatchDeviation(name="deviation")(x)
    x = leaky(EqualisedConv(config.width, 3, half=half, seed=next(seeds), name="last")(x))
    x = leaky(EqualisedDense(config.width, seed=next(seeds), name="dense")(layers.Flatten()(x)))
    return keras.Model(image, EqualisedDense(1, seed=next(seeds), name="verdict")(x), name="discriminator")


# --- The model -------------------------------------------------------------------------------------------------------


class StyleGAN(Adversarial):
    """A StyleGAN; it works with plain ``compile()`` and ``fit(images)``.

    Raises:
        ConfigError: if the images are too small, too large or odd, or a penalty needs other layers.
    """

    OUTPUTS: ClassVar = {**Adversarial.OUTPUTS, "mapping": ("style",), "synthesis": ("image",)}
    config: StyleGANConfig

    def __init__(self, config: StyleGANConfig, spec: DataSpec) -> None:
        shape = spec.image_shape
        if config.palette or config.outline:
            layer_penalties.check(config, [layer.height for layer in style_layers(config, shape)], FINE)
        mean = generator(config.exact(), shape) if config.ema > 0 else None
        super().__init__(config, spec, (generator(config, shape), discriminator(config, shape), mean))
        self.style_layers = style_layers(config, shape)
        self.style_size, self.noise_size = config.latent_size, self.style_layers[-1].place.stop
        self.mixing, self.truncation = config.mixing, config.truncation
        self._features: keras.Model | None = None

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Draw two codings for each image, side by side: (b, h, w, c) -> (b, 2 d)."""
        return keras.random.normal((ops.shape(images)[0], 2 * self.latent_size), seed=self.noise)

    def generate(self, codings: Any, conditions: Any, training: bool) -> Any:
        """Fakes with new noise, in training most of them with mixed styles: (b, 2 d) -> (b, h, w, c)."""
        network, count = self.generator, len(self.style_layers)
        first, second = (network.get_layer("mapping")(z) for z in ops.split(codings, 2, axis=-1))  # (b, d) each
        styles = ops.repeat(first[:, None], count, axis=1)
        if training:
            network.get_layer("mean_style").note(first)
            drawn = keras.random.uniform((ops.shape(first)[0], 1), seed=self.noise)
            # a share of ``mixing`` crosses over before a layer from 1 to the last one, the others nowhere
            layer = 1.0 + ops.floor(drawn / max(self.mixing, 1e-9) * (count - 1))
            crossed = ops.cast(ops.arange(count), "float32") >= layer  # (b, layers)
            styles = ops.where(crossed[..., None], second[:, None], styles)
        maps = keras.random.normal((ops.shape(first)[0], self.noise_size), seed=self.noise)
        return network.get_layer("synthesis")([styles, maps], training=training)

    def penalties(self, real: Any, fake: Any) -> Any:
        """Of coarse layers' colours, of fine layers' shapes, and of cells that are distributed otherwise."""
        cost = self.config.energy * energy.distance(fake, real) if self.config.energy else 0.0
        if self.config.palette or self.config.outline:
            palette, outline = layer_penalties.style_consistency(self, FINE, max(1, self.config.batch_size // 6))
            cost += self.config.palette * palette + self.config.outline * outline
        return cost

    def grow_from(self, smaller: Any) -> bool:
        """Let the layers of a size that another model lacked repeat its images and predictions; AdaIN cannot."""
        (height, width, colours), (mine, theirs) = self.spec.image_shape, (self.config, smaller.config)
        doubled = (height, width) == tuple(2 * side for side in smaller.spec.image_shape[:2])
        alike = (mine.style, mine.width) == (theirs.style, theirs.width) and (mine.ema > 0) == (theirs.ema > 0)
        pairs = 2 * colours <= mine.channels((height, width))
        if mine.style == FIRST_EDITION or not (doubled and alike and pairs):
            return False
        net2net.grow_discriminator(self.discriminator, smaller.discriminator, height)
        for new, old in ((self.generator, smaller.generator), (self.mean_generator, smaller.mean_generator)):
            if new is not None:
                net2net.grow_generator(
                    new.get_layer("synthesis"), old.get_layer("synthesis"), len(smaller.style_layers)
                )
        return True

    # --- What it can do: the capabilities Decodes and MixesStyles ---

    def decode(self, codings: Codings) -> Images:
        """Paint codings with the fixed noise and the config's truncation: (n, d) -> (n, h, w, c) in [0, 1]."""
        return np.clip(super().decode(codings), 0.0, 1.0)

    def styles(self, codings: Codings) -> Styles:
        """Map codings (n, d) to styles (n, layers, d), the same for each layer; no truncation."""
        w = predict(self.sampler.get_layer("mapping"), codings)[0]
        return np.repeat(w[:, None], len(self.style_layers), axis=1)

    def mean_style(self) -> Floats:
        """The mean of w over all codings, (d,)."""
        return np.asarray(read_variable(self.sampler.get_layer("mean_style").mean), np.float32)

    def fixed_noise(self) -> Floats:
        """The noise that ``decode`` paints with, (noise_size,)."""
        return np.array(self.sampler.get_layer("fixed_noise").values)

    def synthesize(self, styles: Styles, noise: Noise | None = None) -> Images:
        """Paint styles with noise (n, noise_size) or the fixed one: (n, layers, d) -> (n, h, w, c) in [0, 1]."""
        network = self.sampler.get_layer("synthesis")
        return np.clip(predict(network, styles, self._noise(styles, noise), batch_size=AT_ONCE)[0], 0.0, 1.0)

    def features(self, styles: Styles, noise: Noise | None = None) -> list[Floats]:
        """What each layer makes of styles (n, layers, d): (n, h, w, channels) each, and the image at the end."""
        if self._features is None:
            network = self.sampler.get_layer("synthesis")
            seen = [network.get_layer(f"layer_{number}").output for number in range(len(self.style_layers))]
            self._features = keras.Model(network.inputs, [*seen, network.output])
        found = predict(self._features, styles, self._noise(styles, noise), batch_size=AT_ONCE)
        return [*found[:-1], np.clip(found[-1], 0.0, 1.0)]

    def project(
        self, images: Images, *, plus: bool = False, steps: int = projection.STEPS, work: Work = SILENT
    ) -> Styles:
        """Search for the styles (n, layers, d) of images in W, or with ``plus`` in W+ (styles/projection.py)."""
        network = self.sampler.get_layer("synthesis")
        return projection.project(
            self, network, images, plus=plus, steps=steps, work=work
        )  # fmt: skip

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras networks, for export and for the search for codings; the generator's pixels are clipped."""
        network = self.sampler
        whole = keras.Model(network.input, layers.ReLU(max_value=1.0)(network.output), name="generator")
        return {"generator": whole, **{name: network.get_layer(name) for name in ("mapping", "synthesis")}}

    def ports(self) -> dict[str, Port]:
        """What goes in and out of them."""
        noise_maps = Port("noise of all layers, one map after the other; sample it from N(0, I)")
        styles = Port("a style a layer; the generator's are mean_style + truncation (style - mean_style)")
        style = Port("style of a coding, not truncated")
        return {**super().ports(), "image": CLIPPED, "style": style, "styles": styles, "noise": noise_maps}

    def facts(self) -> dict[str, Any]:
        """What styles are truncated with, and the layers that they go to."""
        names = [layer.name for layer in self.style_layers]
        return {"truncation": self.truncation, "mean_style": self.mean_style().tolist(), "style_layers": names}

    def _noise(self, styles: Styles, noise: Noise | None) -> Noise:
        return np.repeat(self.fixed_noise()[None], len(styles), axis=0) if noise is None else noise


CONFIG = StyleGANConfig


def build(config: StyleGANConfig, spec: DataSpec) -> StyleGAN:
    """Build the model for images of ``spec.image_shape``; it is not compiled yet.

    Raises:
        ConfigError: if the sides are not 8 to 256 pixels or cannot be halved.
    """
    return StyleGAN(config, spec)


# Lessons. A gradient penalty of 2.5 here (5 in the paper's units) kept the discriminator at logit 0 for 11,000 steps
# of 64 x 64 faces: 0.01 x pixels / batch size is an upper bound. There is no growing inside: at these sizes all
# resolutions learn together where there is a GPU. On 2 cores AdaIN with 64 channels gave every face the same eyes;
# 128 channels, 32 images a step, modulated, 16 x 16 first and then "branch --size" learned in half an hour what that
# never did. Penalties on colours and outlines work on a network that has both; from the first step they silence
# coarse layers. A discriminator that wins by blotches teaches no shares: all had one mouth until they paid for the
# energy distance (core/adversarial/energy_distance.py). All of it is in docs/styles.md. Noise and codings are drawn
# anew at each step, the samples' noise is fixed, so that a slider moves an image and not its grain.
