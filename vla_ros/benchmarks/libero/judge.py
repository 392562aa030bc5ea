# SPDX-License-Identifier: Apache-2.0
"""Judge a pick in LIBERO as our own grasps are judged, and write down what the paper's criteria need beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vla_ros.benchmarks.libero.suites import LiberoTask, kind_of
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.referring.meaning import Meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.grasping.judge import GraspJudge
from vla_ros.tasks.grasping.lifting import GraspTaskConfig
from vla_ros.tasks.judging import Truth


class LiberoJudge(GraspJudge):
    """The judge of grasps, which remembers how high each object ever was."""

    def __init__(
        self, task: LiberoTask, objects: Sequence[str], embodiment: Embodiment, start: Truth, limits: GraspTaskConfig
    ) -> None:
        described = {name: SceneObject(name, kind_of(name), "") for name in objects}
        openings = {gripper.name: gripper.width_max for gripper in embodiment.grippers}
        meant = Meaning(tuple(described[name] for name in task.targets))
        super().__init__(meant, tuple(described.values()), start, openings, limits)
        self.highest: dict[str, float] = dict.fromkeys(objects, 0.0)  # [m] above where each lay

    def _judge(self, truth: Truth) -> None:
        super()._judge(truth)
        for name, lifted in self._lifted.items():
            self.highest[name] = max(self.highest[name], lifted)


def reached(highest: Mapping[str, float], names: Sequence[str], height: float) -> bool:
    """Say whether one of these objects was ever `height` [m] above where it lay."""
    return any(highest.get(name, 0.0) >= height for name in names)
