"""What is asked before a model that others trained becomes the current one: which, how large, how precise."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QGridLayout, QWidget

from models.core import device
from models.core.hub import library, presets, tiny
from studio import theme
from studio.widgets.basics import button, hbox, label, vbox
from studio.widgets.form_field import FieldRow

WIDTH = 460  # px
SIZES = ("0", "256", "384", "512", "768", "1024")  # px; 0 is the preset's own
EXPLAINED = (
    "Networks that others trained on a billion images, computed by KerasHub; Tiny has random ones. Nothing learns "
    "here: every page of Diffusion goes through them step by step."
)


class PresetDialog(QDialog):
    """Preset, size and precision, with what that takes from disk and memory before anything is downloaded."""

    chosen = Signal(str, dict)  # a name or a folder; settings that are not the usual ones

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Stable Diffusion")
        self.setFixedWidth(WIDTH)
        names = {name: known.title for name, known in presets.PRESETS.items()}
        sizes = {size: f"{size} px" if size != "0" else "The preset's own" for size in SIZES}
        precisions = {name: name.capitalize() if name == presets.PRECISIONS[0] else name for name in presets.PRECISIONS}
        self.preset = _row("Preset", "Whose networks and weights.", names)
        self.side = _row("Size", "Side of the images; fewer pixels take less time and memory.", sizes)
        self.precision = _row(
            "Precision", "What it computes in: bfloat16 takes half the memory of float32; a processor is fastest with "
            "float32.", precisions,
        )  # fmt: skip
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for place, row in enumerate((self.preset, self.side, self.precision)):
            row.place(grid, 2 * place)
            row.edited.connect(self._show)
        self.cost = label("", "secondary", wrap=True)
        self.begin, self.folder, cancel = button("Open", "primary"), button("Open a folder…"), button("Cancel")
        self.folder.setToolTip("The folder of a preset that is on this machine")
        self.begin.clicked.connect(self._begin)
        self.folder.clicked.connect(self._choose_folder)
        cancel.clicked.connect(self.reject)
        self.begin.setDefault(True)
        buttons = hbox(self.folder, None, cancel, self.begin)
        self.setLayout(vbox(label(EXPLAINED, "secondary", wrap=True), grid, self.cost, buttons, spacing=theme.GAP_M,
                            margin=theme.GAP_L))  # fmt: skip
        self._show()

    def values(self) -> dict[str, Any]:
        """Settings that are not the usual ones."""
        size, precision = int(self.side.text()), self.precision.text()
        found: dict[str, Any] = {"size": size} if size else {}
        return found if precision == presets.PRECISIONS[0] else {**found, "precision": precision}

    @Slot()
    def _show(self) -> None:
        """What the choice takes, or what is in the way."""
        name, lacks = self.preset.text(), library.missing()
        small = name == tiny.NAME
        self.side.editor.setEnabled(not small)
        if small:
            self.side.set_text("0")
        self.begin.setText("Open" if small else "Download and open")
        self.begin.setEnabled(not lacks)
        self.folder.setEnabled(not lacks)
        self.cost.setText(lacks or presets.cost(name, self.precision.text(), device.memory_free()))
        layout = self.layout()
        if layout is not None:
            layout.activate()  # else a shorter sentence leaves a gap
        self.adjustSize()

    @Slot()
    def _begin(self) -> None:
        self._choose(self.preset.text())

    @Slot()
    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "The folder of a preset")
        if folder:
            self._choose(folder)

    def _choose(self, source: str) -> None:
        self.chosen.emit(source, self.values())
        self.accept()


def _row(title: str, hint: str, choices: dict[str, str]) -> FieldRow:
    return FieldRow(title, hint, unit="", choices=choices, is_switch=False, default=next(iter(choices)))
