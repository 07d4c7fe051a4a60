"""Both themes can be read, load their fonts, and are followed by what paints itself."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo
from PySide6.QtWidgets import QApplication

from studio import style, theme
from studio.theme import DARK, LIGHT
from studio.tokens import Tokens


def luminance(colour: str) -> float:
    def part(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue, _alpha = QColor(colour).getRgbF()
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    *(("text", ground) for ground in ("window", "card", "field", "raised", "hover", "accent_back", "bad_back")),
    *(("secondary", ground) for ground in ("window", "card", "field", "raised", "bad_back")),
    *(("on_accent", ground) for ground in ("accent", "accent_hover")),
    *((role, "card") for role in ("accent", "good", "warning", "bad")),
    ("accent", "accent_back"),
    ("bad", "window"),
]


@pytest.mark.parametrize("shown", [DARK, LIGHT], ids=lambda shown: shown.name)
@pytest.mark.parametrize(("role", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(shown: Tokens, role: str, ground: str) -> None:
    assert contrast(getattr(shown, role), getattr(shown, ground)) >= 4.5


@pytest.mark.parametrize("shown", [DARK, LIGHT], ids=lambda shown: shown.name)
def test_controls_and_curves_stand_out_from_the_card(shown: Tokens) -> None:
    for colour in (*shown.series, shown.edge, shown.accent):
        assert contrast(colour, shown.card) >= 3.0, colour


@pytest.mark.parametrize("app_theme", ["dark", "light"], indirect=True)
def test_a_theme_sets_palette_fonts_and_sheet(app_theme: str, qapp: QApplication) -> None:
    assert theme.tokens().name == app_theme
    assert qapp.palette().window().color() == QColor(theme.tokens().window)
    assert QFontInfo(theme.font()).family() == "Inter"
    assert QFontInfo(theme.mono()).family() == "JetBrains Mono"
    assert "Medium" in " ".join(QFontDatabase.styles("Inter"))
    assert theme.font(11).pixelSize() == 11
    assert not theme.icon("play").isNull()
    assert theme.series(0) == theme.series(len(theme.tokens().series))


def test_a_change_of_theme_is_announced_and_buttons_are_dressed_again(
    app_theme: str, qapp: QApplication, qtbot
) -> None:
    from studio.widgets.card import button

    play = button("Play", icon="play")
    qtbot.addWidget(play)
    before = play.icon().cacheKey()
    with qtbot.waitSignal(theme.bus().changed):
        theme.apply(qapp, "light")
    assert play.icon().cacheKey() != before
    theme.apply(qapp, "system")
    assert theme.tokens() in (DARK, LIGHT)
    theme.apply(qapp, "dark")


def test_an_unknown_theme_is_refused(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="sepia"):
        theme.apply(qapp, "sepia")


def test_the_sheet_has_balanced_braces_and_no_foreign_colours() -> None:
    import re

    for shown in (DARK, LIGHT):
        text = style.sheet(shown)
        assert text.count("{") == text.count("}")
        own = {value for value in vars(shown).values() if isinstance(value, str)}
        drawn = re.sub(r"url\([^)]*\)", "", text)
        assert set(re.findall(r"#[0-9a-f]{6}", drawn)) <= own
