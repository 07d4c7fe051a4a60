"""Which layers of a StyleGAN choose colours: two ways to leave shape to the coarse ones and take colours from them.

Mixing regularisation lets neighbouring layers rely less on each other, but any layer may choose colours. Adaptive
normalisation at the fine layers takes away what colour the layers before have chosen (mean and spread of each feature
map), and a price on the palette makes the coarse layers unlearn what comes through all the same. Both are our own
additions to the networks of T. Karras et al., 2018 and 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from models.core.inference import predict

FITTED = 2_000  # codings over which moments are matched


def palette(images: Any) -> Any:
    """Mean and covariance of a picture's colours, wherever they are: (b, h, w, c) -> (b, c + c^2)."""
    pixels = ops.reshape(images, (-1, images.shape[1] * images.shape[2], images.shape[3]))
    mean = ops.mean(pixels, axis=1, keepdims=True)
    apart = pixels - mean
    spread = ops.matmul(ops.transpose(apart, (0, 2, 1)), apart) / pixels.shape[1]
    return ops.concatenate([mean[:, 0], ops.reshape(spread, (-1, images.shape[3] ** 2))], axis=-1)


def palette_gap(model: Any, fine_from: int, count: int) -> Any:
    """Mean squared difference of the palettes of two pictures with one fine and two coarse sources, a scalar.

    Args:
        model: a StyleGAN in training.
        fine_from: height in pixels from which on layers have the fine source.
        count: pairs.
    """
    network = model.generator
    codings = keras.random.normal((3 * count, model.latent_size), seed=model.noise)
    first, second, fine = ops.split(network.get_layer("mapping")(codings), 3)  # (count, d) each
    coarse = [layer.height < fine_from for layer in model.style_layers]
    styles = ops.concatenate(
        [ops.stack([one if below else fine for below in coarse], axis=1) for one in (first, second)]
    )  # (2 count, layers, d)
    maps = keras.random.normal((2 * count, model.noise_size), seed=model.noise)
    one, two = ops.split(palette(network.get_layer("synthesis")([styles, maps], training=True)), 2)
    return ops.mean(ops.square(one - two))


def match_moments(generator: keras.Model, normalisations: Sequence[layers.Layer], seed: int, at_once: int) -> None:
    """Set adaptive normalisations so that they leave pictures of a single style about as they are.

    Mean and spread of each feature map are fitted as affine functions of w, by least squares over ``FITTED`` codings.
    A network that has learned without normalisation goes on with it from its own pictures; only where styles are mixed
    does it paint otherwise: then mean and spread are those of the layer's own style.

    Args:
        generator: with the parts "mapping", "fixed_noise" and "synthesis".
        normalisations: the layers, in their order; each has an ``affine`` map of the style.
        seed: of the codings.
        at_once: pictures that are painted at a time.
    """
    codings = np.random.default_rng(seed).standard_normal((FITTED, generator.input_shape[-1]), np.float32)
    w, painter = predict(generator.get_layer("mapping"), codings)[0], generator.get_layer("synthesis")
    known = np.concatenate([w, np.ones_like(w[:, :1])], axis=1)
    styles = np.repeat(w[:, None], painter.input_shape[0][1], axis=1)
    maps = np.repeat(np.asarray(generator.get_layer("fixed_noise").values)[None], FITTED, axis=0)
    for layer in normalisations:  # each sees what the last one left
        moments = keras.Model(painter.inputs, list(ops.moments(layer.input[0], axes=(1, 2))))
        mean, variance = predict(moments, styles, maps, batch_size=at_once)
        fitted = np.linalg.lstsq(known, np.concatenate([np.sqrt(variance) - 1.0, mean], axis=1), rcond=None)[0]
        layer.affine.kernel.assign(fitted[:-1] / layer.affine.scale)
        layer.affine.bias.assign(fitted[-1])
