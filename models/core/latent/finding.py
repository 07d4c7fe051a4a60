"""From images to codings, whatever a model can do, and from a few codings to images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Codings
from models.core.capabilities import Encodes
from models.core.images import convert
from models.core.work import Work, advance

Pixels = NDArray[np.uint8]
CHUNK = 64


def codings_of(model: Any, pictures: Pixels, work: Work) -> Codings:
    """The codings of images: the encoder's, or for a model that only paints those that a search finds."""
    if not isinstance(model, Encodes):
        from models.core.latent import inversion

        return inversion.invert(model, convert.to_float(pictures), work=work)
    parts = []
    for begin in range(0, len(pictures), CHUNK):
        advance(work, "Encoding", begin, len(pictures))
        parts.append(model.encode(convert.to_float(pictures[begin : begin + CHUNK])))
    return np.concatenate(parts)


def generated(model: Any, codings: Codings, work: Work) -> Pixels:
    """Paint a few codings one by one: nine alone are done sooner than one padded batch."""
    parts = []
    for coding in codings:
        work.check()
        parts.append(model.decode(coding[None])[0])
    return convert.to_uint8(np.stack(parts))
