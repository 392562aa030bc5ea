# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of flipping: two hands squeeze the parcel, lift it, turn it by a quarter, put it down."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.policies.actions.single_arm import PERIOD_S
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import ExpertMotionConfig
from vla_ros.sim.world import World
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.flip.planning import TurnPlanner
from vla_ros.tasks.two_hands.script import TwoHandedScript
from vla_ros.tasks.two_hands.ways import Row

QUARTER = np.pi / 2  # [rad]
CONTENT = np.radians(8.0)  # [rad] of the label's normal from up
LOST = 0.04  # [m] of the parcel from where it is to be: it has slipped
TURNS = 5  # that are begun before it gives up
LOOK_S = 1.2  # [s] that the hands are away before it looks again: the parcel comes to rest


class FlipExpert(TwoHandedScript):
    """Turn by quarters until the label is up; look at the parcel before each."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], box: LabelledBox) -> None:
        """`models` are the robot's arms by name."""
        motion = ExpertMotionConfig(period=PERIOD_S)
        self.planner = TurnPlanner(world, models, box, motion)
        super().__init__(world, models, self.planner.arms, motion)
        self.box, self.parcel = box, world.scene.target
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self.planner.reset()
        self._where: list[np.ndarray | None] = []  # of the parcel, in each of the rows
        self._turns = 0
        self._lost = False

    def _broken(self, observation: Observation) -> bool:
        index = min(self._index, len(self._where)) - 1
        expected = self._where[index] if index >= 0 else None
        if expected is None:
            return False
        slipped = np.linalg.norm(self.world.object_pose(self.parcel)[:3, 3] - expected[:3, 3])
        self._lost = bool(slipped > LOST)
        return self._lost

    def _next_stage(self, observation: Observation) -> list[Row] | None:
        here = self._here(observation)
        self._where = []
        if self._lost:
            self._lost = False
            return self.planner.apart(here)
        T = self.world.object_pose(self.parcel)
        if self.box.angle(T) < CONTENT:
            return []
        self._turns += 1
        if self._turns > TURNS:
            self.explanation = "the label is not up after all turns"
            return None
        for turn in self.turns_for(T):
            planned = self.planner.plan(turn, here)
            if planned is not None:
                still = [planned.rows[-1]] * round(LOOK_S / self.motion.period)
                self._where = [*planned.parcel, *([None] * len(still))]
                return planned.rows + still
        self.explanation = self.explanation or "no grip that both arms can hold through a turn"
        return None

    def _plan_again(self, observation: Observation) -> list[Row] | None:
        self._lost = True  # hands off first, from wherever they are
        return self._next_stage(observation)

    def turns_for(self, T_base_parcel: np.ndarray) -> tuple[float, ...]:
        """Return the turns [rad] about the line between the hands that bring the label up, or towards it."""
        axis, normal = self.planner.axis(T_base_parcel), T_base_parcel[:3, :3] @ np.array(self.box.normal)
        if abs(normal @ axis.along) > np.sqrt(0.5):
            self.explanation = "the label is on an end that a hand would press"
            return ()
        if normal[2] < -np.sqrt(0.5):
            return (QUARTER, -QUARTER)
        return (-QUARTER,) if normal @ axis.forward > 0.0 else (QUARTER,)
