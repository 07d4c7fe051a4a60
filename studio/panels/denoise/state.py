"""What the Denoise panel shows, as values: the image on its way through it, and what a recipe brings back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.denoising import noise
from models.core.images import decoding
from models.core.recipes import arrays
from models.core.recipes.fields import Fields
from studio.panels.denoise.cleaning import MOST_STRENGTH, SAMPLES, Noise, Scores, sample_path
from studio.panels.denoise.pyramid import Layers, layers
from studio.workers.recipes import Prepared

Pixels = NDArray[np.uint8]
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Source:
    """An image as it was opened, ready to be drawn; ``exif`` are the notes of the camera that took it."""

    picture: Layers
    path: Path
    exif: bytes = b""


@dataclass(frozen=True, eq=False)
class Scene:
    """One image on its way through the panel: each step fills in what it found.

    Attributes:
        source: the image; None before one was opened.
        noisy: what the model gets: the source in the model's size, with noise.
        clean: that without noise; None if no noise was added, and nothing can be scored.
        after: what the model made of ``noisy``, in ``seconds``.
        scores: of ``noisy`` and ``after``.
        by: who made what is shown, if it is not this model.
    """

    source: Source | None = None
    noisy: Layers | None = None
    clean: Pixels | None = None
    after: Layers | None = None
    seconds: float = 0.0
    scores: tuple[Scores | None, Scores | None] = (None, None)
    by: str = ""


@dataclass(frozen=True, eq=False)
class Cleaning:
    """One image and what is done to it: what a recipe brings back.

    Attributes:
        source: the image; None if it is not known and must be dropped first.
        how: the noise that is added.
        name: of the source's file.
        mark: of the source, by ``arrays.mark_of``; "" where an old recipe does not say.
    """

    source: Source | None
    how: Noise
    name: str = ""
    mark: str = ""

    def is_of(self, source: Source) -> bool:
        """Whether an image is the source: by its pixels, or by its name where those are not known."""
        return self.mark == arrays.mark_of(source.picture.pixels) if self.mark else self.name == source.path.name


def prepare(values: Mapping[str, Any], title: str) -> Prepared:
    """The state that a recipe tells of.

    Raises:
        RunFormatError: naming what does not fit.
    """
    fields = Fields(values)
    kind = fields.choice("noise", noise.KINDS, "gaussian")
    how = Noise(kind, fields.number("strength", 0.0, MOST_STRENGTH, 0.0), fields.whole("seed", 0, LARGEST_SEED, 0))
    if abs(100 * how.strength - round(100 * how.strength)) > 1e-6:
        raise fields.bad("strength", "must be a whole number of per cent")
    name, notes = fields.text("image", 400, ""), []
    if fields.has("told"):
        told = fields.number("told", 0.0, 1.0)
        notes.append(f"It was denoised with a noise strength of {told:g} given by hand; here the model measures it.")
    if fields.text("by", 200, ""):
        notes.append(f"The exported image was made by {fields.text('by')}, not by {title}: compare methods to see it.")
    source = _source(fields, name)
    if source is None:
        notes.append(f"Now drop {name or 'its source'} on Denoise: the recipe holds the settings, not the image.")
    return Prepared(Cleaning(source, how, name, fields.text("mark", 64, "")), tuple(notes))


def _source(fields: Fields, name: str) -> Source | None:
    if fields.has("source"):
        found = arrays.unpack(fields.values["source"])
        if found is None or len(found) != 1 or found.nbytes > arrays.MOST_BYTES:
            raise fields.bad("source", "is no image that can be read")
        return Source(layers(found[0]), Path(name))
    return Source(layers(decoding.decode(sample_path(name))), Path(name)) if name in SAMPLES else None
