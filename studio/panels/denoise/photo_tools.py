"""Small rows for photos: the background behind transparent parts, and the format that images are saved in."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QWidget, QWidgetAction

from models.core.images import decoding, export
from studio.widgets.basics import QuietCombo, QuietSpin, hbox, label
from studio.widgets.exporting import Saving

Colour = tuple[int, int, int]
COLOURS: dict[str, Colour] = {"White": decoding.WHITE, "Grey": (128, 128, 128), "Black": (0, 0, 0)}
OTHER = "Other colour"
FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WebP"}


class BackgroundRow(QWidget):
    """Says that transparent parts have a background, and changes it; hidden while nothing is transparent."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.colour: Colour = decoding.WHITE
        self.choice = QuietCombo()
        self.choice.addItems([*COLOURS, OTHER])
        self.choice.setAccessibleName("Background of transparent parts")
        self.choice.activated.connect(lambda index: self._chosen(self.choice.itemText(index)))
        words = label("This image has transparent parts. Background:", "secondary")
        self.setLayout(hbox(words, self.choice, None))
        self.hide()

    def _chosen(self, name: str) -> None:
        if name in COLOURS:
            return self.set_colour(COLOURS[name])
        found = QColorDialog.getColor(QColor(*self.colour), self, "Background of transparent parts")
        if found.isValid():
            self.set_colour((found.red(), found.green(), found.blue()))

    def set_colour(self, colour: Colour) -> None:
        """Take another background and tell of it."""
        names = {known: name for name, known in COLOURS.items()}
        self.choice.setCurrentText(names.get(colour, OTHER))
        if colour != self.colour:
            self.colour = colour
            self.changed.emit()


class SavingRow(QWidget):
    """The format of saved images, and for JPEG and WebP the quality."""

    def __init__(self) -> None:
        super().__init__()
        self.format, self.quality = QuietCombo(), quality_spin()
        for kind, name in FORMATS.items():
            self.format.addItem(name, kind)
        self.format.setAccessibleName("Format of the saved images")
        self.format.currentIndexChanged.connect(lambda index: self._show_quality())
        self.setLayout(hbox(self.format, self.quality))
        self._show_quality()

    def _show_quality(self) -> None:
        self.quality.setEnabled(self.format.currentData() != "png")

    def saving(self) -> Saving:
        """What is chosen."""
        return Saving(export.PHOTO_KINDS[str(self.format.currentData())], self.quality.value())


def quality_spin() -> QuietSpin:
    """The quality of JPEG and WebP, 1 to 100."""
    spin = QuietSpin()
    spin.setRange(1, 100)
    spin.setValue(export.QUALITY)
    spin.setAccessibleName("Quality of JPEG and WebP")
    spin.setToolTip("Quality of JPEG and WebP, 1 to 100; PNG loses nothing")
    return spin


class QualityAction(QWidgetAction):
    """The quality as a line of a menu."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.spin = quality_spin()
        line = QWidget(parent)
        line.setLayout(hbox(label("Quality of JPEG and WebP", "secondary"), None, self.spin, margin=6))
        self.setDefaultWidget(line)
