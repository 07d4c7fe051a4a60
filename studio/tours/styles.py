"""The guided tour of the panel Styles."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.styles.animation_card import walked
from studio.panels.styles.panel import Styles
from studio.panels.styles.tasks import ANIMATION, LAYERS, MIX


def tour(panel: Styles) -> Iterator[str]:
    """Mix, move the crossover, blend layers, look at noise and feature maps, walk, export."""
    if not panel.usable:
        yield "no-model"
        return
    yield "mixes"
    panel.change(panel.table.with_crossover(2).with_cell(2, 3))
    yield "coarse-to-the-left"
    panel.change(panel.table.with_amount(2, 0.5).with_amount(3, 0.25).with_noise(None, 1))
    yield "blended"
    panel.show_view(LAYERS)
    yield "feature-maps"
    panel.show_view(ANIMATION)
    panel.change(walked(panel.table))
    yield "animation"
    panel.walk.player.play()
    yield "animation-plays"
    panel.walk.player.stop()
    panel.out.export("sheet")
    panel.show_view(MIX)
    yield "exported"
