"""A new run has the settings that suit its dataset, and its cost is said, as in the window."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

import models
from models.cli import planning
from models.cli.arguments import parser
from models.cli.commands import Say
from models.core import datasets, device
from models.core.errors import ConfigError
from models.core.family import DataSpec, parse_config
from models.core.training.estimate import Estimate, too_short

GREY, COLOUR = DataSpec((28, 28, 1)), DataSpec((64, 64, 3))


def settled(key: str, spec: DataSpec, *, defaults: bool = False, as_json: bool = False, **given: Any) -> Any:
    return planning.settle(models.family(key), given, spec, Say(as_json=as_json), defaults=defaults)


def test_colour_images_train_the_convolutional_vae_and_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    config = settled("vae", COLOUR)
    assert config.architecture == "conv" and config.latent_size == 64
    said = capsys.readouterr().out
    assert "colour images of 64 x 64" in said and "architecture=conv" in said and "--defaults" in said


def test_what_the_user_says_comes_first_and_is_no_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    config = settled("vae", COLOUR, latent_size="7", epochs="3")
    assert (config.architecture, config.latent_size, config.epochs) == ("conv", 7, 3)
    said = capsys.readouterr().out
    assert "latent_size" not in said and "epochs" not in said


@pytest.mark.parametrize("key", list(models.FAMILIES))
def test_defaults_are_the_textbook_s(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert settled(key, COLOUR, defaults=True) == models.family(key).CONFIG()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("key", list(models.FAMILIES))
@pytest.mark.parametrize("name", ["fashion_mnist", "faces"])
def test_what_is_suggested_for_the_shipped_datasets_reaches_its_end(key: str, name: str) -> None:
    outline, module = datasets.outline(name), models.family(key)
    assert outline.training is not None
    config = parse_config(module.CONFIG, module.suggest(outline.spec))
    assert too_short(module, config, outline.spec, outline.training) == ""


def test_latent_diffusion_suggests_for_a_cpu() -> None:
    """The defaults of 5,000 steps leave nothing for the second phase on 8,000 faces, and take hours on the clothes."""
    for spec in (GREY, COLOUR):
        config, plain = settled("latent_diffusion", spec), settled("latent_diffusion", spec, defaults=True)
        assert config.width < plain.width and config.autoencoder_steps < plain.autoencoder_steps


def test_a_setting_that_does_not_go_with_the_suggestions_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    module = models.family("vae")
    monkeypatch.setattr(module, "suggest", lambda spec: {"latent_size": 0})
    with pytest.raises(ConfigError, match=r"latent_size must be at least .*--defaults leaves them out"):
        settled("vae", COLOUR)
    assert settled("vae", COLOUR, latent_size="5").latent_size == 5


@pytest.fixture(autouse=True)
def memory_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other programs of this machine hold is not what these tests look at."""
    monkeypatch.setattr(device, "memory_free", lambda: 8 * 2**30)


def test_machines_get_settings_and_estimate_as_objects(capsys: pytest.CaptureFixture[str]) -> None:
    say, spec = Say(as_json=True), DataSpec((8, 8, 1))
    config = settled("vae", spec, as_json=True, batch_size="8", epochs="2")
    planning.tell_cost(models.family("vae"), config, spec, 40, say)
    settings, cost = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert settings["event"] == "settings" and settings["config"]["batch_size"] == 8
    assert cost["event"] == "estimate" and cost["weights"] > 0 and cost["seconds"] > 0 and not cost["too_large"]


def test_people_get_the_estimate_and_what_would_not_be_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.core.training import estimate

    found = Estimate(4000.0, 2**30, 12_345, "It ends too early.")
    monkeypatch.setattr(estimate, "estimate", lambda *arguments: found)
    planning.tell_cost(models.family("vae"), models.family("vae").CONFIG(), GREY, 40, Say(as_json=False))
    first, second = capsys.readouterr().out.splitlines()
    assert first == "About 1 h 6 min and 1.0 GB on this machine, 12,345 weights" and second == "It ends too early."
    huge = Estimate(**{**asdict(found), "bytes": 2**60})
    assert "more than is free" in huge.words() and np.isfinite(huge.seconds)


def test_a_backend_that_cannot_measure_leaves_the_word_to_the_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.core.training import estimate

    def fail(*arguments: Any) -> None:
        raise RuntimeError("RESOURCE_EXHAUSTED")

    monkeypatch.setattr(estimate, "estimate", fail)
    planning.tell_cost(models.family("vae"), models.family("vae").CONFIG(), GREY, 40, Say(as_json=False))
    assert "could not be measured" in capsys.readouterr().out


def test_train_takes_defaults() -> None:
    assert parser().parse_args(["train", "vae", "--defaults"]).defaults is True
    assert parser().parse_args(["train", "vae"]).defaults is False
