# SPDX-License-Identifier: Apache-2.0
"""Go straight to a policy's waypoint where the way does not matter, and do as it says where it does (HYDRA)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk, ChannelKind
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.policies.capabilities.waypoints import WaypointPolicy
from vla_ros.policies.chunking.real_time import RealTimeChunking
from vla_ros.policies.chunking.sampling import HELD, sample_chunk
from vla_ros.policies.observation import Observation


@dataclass(frozen=True)
class HydraConfig:
    """How a waypoint is gone to."""

    speed: float = 0.15  # [m/s]
    turn_rate: float = 0.8  # [rad/s], of joints that are told by themselves, too
    period: float = 0.1  # [s] between actions on the way
    actions: int = 16  # of a chunk, at most
    arrived: float = 0.005  # [m] from the waypoint
    arrived_angle: float = 0.05  # [rad]
    base: str = "none"  # what dense chunks are drawn by: a method of real-time chunking, or none

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "base" and not 0.0 < value < np.inf:
                raise ConfigError(f"{name} must be > 0 and finite, got {value}")


class Hydra:
    """A waypoint is kept until the robot is commanded to be there; only then the policy is asked again.

    A new instruction forgets it.
    """

    def __init__(self, policy: WaypointPolicy, config: HydraConfig, base: RealTimeChunking | None = None) -> None:
        """`base`: real-time chunking around the policy, which draws dense chunks; the policy itself by default."""
        self._going, self._config, self._continued = policy, config, base
        self.policy: Policy = policy if base is None else base  # and what it can do: reckon with delays, say
        self.waypoint: ActionChunk | None = None  # one point, where it is going
        self._instruction, self._sequence = "", 0

    def reset(self) -> None:
        """Forget the episode."""
        self.policy.reset()
        self.waypoint, self._instruction, self._sequence = None, "", 0

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the straight way on to the waypoint, or the policy's chunk."""
        if observation.instruction != self._instruction:
            self.waypoint, self._instruction = None, observation.instruction
        if self.waypoint is not None and self._duration(_straight(observation, self.waypoint)) == 0.0:
            self.waypoint = None
        if self.waypoint is None:
            self.waypoint = self._going.waypoint(observation)
        waypoint, self._sequence = self.waypoint, self._sequence + 1
        if waypoint is None:
            return replace(self.policy.infer(observation), sequence=self._sequence)
        if self._continued is not None:
            self._continued.interrupt()
        return replace(self._way(_straight(observation, waypoint)), sequence=self._sequence)

    def _way(self, straight: ActionChunk) -> ActionChunk:
        """Return the beginning of a way of two points as a chunk."""
        config = self._config
        steps = max(1, int(np.ceil(self._duration(straight) / config.period)))
        ahead = np.arange(1, min(steps, config.actions) + 1)
        values = sample_chunk(straight, straight.stamp + ahead / steps)
        return replace(straight, times=config.period * ahead, values=values)

    def _duration(self, straight: ActionChunk) -> float:
        """Return how long a way of two points takes [s]; 0 where its ends are the same place."""
        config = self._config
        duration, there = 0.0, True
        for arm in straight.arms:
            begin, end = straight.positions(arm)
            away = float(np.linalg.norm(end - begin))
            first, last = Rotation.from_quat(straight.quaternions(arm))
            turned = float((first.inv() * last).magnitude())
            duration = max(duration, away / config.speed, turned / config.turn_rate)
            there = there and away < config.arrived and turned < config.arrived_angle
        joints = [column for column, kind in enumerate(straight.kinds) if kind is ChannelKind.JOINT]
        moved = float(np.abs(np.diff(straight.values[:, joints], axis=0)).max(initial=0.0))
        there = there and moved < config.arrived_angle
        return 0.0 if there else max(duration, moved / config.turn_rate)


def _straight(observation: Observation, waypoint: ActionChunk) -> ActionChunk:
    """Return the way as two points a second apart: where the robot is commanded to be, the waypoint.

    What is not interpolated, such as a gripper's width, is the waypoint's from the beginning.
    """
    commanded = observation.commanded.values
    begin = waypoint.values[-1].copy()
    for column, (channel, kind) in enumerate(zip(waypoint.channels, waypoint.kinds, strict=True)):
        if kind not in HELD:
            begin[column] = commanded[channel]
    values = np.vstack([begin, waypoint.values[-1]])
    return replace(waypoint, stamp=observation.stamp, times=np.array([0.0, 1.0]), values=values)
