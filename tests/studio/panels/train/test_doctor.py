"""The doctor in the Train panel: what it says of a record, and a remedy as one click."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from models.core.disk import places
from models.core.doctor import remedies
from models.core.evaluation import evaluator
from models.core.record import Run
from models.core.training import train
from studio.panels.train.doctor_card import DoctorCard
from studio.window import Window
from tests.tools.gui.windows import LONG, banner_text, click, wait_idle
from tests.tools.ill_runs import CLASSES, CONFIG, EVEN, ONE, rows
from tests.tools.record_tools import make_run

pytestmark = pytest.mark.usefixtures("app_theme")
GAN = {"latent_size": 3, "batch_size": 64, "epochs": 2, "optimizer": "adam"}


def recorded(folder: Path, looks: bool = True, **signals: object) -> Run:
    with make_run(folder, family="gan", config=CONFIG, dataset={"name": "digits", "label_names": list(CLASSES)}) as run:
        for row in rows(**signals):
            run.append_metrics(row)
        for number in range(1, 9) if looks else []:
            shares = EVEN if number < 5 or not signals else ONE
            run.save_stats(number * 500, {"coverage": {"names": CLASSES, "shares": shares, "count": 500}})
    return Run.open(folder)


@pytest.fixture
def card(qtbot) -> DoctorCard:
    made = DoctorCard()
    qtbot.addWidget(made)
    made.resize(430, 330)
    return made


def examine(card: DoctorCard, run: Run) -> None:
    card.follow()
    card.append(run.metrics())
    card.examine(run, {row["step"]: row for row in run.stats()})


def offered(card: DoctorCard) -> list[str]:
    flow = card._offers.layout()
    return [flow.itemAt(index).widget().text() for index in range(flow.count())]


@pytest.mark.parametrize("app_theme", ["dark", "light"], indirect=True)
def test_it_says_in_one_sentence_what_is_going_on_and_offers_remedies(card: DoctorCard, tmp_path: Path) -> None:
    examine(card, recorded(tmp_path / "ill", diversity=[0.7, 0.01]))
    assert card.isVisible() and card.sentence.text().startswith("Mode collapse: since step 2,")
    assert "shirt, bag, coat, dress" in card.sentence.text()
    assert offered(card)[:3] == ["Switch to RMSprop", "Turn on minibatch discrimination", "Turn on experience replay"]
    assert card._figures.layout().count() == 2 and not card.evaluate.isVisible()
    assert card.grab().toImage().width() >= 430
    examine(card, recorded(tmp_path / "well"))
    assert card.sentence.text().startswith("The run is healthy") and offered(card) == []


def test_it_hides_where_nothing_tells_of_two_networks(card: DoctorCard, tmp_path: Path) -> None:
    with make_run(tmp_path / "vae") as run:
        run.append_metrics({"step": 1, "loss": 0.5})
        examine(card, run)
    assert not card.isVisible() and card.found is None


def test_a_branch_shows_what_was_tried_and_what_it_did(card: DoctorCard, tmp_path: Path) -> None:
    ill = recorded(tmp_path / "ill", diversity=[0.7, 0.01])
    found = remedies.examine(ill)
    assert found is not None
    run = recorded(tmp_path / "branch", looks=False)
    with Run.open(run.folder, write=True) as again:
        remedy = {"title": "Turn on experience replay"}
        again.event("remedy", {"remedy": remedy, "step": 1000, "found": found.data(), "parent": ill.info.id})
    examine(card, run)
    assert card.sentence.text().startswith("The run is healthy")
    told = card.tried.text()
    assert told.startswith("Tried from step 1,000: Turn on experience replay. Before: Mode collapse: since step 2,")
    assert card.evaluate.isVisible()


def train_gan(folder: Path) -> Path:
    import models
    from models.core import datasets

    dataset = datasets.load("digits")
    with train.start(folder, "gan", models.family("gan").CONFIG(**GAN), dataset) as run:
        assert train.train(run, dataset, checkpoint_steps=20).status == "finished"
    return folder


def test_a_remedy_is_one_click_that_goes_on_from_before_the_trouble(studio: Window, qtbot, monkeypatch) -> None:
    source = train_gan(places.runs() / "source")
    last = Run.open(source).metrics()[-1]["step"]
    with Run.open(source, write=True) as run:  # what a longer training might have recorded
        run.truncate_metrics(0)
        for row in rows(diversity=[0.7, 0.01], every=1):
            run.append_metrics({**row, "step": row["step"] * 10})
    studio.show_panel("train")
    panel = studio.panels["train"]
    panel.view.show_run(source)
    assert panel.view.doctor.isVisible() and "Mode collapse" in panel.view.doctor.sentence.text()
    click(panel.view.doctor, "Turn on experience replay")
    assert studio.services.jobs.running
    wait_idle(qtbot, studio)
    assert banner_text(studio) == "" and not panel.error.isVisible()
    folder = panel.view.folder
    assert folder is not None and folder != source
    new = Run.open(folder)
    assert new.info.status == "finished" and new.info.config["replay"] is True and new.metrics()[-1]["step"] == last
    tried = remedies.treatment_event(new)
    assert tried is not None and tried["parent"] == Run.open(source).info.id
    assert Run.open(source).events()[-1]["values"]["branch"] == new.info.id
    assert panel.view.doctor.tried.text().startswith("Tried from step ")
    assert "Too early" in panel.view.doctor.sentence.text()


def test_the_judge_looks_when_asked_and_its_looks_are_kept(studio: Window, qtbot, monkeypatch) -> None:
    source = train_gan(places.runs() / "source")
    monkeypatch.setattr(evaluator, "epochs_for", lambda count, shape: 1)
    studio.show_panel("train")
    panel = studio.panels["train"]
    panel.view.show_run(source)
    click(panel.view.doctor, "Check class coverage")
    wait_idle(qtbot, studio)
    assert not panel.error.isVisible() and not panel.view.doctor.progress.isVisible()
    qtbot.waitUntil(lambda: not panel.view.doctor.evaluate.isVisible(), timeout=LONG)
    looks = [row for row in Run.open(source).stats() if "coverage" in row]
    assert [row["step"] for row in looks] == [entry.step for entry in Run.open(source).checkpoints()]


def test_a_judge_that_is_cancelled_leaves_the_card_as_it_was(studio: Window, qtbot) -> None:
    source = train_gan(places.runs() / "source")
    studio.show_panel("train")
    card = studio.panels["train"].view.doctor
    studio.panels["train"].view.show_run(source)
    click(card, "Check class coverage")
    qtbot.waitUntil(card.progress.isVisible, timeout=LONG)
    cancel = next(one for one in card.progress.findChildren(QPushButton) if one.text() == "Cancel")
    cancel.click()
    wait_idle(qtbot, studio)
    assert card.evaluate.isEnabled() and not card.progress.isVisible()
