"""Codings in an .npy file, read as untrusted input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.core.disk import files, foreign
from models.core.disk.operations import shown
from models.core.errors import RunFormatError, StorageError

MOST_BYTES = 64 * 2**20


def read_codings(path: Path) -> NDArray[np.float32]:
    """Codings (n, latent_size), or one coding (latent_size,), as float32 (n, latent_size).

    Raises:
        RunFormatError: if the file holds something else, or more than 64 MiB.
        StorageError: if it cannot be read.
    """
    advice = "Choose a file that this program exported as codings."
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RunFormatError("The file is too large for codings.", where=shown(path), advice=advice)
        found = foreign.mapped(path)
    except OSError as error:
        raise StorageError(f"The file cannot be read: {files.reason(error)}.", where=shown(path)) from error
    except RunFormatError:
        raise
    except Exception as error:
        raise RunFormatError("The file holds no array of numbers.", where=shown(path), advice=advice) from error
    rows = found[None] if found.ndim == 1 else found
    if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "iuf" or not np.isfinite(rows).all():
        text = f"Codings are numbers of shape (n, size); this is {found.dtype} {found.shape}."
        raise RunFormatError(text, where=shown(path), advice=advice)
    return rows.astype(np.float32)
