"""Checkpoints: to the last bit, by step, the best kept, nothing that is not finite."""

import os
import threading

import numpy as np
import pytest

from models.core.errors import NotFiniteError, RunFormatError
from models.core.record import Run
from tests.tools.bounds import end, rounds
from tests.tools.record_tools import expected, is_whole, make_run, same, snapshot, state


@pytest.fixture
def run(tmp_path):
    with make_run(tmp_path / "run") as run:
        yield run


def test_arrays_come_back_to_the_last_bit(run):
    generator = np.random.default_rng(0)
    arrays = {
        "a/b:0": generator.normal(size=(3, 4, 5)).astype(np.float32),
        "turned": np.asfortranarray(generator.normal(size=(4, 6))),
        "half": generator.normal(size=7).astype(np.float16),
        "scalar": np.asarray(3, np.int32),
        "empty": np.zeros((0, 3), np.float32),
        "big endian": np.arange(4, dtype=">i4"),
        "bytes": np.arange(9, dtype=np.uint8)[::2],
    }
    entry = run.save_checkpoint(5, arrays, epoch=2)
    found, loaded = run.load_checkpoint(expected(arrays))
    assert found == entry and (entry.step, entry.epoch) == (5, 2)
    assert same(loaded, arrays)
    with np.load(run.folder / "checkpoints" / entry.file, allow_pickle=False) as archive:  # numpy reads it, too
        assert all(np.array_equal(archive[name], arrays[name]) for name in arrays)


def test_the_same_state_gives_the_same_bytes(tmp_path):
    digests = set()
    for name in "ab":
        with make_run(tmp_path / name) as run:
            digests.add(run.save_checkpoint(1, state(1)).sha256)
    assert len(digests) == 1


def test_the_newest_three_and_the_best_are_kept(run):
    for step, loss in enumerate([5.0, 1.0, 4.0, 3.0, float("nan"), 2.0]):
        run.save_checkpoint(step, state(step), metric=loss)
    assert [entry.step for entry in run.checkpoints()] == [1, 3, 4, 5]
    names = {name for name in os.listdir(run.folder / "checkpoints") if name.endswith(".npz")}
    assert names == {f"step-{step}.npz" for step in (1, 3, 4, 5)}
    entry, arrays = run.load_checkpoint(expected(state(1)), step=1)
    assert entry.metric == 1.0 and is_whole(entry, arrays)


def test_checkpoints_are_ordered_by_step_not_by_time(run):
    for step in (9, 10, 100):
        entry = run.save_checkpoint(step, state(step))
        os.utime(run.folder / "checkpoints" / entry.file, (2_000_000_000 - step * 1000,) * 2)  # the clock runs back
    assert [entry.step for entry in run.checkpoints()] == [9, 10, 100]
    assert run.load_checkpoint(expected(state(1)))[0].step == 100
    assert run.load_checkpoint(expected(state(1)), step=9)[0].step == 9
    with pytest.raises(RunFormatError, match="there are: 9, 10, 100"):
        run.load_checkpoint(expected(state(1)), step=11)


def test_resuming_from_an_earlier_step_leaves_the_later_branch(run):
    for step in (1, 2, 3):
        run.save_checkpoint(step, state(step))
    run.save_checkpoint(2, state(2))
    entry, arrays = run.load_checkpoint(expected(state(1)))
    assert [item.step for item in run.checkpoints()] == [1, 2] and entry.step == 2 and is_whole(entry, arrays)
    assert entry.file == "step-2-2.npz"  # a listed file is never written over


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_saved(run, bad):
    run.save_checkpoint(1, state(1))
    before = snapshot(run.folder)
    broken = state(2)
    broken["slots/0"][-1] = bad
    with pytest.raises(NotFiniteError, match="slots/0"):
        run.save_checkpoint(2, broken)
    assert snapshot(run.folder) == before


def test_objects_are_never_saved(run):
    with pytest.raises(RunFormatError, match="plain numbers"):
        run.save_checkpoint(1, {"a": np.array([{}], dtype=object)})
    assert run.checkpoints() == []


def test_another_model_is_told_apart_from_damage(run):
    run.save_checkpoint(1, state(1))
    wrong_shape = expected({**state(1), "weights/0": np.zeros((4, 8), np.float32)})
    wrong_type = expected({**state(1), "step": np.asarray(0, np.uint64)})
    wrong_names = expected({**state(1), "more": np.zeros(1)})
    for wanted in (wrong_shape, wrong_type, wrong_names):
        with pytest.raises(RunFormatError, match="cannot be used"):
            run.load_checkpoint(wanted)
    assert run.notices == [] and not (run.folder / "quarantine").exists()


def test_a_run_without_checkpoints_says_so(run):
    with pytest.raises(RunFormatError, match="no checkpoint yet"):
        run.load_checkpoint(expected(state(1)))


def test_a_reader_keeps_up_with_pruning(run):
    run.save_checkpoint(0, state(0, 20_000))
    stop, seen, wrong = threading.Event(), [], []

    def read():
        for _ in rounds("the end of the writer"):
            if stop.is_set():
                return
            reader = Run.open(run.folder)
            entry, arrays = reader.load_checkpoint(expected(state(0, 20_000)))
            seen.append(entry.step)
            if not is_whole(entry, arrays, 20_000) or reader.notices:
                wrong.append((entry, reader.notices))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for step in range(1, 150):
            run.save_checkpoint(step, state(step, 20_000))
    finally:
        stop.set()
        end(thread)
    assert not wrong and len(set(seen)) > 5 and seen == sorted(seen)


def test_milestones_are_kept_for_good(run):
    for step in range(1, 10):
        run.save_checkpoint(step, state(step), metric=float(step != 2), milestone=step in {1, 4})
    assert [entry.step for entry in run.checkpoints()] == [1, 2, 4, 7, 8, 9]
    assert {entry.step for entry in run.checkpoints() if entry.milestone} == {1, 4}
    assert sorted(path.name for path in (run.folder / "checkpoints").glob("*.npz")) == sorted(
        entry.file for entry in run.checkpoints()
    )
