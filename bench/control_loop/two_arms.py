# SPDX-License-Identifier: Apache-2.0
"""What two arms of seven joints in one follower cost beside one: the same arm, tuning and path, turn and turn about."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.control_config import ControlConfig
from controllers.rotations import from_matrix
from vla_ros.configuration import load_config
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, RobotConfig, embodiment_from, load_embodiment, robot_path
from vla_ros.sim.delayed_arm import DelayedArm

URDF = Path(__file__).with_name("two_arms.urdf.xacro")
NAMES = ("left", "right")
PERIOD, BLOCK_S = 0.1, 0.4  # [s] between chunks; one robot's turn before the other's
DELAY_S = 0.004  # [s] of the simulated wire


def two_arms() -> Embodiment:
    """Return the robot of two Frankas without hands to command."""
    config = load_config(robot_path("franka"), RobotConfig)
    (arm,) = config.arms
    arms = tuple(
        dataclasses.replace(
            arm,
            name=name,
            joints=tuple(joint.replace(arm.name, name) for joint in arm.joints),
            tool_frame=arm.tool_frame.replace(arm.name, name),
        )
        for name in NAMES
    )
    return embodiment_from(RobotConfig("two_arms", str(URDF), "stand", arms))


class ArmsRig:
    """A follower of a robot's arms, each before exact dynamics, that all draw the same figure-eight."""

    def __init__(self, robot: Embodiment, config: ControlConfig, rate: float) -> None:
        """Tick at `rate` [Hz]."""
        self.robot, self.dt = robot, 1.0 / rate
        self.follower = FollowerFactory(robot, config).make()
        self._arms = [
            DelayedArm(
                driven.model.clone(), robot.arm(name).home, damping=float(driven.model.viscous_friction.mean()),
                friction=float(driven.model.dry_friction.mean()), timestep=min(self.dt, 1e-3), command_delay=DELAY_S,
            )
            for name, driven in self.follower.arms.items()
        ]  # fmt: skip
        self.now, self._next, self._sequence = 0.0, 0.0, 0
        q = np.concatenate([arm.q for arm in self._arms])
        self.follower.activate(q, np.zeros_like(q), {f"{one.name}/width": 0.08 for one in robot.grippers}, 0.0)
        self._start = {name: driven.model.T_base_ee.copy() for name, driven in self.follower.arms.items()}
        self.submitted: list[float] = []  # [s] that each chunk took

    def _submit(self) -> None:
        times = PERIOD * np.arange(1, 5)
        phase = 2.0 * np.pi * 0.125 * (self.now + times)
        eased = np.minimum(1.0, self.now + times)[:, None]
        shift = eased * np.stack([0.0 * phase, 0.1 * np.sin(phase), 0.05 * np.sin(2.0 * phase)], axis=1)
        columns: dict[str, np.ndarray] = {}
        for name, T in self._start.items():
            poses = np.hstack([T[:3, 3] + shift, np.tile(from_matrix(T[:3, :3]), (len(times), 1))])
            columns |= zip(pose_channels(name), poses.T, strict=True)
        self._sequence += 1
        values = np.array(list(columns.values())).T
        chunk = ActionChunk(self.now, self.robot.base_frame, tuple(columns), times, values, self._sequence)
        began = time.perf_counter()
        self.follower.submit(chunk, self.now)
        self.submitted.append(time.perf_counter() - began)

    def follow(self, seconds: float) -> list[float]:
        """Follow the path for so long; return what each tick took [s]."""
        spent = []
        for _ in range(round(seconds / self.dt)):
            if self.now >= self._next - 1e-9:
                self._submit()
                self._next += PERIOD
            measured = [arm.measure() for arm in self._arms]
            q, dq = (np.concatenate(values) for values in zip(*measured, strict=True))
            began = time.perf_counter()
            command = self.follower.tick(self.now, self.dt, q, dq, self.now)
            spent.append(time.perf_counter() - began)
            for arm, one in zip(self._arms, command.arms.values(), strict=True):
                arm.command(one.effort)
                for _ in range(max(1, round(self.dt / arm.timestep))):
                    arm.step()
            self.now += self.dt
        return spent


def two_arm_figures(rate: float, seconds: float) -> dict[str, float]:
    """Return the median tick of one arm and of two [µs], their ratio, and what it takes to take a chunk of two [ms].

    Each is measured for `seconds` [s], in blocks side by side: what else the machine does meets both.
    """
    config = load_control_config("franka")
    wide = dataclasses.replace(config, workspace_lower=(-0.2, -1.2, -0.15), workspace_upper=(0.85, 1.2, 1.1))
    rigs = [ArmsRig(load_embodiment("franka"), config, rate), ArmsRig(two_arms(), wide, rate)]
    ticks: list[list[float]] = [[], []]
    for rig in rigs:
        rig.follow(BLOCK_S)  # what is done at first is done once
    for _ in range(max(1, round(seconds / BLOCK_S))):
        for spent, rig in zip(ticks, rigs, strict=True):
            spent += rig.follow(BLOCK_S)
    one, two = (1e6 * float(np.median(spent)) for spent in ticks)
    return {
        "tick_one_arm_us_median": one,
        "tick_two_arms_us_median": two,
        "tick_two_arms_ratio": two / one,
        "stitch_two_arms_ms_p99": 1e3 * float(np.percentile(rigs[1].submitted, 99)),
    }
