# SPDX-License-Identifier: Apache-2.0
"""The ablation without a progressive chain: what it learns from, and what its checkpoint is good for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.drawn_scene import grasping_scene
from scene_making.whole_observation import whole
from tiny.graspvla_data import generated

from controllers.chunks.chunk import TaskStatus
from vla_ros import cli
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.backbone.view_geometry import project
from vla_ros.policies.contract import load_contract
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.policies.graspvla.small.direct_expert import COLUMNS, ROWS, DirectExpert, lines_of_sight
from vla_ros.policies.graspvla.small.direct_policy import DirectPolicy
from vla_ros.policies.graspvla.small.policy import load_small_policy
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World
from vla_ros.training.generation import annotations as notes
from vla_ros.training.graspvla.direct import NONE, ShownMotion, direct_batch, shown_motion
from vla_ros.training.graspvla.train import all_motion
from vla_ros.training.pictures.cache import cut_frames
from vla_ros.training.pictures.frames import contract_views
from vla_ros.training.pictures.samples import Samples

pytestmark = pytest.mark.usefixtures("threads_as_before")

TINY = """
conditioning: []
threads: 1
expert: {steps: 4, batch: 8, learning_rate: 1.0e-3, validate_every: 2}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("direct")
    (folder / "tiny.yaml").write_text(TINY)
    output = folder / "out"
    assert cli.main(["train", str(folder / "tiny.yaml"), "--data", str(generated()), "--output", str(output)]) == 0
    return output


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ShownMotion:
    folder, root = tmp_path_factory.mktemp("frames"), generated()
    views = contract_views(load_contract("franka_grasp"))
    acted = cut_frames([root / "action"], folder, 10, 1, views)
    both = cut_frames([root / "action", root / "grounding"], folder, 10, 1, views)
    motion = all_motion([root / "action"], 4, lambda event: None)
    return shown_motion({root / "action": acted}, Samples(both), motion, views)


def test_each_frame_has_the_words_and_the_actions_of_its_own_demonstration(shown: ShownMotion) -> None:
    root = generated() / "action"
    rows = np.concatenate([np.load(file) for file in _pieces(shown)])[: shown.count]
    with LeRobotReader(root) as reader:
        actions, targets = reader.column("action"), reader.column(notes.TARGET)
        valid = reader.column(notes.VALID).astype(bool)
        for place, row in enumerate(rows.tolist()):
            assert shown.words[place] == reader.task(row)
            assert shown.targets[place] == targets[row]
            assert (shown.counts[place, 0] > 0) == valid[row]
            if valid[row]:
                np.testing.assert_allclose(shown.actions[place, 0], actions[row], atol=1e-6)
    assert shown.count < len(shown.samples)  # grounding follows


def _pieces(shown: ShownMotion) -> list[Path]:
    return [Path(part.filename).with_name("rows.npy") for part in shown.samples.columns["pictures"]._parts]


def test_the_cell_that_is_meant_is_where_the_object_is_and_its_line_of_sight_leads_there(shown: ShownMotion) -> None:
    rows = np.arange(shown.count)
    batch = direct_batch(shown, rows, np.random.default_rng(0))
    columns, grasps, off = shown.samples.columns, shown.samples.grasps, []
    for i, row in enumerate(rows):
        for view in range(2):
            cell = int(batch["meant"][i, view])
            if cell == NONE:
                continue
            away, direction = np.split(batch["sights"][i, view, cell].double().numpy(), 2)
            to_object = grasps["middles"][shown.samples.grasp_rows[row]] - columns["tools"][row] - away
            off.append(np.degrees(np.arccos(direction @ to_object / np.linalg.norm(to_object))))
    assert len(off) > 10
    assert np.median(off) < 4.0  # a cell is some 5 degrees wide


def test_grounding_teaches_no_actions(shown: ShownMotion) -> None:
    rows = np.array([0, shown.count])
    batch = direct_batch(shown, rows, np.random.default_rng(0))
    assert batch["counts"][1].sum() == 0.0
    assert batch["pictures"].shape == (2, 2, 144, 192, 3)


def test_lines_of_sight_go_through_the_middles_of_their_cells() -> None:
    calibration = np.array([600.0, 600.0, 320.0, 240.0, 1.0, 0.5, 0.8, 0.92, 0.0, 0.0, 0.39])
    tool = np.array([0.4, 0.1, 0.3])
    sights = lines_of_sight(calibration, (640, 480), tool).astype(float)
    pixels, depths = project(calibration, tool + sights[:, :3] + 0.7 * sights[:, 3:])
    assert (depths > 0.0).all()
    np.testing.assert_allclose(pixels[0], (320.0 / COLUMNS, 240.0 / ROWS), atol=0.01)
    np.testing.assert_allclose(pixels[COLUMNS * ROWS - 1], (640 - 320.0 / COLUMNS, 480 - 240.0 / ROWS), atol=0.01)


def test_its_checkpoint_acts_on_words_and_pictures(trained: Path) -> None:
    assert read_config(trained).networks.conditioning == ()
    policy = load_small_policy(trained, load_embodiment("franka"))
    assert isinstance(policy, DirectPolicy)
    world = World(grasping_scene("basic", 3, "generation"), load_embodiment("franka"), timestep=0.002)
    try:
        cameras = {name: world.observe_camera(name) for name in ("front", "side")}
        state = SingleArmState(world.time, world.q, world.dq, world.T_base_ee, world.gripper_width)
        view = lambda words: SingleArmObservation(world.time, words, cameras, state, world.T_base_ee)  # noqa: E731
        chunk = policy.infer(whole(view("pick up the red mug")))
        policy.reset()
        again = policy.infer(whole(view("pick up the red mug")))
        policy.reset()
        other = policy.infer(whole(view("pick up the blue hammer")))
    finally:
        world.close()
    assert chunk.status is TaskStatus.ONGOING
    assert np.isfinite(chunk.values).all()
    np.testing.assert_array_equal(chunk.values, again.values)
    assert np.abs(chunk.values - other.values).max() > 0.0
    assert policy.reasoning.stages_s["boxes"] == policy.reasoning.stages_s["grasp"] == 0.0


def test_everything_of_it_learns() -> None:
    expert = DirectExpert()
    pictures = torch.randint(0, 255, (2, 2, 144, 192, 3), dtype=torch.uint8)
    sights, words = torch.randn(2, 2, ROWS * COLUMNS, 6), torch.randn(2, 20, expert.words.in_features)
    seen, maps, logits = expert.encode_observation(pictures, sights, words)
    tokens = torch.cat([expert.encode(torch.randn(2, 5, 9)), seen], dim=1)
    acted = expert.clean(torch.randn(2, 4, 7), torch.rand(2), tokens)
    (acted.sum() + maps.sum() + logits.sum()).backward()
    still = [name for name, value in expert.named_parameters() if value.grad is None or not value.grad.any()]
    # What leads to the links of the chain alone has nothing to learn; the boxes among them.
    assert still == ["chain.3.weight"]


def test_nothing_goes_on_from_it(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["finetune", str(trained), str(generated() / "action"), "--output", str(tmp_path / "a")]) == 2
    said = capsys.readouterr().err
    assert "has no chain" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_frames_of_before_are_refused_by_name(shown: ShownMotion, tmp_path: Path) -> None:
    root = generated() / "action"
    views = contract_views(load_contract("franka_grasp"))
    pieces = cut_frames([root], tmp_path, 10, 1, views)
    (pieces[0] / "rows.npy").unlink()
    with pytest.raises(Exception, match="was cut by an earlier version: remove"):
        shown_motion({root: pieces}, shown.samples, all_motion([root], 4, lambda event: None), views)
