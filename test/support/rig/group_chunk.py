# SPDX-License-Identifier: Apache-2.0
"""A chunk for any groups of a robot at once, from where they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from rig.nodes import Operator


def group_chunk(
    operator: Operator, shifts: Mapping[str, np.ndarray], others: Mapping[str, float], seconds: float
) -> ActionChunk:
    """Return a chunk that takes tools by `shifts` [m] and joints of `others` to their values, evenly.

    What is no joint's has its value from the start: a width, suction, a velocity of the base.
    """
    times = np.arange(1, round(seconds / 0.1) + 1) * 0.1
    share = (times / times[-1])[:, None]
    columns: dict[str, np.ndarray] = {}
    for arm, shift in shifts.items():
        T = operator.tools[arm]
        poses = np.hstack([T[:3, 3] + share * shift, np.tile(from_matrix(T[:3, :3]), (len(times), 1))])
        columns |= zip(pose_channels(arm), poses.T, strict=True)
    for channel, value in others.items():
        name = channel.rpartition("/")[0]
        start = joint(operator, name) if name in operator.robot.driven_joints else value
        columns[channel] = start + share[:, 0] * (value - start)
    operator._sequence += 1
    values = np.array(list(columns.values())).T
    frame = operator.robot.base_frame
    return ActionChunk(operator.stamp, frame, tuple(columns), times, values, operator._sequence)


def joint(operator: Operator, name: str) -> float:
    """Return where a joint is measured [rad] or [m]."""
    return float(operator.joints.position[operator.robot.driven_joints.index(name)])
