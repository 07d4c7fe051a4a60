"""The dataset that a run was started with: what the run remembers of it, and finding it again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from models.core import datasets
from models.core.datasets import DATASETS, RULES, Dataset, Skipped, captions
from models.core.disk.operations import expanded, shown
from models.core.errors import DatasetError, DatasetGone
from models.core.work import SILENT, Work

SKIPPED = "skipped"  # kind of the events that name files
OWN = -1  # the size that the run remembers


def described(dataset: Dataset, size: int | None) -> dict[str, Any]:
    """What a run folder says of its dataset; ``size`` is what its images were fitted to, or None."""
    return {
        **where(dataset),
        "title": dataset.title,
        "size": size,
        "fingerprint": dataset.fingerprint,
        "rules": dataset.rules,
        "image_shape": list(dataset.spec.image_shape),
        "label_names": list(dataset.label_names),
        "attribute_names": list(dataset.attribute_names),
        **captions.described(dataset),
        "count": len(dataset.images),
        "notice": dataset.notice,
        "skipped": len(dataset.skipped),
    }


def where(dataset: Dataset) -> dict[str, Any]:
    """Its name; and its path with %XX for bytes that are no text, where the name cannot show it as it is."""
    if dataset.path is None or shown(dataset.path) == str(dataset.path):
        return {"name": dataset.name}
    return {"name": dataset.name, "path": quote_from_bytes(os.fsencode(dataset.path))}


def skipped(events: Iterable[Mapping[str, Any]]) -> list[Skipped]:
    """The files that were left out of the dataset, as the events of a run (``Run.events``) say."""
    rows = [row["values"].get("files", []) for row in events if row.get("kind") == SKIPPED]
    pairs = [pair for files in rows if isinstance(files, list) for pair in files]
    return [Skipped(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, list) and len(pair) == 2]


def place(about: Mapping[str, Any]) -> str | Path:
    """Where the dataset of a run is: a key of ``DATASETS``, or a path. ``about`` is what the run remembers."""
    if isinstance(about.get("path"), str):
        return Path(os.fsdecode(unquote_to_bytes(about["path"])))
    return str(about.get("name", ""))


def missing(about: Mapping[str, Any]) -> bool:
    """Whether the dataset of a run is not where the run remembers it."""
    there = place(about)
    return str(there) not in DATASETS and not os.path.lexists(expanded(there))


def load(
    about: Mapping[str, Any], *, at: str | Path | None = None, size: int | None = OWN, work: Work = SILENT
) -> Dataset:
    """Load the dataset of a run, by the rules and at the size that the run was started with.

    Args:
        about: what the run remembers of it (``described``).
        at: where it is now, if it was moved.
        size: another size.
        work: see ``models.core.datasets.load``.

    Raises:
        DatasetGone: if it is not there any more.
        DatasetError: if it cannot be read.
        StorageError: if its cache cannot be written.
        Cancelled: if ``work`` is cancelled.
    """
    if at is None and not place(about):
        advice = "Open or drop your own images."
        raise DatasetError("This model was trained by others: their images are not here.", advice=advice)
    there, rules = place(about) if at is None else at, about.get("rules", 1)
    if type(rules) is not int or not 1 <= rules <= RULES:
        advice = "Install the newer version of the program."
        raise DatasetError("A newer version read the dataset of this run.", where=str(there), advice=advice)
    if at is None and missing(about):
        raise DatasetGone(
            "The dataset of this run is not there any more.", where=shown(Path(there)),
            advice='Put it back, or say where it is now: resume RUN --dataset PATH, or "Where is it now?" in Train.',
        )  # fmt: skip
    wanted = about.get("size") if size == OWN else size
    return datasets.load(there, size=wanted, rules=rules, work=work)
