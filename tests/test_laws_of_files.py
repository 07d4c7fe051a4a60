"""Files that anybody may have written are opened by ``files.opened`` and nowhere else: it never waits.

A pipe in the place of a file would hold whoever opens it for ever. So each call that opens a path is looked for in the
source; the few that open what no stranger can put there are listed with the reason.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = sorted(path for folder in ("models", "studio") for path in (ROOT / folder).rglob("*.py"))
STREAMS = ("stream", "packed", "io.BytesIO", "cast(BinaryIO, hashed")  # what is open already

ALLOWED = {  # (file, call) -> why no stranger's file is opened there
    ("models/core/disk/operations.py", "os.open"): "the opening function itself, and folders that are synced",
    ("models/core/images/decoding.py", "os.open"): "looks before and behind, with sentences of its own",
    ("models/core/terminal/standard_streams.py", "os.open"): "the null device",
    ("models/core/device.py", "os.open"): "the null device",
    ("models/core/device.py", ".open"): "libraries of the backend",
    ("models/core/device.py", ".read_text"): "what the system says of its memory",
    ("models/core/disk/foreign.py", "zipfile.ZipFile"): "a stream that is open already",
    ("models/core/network_export/formats.py", ".open"): "a draft in a fresh temporary folder",
    ("models/core/datasets/cache.py", ".open"): "written in a fresh temporary folder",
    ("models/core/datasets/faces.py", ".read_text"): "a resource of an installed package",
    ("studio/qt_needs.py", ".read_bytes"): "libraries of Qt",
    ("studio/__main__.py", ".open"): "a crash file with a fresh name",
}
OPENING = {"np.load", "numpy.load", "np.fromfile", "np.memmap", "np.loadtxt", "np.genfromtxt", "io.open", "os.open",
           "gzip.open", "bz2.open", "lzma.open", "zipfile.ZipFile", "tarfile.open", "Image.open", "shutil.copyfile",
           "np.lib.format.open_memmap", "open", "mimetypes.read_mime_types", "codecs.open"}  # fmt: skip
READING = {"read_text", "read_bytes"}
OURS = {"files.read_bytes"}  # goes through ``files.opened``


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def openings(tree: ast.AST) -> list[str]:
    """The calls that open a path: by name, or as a method of a path."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, first = called(node), ast.unparse(node.args[0]) if node.args else ""
        if name in OURS or first.startswith(STREAMS):
            continue
        if name in OPENING:
            found.append(name)
        elif isinstance(node.func, ast.Attribute) and node.func.attr in READING:
            found.append(f".{node.func.attr}")
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "open" and _opens_a_path(node):
            found.append(".open")
    return found


def _opens_a_path(node: ast.Call) -> bool:
    """Whether ``x.open(...)`` has the arguments of ``Path.open``: a mode, or words such as encoding."""
    mode = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    words = {word.arg for word in node.keywords}
    return (isinstance(mode, str) and 0 < len(mode) <= 3 and set(mode) <= set("rwaxbt+")) or bool(
        words & {"encoding", "buffering", "mode", "newline", "errors"}
    )


@pytest.mark.parametrize("path", SOURCE, ids=lambda path: str(path.relative_to(ROOT)))
def test_foreign_files_are_opened_in_one_place(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = openings(ast.parse(path.read_text("utf-8")))
    assert [call for call in found if (name, call) not in ALLOWED] == []


def test_every_exception_is_still_needed() -> None:
    needed = {
        (path.relative_to(ROOT).as_posix(), call)
        for path in SOURCE
        for call in openings(ast.parse(path.read_text("utf-8")))
    }
    assert set(ALLOWED) <= needed


@pytest.mark.parametrize(
    "code",
    ["open(path)", "path.open('rb')", "path.read_text()", "np.load(path)", "Image.open(path)", "zipfile.ZipFile(path)",
     "(folder / 'x').read_bytes()", "gzip.open(path, 'rb')", "path.open(encoding='utf-8')", "os.open(path, 0)"],
)  # fmt: skip
def test_the_search_finds_what_opens_a_path(code: str) -> None:
    assert len(openings(ast.parse(code))) == 1


@pytest.mark.parametrize("code", ["Run.open(folder)", "files.read_bytes(path)", "Image.open(stream)", "dialog.open()"])
def test_the_search_leaves_the_rest(code: str) -> None:
    assert openings(ast.parse(code)) == []
