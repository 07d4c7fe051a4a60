"""Fault C-24: whatever is typed into a form is either named as wrong, field by field, or can be trained with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from models.core.errors import ConfigError
from models.core.family import DataSpec, parse_config
from tests.tools.least_settings import least

SPEC = DataSpec((28, 28, 1), 10)
IMAGES = np.random.default_rng(0).random((8, 28, 28, 1), np.float32)
ODD: tuple[Any, ...] = (
    0, -1, 1, 0.5, 3, 10**12, 2**63, 1e308, -1e308, math.nan, math.inf, -math.inf, "", " ", "x", "nan", "1e999", "０",
    None, True, [], {}, b"\xff", "none", "adam", "1_000", "7 ", "\x00",
)  # fmt: skip
FAMILIES = sorted(models.FAMILIES)


def anything(config: type) -> st.SearchStrategy[dict[str, Any]]:
    """Up to four fields of a family with odd values, now and then one that it does not have."""
    names = st.sampled_from([*config.model_fields, "colour"])
    return st.dictionaries(names, st.one_of(st.sampled_from(ODD), st.integers(), st.floats(), st.text(max_size=5)),
                           max_size=4)  # fmt: skip


@pytest.mark.parametrize("key", FAMILIES)
def test_odd_values_are_named_by_field_or_taken_within_the_limits(key: str) -> None:
    config_class = models.family(key).CONFIG

    @settings(max_examples=300, deadline=None)
    @given(anything(config_class))
    def check(values: dict[str, Any]) -> None:
        try:
            config = parse_config(config_class, values)
        except ConfigError as error:
            assert error.fields and set(error.fields) <= set(values)
            assert all(text and "Traceback" not in text for text in error.fields.values())
            return
        for name, value in config.model_dump().items():
            assert isinstance(value, (str, bool)) or math.isfinite(value), name

    check()


@pytest.mark.parametrize("key", FAMILIES)
def test_every_number_at_its_least_still_trains(key: str) -> None:
    module = models.family(key)
    config = parse_config(module.CONFIG, least(module.CONFIG))
    model = module.build(config, SPEC)
    model.compile(optimizer=model.make_optimizer())
    history = model.fit(IMAGES, batch_size=config.batch_size, epochs=1, steps_per_epoch=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
