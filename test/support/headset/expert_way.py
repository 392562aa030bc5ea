# SPDX-License-Identifier: Apache-2.0
"""The way of a task's expert through a scene, in lockstep: where every tool is told to be, ten times a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.sim.world import World
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.either_hand import task_expert
from vla_ros.tasks.sentences import NEXT
from vla_ros.tasks.task import Task

CONTROL_HZ = 500.0
RAISED = 0.02  # [m] of a thing that is held up
CLOSES_S = 1.0  # [s] that fingers take at most
LOWERS_S = 1.5  # [s] before it is let go in which a thing may touch what it is put on
LEAVES_S, LEAVES_M = 0.6, 0.04  # [s], [m] that a hand goes on backwards when all is done
STANDS = 0.003  # [m], and of a rotation's entries, that a tool moves at most while it stands


@dataclass(frozen=True, eq=False)
class Moment:
    """What the robot is told at one time."""

    time: float  # [s]
    tools: dict[str, np.ndarray]  # T_base_ee (4, 4), by arm
    widths: dict[str, float]  # [m], by gripper
    T_odom_base: np.ndarray  # (4, 4); the identity of a robot that stands
    T_base_thing: np.ndarray | None = None  # (4, 4) of the one thing that is named, where one is


@dataclass(frozen=True)
class Taking:
    """When on a way [s] a hand takes the named thing from another one."""

    arm: str
    up: float  # the other hand holds it up: where it is can be seen
    closing: float
    carried: float  # the other hand is away
    lowered: float
    released: float


class ExpertWay:
    """Moments in order, `period` [s] apart."""

    def __init__(self, instruction: str, moments: list[Moment], target: str = "") -> None:
        self.instruction, self.moments, self.target = instruction, moments, target
        self.period = moments[1].time - moments[0].time

    @property
    def duration(self) -> float:
        """Return how long it takes [s]."""
        return self.moments[-1].time

    @property
    def driven(self) -> float:
        """Return how far the base went [m]."""
        places = np.array([moment.T_odom_base[:2, 3] for moment in self.moments])
        return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())

    def taking(self, arms: Mapping[str, str]) -> Taking | None:
        """Return how the named thing is taken from another hand; None where it is not. `arms` are grippers by arm."""
        lying = self.moments[0].T_base_thing
        up = [m for m in self.moments if m.T_base_thing is not None and m.T_base_thing[2, 3] > lying[2, 3] + RAISED]
        for arm, gripper in arms.items() if up else ():
            closed = next((m for m in up if m.widths[gripper] == 0.0), up[0])
            if up[0].widths[gripper] == 0.0 or closed is up[0]:
                continue  # the hand that gives it, or one that holds nothing
            later = [m for m in self.moments if m.time > closed.time]
            last = later[-1].time
            carried = next((m.time for m in later if _moved(m.tools[arm], closed.tools[arm])), last)
            released = next((m.time for m in later if m.widths[gripper] > 0.0), last)
            return Taking(arm, up[0].time, closed.time - CLOSES_S, carried, released - LOWERS_S, released)
        return None


def _moved(T: np.ndarray, T_before: np.ndarray) -> bool:
    return bool(
        np.linalg.norm(T[:3, 3] - T_before[:3, 3]) > STANDS or np.abs(T[:3, :3] - T_before[:3, :3]).max() > STANDS
    )


def _withdrawn(moments: Sequence[Moment], opened: Mapping[str, float]) -> list[Moment]:
    """Return moments after a way's end: hands that were on their way go on backwards, then open hands open wholly.

    The expert's way ends at the very moment in which its judge has seen enough. `opened` [m] is wholly, by gripper.
    """
    last, period = moments[-1], moments[1].time - moments[0].time
    count, found = round(LEAVES_S / period), []
    before = moments[max(0, len(moments) - 1 - count)]
    for i in range(1, 2 * count + 1):
        tools = {arm: T.copy() for arm, T in last.tools.items()}
        for arm, T in tools.items():
            if _moved(T, before.tools[arm]):
                T[:3, 3] -= LEAVES_M * min(i / count, 1.0) * T[:3, 2]
        whole = {name: opened[name] if i > count and width > 0.0 else width for name, width in last.widths.items()}
        found.append(replace(last, time=last.time + i * period, tools=tools, widths=whole))
    return found


class _Watched(Rollout):
    """A roll-out that notes what the robot is told at each camera frame; `asked` is the sentence that counts."""

    def __init__(self, asked: str, task: Task, world: World, *given: Any) -> None:
        super().__init__(world, *given, task, RolloutConfig(latency_s=0.0))
        self.moments: list[Moment] = []
        if asked != world.scene.instruction:
            shown = announcement(task, world.scene)
            self.judge = task.judge(shown, world.embodiment, self._truth(), task.limits, asked)
            self._observer.instruct(self.judge.instruction)

    def _observe(self):
        seen = super()._observe()
        tools = {arm: commanded.T_base_ee.copy() for arm, commanded in seen.commanded.arms.items()}
        widths = {gripper: self._told(gripper) for gripper in self.world.grippers}
        base = seen.state.base
        T = np.eye(4) if base is None else base.T_odom_base.copy()
        target = self.world.scene.target
        thing = self.world.object_pose(target).copy() if target else None
        self.moments.append(Moment(self.world.time, tools, widths, T, thing))
        return seen


def expert_way(robot: str, task: str, set_name: str, seed: int, word: str = "") -> ExpertWay:
    """Have the expert do what a scene asks for, of several sentences the first that holds `word`.

    Its own failure is an AssertionError.
    """
    settings = EpisodeSettings(policy=EXPERT, task=task, robot=robot, set_name=set_name, rate_hz=CONTROL_HZ)
    runner = EpisodeRunner(settings, cameras=())
    scene = runner.scene(seed)
    asked = next((one for one in scene.instruction.split(NEXT) if word in one), "")
    assert asked, f"{task} {set_name} {seed}: '{word}' is in no sentence of '{scene.instruction}'"
    world = World(scene, runner.embodiment, timestep=1.0 / CONTROL_HZ)
    try:
        expert = task_expert(runner.task, world, runner.arm_models)
        run = _Watched(asked, runner.task, world, runner.follower(), expert)
        judge = run.run()
    finally:
        world.close()
    assert judge.success, f"{task} {set_name} {seed}: the expert itself fails: {run.cause()}"
    opened = {gripper.name: gripper.width_max for gripper in runner.embodiment.grippers}
    return ExpertWay(asked, [*run.moments, *_withdrawn(run.moments, opened)], scene.target)
