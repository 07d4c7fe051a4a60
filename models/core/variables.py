"""Reading variables of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_variable(variable: Any) -> NDArray[Any]:
    """A copy of a variable's values, of its shape and dtype.

    ``keras.ops.convert_to_numpy`` gives the same, with a DeprecationWarning of NumPy 2 for every variable: 68,000 in
    the tests. A bare ``np.asarray`` would not be a copy on JAX.
    """
    return np.array(np.asarray(variable))
