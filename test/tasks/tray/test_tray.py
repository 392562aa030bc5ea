# SPDX-License-Identifier: Apache-2.0
"""The tray task: scenes, words, the judge, and a carry planned and played by the real follower."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from robot_rigs.two_handed_rig import two_handed_rig
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.serving_trays import BOARD, handle
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.judging import Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body, Receptacle
from vla_ros.tasks.table import load_task
from vla_ros.tasks.tray.judge import FALLEN, SPILLED

ROBOT, FAR = "ldt01", 0.3  # [m]


def drawn(seed: int, **changes):
    return load_task("tray").scene(SceneRequest("basic", seed, robot=ROBOT, **changes))


@pytest.fixture(scope="module")
def scenes():
    return [drawn(seed) for seed in range(5000, 5012)]


# -- scenes ------------------------------------------------------------------------------------------------------------
def test_a_scene_is_a_function_of_its_seed(scenes) -> None:
    again = drawn(scenes[0].seed)
    for one, other in zip(scenes[0].objects, again.objects, strict=True):
        np.testing.assert_array_equal(one.T_base_object, other.T_base_object)
    np.testing.assert_array_equal(scenes[0].fixtures[0].T_base_fixture, again.fixtures[0].T_base_fixture)
    assert scenes[0].instruction == again.instruction


def test_one_to_three_things_stand_on_the_tray_clear_of_each_other_and_of_its_handles(scenes) -> None:
    counts = set()
    for scene in scenes:
        tray, *things = scene.objects
        counts.add(len(things))
        holds = Receptacle.of(tray.model)
        for thing in things:
            body = Body.of(thing.model)
            assert holds.supports(tray.T_base_object, body, thing.T_base_object)
            T = np.linalg.inv(tray.T_base_object) @ thing.T_base_object
            along = (np.array(body.points) @ T[:3, :3].T + T[:3, 3])[:, 1]
            assert np.abs(along).max() < tray.model.size[1] / 2 - 0.08
    assert {1, 2} <= counts <= {1, 2, 3}


def test_the_mat_is_elsewhere_on_the_table(scenes) -> None:
    for scene in scenes:
        (mat,) = scene.fixtures
        shift = mat.T_base_fixture[:2, 3] - scene.target_object.T_base_object[:2, 3]
        assert 0.059 < np.linalg.norm(shift) < 0.12
        assert mat.model.color in scene.instruction
        assert scene.target_object.model.color in scene.instruction


def test_what_the_task_has_not_is_one_line() -> None:
    task = load_task("tray")
    with pytest.raises(ConfigError, match="takes two hands, and robot 'franka' has 1"):
        task.check(SceneRequest(robot="franka"))
    with pytest.raises(ConfigError, match="the tray is given"):
        task.check(SceneRequest(robot=ROBOT, target="red mug"))
    with pytest.raises(ConfigError, match="is for stream evaluation"):
        drawn(0, stream="generation", wording="unseen")


# -- the judge ---------------------------------------------------------------------------------------------------------
class Episode:
    """A judge that is shown the tray somewhere with all that stands on it, the hands open and away unless told."""

    def __init__(self, scene, instruction: str = "", **limits) -> None:
        self.task, self.scene, self.time = load_task("tray"), scene, 0.0
        self.start = {one.name: one.T_base_object for one in scene.objects}
        self.tray = scene.objects[0].name
        self.robot = load_embodiment(ROBOT)
        shown = json.loads(json.dumps(announcement(self.task, scene, load_catalogue())))
        rules = dataclasses.replace(self.task.limits, **limits)
        self.judge = self.task.judge(shown, self.robot, self._truth(self.start, 1.0, FAR), rules, instruction)

    def carried(self, share: float, above: float = 0.0) -> dict[str, np.ndarray]:
        """Return all poses with the tray a share of its way to the mat, and above the table [m]."""
        T, goal = self.start[self.tray], self.scene.fixtures[0].T_base_fixture
        there = np.eye(4)
        turn = Rotation.from_matrix(goal[:3, :3] @ T[:3, :3].T).as_rotvec()
        there[:3, :3] = Rotation.from_rotvec(share * turn).as_matrix() @ T[:3, :3]
        there[:3, 3] = T[:3, 3]
        there[:2, 3] += share * (goal - T)[:2, 3]
        there[2, 3] += above
        return {name: there @ np.linalg.inv(T) @ pose for name, pose in self.start.items()}

    def _truth(self, poses, open_share: float, away: float) -> Truth:
        T, tools = poses[self.tray], {}
        for side, arm in enumerate(("left", "right")):
            tools[arm] = np.eye(4)
            point = handle(self.scene.objects[0].model, side)
            tools[arm][:3, 3] = T[:3, :3] @ point + T[:3, 3] + (0.0, 0.0, away)
        widths = {gripper.name: open_share * gripper.width_max for gripper in self.robot.grippers}
        return Truth(self.time, {name: pose.copy() for name, pose in poses.items()}, widths, tools)

    def show(self, poses, seconds: float, open_share: float = 1.0, away: float = FAR) -> Outcome:
        for _ in range(round(seconds / 0.05)):
            self.time += 0.05
            self.judge.update(self._truth(poses, open_share, away))
        return self.judge.outcome


@pytest.fixture
def episode(scenes) -> Episode:
    return Episode(scenes[1])


def test_a_tray_that_is_carried_to_the_mat_and_let_go_is_a_success(episode) -> None:
    for share in np.linspace(0.0, 1.0, 6):
        assert episode.show(episode.carried(share, 0.06), 0.2, 0.0, 0.0) == Outcome.RUNNING
    assert episode.judge.progress == pytest.approx(0.8, abs=0.01)
    assert episode.show(episode.carried(1.0), 1.5, 0.0, 0.0) == Outcome.RUNNING  # still held
    assert episode.show(episode.carried(1.0), 1.5, 1.0, 0.02) == Outcome.RUNNING  # not away
    assert episode.show(episode.carried(1.0), 1.5) == Outcome.SUCCESS
    assert (episode.judge.attempts, episode.judge.progress) == (1, 1.0)


def test_a_tray_that_lies_beside_the_mat_or_was_pushed_there_is_none(episode) -> None:
    assert episode.show(episode.carried(1.0), 2.0) == Outcome.RUNNING  # never up
    episode.show(episode.carried(0.5, 0.06), 0.2)
    assert episode.show(episode.carried(0.5), 3.0) == Outcome.RUNNING
    assert episode.judge.cause() == "lifted, not on the mat"


def test_what_falls_over_or_off_is_spilled(episode, scenes) -> None:
    thing = episode.scene.objects[1].name
    poses = episode.carried(0.3, 0.06)
    poses[thing] = poses[thing].copy()
    poses[thing][:3, :3] = Rotation.from_euler("x", 1.2).as_matrix() @ poses[thing][:3, :3]
    assert episode.show(poses, 0.5) == SPILLED
    off = Episode(scenes[1])
    poses = off.carried(0.3, 0.06)
    poses[thing] = poses[thing] + np.array([[0, 0, 0, 0.3], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert off.show(poses, 0.5) == SPILLED
    assert off.judge.cause() == "something was spilled"


def test_a_tray_off_the_table_and_words_that_name_none(scenes) -> None:
    gone = Episode(scenes[0])
    assert gone.show(gone.carried(0.0, -0.4), 0.3) == FALLEN
    other = Episode(scenes[0], "open the drawer")
    other.show(other.carried(0.5, 0.06), 0.2)
    assert other.show(other.carried(1.0), 2.0) == Outcome.UNJUDGED


# -- the expert --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=["ldt01", "agilex"])
def acting(request):
    """Return a world before a robot, its expert, and where its arms are."""
    return two_handed_rig("tray", request.param, 505)


def test_hands_that_hold_the_tray_keep_their_distance_and_keep_it_level(acting) -> None:
    world, expert, here = acting
    (mat,) = world.scene.fixtures
    goal = mat.T_base_fixture.copy()
    goal[2, 3] += world.scene.target_object.model.size[2] / 2
    rows = expert.planner.plan(goal, here)
    assert rows is not None
    left, right = expert.codec.arms
    held = [row for row in rows if row[left].width == 0.0 and row[right].width == 0.0]
    between = np.array([row[left].T_base_ee[:3, 3] - row[right].T_base_ee[:3, 3] for row in held])
    length = world.scene.target_object.model.size[1] - BOARD
    np.testing.assert_allclose(np.linalg.norm(between, axis=1), length, atol=1e-6)
    assert np.abs(between[:, 2]).max() < 1e-3
    strides = np.diff([np.concatenate([row[left].q, row[right].q]) for row in rows], axis=0)
    fastest = np.concatenate([world.embodiment.arm(arm).velocity for arm in (left, right)])
    assert (np.abs(strides) <= fastest * expert.motion.period).all()


@pytest.mark.slow
def test_a_tray_is_carried_to_the_mat(acting) -> None:
    world, expert, _ = acting
    follower = FollowerFactory(world.embodiment, load_control_config(world.embodiment.source)).make()
    judge = Rollout(world, follower, expert, load_task("tray"), RolloutConfig(latency_s=0.1)).run()
    assert judge.success, judge.reason
