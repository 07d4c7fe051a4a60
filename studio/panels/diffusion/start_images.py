"""What a walk may begin with instead of pure noise: images that are drowned up to some time (image to image)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion import capability
from models.core.diffusion.rates import States
from models.core.images import convert
from models.core.recipes import arrays

SEED = 0  # of the noise that images drown in


@dataclass(frozen=True, eq=False)
class Beginning:
    """Pictures, uint8 (n, h, w, c), the time up to which they are drowned, 1 to T, and the seed of their noise."""

    time: int
    pictures: NDArray[np.uint8]
    seed: int = SEED

    def state(self, model: Any, count: int) -> tuple[int, States]:
        """(t, x_t) of ``count`` images as the Forward page shows them; if there are fewer, they come round again."""
        rows = np.arange(count) % len(self.pictures)
        time, states = capability.begun(model, convert.to_float(self.pictures), self.time, self.seed)
        return time, states[rows]

    @cached_property
    def packed(self) -> dict[str, Any]:
        """For a recipe."""
        return {"time": self.time, "seed": self.seed, "pictures": arrays.pack(self.pictures)}
