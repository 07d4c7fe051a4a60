"""Files in the format of MNIST."""

from __future__ import annotations

import struct

import numpy as np


def idx(values: np.ndarray, kind: int = 0x08) -> bytes:
    return bytes([0, 0, kind, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
