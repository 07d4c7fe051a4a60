"""The laws of the house (DESIGN.md section 2 and fault C-02), read from the source itself."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import models
from models.core.diffusion.samplers import SAMPLERS
from models.core.family import About, Config
from studio.panels import PANELS
from studio.panels.base import Panel

ROOT = Path(__file__).resolve().parents[1]
SOURCE = sorted(path for folder in ("models", "studio") for path in (ROOT / folder).rglob("*.py"))
EVERYTHING = sorted({*SOURCE, *(ROOT / "tests").rglob("*.py"), *(ROOT / "resources").rglob("*.py")})
BANNED = (
    "pickle", "joblib.load", "allow_pickle=True", "load_model", "load_weights", "Lambda(", "safe_mode=False",
    "enable_unsafe_deserialization", "yaml.load(", "eval(", "exec(", "LOAD_TRUNCATED_IMAGES", "get_file(",
    "MAX_IMAGE_PIXELS = None", ".terminate(", "clear_session(", "ParameterTree",
)  # fmt: skip
HARMLESS = ("application.exec(", "drag.exec(", ".exec()")  # Qt's event loops
MACHINE = re.compile(r"(?<![\w.])/(?:home|Users|work|root|mnt)/\w|[A-Z]:\\\\Users")
REGISTRY = re.compile(r"--(?:extra-)?index-url|(?:pypi|artifactory|nexus)\.(?!org)[\w.-]+/", re.IGNORECASE)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def limit(path: Path) -> int:
    if path == ROOT / "studio" / "window.py":
        return 250
    return 450 if path.parent == ROOT / "models" else 350


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= limit(path)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno + 1 <= 40, f"{node.name} at line {node.lineno}"


def code_without_words(path: Path) -> str:
    """The source without comments and without strings that stand alone (docstrings)."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_words(part)] or [ast.Pass()]
    return ast.unparse(tree)


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize("path", SOURCE, ids=named)
def test_nothing_dangerous_is_called(path: Path) -> None:
    code = code_without_words(path)
    for harmless in HARMLESS:
        code = code.replace(harmless, "")
    found = [word for word in BANNED if re.search(rf"(?<![\w]){re.escape(word)}" if word[0].isalpha() else
                                                  re.escape(word), code)]  # fmt: skip
    assert not found


def test_the_search_for_dangerous_words_finds_them(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text('"""pickle in words is fine."""\nimport pickle\n\nthread.terminate()\n')
    code = code_without_words(path)
    assert "import pickle" in code and ".terminate(" in code and "in words" not in code


def test_pins_exclude_what_is_known_to_be_broken() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = " ".join(project["dependencies"])
    assert "keras>=3.15.1" in wanted
    assert "pillow>=12.3" in wanted
    assert "PySide6-Essentials>=6.10,!=6.12.0" in wanted


def test_an_installed_wheel_holds_every_package() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    there = {str(path.parent.relative_to(ROOT)).replace("/", ".") for path in SOURCE if path.name == "__init__.py"}
    assert set(setuptools["packages"]) - set(setuptools["package-dir"]) == there


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return [*EVERYTHING, ROOT / "pyproject.toml"]  # an unpacked archive has no git
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_machine_and_no_registry_is_named() -> None:
    kinds = {".py", ".toml", ".md", ".txt", ".yml", ".yaml", ".cfg", ".ini", ".json", ""}
    for path in tracked():
        if path.suffix not in kinds or not path.is_file() or path == Path(__file__).resolve():
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        assert not MACHINE.search(text), f"{named(path)}: {MACHINE.search(text)}"
        assert not REGISTRY.search(text), f"{named(path)}: {REGISTRY.search(text)}"


def test_only_the_agreed_names_lie_at_the_top() -> None:
    agreed = {"studio", "models", "resources", "tests", "pyproject.toml", "README.md", "Makefile", "LICENSE"}
    agreed |= {"CHANGELOG.md", "CONTRIBUTING.md", "docs", "benchmarks"}
    there = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in there if not name.startswith(".")} <= agreed


@pytest.mark.parametrize("key", list(models.FAMILIES))
def test_every_family_has_what_forms_and_panels_need(key: str) -> None:
    module = models.family(key)
    assert isinstance(module.TITLE, str) and module.TITLE
    assert isinstance(module.ABOUT, About) and all((module.ABOUT.text, module.ABOUT.equation, module.ABOUT.paper))
    assert issubclass(module.CONFIG, Config)
    assert callable(module.suggest) and callable(module.build)
    for name, field in module.CONFIG.model_fields.items():
        assert field.description and field.description.endswith("."), f"{name} has no sentence of explanation"


@pytest.mark.parametrize("key", list(PANELS))
def test_every_panel_opens_and_has_a_name_and_an_icon(key: str) -> None:
    module, name = PANELS[key]
    kind = getattr(importlib.import_module(module), name)
    assert issubclass(kind, Panel)
    assert kind.TITLE and kind.ICON
    assert kind.NEEDS is None or kind.PURPOSE  # an empty page says what it is for


@pytest.mark.parametrize("path", sorted((ROOT / "studio").rglob("*.py")), ids=named)
def test_the_studio_names_no_family(path: Path) -> None:
    families = {*models.FAMILIES, *models.TRAINED} - set(SAMPLERS)  # DDPM is the name of a sampler, too
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value not in families, f"line {node.lineno} names the family {node.value!r}"


def imports() -> dict[str, set[str]]:
    """Which modules of the studio each module of the studio imports, a package's own ones included."""
    there = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCE}
    found: dict[str, set[str]] = {}
    for path in (path for path in SOURCE if path.is_relative_to(ROOT / "studio")):
        names = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        found[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = names & there
    return found


def reached(start: set[str], edges: dict[str, set[str]]) -> set[str]:
    """All modules that ``start`` imports, or that those import."""
    seen, found = set[str](), set(start)
    for _ in edges:  # a path passes each module once at most
        seen, found = found, found.union(*(edges.get(name, set()) for name in found))
        if seen == found:
            break
    return found


def test_a_widget_is_used_by_two_panels_or_the_frame_and_a_piece_of_the_frame_by_no_panel() -> None:
    edges = imports()
    panels = {key: {name for name in edges if f"{name}.".startswith(f"studio.panels.{key}.")} for key in PANELS}
    uses = {key: reached(own, edges) for key, own in panels.items()}
    framed = reached({name for name in edges if name.startswith("studio.frame.")}, edges)
    for name in edges:
        users = [key for key, reach in uses.items() if name in reach]
        if name.startswith("studio.widgets."):
            rooms = [*users, *(["frame"] if name in framed else [])]
            assert len(rooms) >= 2, f"{name} belongs to {rooms or 'nobody'}: a file lives where its only user lives"
        if name.startswith("studio.frame."):
            assert not users, f"{name} is used by the panels {users}: it belongs to studio/widgets"


def test_the_contracts_of_the_imports_hold() -> None:
    script = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


NUMBERS = (ast.Constant, ast.UnaryOp)


def alike(values: list[ast.expr]) -> bool:
    """Whether a tuple holds things of one kind: numbers of a layout, or several buttons."""
    if all(isinstance(value, NUMBERS) for value in values):
        return True
    return (
        len({ast.unparse(value.func) if isinstance(value, ast.Call) else ast.unparse(value) for value in values}) == 1
    )


def squeezed(tree: ast.AST) -> list[str]:
    """Statements that save lines and cost the reader: see CONTRIBUTING.md."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.IfExp | ast.BoolOp):
            found.append(f"line {node.lineno}: an expression as a statement: write if and else")
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Tuple)
            and isinstance(node.targets[0], ast.Tuple)
        ):
            left, right = node.targets[0].elts, node.value.elts
            own = {ast.unparse(one) for one in left}
            swaps = any(ast.unparse(part) in own for one in right for part in ast.walk(one))
            if len(right) >= 3 and not alike(right) and not swaps:
                found.append(f"line {node.lineno}: {len(right)} unlike things in one assignment: a line for each")
    return found


@pytest.mark.parametrize("path", SOURCE, ids=named)
def test_no_line_is_squeezed(path: Path) -> None:
    found = squeezed(ast.parse(path.read_text("utf-8")))
    assert not found, "\n".join(found)


def test_the_search_for_squeezed_lines_finds_them() -> None:
    tree = ast.parse(
        "a() if b else c()\nx, y, z = 1, [], f()\n"
        "low, high, wide = 1, -2, 3\nopen, save, go = Button('Open'), Button('Save'), Button('Go')\nx, y, z = y, z, x\n"
    )
    assert [words.split(":")[0] for words in squeezed(tree)] == ["line 1", "line 2"]
