"""Files and folders that operating systems, file managers and storage boxes leave behind: known in this one place.

Whatever lists a folder (datasets, images to denoise, the gallery, runs) leaves them out. Hidden names, which begin with
a dot, are among them: ``._x.png`` of macOS is named like an image and is none.
"""

from __future__ import annotations

import os

NAMES = frozenset(
    {
        "__macosx", "icon\r", "network trash folder", "temporary items", "thevolumesettingsfolder",  # macOS
        "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "folder.htt", "autorun.inf",  # Windows
        "$recycle.bin", "recycler", "system volume information", "found.000",
        "lost+found",  # Linux
        "@eadir", "#recycle", "@recycle", "#snapshot", "@tmp", "@recently-snapshot",  # Synology, QNAP
    }
)  # fmt: skip


def is_junk(name: str | bytes) -> bool:
    """Whether the name of a file or folder (without the folders above it) is one that a listing leaves out."""
    word = os.fsdecode(name).lower()
    return word.startswith((".", "~$")) or word in NAMES
