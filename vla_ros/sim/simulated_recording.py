# SPDX-License-Identifier: Apache-2.0
"""Record an excitation without an arm: control's own follower against exact dynamics, through imperfect sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from controllers.follower import ChunkFollower
from vla_ros.robots.identification.excitation import Excitation
from vla_ros.robots.identification.player import ExcitationPlayer
from vla_ros.robots.identification.recording import ExcitationRecording
from vla_ros.sim.delayed_arm import DelayedArm

RATE = 500.0  # [Hz] of control and of joint states
SHOW_EVERY = 250  # ticks


@dataclass(frozen=True)
class SensorNoise:
    """What is measured of the arm."""

    position_step: float = 1e-4  # [rad] of the encoder
    velocity: float = 5e-3  # [rad/s] standard deviation
    effort: float = 0.002  # standard deviation, as a share of the joints' effort limits

    def __post_init__(self) -> None:
        if not (self.position_step > 0.0 and self.velocity >= 0.0 and self.effort >= 0.0):
            raise ConfigError("sensor noise: position_step must be > 0, velocity and effort >= 0")


def record_simulated(
    robot: str,
    follower: ChunkFollower,
    arm: DelayedArm,
    excitation: Excitation,
    noise: SensorNoise | None = None,
    seed: int = 0,
    show: Callable[[float], None] = lambda share: None,
) -> ExcitationRecording:
    """Play `excitation` by a follower of one arm; return what is recorded: the commanded effort, without gravity.

    Raises VlaError when the follower refuses a chunk or stops.
    """
    noise, random, dt = noise or SensorNoise(), np.random.default_rng(seed), 1.0 / RATE
    ((name, driven),) = follower.arms.items()
    spread = noise.effort * driven.limits.effort
    player = ExcitationPlayer(excitation, robot, name, follower.base_frame, with_gravity=False)
    follower.activate(arm.q, arm.dq, {}, arm.time)
    effort, ticks = np.zeros(len(spread)), 0
    while not player.finished:
        q, dq = arm.measure()
        q = noise.position_step * np.round(q / noise.position_step)
        dq = dq + noise.velocity * random.normal(size=len(dq))
        measured = effort + spread * random.normal(size=len(q))
        chunk = player.take(arm.time, q, dq, measured, follower.progress.hold_reason)
        if chunk is not None:
            follower.submit(chunk, arm.time, "planner")
        effort = follower.tick(arm.time, dt, q, dq).arms[name].effort.copy()
        arm.command(effort)
        for _ in range(round(dt / arm.timestep)):
            arm.step()
        ticks += 1
        if ticks % SHOW_EVERY == 0:
            show(player.share)
    show(1.0)
    return player.recording()
