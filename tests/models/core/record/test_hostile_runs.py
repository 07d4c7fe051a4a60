"""One bad run takes no other along: what does not fit is damaged, named, and everything else goes on."""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.__main__ import main
from models.core import device
from models.core.datasets import arrays
from models.core.disk import npz
from models.core.doctor import remedies
from models.core.errors import DatasetError, RunFormatError, UserError
from models.core.record import Run, list_runs, schema, sealed, timeline
from models.core.record.checkpoints import MOST_ENTRIES
from tests.tools.record_tools import META, expected, make_run, snapshot, state

WANTED = expected(state(0))
BIG = 10**400
SHAPES: list[Any] = [None, 7, "8", [], [0, 0, 1], [8, 8], [8, 8, 1, 1], [8, 8, 2], [8.0, 8, 1], [-8, 8, 1],
                     [True, 8, 1], [10**6, 10**6, 3], [8, 8, None], {"a": 1}, [[8, 8, 1]]]  # fmt: skip
BAD: list[tuple[str, Any]] = [
    *(("image_shape", shape) for shape in SHAPES),
    ("name", 7), ("name", None), ("name", ["faces"]), ("name", "a\0b"), ("path", 7), ("path", "a%00b"), ("title", {}),
    ("size", "28"), ("size", -1), ("size", [28]), ("fingerprint", 7), ("label_names", "abc"), ("label_names", [1, 2]),
    ("label_names", {"a": 1}), ("attribute_names", [None]), ("count", "many"), ("count", -1), ("rules", "1"),
    ("rules", 0), ("skipped", []), ("notice", 1),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run among others."""
    make_run(tmp_path / "runs" / "good").close()
    with make_run(tmp_path / "runs" / "bad") as run:
        for step in (1, 2):
            run.append_metrics({"step": step, "epoch": 1, "seconds": 0.5, "loss": 1.0 / step})
            run.save_checkpoint(step, state(step), epoch=1)
    return run.folder


def rewrite(folder: Path, **values: Any) -> None:
    """Seal other values into run.json, as whoever wants to harm us would."""
    found = json.loads((folder / "run.json").read_bytes())
    sealed.write_sealed(folder / "run.json", {**{k: v for k, v in found.items() if k != sealed.SEAL}, **values})


def statuses(folder: Path) -> dict[str, str]:
    return {run.folder.name: run.status for run in list_runs(folder.parent)}


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda value: repr(value)[:20])
def test_a_dataset_that_does_not_fit_makes_its_run_damaged_and_no_other(folder: Path, name: str, value: Any) -> None:
    rewrite(folder, dataset={**META["dataset"], name: value})
    assert statuses(folder) == {"good": "new", "bad": "damaged"}
    error = next(run.error for run in list_runs(folder.parent) if run.error is not None)
    assert name in str(error) and "run.json" in str(error)


def test_what_a_dataset_does_not_say_is_filled_in(folder: Path) -> None:
    rewrite(folder, dataset={"name": "digits"})
    about = Run.open(folder).info.dataset
    assert (about["title"], about["count"], about["label_names"], about["fingerprint"]) == ("digits", 0, [], "")
    assert statuses(folder)["bad"] == "new"


ROWS = {
    b'{"step": 3}': True, b'{"step": 3, "loss": null}': True, b'{"step": 3, "epoch": 1, "seconds": 0}': True,
    b"": False, b"[]": False, b"3": False, b"null": False, b'"step"': False, b'{"loss": 1}': False,
    b'{"step": "3"}': False, b'{"step": 3.0}': False, b'{"step": true}': False, b'{"step": null}': False,
    b'{"step": -1}': False, b'{"step": %d}' % BIG: False, b'{"step": 3, "loss": %d}' % BIG: False,
    b'{"step": 3, "loss": 1e999}': False, b'{"step": 3, "loss": NaN}': False, b'{"step": 3, "loss": "x"}': False,
    b'{"step": 3, "loss": [1]}': False, b'{"step": 3, "epoch": "1"}': False, b'{"step": 3, "epoch": -1}': False,
    b'{"step": 3, "epoch": 1.5}': False, b'{"step": 3, "seconds": null}': False, b'{"step": 3, "seconds": -1}': False,
    b'{"step": 3, "loss": true}': False,
    b'{"step": 3, "' + b"x" * 200 + b'": 1}': False, b'{"step": 3, "a\xff": 1}': False,
}  # fmt: skip


@pytest.mark.parametrize("line", ROWS, ids=range(len(ROWS)))
def test_rows_are_numbers_by_name_or_left_out(line: bytes) -> None:
    assert (schema.metric_row(line) is not None) is ROWS[line]


def test_of_too_many_metrics_the_first_are_kept_and_it_is_said_once(folder: Path) -> None:
    with (folder / timeline.METRICS).open("a") as stream:
        for step in range(3, 6):
            stream.write(json.dumps({"step": step, **{f"m{step}_{n}": 1.0 for n in range(2_000)}}) + "\n")
    run = Run.open(folder)
    for _ in range(2):
        rows = run.metrics()
        names = {name for row in rows for name in row}
        assert len(names) == timeline.MOST_NAMES and {"step", "epoch", "seconds", "loss"} <= names
    assert len([text for text in run.notices if "metrics" in text]) == 1
    assert {name for row in run.metrics_from(0)[0] for name in row} == names


def test_a_very_large_file_of_good_rows_is_thinned_and_never_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(json.dumps({"step": step, "loss": 1.0}) + "\n" for step in range(1, 2_001))
    (folder / timeline.METRICS).write_text(lines)
    monkeypatch.setattr(timeline, "MOST_BYTES", len(lines) // 10)
    run = Run.open(folder)
    rows = run.metrics()
    assert 150 <= len(rows) <= 210 and rows[-1]["step"] == 2_000
    assert run.metrics_from(0)[0] == rows
    with Run.open(folder, write=True) as run:
        run.truncate_metrics(1_000)
    assert Run.open(folder).metrics()[-1]["step"] <= 1_000
    assert (folder / "quarantine" / timeline.METRICS).read_text() == lines  # nothing is lost


def test_metrics_that_nobody_could_look_through_are_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_READ", 10)
    with pytest.raises(RunFormatError, match="larger than 10 bytes"):
        Run.open(folder).metrics()


@pytest.mark.parametrize("what", ["folder", "large", "lines"])
def test_events_that_cannot_be_read_are_left_out_and_said(folder: Path, monkeypatch, what: str) -> None:
    path = folder / timeline.EVENTS
    if what == "folder":
        path.mkdir()
    elif what == "large":
        monkeypatch.setattr(timeline, "MOST_EVENT_BYTES", 10)
        path.write_text(" " * 11)
    else:
        path.write_text(
            '{"kind": 7, "values": {}}\n{"kind": "x", "values": []}\n{"kind": "x", "values": {}, "time": 3}\n'
        )
    run = Run.open(folder)
    assert run.events() == [] and run.events() == []
    assert len(run.notices) == (0 if what == "lines" else 1)


@pytest.mark.parametrize("values", [
    {}, {"parent": 1}, {"parent": "x", "step": "1", "found": {}, "remedy": {}},
    {"parent": "x", "found": None, "remedy": {"title": "a"}},
    {"parent": "x", "found": {"kind": "a", "sentence": "b"}, "remedy": {"title": 3}},
    {"parent": "x", "step": -5, "found": {"kind": "a", "sentence": "b"}, "remedy": {"title": "c"}},
])  # fmt: skip
def test_what_was_tried_is_left_out_where_it_does_not_fit(folder: Path, values: dict[str, Any]) -> None:
    with Run.open(folder, write=True) as run:
        run.event(remedies.EVENT, values)
        assert remedies.treatment_event(run) is None
        run.event(remedies.EVENT, {"parent": "x", "found": {"kind": "a", "sentence": "b"}, "remedy": {"title": "c"}})
        tried = remedies.treatment_event(run)
    assert tried is not None and tried["step"] is None


PARTS: list[tuple[str, Any]] = [
    ("codings", None), ("codings", {"mean": [1.0]}), ("codings", {"mean": [None], "std": [1.0]}),
    ("codings", {"mean": [1.0, 2.0], "std": [1.0]}), ("codings", {"mean": "x", "std": "y"}),
    ("sparsity", {"weight": 1}), ("sparsity", {"weight": 1.0, "target": 0.1, "activations": [[1.0], [1.0, 2.0]]}),
    ("sparsity", {"weight": 1.0, "target": 0.1, "activations": []}), ("coverage", {"names": ["a"], "shares": []}),
    ("coverage", {"names": ["a"], "shares": [7.0], "count": 1}), ("coverage", [1]),
]  # fmt: skip


@pytest.mark.parametrize(("part", "value"), PARTS, ids=range(len(PARTS)))
def test_statistics_that_do_not_fit_are_left_out(folder: Path, part: str, value: Any) -> None:
    good = {"codings": {"mean": [0.5], "std": [1.0]}, "coverage": {"names": ["a"], "shares": [1.0], "count": 5}}
    with Run.open(folder, write=True) as run:
        run.save_stats(1, {**good, part: value})
        run.save_stats(2, good)
    first, second = Run.open(folder).stats()
    assert first == {"step": 1, **{name: found for name, found in good.items() if name != part}}
    assert second == {"step": 2, **good}


def test_a_list_of_very_many_checkpoints_makes_its_run_damaged(folder: Path) -> None:
    path = folder / "checkpoints" / "MANIFEST.json"
    one = json.loads(path.read_bytes())["entries"][0]
    for count in (MOST_ENTRIES + 1, 30_000):
        entries = [{**one, "step": step, "file": f"step-{step}.npz"} for step in range(count)]
        sealed.write_sealed(path, {"schema_version": 1, "entries": entries})
        assert statuses(folder) == {"good": "new", "bad": "damaged"}


def test_an_old_good_checkpoint_is_found_behind_any_number_of_damaged_ones(folder: Path) -> None:
    path = folder / "checkpoints" / "MANIFEST.json"
    one = json.loads(path.read_bytes())["entries"][0]
    entries = [{**one, "step": step, "file": f"step-{step}.npz"} for step in range(1, 301)]
    shutil.copy(folder / "checkpoints" / "step-2.npz", folder / "checkpoints" / "step-300.npz")  # the wrong one
    sealed.write_sealed(path, {"schema_version": 1, "entries": entries})
    (folder / "checkpoints" / "step-2.npz").unlink()
    run = Run.open(folder)
    assert run.load_checkpoint(WANTED)[0].step == 1
    assert len(run.notices) == 4 and "296 more, down to that of step 2" in run.notices[-1]
    with Run.open(folder, write=True) as run:
        assert run.load_checkpoint(WANTED)[0].step == 1
        assert [entry.step for entry in run.checkpoints()] == [1]
    assert (folder / "quarantine" / "step-300.npz").exists()


def test_an_archive_of_very_many_arrays_is_refused_before_they_are_listed(tmp_path: Path, monkeypatch) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.npy", b"")
    listed = []
    real = zipfile.ZipInfo

    def counted(*given: Any) -> zipfile.ZipInfo:
        listed.append(given)
        return real(*given)

    monkeypatch.setattr(zipfile, "ZipInfo", counted)
    with pytest.raises(RunFormatError, match="arrays"):
        npz.read_npz(stream, {"a": ((2, 3), np.dtype(np.float32))}, partial=True)
    (tmp_path / "many.npz").write_bytes(stream.getvalue())
    with pytest.raises(DatasetError, match="arrays"):
        arrays.read_arrays(tmp_path / "many.npz", {"images"})
    assert len(listed) < 5_000


def test_arrays_that_the_memory_has_no_room_for_are_refused_before_they_are_read(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, images=np.zeros((1_000, 32, 32), np.uint8))
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(device, "memory_free", lambda: 1_500_000)
    with pytest.raises(DatasetError, match=r"2,048,\d+ bytes of memory, 1,500,000"):
        arrays.read_arrays(path, {"images"})
    monkeypatch.setattr(device, "memory_free", lambda: 0)  # nobody can say
    assert arrays.read_arrays(path, {"images"})["images"].shape == (1_000, 32, 32)


def test_the_header_of_an_array_is_never_longer_than_it_may_be(tmp_path: Path) -> None:
    """Version 2 of the format lets a header promise 4 GB, which numpy reads before it looks at its limit."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x02\x00" + (50_000_000).to_bytes(4, "little") + b" " * 50_000_000)
    with pytest.raises(DatasetError, match="bytes"):
        arrays.read_arrays(tmp_path / "a.npz", {"images"})


COMMANDS = (["info"], ["doctor"], ["sample", "--out", "x.png"], ["reconstruct", "--images", "y.png", "--out", "x.png"],
            ["resume"], ["export", "--format", "weights", "--out", "x"], ["arithmetic"])  # fmt: skip


def random_value(draw: random.Random) -> Any:
    return draw.choice([None, True, -1, 0, 7, 2**70, 1.5, "", "x", "\0", "../..", "\x1b[31m", [], [0], ["a"], [[1]], {},
                        {"a": 1}, BIG, "x" * 30_000])  # fmt: skip


def mutated(draw: random.Random, values: Any) -> Any:
    """The same values with one of them, at any depth, replaced or taken away."""
    found = json.loads(json.dumps(values))
    place = found
    for _ in range(100):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and draw.random() < 0.6:
            place = place[key]
            continue
        if draw.random() < 0.2:
            del place[key]
        else:
            place[key] = random_value(draw)
        break
    return found


def test_no_value_in_a_run_ends_a_command_with_a_traceback(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    draw = random.Random(15)
    good = json.loads((folder / "run.json").read_bytes())
    good.pop(sealed.SEAL)
    row = {"step": 3, "epoch": 1, "seconds": 1.0, "loss": 1.0, "generator_loss": 1.0, "discriminator_loss": 0.5,
           "real_accuracy": 0.5, "fake_accuracy": 0.5}  # fmt: skip
    tried = {"parent": "a", "step": 1, "found": {"kind": "a", "sentence": "b"}, "remedy": {"title": "c"}}
    event = {"kind": "remedy", "time": "x", "values": tried}
    skipped = {"kind": "skipped", "time": "x", "values": {"files": [["a.png", "why"]], "all": 1}}
    stats = {"step": 1, "coverage": {"names": ["a"], "shares": [1.0], "count": 5}}
    (folder / "samples").mkdir(exist_ok=True)
    for number in range(120):
        sealed.write_sealed(folder / "run.json", mutated(draw, good) if number % 2 else good)
        (folder / timeline.METRICS).write_text("".join(
            json.dumps(mutated(draw, {**row, "step": step})) + "\n" for step in range(1, 4)))  # fmt: skip
        (folder / timeline.EVENTS).write_text(
            "".join(json.dumps(mutated(draw, one)) + "\n" for one in (event, skipped))
        )
        (folder / "samples" / "stats-000000001.json").write_text(json.dumps(mutated(draw, stats)))
        for command in (["info", str(folder)], ["doctor", str(folder)], ["list"]):
            code = main([*command, "--json"])
            printed = capsys.readouterr()
            assert code in (0, 1) and "Traceback" not in printed.err, (number, command, printed.err)
        assert "good" in statuses(folder)
        run_parts(folder)


def run_parts(folder: Path) -> None:
    """All that can be read of a run ends in values or in an error for its user."""
    try:
        run = Run.open(folder)
    except UserError as error:
        assert error.where
        return
    before = snapshot(folder)
    for look in (run.metrics, run.events, run.stats, run.checkpoints, lambda: remedies.examine(run)):
        look()
    assert run.load_checkpoint(WANTED)[0].step == 2
    assert snapshot(folder) == before


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_a_damaged_run_is_one_sentence_on_the_command_line(
    folder: Path, tmp_path, monkeypatch, capsys, command
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "y.png").write_bytes(b"x")
    rewrite(folder, dataset={**META["dataset"], "image_shape": [0, 0, 1]})
    words = [command[0], str(folder), *command[1:]]
    try:
        code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()
    assert code in (1, 2) and "Traceback" not in printed.err and len(printed.err.strip().splitlines()) >= 1
