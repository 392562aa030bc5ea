# SPDX-License-Identifier: Apache-2.0
"""Record an excitation without an arm: control's own follower against exact dynamics, through imperfect sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, VlaError
from controllers.follower import ChunkFollower
from vla_ros.robots.identification.excitation import Excitation
from vla_ros.robots.identification.recording import Recording
from vla_ros.sim.delayed_arm import DelayedArm

RATE = 500.0  # [Hz] of control and of joint states
CHUNK_EVERY_S = 0.4
STOPPED_S = 0.5  # [s] a hold may last while the arm should move
Show = Callable[[float], None]


@dataclass(frozen=True)
class SensorNoise:
    """What is measured of the arm."""

    position_step: float = 1e-4  # [rad] of the encoder
    velocity: float = 5e-3  # [rad/s] standard deviation
    effort: float = 0.002  # standard deviation, as a share of the joints' effort limits

    def __post_init__(self) -> None:
        if min(self.position_step, self.velocity, self.effort) < 0.0:
            raise ConfigError("sensor noise must be >= 0")


def record_simulated(
    robot: str,
    follower: ChunkFollower,
    arm: DelayedArm,
    excitation: Excitation,
    noise: SensorNoise | None = None,
    seed: int = 0,
    show: Show = lambda share: None,
) -> tuple[Recording, np.ndarray]:
    """Play `excitation`; return what is recorded and how far each sample is from the excitation (K, N) [rad].

    Raises VlaError when the follower refuses a chunk or stops.
    """
    noise, random, dt = noise or SensorNoise(), np.random.default_rng(seed), 1.0 / RATE
    limits = follower.limits.effort
    follower.activate(arm.q, arm.dq, 0.0, arm.time)
    rows: list[np.ndarray] = []
    begin, next_chunk, sequence, held = arm.time, 0.0, 0, 0.0
    while (elapsed := arm.time - begin) < excitation.duration:
        if elapsed >= next_chunk - 1e-9:
            sequence += 1
            chunk = excitation.chunk(elapsed, arm.time, follower.model.base_frame, sequence)
            follower.submit(chunk, arm.time, "planner")
            next_chunk += CHUNK_EVERY_S
        q, dq = arm.measure()
        q = noise.position_step * np.round(q / noise.position_step) if noise.position_step else q
        dq = dq + noise.velocity * random.normal(size=len(dq))
        command = follower.tick(arm.time, dt, q, dq)
        held = held + dt if follower.progress.hold_reason else 0.0
        if held > STOPPED_S:
            raise VlaError(f"the arm stopped after {elapsed:.1f} s: {follower.progress.hold_reason}")
        effort = command.effort + noise.effort * limits * random.normal(size=len(q))
        rows.append(np.concatenate([[elapsed], q, dq, effort, arm.q]))
        arm.command(command.effort)
        for _ in range(round(dt / arm.timestep)):
            arm.step()
        if len(rows) % 250 == 0:
            show(elapsed / excitation.duration)
    show(1.0)
    n, samples = len(limits), np.array(rows)
    time, q, dq, effort, exact = np.split(samples, np.cumsum([1, n, n, n]), axis=1)
    recording = Recording(robot, follower.arm, follower.model.joints, False, time[:, 0], q, dq, effort)
    return recording, exact - excitation.sample(time[:, 0])[0]
