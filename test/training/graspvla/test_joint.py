# SPDX-License-Identifier: Apache-2.0
"""All networks in one stage: what each kind of data teaches, and that every part learns at its rate."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.graspvla_data import generated

from vla_ros.policies.graspvla.small.checkpoint_config import NetworkSizes
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.training.graspvla.joint import JointData, joint_stage
from vla_ros.training.graspvla.motion import read_motion
from vla_ros.training.pictures.cache import cut_frames
from vla_ros.training.pictures.samples import NO_GRASP, Samples
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.run import Run
from vla_ros.training.stages.stage import Stage
from vla_ros.training.stages.stage_config import JOINT, JointConfig

VIEWS = ("front", "side")
pytestmark = pytest.mark.usefixtures("threads_as_before")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> JointData:
    work = tmp_path_factory.mktemp("frames")
    torch.set_num_threads(1)
    action = cut_frames([generated() / "action"], work, 12, 1, VIEWS)
    both = [*action, *cut_frames([generated() / "grounding"], work, 12, 1, VIEWS)]
    return JointData(Samples(both), read_motion(generated() / "action", 4, 0))


def stage_of(data: JointData, folder: Path, config: JointConfig) -> Stage:
    torch.manual_seed(0)
    networks = SmallGraspVla(NetworkSizes(50, 11, trunk_width=0.25))
    run = Run(0, {JOINT: config}, folder, lambda event: None, DistributedContext(), lambda: False)
    return joint_stage(networks, data, 0.3, config, run)


def test_one_step_changes_every_network_each_at_its_rate(data: JointData, tmp_path: Path) -> None:
    config = JointConfig(steps=1, batch=4, grasps=2, actions=8, bf16=False, warm_up=1, validate_every=10)
    stage = stage_of(data, tmp_path, config)
    before = {name: value.detach().clone() for name, value in stage.network.named_parameters()}
    stage.run()
    moved = {
        name: float((value.detach() - before[name]).abs().max()) for name, value in stage.network.named_parameters()
    }
    # Adam's first step is as long as the rate, whatever the gradient.
    for start, rate in (("backbone.proposals.stem", 3e-3), ("backbone.matching.crops.trunk.5", 1e-3),
                        ("backbone.matching.layers", 1.5e-3), ("grasp.views", 2e-3), ("expert.out", 1e-3)):  # fmt: skip
        longest = max(length for name, length in moved.items() if name.startswith(start))
        assert longest == pytest.approx(rate, rel=0.1), start


def test_pictures_with_boxes_are_in_every_batch_and_teach_neither_grasps_nor_actions(
    data: JointData, tmp_path: Path
) -> None:
    config = JointConfig(steps=1, batch=4, grounding=0.5, grasps=3, actions=8)
    stage = stage_of(data, tmp_path, config)
    boxes = data.samples.columns["boxes"]
    for step in range(5):
        batch = stage._batch(step)
        shown = batch["boxes"]["proposed"]["boxes"].numpy()
        rows = (shown[:, None] == boxes).all(axis=(2, 3, 4)).argmax(axis=1)
        assert (rows >= data.acted).sum() == 2
    few = stage_of(data, tmp_path, dataclasses.replace(config, proposed=3))._batch(0)["boxes"]
    assert len(few["proposed"]["pictures"]) == 3
    assert few["asked"]["there"].shape[0] == 4
    assert (data.samples.grasp_rows[data.acted :] == NO_GRASP).all()
    assert data.samples.graspable[: data.acted].any()
    assert not data.samples.graspable[data.acted :].any()
    losses = stage._loss(stage.network, batch, torch.Generator().manual_seed(0))
    assert set(losses) == {
        "centre",
        "box",
        "binary",
        "choice",
        "category",
        "color",
        "quality",
        "turn",
        "opening",
        "flow",
    }
    assert all(np.isfinite(float(value.detach())) for value in losses.values())


def test_networks_whose_losses_are_left_out_stay_what_they_were(data: JointData, tmp_path: Path) -> None:
    config = JointConfig(steps=1, batch=4, bf16=False, losses=("matching",))
    stage = stage_of(data, tmp_path, config)
    before = {name: value.clone() for name, value in stage.network.state_dict().items()}
    stage.run()
    changed = {name for name, value in stage.network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("backbone.matching.") for name in changed)
    assert set(stage.figures) == {
        f"{kind}right_{what}" for kind in ("", "grounding_") for what in ("view", "object", "absent")
    }
