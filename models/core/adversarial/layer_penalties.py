"""Which layers of a StyleGAN choose colours, and which shapes: what it costs if the wrong ones do.

Mixing regularisation makes neighbouring layers rely less on each other, but any layer may choose anything: with few
channels the coarse ones chose everything, with a penalty on colours alone the fine ones. So there are two: for
colours that change with the coarse source and for outlines that change with the fine one. They are our own addition to
the networks of T. Karras et al., 2018 and 2019, which they leave as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from models.core.adversarial.resolutions import shrunk
from models.core.errors import ConfigError

COLOURED, OUTLINED = 16, 32  # cells a side at most, at which colours and outlines are compared
FAR = 0.3  # a cell that lies a whole image away seems as unlike as if its channels were 0.3 off
FAINT = 0.05  # difference of two cells at which there may be an outline or none


def colour_distance(images: Any, others: Any) -> Any:
    """How far the colours of images are from like ones in others, whatever lies where: (b, h, w, c) twice -> scalar.

    Images are seen as mean colours of cells, at most ``COLOURED`` a side. Each cell looks for the one of the other
    image that is most like it, and one that lies elsewhere is a little less like it. So hair finds hair even where
    it is shorter, and finds nothing only if there is no hair of its colour: what counts is colours, not their areas.
    """
    first, second = _cells(images, COLOURED), _cells(others, COLOURED)  # (b, rows, columns, c)
    down, across = (ops.arange(side, dtype="float32") / side for side in first.shape[1:3])
    away = FAR * ops.stack(ops.meshgrid(down, across, indexing="ij"), axis=-1)
    place, (first, second) = ops.reshape(away, (-1, 2)), (_flat(first), _flat(second))
    apart = ops.mean(ops.square(first[:, :, None] - second[:, None]), axis=-1)  # (b, n, n)
    apart += ops.sum(ops.square(place[:, None] - place[None]), axis=-1)
    return 0.5 * (ops.mean(ops.min(apart, axis=1)) + ops.mean(ops.min(apart, axis=2)))


def _cells(images: Any, most: int) -> Any:
    while max(images.shape[1:3]) > most:
        images = shrunk(images, 1)
    return images


def _flat(images: Any) -> Any:
    return ops.reshape(images, (-1, images.shape[1] * images.shape[2], images.shape[3]))


def edge_distance(images: Any, others: Any) -> Any:
    """How much the outlines of images differ, whatever is on either side of them: (b, h, w, c) twice -> scalar."""
    return ops.mean(ops.square(_outlines(images) - _outlines(others)))


def _outlines(images: Any) -> Any:
    """How sure it is that neighbouring cells have different colours, (b, pairs) in [0, 1)."""
    cells = _cells(images, OUTLINED)
    found = []
    for near, far in ((cells[:, 1:], cells[:, :-1]), (cells[:, :, 1:], cells[:, :, :-1])):
        contrast = ops.mean(ops.square(near - far), axis=-1)
        found.append(ops.reshape(contrast / (contrast + FAINT**2), (-1, contrast.shape[1] * contrast.shape[2])))
    return ops.concatenate(found, axis=1)


def check(config: Any, heights: Sequence[int], fine_from: int) -> None:
    """Refuse penalties where all layers are coarse or all are fine: then they would penalise what every layer does.

    Raises:
        ConfigError: naming each penalty that is not 0.
    """
    if len({height >= fine_from for height in heights}) < 2:
        why = f"needs layers below {fine_from} pixels and from there on; these are of {min(heights)} to {max(heights)}"
        raise ConfigError({name: why for name in ("palette", "outline") if getattr(config, name)})


def style_consistency(model: Any, fine_from: int, count: int) -> tuple[Any, Any]:
    """What another coarse source does to ``colour_distance``, and another fine one to ``edge_distance``.

    Args:
        model: a StyleGAN in training.
        fine_from: height in pixels from which on layers have the fine source.
        count: pairs of each kind.
    """
    network = model.generator
    codings = keras.random.normal((4 * count, model.latent_size), seed=model.noise)
    coarse, other_coarse, fine, other_fine = ops.split(network.get_layer("mapping")(codings), 4)  # (count, d) each
    below = [layer.height < fine_from for layer in model.style_layers]
    mixed = ((coarse, fine), (other_coarse, fine), (coarse, other_fine))
    styles = ops.concatenate([ops.stack([one if low else two for low in below], axis=1) for one, two in mixed])
    maps = keras.random.normal((len(mixed) * count, model.noise_size), seed=model.noise)
    first, other_shape, other_colour = ops.split(network.get_layer("synthesis")([styles, maps], training=True), 3)
    return colour_distance(first, other_shape), edge_distance(first, other_colour)
