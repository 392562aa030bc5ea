# SPDX-License-Identifier: Apache-2.0
"""A teacher that clears tables and sometimes errs with a thing: grasps beside it, or loses it on the way up.

Its hands are pushed off their way now and then. Errors and pushes are marked and not imitated (errors.py); what brings
the hand back, and to the thing again, is.
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import MotionPhase, Step
from vla_ros.sim.grasping.planning import PlannedGrasp
from vla_ros.tasks.bussing.expert import BussingExpert
from vla_ros.tasks.bussing.hand import BussingHand
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.training.generation.demonstrators.errors import FailureMode, detour, misplaced, missed_by
from vla_ros.training.generation.demonstrators.grasping import OPTIONS, WIDE_MARGIN, WORSE
from vla_ros.training.generation.demonstrators.plain import PlainDemonstrator

MOVED = 0.006  # [m] from which on a thing lies elsewhere
ERRING = 0.5  # share of the things of an episode of errors with which one is made
PUSHED = 0.5  # share of the ways to a thing on which the hand is pushed off
APPROACHING = (MotionPhase.APPROACH, MotionPhase.ARRIVE, MotionPhase.CLOSE)


class BussingDemonstrator(PlainDemonstrator):
    """The expert of bussing, whose every hand may err once."""

    def __init__(self, expert: BussingExpert, failure_mode: FailureMode, rng: np.random.Generator) -> None:
        """`failure_mode` is what an episode of errors is called; which one is made with a thing is drawn with it."""
        super().__init__(expert)
        self.failure_mode = failure_mode
        self._clearing, self._rng = expert, rng
        expert.hand_chosen = self._take_hand
        self._forget()

    def reset(self) -> None:
        """Begin an episode."""
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self.valid = True
        self._hand: BussingHand | None = None  # that works
        self._script: list[JointStep] = []  # of an error that is under way
        self._after_push = False
        self._missing = False  # the plan is one that misses
        self._late = False  # the error's last command is still in force
        self.options: tuple[Grasp, ...] = ()  # of the thing that the hand is on its way to, as it lies
        self._options_at = np.full(3, np.inf)

    def _renew_options(self, observation: Observation) -> None:
        """Look for the grasps of the thing again when it has moved, until the fingers have closed on it."""
        hand = self._clearing.hand
        if hand is None or hand is not self._hand or hand.phase not in APPROACHING:
            self.options, self._options_at = (), np.full(3, np.inf)
            return
        where = hand.world.object_pose(hand.target)[:3, 3]
        if np.linalg.norm(where - self._options_at) >= MOVED:
            q = hand.codec.view(observation).state.q
            self.options = tuple(hand.planner.reachable(hand.target, q, OPTIONS, WORSE))
            self._options_at = where

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next actions; `valid` then speaks of this frame."""
        hand = self._hand
        if hand is not None and not self._script:
            if self._after_push:
                self._after_push = False
                hand.plan_anew(back_out=False)
            self._begin_script(hand, observation)
        if hand is not None and self._script:
            seen = hand.codec.view(observation)
            rows: list[Step] = list(self._script[: hand.codec.horizon])
            self._script.pop(0)
            self.valid, self._late = False, True
            return hand.send(seen, rows)
        chunk = super().infer(observation)
        if self._missing and (self._hand is not hand or hand is None or hand.phase not in APPROACHING):
            self._missing = False
        self.valid = not self._missing and not self._late
        self._late = self._missing
        self._renew_options(observation)
        return chunk

    def chunk_refused(self, reason: str) -> None:
        """Tell the expert why control refused its last chunk; what was begun on purpose is dropped."""
        self._script = []
        super().chunk_refused(reason)

    def _take_hand(self, hand: BussingHand) -> None:
        """Draw what goes wrong with the thing that a hand begins with."""
        rng = self._rng
        self._hand, self._script, self._after_push, self._missing = hand, [], False, False
        hand.open_wider(WIDE_MARGIN)
        errs = self.failure_mode is not FailureMode.NONE and rng.uniform() < ERRING
        slips = errs and rng.uniform() < 1 / 3
        self._push_at = float(rng.uniform(0.1, 0.97)) if rng.uniform() < PUSHED else np.inf
        self._slip_at = float(rng.uniform(0.015, 0.12)) if slips else np.inf  # [m] lifted
        hand.amend = self._misplace if errs and not slips else None

    def _misplace(self, planned: PlannedGrasp, T_start: np.ndarray) -> PlannedGrasp:
        hand = self._hand
        assert hand is not None
        hand.amend, self._missing = None, True
        return misplaced(planned, missed_by(self._rng), T_start, hand.motion)

    def _begin_script(self, hand: BussingHand, observation: Observation) -> None:
        """Push the hand off its way to the thing, or open it on its way up."""
        planned = hand.planned
        if planned is None or self._clearing.hand is not hand:
            return
        seen = hand.codec.view(observation)
        here, q = seen.T_base_ee_commanded, seen.state.q
        world, full = hand.world, hand.world.embodiment.gripper(hand.codec.gripper).width_max
        if hand.phase is MotionPhase.APPROACH and not self._missing:
            if hand.index < self._push_at * len(planned.approach):
                return
            self._push_at = np.inf
            pushed = detour(here, planned.grasp.T_base_grasp, world.scene.table.height, full, self._rng)
            self._script, self._after_push = hand.with_joints(pushed, q), True
        elif hand.phase is MotionPhase.LIFT:
            if world.tool_pose(hand.codec.arm)[2, 3] < planned.grasp.T_base_grasp[2, 3] + self._slip_at:
                return
            self._slip_at = np.inf
            opened = min(seen.state.gripper_width + float(self._rng.uniform(0.02, 0.04)), full)
            self._script = hand.with_joints([Step(here, opened, MotionPhase.RELEASE)] * 4, q)
