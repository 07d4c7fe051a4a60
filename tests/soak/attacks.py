"""What the campaign tries, by kind: each takes a seed's random numbers and an empty folder, and raises if it hurt.

To survive means: the program reads what is whole, and refuses the rest with an error in words (``UserError``).
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import random
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from models.core import datasets
from models.core.disk import places
from models.core.disk.junk import is_junk
from models.core.errors import UserError
from models.core.images import decoding, export
from models.core.images.recipes import RECIPE_KEY
from models.core.latent import direction_files
from models.core.recipes import schema
from models.core.record import Run, list_runs
from tests.soak import mutations
from tests.tools import picture_files, record_tools

KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
NAMES = (
    "<b>x", "a b", "-x", "é", "e\u0301", "\u202eevil", "x" * 255, "x.", "line\nbreak", "'quote'", '"', "日本", "🙂",
    "%s", "\udcff", "..x", "~", "CON", "\x1b[31m", "&amp;",
)  # fmt: skip


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Errors in words are what is wanted."""
    with contextlib.suppress(UserError):
        yield


@functools.cache
def whole_run() -> Path:
    """A run with checkpoints, metrics and events, made once for a process."""
    with record_tools.make_run(Path(tempfile.mkdtemp()) / "whole", title="A title") as run:
        run.set_status("training")
        for step in (1, 2, 3):
            run.append_metrics({"step": step, "epoch": step, "loss": 1.0 / step, "seconds": 0.1})
            run.save_checkpoint(step, record_tools.state(step), metric=float(step), epoch=step)
        run.event("config", {"learning_rate": 0.001})
    return run.folder


def runs(rng: random.Random, folder: Path) -> None:
    """A run folder with one to three wrong files: listed, opened, its curves read, its weights loaded."""
    from models.core import loading  # Keras comes with it, which no other attack needs

    home = folder / "runs"
    made = home / "mutant"
    shutil.copytree(whole_run(), made)
    files = sorted(path for path in made.rglob("*") if path.is_file() and path.stat().st_size)
    for path in rng.sample(files, rng.choice((1, 1, 2, 3))):
        mutations.mutate(rng, path)
    list_runs(home)
    with in_words():
        run = Run.open(made)
        for read in (run.metrics, run.events, run.stats, run.checkpoints, lambda: loading.spec_of(run)):
            with in_words():
                read()
        entry, arrays = run.load_checkpoint(record_tools.expected(record_tools.state(0)))
        for name, right in record_tools.state(entry.step).items():
            assert np.array_equal(arrays[name], right), f"{name} of step {entry.step} was loaded with wrong values"


def pictures(rng: random.Random, folder: Path) -> None:
    """An image file with wrong bytes: decoded, and looked at for a recipe."""
    kind = rng.choice(KINDS)
    stream = io.BytesIO()
    Image.fromarray(picture_files.scene(*rng.choice(((12, 10), (64, 64), (1, 300))))).save(stream, kind)
    path = folder / f"mutant.{kind.lower()}"
    path.write_bytes(mutations.bytes_of(rng, stream.getvalue()))
    with in_words():
        found = decoding.decode(path)
        assert found.dtype == np.uint8 and found.ndim == 3
    with in_words():
        decoding.frames(path)
    with in_words():
        schema.read(path)


def recipes(rng: random.Random, folder: Path) -> None:
    """A PNG whose recipe holds a wrong value or wrong bytes."""
    values = {"codings": [[0.5, -1.0]], "seed": 3, "labels": ["a"], "nested": {"x": [1, 2]}}
    data = schema.written("latent", "image", values, run_id="a-run", model="A", step=3, checkpoint="ab" * 32)
    text = mutations.text_of(rng, json.dumps(data).encode())
    if rng.random() < 0.3:
        text = mutations.bytes_of(rng, text)
    info = PngImagePlugin.PngInfo()
    info.add_text(RECIPE_KEY, text.decode("latin-1"))
    path = folder / "mutant.png"
    Image.fromarray(picture_files.scene()).save(path, pnginfo=info)
    with in_words():
        schema.read(path)
    mutant = mutations.json_of(rng, data)
    if isinstance(mutant, dict):
        with in_words():
            schema.Recipe.parse(mutant, "mutant")


def arrays(rng: random.Random, folder: Path) -> None:
    """An .npz dataset with wrong bytes, members, shapes or dtypes."""
    path = folder / "mutant.npz"
    shape = rng.choice(((20, 8, 8, 1), (20, 8, 8), (20, 8, 8, 3), (0, 8, 8, 1), (20, 0, 8, 1), (5,), ()))
    dtype = rng.choice((np.uint8, np.float32, np.float64, np.int64, np.bool_, np.complex64, "U3"))
    members: dict[str, Any] = {"images": np.zeros(shape, dtype), "labels": np.zeros(rng.choice((20, 3)), np.int64)}
    if rng.random() < 0.3:
        members["label_names"] = np.array(rng.choice((["a"], ["<b>", "\x1b"], [1, 2])))
    np.savez(path, **members)
    if rng.random() < 0.7:
        path.write_bytes(mutations.bytes_of(rng, path.read_bytes()))
    with in_words():
        datasets.load(path)


def directions(rng: random.Random, folder: Path) -> None:
    """Saved directions with wrong values, bytes, or something else in their place."""
    vector = np.arange(8, dtype=np.float32)
    saved = direction_files.save(direction_files.Direction("glasses", vector, "a test", 0.7, "run-1"))
    try:
        mutations.mutate(rng, saved)
        with in_words():
            direction_files.load("run-1", 8)
    finally:
        mutations.tidy(saved.parent)


def settings(rng: random.Random, folder: Path) -> None:
    """A settings file with wrong values: defaults are used, and what is set is kept."""
    from studio.session import Settings

    path = folder / "settings.json"
    path.write_text(json.dumps({"panel": "home", "theme": "dark", "folders": ["a"], "sizes": {"a": 64}}))
    mutations.mutate(rng, path)
    found = Settings(path)
    for name, default in (("panel", "home"), ("folders", []), ("sizes", {}), ("theme", "system")):
        assert isinstance(found.get(name, default), type(default))
    found.set("panel", "data")
    assert found.get("panel", "home") == "data"


def names(rng: random.Random, folder: Path) -> None:
    """A run and an image whose names are hostile: made, listed, written, read."""
    drawn = "".join(chr(rng.randrange(1, 0x2FFF)) for _ in range(12)).replace("/", "_")
    name = rng.choice(NAMES) if rng.random() < 0.6 else drawn
    home = folder / "runs"
    with in_words():
        try:
            made = home / name
            shutil.copytree(whole_run(), made)
        except (OSError, ValueError):
            return  # no such name on this disk
        listed = [] if is_junk(made.name) else [made.name]  # names with a dot in front belong to the system
        assert [found.folder.name for found in list_runs(home)] == listed
        str(Run.open(made).info.title)
        path = export.write_png(home / f"{name[:80]}.png", picture_files.scene())
        assert decoding.decode(path).shape == picture_files.scene().shape


def races(rng: random.Random, folder: Path) -> None:
    """Several threads write exports of one name, or open one run to write: nothing is lost, one writer at most."""
    count, kept, writers = 4, [], []
    shutil.copytree(whole_run(), folder / "run")
    gate, over = threading.Barrier(count), threading.Barrier(count)

    def go(number: int) -> None:
        pixels = np.full((4, 4, 3), number, np.uint8)
        gate.wait(30)
        kept.append((export.write_png(places.exports() / f"race-{folder.name}.png", pixels), number))
        run = None
        with in_words():
            run = Run.open(folder / "run", write=True)
            if not run.read_only:
                writers.append(number)
        over.wait(30)
        if run is not None:
            run.close()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({path for path, _ in kept}) == count, f"{count} exports went to {len({p for p, _ in kept})} files"
    for path, number in kept:
        assert decoding.decode(path)[0, 0, 0] == number, f"{path.name} holds another one's image"
        path.unlink()
    assert len(writers) == 1, f"{len(writers)} writers of one run"


Attack = Callable[[random.Random, Path], None]
ATTACKS: dict[str, Attack] = {
    "runs": runs, "pictures": pictures, "recipes": recipes, "arrays": arrays, "directions": directions,
    "settings": settings, "names": names, "races": races,
}  # fmt: skip
