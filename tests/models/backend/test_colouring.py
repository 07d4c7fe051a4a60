"""The penalties of coarse layers that choose colours and of fine ones that choose shapes."""

from __future__ import annotations

import numpy as np
import pytest

from models import stylegan
from models.core import loading
from models.core.adversarial import layer_penalties
from models.core.errors import ConfigError
from models.core.family import DataSpec
from models.core.record import Run
from models.core.training import train
from tests.tools.images import blobs
from tests.tools.stylegans import TINY, array, tiny


def test_pictures_are_as_strange_as_their_colours_whatever_lies_where():
    images = np.full((1, 16, 16, 3), 0.8, np.float32)
    images[:, :4] = (0.1, 0.6, 0.2)  # green hair, then the same further down, then more of it, then blue hair
    moved, longer, other = np.roll(images, 2, axis=1), images.copy(), images.copy()
    longer[:, :8], other[:, :4] = (0.1, 0.6, 0.2), (0.2, 0.1, 0.9)
    assert float(array(layer_penalties.colour_distance(images, images))) == pytest.approx(0, abs=1e-7)
    near = [float(array(layer_penalties.colour_distance(images, one))) for one in (moved, longer)]
    far = float(array(layer_penalties.colour_distance(images, other)))
    assert 0 < max(near) < far / 10
    assert float(array(layer_penalties.colour_distance(other, images))) == pytest.approx(far)
    doubled = [one.repeat(2, axis=1).repeat(2, axis=2) for one in (images, other)]  # 32 pixels are seen as 16
    assert float(array(layer_penalties.colour_distance(*doubled))) == pytest.approx(far, rel=1e-5)


def test_outlines_are_the_same_in_other_colours_and_not_where_something_lies_elsewhere():
    images = np.full((1, 16, 16, 3), 0.8, np.float32)
    images[:, 4:8] = (0.1, 0.6, 0.2)
    other, moved = images.copy(), np.roll(images, 2, axis=1)
    other[:, 4:8] = (0.9, 0.2, 0.9)
    assert float(array(layer_penalties.edge_distance(images, images))) == 0
    moves = float(array(layer_penalties.edge_distance(images, moved)))
    assert moves == pytest.approx(4 * 16 / (2 * 15 * 16), rel=0.1)  # two edges left, two came, of all pairs of cells
    assert float(array(layer_penalties.edge_distance(images, other))) < moves / 100


@pytest.mark.parametrize(("penalty", "silent", "answer"), [("palette", "coarse", 0), ("outline", "fine", 1)])
def test_a_penalty_is_that_of_the_layers_that_should_not_choose(penalty, silent, answer):
    model = tiny(style="modulated", **{penalty: 3.0})
    images = np.random.default_rng(0).random((8, 16, 16, 3), np.float32)

    def penalised():
        return float(array(model.penalties(images, images)))

    assert penalised() > 1e-5
    for number, layer in enumerate(model.style_layers):
        if (layer.height < stylegan.FINE) == (silent == "coarse"):  # without a say in the image
            affine = model.generator.get_layer("synthesis").get_layer(f"conv_{number}").affine
            affine.kernel.assign(np.zeros(affine.kernel.shape, np.float32))
    found = [float(array(one)) for one in layer_penalties.style_consistency(model, stylegan.FINE, 4)]
    assert found[answer] < 1e-9 < found[1 - answer]
    assert penalised() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("shape", [(8, 8, 1), (100, 100, 1), (8, 32, 1)])
def test_prices_are_refused_where_all_layers_are_coarse_or_all_are_fine(shape):
    with pytest.raises(ConfigError, match="needs layers below 16 pixels and from there on") as caught:
        tiny(DataSpec(shape), palette=1.0, outline=1.0)
    assert list(caught.value.fields) == ["palette", "outline"]


def test_a_price_that_does_not_suit_is_refused_before_a_run_has_it(tmp_path):
    data = blobs(32, (8, 8, 1))
    with train.start(tmp_path / "run", "stylegan", stylegan.CONFIG(**TINY), data) as run:
        with pytest.raises(ConfigError, match="palette needs layers"):
            train.change(run, {"palette": 1.0})
        assert run.info.config["palette"] == 0.0 and [event["kind"] for event in run.events()].count("config") == 0
    assert loading.compiled(Run.open(tmp_path / "run")).config.palette == 0.0
