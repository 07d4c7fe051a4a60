"""The run folder as its users see it: create, watch, save, load, list, delete."""

import json
import os
import sys

import numpy as np
import pytest

from models.core import record
from models.core.errors import RunBusyError, RunFormatError, StorageError
from models.core.record import Run
from models.core.record.sealed import SEAL, write_sealed
from tests.tools.record_tools import META, expected, make_run, snapshot, state


@pytest.fixture
def run(tmp_path):
    with make_run(tmp_path / "run") as run:
        yield run


def test_a_run_comes_back_as_it_was_created(tmp_path):
    with make_run(tmp_path / "deep" / "run", title="Mine") as run:
        assert not run.read_only
    again = Run.open(run.folder)
    assert again.info == run.info and again.read_only and again.notices == []
    assert (again.info.family, again.info.seed, again.info.title, again.info.status) == ("vae", 7, "Mine", "new")
    assert again.info.config == META["config"] and again.info.dataset == {
        **META["dataset"], "title": "digits", "count": 0, "label_names": [], "attribute_names": [],
    }  # fmt: skip


def test_a_folder_that_holds_a_run_is_not_created_again(run):
    with pytest.raises(RunBusyError):
        make_run(run.folder)
    run.close()
    before = (run.folder / "run.json").read_bytes()
    with pytest.raises(RunFormatError, match="holds a run already"):
        make_run(run.folder)
    assert (run.folder / "run.json").read_bytes() == before
    Run.open(run.folder, write=True).close()  # the refused one gave the lock back


def test_values_that_cannot_be_recorded_are_refused_before_anything_is_made(tmp_path):
    for bad in ({"family": "../x"}, {"seed": "7"}, {"versions": {"keras": 3}}):
        with pytest.raises(RunFormatError):
            make_run(tmp_path / "run", **bad)
    assert os.listdir(tmp_path) == []


def test_no_run_is_a_format_error(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        for write in (False, True):
            with pytest.raises(RunFormatError, match="holds no run"):
                Run.open(folder, write=write)
    assert os.listdir(tmp_path) == []


def test_the_status_is_kept_and_an_unclean_end_is_seen(run):
    run.set_status("training")
    reader = Run.open(run.folder)
    assert reader.info.status == "training" and not reader.interrupted
    run.close()
    assert Run.open(run.folder).interrupted
    with Run.open(run.folder, write=True) as again:
        again.set_status("paused", "out of memory")
    assert Run.open(run.folder).info.message == "out of memory"
    assert not Run.open(run.folder).interrupted


def test_reading_writes_nothing_and_refuses_to_write(run):
    run.save_checkpoint(1, state(1))
    run.close()
    before = snapshot(run.folder)
    reader = Run.open(run.folder)
    reader.metrics(), reader.samples("samples"), reader.stats(), reader.checkpoints()
    reader.load_checkpoint(expected(state(1)))
    for call in (
        lambda: reader.set_status("failed"),
        lambda: reader.append_metrics({"step": 1}),
        lambda: reader.truncate_metrics(0),
        lambda: reader.save_checkpoint(2, state(2)),
        lambda: reader.save_sample(1, "samples", b""),
        lambda: reader.save_stats(1, {}),
        lambda: reader.event("x", {}),
    ):
        with pytest.raises(StorageError, match="reading only"):
            call()
    assert snapshot(run.folder) == before


def test_a_newer_schema_is_read_only_and_its_bytes_stay(run):
    run.save_checkpoint(1, state(1))
    run.close()
    values = {**run.info.model_dump(), "schema_version": 99, "status": "dreaming", "more": [1]}
    write_sealed(run.folder / "run.json", values)
    before = snapshot(run.folder)
    newer = Run.open(run.folder, write=True)
    assert newer.read_only and "newer" in newer.notices[0]
    assert newer.load_checkpoint(expected(state(1)))[0].step == 1
    assert snapshot(run.folder) == before


def test_a_newer_schema_without_the_fields_we_need_says_so(run):
    write_sealed(run.folder / "run.json", {"schema_version": 99})
    with pytest.raises(RunFormatError, match="newer version"):
        Run.open(run.folder)


def test_metrics_grow_and_are_read_from_the_tail(run):
    assert run.metrics() == [] and run.metrics_from(0) == ([], 0)
    run.append_metrics({"step": 1, "loss": np.float32(0.5), "grad": float("inf")})
    rows, offset = run.metrics_from(0)
    assert rows == [{"step": 1, "loss": 0.5, "grad": None}]
    run.append_metrics({"step": np.int64(2), "loss": float("nan")})
    with (run.folder / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"step": 3, "lo')  # torn
    rows, end = run.metrics_from(offset)
    assert rows == [{"step": 2, "loss": None}] and run.metrics_from(end) == ([], end)
    assert [row["step"] for row in run.metrics()] == [1, 2] and run.notices == []
    run.append_metrics({"step": 4})
    assert [row["step"] for row in run.metrics()] == [1, 2, 4]
    assert "1 damaged line" in run.notices[0]


BAD_LINES = [
    b"",
    b"[]",
    b"{}",
    b'{"step": NaN}',
    b'{"step": true}',
    b'{"step": 1.0}',
    b"\xff",
    b'{"step": 5}',
    b"[" * 999,
]


def test_bad_lines_are_left_out_with_a_notice(run):
    lines = [b'{"step": 5}', *BAD_LINES, b'{"step": 4}', b'{"step": 6}']
    (run.folder / "metrics.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    assert [row["step"] for row in run.metrics()] == [5, 6]
    assert f"{len(BAD_LINES) + 1} damaged" in run.notices[0]
    run.metrics()
    assert len(run.notices) == 1


def test_truncating_forgets_rows_samples_and_statistics(run):
    for step in (10, 20, 30):
        run.append_metrics({"step": step})
        run.save_sample(step, "samples", b"png%d" % step)
        run.save_stats(step, {"mean": np.zeros(2)})
    _, offset = run.metrics_from(0)
    run.truncate_metrics(20)
    assert [row["step"] for row in run.metrics()] == [10, 20]
    assert [step for step, _ in run.samples("samples")] == [10, 20]
    assert [row["step"] for row in run.stats()] == [10, 20]
    rows, _ = run.metrics_from(offset)
    assert [row["step"] for row in rows] == [10, 20]  # it starts again, as promised
    run.append_metrics({"step": 21})
    assert [row["step"] for row in run.metrics()] == [10, 20, 21]


def test_truncating_also_removes_a_torn_line(run):
    run.append_metrics({"step": 1})
    with (run.folder / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"st')
    run.truncate_metrics(1)
    assert (run.folder / "metrics.jsonl").read_bytes() == b'{"step": 1}\n'


def test_samples_are_kept_by_kind_and_step(run):
    path = run.save_sample(7, "reconstructions", b"r")
    run.save_sample(12, "samples", b"s")
    assert path.name == "reconstructions-000000007.png" and path.read_bytes() == b"r"
    assert run.samples("reconstructions") == [(7, path)]
    for kind in ("", "../x", "a-b", "Ü"):
        with pytest.raises(ValueError, match="kind"):
            run.save_sample(1, kind, b"")


def test_events_are_appended(run):
    run.event("learning_rate", {"from": 0.1, "to": np.float64(0.05)})
    row = json.loads((run.folder / "events.jsonl").read_text())
    assert row["kind"] == "learning_rate" and row["values"] == {"from": 0.1, "to": 0.05} and row["time"]


def test_two_runs_in_one_second_are_distinct(tmp_path):
    folders = [record.new_folder(tmp_path, "vae", "Fashion MNIST/ü") for _ in range(5)]
    assert len(set(folders)) == 5 and all(folder.name.startswith("vae-fashion_mnist-") for folder in folders)
    runs = [make_run(folder) for folder in folders]
    assert len({run.info.id for run in runs}) == 5
    for run in runs:
        run.close()


def test_the_list_shows_every_run_and_never_raises(tmp_path, run):
    run.set_status("training")
    run.save_checkpoint(4, state(4))
    damaged = make_run(tmp_path / "damaged")
    damaged.close()
    for name in ("run.json", "run.copy.json"):
        (damaged.folder / name).write_bytes(b"{}")
    (tmp_path / "other").mkdir()
    found = {item.folder.name: item for item in record.list_runs(tmp_path)}
    assert set(found) == {"run", "damaged"}
    assert (found["run"].status, found["run"].step, found["run"].dataset) == ("training", 4, "digits")
    assert found["damaged"].status == "damaged" and isinstance(found["damaged"].error, RunFormatError)
    run.close()
    assert {item.status for item in record.list_runs(tmp_path)} == {"interrupted", "damaged"}
    assert record.list_runs(tmp_path / "nowhere") == []


def test_deleting_removes_only_what_is_ours(tmp_path, run):
    run.save_checkpoint(1, state(1))
    run.append_metrics({"step": 1})
    with pytest.raises(RunBusyError):
        record.delete_run(run.folder)
    assert Run.open(run.folder).checkpoints()
    run.close()
    (run.folder / "my notes.txt").write_text("keep")
    record.delete_run(run.folder)
    assert os.listdir(run.folder) == ["my notes.txt"]
    with pytest.raises(RunFormatError, match="not a run"):
        record.delete_run(run.folder)
    whole = make_run(tmp_path / "whole")
    whole.close()
    record.delete_run(whole.folder)
    assert not whole.folder.exists()


def test_a_foreign_folder_is_not_deleted(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "samples").mkdir()
    (tmp_path / "thesis.doc").write_text("dear")
    with pytest.raises(RunFormatError):
        record.delete_run(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["run.json", "samples", "thesis.doc"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_deleting_does_not_follow_links(tmp_path, run):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "a").write_text("dear")
    run.close()
    (run.folder / "quarantine").symlink_to(precious)
    link = tmp_path / "link"
    link.symlink_to(run.folder)
    with pytest.raises(RunFormatError):
        record.delete_run(link)
    record.delete_run(run.folder)
    assert (precious / "a").read_text() == "dear"
    assert os.listdir(run.folder) == ["quarantine"]  # the link is not ours either


def test_space_for_three_checkpoints_is_asked_for(tmp_path):
    record.check_space(tmp_path / "new", 1000)
    with pytest.raises(StorageError, match=r"bytes are needed, [\d,]+ bytes are free"):
        record.check_space(tmp_path, 2**60)


def test_the_seal_is_part_of_both_files(run):
    for name in ("run.json", "run.copy.json"):
        assert SEAL in json.loads((run.folder / name).read_text())
