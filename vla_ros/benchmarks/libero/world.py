# SPDX-License-Identifier: Apache-2.0
"""A task of LIBERO as a roll-out sees a world: our robot in it, driven by torques, watched by our two cameras.

Everything is in the arm's base, wherever LIBERO mounts it. Torques are without gravity, which the other side
compensates, as for our own simulated arm.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.chunks.progress import ArmCommand
from controllers.errors import ConfigError, unknown_name
from vla_ros.benchmarks.libero.process import LiberoError, LiberoProcess
from vla_ros.benchmarks.libero.suites import LiberoConfig, LiberoTask
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.sim.depth_noise import StereoDepth, StereoNoise
from vla_ros.sim.scenes.scene import SceneCamera

_MICROSECONDS = 1e6
# robosuite's hand is 0.5 mm closer to the last joint than Franka's; the tool is 0.1034 + 0.02 m from Franka's.
_T_HAND_TOOL = np.eye(4)
_T_HAND_TOOL[2, 3] = 0.0005 + 0.1234


@dataclass(frozen=True)
class WorldScene:
    """What a roll-out reads of a scene."""

    instruction: str
    camera_names: tuple[str, ...]


class TorqueArm:
    """The arm: what is measured of it, and the torques that it is told."""

    def __init__(self, effort_max: np.ndarray) -> None:
        """Take the most that each motor gives (7,) [N·m]."""
        self.q, self.dq = np.zeros(7), np.zeros(7)
        self.effort = np.zeros(7)
        self._most = effort_max

    def command(self, command: ArmCommand, kind: str) -> None:
        """Take one of a stream of commands. Raises ConfigError for another kind than torques."""
        if kind != "effort":
            raise ConfigError(f"LIBERO's arm is driven by effort, not by {kind}")
        self.effort = np.clip(command.effort, -self._most, self._most)


class WidthGripper:
    """The gripper: its measured opening, and the one that it is told."""

    def __init__(self, gripper: EndEffectorGroup) -> None:
        self._low, self._high = gripper.width_min, gripper.width_max
        self.width = self.target = gripper.width_max

    def command(self, width: float) -> None:
        """Drive the opening towards `width` [m]."""
        self.target = float(np.clip(width, self._low, self._high))


class NoOtherBodies:
    """Fixtures and cloths, of which a judge of grasps asks nothing."""

    cloths: tuple[str, ...] = ()

    def joint_positions(self) -> Mapping[str, float]:
        """Return no joints."""
        return {}


class LiberoWorld:
    """One task in LIBERO's process, from one initial state at a time."""

    def __init__(self, process: LiberoProcess, config: LiberoConfig, task: LiberoTask, embodiment: Embodiment) -> None:
        """Load the task: seconds to a minute."""
        self.embodiment = embodiment
        self._process, self._config = process, config
        cameras = config.scene_cameras
        answer, _ = process.ask(
            "load",
            {f"T_base_{camera.name}": camera.T_base_camera for camera in cameras},
            suite=task.suite,
            task=task.name,
            cameras=[[camera.name, camera.fovy] for camera in cameras],
            size=list(cameras[0].size),
            extension=config.finger_extension,
            hidden=list(config.hidden),
        )
        self._cameras = {camera.name: camera for camera in cameras}
        self.object_names = tuple(str(name) for name in answer["objects"])
        self.states, self.timestep = int(answer["states"]), float(answer["timestep"])
        self.scene = WorldScene(task.say, tuple(self._cameras))
        self.bodies = NoOtherBodies()
        self.joint_groups: dict[str, Any] = {}
        self.cups: dict[str, Any] = {}
        self.pistons: dict[str, Any] = {}
        self.base = None
        self._arm_group, self._gripper_group = embodiment.gripper_arm, embodiment.only_gripper
        self._stereo: dict[str, StereoDepth] = {}
        self._number = 0
        self.time = 0.0
        self.reset(0)

    def reset(self, state: int) -> None:
        """Begin again from one of the task's initial states, at time 0."""
        self._number = state
        self._arm = TorqueArm(self._arm_group.effort)
        self._gripper = WidthGripper(self._gripper_group)
        self.arms = {self._arm_group.name: self._arm}
        self.grippers = {self._gripper_group.name: self._gripper}
        _, arrays = self._process.ask("reset", state=state, settle_s=self._config.settle_s)
        self._take(arrays)

    @property
    def q(self) -> np.ndarray:
        """Joint positions (7,) [rad]."""
        return self._arm.q

    @property
    def dq(self) -> np.ndarray:
        """Joint velocities (7,) [rad/s]."""
        return self._arm.dq

    def step(self, count: int = 1) -> None:
        """Advance the physics by `count` time steps under the commands that are in force."""
        command = {"effort": self._arm.effort, "width": np.array([self._gripper.target])}
        self._take(self._process.ask("step", command, count=count)[1])

    def observe_camera(self, name: str, with_depth: bool = True) -> CameraView:
        """Expose a camera now: true optics and pose, depth as a stereo camera measures it."""
        camera = self.camera(name)
        color, depth = self.render_camera(name)
        measured = self._measured(camera, depth) if with_depth else None
        return CameraView(name, self.time, color, measured, camera.intrinsics, camera.T_base_camera_published)

    def camera(self, name: str) -> SceneCamera:
        """Return a camera. Raises ConfigError for an unknown name."""
        if name not in self._cameras:
            raise ConfigError(unknown_name("camera", name, self._cameras))
        return self._cameras[name]

    def render_camera(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return colour (H, W, 3) uint8 and true depth (H, W) float32 [m]."""
        width, height = self.camera(name).size
        _, arrays = self._process.ask("render", camera=name)
        color, depth = arrays.get("color"), arrays.get("depth")
        if color is None or depth is None or color.shape != (height, width, 3) or depth.shape != (height, width):
            raise LiberoError(f"LIBERO's picture of camera '{name}' is not one of {width} × {height}")
        return color, depth

    def tool_pose(self, arm: str) -> np.ndarray:
        """Return T_base_ee (4, 4), by the hand as it stands in LIBERO."""
        if arm not in self.arms:
            raise ConfigError(unknown_name("arm", arm, self.arms))
        return self._T_base_hand @ _T_HAND_TOOL

    def last_pose(self, name: str) -> np.ndarray:
        """Return T_base_body (4, 4) of an object or of the tool frame."""
        if name == self._arm_group.tool_frame:
            return self.tool_pose(self._arm_group.name)
        return self._objects[name]

    def last_vertices(self, name: str) -> np.ndarray:
        """Refuse: there is no cloth."""
        raise ConfigError(f"LIBERO has no cloth '{name}'")

    def close(self) -> None:
        """Leave the process to the next task."""

    def _take(self, arrays: Mapping[str, np.ndarray]) -> None:
        state = arrays.get("state")
        count = 1 + len(self.object_names)
        if state is None or state.shape != (16 + 16 * count,) or not np.isfinite(state).all():
            raise LiberoError(f"LIBERO's state is not one row of {16 + 16 * count} finite numbers")
        self.time, self._gripper.width = float(state[0]), float(state[1])
        self._arm.q, self._arm.dq = state[2:9].copy(), state[9:16].copy()
        self._T_base_hand, *objects = state[16:].reshape(count, 4, 4)
        self._objects = dict(zip(self.object_names, objects, strict=True))

    def _measured(self, camera: SceneCamera, depth: np.ndarray) -> np.ndarray:
        if camera.name not in self._stereo:
            self._stereo[camera.name] = StereoDepth(
                StereoNoise(), depth.shape[0], depth.shape[1], float(camera.intrinsics[0, 0])
            )
        seed = (self._number, zlib.crc32(camera.name.encode()), round(self.time * _MICROSECONDS))
        return self._stereo[camera.name].measure(depth, seed)
