# SPDX-License-Identifier: Apache-2.0
"""A policy of AgileX's in a file of its own: both arms stay where they are."""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros.policies.needs import Needs
from vla_ros.policies.observation import Observation

SIDES = ("left", "right")


class Still:
    """Needs no camera."""

    needs = Needs((), groups=SIDES)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return where both are told to be already."""
        tools = [observation.commanded.arms[side].T_base_ee for side in SIDES]
        pose = np.concatenate([[*T[:3, 3], *from_matrix(T[:3, :3])] for T in tools])
        channels = tuple(channel for side in SIDES for channel in pose_channels(side))
        return ActionChunk(observation.stamp, "base_link", channels, 0.1 * np.arange(1, 5), np.tile(pose, (4, 1)))

    def reset(self) -> None:
        """There is nothing to forget."""
