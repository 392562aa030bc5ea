# SPDX-License-Identifier: Apache-2.0
"""Put back what the hand holds: over where it stood, down, let go."""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.arm.homing import release_chunk, shift_chunk
from vla_ros.nodes.arm.way_home import ControlRefused, WayHome

ABOVE = 0.01  # [m] above where it stood it is let go: it may hang askew
ARRIVED, ARRIVED_WITHIN_S = 0.02, 2.0  # [m] off the goal, [s] that a busy machine takes to say so
IN_PLACE = 0.01  # [m] sideways that need no way of their own


def put_back(node: ArmClient, way: WayHome, displacement: np.ndarray) -> None:
    """Put down what has been displaced by (3,) [m], base frame, and open the hand; the tool stays there.

    Sideways at the present height first, so that nothing is swept off the table.
    """
    sideways = np.array([-displacement[0], -displacement[1], 0.0])
    down = np.array([0.0, 0.0, min(ABOVE - displacement[2], 0.0)])
    for offset in (sideways, down):
        if np.linalg.norm(offset) > IN_PLACE:
            _shift(node, way, offset)
    gripper, frame = node.embodiment.only_gripper, node.embodiment.base_frame

    def release(stamp: float, number: int) -> ActionChunk:
        return release_chunk(stamp, frame, gripper.arm, gripper.name, _commanded(node), gripper.width_max, number)

    way.execute(release)


def _shift(node: ArmClient, way: WayHome, offset: np.ndarray) -> None:
    """Move the tool; raise ControlRefused when it does not arrive: nothing is let go elsewhere."""
    arm, frame, T = node.embodiment.only_gripper.arm, node.embodiment.base_frame, _commanded(node)
    goal = T[:3, 3] + offset

    def arrived() -> bool:
        return bool(np.linalg.norm(_commanded(node)[:3, 3] - goal) < ARRIVED)

    way.execute(lambda stamp, number: shift_chunk(stamp, frame, arm, T, offset, number))
    if not way.spin_until(arrived, ARRIVED_WITHIN_S):
        raise ControlRefused(f"control stopped on the way ({node.progress.refused or node.progress.hold_reason})")


def _commanded(node: ArmClient) -> np.ndarray:
    T = node.commanded.get(node.embodiment.only_gripper.arm)
    if T is None:
        raise ControlRefused("control says no pose: nothing is put back")
    return T
