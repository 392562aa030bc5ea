# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of carrying: two hands pinch the tray's boards, lift it, bring it over the mat, put it down."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.objects.serving_trays import HEIGHT
from vla_ros.policies.actions.single_arm import PERIOD_S
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import ExpertMotionConfig
from vla_ros.sim.world import World
from vla_ros.tasks.tray.planning import TrayPlanner
from vla_ros.tasks.two_hands.script import TwoHandedScript
from vla_ros.tasks.two_hands.ways import Row

NEAR, TURNED = 0.02, np.radians(6.0)  # [m], [rad] from the mat: it is content
TRIES = 3
LIFTED = 0.01  # [m] a tray that stands no longer
LOOK_S = 1.2  # [s] that the hands are away before it looks again


class TrayExpert(TwoHandedScript):
    """Carry until the tray lies on the mat; look before each time."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], T_base_mat: np.ndarray) -> None:
        """`models` are the robot's arms by name; `T_base_mat` (4, 4) is where the tray is to go."""
        motion = ExpertMotionConfig(period=PERIOD_S)
        self.planner = TrayPlanner(world, models, motion)
        super().__init__(world, models, self.planner.both.names, motion)
        self._goal = T_base_mat.copy()
        self._goal[2, 3] += HEIGHT / 2
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._tries = 0

    def _next_stage(self, observation: Observation) -> list[Row] | None:
        T = self.world.object_pose(self.world.scene.target)
        R = self._goal[:3, :3].T @ T[:3, :3]
        if np.linalg.norm((T - self._goal)[:2, 3]) < NEAR and abs(np.arctan2(R[1, 0], R[0, 0])) < TURNED:
            return []
        self._tries += 1
        rows = None if self._tries > TRIES else self.planner.plan(self._goal, self._here(observation))
        if rows is None:
            self.explanation = "no way that both hands can carry the tray"
            return None
        return rows + [rows[-1]] * round(LOOK_S / self.motion.period)

    def _plan_again(self, observation: Observation) -> list[Row] | None:
        if self.world.object_pose(self.world.scene.target)[2, 3] - self._goal[2, 3] > LIFTED:
            self.explanation = "control refuses the way of a tray that is up"
            return None  # whatever the hands did now, it could fall
        return self._next_stage(observation)
