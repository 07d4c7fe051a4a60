"""The guided tour of the panel Arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from studio.panels.arithmetic.panel import Arithmetic


def tour(panel: Arithmetic) -> Iterator[str]:
    """Put glasses on a face, by slots and by a direction; compare directions, orthogonalise one, export."""
    yield "sheet"
    panel.example()
    yield "sum"
    for name in panel.directions.attributes()[:4]:
        panel.directions.attribute_asked.emit(name)
        yield ""
    yield "directions"
    sum_ = panel.equation
    panel.change(replace(sum_, base=sum_.groups[1][0], amounts=(1.5, 0.0, 0.0, 0.0)[: len(sum_.amounts)]))
    yield "one-picture"
    panel.directions.orthogonal_asked.emit(0)
    panel._export("sheet")
    yield "orthogonalised"
