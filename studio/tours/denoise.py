"""The guided tour of the panel Denoise."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.denoise.cleaning import Noise
from studio.panels.denoise.panel import Denoise


def tour(panel: Denoise) -> Iterator[str]:
    """Try an image, move the line, look closely, let others compete, export."""
    yield "empty"
    if panel.session.model is None:
        return
    panel.sample()
    yield "cleaned"
    panel.start_comparison()
    yield "comparison"
    panel.wipe.set_zoom(2)
    panel.wipe.set_share(0.35)
    panel.noise.set_noise(Noise("gaussian", 0.2, 3))
    panel.disturb()
    yield "close"
    panel.wipe.set_zoom(0)
    panel.wipe.set_beside(True)
    panel._export("both")
    yield "side-by-side"
