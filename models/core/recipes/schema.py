"""What an exported file says of itself: one schema for the window and the command line, parsed as untrusted input.

A recipe is one flat JSON object: who made the file (panel, run, step, fingerprint of the weights), then the values that
bring it back. The header is checked here, the values by the panel that the recipe names.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.core.disk.operations import shown
from models.core.errors import RunFormatError, UserError
from models.core.images import recipes
from models.core.recipes.old_versions import modern
from models.core.record.run import Run

ADVICE = "The image itself can still be opened by a panel's own button."


class Recipe(BaseModel):
    """The header of a recipe, and its values.

    Attributes:
        panel: key of the panel that can bring it back; "" if none can.
        made: what was written: "image", "sheet", "animation", or the command that wrote it.
        run_id: of the run whose model made it.
        model: the run's title.
        step: of the checkpoint; None where an old recipe does not say.
        checkpoint: its sha256; "" where an old recipe does not say.
        values: everything that the panel needs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    schema_version: Literal[2] = 2
    panel: str = Field("", pattern=r"^[a-z_]{0,40}$")
    made: str = Field("image", max_length=60)
    run_id: str = Field(min_length=1, max_length=100)
    model: str = Field("", max_length=200)
    step: int | None = Field(None, ge=0, lt=10**18)
    checkpoint: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    values: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str = "") -> Self:
        """Read a recipe of this or of an older version.

        Raises:
            RunFormatError: naming every field that is wrong.
        """
        found = modern(raw, where)
        header = {name: found.pop(name) for name in HEADER if name in found}
        try:
            return cls(**header, values=found)
        except ValidationError as error:
            wrong = "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors())
            raise RunFormatError(f"The recipe cannot be read: {wrong}.", where=where, advice=ADVICE) from error

    def data(self) -> dict[str, Any]:
        """As it is written: one flat object, the header first."""
        return {**self.model_dump(exclude={"values"}), **self.values}


HEADER = frozenset(Recipe.model_fields) - {"values"}


def of_run(run: Run, panel: str, made: str, **values: Any) -> dict[str, Any]:
    """The recipe of what the model of a run made; the checkpoint is the one that was loaded last from this run."""
    entry = run.loaded
    step, checkpoint = (None, "") if entry is None else (entry.step, entry.sha256)
    title = run.info.title or run.folder.name
    return written(panel, made, values, run_id=run.info.id, model=title, step=step, checkpoint=checkpoint)


def written(
    panel: str, made: str, values: Mapping[str, Any], *, run_id: str, model: str, step: int | None, checkpoint: str
) -> dict[str, Any]:
    """A recipe as it is written into a file."""
    return Recipe(
        panel=panel, made=made, run_id=run_id, model=model[:200], step=step, checkpoint=checkpoint, values=dict(values)
    ).data()


def read(path: Path) -> Recipe | None:
    """The recipe that a file carries; None if it carries none.

    Raises:
        ImageError, RunFormatError: if it carries one that cannot be read.
    """
    raw = recipes.read_recipe(path)
    return None if raw is None else Recipe.parse(raw, shown(path))


def of_same_run(path: Path, run_id: str) -> dict[str, Any] | None:
    """What the recipe of a file says if this very run made it; a damaged recipe leaves an image like any other."""
    try:
        found = read(path)
    except UserError:
        return None
    return found.data() if found is not None and found.run_id == run_id else None
