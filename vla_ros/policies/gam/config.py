# SPDX-License-Identifier: Apache-2.0
"""Sizes of GAM's actor and critic. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.families.weights import check_layers

COSINE, LINEAR = SCHEDULES = ("cosine", "linear")


@dataclass(frozen=True)
class ActionScales:
    """What one unit of an action's numbers is. Raises ConfigError for what is not positive."""

    position: float = 0.3  # [m] from the scene frame's origin: half of a crop that holds a tote
    width: float = 0.15  # [m] widest between fingers
    depth: float = 0.1  # [m] deepest that fingers reach beyond the tool's plane

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 < value <= 10.0:
                raise ConfigError(f"scales.{name} must be above 0 and at most 10 m, got {value}")


@dataclass(frozen=True)
class ToolBins:
    """Bins of the cylinders that stand for a tool (section II-C). What lies beyond falls into the outermost."""

    places: int = 64  # of x and of y each
    reach: float = 0.16  # [m] of x and y from the axis, either way: bins of 5 mm
    radii: int = 32
    radius: float = 0.064  # [m] of the largest: bins of 2 mm
    strokes: int = 16
    stroke: float = 0.08  # [m] of the longest: bins of 5 mm
    kind: bool = True  # whether a cup and a finger of one size are told apart: not in the paper
    with_strokes: bool = True  # whether strokes are told: not in the paper

    def __post_init__(self) -> None:
        for name in ("places", "radii", "strokes"):
            if not 2 <= getattr(self, name) <= 4096:
                raise ConfigError(f"tool.{name} must be 2 to 4096 bins, got {getattr(self, name)}")
        for name in ("reach", "radius", "stroke"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ConfigError(f"tool.{name} must be above 0 and at most 1 m, got {getattr(self, name)}")


@dataclass(frozen=True)
class SceneTokens:
    """How pictures and points become tokens."""

    views: int = 2  # at most: the source's and the destination's
    height: int = 128  # [px]
    width: int = 160  # [px]
    image_layers: int = 2
    object_points: int = 1024  # of the instance of interest at most, drawn where there are more
    surrounding_points: int = 1024  # of what is around it, likewise
    object_groups: int = 32  # of points of the instance of interest
    surrounding_groups: int = 32  # of points around it
    neighbours: int = 16  # points of a group
    point_layers: int = 2

    def __post_init__(self) -> None:
        check_layers(image_layers=self.image_layers, point_layers=self.point_layers)
        for name, value in vars(self).items():
            if value < 1:
                raise ConfigError(f"scene.{name} must be at least 1, got {value}")
        if self.height % PATCH or self.width % PATCH:
            raise ConfigError(f"scene.height and width must be multiples of {PATCH}, got {self.height}, {self.width}")


PATCH = 16  # [px] of a patch's side


@dataclass(frozen=True)
class GamSizes:
    """How large actor and critic are. Raises ConfigError for sizes that no network can have."""

    width: int = 128  # numbers of a token
    heads: int = 4
    feedforward: int = 256
    text_layers: int = 1
    actor_blocks: int = 6  # even ones read the scene, odd ones words and tool
    critic_blocks: int = 4
    elements: int = 16  # cups and fingers of a tool at most: no weight depends on it
    diffusion_steps: int = 1000  # of training
    sampling_steps: int = 10
    schedule: str = COSINE
    scales: ActionScales = field(default_factory=ActionScales)
    tool: ToolBins = field(default_factory=ToolBins)
    scene: SceneTokens = field(default_factory=SceneTokens)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int) and value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        check_layers(text_layers=self.text_layers, actor_blocks=self.actor_blocks, critic_blocks=self.critic_blocks)
        if self.width % self.heads or self.width % 2 or self.width < 12:
            raise ConfigError(f"width must be even, 12 or more, a multiple of heads ({self.heads}), got {self.width}")
        if self.actor_blocks < 2 or self.critic_blocks < 2:
            raise ConfigError("actor_blocks and critic_blocks must be 2 or more: one reads the scene, one the task")
        if not self.sampling_steps <= self.diffusion_steps <= 100_000:
            raise ConfigError(
                f"diffusion_steps must be sampling_steps ({self.sampling_steps}) to 100000, got {self.diffusion_steps}"
            )
        if self.schedule not in SCHEDULES:
            raise ConfigError(unknown_name("schedule", self.schedule, SCHEDULES))
