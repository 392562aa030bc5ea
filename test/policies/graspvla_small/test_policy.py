# SPDX-License-Identifier: Apache-2.0
"""The small GraspVLA as a policy, with random weights in front of a rendered scene: whole, repeatable, or INVALID."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scene_making.whole_observation import whole

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.drawn_scene import grasping_scene

from controllers.chunks.chunk import TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.actions.single_arm import SingleArmCodec, SingleArmObservation, SingleArmState
from vla_ros.policies.base import Policy
from vla_ros.policies.capabilities.reasoning import Reasoner
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.policies.graspvla.small.checkpoint_config import NetworkSizes
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.policy import GraspVlaPolicy, small_policy
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World

VIEWS = ("front", "side")


@pytest.fixture(scope="module")
def seen() -> SingleArmObservation:
    world = World(grasping_scene("basic", 1, "generation"), load_embodiment("franka"), timestep=0.002)
    try:
        cameras = {name: world.observe_camera(name) for name in VIEWS}
        state = SingleArmState(world.time, world.q, world.dq, world.T_base_ee, world.gripper_width)
        return SingleArmObservation(world.time, world.scene.instruction, cameras, state, world.T_base_ee)
    finally:
        world.close()


@pytest.fixture
def networks() -> SmallGraspVla:
    torch.manual_seed(0)
    networks = SmallGraspVla(NetworkSizes(6, 5))
    with torch.no_grad():  # as if every cell were an object, or the views would rarely agree on one
        networks.proposals.heads.bias[0] = 3.0
        networks.proposals.heads.bias[3:] = 1.5
        networks.spread.copy_(torch.tensor([0.01] * 3 + [0.05] * 3 + [0.03]))
        networks.mean[6] = 0.05
    return networks


@pytest.fixture
def policy(networks: SmallGraspVla) -> GraspVlaPolicy:
    return small_policy(networks, VIEWS, load_embodiment("franka"))


def later(observation: SingleArmObservation, seconds: float) -> SingleArmObservation:
    state = replace(observation.state, stamp=observation.stamp + seconds)
    return replace(observation, stamp=observation.stamp + seconds, state=state, history=(observation.state,))


def test_random_weights_give_a_whole_finite_chunk_and_say_what_led_to_it(policy, seen) -> None:
    assert isinstance(policy, Policy)
    assert isinstance(policy, Reasoner)
    chunk = policy.infer(whole(seen))
    assert chunk.status is TaskStatus.ONGOING
    assert len(chunk.times) == 4
    assert np.isfinite(chunk.values).all()
    widths = chunk.column("panda_hand/width")
    assert ((widths == 0.0) | ((widths >= 0.02) & (widths <= 0.08))).all()
    reasoning = policy.reasoning
    assert set(reasoning.boxes) == set(VIEWS)
    assert all((box[2:] > box[:2]).all() for box in reasoning.boxes.values())
    R = reasoning.T_base_grasp[:3, :3]
    np.testing.assert_allclose(R.T @ R, np.eye(3), atol=1e-6)
    assert 0.03 <= reasoning.opening <= 0.08
    assert list(reasoning.stages_s) == ["vision", "boxes", "grasp", "flow"]
    assert min(reasoning.stages_s.values()) > 0.0
    assert sum(reasoning.stages_s.values()) <= chunk.inference_s


def test_after_a_reset_the_same_pictures_give_the_same_chunks(policy, seen) -> None:
    def two() -> list[np.ndarray]:
        policy.reset()
        return [policy.infer(whole(seen)).values, policy.infer(whole(later(seen, 0.4))).values]

    first, again = two(), two()
    for chunk, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(chunk, other)
    assert not np.array_equal(first[0], first[1])


def test_another_attempt_is_the_first_with_what_was_chosen_less_likely(policy, seen) -> None:
    policy.reset()
    first = policy.infer(whole(seen))
    for count in (1, 2):
        policy.reconsider()
        assert len(policy._search.rejected) == count
        assert policy.infer(whole(seen)).stamp == seen.stamp
    policy.reset()
    assert policy._search.rejected == []
    np.testing.assert_array_equal(policy.infer(whole(seen)).values, first.values)


def test_a_hand_near_its_grasp_goes_through_with_it_for_a_while(policy, seen) -> None:
    def at(T: np.ndarray, height: float, seconds: float) -> np.ndarray:
        """Return the grasp that is chosen with the tool `height` [m] above pose `T`."""
        above = T.copy()
        above[2, 3] += height
        moved = later(seen, seconds)
        policy._sent = None  # whether random weights close the fingers is not asked here
        policy.infer(whole(replace(moved, state=replace(moved.state, T_base_ee=above))))
        return policy.reasoning.T_base_grasp

    policy.infer(whole(seen))
    grasp = policy.reasoning.T_base_grasp
    far = at(grasp, 0.12, 0.1)
    near = at(far, 0.04, 0.2)
    np.testing.assert_array_equal(near, far)  # not even smoothed: nothing was looked for
    np.testing.assert_array_equal(at(far, 0.03, 2.9), far)
    assert not np.array_equal(at(far, 0.03, 3.5), far)  # not for ever
    policy.reset()
    assert policy._near_since is None


def test_a_hand_that_stands_on_something_is_taken_up_and_tries_another_grasp(policy, seen) -> None:
    policy.infer(whole(seen))
    grasp = policy.reasoning.T_base_grasp
    above = grasp.copy()
    above[2, 3] += 0.05
    for seconds in np.arange(0.1, 2.0, 0.1):
        moved = later(seen, seconds)
        policy._sent = None  # whether random weights close the fingers is not asked here
        chunk = policy.infer(
            whole(replace(moved, state=replace(moved.state, T_base_ee=above), T_base_ee_commanded=grasp))
        )
    heights = chunk.positions("panda")[:, 2]
    assert (np.diff(heights) > 0.0).all()
    assert heights[-1] > grasp[2, 3] + 0.05
    assert np.linalg.norm(policy.reasoning.T_base_grasp[:3, 3] - grasp[:3, 3]) > 0.01
    policy.reset()
    assert policy._blocked == []
    assert policy._hand.goal is None


@pytest.mark.parametrize("rate", [10, 20, 30])  # actions a second
def test_fingers_that_are_closed_on_nothing_are_opened_after_a_while_at_any_rate(networks, seen, rate) -> None:
    robot = load_embodiment("franka")
    codec = SingleArmCodec.of(robot, period=1.0 / rate, horizon=networks.sizes.horizon)
    policy = small_policy(networks, VIEWS, robot, codec)
    sent = policy.infer(whole(seen))
    values = sent.values.copy()
    values[:, sent.channels.index("panda_hand/width")] = 0.0
    sent, closed = replace(sent, values=values), []
    for seconds in 0.1 * np.arange(1, 21):
        policy._sent, policy._counted = sent, 0
        here = later(seen, seconds)
        policy._remember(replace(here, state=replace(here.state, gripper_width=0.0)))
        closed.append(policy._gripper.closing)
        sent = replace(sent, stamp=here.stamp)
    assert closed[:15] == [True] * 15
    assert not all(closed)


def without(policy: GraspVlaPolicy, rule: str) -> GraspVlaPolicy:
    """Return the policy with one of its rules left out."""
    policy.rules = replace(ActingRules(), **{rule: False})
    policy.reset()
    return policy


def test_without_its_rule_a_hand_near_its_grasp_looks_anew(policy, seen) -> None:
    without(policy, "commit").infer(whole(seen))
    grasp = policy.reasoning.T_base_grasp
    moved = later(seen, 0.1)
    policy._sent = None
    policy.infer(whole(replace(moved, state=replace(moved.state, T_base_ee=grasp))))
    assert not np.array_equal(policy.reasoning.T_base_grasp, grasp)


def test_without_its_rule_a_hand_that_stands_on_something_stays_there(policy, seen) -> None:
    without(policy, "rise").infer(whole(seen))
    grasp = policy.reasoning.T_base_grasp
    above = grasp.copy()
    above[2, 3] += 0.05
    for seconds in np.arange(0.1, 2.5, 0.1):
        moved = later(seen, seconds)
        policy._sent = None
        policy.infer(whole(replace(moved, state=replace(moved.state, T_base_ee=above), T_base_ee_commanded=grasp)))
        assert policy._hand.goal is None
    assert policy._blocked == []


def test_without_its_rule_a_grasp_is_where_it_was_found(policy, seen) -> None:
    def height() -> float:
        policy.reset()
        policy.infer(whole(seen))
        return float(policy.reasoning.T_base_grasp[2, 3])

    with_rule = height()
    without(policy, "deeper")
    assert height() - with_rule == pytest.approx(0.003, abs=1e-6)


def test_without_the_rule_fingers_may_be_between_open_and_closed(policy, seen) -> None:
    asked = np.array([0.01, 0.05, 0.09, -0.01])
    assert set(policy._widths(asked, 0.05)) <= {0.0, 0.05}
    np.testing.assert_allclose(without(policy, "decide")._widths(asked, 0.05), [0.01, 0.05, 0.08, 0.0])


def test_the_words_reach_the_choice(policy, networks, seen) -> None:
    with torch.no_grad():  # whatever is said fits something
        networks.matching.score[-1].bias += 2.0

    def scores(words: str) -> np.ndarray:
        policy.reset()
        policy.infer(whole(replace(seen, instruction=words)))
        assert policy.reasoning is not None, policy.explanation
        return policy.reasoning.candidates["front"][:, 4]

    assert np.abs(scores("pick up the red mug") - scores("grab the green can")).max() > 1e-4


def test_nothing_that_fits_is_invalid_and_stays(policy, networks, seen) -> None:
    with torch.no_grad():
        networks.matching.score[-1].bias[:] = -20.0
    chunk = policy.infer(whole(seen))
    assert chunk.status is TaskStatus.INVALID
    np.testing.assert_allclose(chunk.positions("panda"), np.tile(seen.T_base_ee_commanded[:3, 3], (4, 1)), atol=1e-9)
    assert seen.instruction in policy.explanation
    assert policy.reasoning is None


def test_words_without_a_word_are_invalid_or_a_chunk_but_never_a_crash(policy, seen) -> None:
    for words in ("", "…", "x" * 3000, "pick up " * 40):
        policy.reset()
        assert np.isfinite(policy.infer(whole(replace(seen, instruction=words))).values).all()


def test_a_camera_that_lacks_is_named(policy, seen) -> None:
    with pytest.raises(ConfigError, match="needs camera 'side', the robot has front"):
        policy.infer(whole(replace(seen, cameras={"front": seen.cameras["front"]})))


def test_features_are_those_of_the_observation(policy, seen) -> None:
    """What compared and what acted thought: the same again for the same pictures, other things for others."""

    def features(observation: SingleArmObservation) -> np.ndarray:
        policy.reset()
        assert policy.features is None
        policy.infer(whole(observation))
        return policy.features

    first = features(seen)
    compared = len(first) - policy.networks.sizes.expert_size
    assert compared == policy.networks.matching.words[0].out_features
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(features(seen), first)
    dark = {name: replace(view, color=view.color // 4) for name, view in seen.cameras.items()}
    other = np.abs(features(replace(seen, cameras=dark)) - first)
    assert other[:compared].max() > 1e-4
    assert other[compared:].max() > 1e-4
    words = np.abs(features(replace(seen, instruction="grab the green can")) - first)
    assert words[:compared].max() > 1e-4


def test_where_nothing_fits_the_features_are_those_of_what_compared(policy, networks, seen) -> None:
    policy.infer(whole(seen))
    compared = len(policy.features) - policy.networks.sizes.expert_size
    before = policy.features
    assert np.abs(before[compared:]).min() > 0.0
    policy.reset()
    with torch.no_grad():
        networks.matching.score[-1].bias[:] = -20.0
    assert policy.infer(whole(seen)).status is TaskStatus.INVALID
    np.testing.assert_array_equal(policy.features[:compared], before[:compared])
    assert (policy.features[compared:] == 0.0).all()
