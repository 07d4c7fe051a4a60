"""Sliders with words and figures: one coding, a step in time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme
from studio.widgets.basics import QuietDoubleSpin, hbox, icon_button, label
from studio.widgets.track import Track

FEW = 64  # values whose words are all measured; of more the ends


class SignedSpin(QuietDoubleSpin):
    """A spin box that shows the sign where values can have one, as the table of codings does."""

    def textFromValue(self, value: float) -> str:
        """With two decimals and a sign: +0.62, -1.40; 0.62 where nothing is below 0."""
        sign = "+" if self.minimum() < 0.0 else ""
        return f"{value:{sign}.{self.decimals()}f}"


def signed_box(low: float, high: float) -> QuietDoubleSpin:
    """A bare spin box for exact entry, in figures of one width."""
    box = SignedSpin()
    box.setProperty("kind", "bare")
    box.lineEdit().setTextMargins(0, 0, 2, 0)  # its buttons have no width: without buttons Qt gives the text none
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setRange(low, high)
    box.setDecimals(2)
    box.setSingleStep((high - low) / 200)
    box.setKeyboardTracking(False)
    box.setFont(theme.mono())
    box.setStyleSheet(f'font-family: "{theme.MONO}"; font-size: 12px;')
    box.setFixedWidth(64)
    return box


class CodingSlider(QWidget):
    """One coding: its name, the slider filled from zero, the exact value, a lock; a double-click sets it to zero."""

    changed = Signal(float)
    committed = Signal()
    lock_toggled = Signal(bool)

    def __init__(
        self, text: str, low: float = -3.0, high: float = 3.0, value: float = 0.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.words = label(text)
        self.words.setMinimumWidth(64)
        zero = min(max(0.0, low), high)
        self.track = Track(low, high, zero)
        self.track.setAccessibleName(text)
        self.box = signed_box(low, high)
        self.box.setAccessibleName(f"{text}, exact value")
        self.lock = icon_button("lock-simple-open", "Lock: random and reset leave it alone", "small")
        self.lock.setCheckable(True)
        self.setLayout(hbox(self.words, self.track, self.box, self.lock))
        self.set_value(value)
        self.track.changed.connect(self._slid)
        self.track.committed.connect(self.committed)
        self.box.valueChanged.connect(self._typed)
        self.lock.toggled.connect(self._locked)
        self.setFocusProxy(self.track)

    def value(self) -> float:
        """The coding."""
        return self.track.value()

    def set_value(self, value: float) -> None:
        """Set the coding without a signal."""
        self.track.set_value(value)
        self.box.blockSignals(True)
        self.box.setValue(value)
        self.box.blockSignals(False)

    def set_colour(self, role: str) -> None:
        """Colour the slider: a role of the tokens or "#rrggbb"."""
        self.track.colour = role
        self.track.update()

    def set_label_width(self, width: int) -> None:
        """Give the name this much room, in px, so that sliders beneath each other line up."""
        self.words.setFixedWidth(width)

    def locked(self) -> bool:
        """Whether random and reset leave it alone."""
        return self.lock.isChecked()

    def set_locked(self, locked: bool) -> None:
        """Lock it or open the lock."""
        self.lock.setChecked(locked)

    def _slid(self, value: float) -> None:
        self.set_value(value)
        self.changed.emit(value)

    def _typed(self, value: float) -> None:
        self.track.set_value(value)
        self.changed.emit(value)
        self.committed.emit()

    def _locked(self, locked: bool) -> None:
        theme.dress(
            self.lock, "lock-simple-fill" if locked else "lock-simple-open", "accent" if locked else "secondary"
        )
        self.lock_toggled.emit(locked)


class LabelledSlider(QWidget):
    """A slider over whole numbers with its value in figures: travelling through steps and time.

    Args:
        form: turns the value into the words at the right, for example ``"step {:,}".format``.
    """

    changed = Signal(int)
    committed = Signal()

    def __init__(
        self, low: int = 0, high: int = 100, form: Callable[[int], str] = str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._low = low
        self._high = high
        self._form = form
        self.track = Track(low, high, low, 1.0)
        self.figures = label("")
        self.figures.setFont(theme.mono())
        self.figures.setStyleSheet(f'font-family: "{theme.MONO}"; font-size: 12px;')
        self.figures.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.figures.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setLayout(hbox(self.track, self.figures, spacing=theme.GAP_M))
        self.track.changed.connect(self._slid)
        self.track.committed.connect(self.committed)
        self.setFocusProxy(self.track)
        self.set_range(low, high)

    def value(self) -> int:
        """Where it stands."""
        return round(self.track.value())

    def set_value(self, value: int) -> None:
        """Move it without a signal."""
        self.track.set_value(min(max(value, self._low), self._high))
        self.figures.setText(self._form(self.value()))

    def set_range(self, low: int, high: int) -> None:
        """Change both ends; the value stays if it can."""
        self._low, self._high = low, high
        self.track.set_range(low, high, low)
        metrics = QFontMetrics(theme.mono())
        values = range(low, high + 1) if high - low <= FEW else (low, high)
        width = max(metrics.horizontalAdvance(self._form(value)) for value in values)
        self.figures.setFixedWidth(width + 4)
        self.set_value(self.value())

    def _slid(self, value: float) -> None:
        self.figures.setText(self._form(round(value)))
        self.changed.emit(round(value))
