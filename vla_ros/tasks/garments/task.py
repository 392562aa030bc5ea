# SPDX-License-Identifier: Apache-2.0
"""What tasks with one garment ask and judge alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from vla_ros.robots.embodiment import Embodiment
from vla_ros.tasks.garments.limits import GarmentLimits
from vla_ros.tasks.garments.words import names
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.task_files import Limits
from vla_ros.tasks.two_hands.task import TwoHandedTask

GARMENT, MEASURE = "garment", "measure"  # keys of a scene's facts


class GarmentTask(TwoHandedTask[Limits]):
    """A task with a garment that lies flat on the table, alone."""

    thing = "the garment"

    def judge(
        self,
        shown: Mapping[str, Any],
        embodiment: Embodiment,
        start: Truth,
        limits: TaskLimits,
        instruction: str = "",
        success_object: str = "",
    ) -> Judge:
        """Judge the garment; where the words are others than the scene's and name none such, nobody can say."""
        (cloth,) = (one for one in shown["cloths"] if one["name"] == shown[GARMENT])
        own = instruction in ("", shown["instruction"]) or names(self.name, instruction, cloth["category"])
        doubt = "" if own else f"the instruction does not name the {cloth['category']}"
        thresholds = cast(GarmentLimits, limits)  # as self.limits returned them, or changed from these
        return self._judge_of(shown, start, self._openings(embodiment), thresholds, doubt)

    def _judge_of(
        self, shown: Mapping[str, Any], start: Truth, openings: Mapping[str, float], limits: Any, doubt: str
    ) -> Judge:
        raise NotImplementedError
