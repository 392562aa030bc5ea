# SPDX-License-Identifier: Apache-2.0
"""Where an operator's hand goes to do what a prompt asks for: as the task's expert does it in a dry run.

The expert plays the prompt's scene in lockstep, and the task's judge says whether it succeeds; the hand then makes for
the corners of that way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from controllers.errors import VlaError
from controllers.rotations import from_matrix
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.objects.named_parts import named_parts
from vla_ros.policies.actions.single_arm import SingleArmCodec
from vla_ros.policies.graspvla.small.part_search import split_part
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import task_expert
from vla_ros.tasks.grasping.expert import ExpertPolicy
from vla_ros.tasks.grasping.part_grasps import target_part
from vla_ros.tasks.table import DEFAULT_TASK
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.simulated_hand.hand import Waypoint
from vla_ros.training.generation.demonstrators.grasping import WIDE_MARGIN

BEFORE = 0.10  # [m] of the way in at which a person stops to look before the last stretch
STRAY = 0.02  # [m] that a straight stroke may be off the expert's way with something in the hand
SHUT = 0.1  # of the full opening: below it the hand is told to close
CONTROL_HZ = 500.0


class WaypointPlanner:
    """Plan prompts of one robot; what is shared between them is made once for each task."""

    def __init__(self, robot: str) -> None:
        """`robot` is its name or file."""
        self._robot = robot
        self._runners: dict[str, EpisodeRunner] = {}

    def waypoints(self, prompt: Mapping[str, Any]) -> list[Waypoint]:
        """Return the way to do what a prompt asks for in its scene.

        Raises VlaError for a scene or part that there is not, and where the expert would not succeed at once.
        """
        runner = self._runner(str(prompt["task"]) or DEFAULT_TASK)
        request = dataclasses.replace(SceneRequest.read(prompt["scene"]), robot=self._robot)
        scene = _by_part(runner.task.scene(request), str(prompt["instruction"]))
        world = World(scene, runner.embodiment, timestep=1.0 / CONTROL_HZ)
        try:
            expert = task_expert(runner.task, world, runner.arm_models)
            if isinstance(expert, ExpertPolicy):
                expert.open_wider(WIDE_MARGIN)
            run = _Thought(world, runner.follower(), expert, runner.task, RolloutConfig(latency_s=0.0))
            judge = run.run()
        finally:
            world.close()
        if not judge.success or judge.attempts > 1:
            raise VlaError(run.cause() or f"the expert needs {judge.attempts} attempts")
        return corners(run.way, SHUT * runner.embodiment.only_gripper.width_max)

    def _runner(self, task: str) -> EpisodeRunner:
        if task not in self._runners:
            self._runners[task] = EpisodeRunner(
                EpisodeSettings(policy=EXPERT, task=task, robot=self._robot, rate_hz=CONTROL_HZ), cameras=()
            )
        return self._runners[task]


class _Thought(Rollout):
    """A roll-out that notes where the hand was told to be at each camera frame."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.way: list[tuple[np.ndarray, float]] = []  # T_base_ee (4, 4), opening [m]
        self._codec = SingleArmCodec.of(self.world.embodiment)

    def _observe(self):
        observation = super()._observe()
        self.way.append((self._codec.view(observation).T_base_ee_commanded, self.width_commanded))
        return observation


def _by_part(scene: Scene, instruction: str) -> Scene:
    """Return the scene as the instruction asks for its target: by a part, where it names one."""
    part = split_part(instruction)[1]
    if not part:
        return scene
    if not scene.target:
        raise VlaError(f"'{instruction}': names a part, and the scene has no single target that has one")
    category = scene.target_object.model.category
    if category not in named_parts() or target_part(scene).name != part:
        raise VlaError(f"'{instruction}': nothing says which part of a {category} its {part} is (objects/parts.yaml)")
    return dataclasses.replace(scene, part=part)


def corners(way: Sequence[tuple[np.ndarray, float]], shut_below: float) -> list[Waypoint]:
    """Return where a hand that makes straight strokes stops on a way: to look, to close and open, to turn.

    `way` is of tool poses (4, 4) and openings [m], which are open above `shut_below` [m].
    """
    shut = [width < shut_below for _, width in way]
    changes = [i for i in range(1, len(way)) if shut[i] != shut[i - 1]]
    stops: list[Waypoint] = []
    for first, last in zip([0, *changes], [*changes, len(way) - 1], strict=True):
        poses = [T for T, _ in way[first : last + 1]]
        if shut[first] or last not in changes:
            between = [poses[i] for i in _turns(np.array([T[:3, 3] for T in poses]), STRAY)]
        else:  # with an empty hand any way will do
            between = [_before(poses)]
        stops += [Waypoint(_pose(T)) for T in between]
        stops.append(Waypoint(_pose(poses[-1]), closed=float(shut[last])))
    return [dataclasses.replace(stops[0], closed=float(shut[0])), *stops[1:]]


def _turns(points: np.ndarray, stray: float, first: int = 0) -> list[int]:
    """Return which points (P, 3) between the first and the last straight strokes must pass (Douglas and Peucker)."""
    if len(points) < 3:
        return []
    way = points[-1] - points[0]
    along = np.clip((points - points[0]) @ way / max(float(way @ way), 1e-12), 0.0, 1.0)
    off = np.linalg.norm(points - points[0] - along[:, None] * way, axis=1)
    worst = int(np.argmax(off))
    if off[worst] <= stray:
        return []
    before, after = _turns(points[: worst + 1], stray, first), _turns(points[worst:], stray, first + worst)
    return [*before, first + worst, *after]


def _before(way: Sequence[np.ndarray]) -> np.ndarray:
    """Return the pose (4, 4) on the way in from which BEFORE is left to go."""
    left = [float(np.linalg.norm(T[:3, 3] - way[-1][:3, 3])) for T in way]
    return way[int(np.argmin(np.abs(np.array(left) - BEFORE)))]


def _pose(T: np.ndarray) -> Pose:
    return Pose(T[:3, 3].copy(), from_matrix(T[:3, :3]))
