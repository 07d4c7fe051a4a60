"""The style sheet: how stock Qt controls look, written from the tokens of a theme."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.tokens import Tokens

_SHAPES = {
    "check": "M3.5 8.4l3 3 6-6.4",
    "dash": "M4 8h8",
    "down": "M4 6l4 4 4-4",
    "up": "M4 10l4-4 4 4",
    "right": "M6 4l4 4-4 4",
}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="studio-look-")  # removed when the process ends


def _drawn(shape: str, colour: str) -> str:
    """The path of a small drawing in a colour: a style sheet takes images from files only."""
    file = Path(_folder().name) / f"{shape}-{colour[1:]}.svg"
    if not file.exists():
        stroke = f'stroke="{colour}" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"'
        path = f'<path d="{_SHAPES[shape]}" fill="none" {stroke}/>'
        file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{path}</svg>', encoding="utf-8")
    return file.as_posix()


def sheet(t: Tokens) -> str:
    """The whole style sheet for one theme."""
    parts = (_words, _buttons, _fields, _choices, _bars, _lists, _house)
    return "\n".join(part(t) for part in parts)


def _words(t: Tokens) -> str:
    return f"""
QLabel {{ background: transparent; }}
QLabel:disabled {{ color: {t.disabled}; }}
QLabel[role="title"] {{ font-weight: 600; }}
QLabel[role="page"] {{ font-size: 20px; font-weight: 600; }}
QLabel[role="secondary"] {{ color: {t.secondary}; font-size: 11px; }}
QLabel[role="prose"] {{ color: {t.secondary}; }}
QLabel[role="error"] {{ color: {t.bad}; font-size: 11px; }}
QLabel[role="chip"] {{ color: {t.secondary}; background: {t.raised}; font-size: 11px; border-radius: 10px;
    padding: 3px 10px; }}
QLabel[role="box"] {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 6px; padding: 6px 8px;
    font-size: 11px; }}
QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; padding: 5px 8px; font-size: 12px; }}
QFrame[role="rule"] {{ background: {t.line}; border: none; max-height: 1px; min-height: 1px; }}
QFrame[role="error_box"] {{ background: {t.bad_back}; border: 1px solid {t.bad}; border-radius: 8px; }}
QFrame[role="note_box"] {{ background: {t.accent_back}; border: 1px solid {t.accent}; border-radius: 8px; }}
QFrame[role="inset"] {{ background: {t.raised}; border: none; border-radius: 8px; }}
"""


def _buttons(t: Tokens) -> str:
    return f"""
QPushButton, QToolButton {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; border-radius: 6px;
    min-height: 26px; padding: 0 12px; font-weight: 500; }}
QToolButton {{ padding: 0 5px; min-width: 16px; }}
QPushButton:hover, QToolButton:hover {{ background: {t.hover}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {t.line}; }}
QPushButton:checked, QToolButton:checked {{ color: {t.accent}; background: {t.accent_back}; border-color: {t.accent}; }}
QPushButton:focus, QToolButton:focus {{ border: 2px solid {t.accent}; min-height: 24px; padding: 0 11px; }}
QToolButton:focus {{ padding: 0 4px; }}
QPushButton:disabled, QToolButton:disabled {{ color: {t.disabled}; background: {t.raised}; }}
QPushButton[kind="primary"] {{ color: {t.on_accent}; background: {t.accent}; border-color: {t.accent}; }}
QPushButton[kind="primary"]:hover {{ background: {t.accent_hover}; border-color: {t.accent_hover}; }}
QPushButton[kind="primary"]:focus {{ border: 2px solid {t.text}; }}
QPushButton[kind="primary"]:disabled {{ color: {t.disabled}; background: {t.raised}; border-color: {t.line}; }}
QPushButton[kind="ghost"], QToolButton[kind="ghost"] {{ background: transparent; border-color: transparent; }}
QPushButton[kind="ghost"]:hover, QToolButton[kind="ghost"]:hover {{ background: {t.hover}; }}
QPushButton[kind="ghost"]:focus, QToolButton[kind="ghost"]:focus {{ border-color: {t.accent}; }}
QPushButton[kind="small"], QToolButton[kind="small"] {{ background: transparent; border-color: transparent;
    min-height: 18px; min-width: 18px; max-height: 18px; padding: 0; border-radius: 4px; }}
QToolButton[kind="small"]:hover {{ background: {t.hover}; }}
QToolButton[kind="small"]:focus {{ border: 2px solid {t.accent}; min-height: 16px; min-width: 16px; }}
QPushButton[kind="row"], QPushButton[kind="tag"] {{ background: transparent; border: 1px solid transparent;
    min-height: 18px; padding: 0 6px; border-radius: 4px; text-align: left; }}
QPushButton[kind="tag"] {{ color: {t.secondary}; background: {t.raised}; font-size: 11px; text-align: center; }}
QPushButton[kind="row"]:hover, QPushButton[kind="tag"]:hover {{ background: {t.hover}; }}
QPushButton[kind="row"]:focus, QPushButton[kind="tag"]:focus {{ border: 2px solid {t.accent}; min-height: 16px;
    padding: 0 5px; }}
QPushButton[kind="fold"] {{ background: transparent; border: 2px solid transparent; font-weight: 600;
    padding: 0 4px 0 0; min-height: 22px; text-align: left; }}
QPushButton[kind="fold"]:hover {{ color: {t.accent}; }}
QPushButton[kind="fold"]:focus {{ border-color: {t.accent}; }}
QPushButton::menu-indicator, QToolButton::menu-indicator {{ image: url({_drawn("down", t.secondary)}); width: 14px;
    subcontrol-origin: padding; subcontrol-position: right center; right: 6px; }}
"""


def _fields(t: Tokens) -> str:
    spin = ", ".join(f"{kind}::up-button, {kind}::down-button" for kind in ("QSpinBox", "QDoubleSpinBox"))
    return f"""
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox {{ color: {t.text}; background: {t.field}; border: 1px solid {t.line};
    border-radius: 6px; min-height: 26px; padding: 0 8px; selection-background-color: {t.accent};
    selection-color: {t.on_accent}; }}
QPlainTextEdit, QTextEdit {{ color: {t.text}; background: {t.field}; border: 1px solid {t.line}; border-radius: 6px;
    padding: 4px; selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover {{ border-color: {t.edge}; }}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {{ border: 2px solid {t.accent};
    min-height: 24px; padding: 0 7px; }}
QLineEdit {{ padding: 0 6px; }}
QLineEdit:focus {{ padding: 0 5px; }}
QPlainTextEdit:focus, QTextEdit:focus {{ border: 2px solid {t.accent}; padding: 3px; }}
QLineEdit[bad="true"] {{ border-color: {t.bad}; }}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {{ color: {t.disabled}; }}
QDoubleSpinBox[kind="bare"] {{ background: transparent; border-color: transparent; min-height: 22px; padding: 0 4px;
    border-radius: 4px; }}
QDoubleSpinBox[kind="bare"]:hover {{ border-color: {t.line}; background: {t.field}; }}
QDoubleSpinBox[kind="bare"]:focus {{ border: 2px solid {t.accent}; background: {t.field}; min-height: 20px;
    padding: 0 3px; }}
QAbstractSpinBox > QLineEdit, QComboBox > QLineEdit {{ background: transparent; border: none; min-height: 0;
    padding: 0; }}
QSpinBox, QDoubleSpinBox {{ padding: 0; }}
QAbstractSpinBox > QLineEdit {{ padding: 0 2px 0 6px; }}
QDoubleSpinBox[kind="bare"] > QLineEdit {{ padding: 0; }}
{spin} {{ border: none; background: transparent; width: 16px; margin-right: 3px; }}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: url({_drawn("up", t.secondary)}); width: 10px; }}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: url({_drawn("down", t.secondary)}); width: 10px; }}
QDoubleSpinBox[kind="bare"]::up-button, QDoubleSpinBox[kind="bare"]::down-button {{ width: 0; margin: 0; }}
QDoubleSpinBox[kind="bare"]::up-arrow, QDoubleSpinBox[kind="bare"]::down-arrow {{ image: none; width: 0; }}
QComboBox {{ padding-right: 24px; }}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: url({_drawn("down", t.secondary)}); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {t.card}; border: 1px solid {t.line}; border-radius: 6px; padding: 4px;
    outline: none; selection-background-color: {t.accent_back}; selection-color: {t.text}; }}
QComboBox QAbstractItemView:focus {{ border: 1px solid {t.line}; }}
QComboBox QAbstractItemView::item {{ min-height: 26px; padding: 0 6px; border-radius: 4px; }}
"""


def _choices(t: Tokens) -> str:
    return f"""
QCheckBox, QRadioButton {{ spacing: 8px; min-height: 24px; border: 2px solid transparent; border-radius: 6px; }}
QCheckBox:focus, QRadioButton:focus {{ border-color: {t.accent}; }}
QCheckBox:disabled, QRadioButton:disabled {{ color: {t.disabled}; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: 14px; height: 14px; background: {t.field};
    border: 1px solid {t.edge}; border-radius: 4px; }}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {t.accent}; }}
QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent};
    image: url({_drawn("check", t.on_accent)}); }}
QCheckBox::indicator:indeterminate {{ background: {t.accent}; border-color: {t.accent};
    image: url({_drawn("dash", t.on_accent)}); }}
QCheckBox::indicator:checked:disabled {{ background: {t.disabled}; border-color: {t.disabled}; }}
QRadioButton::indicator:checked {{ background: {t.accent}; border: 4px solid {t.field}; width: 8px; height: 8px;
    border-radius: 8px; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{ color: {t.secondary}; background: transparent; border: none; border-bottom: 2px solid transparent;
    padding: 6px 12px; font-weight: 500; }}
QTabBar::tab:hover {{ color: {t.text}; }}
QTabBar::tab:selected {{ color: {t.accent}; border-bottom-color: {t.accent}; }}
QTabBar::tab:focus {{ background: {t.accent_back}; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {t.line}; }}
"""


def _bars(t: Tokens) -> str:
    return f"""
QSlider:horizontal {{ min-height: 22px; }}
QSlider::groove:horizontal {{ height: 4px; background: {t.track}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.accent}; border-radius: 2px; }}
QSlider::sub-page:horizontal:disabled {{ background: {t.disabled}; }}
QSlider::handle:horizontal {{ width: 8px; height: 8px; margin: -5px 0; background: {t.card};
    border: 3px solid {t.accent}; border-radius: 7px; }}
QSlider::handle:horizontal:focus {{ border-color: {t.text}; }}
QSlider::handle:horizontal:disabled {{ border-color: {t.disabled}; }}
QProgressBar {{ background: {t.track}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px;
    text-align: right; color: transparent; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t.edge}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover {{ background: {t.secondary}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: transparent; }}
QSplitter::handle:hover {{ background: {t.line}; }}
QStatusBar::item {{ border: none; }}
"""


def _lists(t: Tokens) -> str:
    return f"""
QMenu {{ background: {t.card}; border: 1px solid {t.line}; border-radius: 8px; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {t.accent_back}; }}
QMenu::item:disabled {{ color: {t.disabled}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
QMenuBar {{ background: {t.card}; }}
QMenuBar::item:selected {{ background: {t.accent_back}; border-radius: 4px; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollArea > QWidget > QWidget[role="bare"] {{ background: transparent; }}
QAbstractItemView {{ background: {t.card}; border: 1px solid {t.line}; border-radius: 6px; outline: none;
    selection-background-color: {t.accent_back}; selection-color: {t.text}; gridline-color: {t.line}; }}
QListView::item, QTreeView::item {{ min-height: 26px; padding: 0 6px; }}
QAbstractItemView:focus {{ border: 2px solid {t.accent}; }}
QHeaderView {{ background: {t.card}; border: none; }}
QHeaderView::section {{ color: {t.secondary}; background: {t.card}; border: none; border-bottom: 1px solid {t.line};
    padding: 5px 8px; font-size: 11px; font-weight: 500; }}
QTableCornerButton::section {{ background: {t.card}; border: none; }}
QDialog, QMessageBox {{ background: {t.card}; }}
"""


def _house(t: Tokens) -> str:
    """The window's own frame: rail, top bar, picker of the model, status line."""
    return f"""
QFrame#rail {{ background: {t.card}; border: none; border-right: 1px solid {t.line}; }}
QFrame#topbar {{ background: {t.card}; border: none; border-bottom: 1px solid {t.line}; }}
QFrame#status {{ background: {t.card}; border: none; border-top: 1px solid {t.line}; }}
QToolButton[kind="rail"] {{ background: transparent; border: 2px solid transparent; border-radius: 8px;
    color: {t.secondary}; padding: 2px 0 1px 0; min-height: 34px; max-height: 47px; font-weight: 500; }}
QToolButton[kind="rail"]:hover {{ background: {t.hover}; }}
QToolButton[kind="rail"]:checked {{ background: {t.accent_back}; color: {t.accent}; font-weight: 600; }}
QToolButton[kind="rail"]:focus {{ border-color: {t.accent}; }}
QPushButton[kind="picker"] {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 8px; padding: 0;
    text-align: left; }}
QPushButton[kind="picker"]:hover {{ background: {t.hover}; }}
QPushButton[kind="picker"]:focus {{ border: 2px solid {t.accent}; padding: 0; }}
QPushButton[kind="line"] {{ background: transparent; border: 1px solid transparent; color: {t.text};
    min-height: 20px; max-height: 20px; padding: 0 8px; font-size: 11px; }}
QPushButton[kind="line"]:hover {{ background: {t.hover}; }}
QPushButton[kind="line"]:focus {{ border: 2px solid {t.accent}; min-height: 18px; padding: 0 7px; }}
"""
