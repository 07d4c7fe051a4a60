"""What a new run will be: the settings that suit its dataset, and what it will cost; said before it begins."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from models.cli.commands import Say
from models.core.errors import ConfigError, UserError
from models.core.family import Config, DataSpec, parse_config

log = logging.getLogger(__name__)


def settle(module: ModuleType, given: Mapping[str, Any], spec: DataSpec, say: Say, *, defaults: bool) -> Config:
    """The config of a new run: what was given, else what the family suggests for the images, else the textbook's.

    Args:
        module: of the family.
        given: settings by name, as the user wrote them.
        spec: of the dataset.
        say: tells what was suggested.
        defaults: whether to leave the suggestions out.

    Raises:
        ConfigError: if the settings do not go together.
    """
    suggested = {} if defaults else {n: v for n, v in module.suggest(spec).items() if n not in given}
    try:
        config: Config = parse_config(module.CONFIG, {**suggested, **given})
    except ConfigError as error:
        if not suggested:
            raise
        beside = "beside the settings that are suggested for this dataset; --defaults leaves them out"
        raise ConfigError({name: f"{problem} ({beside})" for name, problem in error.fields.items()}) from None
    if say.as_json:
        say.object("settings", suggested=suggested, config=config.model_dump())
    elif suggested:
        height, width, channels = spec.image_shape
        kind = "grey" if channels == 1 else "colour"
        words = " ".join(f"{name}={value}" for name, value in suggested.items())
        say.line(f"Suggested for {kind} images of {height} x {width}: {words} (--defaults: the textbook's)")
    return config


def tell_cost(module: ModuleType, config: Config, spec: DataSpec, training_images: int, say: Say) -> None:
    """Measure a few steps and say how long the run will take, what memory it needs, and what it will not reach.

    Raises:
        ConfigError: if the config does not suit the images.
    """
    from models.core.training.estimate import estimate

    try:
        cost = estimate(module, config, spec, training_images)
    except UserError:
        raise
    except Exception:  # training itself will say what the backend says, and how to go on
        log.exception("no estimate")
        say.line("How long it will take could not be measured.")
        return
    if say.as_json:
        say.object(
            "estimate", seconds=cost.seconds, bytes=cost.bytes, weights=cost.weights, too_large=cost.too_large,
            warning=cost.warning,
        )  # fmt: skip
        return
    say.line(cost.words().replace(".\n", ", "))
    if cost.warning:
        say.line(cost.warning)
