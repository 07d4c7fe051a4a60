"""The card at the lower right of the Neurons panel: an image, its reconstruction, and that with one unit changed."""

from __future__ import annotations

from PySide6.QtCore import Signal

from studio.widgets.card import Card, button, hbox, label, vbox
from studio.widgets.picture import Picture
from studio.widgets.sliders import LabelledSlider

MOST = 400  # per cent of a strong activation that the slider reaches


class ChangeCard(Card):
    """Emits ``changed`` while the slider moves, ``committed`` when it is let go, and what the buttons ask for."""

    changed = Signal(int)  # per cent of a strong activation
    committed = Signal()
    set_asked = Signal(int)  # per cent
    own_asked = Signal()  # as it is in the image
    another_asked = Signal()

    def __init__(self) -> None:
        super().__init__("With and without it", "one image, the unit set by the slider")
        another = button("Another image")
        another.clicked.connect(self.another_asked)
        self.tools.addWidget(another)
        self.original, self.before, self.after = Picture(), Picture(), Picture()
        names = ("the image", "its reconstruction", "with the unit changed")
        shown = (self.original, self.before, self.after)
        row = hbox(*[vbox(label(n, "secondary"), p) for n, p in zip(names, shown, strict=True)], spacing=12)
        for index in range(3):
            row.setStretch(index, 1)
        self.slider = LabelledSlider(0, MOST, lambda value: f"{value} %" if value else "off")
        self.slider.track.setAccessibleName("Activation of the unit, of a strong one")
        self.slider.changed.connect(self.changed)
        self.slider.committed.connect(self.committed)
        ablate, same, boost = button("Ablate"), button("As it is"), button("Boost")
        ablate.clicked.connect(lambda: self.set_asked.emit(0))
        same.clicked.connect(self.own_asked)
        boost.clicked.connect(lambda: self.set_asked.emit(MOST))
        sliders = hbox(self.slider, ablate, same, boost)
        sliders.setStretch(0, 1)
        self.body.addLayout(row, 1)
        self.body.addLayout(sliders)
