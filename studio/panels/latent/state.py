"""What the Latent panel shows, as a value: a coding and a path; written into recipes and read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.latent import paths
from models.core.recipes.fields import Fields, plain
from studio.workers.recipes import Prepared

Array = NDArray[np.float32]
ARC, STRAIGHT, DRAWN, SHEET = "arc", "straight", "drawn", "sheet"
WALKS = {ARC: paths.slerp, STRAIGHT: paths.lerp}
FRAMES = 24
MOST_FRAMES = 1_000  # of a path, as from the command line
MOST_SHEET = 240  # of the images of a sheet
MOST_SAMPLES = 10_000  # of a sheet from the command line
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Path:
    """A path through codings.

    Attributes:
        kind: an arc or a straight line from the first coding to the last, drawn on the map, or images of a sheet.
        codings: (k, latent_size) of its frames.
        start, end: (latent_size,) of an arc or a line.
    """

    kind: str
    codings: Array
    start: Array | None = None
    end: Array | None = None

    @classmethod
    def between(cls, kind: str, start: Array, end: Array, frames: int = FRAMES) -> Path:
        """An arc or a straight line."""
        return cls(kind, WALKS[kind](start, end, frames), start, end)

    def values(self) -> dict[str, Any]:
        """For a recipe."""
        if self.start is not None and self.end is not None and self.kind in WALKS:
            ends = {"start": plain(self.start), "end": plain(self.end)}
            return {"kind": self.kind, **ends, "steps": len(self.codings)}
        return {"kind": self.kind, "codings": [plain(one) for one in self.codings]}


@dataclass(frozen=True, eq=False)
class LatentState:
    """The coding (latent_size,) that the sliders show, and the path; None for the path that is there."""

    coding: Array
    path: Path | None = None

    def values(self) -> dict[str, Any]:
        """For a recipe."""
        path = {} if self.path is None else {"path": self.path.values()}
        return {"codings": plain(self.coding), **path}


def prepare(values: Mapping[str, Any], size: int, model: Any) -> Prepared:
    """The state that a recipe tells of, for a model with codings of ``size`` numbers.

    Codings are given as numbers, or as the seed of a draw from the prior, as the command line does.

    Raises:
        RunFormatError: naming what does not fit.
    """
    fields, notes = Fields(values), tuple[str, ...]()
    path = _path(fields.group("path"), size, model) if fields.has("path") else None
    rows: Array | None = None
    if fields.has("rows"):
        rows = fields.codings("rows", size, MOST_SAMPLES)
    elif fields.has("seed"):
        seed = fields.whole("seed", 0, LARGEST_SEED)
        rows = np.asarray(model.sample_codings(fields.whole("count", 1, MOST_SAMPLES, 1), seed), np.float32)
    if rows is not None:
        if len(rows) > 1:
            path = Path(SHEET, rows[:MOST_SHEET])
            notes = (_words_of_sheet(len(rows)),)
        return Prepared(LatentState(rows[0], path), notes)
    if path is not None and not fields.has("codings"):
        return Prepared(LatentState(path.codings[0], path))
    return Prepared(LatentState(fields.coding("codings", size), path))


def _words_of_sheet(count: int) -> str:
    shown = f"the first {MOST_SHEET} of" if count > MOST_SHEET else "all"
    return f"The first of {count:,} images is shown large; {shown} {count:,} are in the strip below."


def _path(fields: Fields, size: int, model: Any) -> Path:
    kind = fields.choice("kind", (ARC, STRAIGHT, DRAWN, SHEET))
    if kind not in WALKS:
        return Path(kind, fields.codings("codings", size, MOST_FRAMES))
    ends = []
    for name in ("start", "end"):
        if fields.has(f"{name}_seed"):
            seed = fields.whole(f"{name}_seed", 0, LARGEST_SEED)
            ends.append(np.asarray(model.sample_codings(1, seed)[0], np.float32))
        else:
            ends.append(fields.coding(name, size))
    return Path.between(kind, ends[0], ends[1], fields.whole("steps", 2, MOST_FRAMES, FRAMES))
