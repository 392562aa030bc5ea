# SPDX-License-Identifier: Apache-2.0
"""Two arms in one chunk: ways of unlike length side by side, and what a row says to whom."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.grasping.motion import MotionPhase
from vla_ros.tasks.either_hand import TwoHanded, task_expert
from vla_ros.tasks.table import load_task
from vla_ros.tasks.two_hands.apart import too_fast
from vla_ros.tasks.two_hands.pair_codec import JointStep, PairCodec
from vla_ros.tasks.two_hands.ways import one_by_one, side_by_side


def step(number: float, width: float = 0.0) -> JointStep:
    return JointStep(np.eye(4), width, MotionPhase.CARRY, np.full(6, number))


HERE = {"left": step(-1.0), "right": step(-2.0)}


def numbers(rows, arm: str) -> list[float]:
    return [float(row[arm].q[0]) for row in rows]


def test_who_has_arrived_waits_and_who_has_no_way_stays():
    rows = side_by_side({"left": [step(0.0), step(1.0), step(2.0)], "right": [step(5.0)]}, HERE)
    assert numbers(rows, "left") == [0.0, 1.0, 2.0]
    assert numbers(rows, "right") == [5.0, 5.0, 5.0]
    assert numbers(side_by_side({"left": [step(0.0)]}, HERE), "right") == [-2.0]
    assert side_by_side({}, HERE) == []


def test_a_part_begins_where_the_last_one_ended():
    rows = one_by_one([{"left": [step(0.0), step(1.0)]}, {"right": [step(3.0)]}], HERE)
    assert numbers(rows, "left") == [0.0, 1.0, 1.0]
    assert numbers(rows, "right") == [-2.0, -2.0, 3.0]


def test_a_chunk_moves_the_joints_and_grippers_of_both_arms():
    robot = load_embodiment("agilex")
    codec = PairCodec(robot, [arm.name for arm in robot.arms])

    class Said:
        stamp, instruction = 2.0, ""

    rows = [{"left": step(0.1, 0.03), "right": step(0.2, 0.05)}]
    chunk = codec.chunk(Said(), rows, status=_ongoing(), sequence=3)
    told = dict(zip(chunk.channels, chunk.values[0], strict=True))
    assert all(told[f"{joint}/position"] == pytest.approx(0.1) for joint in robot.arm("left").joints)
    assert all(told[f"{joint}/position"] == pytest.approx(0.2) for joint in robot.arm("right").joints)
    assert (told["left_gripper/width"], told["right_gripper/width"]) == (0.03, 0.05)


def test_a_chunk_drives_the_base_beside_both_arms_and_its_poses_ride():
    robot = load_embodiment("bytemini")
    codec = PairCodec(robot, [arm.name for arm in robot.arms], base=True)

    class Said:
        stamp, instruction = 2.0, ""

    rows, driven = (
        [{"left": long_step(0.1), "right": long_step(0.2)}] * 2,
        np.array([[0.1, -0.3, 0.0], [0.0, 0.0, 0.0]]),
    )
    chunk = codec.chunk(Said(), rows, status=_ongoing(), sequence=3, driven=driven)
    np.testing.assert_array_equal(chunk.column("base/velocity.y"), [-0.3, 0.0])
    np.testing.assert_array_equal(chunk.column("right_joint7/position"), [0.2, 0.2])
    assert chunk.riding


def long_step(number: float) -> JointStep:
    return JointStep(np.eye(4), 0.0, MotionPhase.CARRY, np.full(7, number))


def test_links_may_be_near_each_other_but_not_near_each_other_fast():
    assert not too_fast(0.03, 0.03, 0.1)
    assert not too_fast(0.03, 0.05, 0.1)  # they part
    assert not too_fast(0.120, 0.115, 0.1)
    assert too_fast(0.120, 0.080, 0.1)
    assert too_fast(0.020, 0.018, 1.0)


def _ongoing():
    from controllers.chunks.chunk import TaskStatus

    return TaskStatus.ONGOING


def test_one_function_gives_the_expert_of_a_task_for_one_hand_or_for_two():
    class Both:
        def two_handed_expert(self, world, models):
            return "both", world, sorted(models)

    assert isinstance(load_task("handover"), TwoHanded)
    assert not isinstance(load_task("placing"), TwoHanded)
    assert task_expert(Both(), "world", {"right": 1, "left": 2}) == ("both", "world", ["left", "right"])


@pytest.mark.slow
def test_the_expert_passes_something_on():
    result = EpisodeRunner(EpisodeSettings(policy="expert", task="handover", robot="agilex")).run(5003)
    assert result.success, result.cause
