"""Pictures from files that somebody dropped or chose, brought to a model's shape, with what their recipes say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import images, recipes
from models.core.errors import UserError
from studio.session import ModelInfo


@dataclass(frozen=True, eq=False)
class Taken:
    """A file that was taken: a picture in the model's shape, and its recipe if this very model painted it."""

    picture: NDArray[np.uint8]
    recipe: dict[str, Any] | None = None


def take(info: ModelInfo, paths: Sequence[str]) -> tuple[list[Taken], list[UserError]]:
    """Read files; one that cannot be read is named and left out."""
    found: list[Taken] = []
    bad: list[UserError] = []
    for path in map(Path, paths):
        try:
            recipe = recipes.read_recipe(path) or {}
            known = recipe if recipe.get("run_id") == info.run_id else None
            found.append(Taken(images.fit(images.decode(path), info.image_shape), known))
        except UserError as error:
            bad.append(error)
    return found, bad
