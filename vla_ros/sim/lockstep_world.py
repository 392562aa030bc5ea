# SPDX-License-Identifier: Apache-2.0
"""What a roll-out in lockstep needs of a world: this project's simulator, or one of others behind the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from controllers.chunks.progress import ArmCommand
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.scene import SceneCamera


class WorldScene(Protocol):
    """What is known of an episode before it begins."""

    @property
    def instruction(self) -> str:
        """Return what is asked for."""

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Name the cameras."""


class CommandedArm(Protocol):
    """An arm's joints, measured, and the commands that drive it."""

    @property
    def q(self) -> np.ndarray:
        """Joint positions (N,) [rad]."""

    @property
    def dq(self) -> np.ndarray:
        """Joint velocities (N,) [rad/s]."""

    def command(self, command: ArmCommand, kind: str) -> None:
        """Take one of a stream of commands: its effort, position or pose, as `kind` says."""


class CommandedGripper(Protocol):
    """A gripper's opening, measured, and the one that it is told."""

    @property
    def width(self) -> float:
        """Opening [m]."""

    def command(self, width: float) -> None:
        """Drive the opening towards `width` [m]."""


class OtherBodies(Protocol):
    """What moves beside the rigid objects."""

    @property
    def cloths(self) -> tuple[str, ...]:
        """Name the cloths."""

    def joint_positions(self) -> Mapping[str, float]:
        """Return where every fixture's joint is [rad], [m], by `<fixture>/<joint>`."""


class LockstepWorld(Protocol):
    """A world that stands still unless it is stepped. Frames as T_base_x."""

    @property
    def scene(self) -> WorldScene:
        """Return what is known of the episode."""

    @property
    def embodiment(self) -> Embodiment:
        """Return the robot in it."""

    @property
    def time(self) -> float:
        """Simulated time [s]."""

    @property
    def timestep(self) -> float:
        """Physics step [s]."""

    @property
    def q(self) -> np.ndarray:
        """Joint positions (N,) of all groups that are driven by their joints, arms first."""

    @property
    def dq(self) -> np.ndarray:
        """Joint velocities (N,) in the same order."""

    @property
    def arms(self) -> Mapping[str, CommandedArm]:
        """Return the arms by name."""

    @property
    def grippers(self) -> Mapping[str, CommandedGripper]:
        """Return the grippers by name."""

    @property
    def joint_groups(self) -> Mapping[str, Any]:
        """Return the groups of joints that carry no tool, by name."""

    @property
    def cups(self) -> Mapping[str, Any]:
        """Return the suction cups by name."""

    @property
    def pistons(self) -> Mapping[str, Any]:
        """Return what goes out of tools, by the cup or the gripper that it carries."""

    @property
    def base(self) -> Any:
        """Return the base where it moves, else None."""

    @property
    def bodies(self) -> OtherBodies:
        """Return what moves beside the rigid objects."""

    @property
    def object_names(self) -> tuple[str, ...]:
        """Name the rigid objects."""

    def step(self, count: int = 1) -> None:
        """Advance the physics by `count` time steps."""

    def tool_pose(self, arm: str) -> np.ndarray:
        """Return T_base_ee (4, 4) of an arm."""

    def last_pose(self, name: str) -> np.ndarray:
        """Return T_base_body (4, 4) of an object or a tool frame as the last physics step left it."""

    def last_vertices(self, name: str) -> np.ndarray:
        """Return where a cloth's vertices are (V, 3) [m]."""

    def camera(self, name: str) -> SceneCamera:
        """Return a camera as it stands now."""

    def observe_camera(self, name: str, with_depth: bool = True) -> CameraView:
        """Expose a camera now, as a policy may see it."""

    def render_camera(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return colour (H, W, 3) uint8 and true depth (H, W) float32 [m]."""
