"""Temporary files that a killed program left behind: they are ours by name, and their writer is dead."""

from __future__ import annotations

from models.core.disk import files, places


def clean() -> int:
    """Remove those of settings, exports, directions and evaluation classifiers; return how many there were.

    Run folders and caches of images are cleaned when they are opened.
    """
    directions = places.data() / "directions"
    inner = [path for path in directions.iterdir() if path.is_dir()] if directions.is_dir() else []
    folders = (places.data(), places.exports(), places.cache() / "judges", *inner)
    return sum(files.clean_stray(folder) for folder in folders)
