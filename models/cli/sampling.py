"""What the command ``sample`` does once its arguments are read: images from codings, or out of noise by steps."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from functools import partial
from typing import Any

from models.cli import recipes as command_recipes
from models.cli.argument_checks import together
from models.cli.asking import Asked, asked_of, warnings
from models.cli.commands import Say, open_model, pictures_of
from models.cli.denoise_transfer import counting
from models.core.arrays import Images
from models.core.capabilities import Conditions, Decodes
from models.core.diffusion.capability import Diffuses, Sampling, begun
from models.core.diffusion.rates import Path, States
from models.core.diffusion.samplers import SAMPLERS, offered
from models.core.errors import ConfigError, UserError
from models.core.evaluation import cautions
from models.core.images import convert, export, recipes
from models.core.recipes import arrays
from models.core.record import Run
from models.core.work import Work

WAYS = ("sampler", "steps", "eta", "guidance")  # arguments that only a model that diffuses knows


def sampling_of(arguments: Namespace, model: Any) -> Sampling | None:
    """How a model that diffuses shall walk; None for any other.

    Raises:
        ConfigError: if something is out of range, or the model does not walk at all.
    """
    given = {name: getattr(arguments, name) for name in WAYS if getattr(arguments, name) is not None}
    if not isinstance(model, Diffuses):
        if given:
            raise ConfigError({f"--{name}": "is only for diffusion models" for name in given})
        return None
    most, path = model.rates.timesteps, model.rates.path
    sampling = replace(Sampling.usual(model.rates, model.condition.offer), **{"seed": arguments.seed, **given})
    wrong = _without_effect(given, sampling, most, path)
    try:
        sampling.check(most, path)
    except ConfigError as error:
        wrong |= error.fields
    if wrong:
        raise ConfigError({f"--{name}": problem for name, problem in wrong.items()})
    return replace(sampling, steps=sampling.taken(most))


def _without_effect(given: dict[str, Any], sampling: Sampling, most: int, path: Path) -> dict[str, str]:
    """What is asked for and would not happen: a sheet must not say that it did."""
    wrong, sampler = {}, SAMPLERS[sampling.sampler]
    if sampler.all_steps and given.get("steps", most) != most:
        fewer = " or ".join(key for key in offered(path) if not SAMPLERS[key].all_steps)
        wrong["steps"] = f"must be left out or {most}: {sampling.sampler} takes all steps (fewer: --sampler {fewer})"
    if sampler.noise != "eta" and "eta" in given:
        having = " or ".join(key for key in offered(path) if SAMPLERS[key].noise == "eta")
        wrong["eta"] = f"is only for --sampler {having}"
    return wrong


def time_of(arguments: Namespace, model: Any) -> int | None:
    """The t at which a walk from own images begins (image to image); None for pure noise.

    Raises:
        ConfigError: if the model does not walk, or not from there.
    """
    if not isinstance(model, Diffuses):
        both = {"--images": arguments.images, "--from": arguments.start}
        wrong = {name: "is only for diffusion models" for name, value in both.items() if value is not None}
        if wrong:
            raise ConfigError(wrong)
        return None
    most = len(model.schedule) - 1
    time: int = most // 2 if arguments.start is None else arguments.start
    if arguments.images is None:
        if arguments.start is not None:
            raise ConfigError({"--from": "needs images to begin with: --images"})
        return None
    wrong = {} if 1 <= time <= most else {"--from": f"must be from 1 to {most} (it is {time})"}
    if len(arguments.images) > arrays.MOST:
        given = len(arguments.images)
        wrong["--images"] = f"must be at most {arrays.MOST} files, which the sheet carries in it (they are {given})"
    if wrong:
        raise ConfigError(wrong)
    return time


def walk_of(arguments: Namespace, model: Any) -> list[Any]:
    """How to walk and what is asked for; ConfigError naming all arguments that do not suit."""
    return together(*(partial(check, arguments, model) for check in (sampling_of, asked_of)))


def from_pictures(
    model: Diffuses, sampling: Sampling, asked: Asked, start: tuple[int, States], work: Work
) -> Images:  # fmt: skip
    """Walk from images in noise, (t, x_t), to others: image to image, (n, h, w, c) in [0, 1]."""
    time, states = start
    for step in model.reverse(sampling, **asked.conditions(model, len(states)), start=start, work=work):
        work.tell("Sampling", (time - step.t) * len(states) // time, len(states))
    return model.pictures(step.x)


def file_of(arguments: Namespace, model: Any) -> None:
    """Refuse a file of codings from a model that has none.

    Raises:
        ConfigError: naming ``--out``.
    """
    if isinstance(model, Diffuses) and arguments.out.suffix.lower() == ".npy":
        raise ConfigError({"--out": "must be an image: a diffusion model has no codings"})


def suits(arguments: Namespace, model: Any) -> list[Any]:
    """How to walk, what is asked for, and the t to begin with; ConfigError naming all arguments that do not suit."""
    checks = (sampling_of, asked_of, time_of, file_of)
    return together(*(partial(check, arguments, model) for check in checks))


def _walked(
    arguments: Namespace, run: Run, model: Diffuses, how: tuple[Sampling, Asked, int | None], say: Say
) -> tuple[Images, dict[str, Any]]:
    """What comes out of noise, and what a recipe says of it.

    Raises:
        UserError: if no image to begin with can be read, or they are too large for a recipe.
    """
    sampling, asked, time = how
    own = (
        None
        if time is None
        else pictures_of(arguments.images, run.info.dataset["image_shape"], say, arguments.background)
    )
    count = arguments.count if own is None else len(own)
    begin = None if own is None or time is None else (time, arguments.seed, own)
    recipe = command_recipes.walked(run, model, sampling, asked=asked, count=count, begin=begin)
    recipes.as_json(recipe)  # what does not fit is refused before the work
    if warning := cautions.learned(model):
        say.line(warning)
    for warning in warnings(asked, model):
        say.line(warning)
    if arguments.guidance is not None and not asked.anything:
        say.line("Guidance has no effect unless something is asked for (--class, --attributes or --prompt).")
    with counting(say, "images") as work:
        if own is None or time is None:
            words = asked.conditions(model, count)
            return model.sample(count, arguments.seed, **words, sampling=sampling, work=work), recipe
        start = begun(model, convert.to_float(own), time, arguments.seed)
        return from_pictures(model, sampling, asked, start, work), recipe


def sample_(arguments: Namespace, say: Say) -> int:
    """The command ``sample``."""
    run, model = open_model(arguments, say, object, lambda model: suits(arguments, model))
    sampling, asked, time, _ = suits(arguments, model)
    if isinstance(model, Diffuses) and sampling is not None:
        generated, recipe = _walked(arguments, run, model, (sampling, asked, time), say)
    elif isinstance(model, Decodes):
        codings = model.sample_codings(arguments.count, arguments.seed)
        changed = isinstance(model, Conditions) and asked.anything
        if isinstance(model, Conditions):
            codings = asked.codings(model, codings)
        if arguments.out.suffix.lower() == ".npy":
            say.result(written=str(export.write_codings(arguments.out, codings)))
            return 0
        generated = model.decode(codings)
        recipe = command_recipes.sampled(run, arguments.seed, arguments.count, codings if changed else None)
    else:
        raise UserError("This model generates no samples.", where=str(arguments.run), advice="Choose another run.")
    path = export.write_png(arguments.out, convert.grid(convert.to_uint8(generated)), recipe)
    say.result(written=str(path))
    return 0
