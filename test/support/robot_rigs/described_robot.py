# SPDX-License-Identifier: Apache-2.0
"""A robot of config/robots in lockstep with its follower, before an empty table."""

from __future__ import annotations

import dataclasses

import numpy as np
from scene_making.drawn_scene import grasping_scene

from robot_rigs.two_armed_robot import DT, PairWorld
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.sim.execution import Execution
from vla_ros.sim.world import World


class DescribedRobot(PairWorld):
    """The simulated robot of a name and its follower."""

    def __init__(self, name: str, command: str = "") -> None:
        self.embodiment: Embodiment = load_embodiment(name)
        scene = grasping_scene("basic", 0, robot=name)
        self.follower = FollowerFactory(self.embodiment, load_control_config(name), command).make()
        self.use(World(dataclasses.replace(scene, objects=(), cameras=scene.cameras[:1]), self.embodiment))

    def use(self, world: World) -> None:
        """Be in a world from its beginning."""
        self.world = world
        self._execution = Execution(self.world, {name: arm.drive.command for name, arm in self.follower.arms.items()})
        self.sequence = 0
        self.enable()

    def commanded(self, arm: str) -> np.ndarray:
        """Return where the arm's tool is commanded to be (3,) [m], base frame."""
        return self.follower.progress.arms[arm].T_base_ee_commanded[:3, 3].copy()

    def follow(self, shifts: dict[str, np.ndarray], step: float, settle: float = 1.0) -> dict[str, np.ndarray]:
        """Send tools along shifts (H, 3) [m], a point each `step` [s]; return where they were (T, 3) [m]."""
        self.submit(self.columns(shifts), step)
        seen: dict[str, list[np.ndarray]] = {arm: [] for arm in shifts}
        for _ in range(round((len(next(iter(shifts.values()))) * step + settle) / DT)):
            self.run(DT)
            for arm, places in seen.items():
                places.append(self.world.tool_pose(arm)[:3, 3].copy())
        return {arm: np.array(places) for arm, places in seen.items()}
