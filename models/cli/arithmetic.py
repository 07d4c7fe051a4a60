"""What the command ``arithmetic`` does once its arguments are read: A - B + C of images, or how well that works."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.cli.commands import Say, open_model, transparency
from models.cli.denoise_transfer import counting
from models.core.arrays import Images
from models.core.capabilities import Decodes
from models.core.disk.operations import shown
from models.core.errors import ConfigError, ImageError, UserError
from models.core.images import convert, export, photos
from models.core.images.recipes import as_json
from models.core.latent import finding
from models.core.latent.arithmetic import Equation
from models.core.recipes import schema
from models.core.recipes.fields import coding_in
from models.core.recipes.schema import of_run
from models.core.record import Run


def arithmetic_(arguments: Namespace, say: Say) -> int:
    """The command ``arithmetic``: of images, or on unseen people, judged by a classifier of the dataset."""
    if arguments.images is not None:
        return _write(arguments, say)
    for path in arguments.run:
        _check(path, arguments.attribute)
    for path in arguments.run:
        run, model = open_model(Namespace(run=path), say, Decodes)
        about = run.info.dataset
        from models.core.datasets import recorded
        from models.core.evaluation import arithmetic_score, cautions
        from models.core.evaluation import evaluator as evaluators

        dataset = recorded.load(about, work=say.loading)
        with counting(say, "steps") as work:
            evaluator = evaluators.evaluator_of(dataset, work=work)
            column = evaluator.names.index(arguments.attribute)

            def has_it(images: Images, column: int = column, evaluator: evaluators.Evaluator = evaluator) -> Any:
                return evaluator.labels(images)[:, column].astype(np.bool_)

            found = arithmetic_score.score(
                model, arguments.attribute, has_it, people=arguments.people, seed=arguments.seed,
                size=dataset.image_shape[0], work=work,
            )  # fmt: skip
        _tell(found, run, arguments.attribute, float(evaluator.accuracy[column]), say)
        for sentence in cautions.shares(arguments.people, "people"):
            say.line(f"Caution: {sentence}")
    return 0


def _write(arguments: Namespace, say: Say) -> int:
    """The sum and its sheet, as the Arithmetic panel exports them: mean of A - mean of B + mean of C."""
    groups = [arguments.images, arguments.minus or [], arguments.plus or []]
    (folder,) = arguments.run
    info = Run.open(folder).info
    shape, names = info.dataset["image_shape"], [path for group in groups for path in group]
    images, seen_through = [], []
    for path in names:  # one that cannot be read ends it: the mean would be another
        photo = photos.read(path, ground=arguments.background)
        images.append(convert.fit(photo.pixels, shape))
        seen_through += [shown(path)] if photo.transparent else []
    if words := transparency(seen_through, arguments.background):
        say.line(words)
    run, model = open_model(Namespace(run=folder), say, Decodes)
    known = [coding_in(schema.of_same_run(path, info.id) or {}, model.latent_size) for path in names]
    unknown = [image for image, coding in zip(images, known, strict=True) if coding is None]
    with counting(say, "images") as work:
        searched = iter(finding.codings_of(model, np.stack(unknown), work) if unknown else ())
        codings = np.stack([next(searched) if coding is None else coding for coding in known])
        a, b, c = np.split(codings, np.cumsum([len(group) for group in groups])[:2])
        noise = Equation.noise if arguments.noise is None else arguments.noise
        equation = Equation((a, b, c), noise=noise, seed=arguments.seed)
        nine = finding.generated(model, equation.neighbours(), work)
        work.tell("done", len(unknown), len(unknown))
    _export(arguments.out, run, equation, nine, say)
    return 0


def _export(out: Path, run: Run, equation: Equation, nine: NDArray[np.uint8], say: Say) -> None:
    """Write the sum and the sheet (9, h, w, c) around it, each with its recipe where that is not too large."""
    image, sheet_of = (of_run(run, "arithmetic", made, **equation.recipe()) for made in ("image", "sheet"))
    try:
        as_json(image)
        fits = True
    except ImageError as error:
        say.line(f"{error.what} The images are written without it.")
        fits = False
    written = export.write_png(out, nine[len(nine) // 2], image if fits else None)
    sheet = export.write_png(out.with_name(f"{out.stem}-sheet.png"), convert.grid(nine), sheet_of if fits else None)
    say.result(written=str(written), sheet=str(sheet))


def _check(path: Path, attribute: str) -> None:
    """Refuse what ``run.json`` alone shows to be in vain.

    Raises:
        UserError: if the run was not trained on faces.
        ConfigError: if its dataset does not know the attribute.
    """
    about = Run.open(path).info.dataset
    if about["name"] != "faces":
        advice = "Choose a run that was trained on faces, the dataset that renders one person with and without."
        raise UserError("Only faces have true pairs of images.", where=str(path), advice=advice)
    if attribute not in about["attribute_names"]:
        raise ConfigError({"--attribute": f"must be one of {', '.join(about['attribute_names'])}"})


def _tell(found: list[Any], run: Any, attribute: str, accuracy: float, say: Say) -> None:
    """One line a size of group; the evaluator's accuracy says how far to trust it."""
    if say.as_json:
        rows = [asdict(one) for one in found]
        say.object("done", run=run.info.id, attribute=attribute, judge_accuracy=accuracy, groups=rows)
        return
    say.line(f"{run.info.title}: with {attribute} - without + other, {found[0].people:,} people never trained on")
    say.line("averaged   classified  before    nearer to the true image  error  error before")
    for one in found:
        truth = "no true image is known"
        if one.nearer is not None:
            truth = f"{one.nearer:>26.1%}  {one.error:.4f}  {one.unchanged_error:.4f}"
        say.line(f"{one.group:>8}  {one.judged:>11.1%}  {one.unchanged:>6.1%}  {truth}")
    say.line(f"the evaluation classifier is right about {attribute} on {accuracy:.1%} of the test images")
