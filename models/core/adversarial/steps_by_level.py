"""A model whose step depends on a level that changes while it learns: one compiled function for each level.

One step with a branch a level would do as well, but a backend compiles and keeps all branches before the first step
(three times as much as the largest level alone), and a branch may not draw random numbers. So each level has a function
of its own, made when the level is reached.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from models.core.keras_internals import function_around


class StepsByLevel:
    """Goes before ``keras.Model`` among the bases of a class that knows its levels.

    The class says how many steps it has done (``steps``), at which level a step is taken (``level_at``) and how its
    networks are set to a level while a function is traced (``at``).
    """

    train_function: Any
    test_function: Any
    steps_per_execution: int

    def steps(self) -> int:
        """How many steps it has learned for."""
        raise NotImplementedError

    def level_at(self, step: int) -> int:
        """The level of a step."""
        raise NotImplementedError

    def at(self, level: int) -> AbstractContextManager[None]:
        """Set the networks to a level while a function is traced."""
        raise NotImplementedError

    def make_train_function(self, force: bool = False) -> None:
        """A function that trains at the current level; Keras asks for it before each fit and single batch."""
        self._count = self.steps()  # as Python knows it: on JAX the variable does not change while fit runs
        if force or getattr(self, "train_function", None) is None:
            self.train_function = self._choosing("train", super().make_train_function)  # type: ignore[misc]

    def make_test_function(self, force: bool = False) -> None:
        """A function that evaluates at the current level."""
        self._count = self.steps()
        if force or getattr(self, "test_function", None) is None:
            self.test_function = self._choosing("test", super().make_test_function)  # type: ignore[misc]

    def _choosing(self, kind: str, make: Callable[..., Any]) -> Callable[..., Any]:
        """A function that passes its arguments to the one of the current level."""
        made: dict[int, Callable[..., Any]] = {}

        def call(*arguments: Any) -> Any:
            level = self.level_at(self._count)
            if level not in made:
                made[level] = function_around(self, kind, self._step(kind, level), make)
            answer = made[level](*arguments)
            if kind == "train":
                self._count += self.steps_per_execution
            return answer

        return call

    def _step(self, kind: str, level: int) -> Callable[..., Any]:
        """The model's own step, at a level whenever it is traced."""
        plain = getattr(self, f"{kind}_step")

        def step(*arguments: Any) -> Any:  # a function of its own: JAX knows compiled ones by their identity
            with self.at(level):
                return plain(*arguments)

        return step
