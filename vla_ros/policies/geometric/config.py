# SPDX-License-Identifier: Apache-2.0
"""Everything the geometric policy can be told, in config/policies/geometric.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.policies.geometric.grasps.search_config import GraspSearchConfig
from vla_ros.policies.geometric.motion import MotionConfig
from vla_ros.policies.geometric.perceiving.perception import PerceptionConfig
from vla_ros.policies.geometric.perceiving.recognition import RecognitionConfig
from vla_ros.policies.geometric.target import TargetConfig


@dataclass(frozen=True)
class EpisodeConfig:
    """How one grasp is carried through."""

    looks: int = 3  # observations without the target before it is declared absent
    blind: float = 0.10  # [m] from the target, nearer than this the hand hides it
    moved: float = 0.012  # [m] the target must move before the grasp is planned again
    settle_looks: int = 2  # observations averaged before the arm sets off
    arrived: float = 0.004  # [m]
    arrived_angle: float = 0.06  # [rad]
    close_s: float = 0.5  # [s] least time for the fingers to close
    close_max_s: float = 2.5
    width_still: float = 0.0008  # [m] between observations: the fingers have stopped
    width_min: float = 0.0012  # [m] fingers closer than this hold nothing
    lift: float = 0.22  # [m]
    retreat: float = 0.12  # [m] up after a failed attempt
    clearance: float = 0.05  # [m] fingertips above what they fly over
    reach_tries: int = 6  # grasps tested for reach, each unlike the others
    attempts: int = 3
    hold_s: float = 1.5  # [s] at the top before saying so

    def __post_init__(self) -> None:
        if self.looks < 1 or self.attempts < 1:
            raise ConfigError("episode: looks and attempts must be at least 1")
        for name, value in vars(self).items():
            if value <= 0:
                raise ConfigError(f"episode.{name} must be > 0, got {value}")


@dataclass(frozen=True)
class PlacementConfig:
    """How something is put down."""

    floor: float = 0.008  # [m] of a receptacle above the table: lower the cameras do not tell it from the table
    gap: float = 0.012  # [m] above that where the hand opens: the object's lowest point is known to so much
    over: float = 0.045  # [m] of the object's lowest point above what it passes
    aside: float = 0.12  # [m] to either side of the way that must be passed over
    turns: tuple[float, ...] = (0.0, 0.5, -0.5, 1.0, -1.0, 1.57, -1.57, 2.4, -2.4, 3.14)  # [rad] about the vertical
    arrived: float = 0.015  # [m]
    release_room: float = 0.015  # [m] on each side that the fingers open by before the hand leaves
    release_s: float = 0.6  # [s]

    def __post_init__(self) -> None:
        if not self.turns:
            raise ConfigError("placement.turns must name at least one turn")
        for name, value in vars(self).items():
            if name != "turns" and value <= 0:
                raise ConfigError(f"placement.{name} must be > 0, got {value}")


@dataclass(frozen=True)
class GeometricConfig:
    """The geometric policy's settings; every key has a default."""

    anchor: str = "commanded"
    period: float = 0.1  # [s] between actions
    horizon: int = 4
    critic: str = ""  # folder of GAM's weights, whose critic ranks the cheapest grasps; empty: the cost alone
    perception: PerceptionConfig = field(default_factory=PerceptionConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    target: TargetConfig = field(default_factory=TargetConfig)
    grasp: GraspSearchConfig = field(default_factory=GraspSearchConfig)
    motion: MotionConfig = field(default_factory=MotionConfig)
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    placement: PlacementConfig = field(default_factory=PlacementConfig)
