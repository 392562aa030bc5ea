# SPDX-License-Identifier: Apache-2.0
"""Every arm of every named robot draws a figure eight in lockstep with its simulation, all arms at once.

A robot is commanded as often as its drivers take commands.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment, robot_names
from vla_ros.sim.execution import Execution, physics_steps
from vla_ros.sim.world import World

CHUNKS_S = 0.1  # [s] between chunks
LOOP_S = 8.0  # [s] one figure eight
BEGUN_S = 1.0  # [s] over which it grows to its size
RMS_MAX = 3e-3  # [m]


class FigureEight:
    """A robot alone above its table, and tools that go by an eight, 0.2 m wide and 0.1 m high, from where they are."""

    def __init__(self, name: str) -> None:
        robot = load_embodiment(name)
        scene = grasping_scene("basic", 0, robot=name)
        self.dt = robot.control_period
        self._steps = physics_steps(self.dt)
        self.world = World(dataclasses.replace(scene, objects=()), robot, timestep=self.dt / self._steps)
        self.follower = FollowerFactory(robot, load_control_config(name)).make()
        self._execution = Execution(
            self.world, {arm: driven.drive.command for arm, driven in self.follower.arms.items()}
        )
        self._execution.tell_base(self.follower)
        self.follower.activate(self.world.q, self.world.dq, self._execution.begin(), 0.0)
        self._start = {arm: self.world.tool_pose(arm) for arm in self.world.arms}
        self._frame, self._sequence = robot.base_frame, 0

    def shift(self, t: np.ndarray) -> np.ndarray:
        """Return how far the tools are to be from where they began (H, 3) [m] at t (H,) [s]."""
        phase = 2.0 * np.pi * t / LOOP_S
        size = np.minimum(1.0, t / BEGUN_S)[:, None]
        return size * np.stack([0.0 * phase, 0.1 * np.sin(phase), 0.05 * np.sin(2.0 * phase)], axis=1)

    def _submit(self) -> None:
        times = CHUNKS_S * np.arange(1, 5)
        columns: dict[str, np.ndarray] = {}
        for arm, T in self._start.items():
            poses = np.hstack([T[:3, 3] + self.shift(self.world.time + times), np.tile(from_matrix(T[:3, :3]), (4, 1))])
            columns |= zip(pose_channels(arm), poses.T, strict=True)
        self._sequence += 1
        values = np.array(list(columns.values())).T
        chunk = ActionChunk(self.world.time, self._frame, tuple(columns), times, values, self._sequence)
        self.follower.submit(chunk, self.world.time)

    def draw(self) -> dict[str, np.ndarray]:
        """Draw it once; return by arm how far the tool was from the ideal path (T,) [m], from BEGUN_S on."""
        world, dt, errors = self.world, self.dt, {arm: [] for arm in self.world.arms}
        for tick in range(round((BEGUN_S + LOOP_S) / dt)):
            if tick % round(CHUNKS_S / dt) == 0:
                self._submit()
            self._execution.tell_base(self.follower)
            self._execution.execute(self.follower.tick(world.time, dt, world.q, world.dq, world.time))
            world.step(self._steps)
            if world.time > BEGUN_S:
                for arm, T in self._start.items():
                    ideal = T[:3, 3] + self.shift(np.array([world.time]))[0]
                    errors[arm].append(np.linalg.norm(world.tool_pose(arm)[:3, 3] - ideal))
        return {arm: np.array(values) for arm, values in errors.items()}


@pytest.mark.parametrize("name", robot_names())
def test_every_arm_follows_a_figure_eight(name):
    robot = FigureEight(name)
    errors = robot.draw()
    assert robot.follower.progress.hold_reason == ""
    for arm, apart in errors.items():
        rms = float(np.sqrt(np.mean(apart**2)))
        print(
            f"{name} {arm}: {1e3 * rms:.2f} mm RMS, {1e3 * apart.max():.2f} mm at most"
        )  # the table of docs/robots.md
        assert rms < RMS_MAX, f"{arm}: {1e3 * rms:.2f} mm RMS"
