# SPDX-License-Identifier: Apache-2.0
"""A wrist camera in place of the side one: generated, fine-tuned in two stages, refused where the data is another's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scipy.spatial.transform import Rotation
from tiny.graspvla_data import generated

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion.bag_to_dataset import ConversionSettings, convert_bag
from vla_ros.data.conversion.dataset_to_bag import write_bag
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.contract import CameraStream, load_contract
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.policies.graspvla.small.policy import load_small_policy
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.finetuning.views import adapted
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.settings import GenerationSettings

pytestmark = pytest.mark.usefixtures("threads_as_before")
CHECKPOINT = share_directory() / "checkpoints" / "graspvla_small"
CONTRACT = "franka_grasp_wrist"
TINY = """
threads: 1
frames_an_episode: 12
view_matching: {steps: 2, batch: 2, learning_rate: 5.0e-4, validate_every: 2}
view_grasp:    {steps: 2, batch: 2, learning_rate: 1.0e-3, validate_every: 2}
expert:        {steps: 2, batch: 8, learning_rate: 1.0e-4, validate_every: 2, bf16: false}
"""


def finetune(output: Path, *words: str) -> int:
    config = output.with_suffix(".yaml")
    config.write_text(TINY)
    task = str(generated(CONTRACT) / "action")
    return cli.main(["finetune", str(CHECKPOINT), task, "--output", str(output), "--config", str(config), *words])


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("wrist") / "tuned"
    assert finetune(output, "--original", str(generated(CONTRACT)), "--stages", "expert") == 0
    return output


# -- data ----------------------------------------------------------------------------------------------------------
def test_each_frame_has_the_pose_of_the_camera_then() -> None:
    with LeRobotReader(generated(CONTRACT) / "action") as reader:
        record = reader.metadata.episodes[0]
        rows = slice(record.start, record.start + record.length)
        wrist = reader.column("observation.calibration.wrist")[rows].astype(float)
        states = reader.column("observation.state")[rows].astype(float)
        front = reader.column("observation.calibration.front")[rows]
    assert (front == front[0]).all()
    assert np.ptp(wrist[:, 4:7], axis=0).max() > 0.05
    tool, camera = Rotation.from_quat(states[:, 10:14]), Rotation.from_quat(wrist[:, 7:])
    offsets = tool.inv().apply(wrist[:, 4:7] - states[:, 7:10])
    np.testing.assert_allclose(offsets, np.tile(offsets[0], (len(offsets), 1)), atol=1e-5)  # one hand-eye calibration
    assert (tool.inv() * camera).inv()[0].approx_equal(((tool.inv() * camera).inv())[-1], atol=1e-4)


def test_boxes_of_the_wrist_are_inside_its_picture_and_cut_by_its_edge_near_the_object() -> None:
    with LeRobotReader(generated(CONTRACT) / "action") as reader:
        record = reader.metadata.episodes[0]
        rows = slice(record.start, record.start + record.length)
        target = int(reader.column(notes.TARGET)[record.start])
        boxes = reader.column(notes.boxes_column("wrist"))[rows, target]
        closed = reader.column(notes.CLOSED)[rows] > 0
    seen = boxes[boxes[:, 4] > 0.12]
    assert len(seen) > 10
    assert ((seen[:, :4] >= -0.5) & (seen[:, :4] <= np.array([639.5, 479.5] * 2))).all()
    held = boxes[closed & (boxes[:, 4] > 0)]
    assert (held[:, 3] > 440).mean() > 0.9  # between the fingers, at the lower edge


def test_grounding_frames_are_seen_by_both_cameras() -> None:
    with LeRobotReader(generated(CONTRACT) / "grounding") as reader:
        targets = reader.column(notes.TARGET).reshape(-1)
        for view in ("front", "wrist"):
            shares = reader.column(notes.boxes_column(view))[np.arange(len(targets)), targets, 4]
            assert (shares >= 0.15 - 1e-6).all()


def test_a_camera_that_the_simulator_has_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = dataclasses.replace(
        load_contract("franka_grasp"),
        cameras={"front": CameraStream(640, 480), "ceiling": CameraStream(640, 480)},
        features={},
    )
    monkeypatch.setattr("vla_ros.training.generation.settings.load_contract", lambda name: other)
    with pytest.raises(ConfigError, match="unknown simulated camera 'ceiling'"):
        GenerationSettings()


def test_a_bag_has_a_pose_for_every_picture_and_becomes_the_same_dataset(tmp_path: Path) -> None:
    contract, root = load_contract(CONTRACT), generated(CONTRACT) / "action"
    with LeRobotReader(root) as reader:
        record = reader.metadata.episodes[0]
        before = reader.column("observation.calibration.wrist")[record.start : record.start + record.length]
        write_bag(reader, 0, tmp_path / "bag", contract)
    with BagReader(tmp_path / "bag") as bag:
        assert bag.topics["/cameras/wrist/pose"].count == record.length
        assert bag.topics["/cameras/front/pose"].count == 1
    (episode,) = convert_bag(tmp_path / "bag", ConversionSettings(contract)).episodes
    after = episode.columns["observation.calibration.wrist"]
    assert len(after) >= record.length - 1
    np.testing.assert_allclose(after, before[: len(after)], atol=1e-5)


# -- fine-tuning ---------------------------------------------------------------------------------------------------
def test_the_new_view_alone_learns_first_and_the_checkpoint_names_it(tuned: Path) -> None:
    config = read_config(tuned)
    assert (config.cameras, config.contract) == (("front", "wrist"), CONTRACT)
    assert config.training["new_view"] == "wrist"
    ours = load_networks(tuned, config).state_dict()
    theirs = load_networks(CHECKPOINT, read_config(CHECKPOINT)).state_dict()
    changed = {name for name, value in ours.items() if not torch.equal(value, theirs[name])}
    assert changed
    for name in changed:  # statistics of normalisation among them: the rest stands still
        assert name.startswith(("grasp.views.1.", "backbone.matching.geometry.", "expert.")), name
    assert any(name.startswith("grasp.views.1.") for name in changed)
    assert any(name.startswith("backbone.matching.geometry.") for name in changed)


def test_its_evaluation_looks_through_its_cameras(tuned: Path) -> None:
    runner = EpisodeRunner(EpisodeSettings("graspvla", checkpoint=str(tuned)))
    usual = EpisodeRunner(EpisodeSettings("graspvla"))
    scene, other = runner.scene(1000), usual.scene(1000)
    assert scene.camera_names == ("front", "wrist")
    assert other.camera_names == ("front", "side")
    assert [placed.name for placed in scene.objects] == [placed.name for placed in other.objects]
    load_small_policy(tuned, load_embodiment("franka"))


def test_gone_on_from_again_no_view_is_new(tuned: Path) -> None:
    config = read_config(tuned)
    assert adapted(config, [load_metadata(generated(CONTRACT) / "action")]) == (config, None)
    back, view = adapted(config, [load_metadata(generated() / "action")])
    assert (back.cameras, back.contract, view) == (("front", "side"), "franka_grasp", 1)


def test_data_of_two_kinds_of_cameras_is_refused() -> None:
    both = [load_metadata(generated(name) / "action") for name in ("franka_grasp", CONTRACT)]
    with pytest.raises(ConfigError, match="is seen by front and wrist, other data by front and side"):
        adapted(read_config(CHECKPOINT), both)


def test_original_data_of_the_old_camera_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert finetune(tmp_path / "out", "--original", str(generated()), "--stages", "matching") == 2
    assert "lacks" in (said := capsys.readouterr().err)
    assert "wrist" in said
    assert f"--contract {CONTRACT}" in said


def test_original_data_is_generated_by_the_datasets_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        "vla_ros.commands.learning.generated_data.GeneratedData.make", lambda *words: bool(asked.append(words[-1]))
    )
    assert finetune(tmp_path / "out", "--stages", "matching") == 130
    assert asked == [CONTRACT]
