# SPDX-License-Identifier: Apache-2.0
"""Where on its object the part is that was requested, by all that was seen of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from vla_ros.policies.actions.single_arm import SingleArmState
from vla_ros.policies.graspvla.small.chain import GripperMemory
from vla_ros.policies.graspvla.small.part_search import find_part, part_boxes
from vla_ros.policies.graspvla.small.target_search import FoundTarget, TargetSearch

HAND = 0.12  # [m] of the tool from the part: a hand so near hides it
NEW = 0.4  # share of what is seen now in what is believed
ELSEWHERE = 0.06  # [m] from what was believed: another end of the object


class PartMemory:
    """A part by the words (T, SIZE), relative to the middle of its object."""

    def __init__(self, words: np.ndarray) -> None:
        self._words = words
        self._shift: np.ndarray | None = None  # (3,) [m] from the object's middle

    def settle(
        self,
        search: TargetSearch,
        pictures: Sequence[np.ndarray],
        calibrations: Sequence[np.ndarray],
        whole: FoundTarget,
        state: SingleArmState,
        gripper: GripperMemory,
    ) -> FoundTarget:
        """Return the part of `whole` as it is believed to be, and keep where it is."""
        shift = self._shift
        hidden = shift is not None and np.linalg.norm(state.T_base_ee[:3, 3] - whole.middle - shift) < HAND
        if shift is not None and (hidden or gripper.closing):
            middle = whole.middle + shift
            boxes = part_boxes(np.array(whole.boxes), calibrations, middle)
            return dataclasses.replace(whole, boxes=tuple(boxes), middle=middle)
        found = find_part(search, pictures, calibrations, whole, self._words)
        seen = found.middle - whole.middle
        if shift is None or np.linalg.norm(seen - shift) > ELSEWHERE:
            self._shift = seen
        else:
            self._shift = shift + NEW * (seen - shift)
        return dataclasses.replace(found, middle=whole.middle + self._shift)
