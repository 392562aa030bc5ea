# SPDX-License-Identifier: Apache-2.0
"""A teacher that sometimes errs, recovers, and says which of its actions are worth imitating.

A share of the demonstrations holds a missed grasp, an object that slips, fingers that closed on nothing or hold another
object, and what to do then; nearly all are pushed off their way now and then (errors.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.actions.single_arm import SingleArmObservation
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import MotionPhase, Step, retreat, straight
from vla_ros.sim.grasping.planning import PlannedGrasp
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import EMPTY, ExpertPolicy
from vla_ros.training.generation.demonstrators.errors import FailureMode, detour, misplaced, missed_by

WIDE_MARGIN = 0.022  # [m] beside the object before closing: a learned policy is millimetres off
OPTIONS = 20  # grasps of the object that are told beside the one that is taken
WORSE = 1.2  # in cost they may be


class GraspDemonstrator:
    """A policy, asked once a camera frame, that goes after the object of the scene's instruction.

    Its expert grasps, whatever it does afterwards with what it holds.
    """

    def __init__(self, world: World, expert: ExpertPolicy, failure_mode: FailureMode, rng: np.random.Generator) -> None:
        self.world, self.expert, self.rng = world, expert, rng
        others = [name for name in world.object_names if name not in (world.scene.target, world.scene.goal)]
        self.failure_mode = FailureMode.MISSED if failure_mode is FailureMode.WRONG and not others else failure_mode
        expert.open_wider(WIDE_MARGIN)
        expert.amend = self._misplace
        self._offset: np.ndarray | None = None  # (3,) [m] of the next grasp, once
        self.motion = expert.motion
        self._others = others
        self._open = world.embodiment.only_gripper.width_max  # [m]
        self.reset()

    def reset(self) -> None:
        """Begin an episode."""
        rng = self.rng
        self.expert.reset()
        self.valid = True  # the action that begins now is worth imitating
        self.options: list[Grasp] = []  # of the instruction's object, as it lies
        self._options_at = np.full(3, np.inf)
        self._script: list[tuple[Step, bool]] = []
        self._late = False
        self._after: str = ""  # what happens when the script is over
        self._erring = self.failure_mode in (FailureMode.MISSED, FailureMode.WRONG)
        self._detours = sorted(rng.uniform(0.05, 0.97, size=rng.choice([0, 1, 2, 3], p=[0.3, 0.35, 0.25, 0.1])))
        self._empty_at = (
            float(rng.choice([0.0, rng.uniform(0.1, 0.8)])) if self.failure_mode is FailureMode.EMPTY else np.inf
        )
        self._slip_at = float(rng.uniform(0.015, 0.12))  # [m] lifted
        self._hold_wrong = float(rng.choice([0.0, rng.uniform(0.01, 0.15)]))  # [m] lifted
        self._offset = missed_by(rng) if self.failure_mode is FailureMode.MISSED else None
        if self.failure_mode is FailureMode.WRONG:
            self.expert.plan_anew(str(rng.choice(self._others)))

    @property
    def explanation(self) -> str:
        """Return why there is nothing to do."""
        return self.expert.explanation

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next actions; `valid` and `grasp` then speak of this frame."""
        seen = self.expert.codec.view(observation)
        self._renew_options(seen)
        late = self._late
        if not self._script:
            self._end_script()
            self._begin_script(seen)
        if self._script:
            steps = [step for step, _ in self._script[: self.expert.codec.horizon]]
            # The error's last command is still in force for a frame, here as below.
            self.valid = self._script.pop(0)[1] and not late
            self._late = not self.valid and not self._script
            return self.expert.send(seen, steps)
        chunk = self.expert.infer(observation)
        approaching = self.expert.phase in (MotionPhase.APPROACH, MotionPhase.ARRIVE, MotionPhase.CLOSE)
        if self._erring and self.failure_mode is FailureMode.MISSED and not approaching:
            self._erring = False
        self.valid = not self._erring and not late
        self._late = self._erring
        return chunk

    def grasp(self, observation: SingleArmObservation) -> tuple[np.ndarray, float]:
        """Return the pose (4, 4) at which the fingers will close on the instruction's object, and their opening [m]."""
        planned = self.expert.planned
        if planned is not None and not self._erring and self.expert.target == self.world.scene.target:
            return planned.grasp.T_base_grasp, planned.grasp.opening
        if self.options:
            return self.options[0].T_base_grasp, self.options[0].opening
        return observation.T_base_ee_commanded, observation.state.gripper_width

    @property
    def closed(self) -> bool:
        """Say whether the fingers are closed, or closing, around the object: its grasp pose is the past."""
        return not self._script and not self._erring and self.expert.grasped

    # -- errors --------------------------------------------------------------------------------------------------
    def _misplace(self, planned: PlannedGrasp, T_start: np.ndarray) -> PlannedGrasp:
        """Return a plan that misses the object where one is to; else the plan as it is."""
        if self._offset is None:
            return planned
        offset, self._offset = self._offset, None
        return misplaced(planned, offset, T_start, self.motion)

    def _begin_script(self, observation: SingleArmObservation) -> None:
        expert, here = self.expert, observation.T_base_ee_commanded
        width = observation.state.gripper_width
        if self.progress >= self._empty_at:
            self._empty_at = np.inf
            count = int(self.rng.integers(7, 11))
            self._begin([Step(here, 0.0, MotionPhase.CLOSE)] * count, valid=False, after="plan")
        elif (
            self.failure_mode is FailureMode.SLIPPED
            and expert.phase is MotionPhase.LIFT
            and self._lifted() >= self._slip_at
        ):
            self._slip_at = np.inf
            opened = min(width + self.rng.uniform(0.02, 0.04), self._open)
            self._begin([Step(here, opened, MotionPhase.RELEASE)] * 4, valid=False, after="")
        elif self._erring and self.failure_mode is FailureMode.WRONG and self._holds_wrong(width):
            self._begin(self._put_back(here, width), valid=True, after="right")
        elif self._detours and self.progress >= self._detours[0] and not self._erring:
            self._detours.pop(0)
            self._begin(self._detour(here), valid=False, after="plan")

    def _begin(self, steps: Sequence[Step], valid: bool, after: str) -> None:
        self._script, self._after = [(step, valid) for step in steps], after

    def _end_script(self) -> None:
        after, self._after = self._after, ""
        if after == "plan":
            self.expert.plan_anew(back_out=False)
        elif after == "right":
            self._erring = False
            self.expert.plan_anew(self.world.scene.target)

    @property
    def progress(self) -> float:
        """Return the share of the approach that is done, 0…1; below 0 when not approaching."""
        expert = self.expert
        if expert.planned is None:
            return 0.0
        if expert.phase is not MotionPhase.APPROACH:
            return -1.0
        return expert.index / max(1, len(expert.planned.approach))

    def _lifted(self) -> float:
        planned = self.expert.planned
        return 0.0 if planned is None else float(self.world.T_base_ee[2, 3] - planned.grasp.T_base_grasp[2, 3])

    def _holds_wrong(self, width: float) -> bool:
        expert = self.expert
        if expert.phase is not MotionPhase.LIFT or width < EMPTY:
            return False
        return self._lifted() >= self._hold_wrong

    def _put_back(self, here: np.ndarray, width: float) -> list[Step]:
        """Set down what is held where it was taken, let go, back out."""
        steps: list[Step] = []
        place, planned = here.copy(), self.expert.planned
        if planned is not None:
            place[2, 3] = min(here[2, 3], planned.grasp.T_base_grasp[2, 3] + 0.004)
        if here[2, 3] - place[2, 3] > 0.005:
            steps = straight(here, place, 0.0, MotionPhase.LIFT, self.motion.lift_speed, self.motion)
        return steps + retreat(place, self._open, self.motion)

    def _detour(self, here: np.ndarray) -> list[Step]:
        planned = self.expert.planned
        grasp = planned.grasp.T_base_grasp if planned is not None else here
        return detour(here, grasp, self.world.scene.table.height, self._open, self.rng)

    # -- labels --------------------------------------------------------------------------------------------------
    def _renew_options(self, observation: SingleArmObservation) -> None:
        """Look for the object's grasps again when it has moved and nothing holds it."""
        where = self.world.object_pose(self.world.scene.target)[:3, 3]
        if self.closed or np.linalg.norm(where - self._options_at) < 0.006:
            return
        self._options_at = where
        self.options = self.expert.planner.reachable(self.world.scene.target, observation.state.q, OPTIONS, WORSE)
