# SPDX-License-Identifier: Apache-2.0
"""What stands around the arm and what it holds: immutable, in the base frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.planning.shapes import Box, Shape


@dataclass(frozen=True, eq=False)
class Obstacle:
    """A thing that must not be touched."""

    name: str
    shape: Shape
    T_base_obstacle: np.ndarray  # (4, 4)

    def __post_init__(self) -> None:
        object.__setattr__(self, "T_base_obstacle", checked_pose(self.T_base_obstacle, f"obstacle '{self.name}'"))


@dataclass(frozen=True, eq=False)
class HeldObject:
    """A thing in the gripper: it moves with the tool and may touch the hand that holds it."""

    name: str
    shape: Shape
    T_tool_object: np.ndarray  # (4, 4)
    arm: str = ""  # whose tool holds it; "": the only one that is planned

    def __post_init__(self) -> None:
        object.__setattr__(self, "T_tool_object", checked_pose(self.T_tool_object, f"held object '{self.name}'"))


@dataclass(frozen=True, eq=False)
class CollisionScene:
    """Obstacles and held objects. Every change returns a new scene.

    Raises ConfigError for a name used twice or a pose that is none.
    """

    obstacles: tuple[Obstacle, ...] = ()
    held: tuple[HeldObject, ...] = ()

    def __post_init__(self) -> None:
        names = [item.name for item in self.obstacles] + [item.name for item in self.held]
        twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise ConfigError(f"collision scene: the name '{twice}' is used twice: give every object its own")

    def add(self, *obstacles: Obstacle) -> CollisionScene:
        """Return the scene with more obstacles."""
        return replace(self, obstacles=(*self.obstacles, *obstacles))

    def remove(self, name: str) -> CollisionScene:
        """Return the scene without an obstacle. Raises ConfigError for an unknown name."""
        self._obstacle(name)
        return replace(self, obstacles=tuple(item for item in self.obstacles if item.name != name))

    def hold(self, held: HeldObject) -> CollisionScene:
        """Return the scene with a thing in the gripper."""
        return replace(self, held=(*self.held, held))

    def grasp(self, name: str, T_base_tool: np.ndarray, arm: str = "") -> CollisionScene:
        """Return the scene in which an obstacle is held by an arm's tool at T_base_tool (4, 4)."""
        obstacle = self._obstacle(name)
        T_tool_object = np.linalg.inv(checked_pose(T_base_tool, "tool")) @ obstacle.T_base_obstacle
        return self.remove(name).hold(HeldObject(name, obstacle.shape, T_tool_object, arm))

    def release(self, name: str, T_base_tool: np.ndarray) -> CollisionScene:
        """Return the scene in which a held object stays where the tool at T_base_tool (4, 4) has it."""
        for item in self.held:
            if item.name == name:
                placed = Obstacle(name, item.shape, checked_pose(T_base_tool, "tool") @ item.T_tool_object)
                return replace(self, held=tuple(other for other in self.held if other is not item)).add(placed)
        raise ConfigError(unknown_name("held object", name, (item.name for item in self.held)))

    def _obstacle(self, name: str) -> Obstacle:
        for item in self.obstacles:
            if item.name == name:
                return item
        raise ConfigError(unknown_name("obstacle", name, (item.name for item in self.obstacles)))


def box_between(name: str, low: Iterable[float], high: Iterable[float]) -> Obstacle:
    """Return an upright box between two corners (3,) [m], base frame."""
    low, high = np.asarray(tuple(low), float), np.asarray(tuple(high), float)
    T = np.eye(4)
    T[:3, 3] = (low + high) / 2.0
    return Obstacle(name, Box(tuple((high - low).tolist())), T)


def checked_pose(T: np.ndarray, what: str) -> np.ndarray:
    """Return T (4, 4) as a frozen copy. Raises ConfigError when it is no pose."""
    T = np.array(T, dtype=float)
    if T.shape != (4, 4) or not np.isfinite(T).all() or not np.allclose(T[3], (0, 0, 0, 1)):
        raise ConfigError(f"{what}: the pose must be a (4, 4) homogeneous matrix, got shape {T.shape}")
    if not np.allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-4) or np.linalg.det(T[:3, :3]) < 0.0:
        raise ConfigError(f"{what}: the rotation of the pose is not orthonormal")
    T.flags.writeable = False
    return T
