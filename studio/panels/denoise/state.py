"""What the Denoise panel shows, as a value: the source image and the noise on it; written into recipes and read."""

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
from studio.panels.denoise.cleaning import MOST_STRENGTH, SAMPLES, Noise, sample_path
from studio.panels.denoise.pyramid import Layers, layers
from studio.workers.recipes import Prepared

Pixels = NDArray[np.uint8]
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Cleaning:
    """One image and what is done to it.

    Attributes:
        image: the source; None if it is not known and must be dropped first.
        name: of its file.
        how: the noise that is added.
        mark: of the source, by ``packing.mark_of``; "" where an old recipe does not say.
        exif: the notes of the camera that took it.
        path: of its file, if it is known.
    """

    picture: Layers | None
    name: str
    how: Noise
    mark: str = ""
    exif: bytes = b""
    path: Path | None = None

    def is_of(self, pixels: Pixels, name: str) -> bool:
        """Whether an image is the source: by its pixels, or by its name where those are not known."""
        return self.mark == arrays.mark_of(pixels) if self.mark else self.name == name


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
    picture = _picture(fields, name)
    if picture is None:
        notes.append(f"Now drop {name or 'its source'} on Denoise: the recipe holds the settings, not the image.")
    return Prepared(Cleaning(picture, name, how, fields.text("mark", 64, "")), tuple(notes))


def _picture(fields: Fields, name: str) -> Layers | None:
    if fields.has("source"):
        found = arrays.unpack(fields.values["source"])
        if found is None or len(found) != 1 or found.nbytes > arrays.MOST_BYTES:
            raise fields.bad("source", "is no image that can be read")
        return layers(found[0])
    return layers(decoding.decode(sample_path(name))) if name in SAMPLES else None
