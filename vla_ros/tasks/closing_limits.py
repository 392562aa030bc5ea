# SPDX-License-Identifier: Apache-2.0
"""Limits of tasks whose attempts are closures of a gripper."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.judging import TaskLimits


@dataclass(frozen=True)
class ClosingLimits(TaskLimits):
    """What counts as closed and as open; between the two a hand is what it was."""

    closed_fraction: float = 0.45  # of the full width: a command below it closes the gripper
    open_fraction: float = 0.55  # of the full width: a command above it opens the gripper

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.closed_fraction < self.open_fraction < 1.0:
            raise ConfigError(
                f"0 < closed_fraction < open_fraction < 1 must hold, got {self.closed_fraction}, {self.open_fraction}"
            )
