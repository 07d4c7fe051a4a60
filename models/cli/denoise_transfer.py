"""What the commands ``denoise`` and ``transfer`` do once their arguments are read."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from models.cli.argument_checks import refuse, together
from models.cli.commands import Say, open_model, transparency
from models.cli.progress import bar
from models.cli.recipes import denoised
from models.core import device
from models.core.capabilities import Denoises, Encodes
from models.core.disk.operations import shown
from models.core.errors import ConfigError, UserError
from models.core.evaluation import cautions
from models.core.family import parse_config
from models.core.images import convert, export, photos
from models.core.images.listing import pictures_of
from models.core.recipes.schema import of_run
from models.core.work import Callbacks, Work


@contextlib.contextmanager
def counting(say: Say, unit: str) -> Iterator[Work]:
    """Work that is shown: by a bar for people, by an object a report for machines."""
    if say.as_json:
        yield Callbacks(lambda what, done, total: say.object("progress", what=what, done=done, total=total))
        return
    with bar(unit) as show:
        yield Callbacks(show)


def _saving(arguments: Namespace) -> tuple[str, dict[str, int]]:
    """The suffix of the files to write, and the quality where it has one."""
    suffix = export.PHOTO_KINDS[arguments.format]
    if suffix != ".png":
        return suffix, {"quality": arguments.quality or export.QUALITY}
    if arguments.quality is not None:
        raise ConfigError({"--quality": "is only for --format jpeg and webp: png loses nothing"})
    return suffix, {}


def denoise_(arguments: Namespace, say: Say) -> int:
    """The command ``denoise``: a file that cannot be read or cleaned is named and left out."""
    strength, (suffix, how) = arguments.strength, _saving(arguments)
    run, model = open_model(arguments, say, Denoises)
    wanted = pictures_of(arguments.images)
    effects, seen_through = set[str](), list[str]()
    written, problem = 0, None
    with counting(say, "images") as work:
        for number, (path, name) in enumerate(wanted):
            work.tell(shown(name), number, len(wanted))
            try:
                photo = photos.read(path, ground=arguments.background)
                picture = photo.pixels
                seen_through += [shown(path)] if photo.transparent else []
                effect = model.effect(picture.shape)
                if effect and effect not in effects:  # said before it is done
                    say.line(effect)
                effects.add(effect)
                clean = model.denoise(convert.to_float(picture[None]), strength=strength)[0]
                whole = len(wanted) == 1 and suffix not in export.SHORT_NOTES
                recipe = {**denoised(run, shown(name), picture, strength, whole=whole), **how}
                target = (arguments.out / name).with_suffix(suffix)
                out = export.write_photo(target, convert.to_uint8(clean), recipe, exif=photo.exif, **how)
            except UserError as error:
                problem = error
                say.line(str(error))
                continue
            written += 1
            if say.as_json:
                say.object("written", path=str(out), source=shown(path))
        work.tell("done", len(wanted), len(wanted))
    if words := transparency(seen_through, arguments.background):
        say.line(words)
    if not written:
        advice = "Give PNG, JPEG, WebP, BMP, GIF or TIFF files, or a folder that holds some."
        raise problem or UserError("There are no images here.", where=shown(arguments.images[0]), advice=advice)
    say.result(written=written, skipped=len(wanted) - written, out=str(arguments.out))
    return 0


def transfer_(arguments: Namespace, say: Say) -> int:
    """The command ``transfer``: an encoder that saw no label against the same classifier from scratch."""
    device.prepare()
    from models import transfer
    from models.core.datasets import recorded

    names = (
        "labels", "seeds", "layers", "epochs", "frozen_epochs", "seed", "optimizer", "learning_rate",
        "fine_tuning_rate",
    )  # fmt: skip
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    config, *_ = together(lambda: parse_config(transfer.TransferConfig, given), lambda: refuse(arguments))
    run, model = open_model(arguments, say, Encodes)
    dataset = recorded.load(run.info.dataset, work=say.loading)
    with counting(say, "passes") as work:
        found = transfer.compare(model, dataset, config, work=work)
    if arguments.out is not None:
        recipe = of_run(run, "transfer", "transfer", **config.model_dump())
        path = export.write_results(arguments.out, found.data(), recipe)
        say.line(f"written: {path}")
    _tell(found, say)
    for sentence in cautions.labels(found.labels, len(found.label_names)):
        say.line(f"Caution: {sentence}")
    return 0


def _tell(found: Any, say: Say) -> None:
    """Accuracies a seed, their means and the gain."""
    if say.as_json:
        say.object("done", **found.data())
        return
    pairs = zip(found.accuracies("pretrained"), found.accuracies("scratch"), strict=True)
    for arm, (pretrained, scratch) in zip(found.arms[::2], pairs, strict=True):
        say.line(f"seed {arm.seed}: pretrained {pretrained:.1%}, from scratch {scratch:.1%}")
    say.line(f"mean: pretrained {found.mean('pretrained'):.1%}, from scratch {found.mean('scratch'):.1%}")
    say.line(f"gain: {found.gain:+.1f} points of test accuracy with {found.labels:,} labels")
