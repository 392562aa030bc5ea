# SPDX-License-Identifier: Apache-2.0
"""Grasps that demonstrations lead to, and how the small GR-3 learns to find them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.gr3 import CONTRACT, calibration

from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.data.datasets.features import ACTION, STATE
from vla_ros.policies.backbone.view_geometry import point_window, project
from vla_ros.policies.contract import load_contract
from vla_ros.policies.grasp_finding.any_views import AnyViewsGrasp
from vla_ros.policies.grasp_finding.grasp_network import CROP, EXTENT
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3.beginning import begin_gr3
from vla_ros.training.gr3.config import Gr3Training
from vla_ros.training.gr3.grasp_crops import KEPT, ROOM, GraspCropCutter, GraspCrops, crop_batch, crop_loss, judge_crops
from vla_ros.training.gr3.grasps import GraspsToCome, grasps_to_come, joined_grasps, no_grasps

pytestmark = pytest.mark.usefixtures("threads_as_before")

LENGTH, CLOSES, OPENS = 30, 12, 20
OPENING, WIDTHS = 0.07, 12  # [m]; column of the first width in an action


class Reader:
    """A demonstration of 30 frames: the left hand closes in frame 12 and opens in frame 20; the base drives."""

    def __init__(self) -> None:
        episode = SimpleNamespace(start=0, length=LENGTH)
        names = list(CONTRACT.state)
        self.metadata = SimpleNamespace(features={STATE: SimpleNamespace(names=names)}, episodes=[episode])
        positions = np.zeros((LENGTH, notes.OBJECTS, 3))
        positions[:, 1] = 0.5, 0.2, 0.75
        positions[:, 1, 1] -= 0.01 * np.arange(LENGTH)
        state = np.zeros((LENGTH, len(names)))
        for arm, place in (("left", positions[:, 1] + (0.0, 0.0, 0.02)), ("right", np.full((LENGTH, 3), 0.9))):
            columns = [names.index(channel) for channel in pose_channels(arm)]
            state[:, columns] = np.column_stack([place, np.tile([1.0, 0.0, 0.0, 0.0], (LENGTH, 1))])
        action = np.full((LENGTH, 17), OPENING)
        action[CLOSES:OPENS, WIDTHS] = 0.0
        self.columns = {
            STATE: state,
            ACTION: action,
            notes.VALID: np.ones((LENGTH, 1)),
            notes.TARGET: np.ones((LENGTH, 1), dtype=int),
            notes.POSITIONS: positions,
        }
        self.sentences = ["put the red mug onto the tray"] * LENGTH

    def __len__(self) -> int:
        return LENGTH

    def column(self, name: str) -> np.ndarray:
        return self.columns[name]

    def task(self, row: int) -> str:
        return self.sentences[row]


def found(reader: Reader) -> GraspsToCome:
    return grasps_to_come(reader, np.arange(LENGTH), CONTRACT)  # type: ignore[arg-type]


def test_up_to_the_closure_the_grasp_moves_with_its_thing():
    grasps = found(Reader())
    assert grasps.known.tolist() == [row <= CLOSES for row in range(LENGTH)]
    for row in (0, CLOSES):
        # The base drives on: where the hand will close is where the thing will be then, as this frame's base sees it.
        np.testing.assert_allclose(grasps.poses[row, :3], grasps.middles[row] + (0.0, 0.0, 0.02), atol=1e-9)
    np.testing.assert_allclose(grasps.openings[: CLOSES + 1], OPENING)


@pytest.mark.parametrize(
    ("change", "known"),
    [
        (lambda one: one.columns[notes.VALID].__setitem__(CLOSES, 0), 0),  # missed on purpose
        (lambda one: one.columns[notes.TARGET].__setitem__(slice(None), -1), 0),  # several things are meant
        (lambda one: one.columns[notes.POSITIONS].__setitem__((slice(None), 1, 0), 1.5), 0),  # something else is taken
        (lambda one: one.columns[ACTION].__setitem__((CLOSES, WIDTHS + 1), 0.0), 0),  # both hands at once
        (lambda one: one.sentences.__setitem__(slice(0, 5), ["put the fork into the box"] * 5), CLOSES - 4),
        (
            lambda one: one.columns[ACTION].__setitem__((slice(0, 5), WIDTHS + 1), 0.0),
            CLOSES - 4,
        ),  # the other one holds
    ],
)
def test_what_is_no_grasp_of_the_thing_that_is_meant_does_not_count(change, known):
    reader = Reader()
    change(reader)
    assert found(reader).known.sum() == known


def test_other_grasps_of_the_thing_move_with_it_too():
    reader = Reader()
    told = np.zeros((LENGTH, 3, 9))
    told[8, 0] = *(reader.columns[notes.POSITIONS][8, 1] + (0.0, 0.04, 0.0)), 0.0, 1.0, 0.0, 0.0, 0.05, 0.6
    reader.columns[notes.GRASP_OPTIONS] = told
    reader.metadata.features[notes.GRASP_OPTIONS] = SimpleNamespace()
    grasps = found(reader)
    assert grasps.options.shape == (LENGTH, 4, 9)
    for row in (0, 8, CLOSES):  # all frames of the way to the grasp, those that say nothing of others included
        np.testing.assert_allclose(grasps.options[row, 0, :3], grasps.poses[row, :3], atol=1e-6)
        np.testing.assert_allclose(grasps.options[row, 1, :3], grasps.middles[row] + (0.0, 0.04, 0.0), atol=1e-6)
        np.testing.assert_allclose(grasps.options[row, :, 8], [1.0, 0.6, 0.0, 0.0], atol=1e-6)
    assert not grasps.options[CLOSES + 1 :].any()
    assert joined_grasps([grasps, no_grasps(2)]).options.shape == (LENGTH + 2, 4, 9)


def test_hands_and_several_datasets():
    both = joined_grasps([found(Reader()), no_grasps(4)])
    assert len(both.known) == LENGTH + 4
    assert not both.known[LENGTH:].any()


def dotted(count: int) -> tuple[GraspCrops, GraspsToCome]:
    """Return crops of things whose grasp is a red dot beside the middle, seen by two views."""
    rng = np.random.default_rng(0)
    calibrations = np.stack([calibration("head"), calibration("left_wrist")])
    crops, windows = np.zeros((count, 2, KEPT, KEPT, 3), np.uint8), np.zeros((count, 2, 3))
    middles = rng.uniform((0.45, -0.02, 0.72), (0.55, 0.1, 0.78), (count, 3))
    places = middles + rng.uniform(-0.04, 0.04, (count, 3)) * (1.0, 1.0, 0.5)
    for i in range(count):
        for view, own in enumerate(calibrations):
            window = point_window(own, middles[i], ROOM * EXTENT)
            pixel = project(own, places[i][None])[0][0]
            x, y = ((pixel - (window.x, window.y)) * KEPT / window.side).astype(int)
            crops[i, view] = 90
            crops[i, view, max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = 250, 20, 20
            windows[i, view] = window.x, window.y, window.side
    poses = np.column_stack([places, np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))])
    tools = np.tile(np.array([0.5, 0.3, 1.0, 1.0, 0.0, 0.0, 0.0]), (count, 2, 1))
    kept = GraspCrops(np.arange(count), crops, windows, np.ones((count, 2), bool), np.tile(calibrations, (count, 1, 1)))
    options = np.column_stack([poses, np.full(count, 0.06), np.ones(count)])[:, None]
    return kept, GraspsToCome(np.ones(count, bool), poses, np.full(count, 0.06), middles, tools, options)


def test_it_learns_where_the_grasp_is():
    torch.manual_seed(0)
    kept, grasps = dotted(64)
    network = AnyViewsGrasp(2, size=16, width=32)
    judged = crop_batch(kept, grasps, np.arange(48, 64), np.random.default_rng(9))
    before = judge_crops(network.eval(), judged)["grasp_mm"]
    optimizer, rng = torch.optim.AdamW(network.parameters(), 3e-3), np.random.default_rng(0)
    for step in range(60):
        batch = crop_batch(kept, grasps, rng.integers(0, 48, 16), rng)
        losses = crop_loss(network.train(), batch, torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
    after = judge_crops(network.eval(), judged)
    assert after["grasp_mm"] < 15.0 < before
    assert after["grasp_heading"] < 0.1


def test_a_cutter_keeps_what_shows_the_thing_near_a_hand(monkeypatch):
    reader = Reader()
    reader.metadata.features[notes.VALID] = SimpleNamespace()
    monkeypatch.setattr("vla_ros.training.gr3.grasp_crops.is_masked", lambda metadata: False)
    cutter = GraspCropCutter(reader, np.arange(LENGTH), CONTRACT)  # type: ignore[arg-type]
    pictures = [np.full((480, 640, 3), 50 * view, np.uint8) for view in range(3)]
    away = calibration("right_wrist") + np.eye(11)[5] * 9.0  # looks elsewhere
    for frame in range(LENGTH):
        cutter.cut(frame, pictures, [calibration("head"), calibration("left_wrist"), away])
    arrays = cutter.arrays()
    assert arrays["grasp_frames"].tolist() == list(range(0, CLOSES + 1, 2))
    assert arrays["grasp_shown"].tolist() == [[True, True, False]] * len(arrays["grasp_frames"])
    assert (arrays["grasp_crops"][:, 1] == 50).all()


def test_it_begins_with_what_a_small_graspvla_knows_of_grasps():
    config = Gr3Training()
    shipped = share_directory() / config.begin_grasps
    beginning = begin_gr3(shipped, config, load_contract(config.contract))
    network = AnyViewsGrasp(3)
    before = {name: values.clone() for name, values in network.state_dict().items()}
    network.load_state_dict(network.state_dict() | beginning.grasps)
    new = {name for name, values in network.state_dict().items() if torch.equal(values, before[name])}
    assert {name.split(".")[0] for name in new} == {"kind", "point", "summary"}
    theirs = load_networks(shipped, read_config(shipped)).grasp
    crops = torch.randint(0, 256, (2, CROP, CROP, 3), dtype=torch.uint8)
    torch.testing.assert_close(network.eval().view(crops), theirs.eval().views[0](crops))


def test_grasps_of_another_kind_of_checkpoint_are_refused():
    config = Gr3Training(begin_grasps="checkpoints/none")
    with pytest.raises(ConfigError, match="none"):
        begin_gr3(share_directory() / config.begin, config, load_contract(config.contract))
    assert not begin_gr3(share_directory() / config.begin, replace(config, begin_grasps=""), CONTRACT).grasps
