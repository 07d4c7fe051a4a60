"""Finding the coding of an image for a model that only paints: optimise the coding until what it paints is alike.

    loss(z) = mean (G(z) - x)^2 + pull x mean z^2                     (minimised over z alone; the network is frozen)

Source: Zhu, Kraehenbuehl, Shechtman and Efros 2016, arXiv:1609.03552, section 3.1 (there with another distance).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from models.core import device
from models.core.arrays import Codings, Images
from models.core.errors import UserError
from models.core.keras_internals import all_layers, read_variable
from models.core.work import SILENT, Part, Work, advance

STEPS = 150
RATE = 0.05  # of Adam
PULL = 1e-3  # of the prior
STARTS = 64  # codings of the prior among which the best start is chosen
BATCH = 8  # images at a time
_RANGES = ((1.0, 0.0), (0.5, 0.5))  # what turns a network's pixels into [0, 1]: sigmoid, tanh


class _Search(keras.Model):
    """A frozen network with codings (n, latent_size) as its only weights; ``call`` ignores what it is given."""

    def __init__(self, network: Any, start: Codings, pixels: tuple[float, float], conditions: int = 0) -> None:
        super().__init__(name="search")
        self.coding = self.add_weight(shape=start.shape, initializer="zeros", trainable=True, name="coding")
        self.coding.assign(start)
        self.network = network
        self.pixels = pixels
        self.conditions = conditions
        self.network.trainable = False
        self.built = True

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Paint the codings: (n, h, w, c) in [0, 1]; a network that normalises does it as when it is used."""
        scale, shift = self.pixels
        coding = self.coding
        if self.conditions:  # the numbers at the end, which ``decode`` takes from 0 to 1
            coding = ops.concatenate(
                [coding[:, : -self.conditions], ops.clip(coding[:, -self.conditions :], 0.0, 1.0)], axis=1
            )
        return scale * self.network(coding, training=False) + shift

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The squared difference and the pull, summed over images so that each is searched as if it were alone."""
        difference = ops.mean(ops.square(y_pred - x), axis=(1, 2, 3))  # (n,)
        return ops.sum(difference + PULL * ops.mean(ops.square(self.coding), axis=1))


def network_of(model: Any) -> tuple[Any, tuple[float, float]]:
    """The network that paints, and (scale, shift) that turn its pixels into those of ``model.decode``.

    Raises:
        UserError: if the model has no network whose pixels are those of ``decode``.
    """
    parts = model.parts() if hasattr(model, "parts") else {}
    codings = model.sample_codings(2, 0)
    for name in ("generator", "decoder"):
        network = parts.get(name)
        if network is None or len(network.inputs) != 1 or network.inputs[0].shape[1:] != codings.shape[1:]:
            continue
        raw, generated = np.asarray(network.predict_on_batch(codings)), model.decode(codings)
        for scale, shift in _RANGES:
            if raw.shape == generated.shape and np.allclose(scale * raw + shift, generated, atol=1e-3):
                return network, (scale, shift)
    advice = "Use images that the model has generated itself."
    raise UserError("This model cannot search for the codings of images.", advice=advice)


def invert(
    model: Any,
    images: Images,
    *,
    steps: int = STEPS,
    work: Work = SILENT,
) -> Codings:
    """Find codings (n, latent_size) that paint images; the same images give the same codings.

    Args:
        model: has the capability ``Decodes`` and names its networks in ``parts()``.
        images: (n, height, width, channels) in [0, 1], of the model's shape.
        steps: of Adam.
        work: told (what, steps done, steps in all); checked before every step.

    Raises:
        UserError: if the model's network cannot be searched.
        Cancelled: if ``work`` is cancelled; the model is as it was.
    """
    network, pixels = network_of(model)
    how: Any = {"steps": steps, "work": work}
    conditions = int(getattr(model, "condition_size", 0))
    return search(network, images, _starts(model), pixels=pixels, conditions=conditions, **how)


def search(
    network: Any,
    images: Images,
    starts: tuple[Codings, Images] | Codings,
    *,
    pixels: tuple[float, float] = (1.0, 0.0),
    conditions: int = 0,
    steps: int = STEPS,
    work: Work = SILENT,
) -> Codings:
    """Find what a network of one input (n, d) must be given to paint images.

    Args:
        network: frozen while it is searched.
        images: (n, height, width, channels) in [0, 1].
        starts: inputs (m, d) and what they paint, of which each image takes the nearest; or one input an image.
        pixels: (scale, shift) that turn the network's pixels into [0, 1].
        conditions: how many numbers at the end of an input are taken from 0 to 1.
        steps: of Adam.
        work: told (what, steps done, steps in all); checked before every step.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    batches = [np.asarray(images[begin : begin + BATCH], np.float32) for begin in range(0, len(images), BATCH)]
    near = [_nearest(batch, *starts) for batch in batches] if isinstance(starts, tuple) else []
    begin = np.concatenate([starts[0][:0], *near]) if isinstance(starts, tuple) else starts
    found, before = [begin[:0]], [(layer, layer.trainable) for layer in all_layers(network, itself=True)]
    try:
        for number, batch in enumerate(batches):
            part = Part(work, "Searching for codings", number, len(batches))
            first = begin[number * BATCH : (number + 1) * BATCH]
            found.append(_search(_Search(network, first, pixels, conditions), batch, steps, part))
    finally:
        for layer, trainable in before:  # a network comes before its layers, which may differ from it
            layer.trainable = trainable
    return np.concatenate(found)


def _starts(model: Any) -> tuple[Codings, Images]:
    codings = model.sample_codings(STARTS, 0)
    return codings, model.decode(codings)


def _nearest(images: Images, starts: Codings, generated: Images) -> Codings:
    """For each image the coding whose painting is most like it."""
    distances = np.stack([((generated - image) ** 2).mean(axis=(1, 2, 3)) for image in images])  # (n, STARTS)
    return np.asarray(starts[distances.argmin(axis=1)], np.float32)


def _search(search: _Search, images: Images, steps: int, work: Work) -> Codings:
    search.compile(optimizer=keras.optimizers.Adam(RATE), jit_compile=device.compiles())
    for done in range(steps):
        advance(work, "Searching", done, steps)
        search.train_on_batch(images)
    return np.asarray(read_variable(search.coding), np.float32)
