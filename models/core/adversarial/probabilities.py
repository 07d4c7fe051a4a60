"""What a discriminator thinks of some real images and of some fakes: plain numbers that can leave their thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Probabilities:
    """One look at both networks.

    Attributes:
        fakes: what the generator paints, (n, height, width, channels) in [0, 1].
        on_fakes: the probability that each fake is real, (n,) in [0, 1].
        on_reals: the probability that each real image is real, (m,) in [0, 1].
        losses: of each network by its name, on these images and fakes.
    """

    fakes: NDArray[np.float32]
    on_fakes: NDArray[np.float32]
    on_reals: NDArray[np.float32]
    losses: Mapping[str, float]
