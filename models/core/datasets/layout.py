"""What the folders that images lie in mean: classes, and training, validation and test images.

``cat/1.png`` and ``dog/2.png`` are of two classes. ``train/cat/1.png`` and ``test/dog/2.png`` are, too: folders named
train and test are parts of a dataset and no classes.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.core.datasets.parts import TEST, TRAIN, VALIDATION
from models.core.disk.operations import shown

MAX_LABELS = 1000
MAX_FOLDERS = 20_000  # are told apart; with more there are no labels
PARTS = {
    "train": TRAIN, "training": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION,
    "test": TEST, "testing": TEST,
}  # fmt: skip
STRAY = "It lies beside the folders that the other images are in."
Folder = tuple[str | None, str | None]  # the two highest folders that an image lies in, below the dataset's own


@dataclass
class Folders:
    """The folder of each image that was read, in order."""

    known: dict[Folder, int] = field(default_factory=dict)
    of_image: array[int] = field(default_factory=lambda: array("i"))

    def add(self, path: bytes) -> None:
        """Note where one more image lies; ``path`` is below the dataset's folder."""
        above = [shown(Path(os.fsdecode(part))) for part in path.split(b"/")[:-1][:2]]
        folder = (above[0] if above else None, above[1] if len(above) > 1 else None)
        if len(self.known) <= MAX_FOLDERS:
            self.known.setdefault(folder, len(self.known))
        self.of_image.append(self.known.get(folder, -1))


@dataclass(frozen=True)
class Layout:
    """What the folders mean for each image.

    Attributes:
        labels: int32 (n,) places in ``names``, -1 for images to leave out; all 0 where there are no classes.
        names: of the classes; () if there are none.
        parts: int8 (n,) ``TRAIN``, ``VALIDATION`` or ``TEST``, or None.
        notice: what must be known of it, or "".
    """

    labels: NDArray[np.int32]
    names: tuple[str, ...]
    parts: NDArray[np.int8] | None
    notice: str


def layout(found: Folders) -> Layout:
    """Find out what the folders of at least one image mean; a folder without an image that was read means nothing."""
    of_image = np.array(found.of_image, np.int32)
    if len(found.known) > MAX_FOLDERS:
        return _without_labels(of_image, None, ["Labels are not used, because there are too many folders."])
    firsts = sorted({first for first, _ in found.known if first is not None})
    outside = np.array([first is None for first, _ in found.known])[of_image]
    if not (_are_parts(firsts) and _few(int(outside.sum()), int((~outside).sum()))):
        return _with_classes(of_image, [first for first, _ in found.known], None, [])
    of_folder = [TRAIN if first is None else PARTS[first.casefold()] for first, _ in found.known]
    said = [f"The folders {', '.join(firsts)} are its splits." if len(firsts) > 1 else ""]
    parts = np.array(of_folder, np.int8)[of_image]
    return _with_classes(of_image, [second for _, second in found.known], parts, said, outside)


def _are_parts(firsts: list[str]) -> bool:
    parts = {PARTS.get(first.casefold()) for first in firsts}
    return TRAIN in parts and None not in parts


def _few(stray: int, others: int) -> bool:
    """Whether images beside the folders are strays, and not what the dataset is made of."""
    return stray <= max(1, others // 10) and others > stray


def _with_classes(
    of_image: NDArray[np.int32], names_of: list[str | None], parts: NDArray[np.int8] | None, said: list[str],
    outside: NDArray[np.bool_] | None = None,
) -> Layout:  # fmt: skip
    """The classes, if nearly every image is of one; else say why there are none.

    Args:
        of_image: the folder of each image.
        names_of: the class of each folder, or None.
        parts: of each image.
        said: notices so far.
        outside: which images are left out whether or not there are classes.
    """
    names = tuple(sorted({name for name in names_of if name is not None}))
    number: dict[str | None, int] = {name: place for place, name in enumerate(names)}
    labels = np.array([number.get(name, -1) for name in names_of], np.int32)[of_image]
    stray, count = int((labels < 0).sum()), len(labels)
    lost = bool(parts is not None and not (labels[parts == TRAIN] >= 0).any())
    if len(names) > MAX_LABELS:
        said.append(f"Labels are not used, because there are more than {MAX_LABELS:,} folders.")
    elif len(names) >= 2 and (lost or not _few(stray, count - stray)):
        said.append(f"Labels are not used, because {stray:,} of {count:,} images lie in no class folder.")
    elif len(names) >= 2:
        if stray:
            said.append(f"{stray:,} {'image' if stray == 1 else 'images'} beside the class folders: left out.")
        return Layout(labels, names, parts, " ".join(filter(None, said)))
    return _without_labels(of_image, parts, said, outside)


def _without_labels(
    of_image: NDArray[np.int32], parts: NDArray[np.int8] | None, said: list[str],
    outside: NDArray[np.bool_] | None = None,
) -> Layout:  # fmt: skip
    labels = np.zeros(len(of_image), np.int32)
    if outside is not None and outside.any():
        labels[outside] = -1
        said.append(f"{int(outside.sum()):,} of the images lie beside these folders: left out.")
    return Layout(labels, (), parts, " ".join(filter(None, said)))
