"""The first question to a network costs a trace, a second or so; asked beforehand, nobody waits for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.core.capabilities import Decodes, Denoises, Encodes
from models.core.diffusion.capability import Diffuses, Sampling

SHEET = 8  # images that a walk begins with
SIDES = (16, 32)  # a second size tells the backend that the next image may have any


def warm(model: Any) -> None:
    """Ask a model what people ask first, in the shapes in which they ask it; the answers are thrown away."""
    if isinstance(model, Decodes):
        codings = model.sample_codings(2, 0)
        pictures = model.decode(codings)
        model.decode(codings[:1])
        if isinstance(model, Encodes):
            model.encode(pictures[:1])
    if isinstance(model, Diffuses) and model.condition.offer.images >= SHEET:  # elsewhere one step takes long
        step = next(model.reverse(Sampling(steps=1), count=SHEET))
        model.pictures(step.x)
    if isinstance(model, Denoises) and not isinstance(model, (Decodes, Diffuses)):
        for side in SIDES:
            model.denoise(np.zeros((1, side, side, 3), np.float32), strength=0.1)
