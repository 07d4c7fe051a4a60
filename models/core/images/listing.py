"""Image files that a user names: files as they are, folders read through."""

from __future__ import annotations

import os
from pathlib import Path

from models.core.disk.junk import is_junk
from models.core.images import kinds


def pictures_of(paths: list[Path]) -> list[tuple[Path, Path]]:
    """(file, its name in the output folder) of files and of all images in folders and the folders in them."""
    found = []
    for path in paths:
        if not path.is_dir():
            found.append((path, Path(path.name)))
            continue
        for folder, inner, names in os.walk(path):
            inner[:] = sorted(name for name in inner if not is_junk(name))
            kept = (name for name in sorted(names) if kinds.is_image(name))
            inside = [Path(folder, name) for name in kept if not is_junk(name)]
            found.extend((file, file.relative_to(path)) for file in inside)
    return found
