# SPDX-License-Identifier: Apache-2.0
"""The Franka's follower against exact dynamics with actuation latency, in lockstep."""

from __future__ import annotations

import time

import numpy as np

from bench.franka import ARM, WIDTH, Franka
from controllers.chunks.chunk import ActionChunk, pose_channels

PERIOD = 0.1  # [s] between chunks


class FrankaRig:
    """One follower, one arm, and a figure-eight for them."""

    def __init__(self, rate: float, delay: float, jitter: float) -> None:
        """Tick at `rate` [Hz]; delays [s]."""
        self.franka = franka = Franka()
        self.dt, self.home, self._delay, self._jitter = 1.0 / rate, franka.home, delay, jitter
        self.follower = franka.follower()
        self.driven = self.follower.arms[ARM]
        self.stitch_ms: list[float] = []
        self.restart()

    def restart(self, **plant: float) -> None:
        """Put the arm back home and enable afresh."""
        wire = {"command_delay": self._delay, "jitter": self._jitter, "timestep": min(self.dt, 1e-3)}
        self.arm = self.franka.arm(**(wire | plant))
        self.follower.activate(self.arm.q, self.arm.dq, {WIDTH: 0.08}, 0.0)
        start = self.franka.start
        self._position, self._quaternion = start[:3], start[3:]
        self.sequence = 0

    @property
    def tool(self) -> np.ndarray:
        """Return where the tool is (3,) [m]."""
        return self.franka.model.forward(self.arm.q)[:3, 3]

    def path(self, t: float) -> np.ndarray:
        """Return the ideal tool position [m] at t [s]: a figure-eight 0.2 m wide, 0.125 Hz, begun gently."""
        phase = 2.0 * np.pi * 0.125 * t
        return self._position + min(1.0, t) * np.array([0.0, 0.1 * np.sin(phase), 0.05 * np.sin(2.0 * phase)])

    def submit(self) -> None:
        """Hand over the next 0.4 s of the path, four points."""
        times = PERIOD * np.arange(1, 5)
        points = np.array([self.path(self.arm.time + t) for t in times])
        values = np.hstack([points, np.tile(self._quaternion, (4, 1))])
        self.sequence += 1
        chunk = ActionChunk(self.arm.time, "panda_link0", pose_channels(ARM), times, values, self.sequence)
        began = time.perf_counter()
        self.follower.submit(chunk, self.arm.time)
        self.stitch_ms.append(1e3 * (time.perf_counter() - began))

    def tick(self, stale: bool = False) -> float:
        """Tick once and step the arm; return the tick's duration [s]."""
        q, dq = self.arm.measure()
        stamp = self.arm.time - (1.0 if stale else 0.0)
        began = time.perf_counter()
        command = self.follower.tick(self.arm.time, self.dt, q, dq, stamp)
        duration = time.perf_counter() - began
        self.arm.command(command.arms[ARM].effort)
        for _ in range(max(1, round(self.dt / self.arm.timestep))):
            self.arm.step()
        return duration

    def follow(self, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """Follow the path; return tick durations [s] and tool errors against the ideal path [m]."""
        durations, errors, next_chunk = [], [], self.arm.time
        end = self.arm.time + seconds
        while self.arm.time < end:
            if self.arm.time >= next_chunk - 1e-9:
                self.submit()
                next_chunk += PERIOD
            durations.append(self.tick())
            errors.append(np.linalg.norm(self.tool - self.path(self.arm.time)))
        return np.array(durations), np.array(errors)
