"""What the command ``sample`` does once its arguments are read: pictures from codings, or out of noise by steps."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

import numpy as np

from models.commands import MOST_SEED, Say, open_model, recipe_of, within
from models.commands_autoencoders import counting
from models.core import export, images
from models.core.diffuses import Diffuses, Sampling
from models.core.errors import ConfigError, UserError
from models.core.family import Decodes

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


def sample_(arguments: Namespace, say: Say) -> int:
    """The command ``sample``."""
    within(arguments, count=(1, 10_000), seed=(0, MOST_SEED))
    run, model = open_model(arguments, say, object)
    sampling, label = sampling_of(arguments, model), class_of(arguments, model)
    more: dict[str, Any] = {}
    if sampling is not None:
        if arguments.out.suffix == ".npy":
            raise ConfigError({"--out": "must be a picture: a model that diffuses has no codings"})
        labels = None if label is None else np.full(arguments.count, label, np.int32)
        with counting(say, "pictures") as progress:
            painted = model.sample(arguments.count, arguments.seed, labels=labels, sampling=sampling, progress=progress)
        more = {name: value for name, value in asdict(sampling).items() if name in WAYS} | {"label": label}
    elif isinstance(model, Decodes):
        codings = model.sample_codings(arguments.count, arguments.seed)
        if arguments.out.suffix == ".npy":
            say.result(written=str(export.write_codings(arguments.out, codings)))
            return 0
        painted = model.decode(codings)
    else:
        raise UserError("This model draws no samples.", where=str(arguments.run), advice="Choose another run.")
    recipe = recipe_of(run, "sample", seed=arguments.seed, count=arguments.count, **more)
    path = export.write_png(arguments.out, images.grid(images.to_uint8(painted)), recipe)
    say.result(written=str(path))
    return 0
