"""A network of equalised layers that has grown by one size goes on from what the smaller one could do.

Layers that come new would paint noise, and a discriminator that has to learn to see anew forgets in the meantime what
it knew. So some of their channels are set to hand colours through: in pairs, x and -x, since a leaky relu of both gives
x back, lrelu(x) - lrelu(-x) = (1 + leak) x. What the other channels make has no say until it has learned one. The idea
is that of T. Chen, I. Goodfellow and J. Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer", 2016,
arXiv:1511.05641; progressive growing fades new layers in instead.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from models.core.adversarial.equalised_layers import GAIN, LEAK, SMALL
from models.core.keras_internals import read_variable

THROUGH = GAIN * (1.0 + LEAK)  # what a pair of leaky relus makes of 1

Array = NDArray[Any]


def grow_generator(new: keras.Model, old: keras.Model, first: int) -> None:
    """Let a synthesis network paint what the smaller one paints, each pixel four times.

    Args:
        new: its layers ``conv_<first>`` and the next one modulate, and are the only ones that ``old`` lacks.
        old: the smaller network.
        first: number of the first new layer.
    """
    weights, bias = _used(old.get_layer("to_colour"))
    colours = weights.shape[-1]
    norm = np.sqrt(np.sum(np.square(weights), axis=(0, 1, 2)) + SMALL)  # what the first layer divides by
    pair = np.concatenate([np.eye(colours), -np.eye(colours)])  # (2 colours, colours)
    for number, wanted in ((first, weights[0, 0] @ pair.T), (first + 1, pair @ pair.T)):
        layer = new.get_layer(f"conv_{number}")
        layer.affine.kernel.assign(np.zeros(layer.affine.kernel.shape, np.float32))
        _set(layer, wanted)
    kept = new.get_layer(f"noise_{first}").bias
    kept.assign(np.pad(pair @ (bias / norm), (0, kept.shape[0] - 2 * colours)))
    # a row of pair @ pair.T holds 1 and -1, so that the second layer divides by the root of 2
    _set(new.get_layer("to_colour"), pair * norm * np.sqrt(2.0) / THROUGH**2)


def grow_discriminator(new: keras.Model, old: keras.Model, size: int) -> None:
    """Let a discriminator judge an image as the smaller one judges it when each pixel is there four times.

    Args:
        new: its layers ``same_<size>`` and ``wider_<size>`` are the only ones that ``old`` lacks.
        old: the smaller network.
        size: height of the larger images in pixels.
    """
    weights, bias = _used(old.get_layer("from_colour"))  # (1, 1, colours, channels)
    pair = np.concatenate([np.eye(weights.shape[2]), -np.eye(weights.shape[2])])
    _set(new.get_layer("from_colour"), pair.T)
    _set(new.get_layer(f"same_{size}"), pair @ pair.T / THROUGH)
    _set(new.get_layer(f"wider_{size}"), pair @ weights[0, 0] / THROUGH, bias)


def _used(layer: Any) -> tuple[Array, Array]:
    """Kernel and bias of an equalised layer as they are used."""
    kernel, bias = (read_variable(one) for one in (layer.kernel, layer.bias))
    return kernel * layer.scale, bias * layer.rate


def _set(layer: Any, wanted: Array, bias: Array | None = None) -> None:
    """Set what a convolution's middle makes of its first inputs for its first outputs, (inputs, outputs).

    Those outputs see nothing else.
    """
    kernel = read_variable(layer.kernel)
    inputs, outputs = wanted.shape
    kernel[..., :outputs] = 0.0
    kernel[kernel.shape[0] // 2, kernel.shape[1] // 2, :inputs, :outputs] = wanted / layer.scale
    layer.kernel.assign(kernel)
    if layer.bias is not None:
        shift = np.zeros(layer.bias.shape, np.float32)
        shift[:outputs] = 0.0 if bias is None else bias / layer.rate
        layer.bias.assign(shift)
