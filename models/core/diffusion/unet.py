"""A modern U-Net that predicts noise: residual blocks, group normalisation, attention where the image is small.

Down the image is halved and the channels grow, up again it is doubled, and every level of the way up sees what its
twin on the way down saw. Time and condition reach every residual block as a vector; where the image is small, every
place looks at the words of a sentence, too.

Sources: O. Ronneberger et al., "U-Net", 2015, arXiv:1505.04597; J. Ho et al., "Denoising Diffusion Probabilistic
Models", 2020, arXiv:2006.11239, appendix B; P. Dhariwal and A. Nichol, 2021, arXiv:2105.05233, section 3 (time and
class scale and shift what was normalised).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from models.core.diffusion.conditions import Condition
from models.core.diffusion.text import TextAttention

ATTENTION_SIDE = 8  # pixels: levels of at most this size compare every place with every other
TEXT_SIDE = 16  # pixels: levels of at most this size read the words of a sentence
HEAD = 32  # channels of one attention head


@dataclass(frozen=True)
class Size:
    """Channels of the first level, their multiples at each level, and residual blocks a level."""

    width: int
    multiples: tuple[int, ...]
    blocks: int


@keras.saving.register_keras_serializable("studio")
class TimeEncoding(layers.Layer):
    """Sines and cosines of t in turn: (b,) -> (b, size) (Vaswani et al. 2017, section 3.5).

    Args:
        size: of the encoding, even.
        scale: what t is multiplied with; networks for any T see the same range with 1000 / T.
    """

    def __init__(self, size: int, scale: float = 1.0, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.size, self.scale = size, scale
        self.rates = (scale / 10_000 ** (np.arange(0, size, 2) / size)).astype(np.float32)  # (size / 2,)

    def call(self, t: Any) -> Any:
        """Encode times."""
        angles = ops.cast(t, "float32")[:, None] * self.rates  # (b, size / 2)
        both = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)  # (b, size / 2, 2)
        return ops.reshape(both, (-1, self.size))

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to write the layer into a file."""
        return {**super().get_config(), "size": self.size, "scale": self.scale}


@keras.saving.register_keras_serializable("studio")
class Attention(layers.Layer):
    """Every place asks every other: (b, h, w, c) -> the same (Vaswani et al. 2017, equation 1, several heads).

    Args:
        heads: how many; c is divided among them.
    """

    def __init__(self, heads: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.heads = heads

    def call(self, queries_keys_values: Any) -> Any:
        """(b, h, w, 3 c): what each place asks, offers and says -> (b, h, w, c)."""
        _, height, width, channels = queries_keys_values.shape
        size = channels // 3 // self.heads
        apart = ops.reshape(queries_keys_values, (-1, height * width, 3, self.heads, size))
        query, key, value = ops.unstack(apart, 3, axis=2)  # each (b, places, heads, size); slices learn more slowly
        weights = ops.softmax(ops.einsum("bqhs,bkhs->bhqk", query, key) / size**0.5, axis=-1)
        return ops.reshape(ops.einsum("bhqk,bkhs->bqhs", weights, value), (-1, height, width, channels // 3))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """A third of the channels."""
        return (*input_shape[:-1], input_shape[-1] // 3)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to write the layer into a file."""
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("studio")
class Modulation(layers.Layer):
    """What normalisation took away, given back by a vector (b, 2 c): x (1 + scale) + shift, x (b, h, w, c).

    A vector that is added before a normalisation of few channels is taken away again by it.
    """

    def call(self, x_and_vector: Any) -> Any:
        """Scale and shift every channel."""
        x, vector = x_and_vector
        scale, shift = ops.split(vector[:, None, None, :], 2, axis=-1)
        return x * (1.0 + scale) + shift

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As x."""
        return input_shape[0]


class _Blocks:
    """Makes the parts of a U-Net, each with seeds of its own.

    ``vector`` tells time and condition, ``sentence`` is (vectors, tokens) of a text, or None.
    """

    def __init__(self, seed: int, vector: Any, sentence: tuple[Any, Any] | None = None) -> None:
        self.seeds = itertools.count(seed * 1_000)
        self.vector, self.sentence = vector, sentence

    def conv(self, channels: int, size: int = 3, stride: int = 1, *, silent: bool = False) -> layers.Layer:
        """A convolution; a silent one answers 0 at first, so that its residual block changes nothing."""
        init = "zeros" if silent else keras.initializers.HeNormal(seed=next(self.seeds))
        return layers.Conv2D(channels, size, stride, "same", kernel_initializer=init)

    def normal(self, x: Any) -> Any:
        """Group normalisation in at most 8 groups of at least 4 channels."""
        return layers.GroupNormalization(groups=math.gcd(8, x.shape[-1] // 4), epsilon=1e-5)(x)

    def residual(self, x: Any, channels: int) -> Any:
        """Normalise, silu, convolve; once more, told the vector; add what came in: (b, h, w, c) -> (.., channels)."""
        init = keras.initializers.GlorotUniform(seed=next(self.seeds))
        told = layers.Dense(2 * channels, kernel_initializer=init)(self.vector)
        inside = self.conv(channels)(layers.Activation("silu")(self.normal(x)))
        inside = Modulation()([self.normal(inside), told])
        inside = self.conv(channels, silent=True)(layers.Activation("silu")(inside))
        if x.shape[-1] != channels:
            x = self.conv(channels, 1)(x)
        return layers.Add()([x, inside])

    def passed(self, patches: Any) -> Any:
        """x_t itself, each channel scaled by the time: noise says nothing of its neighbours.

        A few channels cannot carry all values of a patch through the network; without this, noise stays on images. What
        is left to predict is the image (T. Karras et al. 2022, section 5: a skip whose weight depends on the noise).
        """
        return Modulation()([patches, layers.Dense(2 * patches.shape[-1], kernel_initializer="zeros")(self.vector)])

    def attention(self, x: Any) -> Any:
        """Let every place look at every other and add what it learns; large images go through unchanged."""
        channels = x.shape[-1]
        if min(x.shape[1:3]) <= ATTENTION_SIDE:
            looked = Attention(max(1, channels // HEAD))(self.conv(3 * channels, 1)(self.normal(x)))
            x = layers.Add()([x, self.conv(channels, 1, silent=True)(looked)])
        return x if self.sentence is None or min(x.shape[1:3]) > TEXT_SIDE else self.reading(x, *self.sentence)

    def reading(self, x: Any, vectors: Any, tokens: Any) -> Any:
        """Let every place look at the words of a sentence and add what it learns (cross-attention)."""
        _, height, width, channels = x.shape
        asked = layers.Reshape((height * width, channels))(self.conv(channels, 1)(self.normal(x)))
        init = keras.initializers.GlorotUniform(seed=next(self.seeds))
        offered = layers.Dense(2 * channels, kernel_initializer=init)(vectors)
        found = TextAttention(max(1, channels // HEAD))([asked, offered, tokens])
        found = layers.Reshape((height, width, channels))(found)
        return layers.Add()([x, self.conv(channels, 1, silent=True)(found)])


def levels(shape: tuple[int, int, int], most: int) -> int:
    """How many sizes the U-Net sees: even sides are halved, and again while they are above 8 pixels."""
    height = shape[0]
    width = shape[1]
    found = 1
    while found < most and not (height % 2 or width % 2 or min(height, width) <= (8 if found > 1 else 2)):
        height = height // 2
        width = width // 2
        found = found + 1
    return found


def to_patches(x: Any, patch: int) -> Any:
    """Space to depth: (b, h, w, c) -> (b, h / p, w / p, p p c), so that a network works on fewer, thicker places."""
    if patch == 1:
        return x
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height // patch, patch, width // patch, patch, channels))(x)
    return layers.Reshape((height // patch, width // patch, patch**2 * channels))(layers.Permute((1, 3, 2, 4, 5))(x))


def from_patches(x: Any, patch: int) -> Any:
    """Depth to space: (b, h, w, p p c) -> (b, p h, p w, c); undoes ``to_patches``."""
    if patch == 1:
        return x
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, patch, patch, channels // patch**2))(x)
    return layers.Reshape((height * patch, width * patch, channels // patch**2))(layers.Permute((1, 3, 2, 4, 5))(x))


def modern(
    shape: tuple[int, int, int], size: Size, *, timesteps: int, condition: Condition, seed: int, name: str = "unet",
    patch: int = 1,
) -> keras.Model:  # fmt: skip
    """A U-Net from [x_t (b, h, w, c), t (b,)] and, with a condition, [.., what is asked for] to noise (b, h, w, c).

    With a ``patch`` above 1 it works on patches of so many pixels a side, which h and w are multiples of.
    """
    noisy, time = keras.Input(shape, name="noisy"), keras.Input((), dtype="int32", name="time")
    inner = 4 * size.width
    init = _glorots(seed * 1_000 + 900)
    vector = layers.Dense(inner, "silu", kernel_initializer=next(init))(TimeEncoding(inner, 1000 / timesteps)(time))
    vector = layers.Dense(inner, kernel_initializer=next(init))(vector)
    inputs = [noisy, time]
    told = condition.told(inner, seed * 1_000 + 950)
    if told is not None:
        inputs, vector = [*inputs, told.input], layers.Add()([vector, told.vector])
    parts = _Blocks(seed, layers.Activation("silu")(vector), None if told is None else told.sentence)

    x = parts.conv(size.width)(to_patches(noisy, patch))
    small = (shape[0] // patch, shape[1] // patch, shape[2] * patch**2)
    seen = [x]  # what the way up will see again
    widths = [size.width * multiple for multiple in size.multiples][: levels(small, len(size.multiples))]
    for level, width in enumerate(widths):  # each level halves the sides of the one before
        if level:
            x = parts.conv(width, stride=2)(x)
            seen.append(x)
        for _ in range(size.blocks):
            x = parts.attention(parts.residual(x, width))
            seen.append(x)
    x = parts.residual(parts.attention(parts.residual(x, widths[-1])), widths[-1])
    for level, width in reversed(list(enumerate(widths))):
        for _ in range(size.blocks + 1):
            x = parts.attention(parts.residual(layers.Concatenate()([x, seen.pop()]), width))
        if level:  # and each doubles them again
            x = parts.conv(widths[level - 1])(layers.UpSampling2D(2)(x))
    x = parts.conv(small[2], silent=True)(layers.Activation("silu")(parts.normal(x)))
    if patch > 1:
        x = layers.Add()([x, parts.passed(to_patches(noisy, patch))])
    return keras.Model(inputs, from_patches(x, patch), name=name)


def _glorots(seed: int) -> Iterator[keras.initializers.Initializer]:
    return (keras.initializers.GlorotUniform(seed=number) for number in itertools.count(seed))
