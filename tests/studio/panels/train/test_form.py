"""The form that is made from a config."""

from __future__ import annotations

import importlib
from typing import Literal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox

import models
from models.core.family import Config, setting
from studio.panels.train.form import ConfigForm, title_of
from studio.widgets.basics import QuietCombo
from studio.widgets.segmented import Segmented

pytestmark = pytest.mark.usefixtures("app_theme")


class Example(Config):
    architecture: Literal["dense", "l1"] = setting("dense", "Which network.", group="model")
    activation: Literal["relu", "selu", "swish", "tanh"] = setting("selu", "The bend.", group="model")
    latent_size: int = setting(10, "Size of a coding.", unit="units", group="model", ge=1, le=512)
    augment: bool = setting(True, "Mirror images at random.")
    noise: float = setting(0.1, "Spread of the noise.", group="advanced", ge=0)


@pytest.fixture
def form(qtbot) -> ConfigForm:
    made = ConfigForm(Example)
    qtbot.addWidget(made)
    made.resize(340, 600)
    made.show()
    return made


def retype(form: ConfigForm, name: str, text: str) -> None:
    editor = form.editor(name)
    editor.selectAll()
    QTest.keyClicks(editor, text)


def test_a_new_form_holds_the_defaults(form: ConfigForm) -> None:
    assert form.config() == Example()
    assert list(form._groups()) == ["model", "training", "advanced"]
    assert isinstance(form.editor("architecture"), Segmented)
    assert isinstance(form.editor("activation"), QuietCombo)
    assert isinstance(form.editor("augment"), QCheckBox)
    assert "Default: 10 units" in form.editor("latent_size").toolTip()
    assert title_of("kl_weight") == "KL weight"
    assert form.editor("architecture").options() == ["Dense", "L1"]


def test_a_bad_value_stays_and_the_sentence_says_why(form: ConfigForm) -> None:
    retype(form, "learning_rate", "5")
    retype(form, "latent_size", "many")
    assert form.values()["learning_rate"] == "5"
    assert form.config() is None
    assert form.row("learning_rate").sentence.text() == "must be at most 1.0 (it is '5')"
    assert form.row("latent_size").sentence.isVisible()
    assert form.editor("learning_rate").property("bad") is True
    retype(form, "learning_rate", "0.5")
    retype(form, "latent_size", "12")
    assert not form.row("learning_rate").sentence.isVisible()
    assert form.config() == Example(learning_rate=0.5, latent_size=12)


def test_a_field_can_go_back_to_its_default(form: ConfigForm, qtbot) -> None:
    row = form.row("epochs")
    assert not row.restore.isVisible()
    retype(form, "epochs", "25")
    assert row.restore.isVisible()
    with qtbot.waitSignal(form.edited):
        qtbot.mouseClick(row.restore, Qt.MouseButton.LeftButton)
    assert form.values()["epochs"] == "10"
    assert not row.restore.isVisible()


def test_every_kind_of_control_says_edited(form: ConfigForm, qtbot) -> None:
    seen: list[dict[str, str]] = []
    form.edited.connect(lambda: seen.append(form.values()))
    choice = form.editor("architecture")
    qtbot.mouseClick(choice, Qt.MouseButton.LeftButton, pos=QPoint(choice.width() - 8, 10))
    qtbot.keyClick(form.editor("activation"), Qt.Key.Key_Down)
    qtbot.keyClick(form.editor("augment"), Qt.Key.Key_Space)
    retype(form, "seed", "7")
    last = seen[-1]
    assert (last["architecture"], last["activation"], last["augment"], last["seed"]) == ("l1", "swish", "false", "7")


def test_values_are_filled_in_at_once_and_errors_from_elsewhere_are_shown(form: ConfigForm) -> None:
    seen: list[int] = []
    form.edited.connect(lambda: seen.append(1))
    form.set_values({"epochs": 25, "augment": False, "architecture": "l1", "learning_rate": 1e-4, "gone": 3})
    assert len(seen) == 1
    assert form.config() == Example(epochs=25, augment=False, architecture="l1", learning_rate=1e-4)
    form.section("advanced").set_open(False)
    form.show_errors({"noise": "does not suit the data", "dataset": "is empty"})
    assert form.row("noise").sentence.isVisible()
    assert form._note.text() == "dataset is empty"
    form.reset()
    assert form.config() == Example()


@pytest.mark.parametrize("family", models.FAMILIES)
def test_the_form_of_a_family_is_no_wider_than_its_card(qtbot, family: str) -> None:
    made = ConfigForm(importlib.import_module(models.FAMILIES[family]).CONFIG)
    qtbot.addWidget(made)
    assert made.minimumSizeHint().width() <= 264
