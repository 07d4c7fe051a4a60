"""The card of the Inpaint page: the image, the brush, and where images come from."""

from __future__ import annotations

from PySide6.QtCore import Signal

from studio import theme
from studio.panels.diffusion.mask_canvas import MaskCanvas
from studio.widgets.basics import hbox, label
from studio.widgets.card import Card, Segmented, button
from studio.widgets.sliders import LabelledSlider

BRUSH = (1, 12, 5)  # px of the image: smallest, largest, at the beginning


class MaskCard(Card):
    """Emits what is asked for; the page holds image and mask."""

    another_asked = Signal()
    own_asked = Signal()
    clear_asked = Signal()
    grow_asked = Signal()

    def __init__(self) -> None:
        super().__init__("Image")
        margins = (theme.GAP_M + 2, theme.GAP_S, theme.GAP_M + 2, theme.GAP_S)
        self.layout().setContentsMargins(*margins)  # type: ignore[union-attr]
        self.canvas = MaskCanvas()
        self.tool = Segmented(["Paint", "Erase"])
        self.tool.setToolTip("What the left button does; the right one erases")
        self.tool.chosen.connect(lambda index: setattr(self.canvas, "erasing", index == 1))
        self.tools.addWidget(self.tool)
        self.brush = LabelledSlider(BRUSH[0], BRUSH[1], "{} px".format)
        self.brush.track.setAccessibleName("Size of the brush")
        self.brush.set_value(BRUSH[2])
        self.brush.changed.connect(self.canvas.set_brush)
        self.words = label("", "secondary", wrap=True)
        self.clear, self.grow = button("Clear"), button("Outpaint")
        self.clear.setToolTip("Nothing is generated again")
        self.grow.setToolTip("Make the image smaller and generate what lies around it")
        self.another, self.own = button("Other image"), button("Open")
        for made, signal in (
            (self.clear, self.clear_asked), (self.grow, self.grow_asked),
            (self.another, self.another_asked), (self.own, self.own_asked),
        ):  # fmt: skip
            made.clicked.connect(signal)
        self.body.addWidget(self.canvas, 1)
        self.body.addWidget(self.words)
        brush = hbox(label("Brush", "secondary"), self.brush)
        brush.setStretch(1, 1)
        self.body.addLayout(brush)
        self.body.addLayout(hbox(self.clear, self.grow))
        self.body.addLayout(hbox(self.another, self.own))

    def say(self, share: float) -> None:
        """How much is painted anew."""
        self.words.setText(
            f"{100 * share:.0f} % is generated again; the rest stays as it is, pixel by pixel." if share
            else "Paint over what should be generated again."
        )  # fmt: skip
