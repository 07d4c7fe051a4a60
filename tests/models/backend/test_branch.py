"""A branch goes on from an older checkpoint: what fits is the same to the bit, what does not begins anew."""

from __future__ import annotations

import numpy as np
import pytest

import models
from models import ddpm, gan, latent_diffusion, progan, stylegan
from models.core import loading, state
from models.core.datasets import recorded
from models.core.doctor import remedies
from models.core.doctor.rules import Diagnosis
from models.core.errors import ConfigError, RunFormatError
from models.core.family import DataSpec
from models.core.record import Run
from models.core.training import train
from models.core.training.branch import branch, treat
from tests.tools.images import blobs
from tests.tools.small_models import CASES, TINY, moved
from tests.tools.trainings import final_weights, same

CONFIG = gan.CONFIG(latent_size=3, batch_size=16, epochs=2)
STEP = 6  # of 10, in the second epoch


@pytest.fixture
def source(tmp_path, dataset):
    with train.start(tmp_path / "source", "gan", CONFIG, dataset) as run:
        assert train.train(run, dataset, checkpoint_steps=3).status == "finished"
    return Run.open(tmp_path / "source")


def weights_at(run, step=None):
    model, _ = loading.load(run, step=step)
    return {
        f"{part.name}/{layer.name}/{number}": np.array(value)
        for part in model.layers
        for layer in getattr(part, "layers", [part])
        for number, value in enumerate(layer.get_weights())
    }


def test_a_network_that_has_learned_small_pictures_goes_on_with_larger_ones(tmp_path):
    small, large = blobs(32, (8, 8, 1)), blobs(32, (16, 16, 1))
    config = stylegan.CONFIG(latent_size=4, width=4, mapping_layers=1, batch_size=16, epochs=1, ema=0.0)
    with train.start(tmp_path / "small", "stylegan", config, small) as run:
        train.train(run, small)
    source, changes = Run.open(tmp_path / "small"), {"epochs": 2}
    with branch(source, 2, tmp_path / "large", changes, resized=recorded.described(large, 16)) as new:
        before, after = (loading.load(one)[0] for one in (source, new))
        for name in ("conv_1", "conv_2", "layer_3"):  # those of 4 and 8 pixels
            kept, made = (one.generator.get_layer("synthesis").get_layer(name).get_weights() for one in (before, after))
            for mine, theirs in zip(kept, made, strict=True):
                np.testing.assert_array_equal(mine, theirs)
        assert new.samples("samples") == [] and new.metrics() == []  # images of another size
        assert train.train(new, large).status == "finished"
        assert new.info.dataset["image_shape"] == [16, 16, 1]


def test_a_branch_to_twice_the_size_goes_on_from_the_same_pictures(tmp_path):
    small, large = blobs(32, (8, 8, 1)), blobs(32, (16, 16, 1))
    config = stylegan.CONFIG(latent_size=4, width=16, mapping_layers=1, batch_size=16, epochs=1, style="modulated")
    with train.start(tmp_path / "small", "stylegan", config, small) as run:
        train.train(run, small)
    source = Run.open(tmp_path / "small")
    with branch(source, 2, tmp_path / "large", {"epochs": 2}, resized=recorded.described(large, 16)) as new:
        before, after = (loading.load(one)[0] for one in (source, new))
        codings = before.sample_codings(3, 0)
        generated = [
            one.synthesize(one.styles(codings), np.zeros((3, one.noise_size), np.float32)) for one in (before, after)
        ]
        np.testing.assert_allclose(generated[1], generated[0].repeat(2, axis=1).repeat(2, axis=2), atol=1e-4)
        assert new.events()[0]["values"]["grown"]
        assert train.train(new, large).status == "finished"


def test_layers_that_networks_share_are_told_fresh_only_if_they_are_new(tmp_path):
    small, large = blobs(32, (8, 8, 1)), blobs(32, (16, 16, 1))
    config = progan.CONFIG(latent_size=4, width=4, batch_size=16, epochs=1, ema=0.0)
    with train.start(tmp_path / "small", "progan", config, small) as run:
        train.train(run, small)
    source = Run.open(tmp_path / "small")
    with branch(source, 2, tmp_path / "large", {"epochs": 2}, resized=recorded.described(large, 16)) as new:
        noted = new.events()[0]["values"]
        assert noted["fresh"] == [
            *(f"discriminator/judges_16/{name}" for name in ("from_16_to_8", "from_colour_16", "same_16")),
            *(f"generator/paints_16/{name}" for name in ("first_16", "second_16", "to_colour_16")),
        ]
        assert "grown" not in noted


def test_layers_within_a_network_are_told_by_their_names_when_others_come_between_them(tmp_path):
    data = blobs(32, (16, 16, 1))
    config = stylegan.CONFIG(latent_size=4, width=4, mapping_layers=1, batch_size=16, epochs=1, ema=0.0)
    with train.start(tmp_path / "source", "stylegan", config, data) as run:
        train.train(run, data)
    with branch(Run.open(tmp_path / "source"), 2, tmp_path / "new", {"style": "modulated", "epochs": 2}) as new:
        assert new.events()[0]["values"]["fresh"] == [f"generator/synthesis/conv_{number}" for number in range(6)]
        before, after = (
            loading.load(one)[0].generator.get_layer("synthesis") for one in (Run.open(tmp_path / "source"), new)
        )
        numbered = [f"{kind}_{number}" for kind in ("conv", "noise") for number in range(1, 6)]
        for name in ("constant", *numbered, "to_colour"):  # the first edition's constant has no convolution
            mine, theirs = after.get_layer(name).get_weights(), before.get_layer(name).get_weights()
            for one, other in zip(mine, theirs, strict=False):  # a plain convolution has no style
                np.testing.assert_array_equal(one, other)
        assert train.train(new, data).status == "finished"


def test_a_branch_without_changes_goes_on_exactly_as_its_source_did(source, tmp_path, dataset):
    with branch(source, STEP, tmp_path / "new", {}) as new:
        assert new.metrics() == [row for row in source.metrics() if row["step"] <= STEP]
        assert new.samples("samples") and {step for step, _ in new.samples("samples")} <= {0, 5}
        origin = new.events()[0]
        assert origin["kind"] == "branch" and origin["values"]["run"] == source.info.id != new.info.id
        assert origin["values"] | {"run": ""} == {
            "run": "", "step": STEP, "changes": {}, "fresh": [], "optimizer": True, "random": True,
        }  # fmt: skip
        assert train.train(new, dataset).status == "finished"
        assert same(final_weights(source), final_weights(new))


def begun(folder, family, config, dataset, *, training):
    """A run that holds a model with weights of its own, with or without what its training needs to go on."""
    about = recorded.described(dataset, None)
    run = Run.create(folder, family=family, config=config.model_dump(), dataset=about, seed=config.seed, versions={})
    with run:
        arrays = state.capture(moved(loading.compiled(run)), training=training)
        if not training:  # as resources/pretrained/pack.py makes them
            arrays = {name: array.astype(np.float16) for name, array in arrays.items()}
        run.save_checkpoint(STEP, arrays, epoch=1)
    return Run.open(folder)


@pytest.mark.parametrize("case", [name for name in CASES if name != "dcgan"])  # that one needs classes
def test_a_model_of_any_family_keeps_all_that_it_has_learned(case, tmp_path, monkeypatch):
    family, shape, values = CASES[case]
    values = {name: value for name, value in values.items() if name != "condition"}
    for module in (ddpm, latent_diffusion):
        monkeypatch.setitem(module.SIZES, "small", TINY)
    source = begun(tmp_path / "a", family, models.family(family).CONFIG(**values), blobs(32, shape), training=True)
    with branch(source, STEP, tmp_path / "new", {"epochs": 2}) as new:
        noted = new.events()[0]["values"]
        assert noted["fresh"] == [] and noted["optimizer"] and noted["random"]
        assert same(final_weights(source), final_weights(new))


def test_a_run_of_weights_alone_goes_on_with_a_new_optimizer(tmp_path, monkeypatch, dataset):
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)
    config = ddpm.CONFIG(size="small", rate_schedule="falling", batch_size=16, epochs=2)
    source = begun(tmp_path / "shipped", "ddpm", config, dataset, training=False)
    with branch(source, STEP, tmp_path / "new", {}) as new:
        noted = new.events()[0]["values"]
        assert noted["fresh"] == [] and not noted["optimizer"] and not noted["random"]
        before, after = (loading.load(one)[0].network.get_weights() for one in (source, new))
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)
        assert train.train(new, dataset).status == "finished"
        model = loading.compiled(new)
        state.restore(model, new.load_checkpoint(state.expected(model, training=True))[1], training=True)
        assert int(model.optimizer.iterations) == 10 - STEP and new.metrics()[-1]["step"] == 10


@pytest.mark.parametrize("taken", [0, 5])
def test_a_falling_learning_rate_ends_with_the_training_wherever_its_optimizer_began(taken, monkeypatch):
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)
    config = ddpm.CONFIG(size="small", rate_schedule="falling")
    model = ddpm.build(config, DataSpec((8, 8, 1)))
    model.compile(optimizer=model.make_optimizer())
    model.optimizer.iterations.assign(taken)
    model.plan(20)
    assert float(model.optimizer.factor(taken + 20)) == 0.0 < float(model.optimizer.factor(taken + 19))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"smoothing": True, "separate_rates": True, "discriminator_rate": 3.0}, ([], (True, True))),
        ({"learning_rate": 5e-5}, ([], (True, True))),
        ({"replay": True}, (["replay/replay"], (True, False))),
        ({"minibatch": True}, (["discriminator/minibatch", "discriminator/verdict"], (False, True))),
        ({"optimizer": "adam", "seed": 7}, ([], (False, False))),
    ],
)
def test_what_fits_is_the_same_to_the_bit(source, tmp_path, dataset, changes, expected):
    fresh, goes_on = expected
    with branch(source, STEP, tmp_path / "new", changes) as new:
        noted = new.events()[0]["values"]
        assert noted["fresh"] == fresh
        assert (noted["optimizer"], noted["random"]) == goes_on
        before, after = weights_at(source, STEP), weights_at(new)
        kept = [name for name in after if not name.startswith(tuple(fresh) or ("nothing",))]
        assert len(kept) >= 10
        for name in kept:
            np.testing.assert_array_equal(before[name], after[name])
        assert {name: new.info.config[name] for name in changes} == changes
        assert train.train(new, dataset).status == "finished"
        assert new.metrics()[-1]["step"] == 10
    assert source.metrics()[-1]["step"] == 10 and source.checkpoints()[-1].step == 10


def test_a_damaged_checkpoint_is_refused_and_nothing_is_left_behind(source, tmp_path):
    entry = next(entry for entry in source.checkpoints() if entry.step == STEP)
    path = source.folder / "checkpoints" / entry.file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(RunFormatError, match="step 6 is damaged"):
        branch(source, STEP, tmp_path / "new", {})
    with pytest.raises(RunFormatError, match="no checkpoint of step 7"):
        branch(source, 7, tmp_path / "new", {})
    with pytest.raises(ConfigError, match="batch_size"):
        branch(source, STEP, tmp_path / "new", {"batch_size": 8})
    with pytest.raises(ConfigError, match="discriminator_rate"):
        branch(source, STEP, tmp_path / "new", {"discriminator_rate": -1})
    assert not (tmp_path / "new").exists()


def test_settings_of_the_discriminator_may_change_between_two_sessions(tmp_path, dataset):
    run = train.start(tmp_path / "run", "gan", CONFIG.model_copy(update={"epochs": 1}), dataset)
    assert train.train(run, dataset).status == "finished"
    wanted = {"separate_rates": True, "discriminator_rate": 0.001, "smoothing": True, "epochs": 2}
    before = state.capture(loading.compiled(run))
    train.change(run, wanted)
    model = loading.compiled(run)
    assert {n: a.shape for n, a in state.capture(model).items()} == {n: a.shape for n, a in before.items()}
    old = weights_at(run)
    assert train.train(run, dataset).status == "finished"
    moved = {name: np.abs(value - old[name]).max() for name, value in weights_at(run).items()}
    kernels = [max(v for k, v in moved.items() if k.startswith(f"{net}/")) for net in ("discriminator", "generator")]
    assert 0 < kernels[0] < 0.02 * kernels[1]


def test_a_remedy_is_recorded_in_both_runs_and_told_apart_from_what_was_before(source, tmp_path, dataset):
    ill = Diagnosis("oscillating", "The run oscillates.", 10, 7)
    offered = remedies.remedies(ill, source.info.config)
    assert [one.key for one in offered] == ["replay", "penalty", "gentler", "faster", "smoothing", "seed"]
    with Run.open(source.folder, write=True) as parent, treat(parent, ill, offered[0], tmp_path / "n") as new:
        assert new.checkpoints()[0].step == STEP  # the newest one of before step 7
        noted = parent.events()[-1]
        assert noted["kind"] == "remedy" and noted["values"]["branch"] == new.info.id
        assert noted["values"]["remedy"]["changes"] == {"replay": True, "replay_size": 1024}
        assert train.train(new, dataset).status == "finished"
    found = remedies.treatment(Run.open(tmp_path / "n"))
    assert found.before["kind"] == "oscillating" and found.parent == source.info.id and found.step == STEP
    assert found.after.kind == "too early" and found.after.more_steps > 1000
    assert remedies.treatment(source) is None


def test_another_seed_begins_anew(source, tmp_path):
    ill = Diagnosis("mode collapse", "All samples look alike.", 10, 0)
    seed = next(one for one in remedies.remedies(ill, source.info.config) if one.key == "seed")
    with treat(source, ill, seed, tmp_path / "new") as new:
        assert not new.checkpoints() and not new.metrics() and new.info.seed == source.info.seed + 1
