"""What an exported file says of how it was made, in words for people: the file itself holds all of it."""

from __future__ import annotations

from typing import Any

from models.core.recipes.schema import Recipe

FOR_PROGRAMS = ("mark",)  # the hash of the source image says nothing to people
FEW = 6  # numbers that are read one by one
LONGEST = 160  # letters


def lines(recipe: Recipe) -> list[str]:
    """A line for where it was made, one for the model, and one for each setting that somebody would look up."""
    step = "" if recipe.step is None else f", step {recipe.step:,}"
    where = [f"panel: {recipe.panel.replace('_', ' ').capitalize()}"] if recipe.panel else []
    values = dict(recipe.values)
    if values.get("strength") == 0:  # no noise was added, whatever kind was chosen
        for name in ("noise", "strength", "seed"):
            values.pop(name, None)
    known = {name: short(value) for name, value in values.items() if name not in FOR_PROGRAMS}
    settings = [f"{name.replace('_', ' ')}: {text}" for name, text in known.items() if text]
    return [*where, f"made: {recipe.made}", f"model: {recipe.model}{step}", *settings]


def short(value: Any) -> str:
    """A value in one line; "" if it says nothing."""
    if value is None or value in ([], {}, ""):
        return ""
    if isinstance(value, dict):
        text = _group(value)
    elif isinstance(value, list):
        text = _listed(value)
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _group(value: dict[str, Any]) -> str:
    """Settings that belong together: their kind if they say one, else the simple ones."""
    if "png" in value:
        count = value.get("count")
        return "in this file" if count in (None, 1) else f"{count} images in this file"
    if isinstance(value.get("kind"), str):
        return str(value["kind"])
    simple = {name: one for name, one in value.items() if isinstance(one, str | int | float) and one != ""}
    return ", ".join(f"{name.replace('_', ' ')} {short(one)}" for name, one in simple.items())


def _listed(value: list[Any]) -> str:
    if all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if all(isinstance(one, int | float) for one in value) and len(value) <= FEW:
        return ", ".join(f"{one:+.2f}" for one in value)
    return f"{len(value)} {'numbers' if all(isinstance(one, int | float) for one in value) else 'entries'}"
