# SPDX-License-Identifier: Apache-2.0
"""An arm with actuation latency, for each kind of command: exact dynamics without end stops, the driver's own servo."""

from __future__ import annotations

from collections import deque

import numpy as np

from bench.one_arm import OneArm
from controllers.chunks.progress import ArmCommand
from vla_ros.sim.delayed_arm import DelayedArm
from vla_ros.sim.pose_servo import PoseServo

SERVO_STEP = 1e-3  # [s] of the driver's own loop


class DrivenArm:
    """A simulated arm as control sees it: commands late, joint states at once."""

    def __init__(self, mode: str, one: OneArm, timestep: float, delay: float, jitter: float, q: np.ndarray) -> None:
        """Be at rest at q (N,) [rad]; a command takes `delay` [s] and up to `jitter` [s] more to arrive."""
        self._mode, self._limits = mode, one.limits
        late = mode == "effort"  # others' efforts are computed behind the wire
        self.plant: DelayedArm = one.arm(
            timestep=min(timestep, SERVO_STEP), command_delay=late * delay, jitter=late * jitter, q=q
        )
        self._delay, self._jitter, self._random = delay, jitter, np.random.default_rng(0)
        self._waiting: deque[tuple[float, np.ndarray]] = deque()
        self._setpoint, self._target = q.copy(), q.copy()
        gains = one.arm_group.servo
        self._stiffness, self._damping = (np.array(gains.stiffness), np.array(gains.damping)) if gains else (0.0, 0.0)
        self._servo = PoseServo(one.embodiment, one.arm_group, q) if mode == "pose" else None
        self._driven = False
        self.effort_share = 0.0  # the most that was asked of a joint, of its limit

    @property
    def q(self) -> np.ndarray:
        """Return the joints (N,) [rad]."""
        return self.plant.q

    @property
    def dq(self) -> np.ndarray:
        """Return the joints' speeds (N,) [rad/s]."""
        return self.plant.dq

    @property
    def time(self) -> float:
        """Return the simulated time [s]."""
        return self.plant.time

    def send(self, command: ArmCommand) -> None:
        """Send what this arm is driven by."""
        if self._mode == "effort":
            self._note(command.effort)
            self.plant.command(command.effort)
            return
        value = command.position if self._mode == "position" else command.pose
        arrival = self.time + self._delay + self._random.uniform(0.0, self._jitter)
        self._waiting.append((arrival, value.copy()))

    def advance(self, seconds: float) -> None:
        """Let `seconds` [s] pass."""
        for _ in range(max(1, round(seconds / self.plant.timestep))):
            if self._mode != "effort":
                self._serve()
            self.plant.step()

    def _serve(self) -> None:
        """Take what has arrived, and compute the driver's effort; motors clamp it."""
        while self._waiting and self._waiting[0][0] <= self.time + 1e-9:
            self._target, self._driven = self._waiting.popleft()[1], True
            if self._servo is not None:
                self._servo.command(self._target)
        if not self._driven:
            return
        if self._servo is not None:
            effort = self._servo.effort(self.q, self.dq)
        else:
            stride = self._limits.velocity * self.plant.timestep
            self._setpoint += np.clip(self._target - self._setpoint, -stride, stride)
            effort = self._stiffness * (self._setpoint - self.q) - self._damping * self.dq
        self._note(effort)
        self.plant.command(np.clip(effort, -self._limits.effort, self._limits.effort))

    def _note(self, effort: np.ndarray) -> None:
        self.effort_share = max(self.effort_share, float((np.abs(effort) / self._limits.effort).max()))
