"""Everything a panel exports goes into the Gallery, with its recipe, written by the file worker."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.disk import files, places
from models.core.errors import ImageError, UserError
from models.core.images import convert, decoding, export, recipes
from studio.workers.services import Services

ANIMATION_SIDE = 256  # small frames are enlarged to about this many pixels
Pixels = NDArray[np.uint8]


class Exporter:
    """Writes images, animations and codings; says where they went, or why they did not."""

    def __init__(self, services: Services, failed: Callable[[UserError], None]) -> None:
        self.services, self._failed = services, failed
        self._bare = False  # whether a file had to be written without its recipe

    def picture(self, picture: Pixels, recipe: dict[str, Any]) -> None:
        """One image or sheet as PNG."""
        self._write(".png", lambda path, task: export.write_png(path, picture, self._fitting(recipe)))

    def photo(self, picture: Pixels, recipe: dict[str, Any], saving: Saving, exif: bytes = b"") -> None:
        """One image as PNG, JPEG or WebP, with a camera's notes if there are some."""

        def write(path: Path, task: Any) -> Path:
            return export.write_photo(path, picture, self._fitting(recipe), quality=saving.quality, exif=exif)

        self._write(saving.suffix, write)

    def codings(self, codings: NDArray[np.float32]) -> None:
        """Codings (n, latent_size) as .npy."""
        self._write(".npy", lambda path, task: export.write_codings(path, codings))

    def results(self, results: dict[str, Any], recipe: dict[str, Any]) -> None:
        """Figures as .json."""
        self._write(".json", lambda path, task: export.write_results(path, results, recipe))

    def animation(self, frames: Pixels, suffix: str, recipe: dict[str, Any]) -> None:
        """Frames (n, h, w, c) as .gif, .apng, .webp or .mp4, or as a strip (.png)."""
        factor = max(1, ANIMATION_SIDE // max(frames.shape[1:3]))
        if suffix == ".png":
            self.picture(convert.grid(frames, columns=len(frames)), recipe)
            return

        large = np.stack([convert.enlarge(frame, factor) for frame in frames])
        self._write(
            suffix,
            lambda path, task: export.write_animation(path, large, recipe=self._fitting(recipe), work=task),
        )

    def _fitting(self, recipe: dict[str, Any]) -> dict[str, Any] | None:
        """The recipe, or none if it is too large to be written: an image without it is better than no image."""
        try:
            recipes.as_json(recipe)
        except ImageError:
            self._bare = True  # said once the file is there
            return None
        return recipe

    def _write(self, suffix: str, write: Callable[[Path, Any], Path]) -> None:
        model = self.services.session.model
        title = re.sub(r"[^\w .-]+", "-", model.title).strip(" .-")[:80] if model else ""  # it may come from elsewhere
        name = f"{title or 'picture'}-{datetime.now():%Y%m%d-%H%M%S}"
        folder = places.exports()

        def work(task: Any) -> Path:
            files.make_folder(folder)
            return write(folder / f"{name}{suffix}", task)

        key = f"export/{name}{suffix}/{datetime.now().timestamp()}"  # every export counts, none replaces another
        self.services.file_worker.ask(key, work, self._written, self._failed)

    def _written(self, path: Path) -> None:
        if self._bare:
            self._bare = False
            self.services.session.notice(f"{path.name} was saved without its recipe, which is larger than 1 MB: "
                                     "its settings cannot be brought back.")  # fmt: skip
        if path.suffix not in decoding.IMAGE_SUFFIXES:  # the Gallery shows images only: tell the whole path
            self.services.session.done.emit(f"Saved as {path}")
            return
        self.services.session.exports_changed.emit()
        self.services.session.done.emit(f"Saved in the Gallery as {path.name}")


@dataclass(frozen=True)
class Saving:
    """How images are saved: one of ``export.PHOTO_SUFFIXES``, and the quality (1 to 100) of JPEG and WebP."""

    suffix: str = ".png"
    quality: int = export.QUALITY


PNG = Saving()
