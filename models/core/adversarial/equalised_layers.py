"""Layers of progressive growing and StyleGAN: equalised learning rate, pixelwise normalisation, minibatch deviation.

Source: T. Karras, T. Aila, S. Laine and J. Lehtinen, "Progressive Growing of GANs for Improved Quality, Stability, and
Variation", 2018, arXiv:1710.10196, sections 3, 4.1 and 4.2.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from models.core.network_export import plain_keras as plain

LEAK = 0.2  # slope of the leaky relu below zero
GAIN = math.sqrt(2.0 / (1.0 + LEAK**2))  # He's constant, sqrt(2), corrected for the leak
SMALL = 1e-8
HALF = "bfloat16"


class _Equalised(layers.Layer):
    """Weights from N(0, 1), multiplied by He's constant at run time instead of at the beginning.

    An optimizer such as Adam moves every weight about equally far in a step. Where all weights are of one size, all
    learn equally fast, however many inputs a layer has. Of He's constant, sqrt(2 / fan-in), the layer has the part
    1 / sqrt(fan-in) and ``Leaky`` the other one: so every layer has unit variance, whatever lies before it.

    Args:
        units: outputs of the layer.
        window: sides of the kernel, () for a dense layer.
        rate: how fast this layer learns compared with the others: the weights are drawn from N(0, 1 / rate^2) and
            multiplied by ``rate`` at run time.
        bias: what the bias begins with; None for a layer without.
        seed: of the weights.
    """

    def __init__(
        self, units: int, window: tuple[int, ...], *, rate: float = 1.0, bias: float | None = 0.0,
        seed: int = 0, **arguments: Any,
    ) -> None:  # fmt: skip
        super().__init__(**arguments)
        self.units = units
        self.window = window
        self.rate = rate
        self.start = bias
        self.seed = seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the kernel (*window, inputs, units) and the bias (units,)."""
        shape = (*self.window, int(input_shape[-1] or 0), self.units)
        # Keras' RandomNormal() has a standard deviation of 0.05, with which such a network is dead
        normal = keras.initializers.RandomNormal(stddev=1.0 / self.rate, seed=self.seed)
        self.kernel = self.add_weight(shape=shape, initializer=normal, name="kernel")
        self.bias = None
        if self.start is not None:
            begin = keras.initializers.Constant(self.start / self.rate)
            self.bias = self.add_weight(shape=(self.units,), initializer=begin, name="bias")
        self.scale = self.rate / math.sqrt(math.prod(shape[:-1]))

    def scaled(self) -> Any:
        """The kernel as it is used, (*window, inputs, units)."""
        return self.kernel * self.scale

    def shifted(self, x: Any) -> Any:
        """With the bias, if there is one: (..., units) -> (..., units)."""
        return x if self.bias is None else x + self.bias * self.rate

    def used(self, layer: Any, x: Any) -> Any:
        """A layer of Keras on symbolic x, with kernel and bias as they are used."""
        weights = [self.scaled()] if self.bias is None else [self.scaled(), self.bias * self.rate]
        return plain.with_weights(layer, x, *weights)

    def get_config(self) -> dict[str, Any]:
        """What the layer can be made again from."""
        own = {"units": self.units, "rate": self.rate, "bias": self.start, "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("studio")
class EqualisedDense(_Equalised):
    """A dense layer with an equalised learning rate: (b, inputs) -> (b, units)."""

    def __init__(self, units: int, **arguments: Any) -> None:
        super().__init__(units, (), **arguments)

    def call(self, x: Any) -> Any:
        """x W + b."""
        return self.shifted(ops.matmul(x, self.scaled()))

    def plain(self, x: Any, name: str = "") -> Any:
        """The same from Keras' own layers."""
        return self.used(layers.Dense(self.units, use_bias=self.bias is not None, name=name or self.name), x)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(b, units)."""
        return (*input_shape[:-1], self.units)


@keras.saving.register_keras_serializable("studio")
class EqualisedConv(_Equalised):
    """A convolution with an equalised learning rate, padded with zeros: (b, h, w, inputs) -> (b, h, w, units).

    Args:
        units: channels of the output.
        kernel_size: sides of the kernel.
        half: whether it convolves in bfloat16: weights are float32, results are rounded to 8 bits and then float32.
        **arguments: of every equalised layer.
    """

    def __init__(self, units: int, kernel_size: int, *, half: bool = False, **arguments: Any) -> None:
        super().__init__(units, (kernel_size, kernel_size), **arguments)
        self.half = half

    def call(self, x: Any) -> Any:
        """X * W + b."""
        return self.shifted(self.convolve(x, self.scaled()))

    def plain(self, x: Any) -> Any:
        """The same from Keras' own layers, in float32."""
        bias = self.bias is not None
        return self.used(layers.Conv2D(self.units, self.window, padding="same", use_bias=bias, name=self.name), x)

    def convolve(self, x: Any, kernel: Any) -> Any:
        """X * W, as float32."""
        if not self.half:
            return ops.conv(x, kernel, padding="same")
        return ops.cast(ops.conv(ops.cast(x, HALF), ops.cast(kernel, HALF), padding="same"), "float32")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(b, h, w, units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """What the layer can be made again from."""
        return {**super().get_config(), "kernel_size": self.window[0], "half": self.half}


@keras.saving.register_keras_serializable("studio")
class PixelNorm(layers.Layer):
    """Brings the mean square over the channels to 1 at each pixel: x / sqrt(mean x^2 + 1e-8), (..., channels)."""

    def call(self, x: Any) -> Any:
        """Normalise; nothing is learned."""
        return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + SMALL)


@keras.saving.register_keras_serializable("studio")
class MinibatchDeviation(layers.Layer):
    """Appends a map that holds how much the batch differs: (b, h, w, channels) -> (b, h, w, channels + 1).

    The number is the standard deviation over the batch at each position and channel, averaged over these. Real and fake
    images must come in separate calls: over groups of both, a generator collapsed to one face.
    """

    def call(self, x: Any) -> Any:
        """Append the map."""
        apart = ops.mean(ops.sqrt(ops.var(x, axis=0) + SMALL))
        return ops.concatenate([x, ops.zeros_like(x[..., :1]) + apart], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(b, h, w, channels + 1)."""
        return (*input_shape[:-1], int(input_shape[-1] or 0) + 1)


@keras.saving.register_keras_serializable("studio")
class Leaky(layers.Layer):
    """The leaky relu, multiplied so that an input of unit variance leaves it with a mean square of 1.

    The gain comes first: right after a bias TensorFlow's optimizer of graphs would fuse a leaky relu into the
    convolution and stumble. Written as a maximum its gradient took a quarter of a whole step.
    """

    def call(self, x: Any) -> Any:
        """1.39 x, and a fifth of that below zero."""
        return ops.leaky_relu(GAIN * x, LEAK)


def leaky(x: Any) -> Any:
    """A leaky relu after a layer of a functional network."""
    return Leaky()(x)
