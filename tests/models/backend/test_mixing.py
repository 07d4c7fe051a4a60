"""The command ``mixing``: of a model whose coarse layers decide on shape and the fine ones on colour it says so."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from models import __main__ as command_line
from models import stylegan
from models.core import datasets, loading, state
from models.core.errors import UserError
from models.core.evaluation import evaluator, mixing_score
from models.core.images import convert, decoding, recipes
from models.core.record import Run
from models.core.styles import mixing, synthesis
from models.core.styles.recipe import from_recipe
from models.core.styles.table import Mixture
from models.core.training import train
from models.core.work import Callbacks
from tests.tools.images import blobs

NAMES = ("glasses", "dark hair", "dark skin")


class Painter:
    """Four layers of one number: the first puts glasses on (a white bar), the last paints hair and skin."""

    style_layers = tuple(range(4))
    style_size = noise_size = latent_size = 1
    truncation = 0.8

    def styles(self, codings):
        return np.repeat(codings[:, None], 4, axis=1)

    def sample_codings(self, count, seed):
        return np.random.default_rng(seed).standard_normal((count, 1), dtype=np.float32)

    def decode(self, codings):
        return self.synthesize(self.styles(codings))

    def mean_style(self):
        return np.zeros(1, np.float32)

    def fixed_noise(self):
        return np.zeros(1, np.float32)

    def synthesize(self, styles, noise=None):
        made = np.full((len(styles), 6, 6, 3), 0.5, np.float32)
        made[:, :2] += 0.1 * styles[:, -1, :, None, None]
        made[:, 4:] += 0.05 * styles[:, -1, :, None, None]
        made[:, 2] = (styles[:, 0] > 0)[..., None]
        return made

    def features(self, styles, noise=None):
        return []

    def project(self, images, **_):
        return images


class Eye:
    """Sees the white bar; its other attributes are never there."""

    kind, names, accuracy = "attributes", NAMES, np.array([1.0, 0.5, 0.5])

    def labels(self, images):
        seen = (images[:, 2, 0, 0] > 0.5).astype(np.int64)
        return np.stack([seen, 0 * seen, 0 * seen], axis=1)


@pytest.fixture
def faces():
    """Pictures whose upper third is dark where the hair is, and whose lower third where the skin is."""
    rng = np.random.default_rng(0)
    known = rng.random((40, 3)) > 0.5
    made = np.full((40, 8, 8, 3), 200, np.uint8)
    made[known[:, 1], :3] = 30
    made[known[:, 2], 5:] = 60
    return replace(blobs(40, (8, 8, 3)), images=made, attributes=known, attribute_names=NAMES, name="faces")


def test_hair_and_skin_are_where_their_attribute_makes_a_difference(faces):
    found = mixing_score.places(faces)
    assert found["hair"][:3].all() and not found["hair"][3:].any()
    assert found["skin"][5:].all() and not found["skin"][:5].any()
    with pytest.raises(UserError, match="dark hair"):
        mixing_score.places(blobs())


def test_what_each_source_changes_is_counted(faces, monkeypatch):
    upper, lower = np.zeros((6, 6), bool), np.zeros((6, 6), bool)
    upper[:2], lower[4:] = True, True
    monkeypatch.setattr(mixing_score, "places", lambda dataset: {"hair": upper, "skin": lower})
    told = []
    found = mixing_score.score(
        Painter(), faces, Eye(), crossover=2, truncation=1.0, count=2000, work=Callbacks(lambda *now: told.append(now))
    )
    rows = {row.name: row for row in found}
    assert rows["glasses"].coarse == pytest.approx(0.5, abs=0.05) and rows["glasses"].fine == 0.0
    assert rows["glasses"].factor == float("inf") and rows["glasses"].data()["factor"] is None
    far = 255 * 0.1 * np.sqrt(3) * 2 / np.sqrt(np.pi)  # the mean distance of two normal numbers, in three channels
    assert rows["hair"].fine == pytest.approx(far, rel=0.05) and rows["hair"].coarse == pytest.approx(0.0, abs=1e-3)
    assert rows["skin"].fine == pytest.approx(far / 2, rel=0.05)
    assert told[-1] == ("Mixing styles", 6000, 6000)
    half = mixing_score.Row("hair", "colour", 2.0, 8.0)
    assert half.factor == 4.0 and mixing_score.Row("beard", "judged", 0.3, 0.1).factor == pytest.approx(3.0)
    with pytest.raises(UserError, match="mix"):
        mixing_score.score(SimpleNamespace(), faces, Eye(), crossover=2)


def test_the_command_prints_the_table(tmp_path, faces, monkeypatch, capsys):
    config = stylegan.CONFIG(latent_size=4, width=4, batch_size=8, mapping_layers=1, epochs=1)
    with train.start(tmp_path / "run", "stylegan", config, faces) as run:
        assert train.train(run, faces).status == "finished"
    monkeypatch.setattr(datasets, "load", lambda *_, **__: faces)
    monkeypatch.setattr(evaluator, "evaluator_of", lambda dataset, **_: Eye())
    assert command_line.main(["mixing", str(run.folder), "--count", "8"]) == 0
    told = capsys.readouterr().out
    assert "8 pairs, layers before 8 x 8, first (2 of 4) from the coarse source" in told
    assert "glasses" in told and "fine / coarse" in told and "glasses 100.0%" in told
    assert command_line.main(["mixing", str(run.folder), "--count", "8", "--crossover", "1", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["crossover"] == 1 and [row["name"] for row in answer["rows"]] == [*NAMES, "hair", "skin"]
    for wrong in (["--crossover", "4"], ["--truncation", "-1"], ["--count", "1"]):
        assert command_line.main(["mixing", str(run.folder), *wrong]) == 2
        assert wrong[0] in capsys.readouterr().err


def test_the_table_is_written_as_the_window_exports_it(tmp_path, faces, capsys):
    config = stylegan.CONFIG(latent_size=4, width=4, batch_size=8, mapping_layers=1)
    with train.start(tmp_path / "run", "stylegan", config, faces) as run:
        run.save_checkpoint(0, state.capture(loading.build(run), training=False))
    out = tmp_path / "table.png"
    words = ["mixing", str(tmp_path / "run"), "--out", str(out), "--seed", "3"]
    assert command_line.main([*words, "--crossover", "1", "--truncation", "0.5"]) == 0
    assert "coarse up to" in capsys.readouterr().out
    model, _ = loading.load(Run.open(tmp_path / "run"))
    made = replace(Mixture.begin(len(model.style_layers), 3).with_crossover(1), truncation=0.5)
    table = from_recipe(recipes.read_recipe(out), len(model.style_layers), model.style_size)
    assert table.recipe() == made.recipe()
    sheet, side = decoding.decode(out).astype(int), faces.image_shape[0] + 1
    assert sheet.shape[:2] == (7 * side - 1, 7 * side - 1) and not sheet[: side - 1, : side - 1].any()
    both = synthesis.stacks(model, [made.rows[2], made.columns[4]], 0.5)
    mixed = convert.to_uint8(model.synthesize(mixing.mix(both[:1], both[1:], 1), model.fixed_noise()[None]))[0]
    np.testing.assert_allclose(sheet[3 * side :, 5 * side :][: side - 1, : side - 1], mixed.astype(int), atol=1)
    for place, source in ((np.s_[3 * side :, :], both[:1]), (np.s_[:, 5 * side :], both[1:])):
        alone = convert.to_uint8(model.synthesize(source, model.fixed_noise()[None]))[0].astype(int)
        np.testing.assert_allclose(sheet[place][: side - 1, : side - 1], alone, atol=1)
    for wrong in (["--count", "8"], ["--truncation", "1.6"], ["--crossover", "4"]):
        assert command_line.main([*words, *wrong]) == 2
        assert wrong[0] in capsys.readouterr().err
