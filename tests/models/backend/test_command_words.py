"""The commands ``words`` and ``table``: files, sheets, what does not suit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import __main__ as command_line
from models import ddpm
from models.core import loading, state
from models.core.diffusion import words
from models.core.diffusion.capability import Sampling
from models.core.diffusion.prompt import Prompt, wanted
from models.core.images import convert, decoding, headings, recipes
from models.core.record import Run
from models.core.training import train
from tests.tools.diffusers import TINY
from tests.tools.images import blobs

SETTINGS = {"size": "small", "timesteps": 100, "schedule": "flow", "prediction": "velocity", "ema": 0}
PROMPT = "a bright image"


def untaught(folder: Path, condition: str) -> Path:
    """A run whose weights are random, so that each word does something."""
    dataset = replace(blobs(32, (8, 8, 3)), captions=(PROMPT, "a dark image") * 16)
    run = train.start(folder, "ddpm", ddpm.CONFIG(**SETTINGS, condition=condition), dataset)
    model, rng = loading.build(run), np.random.default_rng(3)
    model.network.set_weights([rng.normal(0, 0.15, w.shape).astype(np.float32) for w in model.network.get_weights()])
    run.save_checkpoint(0, state.capture(model, training=False))
    run.close()
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)
    return untaught(tmp_path / "run", "text")


def test_words_writes_the_image_a_map_for_each_word_and_what_each_did(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "maps"
    asked = ["words", str(run), "--prompt", "A bright image, purple", "--seed", "3", "--steps", "4", "--out", str(out)]
    assert command_line.main([*asked, "--json"]) == 0
    told = capsys.readouterr()
    done = json.loads(told.out.splitlines()[-1])
    assert [row["word"] for row in done["words"]] == ["a", "bright", "image", "purple"] and "purple" in told.err
    names = ["01-a.png", "02-bright.png", "03-image.png", "04-purple.png", "image.png", "maps.npy", "sheet.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    model, _ = loading.load(Run.open(run))
    sampling = Sampling("euler", 4, guidance=3.0, seed=3)
    prompt = Prompt(text="A bright image, purple")
    steps = list(model.reverse(sampling, **wanted(model.condition, prompt, 1)))
    maps = words.by_step(model, prompt.text, [(step.t, step.x[0]) for step in steps]).sum(axis=0)
    np.testing.assert_allclose(np.load(out / "maps.npy"), maps, atol=1e-5)
    image = convert.to_uint8(model.pictures(steps[-1].x))[0]
    np.testing.assert_allclose(decoding.decode(out / "image.png").astype(int), image.astype(int), atol=1)
    assert (recipes.read_recipe(out / "image.png") or {})["walk"]["prompt"] == prompt.text
    assert command_line.main(asked) == 0  # a second time: nothing is overwritten
    assert len(list(out.iterdir())) == 2 * len(names) and "bright" in capsys.readouterr().out


def test_a_table_shows_each_sentence_from_the_same_noise(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.png"
    asked = ["table", str(run), "--prompt", "a", "--across", "bright, dark image", "--down", "a, dark, bright"]
    assert command_line.main([*asked, "--steps", "3", "--seed", "2", "--negative", "dark", "--out", str(out)]) == 0
    large = headings.factor(8)
    side, gap = 8 * large, headings.GAP
    sheet = decoding.decode(out)
    above, beside = sheet.shape[0] - 3 * side - 2 * gap, sheet.shape[1] - 2 * side - gap
    assert above >= headings.LINE and beside >= headings.LINE  # the words of columns and rows
    model, _ = loading.load(Run.open(run))
    prompt = Prompt(text="a with dark image and dark", negative="dark")
    sampling = Sampling("euler", 3, guidance=3.0)
    alone = convert.to_uint8(model.sample(1, 2, sampling=sampling, **wanted(model.condition, prompt, 1)))[0]
    cell = sheet[above + side + gap :, beside + side + gap :][:side:large, :side:large]
    np.testing.assert_allclose(cell.astype(int), alone.astype(int), atol=1)
    assert (recipes.read_recipe(out) or {})["table"]["across"] == "bright, dark image"


def test_what_does_not_suit_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = ["table", str(run), "--across", " , ", "--down", ",", "--out", str(tmp_path / "x.png")]
    assert command_line.main(table) == 2
    said = capsys.readouterr().err
    assert "--across" in said and "--down" in said
    many = ",".join("abcdefghijk")
    assert command_line.main([*table[:3], many, "--down", many, *table[6:]]) == 2
    assert "more than 100" in capsys.readouterr().err
    words_ = ["words", str(run), "--prompt", " .. ", "--out", str(tmp_path / "maps")]
    assert command_line.main(words_) == 2 and "--prompt" in capsys.readouterr().err
    other = untaught(tmp_path / "other", "none")
    assert command_line.main(["words", str(other), "--prompt", "a", "--out", str(tmp_path / "maps")]) == 2
    assert "only for models conditioned on text" in capsys.readouterr().err
    assert not (tmp_path / "maps").exists()


def test_a_word_counts_as_much_as_its_strength_says(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "strong.png"
    asked = ["sample", str(run), "--prompt", "a Bright image", "--count", "1", "--steps", "3", "--out", str(out)]
    assert command_line.main([*asked, "--strength", "bright=2", "--strength", "image=0"]) == 0
    model, _ = loading.load(Run.open(run))
    prompt = Prompt(text="a Bright image", strengths=(1.0, 2.0, 0.0))
    sampling = Sampling("euler", 3, guidance=3.0)
    strong = convert.to_uint8(model.sample(1, 0, sampling=sampling, **wanted(model.condition, prompt, 1)))[0]
    np.testing.assert_allclose(decoding.decode(out).astype(int), strong.astype(int), atol=1)
    plain = convert.to_uint8(
        model.sample(1, 0, sampling=sampling, **wanted(model.condition, Prompt(text=prompt.text), 1))
    )[0]
    assert np.abs(strong.astype(int) - plain).max() > 5
    assert (recipes.read_recipe(out) or {})["walk"]["strengths"] == [1.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("strength", "said"),
    [
        ("purple=2", "a word of the prompt: a, bright, image (it is 'purple' and 'Round')"),
        ("bright=3", "must be from 0.0 to 2.0"),
        ("bright", "must be WORD=NUMBER"),
        ("bright=much", "must be a number"),
    ],
)
def test_a_strength_that_cannot_be_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], strength: str, said: str
) -> None:
    asked = ["sample", str(run), "--prompt", "a bright image", "--out", str(tmp_path / "x.png"), "--strength", strength]
    assert command_line.main([*asked, "--strength", "Round=0", "--strength", "image=0.5"]) == 2
    told = capsys.readouterr().err
    assert "--strength" in told and said in told and not (tmp_path / "x.png").exists()


def test_only_models_of_text_take_a_strength(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = untaught(tmp_path / "other", "none")
    asked = ["sample", str(other), "--out", str(tmp_path / "x.png"), "--strength", "bright=2"]
    assert command_line.main(asked) == 2 and "--strength is only for models" in capsys.readouterr().err
