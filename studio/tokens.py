"""The tokens of a theme: every colour by its role."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, by role."""

    name: str
    window: str
    card: str
    field: str
    raised: str
    track: str
    hover: str
    line: str
    edge: str
    text: str
    secondary: str
    disabled: str
    accent: str
    accent_hover: str
    accent_back: str
    on_accent: str
    good: str
    warning: str
    bad: str
    bad_back: str
    shadow: str
    series: tuple[str, ...]
