"""A network rebuilt from Keras' own layers, so that its file opens in plain Keras, without this project.

Layers of this project without weights are replaced by the operations of their ``call``. Those with weights say in a
method ``plain(inputs)`` how Keras' own layers compute the same; weights are written as they are used (an equalised
kernel already multiplied). Everything is computed in float32, also where training convolved in bfloat16.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops


def plain(network: keras.Model, outputs: Sequence[str]) -> keras.Model:
    """The same function of the same inputs without a layer of this project, its output layers named ``outputs``.

    Keras' own layers are shared with ``network``, so nothing is copied but what is rebuilt.

    Raises:
        TypeError: if a layer of this project has weights and no method ``plain``.
        ValueError: if there are not as many outputs, or the name of one is that of another layer.
    """
    rebuilt = keras.models.clone_model(network, clone_function=_same, call_function=_called, recursive=True)
    found = rebuilt.output if isinstance(rebuilt.output, list) else [rebuilt.output]
    pairs = zip(found, rebuilt.output_names, outputs, strict=True)
    named = [tensor if known == name else layers.Identity(name=name)(tensor) for tensor, known, name in pairs]
    return keras.Model(rebuilt.input, named if len(named) > 1 else named[0], name=network.name)


def with_weights(layer: layers.Layer, inputs: Any, *weights: Any) -> Any:
    """Call a layer of Keras on symbolic inputs, give it these weights, return its output."""
    output = layer(inputs)
    layer.set_weights([np.asarray(ops.convert_to_numpy(ops.convert_to_tensor(one)), np.float32) for one in weights])
    return output


def learned(value: Any, like: Any, name: str) -> Any:
    """The same values for each row of symbolic ``like`` (b, ...): an array of shape s -> (b, *s).

    They are the kernel of a dense layer whose input is 1, which every format can hold.
    """
    shape = tuple(value.shape)
    ones = ops.ones_like(layers.Flatten()(like)[:, :1])  # (b, 1)
    flat = layers.Dense(int(np.prod(shape)), use_bias=False, name=name)
    return layers.Reshape(shape)(with_weights(flat, ones, ops.reshape(value, (1, -1))))


def _same(layer: Any) -> Any:
    return layer


def _called(layer: Any, *inputs: Any, **named: Any) -> Any:
    """What stands for a layer's call in the rebuilt network."""
    if type(layer).__module__.startswith("keras."):
        return layer(*inputs, **named)
    named.pop("training", None)
    if hasattr(layer, "plain"):
        return layer.plain(*inputs)
    if layer.weights:
        raise TypeError(f"the layer {layer.name} ({type(layer).__name__}) has weights and no plain form")
    return layer.call(*inputs, **named)
