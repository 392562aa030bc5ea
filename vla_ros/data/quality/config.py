# SPDX-License-Identifier: Apache-2.0
"""From where on something costs, and how much: config/quality.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.configuration import config_file, load_config


@dataclass(frozen=True)
class Threshold:
    """Nothing is lost up to `ok`, `weight` of the score at `bad` and beyond; between them it grows evenly."""

    ok: float
    bad: float
    weight: float  # 0 … 1

    def __post_init__(self) -> None:
        if not self.ok < self.bad:
            raise ConfigError(f"ok must be below bad, got {self.ok:g} and {self.bad:g}")
        if not 0.0 <= self.weight <= 1.0:
            raise ConfigError(f"weight must be 0 to 1, got {self.weight:g}")

    def penalty(self, value: float) -> float:
        """Return the share of the score that a value costs."""
        return self.weight * min(1.0, max(0.0, (value - self.ok) / (self.bad - self.ok)))


@dataclass(frozen=True)
class QualityConfig:
    """The thresholds of every measure, with the words that go with them in config/quality.yaml."""

    required_topics: tuple[str, ...]
    event_topics: tuple[str, ...]  # by the end of their names: silence of these is no gap
    gap_factor: float  # of the median interval of a topic: longer is a gap
    gap_min_s: float  # [s] but not when it is shorter
    gap: Threshold  # [s] longest gap of a stream
    slow: Threshold  # share by which a stream is slower than `rates`
    rates: dict[str, float]  # [Hz] at least, by the end of a topic's name
    camera_joint_skew: Threshold  # [s]
    camera_camera_skew: Threshold  # [s]
    backwards: Threshold  # stamps that go back, a stream
    dark_level: float  # grey level 0 … 255: a mean below is black
    black: Threshold  # share of images
    same_change: float  # grey levels of mean difference: below, two images are the same
    frozen: Threshold  # [s] of the same image while the arm moves
    moving_speed: float  # [rad/s] of the fastest joint: above, the arm moves
    smoothing_hz: float  # cutoff in front of the derivatives
    jerk: Threshold  # [rad/s³] RMS while it moves, worst joint
    limit_margin: float  # [rad] distance to a joint limit that counts as contact
    limit_contact: Threshold  # share of time
    condition_max: float  # condition number of the tool's Jacobian from which it is singular
    singular: Threshold  # share of time
    still_speed: float  # [rad/s] of the fastest joint: below, it idles
    idle_longest: Threshold  # [s]
    idle_share: Threshold  # of the episode
    saturated_share: float  # of a joint's effort limit: above, the command is clipped
    clipped: Threshold  # share of commands
    refused: Threshold  # share of chunks
    chatter_travel: float  # [m] of the width that makes a turn of the gripper one
    chatter_window_s: float
    chatter: Threshold  # turns of the gripper within that window
    end_speed: Threshold  # [rad/s] of the fastest joint at the end
    unfinished_weight: float = 0.3  # an episode without an end
    missing_weight: float = 0.6  # a required topic that is not there
    refused_by_conversion_weight: float = 0.5  # `vla convert` refuses the episode; at least 0.5: no score above 50
    other_share: float = 0.1  # of what a topic costs that the data is not made of
    unused: Threshold = field(default_factory=lambda: Threshold(0.5, 3.0, 0.4))  # [s] of the episode without a frame
    short: Threshold = field(default_factory=lambda: Threshold(-1.0, -0.5, 0.5))  # [s], negative: shorter costs

    def __post_init__(self) -> None:
        positive = ("gap_factor", "gap_min_s", "moving_speed", "smoothing_hz", "condition_max", "still_speed",
                    "chatter_travel", "chatter_window_s")  # fmt: skip
        for name in positive:
            if not getattr(self, name) > 0.0:
                raise ConfigError(f"{name} must be > 0, got {getattr(self, name):g}")
        if not 0.5 <= self.refused_by_conversion_weight <= 1.0:
            raise ConfigError(
                f"refused_by_conversion_weight must be 0.5 to 1, got {self.refused_by_conversion_weight:g}: what "
                "conversion refuses has no score above 50"
            )
        if not 0.0 <= self.other_share <= 1.0:
            raise ConfigError(f"other_share must be 0 to 1, got {self.other_share:g}")
        for name, rate in self.rates.items():
            if not rate > 0.0:
                raise ConfigError(f"rates.{name} must be > 0, got {rate:g}")


def load_quality_config(path: Path | None = None) -> QualityConfig:
    """Read the thresholds, those of this project unless another file is given. Raises ConfigError for a bad one."""
    return load_config(path or config_file("", "quality.yaml"), QualityConfig)
