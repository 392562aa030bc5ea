# SPDX-License-Identifier: Apache-2.0
"""The baseline policy in front of rendered scenes: it goes for what is named and stays still for what is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene
from scene_making.whole_observation import whole

from controllers.chunks.chunk import TaskStatus
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.capabilities.detection import Detecting
from vla_ros.policies.families.loading import load_policy
from vla_ros.policies.geometric.policy import PolicyPhase
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World

SEED = 3


@pytest.fixture(scope="module")
def world() -> World:
    return World(
        grasping_scene("basic", SEED, "generation", wording="common"), load_embodiment("franka"), timestep=0.002
    )


@pytest.fixture(scope="module")
def policy():
    return load_policy("geometric", load_embodiment("franka"))


@pytest.fixture(scope="module")
def observation(world) -> SingleArmObservation:
    cameras = {name: world.observe_camera(name) for name in ("front", "side")}
    state = SingleArmState(world.time, world.q, world.dq, world.T_base_ee, world.gripper_width)
    return SingleArmObservation(world.time, world.scene.instruction, cameras, state, world.T_base_ee)


def later(observation: SingleArmObservation, seconds: float, **state) -> SingleArmObservation:
    moved = replace(observation.state, stamp=observation.stamp + seconds, **state)
    return replace(observation, stamp=observation.stamp + seconds, state=moved)


def test_the_first_chunk_sets_off_towards_the_named_object(world, policy, observation):
    policy.reset()
    chunk = policy.infer(whole(observation))
    target = world.object_pose(world.scene.target)[:2, 3]
    start = observation.state.T_base_ee[:2, 3]
    end = chunk.positions("panda")[-1, :2]
    assert chunk.status is TaskStatus.ONGOING
    assert chunk.stamp == observation.stamp
    assert len(chunk.times) == 4
    assert np.linalg.norm(end - target) < np.linalg.norm(start - target)
    assert np.linalg.norm(policy.grasp.T_base_grasp[:2, 3] - target) < 0.12
    assert (chunk.column("panda_hand/width") > 0.044).all()  # above what counts as closed


def test_it_says_what_it_found_and_goes_for_the_first(world, policy, observation):
    policy.reset()
    assert policy.detections == ()
    policy.infer(whole(observation))
    detections = policy.detections
    assert [item.chosen for item in detections] == [True] + [False] * (len(detections) - 1)
    target = world.object_pose(world.scene.target)[:3, 3]
    assert (np.abs(detections[0].center - target) < detections[0].size / 2 + 0.03).all()
    assert all(0.0 <= item.score <= 1.0 for item in detections)
    assert isinstance(policy, Detecting)
    policy.infer(whole(later(observation, 0.1)))
    assert policy.detections is detections  # on the way it has not looked for it anew
    policy.reset()
    assert policy.detections == ()


def test_the_arm_starts_gently(policy, observation):
    policy.reset()
    chunk = policy.infer(whole(observation))
    steps = np.diff(np.vstack([observation.T_base_ee_commanded[:3, 3], chunk.positions("panda")]), axis=0) / 0.1
    assert np.linalg.norm(steps, axis=1).max() <= policy.config.motion.speed + 1e-6
    assert np.linalg.norm(steps[0]) <= policy.config.motion.acceleration * 0.1 + 0.02


@pytest.mark.parametrize("words", ["pick up the red telescope", "dance", ""])
def test_unknown_words_leave_the_arm_still(policy, observation, words):
    policy.reset()
    chunk = policy.infer(whole(replace(observation, instruction=words)))
    assert chunk.status is TaskStatus.INVALID
    np.testing.assert_allclose(chunk.positions("panda"), observation.T_base_ee_commanded[None, :3, 3].repeat(4, 0))
    assert policy.explanation


def test_what_is_not_there_is_said_to_be_absent_after_a_few_looks(world, policy, observation):
    policy.reset()
    present = {(placed.model.category, placed.model.color) for placed in world.scene.objects}
    color, category = next(
        (color, category)
        for category in ("hammer", "banana", "bowl")
        for color in ("purple", "green", "red")
        if not any(color == other or category == thing for thing, other in present)
    )
    asked = replace(observation, instruction=f"pick up the {color} {category}")
    chunks = [policy.infer(whole(later(asked, 0.4 * i))) for i in range(policy.config.episode.looks)]
    assert [chunk.status for chunk in chunks[:-1]] == [TaskStatus.ONGOING] * (len(chunks) - 1)
    assert chunks[-1].status is TaskStatus.INVALID
    for chunk in chunks:
        np.testing.assert_allclose(chunk.positions("panda")[-1], observation.T_base_ee_commanded[:3, 3])


def at_the_grasp(policy, observation: SingleArmObservation, seconds: float, width: float) -> SingleArmObservation:
    there = later(observation, seconds, T_base_ee=policy.grasp.T_base_grasp, gripper_width=width)
    return replace(there, T_base_ee_commanded=policy.grasp.T_base_grasp)


def close(policy, observation: SingleArmObservation, width: float) -> None:
    """Bring the policy to the end of its closing with the fingers stopped at `width`."""
    policy.reset()
    policy.infer(whole(observation))
    for i in range(6):
        policy.infer(whole(at_the_grasp(policy, observation, 1.0 + 0.4 * i, width)))
        if policy.phase not in (PolicyPhase.REACH, PolicyPhase.CLOSE):
            return


def test_fingers_that_stop_on_something_lift_it(policy, observation):
    close(policy, observation, width=0.03)
    assert policy.phase is PolicyPhase.LIFT
    chunk = policy.infer(whole(at_the_grasp(policy, observation, 4.0, 0.03)))
    assert chunk.positions("panda")[-1, 2] > policy.grasp.T_base_grasp[2, 3] + 0.02
    assert (chunk.column("panda_hand/width") == 0.0).all()


def test_fingers_that_close_on_nothing_open_and_go_up(policy, observation):
    close(policy, observation, width=0.0)
    assert policy.phase is PolicyPhase.RETREAT
    chunk = policy.infer(whole(at_the_grasp(policy, observation, 4.0, 0.0)))
    assert chunk.positions("panda")[-1, 2] > policy.grasp.T_base_grasp[2, 3] + 0.01
    assert (chunk.column("panda_hand/width") == 0.08).all()


def in_hand(observation: SingleArmObservation, seconds: float, T_base_ee: np.ndarray, width: float, **words):
    """Return what is seen with the tool where it was sent and the fingers `width` [m] apart."""
    there = later(observation, seconds, T_base_ee=T_base_ee, gripper_width=width)
    return replace(there, T_base_ee_commanded=T_base_ee, **words)


def test_what_is_in_the_hand_at_first_is_put_down_before_the_hand_opens(policy, observation):
    policy.reset()
    T, heights = observation.state.T_base_ee.copy(), []
    for i in range(60):
        chunk = policy.infer(whole(in_hand(observation, 0.4 * i, T, 0.03)))
        heights.append(T[2, 3])
        if (chunk.column("panda_hand/width") > 0.0).any():
            break
        np.testing.assert_allclose(chunk.positions("panda")[-1, :2], T[:2, 3], atol=1e-6)
        T[2, 3] = chunk.positions("panda")[-1, 2]
    assert (np.diff(heights) <= 1e-9).all()
    view = policy.view or policy._perception.perceive(policy.codec.view(whole(observation)))
    lowest = heights[-1] - policy._dimensions.tip - view.table
    assert 0.0 < lowest < 0.02  # [m] the fingertips above the table
    for i in range(60, 90):
        chunk = policy.infer(whole(in_hand(observation, 0.4 * i, T, policy._open)))
        T[:3, 3] = chunk.positions("panda")[-1]
        if policy.phase is PolicyPhase.REACH:
            break
    assert policy.phase is PolicyPhase.REACH
    assert T[2, 3] > heights[-1] + 0.05


def test_what_the_hand_meets_on_the_way_down_ends_it(policy, observation):
    policy.reset()
    T, sent = observation.state.T_base_ee.copy(), observation.state.T_base_ee.copy()
    for i in range(60):
        seen = in_hand(observation, 0.4 * i, T, 0.03)
        seen = replace(seen, T_base_ee_commanded=sent, state=replace(seen.state, dq=np.zeros_like(seen.state.dq)))
        chunk = policy.infer(whole(seen))
        if policy.phase is PolicyPhase.LET_GO:
            break
        sent[:3, 3] = chunk.positions("panda")[-1]  # and the tool stays where it is
    assert policy.phase is PolicyPhase.LET_GO
    assert T[2, 3] - 0.06 < sent[2, 3] < T[2, 3] - 0.01


def test_fingers_partly_closed_on_nothing_open_again(policy, observation):
    policy.reset()
    T = observation.state.T_base_ee
    widths = [0.03, 0.01, 0.0, 0.0, 0.0]
    chunks = [policy.infer(whole(in_hand(observation, 0.4 * i, T, width))) for i, width in enumerate(widths)]
    assert (chunks[0].column("panda_hand/width") == 0.0).all()
    assert policy.phase is PolicyPhase.REACH


def test_words_that_mean_nothing_leave_in_the_hand_what_is_there(policy, observation):
    policy.reset()
    dance = in_hand(observation, 0.0, observation.state.T_base_ee, 0.03, instruction="dance")
    chunk = policy.infer(whole(dance))
    assert chunk.status is TaskStatus.INVALID
    assert (chunk.column("panda_hand/width") == 0.0).all()


def test_a_new_instruction_begins_a_new_episode(policy, observation):
    policy.reset()
    policy.infer(whole(observation))
    assert policy.phase is PolicyPhase.REACH
    assert policy.infer(whole(replace(observation, instruction="pick up the telescope"))).status is TaskStatus.INVALID
    assert policy.infer(whole(observation)).status is TaskStatus.ONGOING


@pytest.mark.parametrize("blinded", ["no depth", "empty depth", "no cameras"])
def test_without_sight_the_arm_stays_still_and_says_so(policy, observation, blinded):
    policy.reset()
    cameras = {
        name: replace(view, depth=None if blinded == "no depth" else np.zeros_like(view.depth))
        for name, view in observation.cameras.items()
    }
    blind = replace(observation, cameras={} if blinded == "no cameras" else cameras)
    for i in range(policy.config.episode.looks):
        chunk = policy.infer(whole(later(blind, 0.4 * i)))
    assert chunk.status is TaskStatus.INVALID
    np.testing.assert_allclose(chunk.positions("panda")[-1], observation.T_base_ee_commanded[:3, 3])


@pytest.mark.parametrize("camera", ["front", "side"])
def test_one_camera_is_enough_to_find_it(world, policy, observation, camera):
    policy.reset()
    policy.infer(whole(replace(observation, cameras={camera: observation.cameras[camera]})))
    target = world.object_pose(world.scene.target)[:2, 3]
    assert np.linalg.norm(policy.candidates[0].segment.center - target) < 0.1
