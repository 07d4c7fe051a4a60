"""What a denoiser is shown in use has the distribution of what it was shown in training, for every kind of noise."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from models import denoising
from models.core.denoising import noise
from models.core.family import DataSpec
from models.core.images import convert
from models.core.work import SILENT
from studio.panels.denoise import cleaning

# light squares on black, as clothes are: 32 of them, a bit different in brightness
SQUARES = np.zeros((32, 32, 32, 1), np.float32)
SQUARES[:, 4:24, 6:22] = np.random.default_rng(0).uniform(0.3, 0.9, (32, 20, 16, 1))
KINDS = ["dropout", "gaussian", "mask", "salt_and_pepper", "speckle"]


def made(architecture: str, kind: str, **values: Any) -> Any:
    settings = {"architecture": architecture, "noise": kind, "width": 8, "conditioning": "blind", **values}
    return denoising.build(denoising.CONFIG(**settings), DataSpec((32, 32, 1)))


def watched(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Everything that the model's first network is shown from now on."""
    network = model.encoder if hasattr(model, "encoder") else model.network
    shown, ask = [], network.predict_on_batch

    def watch(batch: Any) -> Any:
        shown.append(np.array(batch))
        return ask(batch)

    monkeypatch.setattr(network, "predict_on_batch", watch)
    return shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", ["dense", "conv"])
def test_in_use_it_is_shown_what_training_showed(architecture: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(architecture, kind)
    draws = keras.random.SeedGenerator(3)
    trained = model.task(SQUARES, draws)[1] if architecture == "conv" else model.disturbed(SQUARES, draws)[0]
    trained = ops.convert_to_numpy(trained)
    shown = watched(model, monkeypatch)
    model.denoise(model.disturb(SQUARES, 4))
    used = np.concatenate([batch[:1] if architecture == "conv" else batch for batch in shown])[:32]
    assert abs(used.mean() - trained.mean()) < 0.03 * trained.mean(), (used.mean(), trained.mean())
    assert abs(used.std() - trained.std()) < 0.04 * trained.std(), (used.std(), trained.std())
    assert abs((used == 0).mean() - (trained == 0).mean()) < 0.02
    assert abs(used.max() - trained.max()) < 0.1


def test_what_is_missing_is_measured_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made("dense", "dropout")
    shown = watched(model, monkeypatch)
    half, third = (noise.add(SQUARES, "mask", share, 1) for share in (0.5, 0.3))
    model.denoise(SQUARES)  # nothing is missing: nothing becomes brighter
    np.testing.assert_array_equal(shown.pop()[:32], SQUARES)
    model.denoise(half)
    assert shown.pop()[:32].mean() == pytest.approx(SQUARES.mean(), rel=0.03)
    model.denoise(third)
    assert shown.pop()[:32].mean() == pytest.approx(SQUARES.mean(), rel=0.06)
    model.denoise(third, strength=0.3)
    np.testing.assert_allclose(shown.pop()[:32], third / 0.7, rtol=1e-5)
    model.denoise(SQUARES, strength=1.0)
    assert np.isfinite(shown.pop()).all()
    double = noise.add(SQUARES.repeat(2, axis=1).repeat(2, axis=2), "mask", 0.5, 1)
    model.denoise(double)  # measured before it is made smaller
    assert shown.pop()[:32].mean() == pytest.approx(SQUARES.mean(), rel=0.06)


def test_the_panel_feeds_it_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made("dense", "dropout")
    shown = watched(model, monkeypatch)
    clean = convert.to_uint8(SQUARES[0])
    _, noisy = cleaning.disturbed(clean, None, cleaning.Noise("mask", 0.5, 7))
    cleaning.cleaned(model, noisy.pixels, SILENT)
    np.testing.assert_allclose(shown.pop()[0], convert.to_float(noisy.pixels) * 2, rtol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.6])
def test_the_missing_share_is_found(share: float) -> None:
    for image in noise.add(SQUARES[:4], "mask", share, 2):
        assert abs(noise.missing_share(image) - share) < 0.12
        assert noise.missing_share(convert.to_uint8(image)) == pytest.approx(noise.missing_share(image), abs=0.02)
    assert noise.missing_share(np.zeros((8, 8, 1), np.float32)) == 0.0
    assert noise.missing_share(np.ones((1, 1, 3), np.float32)) == 0.0


def test_dropout_leaves_out_each_channel_by_itself_as_training_does() -> None:
    grey = np.full((2, 64, 64, 3), 0.5, np.float32)
    dropped = noise.add(grey, "dropout", 0.25, 0)
    assert set(np.unique(dropped)) == {0.0, 0.5} and abs((dropped == 0).mean() - 0.25) < 0.02
    assert np.ptp(dropped, axis=3).max() > 0
