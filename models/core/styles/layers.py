"""Layers that only StyleGAN has: what styles and noise do to the images between the layers.

Source: T. Karras, S. Laine and T. Aila, 2019, arXiv:1812.04948 (adaptive instance normalisation, truncation); the
modulated convolution: T. Karras et al., 2020, arXiv:1912.04958, equations 1 to 3.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from models.core.adversarial.equalised_layers import SMALL, EqualisedConv, EqualisedDense
from models.core.network_export import plain_keras as plain
from models.core.styles.mixing import Floats

MEMORY = 0.995  # of the mean style, from batch to batch


@keras.saving.register_keras_serializable("studio")
class Constant(layers.Layer):
    """The learned image that all painting begins with: styles (b, layers, d) -> (b, h, w, channels)."""

    def __init__(self, size: tuple[int, int], units: int, *, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.shape, self.seed = (1, *size, units), seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make it, from N(0, 1): with AdaIN alone it would have to leave zero by the noise."""
        normal = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
        self.value = self.add_weight(shape=self.shape, initializer=normal, name="value")

    def call(self, styles: Any) -> Any:
        """The same image for each style."""
        return ops.zeros_like(styles[:, :1, :1, None]) + self.value

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(b, h, w, channels)."""
        return (input_shape[0], *self.shape[1:])

    def plain(self, styles: Any) -> Any:
        """The same from Keras' own layers."""
        return plain.learned(self.value[0], styles, self.name)

    def get_config(self) -> dict[str, Any]:
        """What the layer can be made again from."""
        return {**super().get_config(), "size": self.shape[1:3], "units": self.shape[3], "seed": self.seed}


@keras.saving.register_keras_serializable("studio")
class NoiseAndBias(layers.Layer):
    """Adds a map of noise, scaled a channel, and a bias: (b, h, w, c), (b, h * w) -> (b, h, w, c). They begin at 0."""

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Make scale and bias, (c,) each."""
        units = int(input_shape[0][-1] or 0)
        self.scale = self.add_weight(shape=(units,), initializer="zeros", name="scale")
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")

    def call(self, inputs: list[Any]) -> Any:
        """X + scale * noise + bias."""
        x, maps = inputs
        return x + self.scale * ops.reshape(maps, (-1, *x.shape[1:3], 1)) + self.bias

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """(b, h, w, c)."""
        return input_shape[0]

    def plain(self, inputs: list[Any]) -> Any:
        """The same from Keras' own layers: a convolution of 1 x 1 scales the map of noise."""
        x, maps = inputs
        conv, kernel = layers.Conv2D(x.shape[-1], 1, name=self.name), self.scale[None, None, None]
        return x + plain.with_weights(conv, layers.Reshape((*x.shape[1:3], 1))(maps), kernel, self.bias)


@keras.saving.register_keras_serializable("studio")
class AdaIN(layers.Layer):
    """Each feature map gets the mean and spread that the style asks for: (b, h, w, c), (b, d) -> (b, h, w, c)."""

    def __init__(self, *, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.seed = seed

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Make the affine map of the style, d -> 2 c."""
        self.affine = EqualisedDense(2 * int(input_shape[0][-1] or 0), seed=self.seed, name="affine")
        self.affine.build(input_shape[1])

    def call(self, inputs: list[Any]) -> Any:
        """Normalise over the pixels of each map, then scale and shift."""
        x, style = inputs
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
        scale, shift = ops.split(self.affine(style)[:, None, None], 2, axis=-1)  # (b, 1, 1, c) each
        return (1.0 + scale) * (x - mean) * ops.rsqrt(variance + SMALL) + shift

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """(b, h, w, c)."""
        return input_shape[0]

    def plain(self, inputs: list[Any]) -> Any:
        """The same from Keras' own layers."""
        x, style = inputs
        units = x.shape[-1]
        normal = layers.GroupNormalization(units, epsilon=SMALL, center=False, scale=False, name=self.name)(x)
        asked = self.affine.plain(style, name=f"{self.name}_style")  # (b, 2 c)
        scale, shift = (layers.Reshape((1, 1, units))(part) for part in (asked[:, :units], asked[:, units:]))
        return (1.0 + scale) * normal + shift

    def get_config(self) -> dict[str, Any]:
        """What the layer can be made again from."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("studio")
class ModulatedConv(EqualisedConv):
    """A convolution whose inputs the style scales, and whose outputs are brought back to unit spread.

    With s = 1 + A w the kernel would be W s for each image; scaling the inputs instead gives the same, and the spread
    that is expected of the outputs is known from the weights: 1 / sqrt(sum (W s)^2).
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:  # type: ignore[override]
        """Make the kernel without bias, and the affine map of the style, d -> inputs."""
        super().build(input_shape[0])
        inputs = int(input_shape[0][-1] or 0)
        self.affine = EqualisedDense(inputs, bias=1.0, seed=self.seed + 1, name="affine")
        self.affine.build(input_shape[1])

    def call(self, inputs: list[Any]) -> Any:
        """Scale, convolve, bring back: (b, h, w, inputs), (b, d) -> (b, h, w, units)."""
        x, style = inputs
        scale, kernel = self.affine(style), self.scaled()  # (b, inputs)
        power = ops.matmul(ops.square(scale), ops.sum(ops.square(kernel), axis=(0, 1)))  # (b, units)
        x = self.convolve(x * scale[:, None, None], kernel)
        return x * ops.rsqrt(power + SMALL)[:, None, None]

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:  # type: ignore[override]
        """(b, h, w, units)."""
        return (*input_shape[0][:-1], self.units)

    def plain(self, inputs: list[Any]) -> Any:
        """The same from Keras' own layers; a dense layer of squares knows the spread."""
        x, style = inputs
        scale, kernel = self.affine.plain(style, name=f"{self.name}_style"), self.scaled()
        conv = layers.Conv2D(self.units, self.window, padding="same", use_bias=False, name=self.name)
        x = plain.with_weights(conv, x * layers.Reshape((1, 1, x.shape[-1]))(scale), kernel)
        dense = layers.Dense(self.units, use_bias=False, name=f"{self.name}_spread")
        power = plain.with_weights(dense, ops.square(scale), ops.sum(ops.square(kernel), axis=(0, 1)))
        return x * layers.Reshape((1, 1, self.units))(ops.rsqrt(power + SMALL))


@keras.saving.register_keras_serializable("studio")
class MeanStyle(layers.Layer):
    """Remembers the mean w and pulls styles towards it: (b, d) -> (b, layers, d), the same for each layer."""

    def __init__(self, count: int, truncation: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.count, self.truncation = count, truncation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the mean, (d,)."""
        self.mean = self.add_weight(shape=input_shape[1:], initializer="zeros", trainable=False, name="mean")

    def note(self, w: Any) -> None:
        """Move the mean a little towards that of a batch (b, d)."""
        self.mean.assign(MEMORY * self.mean + (1.0 - MEMORY) * ops.mean(ops.stop_gradient(w), axis=0))

    def call(self, w: Any) -> Any:
        """Truncate, and repeat for each layer."""
        pulled = self.mean + self.truncation * (w - self.mean)
        return ops.repeat(pulled[:, None], self.count, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(b, layers, d)."""
        return (input_shape[0], self.count, input_shape[1])

    def plain(self, w: Any) -> Any:
        """The same from Keras' own layers: psi (w - mean) + mean is a normalisation that does not learn."""
        pull, one = layers.BatchNormalization(epsilon=0.0, trainable=False, name=self.name), ops.ones_like(self.mean)
        pulled = plain.with_weights(pull, w, self.truncation * one, self.mean, self.mean, one)
        return layers.RepeatVector(self.count)(pulled)

    def get_config(self) -> dict[str, Any]:
        """What the layer can be made again from."""
        return {**super().get_config(), "count": self.count, "truncation": self.truncation}


@keras.saving.register_keras_serializable("studio")
class FixedNoise(layers.Layer):
    """The same noise for each image: styles (b, layers, d) -> (b, noise_size)."""

    def __init__(self, values: Floats, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.values = np.asarray(values, np.float32)

    def call(self, styles: Any) -> Any:
        """Repeat it."""
        return ops.zeros_like(styles[:, 0, :1]) + ops.convert_to_tensor(self.values)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(b, noise_size)."""
        return (input_shape[0], len(self.values))

    def plain(self, styles: Any) -> Any:
        """The same from Keras' own layers."""
        return plain.learned(self.values, styles, self.name)

    def get_config(self) -> dict[str, Any]:
        """What the layer can be made again from."""
        return {**super().get_config(), "values": self.values.tolist()}
