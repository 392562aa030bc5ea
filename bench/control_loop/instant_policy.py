# SPDX-License-Identifier: Apache-2.0
"""The real policy node around a policy that needs no time: what is left is the way from image to chunk.

python -m bench.control_loop.instant_policy --ros-args -p autostart:=true -p use_sim_time:=true
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros.nodes.policy_node import PolicyNode
from vla_ros.nodes.spinning import run_node, serve_until_stopped
from vla_ros.nodes.transport import Transport
from vla_ros.policies.observation import Observation

STEP, POINTS = 0.1, 8  # [s] of a chunk, points


class InstantPolicy:
    """Stay where the arm is commanded to be."""

    def __init__(self, arm: str, base_frame: str) -> None:
        """Speak to `arm` in `base_frame`."""
        self._arm, self._base_frame = arm, base_frame
        self._channels, self._sequence = pose_channels(arm), 0

    def reset(self) -> None:
        """Have nothing to forget."""

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the commanded pose, again and again."""
        T = observation.commanded.arms[self._arm].T_base_ee
        pose = np.concatenate([T[:3, 3], from_matrix(T[:3, :3])])
        self._sequence += 1
        times, values = STEP * np.arange(1, POINTS + 1), np.tile(pose, (POINTS, 1))
        return ActionChunk(observation.stamp, self._base_frame, self._channels, times, values, self._sequence)


def main() -> int:
    """Run the node."""
    policy = InstantPolicy("panda", "panda_link0")
    return run_node("policy", serve_until_stopped(lambda: PolicyNode(policy)), Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())
