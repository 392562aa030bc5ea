# SPDX-License-Identifier: Apache-2.0
"""The full GraspVLA as a policy: two methods, one prefix a chunk, boxes and grasp in the robot's world."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scene_making.whole_observation import whole
from scipy.spatial.transform import Rotation

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GraspVLA")

from policy_making.feature_checks import check_features
from tiny.graspvla_full import tiny_network, tiny_words

from controllers.errors import ConfigError
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.base import Policy
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy
from vla_ros.policies.graspvla.full.checkpoint import Checkpoint, save_checkpoint
from vla_ros.policies.graspvla.full.loading import load_full_policy
from vla_ros.policies.graspvla.full.policy import GraspVlaFullPolicy
from vla_ros.policies.graspvla.full.pose_numbers import pose_matrix, pose_numbers
from vla_ros.policies.graspvla.full.square_image import box_fractions, box_pixels, square_image
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import load_embodiment

HOME = (1.0, 0.0, 0.0, 0.0)
HEIGHT, WIDTH = 48, 64


def robot_state(stamp: float, x: float = 0.4) -> SingleArmState:
    T_base_ee = np.diag([1.0, -1.0, -1.0, 1.0])
    T_base_ee[:3, 3] = x, 0.1, 0.3
    return SingleArmState(stamp, np.zeros(7), np.zeros(7), T_base_ee, 0.04)


@pytest.fixture
def seen() -> SingleArmObservation:
    random = np.random.default_rng(0)
    views = {
        name: CameraView(
            name, 2.0, random.integers(256, size=(HEIGHT, WIDTH, 3), dtype=np.uint8), None, np.eye(3), np.eye(4)
        )
        for name in ("front", "side")
    }
    state = robot_state(2.0)
    past = tuple(robot_state(2.0 - age) for age in (0.5, 0.4, 0.3, 0.2, 0.1))
    return SingleArmObservation(2.0, "pick up the red mug", views, state, state.T_base_ee, past)


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return Checkpoint(tiny_network(), tiny_words())


@pytest.fixture
def policy(checkpoint) -> GraspVlaFullPolicy:
    return GraspVlaFullPolicy(checkpoint, seed=3)


def test_it_is_a_policy_that_can_be_guided(policy):
    assert isinstance(policy, Policy)
    assert isinstance(policy, DifferentiableFlowPolicy)


def test_a_chunk_is_four_steps_from_the_commanded_pose(policy, seen):
    chunk = policy.infer(whole(seen))
    assert chunk.stamp == 2.0
    np.testing.assert_allclose(chunk.times, [0.1, 0.2, 0.3, 0.4])
    assert chunk.channels == policy.codec.channels
    assert (np.linalg.norm(chunk.positions("panda") - seen.T_base_ee_commanded[:3, 3], axis=1) < 0.5).all()
    assert policy.infer(whole(seen)).sequence == chunk.sequence + 1 == 2


def test_an_episode_is_the_same_whatever_ran_before(policy, seen):
    first = [policy.infer(whole(seen)).values for _ in range(2)]
    assert np.abs(first[0] - first[1]).max() > 1e-6
    policy.reset()
    np.testing.assert_array_equal([policy.infer(whole(seen)).values for _ in range(2)], first)


def test_its_features_are_those_of_its_expert(policy, seen):
    other = dataclasses.replace(seen, instruction="pick up the blue bowl")
    assert check_features(policy, whole(seen), whole(other)).shape == (policy.config.expert.width,)


def test_reasoning_is_said_in_pixels_and_in_the_base_frame(policy, seen):
    chunk = policy.infer(whole(seen))
    told = policy.reasoning
    assert set(told.boxes) == {"front", "side"}
    for x1, y1, x2, y2 in told.boxes.values():
        assert 8 < x1 <= x2 < 56  # the square is cut from the middle of 64 columns
        assert 0 < y1 <= y2 < HEIGHT
    grasp = policy.config.grasp
    numbers = pose_numbers(told.T_base_grasp, grasp.home)
    assert (np.array(grasp.low) <= numbers).all()
    assert (numbers <= np.array(grasp.high)).all()
    assert all(seconds > 0.0 for seconds in told.stages_s.values())
    assert chunk.inference_s == pytest.approx(sum(told.stages_s.values()))


def test_one_prefix_a_chunk_and_the_expert_never_grows_it(policy, seen):
    calls = {"language": [], "vision": [], "expert": []}
    network = policy._network
    modules = {"language": network.language, "vision": network.vision, "expert": network.expert.layers[0]}
    hooks = [
        module.register_forward_hook(lambda _m, inputs, _out, name=name: calls[name].append(inputs))
        for name, module in modules.items()
    ]
    policy.infer(whole(seen))
    for hook in hooks:
        hook.remove()
    # Prefill; seven boxes; the last box with two states; five grasp tokens; the last one for its keys and values.
    assert len(calls["language"]) == 1 + 7 + 1 + 5 + 1
    assert len(calls["vision"]) == 1
    assert len(calls["expert"]) == policy.config.flow_steps
    keys = [inputs[1] for inputs in calls["expert"]]
    assert all(one is keys[0] for one in keys)
    length = 2 * 16 + 5 + 8 + 2 + 6
    assert {tensor.shape[2] for inputs in calls["expert"] for tensor in inputs[1:3]} == {length}


@pytest.mark.parametrize(("age", "felt"), [(0.3, True), (0.1, False), (0.5, False)])
def test_the_older_state_is_that_of_0_3_seconds_ago(policy, seen, age: float, felt: bool):
    history = tuple(robot_state(s.stamp, 0.7) if abs(2.0 - s.stamp - age) < 0.01 else s for s in seen.history)
    first = policy.infer(whole(seen)).values
    policy.reset()
    second = policy.infer(whole(dataclasses.replace(seen, history=history))).values
    assert (np.abs(second - first).max() > 1e-9) == felt


def test_without_a_past_the_present_stands_for_it(policy, seen):
    past = policy.infer(whole(seen)).values
    policy.reset()
    np.testing.assert_array_equal(policy.infer(whole(dataclasses.replace(seen, history=()))).values, past)


def test_the_field_can_be_differentiated_and_chunks_encoded(policy, seen):
    condition = policy.prepare(whole(seen))
    random = np.random.default_rng(0)
    x, cotangent, direction = random.normal(size=(3, 4, 7))
    v, pullback = policy.vjp(condition, x, 0.4)
    np.testing.assert_allclose(v, policy.velocity(condition, x, 0.4), atol=1e-5)
    step = 1e-2  # weights are float32
    ahead, behind = (policy.velocity(condition, x + sign * step * direction, 0.4) for sign in (1.0, -1.0))
    expected = (cotangent * (ahead - behind)).sum() / (2 * step)
    assert (pullback(cotangent) * direction).sum() == pytest.approx(expected, rel=1e-2, abs=1e-2)
    actions = random.normal(size=(4, 7))
    np.testing.assert_allclose(policy.encode(whole(seen), policy.decode(whole(seen), actions)), actions, atol=1e-9)


def test_a_camera_that_is_not_there_is_named(policy, seen):
    with pytest.raises(ConfigError, match="unknown camera 'side'"):
        policy.infer(whole(dataclasses.replace(seen, cameras={"front": seen.cameras["front"]})))


def test_loading_for_a_robot(checkpoint, seen, tmp_path):
    save_checkpoint(checkpoint, tmp_path / "checkpoint")
    franka = load_embodiment("franka")
    loaded = load_full_policy(tmp_path / "checkpoint", franka, seed=3)
    np.testing.assert_array_equal(
        loaded.infer(whole(seen)).values, GraspVlaFullPolicy(checkpoint, seed=3).infer(whole(seen)).values
    )
    (tmp_path / "checkpoint" / "model.safetensors").unlink()  # the robot is looked at first
    with pytest.raises(ConfigError, match="unknown camera 'side'"):
        load_full_policy(tmp_path / "checkpoint", dataclasses.replace(franka, cameras=("front",)))


# -- conversions ----------------------------------------------------------------------------------------------------
def test_pose_numbers_and_back():
    for rotation in Rotation.random(50, rng=np.random.default_rng(0)):
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = rotation.as_matrix(), (0.5, -0.2, 0.1)
        np.testing.assert_allclose(pose_matrix(pose_numbers(T, HOME), HOME), T, atol=1e-9)


def test_a_tool_that_points_down_has_angles_near_zero_and_yaw_about_the_base():
    down = robot_state(0.0).T_base_ee
    np.testing.assert_allclose(pose_numbers(down, HOME)[3:], 0.0, atol=1e-12)
    turned = down.copy()
    turned[:3, :3] = Rotation.from_euler("z", 0.3).as_matrix() @ down[:3, :3]
    np.testing.assert_allclose(pose_numbers(turned, HOME)[3:], [0.0, 0.0, 0.3], atol=1e-12)


def test_boxes_follow_the_square_that_is_cut_out():
    box = np.array([20.0, 10.0, 40.0, 30.0])
    np.testing.assert_allclose(box_pixels(box_fractions(box, HEIGHT, WIDTH), HEIGHT, WIDTH), box)
    np.testing.assert_allclose(box_fractions(np.array([0.0, 0.0, 64.0, 48.0]), HEIGHT, WIDTH), [0, 0, 1, 1])
    color = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    color[10:30, 20:40] = 255
    bright = square_image(color, 96)[0].numpy() > 127  # twice the square's 48 px
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (20, 60, 24, 64)
    with pytest.raises(ConfigError, match="uint8 RGB"):
        square_image(color.astype(float), 96)
