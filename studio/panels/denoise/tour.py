"""The stops of the guided tour in Denoise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.panels.denoise.cleaning import Noise

if TYPE_CHECKING:
    from studio.panels.denoise.panel import Denoise


def states(panel: Denoise) -> Iterator[str]:
    """Use the panel as a user would; each name becomes one screenshot."""
    yield "empty"
    if panel.session.model is None:
        return
    panel.sample()
    yield "cleaned"
    panel.start_duel()
    yield "duel"
    panel.wipe.set_zoom(2)
    panel.wipe.set_share(0.35)
    panel.noise.set_noise(Noise("gaussian", 0.2, 3))
    panel.disturb()
    yield "close"
    panel.wipe.set_zoom(0)
    panel.wipe.set_beside(True)
    panel._export("both")
    yield "side-by-side"
