"""A parser of arguments that names everything that is wrong at once, not only the first thing."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from models.cli import argument_checks as checks
from models.cli.argument_checks import Wrong

_DASHED = re.compile(r"-(?![-\d.]|h$).")  # no option, no negative number: a path that begins with a dash
_DASH_HINT = " (write ./-NAME for a path that begins with a dash)"


class Parser(argparse.ArgumentParser):
    """Collects what is wrong with the arguments in ``wrong`` instead of exiting at the first of them.

    ``usage`` is that of the command; it helps where arguments are missing or not known (``misused``).

    An argument has a ``type``, which reads what was typed, and may have a ``check``, which says what is wrong with it.
    What an argument means beside the others is read by ``settle``, before what is wrong is gathered.
    """

    settle: Callable[[argparse.Namespace], None] | None = None
    _given: Sequence[str] = ()

    def add_argument(self, *names: Any, check: checks.Check | None = None, **options: Any) -> argparse.Action:
        """As in argparse, with a check."""
        action = super().add_argument(*names, **options)
        action.check = check  # type: ignore[attr-defined]
        return action

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            value = super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            return Wrong(error.message)
        check: checks.Check | None = getattr(action, "check", None)
        problem = check(value) if check is not None and not isinstance(value, Wrong) else ""
        return Wrong(problem) if problem else value

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Also gather what each check found, and the arguments that are missing; a subparser's come with its values."""
        self._given = sys.argv[1:] if args is None else args
        needed = [action for action in self._actions if action.required and action.dest != "command"]
        for action in needed:
            action.required = False
        try:
            values, rest = super().parse_known_args(args, namespace)
        finally:
            for action in needed:
                action.required = True
        if self.settle is not None:
            self.settle(values)
        missing = {checks.name_of(action): "is missing" for action in needed if getattr(values, action.dest) is None}
        values.wrong = {**getattr(values, "wrong", {}), **missing, **checks.problems(values, self._actions)}
        values.usage = getattr(values, "usage", "") or self.format_usage()  # the subparser's, which is the first to end
        values.misused = bool(missing) or getattr(values, "misused", False)
        return values, rest

    def parse(self, args: Sequence[str] | None = None) -> argparse.Namespace:
        """The values of all arguments; ``wrong`` also names those that the command does not know."""
        values, rest = self.parse_known_args(args)
        values.misused = values.misused or bool(rest)
        for word in rest:
            values.wrong[word] = "is not known to this command" + _DASH_HINT * bool(_DASHED.match(word))
        return values  # type: ignore[no-any-return]

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Exit with 2 where an argument cannot be used, as argparse does."""
        values = super().parse_args(args, namespace)
        if values.wrong:
            self.error("; ".join(f"{name} {problem}" for name, problem in values.wrong.items()))
        return values

    def error(self, message: str) -> NoReturn:
        """Print the usage and the problem, exit 2."""
        self.print_usage(sys.stderr)
        if any(_DASHED.match(word) for word in self._given):
            message += _DASH_HINT
        self.exit(2, f"{self.prog}: {message}\n")
