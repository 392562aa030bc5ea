# SPDX-License-Identifier: Apache-2.0
"""When there is an alarm, and what follows. Light to import: commands check it before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError, unknown_name

TELL, PAUSE, BACK_OFF, HOME = "tell", "pause", "back_off", "home"
REACTIONS = (TELL, PAUSE, BACK_OFF, HOME)
ALPHA_MIN, ALPHA_MAX = 1e-4, 0.9999  # of a launch and of the node, whose bounds are both included


@dataclass(frozen=True)
class AlarmConfig:
    """When there is an alarm, and what follows."""

    score: str = "lstm"
    alpha: float = 0.1  # share of successful episodes that raise one
    reaction: str = TELL
    attempts: int = 2  # ways back in an episode; then a person is asked

    def __post_init__(self) -> None:
        if self.reaction not in REACTIONS:
            raise ConfigError(unknown_name("reaction to an alarm", self.reaction, REACTIONS))
        if not 0.0 < self.alpha < 1.0:
            raise ConfigError(f"alpha must lie between 0 and 1, got {self.alpha}")
        if not 1 <= self.attempts <= 100:
            raise ConfigError(f"attempts must be 1 to 100, got {self.attempts}")
