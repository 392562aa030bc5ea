# SPDX-License-Identifier: Apache-2.0
"""The impedance controller inside a driver that takes poses: springs at the physics rate, with no wire in between.

What its joints may do is the driver's to keep: it keeps their range and speed, as a real one does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from controllers.drives.torque_barrier import TorqueBarrier
from controllers.laws.impedance import CartesianImpedance
from controllers.rotations import normalise
from vla_ros.robots.control import arm_limits, arm_model, load_control_config
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import ArmGroup

# [rad/s] what a loop of 1 kHz inside the driver allows, beside 28 and 22 over a topic
FREQUENCY_MAX, FREQUENCY_DESIGN = 80.0, 50.0


class PoseServo:
    """Efforts that pull an arm's tool to a pose."""

    def __init__(self, embodiment: Embodiment, arm: ArmGroup, q: np.ndarray) -> None:
        """Keep the elbow near q (N,) [rad]."""
        config = load_control_config(embodiment.source)
        self._model = arm_model(embodiment, arm, config)
        impedance = replace(config.impedance, frequency_max=FREQUENCY_MAX, frequency_design=FREQUENCY_DESIGN)
        self._law = CartesianImpedance(self._model.size, impedance)
        self._law.q_rest[:] = q
        self._barrier = TorqueBarrier(self._model, arm_limits(arm, config))
        self._position, self._quaternion = np.zeros(3), (0.0, 0.0, 0.0, 1.0)
        self._still = np.zeros(6)

    @property
    def carriers(self) -> tuple[str, ...]:
        """Name the joints of other groups that carry the arm."""
        return self._model.mount.carriers

    def carry(self, q: np.ndarray) -> None:
        """Have the carriers at q (K,) [rad], [m]."""
        self._model.mount.place(q)

    def command(self, pose: np.ndarray) -> None:
        """Pull to `pose` (7,): position [m], quaternion xyzw, in the base frame."""
        self._position[:] = pose[:3]
        self._quaternion = normalise(tuple(pose[3:].tolist()))

    def effort(self, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Return τ (N,) [N·m] without gravity at q, dq (N,)."""
        self._model.update(q, dq)
        tau = self._law.effort(self._model, self._position, self._quaternion, self._still, self._still)
        self._barrier.apply(self._model, tau)
        return tau
