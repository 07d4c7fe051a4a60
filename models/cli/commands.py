"""What the commands of the command line do once their arguments are read, and how they say it."""

from __future__ import annotations

import contextlib
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import numpy as np
from numpy.typing import NDArray

import models
from models.cli import recipes
from models.cli.progress import Lines, bar
from models.core import datasets, device, record
from models.core.arrays import Codings
from models.core.capabilities import Decodes, Reconstructs
from models.core.datasets import recorded
from models.core.disk import places
from models.core.disk.operations import shown
from models.core.errors import ConfigError, UserError
from models.core.images import convert, decoding, export, photos
from models.core.latent import paths as latent
from models.core.record import Run
from models.core.terminal import visible
from models.core.work import Callbacks, Work

if TYPE_CHECKING:
    from models.core.training.recorder import Progress

FPS = 10.0  # of an animation
MOST_PIXELS = 500_000_000  # pixels of all frames together
C = TypeVar("C")  # a capability
SKIPPED_SHOWN = 10  # files that were left out of a dataset and are named


class Say:
    """Speaks to a person (plain lines and a tqdm bar) or to a machine (one JSON object a line)."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._lines = Lines()

    def line(self, text: str) -> None:
        """Something to know; for machines it goes to standard error."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def object(self, kind: str, **values: Any) -> None:
        """One JSON object a line; numbers that are not finite become null."""
        clean = {name: None if isinstance(v, float) and not np.isfinite(v) else v for name, v in values.items()}
        print(json.dumps({"event": kind, **clean}, allow_nan=False), flush=True)

    def result(self, **values: Any) -> None:
        """The end of a command: one object, or one line a value."""
        if self.as_json:
            self.object("done", **values)
            return
        for name, value in values.items():
            words = f"{value:.5f}" if isinstance(value, float) else str(value)
            print(f"{visible.line(name)}: {visible.line(words)}", flush=True)

    @property
    def loading(self) -> Work:
        """The work of making or fetching a dataset."""
        return Callbacks(self._loading)

    def _loading(self, what: str, done: int, total: int) -> None:
        if self.as_json:
            self.object("loading", what=what, done=done, total=total)
        elif sys.stderr.isatty():
            print(f"\r{what}: {done:,} of {total:,}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
        else:
            self._lines.loading(what, done, total)

    def dataset(self, dataset: datasets.Dataset) -> None:
        """Say which dataset is used, and what is odd about it."""
        self.line(f"{dataset.title}: {len(dataset.images):,} images. {dataset.source}")
        if dataset.notice:
            self.line(dataset.notice)
        for item in dataset.skipped[:SKIPPED_SHOWN]:
            self.line(f"  {item.path}: {item.reason}")
        if len(dataset.skipped) > SKIPPED_SHOWN:
            more = len(dataset.skipped) - SKIPPED_SHOWN
            self.line(f"  and {more:,} more; the command info lists them with their reasons")

    @contextlib.contextmanager
    def bar(self) -> Iterator[Callable[[Progress], None]]:
        """A progress bar for people, an object a report for machines."""
        if self.as_json:
            yield lambda progress: self.object("progress", **asdict(progress))
            return
        with bar("step") as show:

            def tell(progress: Progress) -> None:
                loss = progress.metrics.get("val_loss", progress.metrics.get("loss"))
                more = "" if loss is None else f", loss={loss:.4f}"
                # a resumed run: its first steps were not done at today's speed
                begun = progress.step if progress.phase == "building" else None
                show(f"epoch {progress.epoch} of {progress.epochs}", progress.step, progress.steps, more, begun)

            yield tell


def list_(arguments: Namespace, say: Say) -> int:
    """The command ``list``."""
    from models.core.network_export import formats as convert

    families = {key: models.family(key) for key in models.FAMILIES}
    formats = {kind: convert.missing(kind) for kind in convert.FORMATS}  # of every family; "" or what it lacks here
    runs = [*record.list_runs(places.pretrained()), *record.list_runs(places.runs())]
    if say.as_json:
        for key, module in families.items():
            config = module.CONFIG.model_json_schema()
            say.object("family", key=key, title=module.TITLE, config=config, exports=formats)
        for summary in runs:
            say.object("run", folder=str(summary.folder), family=summary.family, status=summary.status)
        return 0
    for key, module in families.items():
        print(f"{key}: {module.TITLE}")
        print(f"  exports: {', '.join(kind + (f' ({lacks})' if lacks else '') for kind, lacks in formats.items())}")
        for name, info in module.CONFIG.model_fields.items():
            others = [str(choice) for choice in get_args(info.annotation) if choice != info.default]
            words = f" (or {', '.join(others)})" if get_origin(info.annotation) is Literal else ""
            print(f"  {name} = {info.default}{words}: {info.description}")
    for summary in runs:
        print(f"run {shown(Path(summary.folder.name))}: {summary.family}, {summary.status} ({shown(summary.folder)})")
    return 0


def datasets_(arguments: Namespace, say: Say) -> int:
    """The command ``datasets``."""
    if arguments.dataset is None:
        for key, title in datasets.DATASET_TITLES.items():
            if say.as_json:
                say.object("dataset", key=key, title=title)
            else:
                print(f"{key}: {title}")
        return 0
    found = datasets.describe(datasets.load(arguments.dataset, size=arguments.size, work=say.loading))
    say.result(**found)
    return 0


def open_model(
    arguments: Namespace, say: Say, capability: type[C], suits: Callable[[C], object] | None = None
) -> tuple[Run, C]:
    """Open ``arguments.run`` and build its model, which must have a capability.

    Args:
        arguments: of the command.
        say: is told what the reader had to say.
        capability: what the model must be able to do.
        suits: given the model before its weights are read; it raises ConfigError where an argument does not suit.
    """
    run = Run.open(arguments.run)
    device.prepare()
    from models.core import loading

    model = loading.build(run)
    if not isinstance(model, capability):
        raise UserError(f"This model cannot do that: {capability.__name__} is missing.", where=str(arguments.run))
    if suits is not None:
        suits(model)
    entry = loading.reload(model, run)
    for notice in run.notices:
        say.line(notice)
    say.line(f"{run.info.family}, step {entry.step:,}")
    return run, model


def transparency(names: Sequence[str], ground: tuple[int, int, int]) -> str:
    """What happens to transparent parts of images, in words; "" if none has any."""
    if not names:
        return ""
    others = f" (and {len(names) - 1:,} others)" if len(names) > 1 else ""
    colour = "#{:02x}{:02x}{:02x}".format(*ground)
    return f"{names[0]}{others} has transparent parts: they are put on {colour}. Choose another with --background."


def pictures_of(
    paths: Sequence[Path], shape: tuple[int, int, int], say: Say, ground: tuple[int, int, int] = decoding.WHITE
) -> NDArray[np.uint8]:
    """Read images and fit them to a shape, uint8 (n, h, w, c); a file that cannot be read is named and left out.

    Transparent parts are put on the colour ``ground``, and that is said.

    Raises:
        UserError: if none can be read.
    """
    found = []
    seen_through = []
    problem = None
    for path in paths:
        try:
            photo = photos.read(path, ground=ground)
            found.append(convert.fit(photo.pixels, shape))
            seen_through += [shown(path)] if photo.transparent else []
        except UserError as error:
            problem = error
            say.line(str(error))
    if not found and problem is not None:
        raise problem
    if words := transparency(seen_through, ground):
        say.line(words)
    return np.stack(found)


def reconstruct_(arguments: Namespace, say: Say) -> int:
    """The command ``reconstruct``: a file that cannot be read is named and left out."""
    run, model = open_model(arguments, say, Reconstructs)
    above = pictures_of(arguments.images, run.info.dataset["image_shape"], say, arguments.background)
    below = convert.to_uint8(model.reconstruct(convert.to_float(above)))
    sheet = convert.grid(np.concatenate([above, below]), columns=len(above))
    recipe = recipes.reconstructed(run, model, convert.to_float(above))
    path = export.write_png(arguments.out, sheet, recipe)
    say.result(written=str(path), images=len(above), skipped=len(arguments.images) - len(above))
    return 0


def _axis_of(arguments: Namespace, model: Any) -> None:
    """Refuse an axis that the codings do not have.

    Raises:
        ConfigError: naming ``--axis``.
    """
    if isinstance(model, Decodes) and arguments.axis is not None and arguments.axis >= model.latent_size:
        raise ConfigError({"--axis": f"must be from 0 to {model.latent_size - 1} (it is {arguments.axis})"})


def _ends_of(arguments: Namespace, model: Decodes) -> tuple[Codings, Codings]:
    """The first and the last coding (latent_size,): of two seeds, or of one coding with another number at an axis."""
    if arguments.axis is None:
        begin, end = (model.sample_codings(1, seed)[0] for seed in (arguments.begin, arguments.end))
        return begin, end
    drawn = arguments.seed is not None
    coding = model.sample_codings(1, arguments.seed)[0] if drawn else np.zeros(model.latent_size, np.float32)
    begin, end = (np.array(coding, np.float32) for _ in range(2))
    begin[arguments.axis], end[arguments.axis] = arguments.begin, arguments.end
    return begin, end


def interpolate_(arguments: Namespace, say: Say) -> int:
    """The command ``interpolate``: from seed to seed, or along one number of a coding as in the textbook's figure."""
    animated = arguments.out.suffix.lower() in (".gif", ".apng", ".webp", ".mp4")
    if arguments.fps is not None and not animated:
        raise ConfigError({"--fps": "is only for animations: .gif .apng .webp .mp4"})
    run, model = open_model(arguments, say, Decodes, lambda model: _axis_of(arguments, model))
    begin, end = _ends_of(arguments, model)
    linear = arguments.linear or arguments.axis is not None
    walk = latent.lerp if linear else latent.slerp
    frames = convert.to_uint8(model.decode(walk(begin, end, arguments.steps)))
    height, width = frames.shape[1] * arguments.scale, frames.shape[2] * arguments.scale
    if len(frames) * height * width > MOST_PIXELS:
        raise ConfigError({"--scale": f"makes {len(frames):,} frames of {width:,} x {height:,} pixels: choose less"})
    frames = np.stack([convert.enlarge(frame, arguments.scale) for frame in frames])
    fps = arguments.fps or FPS
    named = (begin, end) if arguments.axis is not None else (arguments.begin, arguments.end)
    how = {"linear": linear, "scale": arguments.scale, "fps": fps if animated else None}
    recipe = recipes.interpolated(run, named[0], named[1], arguments.steps, **how)
    if animated:
        path = export.write_animation(arguments.out, frames, seconds_a_frame=1 / fps, recipe=recipe)
    else:
        path = export.write_png(arguments.out, convert.grid(frames, columns=len(frames)), recipe)
    say.result(written=str(path))
    return 0


def export_(arguments: Namespace, say: Say) -> int:
    """The command ``export``."""
    from models.core.network_export import formats as convert

    others = [known.suffix for kind, known in convert.FORMATS.items() if kind != arguments.format]
    own = convert.FORMATS[arguments.format].suffix
    if not arguments.out.name.endswith(own) and (wrong := [end for end in others if arguments.out.name.endswith(end)]):
        raise ConfigError({"--out": f"ends in {wrong[0]}, but --format {arguments.format} writes {own} files"})
    convert.check(arguments.format)

    def suits(model: Any) -> None:
        if not arguments.overwrite:
            convert.check_names(convert.names(model, arguments.format, arguments.out).values())

    run, model = open_model(arguments, say, object, suits)
    about = {"family": run.info.family, "run": run.info.id, "title": run.info.title}

    def tell(part: str) -> None:
        say.line(f"Writing the {part} as {arguments.format}")

    how = {"about": about, "tell": tell, "overwrite": arguments.overwrite}
    for path in convert.export_model(model, arguments.format, arguments.out, **how):
        say.result(written=str(path))
    return 0


def info_(arguments: Namespace, say: Say) -> int:
    """The command ``info``."""
    run = Run.open(arguments.run)
    rows, saved = run.metrics(), run.checkpoints()
    status = "interrupted" if run.interrupted else run.info.status
    last = {name: value for name, value in rows[-1].items() if name != "step"} if rows else {}
    left_out = recorded.skipped(run.events())
    known = {
        "family": run.info.family, "status": status, "message": run.info.message, "config": run.info.config,
        "dataset": run.info.dataset["title"], "images": run.info.dataset["count"], "created": str(run.info.created),
        "versions": run.info.versions, "checkpoints": [entry.step for entry in saved],
        "step": rows[-1]["step"] if rows else 0,
    }  # fmt: skip
    ending = {
        "notices": run.notices, "read_from": str(run.info.dataset["name"]),
        "skipped": [asdict(item) for item in left_out] if say.as_json else len(left_out),
    }  # fmt: skip
    say.result(**{**known, **last, **known, **ending})  # a metric of a stranger's run may have any name
    if not say.as_json:
        for item in left_out:
            say.line(f"  {item.path}: {item.reason}")
    return 0
