"""The door of every capability: what a model is given there is checked, whoever calls.

A family's class derives from ``Contract`` beside ``keras.Model``. Each method of it that belongs to a capability (see
``models.core.family``) then refuses arrays of another dtype, range or number of axes than the capability's own
annotations promise. It costs some 10 microseconds a call for a small image and 5 milliseconds a megapixel at most.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from models.core.arrays import CHECKS
from models.core.capabilities import CAPABILITIES
from models.core.diffusion.capability import Kept

Check = Callable[[Any, str], None]


def check_kept(kept: Kept, where: str) -> None:
    """Refuse an inpainting that would keep other things than images."""
    CHECKS["Images"](kept.images, where)


def promises() -> dict[str, dict[str, Check]]:
    """What the capabilities promise of their arguments: method -> argument -> how it is checked."""
    checks: Mapping[str, Check] = {**CHECKS, "Kept": check_kept}
    found: dict[str, dict[str, Check]] = {}
    for kind in CAPABILITIES:
        for base in kind.__mro__:
            for name, method in vars(base).items():
                if name.startswith("_") or not inspect.isfunction(method):
                    continue
                named = {one: str(text).removesuffix(" | None") for one, text in method.__annotations__.items()}
                wanted = {one: checks[text] for one, text in named.items() if text in checks and one != "return"}
                if wanted:
                    found[name] = wanted
    return found


PROMISES = promises()


class Contract:
    """Derive a family's model from it, before ``keras.Model``; subclasses are covered, too."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in PROMISES.keys() & vars(cls).keys():
            setattr(cls, name, checked(vars(cls)[name], PROMISES[name]))


def checked(method: Callable[..., Any], promised: Mapping[str, Check]) -> Callable[..., Any]:
    """The method, after a look at what it was given; None is left to the method."""
    places = list(inspect.signature(method).parameters)
    wanted = [(places.index(name), name, check) for name, check in promised.items() if name in places]

    @functools.wraps(method)
    def with_check(self: Any, *args: Any, **kwargs: Any) -> Any:
        for place, name, check in wanted:  # ``self`` is place 0
            value = args[place - 1] if place <= len(args) else kwargs.get(name)
            if value is not None:
                check(value, f"{type(self).__name__}.{method.__name__}")
        return method(self, *args, **kwargs)

    return with_check
