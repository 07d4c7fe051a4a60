"""The guided tour of the panel Train."""

from __future__ import annotations

from collections.abc import Iterator

from models.core import record
from models.core.disk import places
from models.core.doctor import signals
from studio.panels.train.panel import Train


def tour(panel: Train) -> Iterator[str]:
    """Train a small model on real clothes, see it start, see a bad value, travel back."""
    panel.new.choose_dataset("fashion_mnist")
    assert panel.new.form is not None
    panel.new.form.set_values({"epochs": "3", "learning_rate": "5"})
    yield "bad-value"
    panel.new.form.set_values({"epochs": "3", "learning_rate": "0.002"})
    panel.new.start.click()
    yield "training"
    while panel.services.jobs.running:
        yield ""
    yield "trained"
    panel.view.time.track.setFocus()
    panel.view.travel_to(0)
    yield "travelled-back"
    yield from _tour_of_phases(panel)


def _tour_of_phases(panel: Train) -> Iterator[str]:
    """Let two networks learn from real clothes for a few seconds, then take their phases one by one."""
    metrics = [[name for group in info.curves for name in group.metrics] for info in panel.new.families]
    two = [index for index, names in enumerate(metrics) if signals.suits(names)]
    if not two:
        return
    panel.new.family.setCurrentIndex(two[0])
    panel.new.choose_dataset("fashion_mnist")
    assert panel.new.form is not None
    panel.new.form.set_values({"epochs": "1", "batch_size": "256", "learning_rate": "0.0002"})
    panel.new.start.click()
    yield "two-networks"
    panel.stepwise.click()
    yield ""
    panel.steps.take("discriminator")
    yield "discriminator-phase"
    panel.steps.take("generator")
    yield "generator-phase"
    panel.show_steps(False)
    yield from _tour_of_the_doctor(panel)


def _tour_of_the_doctor(panel: Train) -> Iterator[str]:
    """Open the shipped runs until the doctor has something to say about one."""
    before = panel.session.model
    for run in record.list_runs(places.pretrained()):
        panel.session.asked_for_run.emit(run.folder)
        yield ""
        if panel.view.doctor.isVisible():
            yield "doctor"
            break
    if before is not None:
        panel.session.asked_for_run.emit(before.folder)
        yield ""
