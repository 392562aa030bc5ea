# SPDX-License-Identifier: Apache-2.0
"""How hard two hands press something between them: a commanded pose inside it, as deep as the arms give way.

An arm that is driven by joint positions presses with the force that its servos make of the way it is told too far. That
force is chosen here, by the arm's compliance where it stands, so that it is the same in every posture.
"""

from __future__ import annotations

import numpy as np

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.robots.groups import ArmGroup

GRAVITY = 9.81  # [m/s²]
RESERVE = 2.5  # times the force at which it would just slip
FORCE_MIN, FORCE_MAX = 15.0, 60.0  # [N] of each hand: cardboard is not to be dented
GIVE = 2.0e-5  # [m/N] that what is held and the finger tips give way


def squeeze_force(mass: float, friction: float) -> float:
    """Return with how much force [N] each of two hands holds a mass [kg] by friction; it is bounded."""
    return float(np.clip(RESERVE * mass * GRAVITY / (2.0 * friction), FORCE_MIN, FORCE_MAX))


class SqueezedArm:
    """An arm whose tool presses along a direction."""

    def __init__(self, model: ArmModel, group: ArmGroup) -> None:
        """Take the arm's servo from its description. Raises ConfigError where that gives none."""
        if group.servo is None:
            raise ConfigError(f"arm '{group.name}': what two hands squeeze takes a 'servo' in the robot's description")
        self._model, self._give = model, 1.0 / np.array(group.servo.stiffness)  # (N,) [rad/(N·m)]

    def depth(self, q: np.ndarray, direction: np.ndarray, force: float) -> float:
        """Return how far [m] too far along a unit direction (3,) the tool is told at q to press with a force [N]."""
        torque = self._model.jacobian(q)[:3].T @ direction  # (N,) of each joint, for 1 N
        return force * (float(torque @ (self._give * torque)) + GIVE)
