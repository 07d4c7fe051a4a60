"""Names that come from anywhere are shown as they are: no rich text, no link, no image, no escape sequence."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QMenu, QMessageBox, QWidget

from models.core import record
from models.core.disk import places
from models.core.record import sealed
from studio.panels import PANELS
from studio.widgets.basics import Elided, Plain, menu_words, plain
from tests.tools.folders import ROOT
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import open_window, wait_idle

STUDIO = sorted((ROOT / "studio").rglob("*.py"))
HOSTILE = (
    "<b>x", "<img src='file:///etc/hostname'>", "<a href='http://example.org'>click</a>", "a\nb", "\u202egnp.exe",
    "\x1b[31mred\x1b]0;title\x07", "&lt;b&gt;bold", "<!doctype html>", "a&b\tCtrl+Q", "<b>" + "é" * 120,
)  # fmt: skip


def all_widgets() -> list[QWidget]:
    return [widget for top in QApplication.topLevelWidgets() for widget in [top, *top.findChildren(QWidget)]]


def rich() -> list[str]:
    """Whatever of all windows Qt would take for rich text."""
    found = []
    for widget in all_widgets():
        if Qt.mightBeRichText(widget.toolTip()):
            found.append(f"tool tip: {widget.toolTip()}")
        if isinstance(widget, QLabel) and widget.textFormat() != Qt.TextFormat.PlainText:
            ours = type(widget).__module__.startswith("studio.")  # Qt and pyqtgraph have some with words of their own
            if widget.property("role") != "box" and (ours or Qt.mightBeRichText(widget.text())):
                found.append(f"label: {widget.text()}")  # a box of values is rich text of ours
        if isinstance(widget, QMenu) and widget.toolTipsVisible():  # others show none
            found += [f"entry: {a.toolTip()}" for a in widget.actions() if Qt.mightBeRichText(a.toolTip())]
        if isinstance(widget, QListWidget):
            tips = [widget.item(row).toolTip() for row in range(widget.count())]
            found += [f"item: {tip}" for tip in tips if Qt.mightBeRichText(tip)]
    return found


def obeyed() -> list[str]:
    """Texts in which a control character or an override of the direction of writing is left."""
    texts = [label.text() for label in all_widgets() if isinstance(label, QLabel)]
    return [text for text in texts if any(sign in text for sign in "\x1b\x07\u202e\r")]


def hostile_run(source: Path, name: str, number: int) -> Path:
    """A run whose title, message, dataset, classes and metrics all have the same bad name."""
    folder = copy_into_home(source, f"run-{number}")
    info = json.loads((folder / "run.json").read_text("utf-8"))
    with record.Run.open(folder, write=True) as run:
        run.set_dataset({**run.info.dataset, "name": name, "title": name, "label_names": [name, "b"]})
        run.set_status("failed", name)
        run.append_metrics({**run.metrics()[-1], "step": 10**6, name: 1.0})
    assert info["id"]
    short = name.encode()[:200].decode("utf-8", "ignore").replace("/", "_")
    renamed = folder.with_name(short)
    folder.rename(renamed)
    return renamed


@pytest.mark.parametrize("app_theme", ["dark"], indirect=True)
def test_no_foreign_name_is_rich_text_anywhere(tiny_run, qtbot, app_theme, tmp_path) -> None:
    runs = [hostile_run(tiny_run, name, number) for number, name in enumerate(HOSTILE)]
    bad = places.runs() / "<i>damaged"
    shutil.copytree(tiny_run, bad)
    for path in (bad / "run.json", sealed.copy_of(bad / "run.json")):
        path.write_text("<b>no JSON", "utf-8")
    window = open_window(qtbot)
    folder = tmp_path / "<img src=x>"
    folder.mkdir()
    np.savez(folder / "<b>x.npz", images=np.zeros((9, 8, 8), np.uint8), labels=np.arange(9) % 2,
             label_names=np.array(["<b>a", "<i>b"]))  # fmt: skip
    data = window.panels["data"]
    data.add(str(folder))  # nothing in it can be used: an error
    wait_idle(qtbot, window)
    data.add(str(folder / "<b>x.npz"))
    wait_idle(qtbot, window)
    for run in runs[:1]:  # the others are in lists
        window.open_run(run)
        wait_idle(qtbot, window)
        for key in PANELS:
            window.show_panel(key)
            wait_idle(qtbot, window)
        window.picker._fill()
        assert not [*rich(), *obeyed()], "\n".join([*rich(), *obeyed()])
    home = window.panels["home"]
    home.delete(home._seen[0])
    box = next(widget for widget in all_widgets() if isinstance(widget, QMessageBox))
    assert box.textFormat() == Qt.TextFormat.PlainText
    box.reject()
    for name in HOSTILE:
        window.session.notice(name)
        window.status.rest(name)
        assert not [*rich(), *obeyed()], "\n".join([*rich(), *obeyed()])


@pytest.mark.parametrize("name", HOSTILE)
def test_words_are_never_taken_for_rich_text_and_look_the_same(qtbot, name: str) -> None:
    assert not Qt.mightBeRichText(plain(name))
    if "\x1b" not in name and "\u202e" not in name:
        assert plain(name).replace("\N{WORD JOINER}", "") == name
    entry = menu_words(name)
    assert "\t" not in entry and "\n" not in entry and "&" not in entry.replace("&&", "")
    shown = Elided(name)
    qtbot.addWidget(shown)
    assert shown.textFormat() == Qt.TextFormat.PlainText


# --- by construction ---


def calls(path: Path, name: str) -> list[ast.Call]:
    tree = ast.parse(path.read_text("utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in found if getattr(call.func, "attr", getattr(call.func, "id", "")) == name]


def is_ours(words: ast.expr) -> bool:
    """Words that are written down in the source, or that went through ``plain``."""
    if isinstance(words, ast.Constant):
        return True
    if isinstance(words, ast.IfExp):
        return is_ours(words.body) and is_ours(words.orelse)
    return isinstance(words, ast.Call) and getattr(words.func, "id", "") == "plain"


@pytest.mark.parametrize("path", STUDIO, ids=lambda path: path.name)
def test_labels_and_tool_tips_are_plain_by_construction(path: Path) -> None:
    for call in calls(path, "setToolTip"):
        assert is_ours(call.args[-1]), f"{path.name}:{call.lineno}: put the words through basics.plain"
    for call in calls(path, "showText"):
        assert is_ours(call.args[1]), f"{path.name}:{call.lineno}: put the words through basics.plain"
    assert not calls(path, "QLabel"), f"{path.name}: use basics.label"
    for name in ("setHtml", "setStatusTip", "setWhatsThis", "setInformative"):
        assert not calls(path, name), name
    if path.name != "crosshair.py":  # its words are escaped where they are made
        assert "RichText" not in path.read_text("utf-8") and "AutoText" not in path.read_text("utf-8")
    boxes = calls(path, "QMessageBox")
    assert len(boxes) <= len(calls(path, "setTextFormat"))


def test_every_kind_of_label_is_a_plain_one() -> None:
    kinds = [QLabel]
    for kind in kinds:
        kinds += kind.__subclasses__()
    ours = [kind for kind in kinds if kind.__module__.startswith("studio.")]
    assert Plain in ours and all(issubclass(kind, Plain) for kind in ours)
