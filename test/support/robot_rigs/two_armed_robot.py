# SPDX-License-Identifier: Apache-2.0
"""The test robot of test/assets/robots, its follower and joints that go where they are commanded."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
from arms.position_arm import ServoArm
from assets import PAIR
from scene_making.drawn_scene import grasping_scene

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.chunks.progress import ArmCommand
from controllers.follower import ChunkFollower
from controllers.rotations import from_matrix
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm
from vla_ros.sim.execution import Execution
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World

DT = 0.002


@lru_cache
def pair() -> Embodiment:
    return load_embodiment(str(PAIR))


@lru_cache
def _factory(command: str) -> FollowerFactory:
    return FollowerFactory(pair(), load_control_config(str(PAIR)), command)


def pair_follower(command: str = "position") -> ChunkFollower:
    return _factory(command).make()


class PairRig:
    """The follower of both arms, lift and head, before servos; arms that are driven by torques have their dynamics."""

    def __init__(self, command: str = "position", stands: bool = True) -> None:
        """`stands`: odometry says all the time that the base does."""
        self.follower, self._stands = pair_follower(command), stands
        self._arms = {
            name: DelayedArm(
                arm.model.clone(), pair().arm(name).home, damping=arm.model.viscous_friction, timestep=0.25 * DT
            )
            for name, arm in self.follower.arms.items()
            if command == "effort"
        }
        home = np.concatenate([group.home for group in pair().driven_groups])
        self.servo = ServoArm(home)
        self._tell_base()
        self.follower.activate(self.servo.q, self.servo.dq, {"left_gripper/width": 0.09}, 0.0)
        self.sequence = 0
        self.start = {name: arm.model.T_base_ee.copy() for name, arm in self.follower.arms.items()}
        self.commands: list[np.ndarray] = []  # (N,) of all groups, every tick
        self.tools: list[np.ndarray] = []  # (arms, 3) [m] commanded

    @property
    def q(self) -> np.ndarray:
        return self.servo.q

    @property
    def now(self) -> float:
        return self.servo.time

    def columns(self, shifts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return pose columns by channel of arms that go by `shifts` (H, 3) [m] from where they started."""
        return pose_columns(self.start, shifts)

    def submit(self, columns: dict[str, np.ndarray], step: float = 0.1, source: str = "policy"):
        self.sequence += 1
        return self.follower.submit(chunk_of(columns, self.now, step, self.sequence), self.now, source)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / DT)):
            self._tell_base()
            command = self.follower.tick(self.now, DT, self.servo.q, self.servo.dq, self.now)
            joints = [arm.position for arm in command.arms.values()] + list(command.joint_groups.values())
            self.servo.command(np.concatenate(joints))
            self.commands.append(np.concatenate(joints))
            self.tools.append(
                np.array([arm.T_base_ee_commanded[:3, 3] for arm in self.follower.progress.arms.values()])
            )
            self.servo.step(DT)
            self._accelerate(command.arms)

    def _tell_base(self) -> None:
        if self._stands:
            self.follower.observe_base(self.now, np.eye(4), np.zeros(3))

    def _accelerate(self, commands: dict[str, ArmCommand]) -> None:
        """Move the arms that are driven by efforts for one tick."""
        first = 0
        for name, arm in self._arms.items():
            own = slice(first, first + arm.model.size)
            first += arm.model.size
            arm.command(commands[name].effort)
            for _ in range(4):
                arm.step()
            self.servo.q[own], self.servo.dq[own] = arm.q, arm.dq


class PairWorld:
    """The simulated robot and its follower in lockstep."""

    def __init__(self, scene: Scene | None = None, command: str = "position") -> None:
        self.world = World(scene or empty_scene(), pair())
        self.follower = pair_follower(command)
        self._execution = Execution(self.world, {name: arm.drive.command for name, arm in self.follower.arms.items()})
        self.sequence = 0
        self.enable()

    def enable(self) -> None:
        world = self.world
        self._execution.tell_base(self.follower)
        self.follower.activate(world.q, world.dq, self._execution.begin(), world.time)

    def columns(self, shifts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return pose columns by channel of tools that go by `shifts` (H, 3) [m] from where they are."""
        return pose_columns({arm: self.world.tool_pose(arm) for arm in shifts}, shifts)

    def submit(self, columns: dict[str, np.ndarray], step: float = 0.1, source: str = "policy"):
        self.sequence += 1
        chunk = chunk_of(columns, self.world.time, step, self.sequence)
        chunk = dataclasses.replace(chunk, frame_id=self.world.embodiment.base_frame)
        return self.follower.submit(chunk, self.world.time, source)

    def run(self, seconds: float) -> None:
        world = self.world
        for _ in range(round(seconds / DT)):
            self._execution.tell_base(self.follower)
            self._execution.execute(self.follower.tick(world.time, DT, world.q, world.dq, world.time))
            world.step(round(DT / world.timestep))


def pose_columns(start: dict[str, np.ndarray], shifts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return pose columns by channel of tools that go by `shifts` (H, 3) [m] from `start` (4, 4)."""
    found: dict[str, np.ndarray] = {}
    for arm, shift in shifts.items():
        T = start[arm]
        poses = np.hstack([T[:3, 3] + shift, np.tile(from_matrix(T[:3, :3]), (len(shift), 1))])
        found |= zip(pose_channels(arm), poses.T, strict=True)
    return found


def chunk_of(columns: dict[str, np.ndarray], stamp: float, step: float, sequence: int) -> ActionChunk:
    values = np.array(list(columns.values()), float).T
    return ActionChunk(stamp, "base_link", tuple(columns), step * np.arange(1, len(values) + 1), values, sequence)


def empty_scene() -> Scene:
    """Return a scene for that robot: a table before it, nothing on it, one camera that stands."""
    scene = grasping_scene("basic", 0, robot=str(PAIR))
    return dataclasses.replace(scene, objects=(), cameras=scene.cameras[:1])
