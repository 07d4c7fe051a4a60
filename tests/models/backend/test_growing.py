"""A StyleGAN that grows by one size: what it could do, it still can."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.family import DataSpec
from models.core.training import branch
from tests.tools.stylegans import array, tiny


@pytest.mark.parametrize("channels", [1, 3])
def test_a_model_that_grows_paints_and_judges_as_the_smaller_one_did(channels):
    values = {"style": "modulated", "width": 16, "ema": 0.9}
    small, large = (tiny(DataSpec((side, side, channels)), **values) for side in (8, 16))
    rng = np.random.default_rng(0)
    for variable in (*small.generator.trainable_variables, *small.discriminator.trainable_variables):
        variable.assign(array(variable) + 0.3 * rng.standard_normal(variable.shape).astype(np.float32))
    small.mean_generator.set_weights([0.9 * array(weight) for weight in small.generator.weights])
    shared = dict(branch.weights(small))
    for key, variable in branch.weights(large):
        if key in shared and shared[key].shape == variable.shape:
            variable.assign(np.array(array(shared[key])))
    codings = small.sample_codings(3, 0)
    quiet = [np.zeros((3, model.noise_size), np.float32) for model in (small, large)]
    before = small.synthesize(small.styles(codings), quiet[0]).repeat(2, axis=1).repeat(2, axis=2)
    images = rng.random((4, 8, 8, channels), np.float32)
    verdicts = array(small.discriminator(images))
    doubled = images.repeat(2, axis=1).repeat(2, axis=2)
    # what begins anew paints noise
    assert np.abs(large.synthesize(large.styles(codings), quiet[1]) - before).max() > 0.1
    assert np.abs(array(large.discriminator(doubled)) - verdicts).max() > 1e-3
    assert large.grow_from(small)
    np.testing.assert_allclose(large.synthesize(large.styles(codings), quiet[1]), before, atol=1e-5)
    np.testing.assert_allclose(array(large.discriminator(doubled)), verdicts, atol=1e-4)


def test_what_cannot_grow_begins_anew():
    normalised = [tiny(DataSpec((side, side, 1))) for side in (8, 16)]
    narrow = [tiny(DataSpec((side, side, 3)), style="modulated", width=4) for side in (8, 16)]
    skipped = [tiny(DataSpec((side, side, 1)), style="modulated", width=16) for side in (8, 32)]
    one, other = (DataSpec((side, side, 1)) for side in (8, 16))
    wider = [tiny(one, style="modulated", width=16), tiny(other, style="modulated", width=32)]
    unlike = [tiny(one, width=16), tiny(other, style="modulated", width=16)]
    alone = [tiny(one, style="modulated", width=16), tiny(other, style="modulated", width=16, ema=0.0)]
    for small, large in (normalised, narrow, skipped, wider, unlike, alone):
        before = [array(weight).copy() for weight in large.weights]
        assert not large.grow_from(small)
        for old, weight in zip(before, large.weights, strict=True):
            np.testing.assert_array_equal(array(weight), old)
