"""No bit of a cached evaluation classifier, or of any archive of arrays, can turn without being noticed."""

from __future__ import annotations

import io

import numpy as np

from models.core.disk import npz
from models.core.errors import RunFormatError


def test_no_flipped_bit_of_an_archive_gives_other_numbers() -> None:
    arrays = {"weights/0000": np.random.default_rng(0).random((30, 7)).astype(np.float32), "accuracy": np.ones(1)}
    stream = io.BytesIO()
    npz.write_npz(stream, arrays)
    whole = stream.getvalue()
    expected = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    refused = 0
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        try:
            found = npz.read_npz(io.BytesIO(bytes(flipped)), expected)
        except RunFormatError:
            refused += 1
            continue
        assert all(np.array_equal(found[name], array) for name, array in arrays.items()), place
    assert refused > len(whole) * 0.8
