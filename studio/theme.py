"""The look: colours, sizes, fonts and icons, light and dark. Every token lives here and nowhere else."""

from __future__ import annotations

import locale
from functools import cache

import pyqtgraph
import qtawesome
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from models.core.disk import places
from studio import style
from studio.tokens import Tokens

SANS = "Inter"
MONO = "JetBrains Mono"
BODY, SMALL, TITLE, LARGE = 13, 11, 13, 20  # px
TINY = 10  # px, the words of the rail
GAP_XS, GAP_S, GAP_M, GAP_L, GAP_XL = 4, 8, 12, 16, 24  # px
RADIUS_TILE, RADIUS_CONTROL, RADIUS_PICTURE, RADIUS_CARD = 4, 6, 8, 10  # px
CONTROL = 28  # px high
ICON = 16  # px
RAIL, TOP_BAR, STATUS_LINE = 72, 52, 30  # px
RING = 2  # px, the focus ring
MOTION = 160  # ms
NAMES = ("dark", "light", "system")


DARK = Tokens(
    name="dark",
    window="#14161a",
    card="#1b1e24",
    field="#14161a",
    raised="#23272f",
    track="#2b3039",
    hover="#2b3039",
    line="#2d323c",
    edge="#6f7885",
    text="#e8eaed",
    secondary="#98a1ad",
    disabled="#5b636f",
    accent="#7c9cff",
    accent_hover="#93adff",
    accent_back="#26304d",
    on_accent="#14161a",
    good="#4cc38a",
    warning="#f5b83d",
    bad="#f2555a",
    bad_back="#361f25",
    shadow="#000000",
    series=(
        *("#7c9cff", "#f5b83d", "#4cc38a", "#e879c6", "#4cc9e0"),
        *("#ff8f6b", "#b69cff", "#c5d86d", "#f2777b", "#9aa5b1"),
    ),
)

LIGHT = Tokens(
    name="light",
    window="#f5f6f8",
    card="#ffffff",
    field="#ffffff",
    raised="#f0f2f5",
    track="#e3e7ec",
    hover="#e6e9ee",
    line="#dfe3e8",
    edge="#848d99",
    text="#1a1d21",
    secondary="#5c6570",
    disabled="#a3abb5",
    accent="#3e63dd",
    accent_hover="#3456c4",
    accent_back="#ebf0fe",
    on_accent="#ffffff",
    good="#18794e",
    warning="#946800",
    bad="#cd2b31",
    bad_back="#fdeced",
    shadow="#000000",
    series=(
        *("#3e63dd", "#b7791f", "#18794e", "#b5369a", "#0e7490"),
        *("#c2410c", "#6d4bc3", "#5f7a12", "#be2f38", "#64707d"),
    ),
)


class Bus(QObject):
    """Says when the theme has changed, so that widgets which paint themselves paint again."""

    changed = Signal()


class _State:
    """What is in force now; one theme a process."""

    tokens: Tokens = DARK
    choice: str = "dark"
    follows: bool = False


@cache
def bus() -> Bus:
    """The one object whose ``changed`` signal follows the theme."""
    return Bus()


def tokens() -> Tokens:
    """The tokens in force."""
    return _State.tokens


def color(role: str, alpha: float = 1.0) -> QColor:
    """The colour of a role (a field name of ``Tokens``), or of a "#rrggbb", with an opacity in [0, 1]."""
    found = QColor(role if role.startswith("#") else getattr(_State.tokens, role))
    found.setAlphaF(alpha)
    return found


def series(index: int) -> str:
    """The colour of the index-th curve, class or slot; they repeat after ten."""
    colours = _State.tokens.series
    return colours[index % len(colours)]


def mix(first: str, second: str, part: float) -> str:
    """A colour between two roles or "#rrggbb": ``part`` of the second."""
    a, b = color(first), color(second)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(x + (y - x) * part) for x, y in pairs)).name()


def font(size: int = BODY, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Inter at ``size`` px with figures of one width."""
    found = QFont(SANS)
    found.setPixelSize(size)
    found.setWeight(weight)
    found.setFeature(QFont.Tag("tnum"), 1)
    return found


def mono(size: int = BODY - 1) -> QFont:
    """JetBrains Mono at ``size`` px, for figures."""
    found = QFont(MONO)
    found.setPixelSize(size)
    found.setStyleHint(QFont.StyleHint.Monospace)
    return found


def icon(name: str, role: str = "text") -> QIcon:
    """A Phosphor icon in the colour of a role: ``icon("play")``, ``icon("play-fill", "accent")``."""
    return _icon(_State.tokens.name, name, role)


@cache
def _icon(theme_name: str, name: str, role: str) -> QIcon:
    shown = DARK if theme_name == "dark" else LIGHT
    colour = role if role.startswith("#") else getattr(shown, role)
    found: QIcon = qtawesome.icon(f"ph.{name}", color=colour, color_disabled=shown.disabled)
    return found


def dress(button: QAbstractButton, name: str, role: str = "text") -> None:
    """Give a button an icon that follows the theme."""
    button.setProperty("icon_name", name)
    button.setProperty("icon_role", role)
    button.setIcon(icon(name, role))


def known(name: str) -> str:
    """A theme of this name, or the desktop's where the settings say something else."""
    return name if name in NAMES else "system"


def apply(app: QApplication, name: str = "system") -> None:
    """Put on a theme: "dark", "light" or "system" (which follows the desktop while it runs)."""
    if name not in NAMES:
        raise ValueError(f"no theme is called {name!r}")
    locale.setlocale(locale.LC_NUMERIC, "C")  # QApplication took the environment's; C parsers misread floats with it
    _State.choice = name
    if not _State.follows:
        app.styleHints().colorSchemeChanged.connect(lambda _scheme: _follow(app))
        _State.follows = True
    dark = name == "dark" or (name == "system" and app.styleHints().colorScheme() != Qt.ColorScheme.Light)
    _State.tokens = DARK if dark else LIGHT
    _load_fonts()
    if app.style().objectName().lower() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(palette(_State.tokens))
    app.setFont(font())
    app.setStyleSheet(style.sheet(_State.tokens))
    pyqtgraph.setConfigOptions(background=_State.tokens.card, foreground=_State.tokens.secondary, antialias=True)
    for widget in app.allWidgets():
        _dress_again(widget)
    bus().changed.emit()


def _follow(app: QApplication) -> None:
    if _State.choice == "system":
        apply(app, "system")


def _dress_again(widget: QWidget) -> None:
    name = widget.property("icon_name")
    if name and isinstance(widget, QAbstractButton):
        widget.setIcon(icon(name, widget.property("icon_role")))
    widget.update()


@cache
def _load_fonts() -> None:
    for file in sorted((places.resources() / "fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(file))


def palette(shown: Tokens) -> QPalette:
    """An explicit palette: style hints do nothing offscreen and on a bare X server."""
    made = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: shown.window,
        role.WindowText: shown.text,
        role.Base: shown.field,
        role.AlternateBase: shown.raised,
        role.Text: shown.text,
        role.Button: shown.raised,
        role.ButtonText: shown.text,
        role.BrightText: shown.bad,
        role.ToolTipBase: shown.raised,
        role.ToolTipText: shown.text,
        role.PlaceholderText: shown.secondary,
        role.Highlight: shown.accent,
        role.HighlightedText: shown.on_accent,
        role.Link: shown.accent,
        role.LinkVisited: shown.accent,
        role.Accent: shown.accent,
        role.Light: shown.hover,
        role.Midlight: shown.hover,
        role.Mid: shown.line,
        role.Dark: shown.line,
        role.Shadow: shown.window,
    }
    for key, value in colours.items():
        made.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, key, QColor(shown.disabled))
    return made
