"""The kinds of arguments that several commands take: paths, runs, datasets, images, seeds, files to write."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.cli import argument_checks as checks
from models.core.datasets import LARGEST, SMALLEST
from models.core.disk import places
from models.core.images.decoding import WHITE


def path(text: str) -> Path:
    """The type of every argument that is a path: however it is written, it means the same (see ``places.path_of``)."""
    with _refusing():
        return places.path_of(text)


def run(text: str) -> Path:
    """The type of every argument that names a run: its folder, or a bare name such as ``vae-fashion``."""
    from models.core import record

    with _refusing():
        return record.find_run(text)


def own_run(text: str) -> Path:
    """The type of an argument that names a run to be written: shipped runs belong to the program and never change."""
    folder = run(text)
    if places.pretrained().resolve() in folder.resolve().parents:
        wanted = f"branch {folder.name} --out DIR"
        raise argparse.ArgumentTypeError(
            f"{folder.name} is a shipped run, which never changes; {wanted} makes your own"
        )
    return folder


def dataset(text: str) -> str:
    """The type of every argument that names a dataset: a key, or an absolute path (``./faces`` is a folder, not a key).

    It stays a string because that is what a run folder remembers of it.
    """
    from models.core.datasets import DATASETS

    return text if text in DATASETS else str(path(text))


def preset(text: str) -> str:
    """The type of an argument that names a preset of Stable Diffusion: a name, or the path of its folder."""
    from models.core.hub.presets import PRESETS

    return text if text in PRESETS else str(path(text))


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Turn what is wrong with a path into an error of its argument."""
    try:
        yield
    except FileNotFoundError:
        raise argparse.ArgumentTypeError("is a relative path, but the working folder is gone") from None
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


DATASET = "a name, a folder of images or an .npz file"
SEED = checks.whole(0, checks.MOST_SEED)
SIDE = checks.whole(SMALLEST, LARGEST)  # px
RUN: dict[str, Any] = {"type": run, "check": checks.run_folder}
OWN_RUN: dict[str, Any] = {"type": own_run, "check": checks.run_folder}
SOURCE: dict[str, Any] = {"type": dataset, "check": checks.dataset}
IMAGE: dict[str, Any] = {"type": path, "check": checks.source_file}
SETTING: dict[str, Any] = {"action": "append", "type": checks.assignment, "default": [], "metavar": "FIELD=VALUE"}
BACKGROUND: dict[str, Any] = {
    "type": checks.colour, "default": WHITE, "metavar": "COLOUR",
    "help": "behind transparent parts of images: a name or #rrggbb (white)",
}  # fmt: skip
ANY_FILE = checks.out_file()
