"""A figure from too few samples says so beside it, and so does a sample of a model that has hardly learned."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from models import ddpm
from models.core.evaluation import cautions, metrics, scores
from models.core.family import DataSpec

FEATURES = 128


def test_two_samples_have_a_frechet_distance_that_says_nothing_and_it_says_so() -> None:
    """Two samples of anything had a distance below that of real images."""
    rng = np.random.default_rng(0)
    real = rng.standard_normal((2000, FEATURES))
    other = real[:2] + 0.1
    assert metrics.frechet(other, real) != pytest.approx(metrics.frechet(real[:1000] + 0.1, real), rel=0.5)
    said = " ".join(scores.doubts(object(), 2, 10, judged=True))
    assert "The Fréchet distance says nothing here" in said and "128 features" in said
    assert "uncertain by up to 70 percentage points" in said and "covered from 1 of 2 samples" in said
    assert scores.doubts(object(), 1000, 10, judged=True) == []


@pytest.mark.parametrize(("count", "words"), [(2, 3), (128, 2), (129, 2), (300, 1), (999, 1), (1000, 0)])
def test_the_fewer_samples_the_more_is_said(count: int, words: int) -> None:
    assert len(scores.doubts(object(), count, 10, judged=True)) == words
    assert len(scores.doubts(object(), count, 0, judged=False)) == (count < 1000)  # patches alone


@pytest.mark.parametrize(("count", "points"), [(2, 70), (8, 35), (25, 20), (99, 10)])
def test_shares_of_few_samples_are_uncertain_by_so_many_points(count: int, points: int) -> None:
    (said,) = cautions.shares(count, "people")
    assert f"by up to {points} percentage points" in said and "people" in said
    draws = np.random.default_rng(0).binomial(count, 0.5, 20_000) / count
    assert np.quantile(np.abs(draws - 0.5), 0.95) <= points / 100 + 0.5 / count
    assert cautions.shares(100) == []


def test_few_labels_for_many_classes_are_luck() -> None:
    assert "20 labels" in cautions.labels(20, 10)[0]
    assert cautions.labels(50, 10) == [] == cautions.labels(20, 2)


def test_a_model_that_has_hardly_learned_says_so() -> None:
    assert cautions.learned(object()) == ""
    for steps, words in ((0, "not learned to predict noise yet"), (112, "for 112 steps only"), (1000, "")):
        said = cautions.learned(SimpleNamespace(steps_learned=lambda steps=steps: np.float32(steps)))
        assert words in said and bool(said) == bool(words)


def test_a_run_that_will_have_hardly_learned_says_so_before_it_starts() -> None:
    config, spec = ddpm.CONFIG(), DataSpec((28, 28, 1))
    assert "after 112 steps" in ddpm.too_short(config, spec, 112)
    assert ddpm.too_short(config, spec, 1000) == ""
