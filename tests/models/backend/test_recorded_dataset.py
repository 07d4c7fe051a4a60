"""A run finds its dataset again: from any folder, with any name, after it was moved, and by the rules it knows."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import vae
from models.__main__ import main
from models.core import datasets
from models.core.datasets import recorded
from models.core.errors import DatasetError, DatasetGone, UserError
from models.core.record import Run
from models.core.training import train

CONFIG = vae.CONFIG(latent_size=2, batch_size=32, epochs=1, architecture="dense")


def pictures(path: Path, seed: int = 0) -> Path:
    np.savez(path, images=np.random.default_rng(seed).integers(0, 256, (64, 8, 8), np.uint8), labels=np.arange(64) % 3)
    return path


def start(folder: Path, dataset: datasets.Dataset) -> Path:
    train.start(folder, "vae", CONFIG, dataset).close()
    return folder


def resume(*words: object) -> int:
    return main(["resume", *map(str, words)])


def test_a_relative_path_is_remembered_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "small.npz")
    monkeypatch.chdir(tmp_path)
    assert main(["train", "vae", "--dataset", "small.npz", "--epochs", "1", "--set", "architecture=dense",
                 "--run", "run"]) == 0  # fmt: skip
    about = Run.open(tmp_path / "run").info.dataset
    assert about["name"] == str(tmp_path / "small.npz") and about["rules"] == datasets.RULES
    assert str(datasets.load("small.npz").path) == about["name"], "the library does as the command line does"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert resume(tmp_path / "run", "--epochs", 2) == 0
    assert Run.open(tmp_path / "run").info.status == "finished"


def test_a_name_that_is_no_text_is_found_again(tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"caf\xe9 \xff %41")
    place.mkdir()
    pictures(place / "small.npz")
    folder = start(tmp_path / "run", datasets.load(place / "small.npz"))
    about = Run.open(folder).info.dataset
    assert json.dumps(about).isascii() and "?" in about["name"]
    assert recorded.place(about) == place / "small.npz"
    assert resume(folder) == 0
    assert Run.open(folder).info.status == "finished"


def test_a_moved_dataset_is_accepted_if_it_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = pictures(tmp_path / "small.npz")
    folder = start(tmp_path / "run", datasets.load(source))
    (tmp_path / "new").mkdir()
    moved = Path(shutil.move(source, tmp_path / "new" / "same.npz"))
    with pytest.raises(DatasetGone):
        recorded.load(Run.open(folder).info.dataset)
    assert resume(folder) == 1
    said = capsys.readouterr().err
    assert "not there any more" in said and "--dataset PATH" in said and str(source) in said
    before = (folder / "run.json").read_bytes()
    assert resume(folder, "--dataset", pictures(tmp_path / "other.npz", seed=1), "--epochs", 9) == 1
    assert "not the one this run was started with" in capsys.readouterr().err
    assert (folder / "run.json").read_bytes() == before, "a refused dataset changes nothing"
    assert resume(folder, "--dataset", moved) == 0
    run = Run.open(folder)
    assert run.info.status == "finished" and run.info.dataset["name"] == str(moved)
    assert [row["values"]["to"] for row in run.events() if row["kind"] == "dataset"] == [str(moved)]
    assert resume(folder, "--epochs", 2) == 0, "it is found there from now on"


def test_every_file_that_was_left_out_is_recorded_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "p"
    place.mkdir()
    for number in range(40):
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(place / f"{number}.png")
    for number in range(12):
        (place / f"bad {number}.png").write_bytes(b"")
    (place / "raw.cr2").write_bytes(b"x")
    assert main(["train", "vae", "--dataset", str(place), "--size", "8", "--epochs", "1", "--set",
                 "architecture=dense", "--run", str(tmp_path / "run")]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert "13 of 53 files could not be read" in said and said.count("This file is empty.") in (9, 10)
    assert "and 3 more; the command info lists them" in said
    run = Run.open(tmp_path / "run")
    assert run.info.dataset["skipped"] == 13
    found = {item.path: item.reason for item in recorded.skipped(run.events())}
    assert len(found) == 13 and "cannot be read here" in found["raw.cr2"]
    assert found["bad 3.png"] == "This file is empty."
    assert main(["info", str(tmp_path / "run")]) == 0
    assert "bad 11.png: This file is empty." in capsys.readouterr().out
    assert main(["info", str(tmp_path / "run"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out.splitlines()[-1])["skipped"]) == 13


def old_run(folder: Path, place: Path, size: int | None = None) -> Run:
    """A run as the first version of the program wrote it."""
    about = recorded.described(datasets.load(place, size=size, rules=1), size)
    del about["rules"], about["skipped"]
    return Run.create(folder, family="vae", config=CONFIG.model_dump(), dataset=about, seed=1, versions={})


def test_an_old_run_goes_on_with_the_dataset_it_knows(tmp_path: Path) -> None:
    np.savez(tmp_path / "gaps.npz", images=np.random.default_rng(0).integers(0, 256, (64, 8, 8), np.uint8),
             labels=np.array([0, 7, 90])[np.arange(64) % 3])  # fmt: skip
    old_run(tmp_path / "run", tmp_path / "gaps.npz").close()
    run = Run.open(tmp_path / "run")
    assert len(run.info.dataset["label_names"]) == 91
    assert recorded.load(run.info.dataset).fingerprint == run.info.dataset["fingerprint"]
    assert resume(tmp_path / "run") == 0
    assert Run.open(tmp_path / "run").info.status == "finished"
    with pytest.raises(UserError, match="not the one"):
        train.check_dataset(run, datasets.load(tmp_path / "gaps.npz"))


@pytest.mark.parametrize("rules", [0, datasets.RULES + 1, "x", None, True])
def test_rules_that_nobody_knows_are_refused(tmp_path: Path, rules: object) -> None:
    with pytest.raises(DatasetError, match="newer version"):
        recorded.load({"name": str(pictures(tmp_path / "a.npz")), "rules": rules})
