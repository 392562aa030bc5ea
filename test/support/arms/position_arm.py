# SPDX-License-Identifier: Apache-2.0
"""An arm whose driver takes positions or poses: a servo behind a wire, seen through the follower."""

from __future__ import annotations

from collections import deque

import numpy as np

from arms.franka_arm import DT, HOME, WIDTH, Rig, franka_config, franka_follower, franka_limits, franka_model
from controllers.control_config import ControlConfig
from controllers.rotations import from_matrix

SERVO = 60.0  # [rad/s] of the driver's servo, critically damped


class ServoArm:
    """Joints that follow commanded positions like a driver's servo does, `delay` [s] late."""

    def __init__(self, q: np.ndarray, delay: float = 0.004) -> None:
        self.q, self.dq, self.time, self._delay = np.array(q, float), np.zeros(len(q)), 0.0, delay
        self._waiting: deque[tuple[float, np.ndarray]] = deque()
        self._target = self.q.copy()
        self.blocked: np.ndarray | None = None  # (N,) where something holds the joints, if anything does

    def command(self, target: np.ndarray) -> None:
        self._waiting.append((self.time + self._delay, target.copy()))

    def step(self, dt: float) -> None:
        while self._waiting and self._waiting[0][0] <= self.time + 1e-9:
            self._target = self._waiting.popleft()[1]
        for _ in range(4):
            ddq = SERVO**2 * (self._target - self.q) - 2.0 * SERVO * self.dq
            self.dq = self.dq + 0.25 * dt * ddq
            self.q = self.q + 0.25 * dt * self.dq
        if self.blocked is not None:
            self.q, self.dq = self.blocked.copy(), np.zeros(len(self.q))
        self.time += dt


class PositionRig(Rig):
    """Rig for a position arm; `commands` (T, N) [rad] are kept beside the samples."""

    def __init__(self, config: ControlConfig | None = None, q: np.ndarray = HOME, monitor=None, dt: float = DT) -> None:
        self.config, self.dt = config or franka_config(), dt
        self.model, self.limits = franka_model(), franka_limits(self.config)
        self.follower = franka_follower(self.model, self.config, monitor, "position")
        self.driven = self.follower.arms["panda"]
        self.servo = ServoArm(q)
        self.samples, self.commands, self.sequence = [], [], 0
        self._kinematics = franka_model()
        self.follower.activate(self.servo.q, self.servo.dq, {WIDTH: 0.08}, self.now)
        self.T_start = self.tool
        self.position = self.T_start[:3, 3].copy()
        self.quaternion = np.array(from_matrix(self.T_start[:3, :3]))

    @property
    def now(self) -> float:
        return self.servo.time

    @property
    def tool(self) -> np.ndarray:
        return self._kinematics.forward(self.servo.q)

    def run(self, duration: float, stale: bool = False) -> np.ndarray:
        """Tick for `duration` [s]; return the commands of this stretch (T, N) [rad]."""
        first, stamp = len(self.commands), self.now
        for _ in range(round(duration / self.dt)):
            command = self.follower.tick(self.now, self.dt, self.servo.q, self.servo.dq, stamp if stale else self.now)
            if not self.config.shadow:
                self.servo.command(command.arms["panda"].position)
            self.commands.append(command.arms["panda"].position.copy())
            self.servo.step(self.dt)
        return np.array(self.commands[first:])

    @property
    def hold(self) -> str:
        return self.follower.progress.hold_reason
