"""Recipes on their way out of a panel: what an image, sheet or animation carries. No widget in here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.core.images import recipes
from models.core.recipes import schema
from studio.session import ModelInfo


def recipe_of(info: ModelInfo, panel: str, *, made: str = "image", **values: Any) -> dict[str, Any]:
    """What brings an image back: the model by run, step and fingerprint, the panel, and the values of its controls."""
    return schema.written(
        panel, made, values, run_id=info.run_id, model=info.title, step=info.step, checkpoint=info.checkpoint
    )


def text_chunk(written: dict[str, Any]) -> dict[str, str]:
    """The recipe as the text chunk of a PNG that is dragged out."""
    return {recipes.RECIPE_KEY: json.dumps(written)}


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a panel makes of a recipe before anything is changed.

    Attributes:
        state: what its ``bring_back`` takes.
        notes: sentences for the user: what of the file cannot come back, and why.
    """

    state: Any
    notes: tuple[str, ...] = ()


class Later(Mapping[str, str]):
    """The text chunk of an image, written when the image is carried out: while sliders move there is no time for it."""

    def __init__(self, write: Callable[[], Mapping[str, str]]) -> None:
        self._write = write

    def __getitem__(self, key: str) -> str:
        """Write it now."""
        return self._write()[key]

    def __iter__(self) -> Iterator[str]:
        """Its keys."""
        return iter(self._write())

    def __len__(self) -> int:
        """There is one, always."""
        return 1
