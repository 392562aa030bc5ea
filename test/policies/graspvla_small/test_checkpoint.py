# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of the small GraspVLA: the same networks again, and one line for each way to be wrong."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")


from controllers.errors import ConfigError
from vla_ros.policies.actions.single_arm import tool_deltas
from vla_ros.policies.graspvla.small import policy as policy_module
from vla_ros.policies.graspvla.small.checkpoint import load_networks, save_checkpoint
from vla_ros.policies.graspvla.small.checkpoint_config import (
    CONFIG,
    WEIGHTS,
    CheckpointConfig,
    NetworkSizes,
    read_config,
)
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.policy import GraspVlaPolicy, load_small_policy
from vla_ros.robots.embodiment import load_embodiment

SIZES = NetworkSizes(
    4, 3, proposal_width=8, match_size=16, trunk_width=0.25, grasp_size=8, expert_size=16, expert_depth=1
)
ACTION = tool_deltas("panda", "panda_hand")
STATISTICS = {"mean": (0.0,) * 6 + (0.05,), "spread": (0.01,) * 6 + (0.03,)}


@pytest.fixture(scope="module")
def networks() -> SmallGraspVla:
    torch.manual_seed(1)
    networks = SmallGraspVla(SIZES)
    networks.mean.copy_(torch.tensor(STATISTICS["mean"]))
    networks.spread.copy_(torch.tensor(STATISTICS["spread"]))
    return networks


@pytest.fixture
def checkpoint(tmp_path: Path, networks: SmallGraspVla) -> Path:
    config = CheckpointConfig(
        "franka", "franka_grasp", ("front", "side"), ACTION, "panda_link0", 0.1, **STATISTICS,
        networks=SIZES, training={"seed": 0},
    )  # fmt: skip
    save_checkpoint(tmp_path / "made", config, networks)
    return tmp_path / "made"


def change(checkpoint: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads((checkpoint / CONFIG).read_text())
    edit(values)
    (checkpoint / CONFIG).write_text(json.dumps(values))


def load(checkpoint: Path) -> GraspVlaPolicy:
    threads = torch.get_num_threads()
    try:
        return load_small_policy(checkpoint, load_embodiment("franka"))
    finally:
        torch.set_num_threads(threads)


def test_what_was_saved_is_loaded(checkpoint: Path, networks: SmallGraspVla) -> None:
    assert sorted(path.name for path in checkpoint.iterdir()) == [CONFIG, WEIGHTS]
    config = read_config(checkpoint)
    assert config.networks == SIZES
    assert config.training == {"seed": 0}
    again = load_networks(checkpoint, config).state_dict()
    for name, value in networks.state_dict().items():
        np.testing.assert_array_equal(again[name], value.half() if value.ndim > 1 else value, err_msg=name)
    codec = load(checkpoint).codec
    assert (codec.action, codec.frame_id, codec.period) == (ACTION, "panda_link0", 0.1)


def test_anybody_may_read_it(checkpoint: Path) -> None:
    assert (checkpoint / WEIGHTS).stat().st_mode == (checkpoint / CONFIG).stat().st_mode


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda v: v.update(robot="agilex"), "was trained for robot 'agilex', this is 'franka'"),
        (lambda v: v.update(cameras=["front", "left"]), "needs camera 'left', the robot has front"),
        (lambda v: v.update(cameras=["front"]), "two views"),
        (lambda v: v.update(contract="franka_grsp"), "did you mean 'franka_grasp'"),
        (
            lambda v: v["action"].update(arms=["left"]),
            r"arms is \('left',\), but contract 'franka_grasp' says \('panda',",
        ),
        (lambda v: v.update(period=0.05), "period is 0.05, but contract 'franka_grasp' says 0.1"),
        (lambda v: v["action"].update(anchor="measured", target="measured"), "target is 'measured', but contract"),
        (lambda v: v["action"].update(horizon=8), "horizon is 8 in action, 4 in networks"),
        (lambda v: v.update(version=2), "is a graspvla_small of version 2; this reads graspvla_small of version 3"),
        (lambda v: v.update(kind="graspvla_full"), "is a graspvla_full"),
        (lambda v: v.update(means=[0.0]), "did you mean 'mean'"),
        (lambda v: v.pop("spread"), "key 'spread' is missing"),
        (lambda v: v.update(spread=[0.0] * 7), "spread above 0"),
        (lambda v: v.update(mean=[0.0] * 6), "need 7 numbers, got 6 and 7"),
    ],
)
def test_another_robot_camera_or_contract_is_refused_before_weights_are_read(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, edit: Callable[[dict], object], expected: str
) -> None:
    change(checkpoint, edit)
    (checkpoint / WEIGHTS).write_bytes(b"no weights at all")
    monkeypatch.setattr(policy_module, "load_networks", lambda *given: pytest.fail("weights were read"))
    with pytest.raises(ConfigError, match=expected) as told:
        load(checkpoint)
    assert "\n" not in str(told.value)


def test_a_robot_without_the_contracts_camera_is_refused(checkpoint: Path) -> None:
    franka = load_embodiment("franka")
    blind = dataclasses.replace(franka, cameras=("front",), described_cameras=(franka.camera("front"),))
    with pytest.raises(ConfigError, match="needs camera 'side', the robot has front"):
        load_small_policy(checkpoint, blind)


def test_files_that_are_torn_or_gone_are_named(checkpoint: Path, tmp_path: Path) -> None:
    whole = (checkpoint / WEIGHTS).read_bytes()
    for content, expected in (
        (whole[: len(whole) // 2], "corrupt or truncated"),
        (whole[:5], "corrupt or truncated"),
        (b"", "corrupt or truncated"),
        (np.random.default_rng(0).bytes(1000), "corrupt or truncated"),
    ):
        (checkpoint / WEIGHTS).write_bytes(content)
        with pytest.raises(ConfigError, match=expected) as told:
            load(checkpoint)
        assert "\n" not in str(told.value)
    (checkpoint / WEIGHTS).unlink()
    with pytest.raises(ConfigError, match=f"{WEIGHTS}: is missing"):
        load(checkpoint)
    (checkpoint / CONFIG).write_text('{"robot": ')
    with pytest.raises(ConfigError, match="not valid JSON"):
        load(checkpoint)
    (checkpoint / CONFIG).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not valid JSON"):
        load(checkpoint)
    (checkpoint / CONFIG).write_text("[1, 2]")
    with pytest.raises(ConfigError, match="expected a mapping"):
        load(checkpoint)
    (checkpoint / CONFIG).unlink()
    with pytest.raises(ConfigError, match=f"{CONFIG}: is missing"):
        load(checkpoint)
    with pytest.raises(ConfigError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_weights_of_other_networks_are_refused(checkpoint: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(checkpoint / WEIGHTS)
    name = "expert.out.1.weight"
    for changed, expected in (
        ({k: v for k, v in weights.items() if k != name}, f"lacks {name}"),
        (weights | {"vision.stem": torch.zeros(3)}, "holds vision.stem"),
        (weights | {name: torch.zeros(2, 2)}, rf"{name} has shape \[2, 2\]"),
        (weights | {name: torch.full_like(weights[name], torch.nan)}, "not finite"),
    ):
        save_file(changed, checkpoint / WEIGHTS)
        with pytest.raises(ConfigError, match=expected):
            load(checkpoint)
    save_file(weights, checkpoint / WEIGHTS)
    change(checkpoint, lambda values: values["networks"].update(expert_size=32))
    with pytest.raises(ConfigError, match="has shape"):
        load(checkpoint)


def test_a_statistic_that_disagrees_with_the_weights_is_refused(checkpoint: Path) -> None:
    change(checkpoint, lambda values: values.update(mean=[0.5] * 7))
    with pytest.raises(ConfigError, match="mean is not what"):
        load(checkpoint)
