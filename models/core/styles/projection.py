"""Finding the styles of an image: in W one style for all layers, in W+ one a layer.

    w = mean + spread c,   loss(c) = mean (G(w) - x)^2 + pull mean c^2          (minimised over c alone)

A search in W+ begins with the result of one in W: it comes nearer to any image, but its styles are less those that
the network knows, so that they mix and move less well.

Source: R. Abdal, Y. Qin and P. Wonka, "Image2StyleGAN: How to Embed Images Into the StyleGAN Latent Space?", 2019,
arXiv:1904.03189, section 3 (there with a perceptual distance, which would need a network trained elsewhere).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from models.core.latent.inversion import STARTS, STEPS, search
from models.core.styles.mixing import Floats, MixesStyles, Styles
from models.core.work import SILENT, Part, Work

__all__ = ["STEPS", "project"]

MEASURED = 512  # styles whose spread is measured


class _Place(layers.Layer):
    """Turns what is searched for into styles and their noise: (b, k d) -> (b, layers, d), (b, noise_size)."""

    def __init__(self, mean: Floats, spread: Floats, count: int, noise: Floats) -> None:
        super().__init__()
        self.mean = mean
        self.spread = spread
        self.count = count
        self.fixed = noise

    def call(self, flat: Any) -> Any:
        """One vector for all layers is repeated; one a layer is taken apart."""
        vectors = ops.reshape(flat, (-1, flat.shape[-1] // len(self.mean), len(self.mean)))
        styles = self.mean + self.spread * ops.repeat(vectors, self.count // vectors.shape[1], axis=1)
        return styles, ops.zeros_like(flat[:, :1]) + ops.convert_to_tensor(self.fixed)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        """(b, layers, d), (b, noise_size)."""
        return (input_shape[0], self.count, len(self.mean)), (input_shape[0], len(self.fixed))


def project(
    model: MixesStyles,
    synthesis: keras.Model,
    images: Floats,
    *,
    plus: bool = False,
    steps: int = STEPS,
    work: Work = SILENT,
) -> Styles:
    """Search for the styles (n, layers, d) of images (n, height, width, channels) in [0, 1].

    Args:
        model: that paints.
        synthesis: its network, [styles, noise] -> pixels in about [0, 1].
        images: of the model's shape.
        plus: whether each layer may have a style of its own.
        steps: of Adam; with ``plus`` as many again.
        work: told (what, steps done, steps in all); checked before every step.

    Raises:
        Cancelled: if ``work`` is cancelled; the model is as it was.
    """
    count, size = len(model.style_layers), model.style_size
    drawn = model.styles(np.random.default_rng(0).standard_normal((MEASURED, size), dtype=np.float32))[:, 0]
    mean, spread = drawn.mean(axis=0), drawn.std(axis=0) + 1e-6
    starts = (drawn[:STARTS] - mean) / spread
    generated = model.synthesize(np.repeat(drawn[:STARTS, None], count, axis=1))
    place = _Place(mean, spread, count, model.fixed_noise())
    times = 2 if plus else 1

    def look(width: int, begin: Any, what: str, part: int) -> Floats:
        flat = keras.Input((width,))
        network = keras.Model(flat, synthesis(place(flat)))
        return search(network, images, begin, steps=steps, work=Part(work, what, part, times))

    found = look(size, (starts, generated), "Searching in W", 0)
    if plus:
        found = look(size * count, np.tile(found, (1, count)), "Searching in W+", 1)
    vectors = found.reshape(len(images), -1, size)
    return np.asarray(mean + spread * np.repeat(vectors, count // vectors.shape[1], axis=1), np.float32)
