"""Stable Diffusion on the command line: a preset is listed, becomes a run, and is used like any other model."""

import importlib.util
import json

import numpy as np
import pytest

from models.__main__ import main
from models.core.hub import presets, tiny
from models.core.images import export, photos, recipes

HAS_HUB = importlib.util.find_spec("keras_hub") is not None
needs_hub = pytest.mark.skipif(not HAS_HUB, reason="KerasHub is not installed: the extra stable-diffusion")
HOW = ["--prompt", "a red cat", "--count", "1", "--steps", "4", "--seed", "3"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.save(tmp_path_factory.mktemp("presets") / "tiny")


def run(capsys, *words):
    status = main([*map(str, words), "--json"])
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines() if line.startswith("{")]
    return status, lines, said.err


def pixels(path):
    return photos.read(path).pixels


def test_the_presets_are_listed(capsys):
    status, lines, _ = run(capsys, "preset")
    assert status == 0 and [line["name"] for line in lines] == list(presets.PRESETS)


def test_what_is_no_preset_is_refused_with_the_names_of_those_that_are(capsys, tmp_path):
    status, _, said = run(capsys, "preset", tmp_path)
    assert status == 2 and "must be one of tiny, stable_diffusion_3_medium" in said
    status, _, said = run(capsys, "train", "stable_diffusion")
    assert status == 2 and "comes trained: the command preset" in said


def test_without_the_extra_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr("models.core.hub.library.missing", lambda: "Stable Diffusion needs KerasHub: pip install it.")
    status, _, said = run(capsys, "preset", "tiny")
    assert status == 1 and "KerasHub is not installed. Stable Diffusion needs KerasHub: pip install it." in said


@needs_hub
def test_a_preset_s_folder_is_sampled_and_the_same_seed_gives_the_same_image(capsys, folder, tmp_path):
    for name in ("a.png", "b.png"):
        status, _, said = run(capsys, "sample", folder, *HOW, "--out", tmp_path / name)
        assert status == 0, said
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))
    assert pixels(tmp_path / "a.png").shape == (64, 64, 3)
    recipe = recipes.read_recipe(tmp_path / "a.png")
    assert recipe["walk"]["prompt"] == "a red cat" and recipe["walk"]["guidance"] == 7.0


@needs_hub
def test_its_run_makes_images_of_images_paints_parts_and_measures_words(capsys, folder, tmp_path):
    status, lines, said = run(capsys, "preset", folder, "--run", tmp_path / "run")
    assert status == 0 and lines[-1]["run"] == str(tmp_path / "run"), said
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    mask = np.zeros((64, 64, 1), np.uint8)
    mask[5:30, 7:40] = 255
    export.write_png(tmp_path / "image.png", image)
    export.write_png(tmp_path / "mask.png", mask)
    how = [*HOW[:2], *HOW[4:]]
    status, _, said = run(capsys, "sample", tmp_path / "run", *how, "--images", tmp_path / "image.png", "--from", 334,
                          "--out", tmp_path / "other.png")  # fmt: skip
    assert status == 0, said
    status, _, said = run(capsys, "inpaint", tmp_path / "run", *how, "--image", tmp_path / "image.png", "--mask",
                          tmp_path / "mask.png", "--repeats", 1, "--count", 1, "--out",
                          tmp_path / "in.png")  # fmt: skip
    assert status == 0, said
    inside = np.broadcast_to(mask > 0, image.shape)
    assert np.array_equal(pixels(tmp_path / "in.png")[~inside], image[~inside])
    assert np.abs(pixels(tmp_path / "in.png")[inside].astype(int) - image[inside]).mean() > 5
    assert np.abs(pixels(tmp_path / "other.png").astype(int) - image).mean() > 5
    status, lines, said = run(capsys, "words", tmp_path / "run", *how, "--out", tmp_path / "words")
    assert status == 0, said
    assert [one["word"] for one in lines[-1]["words"]] == ["a", "red", "cat"]
    assert max(one["amount"] for one in lines[-1]["words"]) == 1.0


@needs_hub
def test_commands_that_mean_nothing_for_it_say_so(capsys, folder, tmp_path):
    status, _, said = run(capsys, "info", folder)
    assert status == 0, said
    for words in (["export", folder, "--format", "keras", "--out", tmp_path / "net"], ["score", folder]):
        status, _, said = run(capsys, *words)
        assert status == 1 and "unexpected" not in said, said
