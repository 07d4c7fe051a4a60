"""What the command ``sample`` does once its arguments are read: pictures from codings, or out of noise by steps."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from models.argument_checks import together
from models.commands import Say, open_model, pictures_of, recipe_of
from models.commands_autoencoders import counting
from models.core import export, images
from models.core.diffuses import Diffuses, Sampling
from models.core.diffusion import States
from models.core.errors import ConfigError, UserError
from models.core.family import Decodes
from models.core.record import Run

WAYS = ("sampler", "steps", "eta", "guidance")  # arguments that only a model that diffuses knows


def sampling_of(arguments: Namespace, model: Any) -> Sampling | None:
    """How a model that diffuses shall walk; None for any other.

    Raises:
        ConfigError: if something is out of range, or the model does not walk at all.
    """
    given = {name: getattr(arguments, name) for name in WAYS if getattr(arguments, name) is not None}
    if not isinstance(model, Diffuses):
        if given:
            raise ConfigError({f"--{name}": "is only for models that diffuse" for name in given})
        return None
    most = len(model.schedule) - 1
    sampling = Sampling(**{"steps": min(Sampling.steps, most), "seed": arguments.seed, **given})
    try:
        sampling.check(most)
    except ConfigError as error:
        raise ConfigError({f"--{name}": problem for name, problem in error.fields.items()}) from None
    return sampling


def class_of(arguments: Namespace, model: Any) -> int | None:
    """The number of the class that is asked for by name or number; None if none is.

    Raises:
        ConfigError: if the model knows no such class.
    """
    wanted: str | None = arguments.label
    if wanted is None:
        return None
    names = model.condition_names if isinstance(model, Diffuses) else ()
    if wanted in names:
        return int(names.index(wanted))
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(names):
        return int(wanted)
    known = f"must be one of {', '.join(names)}" if names else "is only for models that diffuse by class"
    raise ConfigError({"--class": f"{known} (it is {wanted[:60]!r})"})


def time_of(arguments: Namespace, model: Any) -> int | None:
    """The t at which a walk from own pictures begins (image to image); None for pure noise.

    Raises:
        ConfigError: if the model does not walk, or not from there.
    """
    given = {"--images": arguments.images, "--from": arguments.start}
    if not isinstance(model, Diffuses):
        wrong = {name: "is only for models that diffuse" for name, value in given.items() if value is not None}
        if wrong:
            raise ConfigError(wrong)
        return None
    most = len(model.schedule) - 1
    time: int = most // 2 if arguments.start is None else arguments.start
    if arguments.images is None:
        if arguments.start is not None:
            raise ConfigError({"--from": "needs pictures to begin with: --images"})
        return None
    if not 1 <= time <= most:
        raise ConfigError({"--from": f"must be from 1 to {most} (it is {time})"})
    return time


def start_of(arguments: Namespace, run: Run, model: Any, time: int, say: Say) -> tuple[int, States]:
    """Where a walk from own pictures begins: (t, x_t).

    Raises:
        UserError: if no picture can be read.
    """
    shown = pictures_of(arguments.images, run.info.dataset["image_shape"], say, arguments.background)
    return time, model.forward(images.to_float(shown), time, arguments.seed)


def file_of(arguments: Namespace, model: Any) -> None:
    """Refuse a file of codings from a model that has none.

    Raises:
        ConfigError: naming ``--out``.
    """
    if isinstance(model, Diffuses) and arguments.out.suffix.lower() == ".npy":
        raise ConfigError({"--out": "must be a picture: a model that diffuses has no codings"})


def suits(arguments: Namespace, model: Any) -> list[Any]:
    """How to walk, the class, and the t to begin with; ConfigError naming every argument that does not suit."""
    checks = (sampling_of, class_of, time_of, file_of)
    return together(*(partial(check, arguments, model) for check in checks))


def sample_(arguments: Namespace, say: Say) -> int:
    """The command ``sample``."""
    run, model = open_model(arguments, say, object, lambda model: suits(arguments, model))
    sampling, label, time, _ = suits(arguments, model)
    more: dict[str, Any] = {}
    start = None if time is None else start_of(arguments, run, model, time, say)
    if isinstance(model, Diffuses) and sampling is not None:
        count = arguments.count if start is None else len(start[1])
        labels = None if label is None else np.full(count, label, np.int32)
        with counting(say, "pictures") as progress:
            if start is None:
                painted = model.sample(count, arguments.seed, labels=labels, sampling=sampling, progress=progress)
            else:
                for step in model.reverse(sampling, labels=labels, start=start):
                    progress("Walking back", start[0] - step.t, start[0])
                painted = model.pictures(step.x)
        more = {name: value for name, value in asdict(sampling).items() if name in WAYS} | {"label": label}
        more |= {"count": count, "from": None if start is None else start[0]}
    elif isinstance(model, Decodes):
        codings = model.sample_codings(arguments.count, arguments.seed)
        if arguments.out.suffix.lower() == ".npy":
            say.result(written=str(export.write_codings(arguments.out, codings)))
            return 0
        painted = model.decode(codings)
    else:
        raise UserError("This model draws no samples.", where=str(arguments.run), advice="Choose another run.")
    recipe = recipe_of(run, "sample", **{"seed": arguments.seed, "count": arguments.count, **more})
    path = export.write_png(arguments.out, images.grid(images.to_uint8(painted)), recipe)
    say.result(written=str(path))
    return 0
