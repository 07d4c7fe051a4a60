"""The commands ``words`` and ``table``: what each word of a prompt did, and many sentences under the same noise."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any

import numpy as np

from models.cli.asking import Asked, warnings
from models.cli.commands import Say, open_model
from models.cli.denoise_transfer import counting
from models.cli.recipes import tabled, walked
from models.cli.sampling import walk_of
from models.core.diffusion import word_table, words
from models.core.diffusion.capability import Diffuses
from models.core.diffusion.prompt import Prompt, wanted
from models.core.errors import ConfigError
from models.core.evaluation import cautions
from models.core.images import convert, export, heat
from models.core.training.estimate import duration

LONG = 5.0  # seconds from which on is said how long the maps take


def _begin(arguments: Namespace, say: Say) -> tuple[Any, Any, Any, Asked]:
    """Run, model, how to walk and what is asked for, with what is to be said before."""
    run, model = open_model(arguments, say, Diffuses, lambda model: walk_of(arguments, model))
    sampling, asked = walk_of(arguments, model)
    for line in (cautions.learned(model), *warnings(asked, model)):
        if line:
            say.line(line)
    return run, model, sampling, asked


def words_(arguments: Namespace, say: Say) -> int:
    """The command ``words``: the image of a prompt, and a map for each word of what it did to it."""
    run, model, sampling, asked = _begin(arguments, say)
    read = words.words_read(asked.prompt.text)
    if not read:
        raise ConfigError({"--prompt": "must have at least one word"})
    begin = time.perf_counter()
    with counting(say, "steps") as work:
        steps = list(model.reverse(sampling, **wanted(model.condition, asked.prompt, 1), work=work))
        more = words.seconds(asked.prompt.text, time.perf_counter() - begin, sampling.guidance)
        if more > LONG:
            say.line(f"Measuring what each of the {len(read)} words did takes about {duration(more)} more.")
        maps = words.by_step(model, asked.prompt.text, [(step.t, step.x[0]) for step in steps], work).sum(axis=0)
    image = convert.to_uint8(model.pictures(steps[-1].x))[0]
    recipe = walked(run, model, sampling, asked=asked, count=1)
    most, amounts = heat.brightest(maps), words.amounts(maps)
    shown = [heat.over(image, one, most) for one in maps]
    colour = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
    arguments.out.mkdir(parents=True, exist_ok=True)
    export.write_png(arguments.out / "image.png", image, recipe)
    for number, (word, picture) in enumerate(zip(read, shown, strict=True), 1):
        export.write_png(arguments.out / f"{number:02}-{word}.png", picture, recipe)
    export.write_codings(arguments.out / "maps.npy", maps)
    sheet = export.write_png(arguments.out / "sheet.png", convert.grid(np.stack([colour, *shown])), recipe)
    if say.as_json:
        found = [{"word": word, "amount": float(amount)} for word, amount in zip(read, amounts, strict=True)]
        say.object("done", out=str(arguments.out), sheet=str(sheet), words=found)
        return 0
    say.line("How much each word changed the image (measured by leaving it out; 100% did most):")
    for word, amount in zip(read, amounts, strict=True):
        say.line(f"{word:<16} {amount:>5.0%}  {'#' * round(30 * float(amount))}")
    say.result(written=str(arguments.out))
    return 0


def table_(arguments: Namespace, say: Say) -> int:
    """The command ``table``: one list of words across, one down, each sentence from the same noise."""
    try:
        table = word_table.table_of(arguments.prompt, arguments.across, arguments.down)
    except ConfigError as error:
        raise ConfigError({f"--{name}": problem for name, problem in error.fields.items()}) from None
    run, model, sampling, asked = _begin(arguments, say)
    each = (Asked(prompt=Prompt(text=one)) for one in table.sentences)
    for line in dict.fromkeys(line for one in each for line in warnings(one, model)):
        say.line(line)
    with counting(say, "images") as work:
        states = word_table.fill(model, sampling, asked.prompt, table.sentences, work)
    recipe = tabled(run, model, sampling, asked, {"across": arguments.across, "down": arguments.down})
    sheet = word_table.sheet(convert.to_uint8(model.pictures(states)), table)
    say.line(f"across: {', '.join(table.across)}")
    say.line(f"down: {', '.join(table.down)}")
    say.result(written=str(export.write_png(arguments.out, sheet, recipe)))
    return 0
