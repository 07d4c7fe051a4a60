"""Settings of every family that diffuses, and the rates that follow from them."""

from __future__ import annotations

from typing import Literal

from models.core.diffusion import schedules
from models.core.diffusion.prompt import Kind
from models.core.diffusion.rates import Rates
from models.core.errors import ConfigError
from models.core.family import Config, setting

START = "0.25:0.85, 0.5:0.49, 0.75:0.14"
# Per cent of T below which lies only a tenth of the times that training draws: sigmoid(-1.28) for the logit-normal.
# What a network has hardly seen it does badly: strides through these times put grain on the images, one stride over
# them leaves half of it. The last one begins there.
RARE = {"uniform": 0, "logit_normal": 21}


class DiffusionConfig(Config):
    """Settings of every family that diffuses."""

    timesteps: int = setting(4000, "Time steps from an image to noise.", unit="steps", group="model", ge=100, le=4000)
    schedule: Literal["cosine", "linear", "own", "flow"] = setting(
        "cosine",
        'How quickly noise replaces the image; "Custom" follows the points you set, "Flow" straight lines (rectified '
        "flow, which predicts velocity).",
        group="model",
    )
    schedule_points: str = setting(
        START,
        "Share of the time : alpha_bar, falling from 1 to 0 (custom schedule only).",
        group="model",
        max_length=500,
    )
    prediction: Literal["noise", "velocity"] = setting(
        "noise", "What the network predicts: the noise, or the velocity from the image to the noise.", group="model"
    )
    drawn_times: Literal["uniform", "logit_normal"] = setting(
        "uniform", "How often each time is learned: all alike, or the middle more often (logit-normal).",
        title="Times",
    )  # fmt: skip
    loss: Literal["huber", "mae", "mse"] = setting("huber", "Loss between the true and the predicted noise.")
    condition: Kind = setting(
        "none",
        "What you can ask for: one of the dataset's classes, any of its attributes, or a sentence of the words in its "
        "captions.",
        group="model",
    )
    drop: float = setting(
        0.1,
        "Condition dropout: share of images trained without their class, attributes or caption (for guidance).",
        group="model",
        ge=0.01,
        le=0.9,
        title="Condition dropout",
    )
    ema: float = setting(
        0.999, "Decay of the moving average of the weights (EMA) that samples use; 0 = off, as in the textbook.",
        ge=0, lt=1, title="EMA decay"
    )  # fmt: skip


def points_of(text: str) -> list[tuple[float, float]]:
    """ "0.25:0.85, 0.5:0.49" -> [(0.25, 0.85), (0.5, 0.49)].

    Raises:
        ConfigError: if that is not what it says.
    """
    try:
        pairs = [pair.split(":") for pair in text.split(",") if pair.strip()]
        points = [(float(share), float(height)) for share, height in pairs]
        schedules.from_alpha_bar(points, 100)
    except ValueError:
        problem = "must be pairs like 0.25:0.85, 0.5:0.49 whose times rise and whose alpha_bars fall between 1 and 0"
        raise ConfigError({"schedule_points": problem}) from None
    return points


def rates_of(config: DiffusionConfig) -> Rates:
    """Image and noise by t.

    Raises:
        ConfigError: if noise is to be predicted on a flow, at whose end the noise says nothing about the image.
    """
    if config.schedule == "flow":
        if config.prediction == "noise":
            raise ConfigError({"prediction": "must be velocity where the schedule is flow"})
        return Rates.flow(config.timesteps, RARE[config.drawn_times] * config.timesteps // 100)
    if config.schedule == "own":
        return Rates.preserving(schedules.from_alpha_bar(points_of(config.schedule_points), config.timesteps))
    alpha_bar = schedules.cosine if config.schedule == "cosine" else schedules.linear
    return Rates.preserving(alpha_bar(config.timesteps))
