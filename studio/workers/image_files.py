"""Pictures from files that somebody dropped or chose, brought to a model's shape, with what their recipes say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.disk.operations import shown
from models.core.errors import UserError
from models.core.images import convert, photos
from models.core.recipes import schema as recipe
from studio.session import ModelInfo


@dataclass(frozen=True, eq=False)
class Taken:
    """A file that was taken: an image in the model's shape, and its recipe if this very model painted it.

    ``notice`` is what the user should know of it: where it is transparent, what is behind it; "" for nothing.
    """

    picture: NDArray[np.uint8]
    recipe: dict[str, Any] | None = None
    notice: str = ""


def fitted(path: Path, shape: tuple[int, int, int]) -> Taken:
    """Read one image, whatever its recipe, and bring it to a shape (height, width, channels).

    Raises:
        ImageError: if it cannot be read.
    """
    photo = photos.read(path)
    notice = f"{shown(Path(path.name))} has transparent parts: they are put on white." if photo.transparent else ""
    return Taken(convert.fit(photo.pixels, shape), None, notice)


def notice_of(taken: Sequence[Taken]) -> str:
    """One sentence for several images; "" if there is nothing to say."""
    said = [one.notice for one in taken if one.notice]
    return said[0] + (f" So have {len(said) - 1:,} more." if len(said) > 1 else "") if said else ""


def take(info: ModelInfo, paths: Sequence[str]) -> tuple[list[Taken], list[UserError]]:
    """Read files; one that cannot be read is named and left out."""
    found: list[Taken] = []
    bad: list[UserError] = []
    for path in map(Path, paths):
        try:
            found.append(replace(fitted(path, info.image_shape), recipe=recipe.of_same_run(path, info.run_id)))
        except UserError as error:
            bad.append(error)
    return found, bad
