# SPDX-License-Identifier: Apache-2.0
"""A robot whose groups one programme moves: its follower before servos, on a base that drives as it is told."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
from arms.position_arm import ServoArm

from controllers.chunks.base_motion import PlanarPose
from controllers.control_config import ControlConfig
from controllers.whole_body.controller import WholeBody
from controllers.whole_body_config import WholeBodyConfig
from robot_rigs.two_armed_robot import DT, chunk_of, pose_columns
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm


def body_config(robot: str = "bytemini", shadow: bool = False, **tuning) -> ControlConfig:
    """Return a robot's control by one programme."""
    return dataclasses.replace(load_control_config(robot), whole_body=WholeBodyConfig(**tuning), shadow=shadow)


@lru_cache
def _factory(robot: str, command: str, shadow: bool, tuning: tuple[tuple[str, object], ...]) -> FollowerFactory:
    return FollowerFactory(load_embodiment(robot), body_config(robot, shadow, **dict(tuning)), command)


class BodyRig:
    """One robot at home, enabled."""

    def __init__(
        self,
        robot: str = "bytemini",
        command: str = "position",
        shadow: bool = False,
        odometry: bool = True,
        **tuning,
    ) -> None:
        self.embodiment, self._odometry, self._shadow = load_embodiment(robot), odometry, shadow
        self.follower = _factory(robot, command, shadow, tuple(tuning.items())).make()
        self.control: WholeBody = self.follower._ensemble.body.control
        self.servo = ServoArm(np.concatenate([group.home for group in self.embodiment.driven_groups]))
        self.pulled = {  # arms that are driven by efforts have their dynamics
            name: DelayedArm(
                arm.model.clone(),
                self.embodiment.arm(name).home,
                damping=arm.model.viscous_friction,
                timestep=0.25 * DT,
                command_delay=0.002,
            )
            for name, arm in self.follower.arms.items()
            if command == "effort"
        }
        self.base, self.base_twist = PlanarPose(), np.zeros(3)
        self.sequence = 0
        self.commands: list[np.ndarray] = []  # (N,) of all groups, every tick
        self.twists: list[np.ndarray] = []  # (3,) of the base
        self.look = lambda rig: None  # called after each tick
        self.see_base()
        self.enable()
        self.begin_here()

    def begin_here(self) -> None:
        """Have shifts begin where the tools are now."""
        self.start = {name: arm.model.T_base_ee.copy() for name, arm in self.follower.arms.items()}
        self.origins = {name: self.tool(name)[:3, 3].copy() for name in self.start}  # (3,) [m] in odometry's frame

    def went(self, arm: str) -> np.ndarray:
        """Return by how much a tool is off where it started (3,) [m], axes of the odometry's frame."""
        return self.tool(arm)[:3, 3] - self.origins[arm]

    def bear(self, q: np.ndarray) -> np.ndarray:
        """Return where servos that are commanded to q (N,) take the joints: there, where nothing is in the way."""
        return q

    @property
    def now(self) -> float:
        return self.servo.time

    @property
    def hold(self) -> str:
        return self.follower.progress.hold_reason

    @property
    def T_odom_base(self) -> np.ndarray:
        base, T = self.base, np.eye(4)
        T[:2, :2] = [[np.cos(base.yaw), -np.sin(base.yaw)], [np.sin(base.yaw), np.cos(base.yaw)]]
        T[:2, 3] = base.x, base.y
        return T

    def enable(self) -> None:
        widths = {f"{gripper.name}/width": 0.05 for gripper in self.embodiment.grippers}
        self.follower.activate(self.servo.q, self.servo.dq, widths, self.now)

    def see_base(self) -> None:
        if self._odometry:
            self.follower.observe_base(self.now, self.T_odom_base, self.base_twist)

    def tool(self, arm: str) -> np.ndarray:
        """Return where a tool is (4, 4), in the odometry's frame."""
        return self.T_odom_base @ self.follower.arms[arm].model.T_base_ee

    def columns(self, shifts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return pose columns by channel of tools that go by `shifts` (H, 3) [m] from where they started."""
        return pose_columns(self.start, shifts)

    def submit(self, columns: dict[str, np.ndarray], step: float = 0.1, riding: bool = False):
        self.sequence += 1
        chunk = dataclasses.replace(chunk_of(columns, self.now, step, self.sequence), riding=riding)
        return self.follower.submit(chunk, self.now)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / DT)):
            self.see_base()
            command = self.follower.tick(self.now, DT, self.servo.q, self.servo.dq, self.now)
            joints = [arm.position for arm in command.arms.values()] + list(command.joint_groups.values())
            if not self._shadow:
                self.servo.command(self.bear(np.concatenate(joints)))
                self.base_twist = command.base_velocity.copy()
            self.commands.append(np.concatenate(joints))
            self.twists.append(command.base_velocity.copy())
            self.servo.step(DT)
            self._accelerate(command.arms)
            self.base = self.base.led_on(self.base_twist, DT)
            self.look(self)

    def _accelerate(self, commands) -> None:
        """Move the arms that are driven by efforts for one tick."""
        for name, arm in self.pulled.items():
            part = self.control.parts[name]
            arm.command(commands[name].effort)
            for _ in range(4):
                arm.step()
            self.servo.q[part], self.servo.dq[part] = arm.q, arm.dq
