"""Styles: what a model that ``MixesStyles`` paints each of its layers with, and how those of two images are mixed.

Everything here is plain numpy. Styles are float32 (n, layers, style_size): one vector w a layer; the first layers are
the coarse ones (shape), the last ones the fine ones (colour).

Source: T. Karras, S. Laine and T. Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks",
2019, arXiv:1812.04948, sections 3.1 and 3.2 and appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Codings, Images
from models.core.work import SILENT, Work

Styles = NDArray[np.float32]  # (n, layers, style_size)
Noise = NDArray[np.float32]  # (n, noise_size): the maps of all layers, one after the other
Floats = NDArray[np.float32]
FIXED = -1  # in ``noise_of``: the noise that the model always paints with
OFF = -2


@dataclass(frozen=True)
class StyleLayer:
    """One layer of a synthesis network that takes a style and a noise map.

    Attributes:
        name: for a person, such as "8 x 8, first".
        height, width: of its feature maps and of its noise map.
        channels: of its feature maps.
        begin: where its noise map begins in the noise of all layers.
    """

    name: str
    height: int
    width: int
    channels: int
    begin: int

    @property
    def place(self) -> slice:
        """Where its noise map lies in the noise of all layers."""
        return slice(self.begin, self.begin + self.height * self.width)


@runtime_checkable
class MixesStyles(Protocol):
    """Paints from one style a layer, so that the shape of one image can be given the colours of another one."""

    style_layers: tuple[StyleLayer, ...]
    style_size: int
    noise_size: int
    truncation: float  # with which ``decode`` paints

    def styles(self, codings: Codings) -> Styles:
        """Map codings (n, latent_size) to styles (n, layers, style_size), the same for each layer; no truncation."""
        ...

    def mean_style(self) -> Floats:
        """The mean of w over all codings, (style_size,): what truncation pulls towards."""
        ...

    def fixed_noise(self) -> Floats:
        """The noise that ``decode`` paints with, (noise_size,)."""
        ...

    def synthesize(self, styles: Styles, noise: Noise | None = None) -> Images:
        """Paint styles with noise (n, noise_size), or with the fixed one: (n, height, width, channels) in [0, 1]."""
        ...

    def features(self, styles: Styles, noise: Noise | None = None) -> list[Floats]:
        """The feature maps of each layer, (n, height, width, channels) each, and the image in [0, 1] at the end."""
        ...

    def project(
        self,
        images: Images,
        *,
        plus: bool = False,
        steps: int = 150,
        work: Work = SILENT,
    ) -> Styles:
        """Search for the styles of images (n, height, width, channels) in [0, 1].

        Args:
            images: of the model's shape.
            plus: whether each layer may have a style of its own (W+) instead of all the same (W).
            steps: of the optimizer; with ``plus`` as many again.
            work: told (what, steps done, steps in all); checked before every step.
        """
        ...


# --- Mixing ---


def mix(coarse: Styles, fine: Styles, crossover: int) -> Styles:
    """The layers before ``crossover`` from ``coarse``, the others from ``fine``: both (n, layers, style_size).

    Args:
        coarse: styles of the images that give the shape.
        fine: of those that give the colours.
        crossover: 0 (all from ``fine``) to the number of layers (all from ``coarse``).
    """
    return blend(coarse, fine, np.arange(coarse.shape[1]) >= crossover)


def blend(first: Styles, second: Styles, amounts: NDArray[Any] | Sequence[float]) -> Styles:
    """Blend each layer by an amount of its own: 0 is ``first``, 1 is ``second``; (layers,) or (n, layers)."""
    share = np.asarray(amounts, np.float32)[..., None]
    return np.asarray((1.0 - share) * first + share * second, np.float32)  # exactly one of them at 0 and 1


def grid(rows: Styles, columns: Styles, crossover: int) -> Styles:
    """Each row's coarse layers with each column's fine ones: (r, ...), (c, ...) -> (r * c, ...), row by row."""
    return mix(np.repeat(rows, len(columns), axis=0), np.tile(columns, (len(rows), 1, 1)), crossover)


def truncate(styles: Styles, mean: Floats, amount: float) -> Styles:
    """Pull styles towards the mean w: 1 leaves them, 0 gives the mean image."""
    return np.asarray(mean + amount * (styles - mean), np.float32)


# --- Noise ---


def noise(size: int, count: int, seed: int) -> Noise:
    """Draw the noise of all layers for ``count`` images from N(0, 1), (count, size)."""
    return np.random.default_rng(seed).standard_normal((count, size), dtype=np.float32)


def noise_of(layers: Sequence[StyleLayer], fixed: Floats, choices: Sequence[int]) -> Noise:
    """Noise chosen layer by layer for one image, (1, noise_size).

    Args:
        layers: of the model.
        fixed: the model's fixed noise, (noise_size,).
        choices: one a layer: ``FIXED``, ``OFF``, or a seed from 0 on.
    """
    made = np.array(fixed, np.float32)[None]
    for number, (layer, choice) in enumerate(zip(layers, choices, strict=True)):
        if choice == OFF:
            made[:, layer.place] = 0.0
        elif choice >= 0:  # a seed: each layer has draws of its own
            size = layer.height * layer.width
            made[0, layer.place] = np.random.default_rng([choice, number]).standard_normal(size, dtype=np.float32)
    return made
