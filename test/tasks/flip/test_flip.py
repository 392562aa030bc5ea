# SPDX-License-Identifier: Apache-2.0
"""The flip task: scenes, words, the judge, grips, the squeeze, and one turn planned and played by the real follower."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
from robot_rigs.two_handed_rig import two_handed_rig
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.parcels import SIDES, label_normal
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.flip.grips import PITCHES, ROLLS, SLANTS, Axis, Grip, hand_pose
from vla_ros.tasks.flip.judge import FALLEN
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.flip.turning import QUARTER, air_turn, tilt
from vla_ros.tasks.judging import Outcome, Truth
from vla_ros.tasks.table import load_task
from vla_ros.tasks.two_hands.squeezing import FORCE_MAX, FORCE_MIN, GIVE, SqueezedArm, squeeze_force

ROBOT = "ldt01"
FAR = 0.3  # [m]


def drawn(seed: int, **changes):
    return load_task("flip").scene(SceneRequest("basic", seed, robot=ROBOT, **changes))


@pytest.fixture(scope="module")
def scenes():
    return [drawn(seed) for seed in range(5000, 5030)]


# -- scenes ------------------------------------------------------------------------------------------------------------
def test_a_scene_is_a_function_of_its_seed(scenes) -> None:
    again = drawn(scenes[0].seed)
    (one,), (other,) = scenes[0].objects, again.objects
    np.testing.assert_array_equal(one.T_base_object, other.T_base_object)
    assert (one.model.size, one.model.mass, scenes[0].instruction) == (
        other.model.size, other.model.mass, again.instruction,
    )  # fmt: skip


def test_scenes_differ_in_side_size_weight_colour_and_words(scenes) -> None:
    models = [scene.target_object.model for scene in scenes]
    assert {label_normal(model) for model in models} == {SIDES[side] for side in ("front", "back", "bottom")}
    assert len({model.size for model in models}) == len(scenes)
    assert max(model.mass for model in models) > 1.5 * min(model.mass for model in models)
    assert len({model.color for model in models}) > 4
    assert len({scene.instruction for scene in scenes}) > 5


def test_a_parcel_lies_on_the_table_and_its_label_is_not_up(scenes) -> None:
    for scene in scenes:
        placed = scene.target_object
        box = LabelledBox.of(placed.model)
        assert 0.0 <= box.lowest(placed.T_base_object) - scene.table.height < 0.003
        assert box.angle(placed.T_base_object) > 1.5


def test_the_label_is_drawn_on_the_side_that_bears_it(scenes) -> None:
    for scene in scenes:
        model = scene.target_object.model
        (label,) = (part for part in model.parts if part.texture is not None)
        outside = np.array(label.position) @ np.array(label_normal(model))
        assert outside > np.abs(label_normal(model)) @ np.array(model.size) / 2
        assert not label.collide


def test_what_the_task_has_not_is_one_line() -> None:
    task = load_task("flip")
    with pytest.raises(ConfigError, match="takes two hands, and robot 'franka' has 1"):
        task.check(SceneRequest(robot="franka"))
    with pytest.raises(ConfigError, match="the parcel is given"):
        task.check(SceneRequest(robot=ROBOT, target="red mug"))
    with pytest.raises(ConfigError, match="is for stream evaluation"):
        drawn(0, stream="generation", wording="unseen")


def test_a_scene_is_announced_in_plain_values_with_a_catalogue_that_knows_no_parcels(scenes) -> None:
    task = load_task("flip")
    shown = json.loads(json.dumps(announcement(task, scenes[0], load_catalogue())))
    assert shown["objects"][0]["category"] == "parcel"
    assert LabelledBox.read(shown["box"]) == LabelledBox.of(scenes[0].target_object.model)


# -- the judge ---------------------------------------------------------------------------------------------------------
class Episode:
    """A judge that is shown the parcel turned from where it lay, the hands open and away unless told."""

    def __init__(self, scene, instruction: str = "", **limits) -> None:
        self.task, self.scene, self.time = load_task("flip"), scene, 0.0
        self.placed, self.robot = scene.target_object, load_embodiment(ROBOT)
        self.box = LabelledBox.of(self.placed.model)
        shown = json.loads(json.dumps(announcement(self.task, scene)))
        rules = dataclasses.replace(self.task.limits, **limits)
        self.judge = self.task.judge(shown, self.robot, self._truth(self.lying(), 1.0, FAR), rules, instruction)

    def lying(self, turn: float = 0.0, above: float = 0.0) -> np.ndarray:
        """Return the parcel's pose after a turn [rad] that takes its label up, its lowest corner `above` the table."""
        T = self.placed.T_base_object.copy()
        normal = T[:3, :3] @ np.array(self.box.normal)
        axis = np.cross(normal, (0.0, 0.0, 1.0)) if abs(normal[2]) < 0.5 else T[:3, 1]
        T[:3, :3] = Rotation.from_rotvec(turn * axis / np.linalg.norm(axis)).as_matrix() @ T[:3, :3]
        T[2, 3] += self.scene.table.height + above - self.box.lowest(T)
        return T

    def _truth(self, T: np.ndarray, open_share: float, away: float) -> Truth:
        tool = np.eye(4)
        tool[:3, 3] = T[:3, 3] + (0.0, 0.0, away + max(self.box.half))
        widths = {gripper.name: open_share * gripper.width_max for gripper in self.robot.grippers}
        return Truth(self.time, {self.placed.name: T}, widths, {"left": tool, "right": tool})

    def show(self, T: np.ndarray, seconds: float, open_share: float = 1.0, away: float = FAR) -> Outcome:
        for _ in range(round(seconds / 0.1)):
            self.time += 0.1
            self.judge.update(self._truth(T, open_share, away))
        return self.judge.outcome


@pytest.fixture
def on_a_side(scenes) -> Episode:
    return Episode(next(one for one in scenes if label_normal(one.target_object.model)[2] == 0.0))


@pytest.fixture
def below(scenes) -> Episode:
    return Episode(next(one for one in scenes if label_normal(one.target_object.model)[2] < 0.0))


def test_a_parcel_whose_label_is_up_and_that_is_let_go_is_a_success(on_a_side) -> None:
    assert on_a_side.show(on_a_side.lying(0.5, 0.08), 1.0) == Outcome.RUNNING
    assert on_a_side.show(on_a_side.lying(np.pi / 2), 1.5) == Outcome.SUCCESS
    assert on_a_side.judge.progress == 1.0
    assert on_a_side.judge.attempts == 1


def test_a_label_that_leans_too_far_or_a_hand_that_stays_is_none(on_a_side) -> None:
    assert on_a_side.show(on_a_side.lying(np.pi / 2), 3.0, open_share=0.1) == Outcome.RUNNING
    assert on_a_side.show(on_a_side.lying(np.pi / 2), 3.0, away=0.01) == Outcome.RUNNING
    assert on_a_side.judge.cause() == "never lifted or tilted"
    assert on_a_side.show(on_a_side.lying(np.pi / 4), 0.2) == Outcome.RUNNING  # on its edge
    assert on_a_side.judge.attempts == 1
    leaning = on_a_side.lying(np.pi / 2 - np.radians(12.0))
    leaning[2, 3] -= 0.01
    assert on_a_side.show(leaning, 3.0) == Outcome.RUNNING
    assert on_a_side.show(on_a_side.lying(np.pi / 2, 0.05), 3.0) == Outcome.RUNNING  # held in the air


def test_progress_is_the_angle_that_was_turned_away(below) -> None:
    assert below.show(below.lying(), 0.5) == Outcome.RUNNING
    assert below.judge.progress == 0.0
    below.show(below.lying(np.pi / 2, 0.05), 0.5)
    half = below.judge.progress
    assert 0.4 < half < 0.55
    below.show(below.lying(0.2, 0.05), 0.5)
    assert below.judge.progress == half  # the most so far
    assert below.judge.figures()["label_deg"] == pytest.approx(180.0 - np.degrees(0.2), abs=0.2)


def test_a_parcel_off_the_table_and_too_many_lifts_end_it(on_a_side, scenes) -> None:
    tries = Episode(on_a_side.scene, attempts=2)
    for _ in range(3):
        tries.show(tries.lying(0.3, 0.05), 0.3)
        tries.show(tries.lying(0.0), 0.3)
    assert tries.judge.outcome == Outcome.ATTEMPTS
    assert tries.judge.cause() == "moved, label not up"
    assert on_a_side.show(on_a_side.lying(0.0, -0.4), 0.3) == FALLEN


def test_words_that_name_no_parcel_leave_it_unjudged(scenes) -> None:
    scene = next(one for one in scenes if label_normal(one.target_object.model)[2] == 0.0)
    other = Episode(scene, "open the drawer")
    assert other.show(other.lying(np.pi / 2), 2.0) == Outcome.UNJUDGED
    named = Episode(scene, "put the package label up")
    assert named.show(named.lying(np.pi / 2), 2.0) == Outcome.SUCCESS


# -- grips -------------------------------------------------------------------------------------------------------------
def test_finger_tips_touch_their_sides_and_nothing_of_them_is_inside() -> None:
    axis = Axis(np.array([0.4, 0.0, 0.7]), np.array([0.0, 1.0, 0.0]), 0.1)
    corners = np.array([[x, y, z] for x in (-0.01, 0.01) for y in (-0.03, 0.03) for z in (-0.05, 0.01)])
    for slant, pitch, rolled in itertools.product(SLANTS, PITCHES, ROLLS):
        for side, sign in ((0, 1.0), (1, -1.0)):
            T = hand_pose(axis, Grip(slant, pitch, rolled), side, corners)
            np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-12)
            outside = sign * (corners @ T[:3, :3].T + T[:3, 3])[:, 1]
            assert outside.min() == pytest.approx(0.1, abs=1e-9)
            assert sign * T[1, 2] == pytest.approx(-np.sin(slant))  # it points inwards


@pytest.mark.parametrize("turn", [QUARTER, -QUARTER])
def test_a_turn_ends_a_quarter_further_and_never_touches_the_table(scenes, turn) -> None:
    scene = scenes[0]
    placed = scene.target_object
    box, T = LabelledBox.of(placed.model), placed.T_base_object
    axis = Axis(T[:3, 3], T[:3, 1], placed.model.size[1] / 2)
    air = air_turn(box, scene.table.height, T, axis, turn, 0.1)
    assert air.way[-1][:3, 0] @ np.array([0.0, 0.0, 1.0]) == pytest.approx(-np.sign(turn))
    assert min(box.lowest(pose) for pose in air.way) > scene.table.height - 1e-9
    np.testing.assert_allclose(air.way[-1][:2, 3], T[:2, 3], atol=1e-9)
    over = tilt(box, scene.table.height, T, axis, turn, 0.1)
    lowest = [box.lowest(pose) - scene.table.height for pose in over.way]
    assert max(np.abs(lowest)) < 0.002  # it stays on its edge
    onwards = (over.way[-1][:3, 3] - T[:3, 3]) @ axis.forward
    assert onwards == pytest.approx(np.sign(turn) * (placed.model.size[0] + placed.model.size[2]) / 2, abs=2e-3)


# -- the expert --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=["ldt01", "agilex"])
def acting(request):
    """Return a world before a robot, its expert, and where its arms are."""
    return two_handed_rig("flip", request.param, 505)


def test_both_hands_stay_on_the_parcel_as_it_turns(acting) -> None:
    world, expert, here = acting
    T = world.object_pose(world.scene.target)
    planned = expert.planner.plan(expert.turns_for(T)[0], here)
    assert planned is not None
    held = [index for index, pose in enumerate(planned.parcel) if pose is not None]
    left, right = expert.planner.arms
    apart = [
        np.linalg.norm(planned.rows[i][left].T_base_ee[:3, 3] - planned.rows[i][right].T_base_ee[:3, 3]) for i in held
    ]
    assert np.ptp(apart) < 0.004  # [m] but for what squeezes as hard where arms give way more
    strides = np.diff([np.concatenate([row[left].q, row[right].q]) for row in planned.rows], axis=0)
    fastest = np.concatenate([world.embodiment.arm(arm).velocity for arm in (left, right)])
    assert (np.abs(strides) <= fastest * expert.motion.period).all()
    assert expert.box.angle(planned.parcel[held[-1]]) < expert.box.angle(T) - 1.5


def test_hands_that_press_are_told_into_the_parcel_as_deep_as_the_arm_gives_way(acting) -> None:
    world, expert, _ = acting
    for arm in expert.planner.arms:
        group = world.embodiment.arm(arm)
        squeezed = SqueezedArm(expert.models[arm], group)
        direction = np.array([0.0, 1.0, 0.0])
        depth = squeezed.depth(group.home, direction, 40.0)
        q = group.home + 40.0 * expert.models[arm].jacobian(group.home)[:3].T @ direction / np.array(
            group.servo.stiffness
        )
        way = (expert.models[arm].forward(q) - expert.models[arm].forward(group.home))[:3, 3] @ direction
        assert depth == pytest.approx(way + 40.0 * GIVE, rel=0.03)


def test_the_squeeze_holds_the_weight_and_is_bounded() -> None:
    assert FORCE_MIN <= squeeze_force(0.1, 0.6) <= squeeze_force(1.0, 0.6) <= FORCE_MAX
    assert squeeze_force(50.0, 0.4) == FORCE_MAX
    assert 2.0 * 0.6 * squeeze_force(1.0, 0.6) > 2.0 * 9.81


@pytest.mark.slow
def test_a_parcel_is_turned_label_up(acting) -> None:
    world, expert, _ = acting
    robot = world.embodiment
    follower = FollowerFactory(robot, load_control_config(robot.source)).make()
    judge = Rollout(world, follower, expert, load_task("flip"), RolloutConfig(latency_s=0.1)).run()
    assert judge.success, judge.reason
