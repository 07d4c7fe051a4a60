"""What each coding unit stands for: which images activate it, what it paints, what changes without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.images import convert
from models.core.recipes.fields import Fields
from models.core.work import Work

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
CHUNK = 100  # codings or images at a time
STRONG = 99.5  # percentile of a unit's activation that counts as strong


@dataclass(frozen=True)
class Survey:
    """All units of a model on many images.

    Attributes:
        images: uint8 (n, height, width, channels) that were encoded.
        codings: (n, units).
        strong: (units,) a strong activation of each unit.
        alone: uint8 (units, height, width, channels), what each unit adds to the mean coding: grey is nothing,
            light is more, dark is less; each scaled by itself.
        generated: uint8 as ``alone``, the mean coding with the unit strongly active.
    """

    pictures: Pixels
    codings: Floats
    strong: Floats
    alone: Pixels
    generated: Pixels

    @property
    def size(self) -> int:
        """How many units there are."""
        return int(self.codings.shape[1])

    def signed(self) -> bool:
        """Whether activations below zero mean something."""
        return bool(self.codings.min() < -0.05)

    def top(self, unit: int, count: int) -> NDArray[np.int64]:
        """The images that activate a unit most, strongest first."""
        return np.argsort(-self.codings[:, unit], kind="stable")[:count]

    def order(self) -> NDArray[np.int64]:
        """The units, those that tell images apart most first."""
        return np.argsort(-self.codings.std(axis=0), kind="stable")


@dataclass(frozen=True)
class Chosen:
    """What a recipe of the Neurons panel brings back; None for what the panel shows first."""

    unit: int | None = None
    example: int | None = None
    per_cent: int | None = None


def chosen_in(values: Mapping[str, Any], size: int, pictures: int, most: int) -> Chosen:
    """Read a recipe for a model with ``size`` units, of which ``pictures`` are encoded, and a slider to ``most``.

    Raises:
        RunFormatError: naming what does not fit.
    """
    fields = Fields(values)
    if fields.whole("units", 1, 10**6, size) != size:
        raise fields.bad("units", f"are {values['units']}, and the model has {size}")
    unit = fields.whole("unit", 0, size - 1) if fields.has("unit") else None
    example = fields.whole("example", 0, pictures - 1) if fields.has("example") else None
    return Chosen(unit, example, fields.whole("per_cent", -most, most) if fields.has("per_cent") else None)


def decoded(model: Any, codings: Floats, work: Work) -> Floats:
    """Paint many codings, some at a time."""
    parts = []
    for begin in range(0, len(codings), CHUNK):
        work.check()
        parts.append(model.decode(codings[begin : begin + CHUNK]))
        work.tell("Decoding units", min(begin + CHUNK, len(codings)), len(codings))
    return np.concatenate(parts)


def survey(model: Any, pictures: Pixels, work: Work) -> Survey:
    """Encode images and paint every unit of a model that ``Encodes`` and ``Decodes``."""
    parts = []
    for begin in range(0, len(pictures), CHUNK):
        work.check()
        parts.append(model.encode(convert.to_float(pictures[begin : begin + CHUNK])))
        work.tell("Encoding", min(begin + CHUNK, len(pictures)), len(pictures))
    codings = np.concatenate(parts)
    mean, strong = codings.mean(axis=0), np.percentile(codings, STRONG, axis=0).astype(np.float32)
    strong = np.maximum(strong, 1e-3)
    switched = np.repeat(mean[None], 2 * len(mean), axis=0)  # each unit on, then each unit off
    rows = np.arange(len(mean))
    switched[rows, rows], switched[len(mean) + rows, rows] = strong, 0.0
    generated = decoded(model, switched, work)
    on, off = generated[: len(mean)], generated[len(mean) :]
    change = on - off
    most = np.maximum(np.abs(change).max(axis=(1, 2, 3), keepdims=True), 0.02)  # a dead unit stays grey
    return Survey(pictures, codings, strong, convert.to_uint8(0.5 + 0.5 * change / most), convert.to_uint8(on))


def changed(model: Any, coding: Floats, unit: int, value: float) -> Pixels:
    """The image of a coding (units,) as it is and with one unit set to a value: (2, height, width, channels)."""
    both = np.repeat(coding[None], 2, axis=0)
    both[1, unit] = value
    return convert.to_uint8(model.decode(both))
