# SPDX-License-Identifier: Apache-2.0
"""A plan as an action chunk, which control executes from source `planner`."""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError
from vla_ros.planning.problem import Plan

PERIOD = 0.05  # [s] between points


def plan_chunk(plan: Plan, stamp: float, frame_id: str, sequence: int, period: float = PERIOD) -> ActionChunk:
    """Return a plan's joint positions every `period` [s] from `stamp` [s] on, the last at rest at the goal.

    Raises ConfigError for a period that control would not make a motion of.
    """
    if not 0.005 <= period <= 0.2:
        raise ConfigError(f"the period of a chunk must be 0.005 to 0.2 s, got {period:g}")
    # The last point comes when the motion is over, rounded up to the grid: control sees one even spacing.
    times = period * np.arange(1, max(1, int(np.ceil(plan.duration / period - 1e-9))) + 1)
    channels = tuple(f"{joint}/position" for joint in plan.joints)
    return ActionChunk(stamp, frame_id, channels, times, plan.sample(times), sequence)
