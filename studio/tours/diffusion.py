"""The guided tour of the panel Diffusion."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.diffusion.panel import FORWARD, INPAINT, PROMPT, REVERSE, Diffusion
from studio.panels.diffusion.recording import View
from studio.panels.diffusion.table_card import Lists


def tour(panel: Diffusion) -> Iterator[str]:
    """Walk, fork, bend the schedule, inpaint; without a model the empty page."""
    if panel._info is None:
        yield "empty"
        return
    yield "walk"
    page, middle = panel.walk, panel.walk.walks.rates.timesteps // 2
    page.go_to(middle)
    yield "middle"
    page.fork()
    yield ""
    page.go_to(0)
    page.transport.export_asked.emit(".webp")
    yield "two-futures"
    page.change(View(page.view.main))
    panel.choose(FORWARD)
    yield "forward"
    chart = panel.forward.card.chart
    panel.forward.change(((0.3, 0.9), (0.6, 0.7), (0.85, 0.1)))
    panel.forward.go_to(len(chart.schedule) // 2)
    yield "bent"
    panel.forward.change(())
    panel.forward.go_to(middle)
    yield ""
    panel.forward.fork()
    page.go_to(0)
    yield "image-to-image"
    page.change(View(page.view.main))
    yield ""
    panel.choose(INPAINT)
    yield "inpaint"
    panel.inpaint.go_to(0)
    panel.inpaint.card.grow_asked.emit()
    yield "outpaint"
    panel.choose(REVERSE)


def prompt(panel: Diffusion) -> Iterator[str]:
    """Type a sentence, look at what a word did, replace it."""
    page = panel.prompt
    panel.choose(PROMPT)
    yield ""
    page.line.asked.emit("a smiling person with green spiky hair, dark skin and round glasses")
    yield "prompt"
    words = [chip.word for chip in page.words.chips]
    page.words.hovered.emit(words.index("green"))
    yield "prompt-effect-of-a-word"
    page.words.hovered.emit(-1)
    page.words.choose(words.index("green"))
    yield "prompt-word-chosen"
    page.words.replace_asked.emit(words.index("green"), "purple")
    yield "prompt-word-replaced"
    page.change(View(page.view.main))
    page.cards.table_asked.emit()
    page.table.show_lists(Lists("a person", "black, green, red, blond hair", "no glasses, round glasses, sunglasses"))
    yield "prompt-table"
    page.table.left.emit()


WITH_OTHERS = {"text-faces": prompt}
