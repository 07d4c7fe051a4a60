"""What operating systems leave behind is no dataset, no image to denoise, no export and no run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core import record
from models.core.datasets import load
from models.core.disk import places
from models.core.disk.junk import is_junk
from models.core.images.listing import pictures_of

FILES = (".DS_Store", "._good.png", "Thumbs.db", "desktop.ini", "ehthumbs.db", ".directory", "Icon\r", "~$plan.png")
FOLDERS = (
    "__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found", "System Volume Information", ".Trash-1000",
    ".Spotlight-V100", ".thumbnails", "RECYCLER", "@Recycle", "#snapshot",
)  # fmt: skip


def write_image(path: Path, value: int = 7) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((12, 12, 3), value, np.uint8)).save(path, "PNG")
    return path


@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
def test_names_are_known_in_any_case_and_as_bytes(name: str) -> None:
    assert is_junk(name) and is_junk(name.upper()) and is_junk(name.lower()) and is_junk(name.encode())


@pytest.mark.parametrize(
    "name", ["good.png", "Thumbs", "desktop", "recycle", "a.b", "@home", "#1", "x~y.png", "MACOSX", "recycled"]
)
def test_names_of_people_are_not(name: str) -> None:
    assert not is_junk(name)


@pytest.fixture
def littered(tmp_path: Path) -> Path:
    """Two classes, and in each folder everything that a machine leaves behind, named like images where it can be."""
    for label in ("cat", "dog"):
        for number in range(4):
            write_image(tmp_path / "p" / label / f"{number}.png", number)
    for place in (tmp_path / "p", tmp_path / "p" / "cat"):
        for name in FILES:
            (place / name).write_bytes(b"\0\5\x16\7junk")
        for name in FOLDERS:
            write_image(place / name / "old.png")
            (place / name / "._broken.png").write_bytes(b"junk")
    return tmp_path / "p"


def test_a_dataset_is_made_of_the_images_alone(littered: Path) -> None:
    dataset = load(littered, size=8)
    assert len(dataset.images) == 8 and dataset.skipped == () and dataset.label_names == ("cat", "dog")


def test_images_to_denoise_are_the_images_alone(littered: Path) -> None:
    found = sorted(str(name) for _, name in pictures_of([littered]))
    assert found == sorted(f"{label}/{number}.png" for label in ("cat", "dog") for number in range(4))
    named = littered / "._good.png"
    assert pictures_of([named]) == [(named, Path("._good.png"))], "a file that is named by the user is the user's wish"


def test_the_list_of_runs_is_of_runs_alone(tmp_path: Path) -> None:
    source = next(folder for folder in places.pretrained().iterdir() if (folder / "run.json").exists())
    run = tmp_path / "mine"
    run.mkdir()
    shutil.copy(source / "run.json", run)
    assert json.loads((run / "run.json").read_text())["id"]
    for name in FOLDERS:
        shutil.copytree(run, tmp_path / name)
    assert [summary.folder for summary in record.list_runs(tmp_path)] == [run]
