"""Journeys use the studio's fixtures: its theme, its runs, and the watch over what a test leaves behind."""

from tests.studio.conftest import (
    app_theme,
    diffusion_run,
    no_collector,
    nothing_left,
    pytest_runtest_makereport,
    settled,
    studio,
    styles_run,
    tiny_run,
)

__all__ = [
    "app_theme",
    "diffusion_run",
    "no_collector",
    "nothing_left",
    "pytest_runtest_makereport",
    "settled",
    "studio",
    "styles_run",
    "tiny_run",
]
