# SPDX-License-Identifier: Apache-2.0
"""An arm with actuation latency: exact forward dynamics, delayed effort and state, jitter, friction, a payload."""

from __future__ import annotations

from collections import deque

import numpy as np

from controllers.arm.model import ArmModel


class DelayedArm:
    """Integrate an ArmModel under efforts that arrive late, and report states that are late too."""

    def __init__(
        self,
        model: ArmModel,
        q: np.ndarray,
        command_delay: float = 0.0,
        state_delay: float = 0.0,
        jitter: float = 0.0,
        damping: float | np.ndarray = 0.0,
        friction: float | np.ndarray = 0.0,
        timestep: float = 0.001,
        seed: int = 0,
    ) -> None:
        """Start at rest at q [rad]; delays and jitter [s], viscous [N·m·s/rad] and dry [N·m] joint friction.

        The model's payload pulls at the arm, unless its driver is told of it.
        """
        self.model, self.timestep, self.time = model, timestep, 0.0
        self.q, self.dq = np.array(q, float), np.zeros(model.size)
        self.damping, self.friction = damping, friction
        self._command_delay, self._state_delay, self._jitter = command_delay, state_delay, jitter
        self._random = np.random.default_rng(seed)
        self._commands: deque = deque()
        self._states: deque = deque([(0.0, self.q.copy(), self.dq.copy())])
        self._effort = np.zeros(model.size)
        self._carries = model.payload.mass > 0.0 and not model.payload.in_driver
        self.disturbance = np.zeros(model.size)  # [N·m] added to the effort

    def command(self, effort: np.ndarray) -> None:
        """Send an effort (N,) [N·m]; it acts after the delay."""
        arrival = self.time + self._command_delay + self._random.uniform(0.0, self._jitter)
        self._commands.append((arrival, effort.copy()))

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Return q, dq as they were one state delay ago."""
        stamp = self.time - self._state_delay + 1e-9
        while len(self._states) > 1 and self._states[1][0] <= stamp:
            self._states.popleft()
        return self._states[0][1], self._states[0][2]

    def step(self) -> None:
        """Advance one timestep (semi-implicit Euler)."""
        while self._commands and self._commands[0][0] <= self.time + 1e-9:
            self._effort = self._commands.popleft()[1]
        tau = self._effort + self.disturbance - self.damping * self.dq - self.friction * np.tanh(self.dq / 1e-2)
        if self._carries:
            tau -= self.model.payload_weight(self.q)
        self.dq = self.dq + self.timestep * self.model.forward_dynamics(self.q, self.dq, tau)
        self.q = self.q + self.timestep * self.dq
        self.time += self.timestep
        self._states.append((self.time, self.q.copy(), self.dq.copy()))
