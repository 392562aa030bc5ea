# SPDX-License-Identifier: Apache-2.0
"""The flow policy on disk: saved, served by its family, and refused by the first column that is another."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from policy_making.flow_observation import CONFIG, STATE, observation

from controllers.errors import ConfigError
from vla_ros.policies.families.loading import check_policy, load_policy
from vla_ros.policies.flow.checkpoint import load_flow, new_network, save_flow
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    save_flow(tmp_path / "flow", new_network(CONFIG), CONFIG)
    return tmp_path / "flow"


def test_it_is_saved_and_answers_as_before(folder):
    policy, again = load_flow(folder), load_flow(folder)
    np.testing.assert_array_equal(policy.infer(observation()).values, again.infer(observation()).values)
    chunk = policy.infer(observation())
    assert chunk.channels == (*CONFIG.action.channels, "task/status")
    assert len(chunk.times) == 5


def test_what_it_was_trained_for_as_well_is_saved_with_it(tmp_path):
    torch.manual_seed(0)
    config = dataclasses.replace(CONFIG, prefix_max=2, correction_width=16)
    network = new_network(config)
    for parameter in network.correction.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    save_flow(tmp_path, network, CONFIG)  # the network knows
    policy = load_flow(tmp_path)
    assert (policy.prefix_max, policy.corrects) == (2, True)
    seen = observation()
    chunk = policy.infer(seen)
    corrected = policy.correct(seen, chunk)
    assert np.abs(corrected.values - chunk.values).max() > 1e-6
    np.testing.assert_array_equal(corrected.values, load_flow(tmp_path).correct(seen, chunk).values)


def test_a_checkpoint_that_was_not_trained_for_it_says_so(folder, tmp_path, monkeypatch):
    assert (load_flow(folder).prefix_max, load_flow(folder).corrects) == (0, False)
    for method, text in (
        ("rtc_trained", "trained with prefix_max"),
        ("a2c2", "trained to correct its chunks"),
        ("consensus", "trained with a mixture of horizons"),
        ("hydra", "trained with waypoints"),
    ):
        (tmp_path / "policies").mkdir(exist_ok=True)
        (tmp_path / "policies" / "flow.yaml").write_text(f"chunking: {{method: {method}}}\n")
        monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
        with pytest.raises(ConfigError, match=text):
            load_policy("flow", FRANKA, checkpoint=folder)


def test_its_family_needs_no_camera_and_moves_what_the_checkpoint_says(folder):
    needs = check_policy("flow", FRANKA, folder)
    assert (needs.cameras, needs.groups) == ((), ("panda", "panda_hand"))
    chunk = load_policy("flow", FRANKA, checkpoint=folder).infer(observation())  # continued by real-time chunking
    assert np.isfinite(chunk.values).all()


def written(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_first_column_that_the_robot_does_not_have_is_named(folder):
    written(folder, state=["panda/position.x", "panda/positon.y", "panda/nothing", "panda_hand/width"])
    with pytest.raises(ConfigError, match=r"unknown state column 'panda/positon.y': did you mean 'panda/position.y'"):
        check_policy("flow", FRANKA, folder)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"robot": "pair"}, "was trained for robot 'pair', this is 'franka'"),
        ({"state": list(STATE[:3])}, "state_statistics are of 4 numbers, state has 3"),
        ({"kind": "graspvla"}, "is a checkpoint of another kind (graspvla): give one of flow"),
        ({"kind": "two\nlines" + 900 * "!"}, r"of another kind (two\nlines!!!!!"),
        (
            {"prefix_max": 5},
            "prefix_max must be 0 to below the horizon 5, correction_width and waypoint_width >= 0, got 5, 0 and 0",
        ),
        ({"period": 0.1, "wdth": 3}, "did you mean 'width'"),
        ({"action": dataclasses.asdict(CONFIG.action) | {"arms": ["pnda"]}}, "did you mean 'panda'"),
    ],
)
def test_a_checkpoint_of_something_else_is_one_line(folder, changes, text):
    written(folder, **changes)
    with pytest.raises(ConfigError) as error:
        check_policy("flow", FRANKA, folder)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_of_other_sizes_and_torn_ones_are_named(folder):
    written(folder, width=32)
    with pytest.raises(ConfigError, match=r"layers\.0\.bias has shape \(16,\), config\.json makes it \(32,\)"):
        load_flow(folder)
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ConfigError, match="is corrupt or cut short"):
        load_flow(folder)


def test_without_weights_it_says_where_it_is_told_how(tmp_path, root):
    with pytest.raises(ConfigError, match=r"config\.json is not there: none are shipped, see docs/flow\.md"):
        check_policy("flow", FRANKA, tmp_path)
    with pytest.raises(ConfigError, match="policy 'flow' needs weights: none are shipped, see docs/flow"):
        check_policy("flow", FRANKA)
    assert "save_flow" in (root / "docs" / "flow.md").read_text()
