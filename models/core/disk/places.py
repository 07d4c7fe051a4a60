"""Where things lie: the files that ship with the program, its caches and the user's runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from models.core.disk.operations import expanded

APP = "generative-studio"


def resources() -> Path:
    """The folder ``resources``: in a checkout the one beside ``models``, in an installed wheel the one inside it."""
    package = Path(__file__).resolve().parents[2]
    checkout = package.parent / "resources"
    return checkout if checkout.is_dir() else package / "_resources"


def path_of(text: str) -> Path:
    """The absolute path that a user wrote; ``~`` and ``~name`` are home folders, as in a shell.

    ``..`` and links stay as they are: what they mean is the file system's to say, not ours. A name that begins with
    ``~`` and is no user's stays a name.

    Raises:
        ValueError: the text is empty, which would otherwise mean the working folder.
        OSError: the path is relative and the working folder is gone.
    """
    if not text:
        raise ValueError("a path must not be empty")
    return expanded(text).absolute()


def _home(kind: str, default: str) -> Path:
    """``STUDIO_HOME`` moves everything that the program writes (tests use it); else the platform's own places."""
    home = os.environ.get("STUDIO_HOME")
    return path_of(home) / kind if home else Path(default)


def cache() -> Path:
    """Datasets that can be made again."""
    return _home("cache", platformdirs.user_cache_dir(APP, appauthor=False))


def data() -> Path:
    """What must not be lost: runs and exports."""
    return _home("data", platformdirs.user_data_dir(APP, appauthor=False))


def runs() -> Path:
    """Where training writes its run folders unless it is told otherwise."""
    return data() / "runs"


def exports() -> Path:
    """What the Gallery shows."""
    return data() / "gallery"


def logs() -> Path:
    """Log and crash files."""
    return _home("logs", platformdirs.user_log_dir(APP, appauthor=False))


def pretrained() -> Path:
    """Run folders that come with the program; never written."""
    return resources() / "pretrained"
