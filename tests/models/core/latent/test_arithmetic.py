"""A - B + C as a value: changes, recipes that come back, recipes and files that nobody should trust, and the score."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.__main__ import main
from models.core.errors import RunFormatError, StorageError, UserError
from models.core.evaluation import arithmetic_score
from models.core.latent import arithmetic, direction_files
from models.core.latent.arithmetic import Equation
from models.core.latent.direction_files import Direction
from tests.tools.record_tools import make_run

SIZE = 5
values = st.floats(-3, 3, width=32)
groups = hnp.arrays(np.float32, st.tuples(st.integers(0, 4), st.just(SIZE)), elements=values)
vectors = hnp.arrays(np.float32, SIZE, elements=values)
strengths = st.floats(-2, 2)


def direction(name="glasses", vector=None, run_id="run1", auc=0.9):
    return Direction(name, np.ones(SIZE, np.float32) if vector is None else vector, "test", auc, run_id)


@given(st.tuples(groups, groups, groups), st.tuples(strengths, strengths, strengths), vectors, strengths)
def test_the_coding_is_the_weighted_sum_of_means_and_directions(three, weights, vector, amount):
    equation = replace(Equation(three), strengths=weights).with_direction(direction(vector=vector), amount)
    means = [group.mean(axis=0) if len(group) else np.zeros(SIZE) for group in three]
    wanted = weights[0] * means[0] - weights[1] * means[1] + weights[2] * means[2] + amount * vector
    np.testing.assert_allclose(equation.coding(), wanted, atol=1e-3)
    np.testing.assert_array_equal(equation.neighbours()[4], equation.coding())


@given(st.tuples(groups, groups, groups), st.tuples(strengths, strengths, strengths), vectors, st.floats(0, 1))
def test_a_recipe_brings_everything_back_through_json(three, weights, vector, noise):
    before = Equation(three, weights, (direction(vector=vector),), (weights[0],), None, noise, 7)
    after = arithmetic.from_recipe(json.loads(json.dumps(before.recipe())), SIZE)
    for one, other in zip(before.groups, after.groups, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (after.strengths, after.amounts, after.noise, after.seed) == (weights, (weights[0],), noise, 7)
    assert after.directions[0].name == "glasses" and after.base is None
    np.testing.assert_array_equal(after.neighbours(), before.neighbours())


def full() -> Equation:
    rng = np.random.default_rng(0)
    made = [rng.standard_normal((count, SIZE)).astype(np.float32) for count in (3, 2, 1)]
    return Equation((made[0], made[1], made[2])).with_direction(direction(), 0.5)


def test_a_single_picture_stands_in_for_the_sum_and_a_new_picture_in_a_slot_ends_that():
    one = replace(full(), base=np.full(SIZE, 2, np.float32))
    np.testing.assert_allclose(one.coding(), 2.5)
    assert one.words() == "One image"
    assert arithmetic.from_recipe(one.recipe(), SIZE).base is not None
    assert one.add(0, np.zeros((1, SIZE), np.float32)).base is None


def test_changes_leave_the_old_equation_as_it_was():
    before = full()
    codings = before.coding()
    after = before.add(2, np.ones((2, SIZE), np.float32)).take(0, 1).clear(1).with_strength(0, -1.5)
    assert [len(group) for group in after.groups] == [2, 0, 3]
    np.testing.assert_array_equal(after.groups[0], before.groups[0][[0, 2]])
    np.testing.assert_array_equal(before.coding(), codings)
    assert not Equation.empty(SIZE).filled and after.filled


def test_a_direction_of_the_same_name_is_replaced_and_what_is_full_says_so():
    twice = full().with_direction(direction(vector=np.zeros(SIZE, np.float32)), 1.0)
    assert len(twice.directions) == 1 and twice.amounts == (1.0,)
    many = full()
    for number in range(arithmetic.MOST_DIRECTIONS - 1):
        many = many.with_direction(direction(f"d{number}"), 0.0)
    with pytest.raises(UserError, match="Remove one first"):
        many.with_direction(direction("one more"), 0.0)
    with pytest.raises(UserError, match="64 images at most"):
        full().add(1, np.zeros((64, SIZE), np.float32))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slots", [[], []]), ("slots", [[[1.0] * 4], [], []]), ("slots", [[["a"] * SIZE], [], []]),
        ("slots", [[[0.0] * SIZE] * 65, [], []]), ("slots", None), ("strengths", [1, 1]), ("strengths", [3, 1, 1]),
        ("strengths", [True, 1, 1]), ("amounts", []), ("noise", 2.0), ("noise_seed", -1), ("noise_seed", 1.5),
        ("directions", "x"), ("directions", [{"name": "x"}]), ("base", [0.0]), ("base", "x"),
    ],
)  # fmt: skip
def test_a_recipe_that_does_not_fit_is_refused_in_words(field, value):
    with pytest.raises(RunFormatError):
        arithmetic.from_recipe({**full().recipe(), field: value}, SIZE)


# --- saved directions ---


@given(st.text(min_size=1, max_size=40), vectors)
def test_any_name_can_be_saved_and_read_again(tmp_path_factory, name, vector):
    import os
    from unittest import mock

    with mock.patch.dict(os.environ, {"STUDIO_HOME": str(tmp_path_factory.mktemp("home"))}):
        try:
            clean = direction_files.clean_name(name)
        except UserError:
            return
        direction_files.save(direction(clean, vector))
        found, bad = direction_files.load("run1", SIZE)
    assert not bad and [one.name for one in found] == [clean]
    np.testing.assert_array_equal(found[0].vector, vector)


def test_names_that_differ_in_case_only_are_two_files_and_one_can_be_removed(own_home):
    first, second = direction("Glasses"), direction("glasses", auc=None)
    paths = {direction_files.save(first), direction_files.save(second), direction_files.save(first)}
    assert len({path.name.lower() for path in paths}) == 2
    direction_files.remove(first)
    direction_files.remove(first)
    found, _ = direction_files.load("run1", SIZE)
    assert [(one.name, one.auc) for one in found] == [("glasses", None)]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"schema_version": 1}', b"\xff\xfe", b"[" * 100_000, b"x" * 2_000_000],
    ids=["empty", "torn", "list", "fields", "bytes", "deep", "large"],
)  # fmt: skip
def test_a_damaged_file_is_named_and_the_others_are_read(own_home, content):
    path = direction_files.save(direction("beard"))
    direction_files.save(direction("smile"))
    path.write_bytes(content)
    found, bad = direction_files.load("run1", SIZE)
    assert [one.name for one in found] == ["smile"]
    assert len(bad) == 1 and path.name in str(bad[0])


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("vector", [1.0] * 4, "vector"), ("vector", ["1"] * SIZE, "finite"), ("auc", 2, "auc"), ("name", "", "name"),
        ("name", "n" * 61, "name"), ("run_id", "other", "run_id"), ("source", 3, "source"),
    ],
)  # fmt: skip
def test_a_file_with_a_wrong_field_says_which(own_home, field, value, names):
    path = direction_files.save(direction())
    data = {**json.loads(path.read_text()), field: value}
    path.write_text(json.dumps(data))
    found, bad = direction_files.load("run1", SIZE)
    assert not found and names in str(bad[0])


def test_nothing_that_is_not_finite_is_saved_and_no_id_leaves_the_folder(own_home):
    with pytest.raises(RunFormatError):
        direction_files.save(direction(vector=np.full(SIZE, np.nan, np.float32)))
    path = direction_files.save(direction(run_id="../../../elsewhere"))
    assert own_home in path.resolve().parents and path.parent.parent.name == "directions"
    assert len(direction_files.load("../../../elsewhere", SIZE)[0]) == 1


def test_a_disk_that_says_no_is_an_error_in_words(own_home):
    (own_home / "data").mkdir(parents=True)
    (own_home / "data" / "directions").write_text("a file is in the way")
    with pytest.raises(StorageError):
        direction_files.save(direction())


# --- the score ---


class Encoder:
    """A model whose codings are known: the first number is the attribute, the rest the person."""

    latent_size = 4

    def encode(self, images):
        return images.reshape(len(images), -1)[:, :4] * 8 - 4

    def decode(self, codings):
        pixels = np.zeros((len(codings), 64), np.float32)
        pixels[:, :4] = np.clip((codings + 4) / 8, 0, 1)
        return pixels.reshape(-1, 8, 8, 1)

    def sample_codings(self, count, seed):
        return np.random.default_rng(seed).standard_normal((count, 4), dtype=np.float32)


class Painter:
    """The same without an encoder."""

    latent_size = 4
    decode, sample_codings = Encoder.decode, Encoder.sample_codings


def has_it(images):
    return images.reshape(len(images), -1)[:, 0] > 0.5 + 0.5 / 8


def fake_pairs(attribute, count, seed, size):
    model, rng = Encoder(), np.random.default_rng(seed)
    people = np.clip(rng.standard_normal((count, 4)), -3, 3).astype(np.float32)
    people[:, 0] = -2
    present = people.copy()
    present[:, 0] += 4 + 0.5 * rng.random(count)
    return tuple(np.rint(model.decode(part) * 255).astype(np.uint8) for part in (people, present))


def test_a_model_that_adds_up_is_scored_as_perfect_and_a_shuffled_one_is_not(monkeypatch):
    monkeypatch.setattr(arithmetic_score.faces, "pairs", fake_pairs)
    found = arithmetic_score.score(Encoder(), "glasses", has_it, people=120)
    assert [one.group for one in found] == list(arithmetic_score.GROUPS)
    for one in found:
        assert (one.people, one.judged, one.unchanged, one.nearer) == (120, 1.0, 0.0, 1.0)
        assert one.error < one.unchanged_error
    blind = arithmetic_score.score(Encoder(), "glasses", lambda images: ~has_it(images), people=120)
    assert [one.judged for one in blind] == [0.0] * len(found)


def test_nobody_is_given_what_was_taken_from_himself():
    present = np.eye(6, dtype=np.float32)
    absent = np.zeros((6, 6), np.float32)
    for group in (1, 3, 5):
        given = arithmetic_score.shifts(present, absent, group)
        np.testing.assert_array_equal(np.diag(given), 0.0)
        np.testing.assert_allclose(given.sum(axis=1), 1.0, rtol=1e-6)


def test_a_model_that_only_paints_is_scored_on_people_it_imagined():
    found = arithmetic_score.score(Painter(), "glasses", has_it, people=120)
    assert all(one.nearer is None and one.unchanged == 0.0 for one in found)
    assert found[-1].judged > 0.6
    with pytest.raises(UserError, match="nothing to compare"):
        arithmetic_score.score(Painter(), "glasses", lambda images: np.zeros(len(images), bool), people=120)


# --- the command ---


@pytest.fixture
def command(tmp_path, monkeypatch):
    """The command with a model that adds up, and an evaluator that sees; neither needs a dataset."""
    about = {"name": "faces", "size": None, "attribute_names": ["hat", "glasses"]}
    run = SimpleNamespace(info=SimpleNamespace(id="run1", title="adder", dataset=about))
    for name in ("somewhere", "elsewhere"):
        make_run(tmp_path / name, dataset=about).close()
    dataset = SimpleNamespace(attribute_names=("hat", "glasses"), image_shape=(8, 8, 1))
    seeing = SimpleNamespace(
        names=dataset.attribute_names,
        accuracy=np.array([0.5, 0.75]),
        labels=lambda images: np.stack([np.zeros(len(images)), has_it(images)], axis=1).astype(np.int64),
    )
    monkeypatch.setattr(arithmetic_score.faces, "pairs", fake_pairs)
    monkeypatch.setattr("models.cli.arithmetic.open_model", lambda *words: (run, Encoder()))
    monkeypatch.setattr("models.core.datasets.load", lambda *words, **more: dataset)
    monkeypatch.setattr("models.core.evaluation.evaluator.evaluator_of", lambda *words, **more: seeing)
    return lambda *words: main(["arithmetic", str(tmp_path / "somewhere"), str(tmp_path / "elsewhere"), *words])


def test_the_command_prints_both_shares_for_each_run(command, capsys):
    assert command("--people", "120") == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("adder: with glasses - without + other, 120 people" in line for line in lines) == 2
    rows = [line.split() for line in lines if line.strip() and line.split()[0].isdigit()]
    assert [row[0] for row in rows] == ["1", "3", "10", "100"] * 2
    assert all(row[1:4] == ["100.0%", "0.0%", "100.0%"] for row in rows)
    assert "75.0% of the test images" in lines[-1]


def test_the_command_speaks_json_and_names_wrong_arguments(command, capsys):
    assert command("--people", "120", "--json") == 0
    done = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    done = [line for line in done if line["event"] == "done"]
    assert len(done) == 2 and done[0]["groups"][0]["judged"] == 1.0 and done[0]["judge_accuracy"] == 0.75
    assert command("--people", "3", "--seed", "-1") == 2
    told = capsys.readouterr().err
    assert "--people must be from 101" in told and "--seed" in told
    assert command("--attribute", "wings", "--people", "120") == 2
    assert "--attribute must be one of hat, glasses" in capsys.readouterr().err
