# SPDX-License-Identifier: Apache-2.0
"""A robot with several grippers: which hand acts, which reach counts, what is an attempt."""

from __future__ import annotations

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.objects.geometry import surface_points
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.reach import ArmReach
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import EitherHand, nearest_first
from vla_ros.tasks.table import load_task
from vla_ros.tasks.watches import ClosureWatch, narrowest

ROBOT = "bytemini"


class Able:
    """A policy that finds a way while it is able to."""

    def __init__(self, name: str, able: bool) -> None:
        self.name, self.able, self.resets = name, able, 0

    def reset(self) -> None:
        self.resets += 1

    def infer(self, observation: Observation) -> ActionChunk:
        status = TaskStatus.ONGOING if self.able else TaskStatus.INVALID
        values = np.array([[0.01, status.value]])
        return ActionChunk(0.0, "base_link", (f"{self.name}/width", "task/status"), np.array([0.1]), values)


def test_the_first_that_finds_a_way_acts_for_the_whole_episode():
    left, right = Able("left", False), Able("right", True)
    hands = EitherHand((left, right))
    hands.reset()
    assert (left.resets, right.resets) == (1, 1)
    seen: Observation = None  # neither looks
    assert hands.infer(seen).channels[0] == "right/width"
    left.able = True
    assert hands.infer(seen).channels[0] == "right/width"
    right.able = False
    refused = hands.infer(seen)
    assert (refused.channels[0], refused.status) == ("right/width", TaskStatus.INVALID)  # no second hand joins in
    hands.reset()
    assert hands.infer(seen).channels[0] == "left/width"
    left.able = False
    hands.reset()
    assert hands.infer(seen).status is TaskStatus.INVALID


@pytest.mark.parametrize("seed", range(506, 510))
def test_the_nearest_shoulder_comes_first(seed):
    world = World(grasping_scene("basic", seed, robot=ROBOT), load_embodiment(ROBOT))
    try:
        y = world.object_pose(world.scene.target)[1, 3]
        assert nearest_first(world) == (["left", "right"] if y > 0.0 else ["right", "left"])
    finally:
        world.close()


def test_a_hand_that_closes_while_the_other_is_open_is_an_attempt():
    openings = {"left": 0.09, "right": 0.10}
    watch = ClosureWatch(1.0, 0.45, 0.55)
    for left, right in ((0.09, 0.10), (0.09, 0.02), (0.09, 0.10), (0.0, 0.10)):
        watch.update(narrowest({"left": left, "right": right, "cup": 0.0}, openings))
    assert watch.closures == 2


def test_a_shoulder_above_the_table_reaches_less_far_down():
    hanging = ArmReach(shoulder=1.3, wrist=0.66, wrist_height=0.2, hangs=True)
    assert hanging.contains(0.5, 0.75)
    assert not hanging.contains(0.5, 0.56)
    placed = grasping_scene("basic", 500, robot=ROBOT)
    arms = [arm for arm in load_embodiment(ROBOT).arms if arm.reach is not None]
    x, y, _ = placed.target_object.T_base_object[:3, 3]
    tip = placed.table.height + 0.02
    assert any(arm.reach.contains(float(np.hypot(x - arm.reach.axis[0], y - arm.reach.axis[1])), tip) for arm in arms)


def test_arms_and_grippers_are_found_and_missed_by_name():
    robot = load_embodiment(ROBOT)
    assert robot.arm_with(robot.arm("right").joints).name == "right"
    assert robot.gripper_on("left").name == "left_gripper"
    with pytest.raises(ConfigError, match="has no arm of the joints left_joint1"):
        robot.arm_with(("left_joint1",))


def test_the_expert_lifts_with_the_hand_that_is_nearest():
    runner = EpisodeRunner(EpisodeSettings(policy="expert", robot=ROBOT))
    result = runner.run(506)
    assert result.success, result.cause
    assert result.attempts == 1


def test_the_expert_puts_a_tall_bottle_whose_foot_is_out_of_reach():
    result = EpisodeRunner(EpisodeSettings(policy="expert", task="placing", robot=ROBOT)).run(504)
    assert result.success, result.cause
    assert result.attempts == 1


@pytest.mark.parametrize("seed", range(500, 505))
def test_what_is_put_and_where_are_in_reach_of_one_hand(seed):
    scene = load_task("placing").scene(SceneRequest(seed=seed, robot=ROBOT))
    reaches = [arm.reach for arm in load_embodiment(ROBOT).arms if arm.reach is not None]
    places = []
    for one in scene.objects:
        if one.name in (scene.target, scene.goal):
            points = surface_points(one.model.parts) @ one.T_base_object[:3, :3].T + one.T_base_object[:3, 3]
            # What is tall is taken 5 cm below its top: the tips need not come down to the table there.
            tip = max(scene.table.height + 0.02, points[:, 2].max() - 0.05)
            places.append(((points.min(axis=0) + points.max(axis=0))[:2] / 2, tip))
    assert len(places) == 2
    assert any(all(r.contains(float(np.linalg.norm(at - r.axis)), tip) for at, tip in places) for r in reaches)
