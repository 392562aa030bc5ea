# SPDX-License-Identifier: Apache-2.0
"""The full GR-3 as a policy of ByteMini: two methods, one prefix a chunk, and what it is not served on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GR-3")

from policy_making.feature_checks import check_features
from tiny.gr3_full import ACTION, full_config, seen, tiny_checkpoint

from controllers.chunks.chunk import TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.policy import ActionTransformerPolicy
from vla_ros.policies.base import Policy
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy
from vla_ros.policies.families.family import PolicyChoice
from vla_ros.policies.families.table import family_of, specification_of
from vla_ros.policies.gr3.full.checkpoint import Checkpoint, save_checkpoint
from vla_ros.policies.gr3.full.loading import full_policy, load_full_policy
from vla_ros.policies.needs import CameraNeed
from vla_ros.robots.embodiment import load_embodiment

ROBOT = load_embodiment("bytemini")


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return tiny_checkpoint()


@pytest.fixture(scope="module")
def folder(checkpoint, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gr3") / "checkpoint"
    save_checkpoint(checkpoint, folder)
    return folder


@pytest.fixture
def policy(checkpoint) -> ActionTransformerPolicy:
    return full_policy(checkpoint, ROBOT, seed=3)


def test_it_is_a_policy_that_can_be_guided(policy) -> None:
    assert isinstance(policy, Policy)
    assert isinstance(policy, DifferentiableFlowPolicy)


def test_a_chunk_moves_both_hands_and_the_base(policy) -> None:
    chunk = policy.infer(seen())
    assert chunk.stamp == 2.0
    np.testing.assert_allclose(chunk.times, [0.1, 0.2, 0.3, 0.4])
    assert chunk.channels == policy.codec.channels
    for name, arm in seen().state.arms.items():
        assert (np.linalg.norm(chunk.positions(name) - arm.T_base_ee[:3, 3], axis=1) < 0.5).all()
    assert np.isfinite(chunk.values).all()
    assert policy.infer(seen()).sequence == chunk.sequence + 1 == 2


def test_an_episode_is_the_same_whatever_ran_before(policy) -> None:
    first = [policy.infer(seen()).values for _ in range(2)]
    assert np.abs(first[0] - first[1]).max() > 1e-6
    policy.reset()
    np.testing.assert_array_equal([policy.infer(seen()).values for _ in range(2)], first)


def test_its_features_are_those_of_its_action_transformer(policy) -> None:
    other = dataclasses.replace(seen(), instruction="put the blue box into the bin")
    assert check_features(policy, seen(), other).shape == (policy.config.transformer.width,)


def test_words_and_views_change_the_chunk(policy) -> None:
    chunks = []
    for observation in (seen(), seen("the blue box now"), seen(seed=1)):
        policy.reset()
        chunks.append(policy.infer(observation).values)
    assert np.abs(chunks[0] - chunks[1]).max() > 1e-6
    assert np.abs(chunks[0] - chunks[2]).max() > 1e-6


def test_blank_wrist_views_are_allowed(policy) -> None:
    observation = seen()
    views = {
        name: view if name == "head" else dataclasses.replace(view, color=np.zeros_like(view.color))
        for name, view in observation.cameras.items()
    }
    assert np.isfinite(policy.infer(dataclasses.replace(observation, cameras=views)).values).all()


def test_one_prefix_a_chunk_and_five_steps(policy, checkpoint) -> None:
    calls = {"visual": 0, "language_model": 0, "action_transformer": []}
    model = checkpoint.network.vision_language.model.model

    def count(name: str):
        def hook(*_):
            calls[name] += 1

        return hook

    hooks = [getattr(model, name).register_forward_hook(count(name)) for name in ("visual", "language_model")]
    first = checkpoint.network.action_transformer.layers[0]
    hooks.append(first.register_forward_hook(lambda _m, inputs, _o: calls["action_transformer"].append(inputs)))
    policy.infer(seen())
    for hook in hooks:
        hook.remove()
    assert (calls["visual"], calls["language_model"]) == (1, 1)
    keys = [inputs[2] for inputs in calls["action_transformer"]]
    assert len(keys) == 5
    assert all(one is keys[0] for one in keys)


def test_the_field_can_be_differentiated_and_chunks_encoded(policy) -> None:
    condition = policy.prepare(seen())
    random = np.random.default_rng(0)
    x, cotangent, direction = random.normal(size=(3, *policy.action_shape))
    v, pullback = policy.vjp(condition, x, 0.4)
    np.testing.assert_allclose(v, policy.velocity(condition, x, 0.4), atol=1e-5)
    step = 1e-2  # weights are float32
    ahead, behind = (policy.velocity(condition, x + sign * step * direction, 0.4) for sign in (1.0, -1.0))
    expected = (cotangent * (ahead - behind)).sum() / (2 * step)
    assert (pullback(cotangent) * direction).sum() == pytest.approx(expected, rel=1e-2, abs=1e-2)
    actions = random.normal(size=policy.action_shape)
    actions[:, -1] = 0.0
    widths = slice(12, 14)
    actions[:, widths] = 2.0  # [hundredths of a metre] within what grippers can
    np.testing.assert_allclose(policy.encode(seen(), policy.decode(seen(), actions)), actions, atol=1e-9)


def test_the_status_is_that_of_the_last_number(policy) -> None:
    actions = np.zeros(policy.action_shape)
    for number, status in ((0.0, TaskStatus.ONGOING), (1.0, TaskStatus.TERMINATED), (-1.0, TaskStatus.INVALID)):
        actions[:, -1] = number
        chunk = policy.decode(seen(), actions)
        assert (chunk.values[:, -1] == status.value).all()
        assert bool(policy.explanation) == (status is TaskStatus.INVALID)


def test_a_camera_that_is_not_there_is_named(policy) -> None:
    observation = seen()
    with pytest.raises(ConfigError, match="unknown camera 'left_wrist'"):
        policy.infer(dataclasses.replace(observation, cameras={"head": observation.cameras["head"]}))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_loaded_policy_makes_the_same_chunk_to_the_bit(tmp_path, dtype: str) -> None:
    checkpoint = tiny_checkpoint(full_config(dtype=dtype))
    save_checkpoint(checkpoint, tmp_path / "checkpoint")
    loaded = load_full_policy(tmp_path / "checkpoint", ROBOT, seed=3)
    np.testing.assert_array_equal(
        loaded.infer(seen()).values, full_policy(checkpoint, ROBOT, seed=3).infer(seen()).values
    )


# -- the robot ------------------------------------------------------------------------------------------------------
def test_the_robot_is_looked_at_before_the_weights(folder, tmp_path) -> None:
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())  # and nothing else
    with pytest.raises(ConfigError, match="trained for robot 'bytemini', this is 'franka'"):
        load_full_policy(tmp_path, load_embodiment("franka"))
    cameras = tuple(camera for camera in ROBOT.described_cameras if camera.name != "left_wrist")
    with pytest.raises(ConfigError, match="needs camera 'left_wrist'"):
        load_full_policy(tmp_path, without(cameras))
    edited = json.loads((folder / "config.json").read_text())
    edited["state"] = [*edited["state"][:-1], "base/velocity.z"]
    (tmp_path / "config.json").write_text(json.dumps(edited))
    with pytest.raises(ConfigError, match="base/velocity"):
        load_full_policy(tmp_path, ROBOT)


def without(cameras) -> object:
    return dataclasses.replace(ROBOT, described_cameras=cameras, cameras=tuple(camera.name for camera in cameras))


# -- the family -----------------------------------------------------------------------------------------------------
def test_the_family_is_found_by_its_checkpoint(folder) -> None:
    assert family_of(folder) == "gr3_full"


def test_what_it_needs_and_gives(folder) -> None:
    family = specification_of("gr3_full")(PolicyChoice("gr3_full", ROBOT, checkpoint=str(folder)))
    family.check()
    needs = family.needs()
    names = ("head", "left_wrist", "right_wrist")
    assert needs.cameras == tuple(CameraNeed(name, learned=(640, 480)) for name in names)
    assert needs.groups is not None
    assert set(needs.groups) == {"left", "right", "left_gripper", "right_gripper", "base"}
    assert family.gives() == ACTION
    assert isinstance(family.load(), Policy)


def test_it_is_not_served_on_another_robot_or_without_weights(folder) -> None:
    family = specification_of("gr3_full")
    with pytest.raises(ConfigError, match="this is 'franka'"):
        family(PolicyChoice("gr3_full", load_embodiment("franka"), checkpoint=str(folder))).check()
    with pytest.raises(ConfigError, match=r"none are shipped, see docs/gr3_full\.md"):
        family(PolicyChoice("gr3_full", ROBOT)).check()
