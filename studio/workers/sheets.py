"""The images of a run, from its sheets of samples: a run folder may come from anywhere, so a worker decodes them."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.core import record
from models.core.errors import UserError
from models.core.images import convert, decoding

log = logging.getLogger(__name__)
SMALL = 32  # pixels: of images up to this side more are shown


def tiles(sheet: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Cut a sheet without gaps back into its images (n, h, w, c), row by row."""
    height, width = shape[:2]
    rows, columns = sheet.shape[0] // height, sheet.shape[1] // width
    cut = sheet[: rows * height, : columns * width]
    cut = cut.reshape(rows, height, columns, width, sheet.shape[2]).swapaxes(1, 2)
    return np.ascontiguousarray(cut.reshape(rows * columns, height, width, sheet.shape[2]))


def run_sheet(folder: Path, kind: str = "samples", step: int | None = None) -> NDArray[np.uint8] | None:
    """The images (n, h, w, c) that a run painted at a step (the newest by default); None where it has none."""
    found = laid_out(folder, kind, step)
    return None if found is None else found[0]


def laid_out(folder: Path, kind: str, step: int | None) -> tuple[NDArray[np.uint8], int] | None:
    """The same, and how many of them lie side by side: of a model that knows classes, one column each."""
    try:
        run = record.Run.open(folder)
        found = dict(run.samples(kind))
        at = max(found, default=None) if step is None else step
        if at not in found:  # while a run writes, one kind of sheet is there before the other
            return None
        height, width, channels = (int(side) for side in run.info.dataset["image_shape"])
        sheet = decoding.decode(found[at])
        return tiles(sheet, (height, width, channels)), max(1, sheet.shape[1] // width)
    except UserError:
        return None  # an image is an ornament here: the run's own page shows what is wrong with it
    except Exception:
        log.warning("no image of the run %s", folder, exc_info=True)
        return None


def run_picture(folder: Path) -> NDArray[np.uint8] | None:
    """One image that stands for a run."""
    sheet = run_sheet(folder)
    if sheet is None:
        sheet = run_sheet(folder, "reconstructions")
    return None if sheet is None or not len(sheet) else sheet[0]


def run_contact_sheet(folder: Path) -> NDArray[np.uint8] | None:
    """The first images of a run side by side, fewer where they are large; None where it has none."""
    sheet = run_sheet(folder)
    if sheet is None:
        sheet = run_sheet(folder, "reconstructions")
    if sheet is None or not len(sheet):
        return None
    columns, rows = (4, 3) if max(sheet.shape[1:3]) <= SMALL else (3, 2)
    return convert.grid(sheet[: columns * rows], columns=columns, gap=0)
