"""Draw the rooms of the house from its imports into docs/architecture.md: ``python docs/architecture.py``.

A room is a folder or, at the top of ``models``, ``models/core`` and ``studio``, what belongs together there. An arrow
says that a file of one room imports a file of another; an arrow that follows from others is left out (transitive
reduction). Rooms that import each other in a circle are an error.
``python docs/architecture.py --check`` says whether the drawing is that of the code.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by docs/architecture.py -->", "<!-- end of the drawing -->"
Edges = dict[str, set[str]]


def room(module: str) -> str | None:
    """The room of a module: ``models.core.disk.files`` is in models/core/disk. None for what is not ours."""
    parts = module.split(".")
    if parts[0] not in ("models", "studio"):
        return None
    for title, names in TOGETHER.items():
        if module in names:
            return title
    folder = ROOT.joinpath(*parts)
    inside = parts if folder.is_dir() else parts[:-1]
    if inside == ["models"]:
        return "models/cli" if parts[-1] == "__main__" else "models: families"
    if inside == ["studio"]:
        return "studio: " + ("tokens, theme, session" if parts[-1] in LOW else "window, opener, tour")
    if inside[:2] == ["studio", "panels"]:
        return "studio/panels"
    return "/".join(inside[:3])


TOGETHER = {  # files at the top of models/core, and the protocols that lie in the rooms that they are about
    "models/core: errors, arrays, device": {
        f"models.core.{name}" for name in ("errors", "work", "arrays", "device", "variables", "curves", "family")
    },
    "models/core: capabilities": {
        f"models.core.{name}"
        for name in (
            "capabilities",
            "contract",
            "family_model",
            "inference",
            "diffusion.capability",
            "diffusion.prompt",
            "diffusion.rates",
            "diffusion.samplers",
            "diffusion.schedules",
            "styles.mixing",
            "adversarial.probabilities",
        )
    },
    "models/core: batches, state, loading": {f"models.core.{name}" for name in ("batches", "state", "loading")},
}
LOW = ("tokens", "style", "theme", "session", "settings", "deletion")  # files that lie below the panels


def modules() -> dict[str, Path]:
    """Every module of the program by its dotted name."""
    found = {}
    for top in ("models", "studio"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def edges() -> Edges:
    """Which rooms each room imports from, itself left out."""
    there, found = modules(), {}
    for name, path in there.items():
        own = room(name)
        assert own is not None
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                other = room(full if full in there else node.module)
                if other and other != own:
                    found.setdefault(own, set()).add(other)
        found.setdefault(own, set())
    return found


def reach(start: str, known: Edges, without: tuple[str, str]) -> set[str]:
    """All rooms that can be reached from ``start`` when one arrow is taken away."""
    seen, todo = set(), [start]
    while todo:
        here = todo.pop()
        for there in known.get(here, set()):
            if (here, there) != without and there not in seen:
                seen.add(there)
                todo.append(there)
    return seen


def drawing() -> str:
    """The rooms as a Mermaid flow chart."""
    known = edges()
    circles = sorted(here for here in known if here in reach(here, known, ("", "")))
    if circles:
        raise SystemExit(f"rooms that import each other in a circle: {', '.join(circles)}")
    for here in sorted(known):
        for there in sorted(known[here]):
            if there in reach(here, known, (here, there)):
                known[here].discard(there)
    numbers = {name: f"r{number}" for number, name in enumerate(sorted(known))}
    lines = ["```mermaid", "flowchart TD"]
    for title, begin in (("studio: what a user sees", "studio"), ("models: what learns", "models")):
        lines.append(f'  subgraph {begin}["{title}"]')
        lines += [f'    {numbers[name]}["{name}"]' for name in sorted(known) if name.startswith(begin)]
        lines.append("  end")
    lines += [f"  {numbers[here]} --> {numbers[there]}" for here in sorted(known) for there in sorted(known[here])]
    return "\n".join([*lines, "```"])


def page() -> str:
    """The page with the drawing of today."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{drawing()}\n\n{END}{after}"


def main() -> int:
    """Write the page; with ``--check`` only say whether it would change."""
    new = page()
    if "--check" in sys.argv:
        same = PAGE.read_text("utf-8") == new
        print(
            "docs/architecture.md is up to date" if same else "docs/architecture.md is old: python docs/architecture.py"
        )
        return 0 if same else 1
    PAGE.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
