"""Every family with its numbers at their least."""

from __future__ import annotations

from typing import Any

import annotated_types


def least(config_class: type) -> dict[str, Any]:
    """Every number at its lower limit."""
    values = {}
    for name, field in config_class.model_fields.items():
        for limit in field.metadata:
            if isinstance(limit, annotated_types.Ge):
                values[name] = limit.ge
            elif isinstance(limit, annotated_types.Gt):
                values[name] = limit.gt + 1e-6
    return values
