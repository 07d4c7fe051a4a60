"""A form that is generated from a config: every field with its range, unit, default and sentence of help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from models.core.errors import ConfigError
from models.core.family import Config, parse_config
from studio import theme
from studio.widgets.basics import fold_button, hbox, label, vbox
from studio.widgets.form_field import FieldRow

CLOSED = ("advanced",)  # groups that start folded in


def title_of(name: str) -> str:
    """ "batch_size" -> "Batch size", "l1" -> "L1": the title of a field, of a group or of an option."""
    words = name.replace("_", " ").strip()
    known = {
        "adain": "AdaIN", "conv": "convolutional", "ema": "EMA", "kl": "KL", "l1": "L1", "mae": "MAE", "mse": "MSE",
        "own": "custom", "psnr": "PSNR", "rmsprop": "RMSprop", "sgd": "SGD",
    }  # fmt: skip
    parts = [known.get(word, word) for word in words.split()]
    text = " ".join(parts)
    return text[:1].upper() + text[1:]


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The words of a Literal, also of one that may be None."""
    if get_origin(annotation) is Literal:
        return tuple(str(choice) for choice in get_args(annotation))
    for part in get_args(annotation):
        if get_origin(part) is Literal:
            return choices_of(part)
    return ()


def text_of(value: object) -> str:
    """A value as a person would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (tuple, list)):
        return ", ".join(text_of(part) for part in value)
    return "" if value is None else str(value)


class Section(QWidget):
    """One group of fields that folds in and out."""

    def __init__(self, title: str, opened: bool = True) -> None:
        super().__init__()
        self.head = fold_button(title)
        self.inside = QWidget()
        self.head.clicked.connect(lambda: self.set_open(self.inside.isHidden()))
        self.grid = QGridLayout(self.inside)
        self.grid.setContentsMargins(0, 0, 0, theme.GAP_S)
        self.grid.setHorizontalSpacing(theme.GAP_S)
        self.grid.setVerticalSpacing(2)
        self.grid.setColumnStretch(1, 1)
        self.setLayout(vbox(hbox(self.head, None), self.inside, spacing=theme.GAP_XS))
        self.set_open(opened)

    def set_open(self, opened: bool) -> None:
        """Fold out or in."""
        theme.dress(self.head, "caret-down" if opened else "caret-right", "secondary")
        self.head.setAccessibleDescription("open" if opened else "closed")
        self.inside.setVisible(opened)


class ConfigForm(QWidget):
    """Every field of a config, checked as it is typed; nothing is clamped, what is wrong is said under the field."""

    edited = Signal()

    def __init__(self, config_class: type[Config], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._class = config_class
        self._rows: dict[str, FieldRow] = {}
        self._sections: dict[str, Section] = {}
        self._quiet = False
        self._note = label("", "error", True)
        self._note.hide()
        column = vbox(spacing=theme.GAP_XS)
        for group, names in self._groups().items():
            section = Section(title_of(group), group not in CLOSED)
            self._sections[group] = section
            for name in names:
                self._add(section, name)
            column.addWidget(section)
        column.addWidget(self._note)
        column.addStretch(1)
        self.setLayout(column)
        self._align()
        self._check()

    def _groups(self) -> dict[str, list[str]]:
        """Field names by group: the family's own groups first, then training, then what is advanced."""
        found: dict[str, list[str]] = {}
        for name, field in self._class.model_fields.items():
            extra = field.json_schema_extra
            group = str(extra.get("group", "training")) if isinstance(extra, dict) else "training"
            found.setdefault(group, []).append(name)
        order = sorted(found, key=lambda group: (group in CLOSED, group == "training"))
        return {group: found[group] for group in order}

    def _add(self, section: Section, name: str) -> None:
        field = self._class.model_fields[name]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        row = FieldRow(
            field.title or title_of(name),
            field.description or "",
            unit=str(extra.get("unit", "")),
            choices={choice: title_of(choice) for choice in choices_of(field.annotation)},
            is_switch=field.annotation is bool,
            default=text_of(field.get_default(call_default_factory=True)),
        )
        row.edited.connect(self._edited)
        row.place(section.grid, section.grid.rowCount())
        self._rows[name] = row

    def _align(self) -> None:
        """One column of titles over all sections."""
        width = max((row.title.sizeHint().width() for row in self._rows.values()), default=0)
        for section in self._sections.values():
            section.grid.setColumnMinimumWidth(0, width)

    def config_class(self) -> type[Config]:
        """What the form was made from."""
        return self._class

    def editor(self, name: str) -> QWidget:
        """The control of one field."""
        return self._rows[name].editor

    def row(self, name: str) -> FieldRow:
        """Everything about one field: title, control, sentence, reset button."""
        return self._rows[name]

    def section(self, group: str) -> Section:
        """One group of fields."""
        return self._sections[group]

    def values(self) -> dict[str, str]:
        """What stands in the fields, by name, as typed."""
        return {name: row.text() for name, row in self._rows.items()}

    def config(self) -> Config | None:
        """The config, or None while something is wrong."""
        try:
            return parse_config(self._class, self.values())
        except ConfigError:
            return None

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Fill in fields by name; others keep theirs; ``edited`` comes once."""
        self._quiet = True
        for name, value in values.items():
            if name in self._rows:
                self._rows[name].set_text(text_of(value))
        self._quiet = False
        self._edited()

    def reset(self) -> None:
        """Every field back to its default."""
        self.set_values({name: row.default for name, row in self._rows.items()})

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Mark fields and say beneath each what is wrong; what belongs to no field is said below all."""
        for name, row in self._rows.items():
            row.set_error(errors.get(name, ""))
        rest = [f"{name} {text}" for name, text in errors.items() if name not in self._rows]
        self._note.setText("\n".join(rest))
        self._note.setVisible(bool(rest))
        for group, names in self._groups().items():
            if any(name in errors for name in names):
                self._sections[group].set_open(True)

    def errors(self) -> dict[str, str]:
        """What parse_config says about the values now."""
        try:
            parse_config(self._class, self.values())
        except ConfigError as error:
            return error.fields
        return {}

    def _check(self) -> None:
        self.show_errors(self.errors())

    def _edited(self) -> None:
        if not self._quiet:
            self._check()
            self.edited.emit()
