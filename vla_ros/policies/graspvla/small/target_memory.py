# SPDX-License-Identifier: Apache-2.0
"""Where the object is by all that the episode has shown: seen, hidden behind the hand, or carried in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from vla_ros.policies.actions.single_arm import SingleArmState
from vla_ros.policies.backbone.view_geometry import project
from vla_ros.policies.graspvla.small.chain import GripperMemory
from vla_ros.policies.graspvla.small.target_search import FoundTarget

DOUBT = 0.01  # an object that fits the words worse than this, by both views together, is not the one
HIDDEN = 0.15  # and one that was believed and now fits worse than this by the better view is hidden
HELD_NOTHING = 0.002  # [m] between the fingers
SEEN_BEFORE, CARRIED = 1.0, 4.0  # logits that it is worth to be where it was, or where the fingers carry it
SURE, NEARBY = 0.8, 30.0  # fits the words so well, and nowhere so near [px] to what is carried: another one is held
LEAP = 0.06  # [m] further than an object moves from one chunk to the next
LANDED, LANDED_NEAR, SURE_OF_LEAP = 4, 0.04, 0.5  # chunks that see it there [m], and how well both views must fit
HAND, LANDED_HIDDEN = 0.15, 8  # [m] the hand so near to where it was may hide it: so many chunks then


@dataclasses.dataclass(frozen=True, eq=False)
class Expectation:
    """Where the object should be (3,) [m], and whether that is because the fingers hold it."""

    place: np.ndarray | None = None
    carried: bool = False

    @property
    def trust(self) -> float:
        """Return how many logits it is worth to be found there."""
        return CARRIED if self.carried else SEEN_BEFORE


class TargetMemory:
    """What was found, chunk after chunk, against what can be."""

    def __init__(self, doubts: bool = True) -> None:
        """`doubts`: it is believed to be elsewhere only after it was seen there again and again."""
        self._may_doubt = doubts
        self.target: FoundTarget | None = None
        self._landed: list[np.ndarray] = []  # (3,) [m] where it was found lately, too far from where it was
        self._middle_closed: np.ndarray | None = None  # (3,) [m] of the object when the fingers closed

    def close(self) -> None:
        """Note that the fingers have closed."""
        self._middle_closed = None if self.target is None else self.target.middle

    def open(self, states: Sequence[SingleArmState]) -> None:
        """Note that the fingers have opened, after the robot's last states."""
        if self.target and self._middle_closed is not None and min(s.gripper_width for s in states) < HELD_NOTHING:
            # While they closed they seemed to carry it. They held nothing: it is where it was.
            self.target = dataclasses.replace(self.target, middle=self._middle_closed)

    def place_before_taken(self, closing: bool) -> np.ndarray | None:
        """Return where the object was (3,) [m] when the fingers, which are `closing`, took it; else where it is."""
        if closing and self._middle_closed is not None:
            return self._middle_closed
        return None if self.target is None else self.target.middle

    def expect(self, state: SingleArmState, gripper: GripperMemory) -> Expectation:
        """Return where the object should be."""
        if self.target is None:
            return Expectation()
        T_closed, held = gripper.T_base_closed, state.gripper_width > HELD_NOTHING
        if not (gripper.closing and held and T_closed is not None and self._middle_closed is not None):
            return Expectation(self.target.middle)
        T = state.T_base_ee @ np.linalg.inv(T_closed)
        return Expectation(T[:3, :3] @ self._middle_closed + T[:3, 3], carried=True)

    def settle(
        self,
        found: FoundTarget | None,
        expected: Expectation,
        tool: np.ndarray,  # (3,) [m]
        calibrations: list[np.ndarray],
    ) -> FoundTarget | None:
        """Return the object as it is believed to be, and keep it; None when nothing has ever fitted the words."""
        self.target = self._settle(found, expected, tool, calibrations)
        return self.target

    def _settle(
        self, found: FoundTarget | None, expected: Expectation, tool: np.ndarray, calibrations: list[np.ndarray]
    ) -> FoundTarget | None:
        if self.target is None or expected.place is None:
            return found if found is not None and found.together >= DOUBT else None
        there = dataclasses.replace(self.target, middle=expected.place)
        if found is None or found.score < HIDDEN:  # by the hand, most likely
            return there
        if expected.carried and not _elsewhere(found, expected.place, calibrations):
            # Half hidden by the fingers, or half out of the picture, a box is centimetres off; the fingers themselves
            # know better.
            self._landed = []
            return dataclasses.replace(found, middle=expected.place, agreed=max(found.agreed, there.agreed))
        if self.target.agreed < SURE_OF_LEAP and found.agreed > self.target.agreed:
            return found  # what was believed was one view's word
        hidden = not expected.carried and np.linalg.norm(tool - expected.place) < HAND
        landed = LANDED_HIDDEN if hidden else LANDED
        return there if self._may_doubt and self._doubts(found, there, landed) else found

    def _doubts(self, found: FoundTarget, there: FoundTarget, landed: int) -> bool:
        """Say whether to disbelieve where the object is found, because it was elsewhere a moment ago.

        With a box of something else in one view the lines of sight meet anywhere; an object that was pushed or lost
        is seen at its new place again and again, `landed` times.
        """
        if np.linalg.norm(found.middle - there.middle) < LEAP:
            self._landed = []
            return found.agreed < SURE_OF_LEAP <= there.agreed  # half hidden it is seen centimetres off
        self._landed = [place for place in self._landed if np.linalg.norm(place - found.middle) < LANDED_NEAR]
        self._landed.append(found.middle)
        return len(self._landed) < landed or found.agreed < SURE_OF_LEAP


def _elsewhere(found: FoundTarget, expected: np.ndarray, calibrations: list[np.ndarray]) -> bool:
    """Say whether the object is surely not where the fingers carry something: no view sees it there."""
    if found.score < SURE:
        return False
    for box, calibration in zip(found.boxes, calibrations, strict=True):
        place, _ = project(calibration, expected[None])
        margin = max(0.5 * float((box[2:] - box[:2]).max()), NEARBY)
        if (place[0] > box[:2] - margin).all() and (place[0] < box[2:] + margin).all():
            return False
    return True
