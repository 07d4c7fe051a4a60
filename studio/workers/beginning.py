"""What a walk may begin with instead of pure noise: pictures that are drowned up to some time (image to image)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import diffusion, images
from models.core.diffusion import States
from studio.workers import packing

SEED = 0  # of the noise that pictures drown in


@dataclass(frozen=True, eq=False)
class Beginning:
    """Pictures, uint8 (n, h, w, c), and the time up to which they are drowned, 1 to T."""

    time: int
    pictures: NDArray[np.uint8]

    def state(self, model: Any, count: int) -> tuple[int, States]:
        """(t, x_t) of ``count`` pictures as the Forward page shows them; if there are fewer, they come round again."""
        rows = np.arange(count) % len(self.pictures)
        x_0 = model.forward(images.to_float(self.pictures), 0, SEED)
        eps = diffusion.draw(x_0.shape, SEED, len(model.schedule) - 1, diffusion.FORWARD)
        return self.time, diffusion.forward(x_0, model.schedule, self.time, eps)[rows]

    @cached_property
    def packed(self) -> dict[str, Any]:
        """For a recipe."""
        return {"time": self.time, "pictures": packing.pack(self.pictures)}


def beginning_in(recipe: Mapping[str, Any], shape: tuple[int, ...], timesteps: int) -> Beginning | None:
    """What ``packed`` wrote; None if it cannot be read or does not suit the model."""
    time, pictures = recipe.get("time"), packing.unpack(recipe.get("pictures"))
    if isinstance(time, bool) or not isinstance(time, int) or not 1 <= time <= timesteps:
        return None
    return None if pictures is None or pictures.shape[1:] != shape else Beginning(time, pictures)
