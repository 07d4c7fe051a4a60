"""The map's Cancel ends the work, whichever part of it is being done; t-SNE keeps groups together."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from models.core.errors import Cancelled
from models.core.latent.tsne import neighbour_chart
from models.core.work import Callbacks
from studio.panels.latent import map_card
from studio.window import Window
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import LONG, click, open_panel, wait_idle


@pytest.fixture
def card(studio: Window, tiny_run, qtbot) -> map_card.MapCard:
    return open_panel(qtbot, studio, "latent", copy_into_home(tiny_run), lambda panel: len(panel.map.codings) > 0).map


def test_a_cancelled_encoding_stops_at_the_next_part(card, studio: Window, qtbot) -> None:
    model, parts, go_on = studio.services.inference._model, [], threading.Event()
    encode = model.encode

    def slow(images):
        parts.append(len(images))
        if len(parts) == 3:
            assert go_on.wait(LONG / 1000)
        return encode(images)

    model.encode = slow
    try:
        card._load()
        qtbot.waitUntil(lambda: len(parts) == 3, timeout=LONG)
        click(card, "Cancel")
        go_on.set()
        wait_idle(qtbot, studio)
    finally:
        model.encode = encode
    assert len(parts) == 3
    assert not card.progress.isVisible()


def test_a_cancelled_search_for_neighbours_ends_and_the_other_map_stays(
    card, studio: Window, qtbot, monkeypatch
) -> None:
    ended: list[str] = []

    def watched(codings, **named):
        try:
            return neighbour_chart(codings, **named)
        except Cancelled:
            ended.append("cancelled")
            raise

    monkeypatch.setattr(map_card, "neighbour_chart", watched)
    card.layout_kind.choose(1)
    qtbot.waitUntil(lambda: " of 400" in card.progress._words.text(), timeout=LONG)
    click(card, "Cancel")
    wait_idle(qtbot, studio)
    assert ended == ["cancelled"]
    assert card.layout_kind.index() == 0 and card.map.isVisible()
    card.layout_kind.choose(1)
    wait_idle(qtbot, studio)
    assert card.layout_kind.index() == 1 and len(card.chart.points)


def test_neighbours_keep_groups_together_and_are_the_same_every_time() -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(0, 20, (3, 8))
    groups = np.repeat(np.arange(3), 40)
    codings = (centres[groups] + rng.normal(0, 1, (120, 8))).astype(np.float32)
    told: list[int] = []
    charts = [neighbour_chart(codings, work=Callbacks(lambda what, done, total: told.append(done))) for _ in range(2)]
    np.testing.assert_array_equal(charts[0].points, charts[1].points)
    distances = np.linalg.norm(charts[0].points[:, None] - charts[0].points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (groups[distances.argmin(axis=1)] == groups).all()
    assert told[:2] == [10, 20] and told[-1] == 400
    with pytest.raises(Cancelled):
        neighbour_chart(codings, work=Callbacks(cancelled=lambda: True))
