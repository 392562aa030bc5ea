# SPDX-License-Identifier: Apache-2.0
"""Labels that a demonstration shows: the closure, the box, the name; against the truth where it is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.two_views import FRONT, SIDE, camera
from tiny.graspvla_data import generated

from vla_ros.configuration import share_directory
from vla_ros.data.datasets.features import STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.backbone.view_geometry import project
from vla_ros.policies.graspvla.small.part_search import part_boxes, split_part
from vla_ros.training.finetuning.labels.agreement import label_agreement
from vla_ros.training.finetuning.labels.closure import find_closure
from vla_ros.training.finetuning.labels.labels import label_episode
from vla_ros.training.finetuning.labels.object_boxes import (
    find_resting,
    inside,
    moved_boxes,
    other_things,
    overlap,
    seen_box,
)
from vla_ros.training.finetuning.labels.phrases import named_thing

CHECKPOINT = share_directory() / "checkpoints" / "graspvla_small"
CALIBRATIONS = np.array([FRONT, SIDE])
OPENING, WIDTH = 0.07, 0.04


def fingers(commanded: np.ndarray, width: float = WIDTH) -> np.ndarray:
    """Return what fingers around an object of this width do when they are told so: 2 cm a frame, no further."""
    measured = np.empty_like(commanded)
    now = commanded[0]
    for k, told in enumerate(commanded):
        now += float(np.clip(max(told, width) - now, -0.02, 0.02))
        measured[k] = now
    return measured


def lifted(frames: int, start: int) -> np.ndarray:
    return 0.1 + 0.01 * np.clip(np.arange(frames) - start, 0, None)


# -- the closure ---------------------------------------------------------------------------------------------------
def test_fingers_that_shut_at_once() -> None:
    commanded = np.where(np.arange(60) < 30, OPENING, 0.0)
    found = find_closure(commanded, fingers(commanded), lifted(60, 36))
    assert found is not None
    assert (found.told, found.opening, found.missed_until) == (30, OPENING, 0)
    assert found.held == 32
    assert found.ended == 60
    assert found.width == pytest.approx(WIDTH)


def test_a_trigger_pulled_slowly_and_not_to_its_end() -> None:
    commanded = np.interp(np.arange(80), [0, 30, 50, 80], [OPENING, OPENING, 0.03, 0.03])
    found = find_closure(commanded, fingers(commanded), lifted(80, 55))
    assert found is not None
    assert 30 < found.told <= 33  # 3 mm narrower than it was
    assert 43 <= found.held <= 48  # the fingers touch at frame 45
    assert found.opening == pytest.approx(OPENING, abs=0.005)


def test_what_was_missed_before_is_told_apart() -> None:
    k = np.arange(120)
    commanded = np.where(((k >= 20) & (k < 30)) | (k >= 70), 0.0, OPENING)
    measured = np.where(k < 60, fingers(commanded, 0.0), fingers(commanded))
    found = find_closure(commanded, measured, lifted(120, 76))
    assert found is not None
    assert found.told == 70
    assert found.missed_until == 30


def test_nothing_lifted_is_no_grasp() -> None:
    commanded = np.where(np.arange(60) < 30, OPENING, 0.0)
    assert find_closure(commanded, fingers(commanded), np.full(60, 0.1)) is None
    assert find_closure(commanded, fingers(commanded, 0.0), lifted(60, 36)) is None
    assert find_closure(np.full(60, OPENING), np.full(60, OPENING), lifted(60, 36)) is None


# -- words ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("instruction", "name"),
    [
        ("pick up the gray elbow", "gray elbow"),
        ("Pick up the Gray Elbow.", "gray elbow"),
        ("pick up the dandelion pear", "yellow pear"),
        ("pick up the blue tin", "blue can"),
        ("pick the red hammer up by its handle", "red hammer"),
        ("pick up the can left of the red mug", ""),
        ("pick up the elbow", ""),
        ("go home", ""),
    ],
)
def test_what_an_instruction_names(instruction: str, name: str) -> None:
    assert named_thing(instruction) == name


def test_the_part_that_was_asked_for() -> None:
    assert split_part("pick up the red hammer by its handle") == ("pick up the red hammer", "handle")
    assert split_part("pick up the bottle by the top end.") == ("pick up the bottle", "top end")
    assert split_part("pick up the red hammer") == ("pick up the red hammer", "")


# -- boxes ---------------------------------------------------------------------------------------------------------
def boxes_of(point: np.ndarray, half: float = 0.03) -> list[np.ndarray]:
    """Return what a cube of this half edge [m] looks like, roughly, in both views."""
    boxes = []
    for calibration in CALIBRATIONS:
        (pixel,), (depth,) = project(calibration, point[None])
        boxes.append(np.concatenate([pixel, pixel]) + calibration[0] * half / depth * np.array([-1, -1, 1, 1]))
    return boxes


def proposals_of(*points: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    every = [boxes_of(point) for point in points]
    return [(np.array([boxes[view] for boxes in every]), np.full(len(points), 0.9)) for view in range(2)]


def test_the_object_is_what_lies_where_the_fingers_closed() -> None:
    wanted, other = np.array([0.5, 0.1, 0.05]), np.array([0.55, -0.12, 0.05])
    frames = [proposals_of(other, wanted) for _ in range(4)] + [proposals_of(other)]
    found = find_resting(frames, CALIBRATIONS, wanted + np.array([0.0, 0.01, 0.02]))
    assert found.agreed == pytest.approx(0.8)
    for box, truth in zip(found.boxes, boxes_of(wanted), strict=True):
        assert overlap(box[None], truth[None])[0, 0] > 0.99
    np.testing.assert_allclose(found.middle, wanted, atol=1e-3)
    (row,) = other_things(frames[0], CALIBRATIONS, found.boxes, 9)
    assert row[:, 4].tolist() == [1.0, 1.0]  # one thing, seen by both
    np.testing.assert_allclose(row[:, :4], boxes_of(other), atol=1e-6)


def test_it_moves_with_the_hand() -> None:
    wanted = np.array([0.5, 0.1, 0.05])
    found = find_resting([proposals_of(wanted)], CALIBRATIONS, wanted)
    T = np.eye(4)
    T[2, 3] = 0.15
    boxes, middle = moved_boxes(found, CALIBRATIONS, T)
    np.testing.assert_allclose(middle, wanted + np.array([0.0, 0.0, 0.15]), atol=1e-3)
    for box, truth in zip(boxes, boxes_of(middle), strict=True):
        assert overlap(box[None], truth[None])[0, 0] > 0.95


def test_a_part_is_a_ball_around_where_it_was_taken_cut_to_the_object() -> None:
    middle = np.array([0.5, 0.1, 0.05])
    point = middle + np.array([0.0, 0.07, 0.0])
    whole = np.array(boxes_of(middle, half=0.1))
    for box, own, calibration in zip(part_boxes(whole, CALIBRATIONS, point), whole, CALIBRATIONS, strict=True):
        (pixel,), (depth,) = project(calibration, point[None])
        assert (box[:2] < pixel).all()
        assert (pixel < box[2:]).all()
        assert (box[:2] >= own[:2] - 1e-9).all()
        assert (box[2:] <= own[2:] + 1e-9).all()
        assert (box[2:] - box[:2] <= 2 * 0.035 * calibration[0] / depth + 1e-9).all()


def test_a_camera_that_moves_shows_the_resting_object_elsewhere() -> None:
    wanted = np.array([0.5, 0.1, 0.05])
    moved = np.stack([FRONT, camera((0.42, 0.55, 0.35), (0.5, 0.05, 0.05))])
    each = np.stack([CALIBRATIONS, moved, CALIBRATIONS])
    frames = []
    for calibrations in each:
        shown = []
        for calibration in calibrations:
            (pixel,), (depth,) = project(calibration, wanted[None])
            half = calibration[0] * 0.03 / depth
            shown.append((np.concatenate([pixel - half, pixel + half])[None], np.array([0.9])))
        frames.append(shown)
    found = find_resting(frames, each, wanted)
    assert found.agreed == 1.0
    np.testing.assert_allclose(found.middle, wanted, atol=1e-3)
    boxes, middle = moved_boxes(found, moved, np.eye(4))
    np.testing.assert_allclose(middle, wanted, atol=1e-3)
    for box, (truth, _) in zip(boxes, frames[1], strict=True):
        assert overlap(box[None], truth)[0, 0] > 0.97


def test_what_of_a_box_is_in_the_picture() -> None:
    cut, share = inside(np.array([600.0, 100.0, 680.0, 200.0]), (640, 480))
    assert cut.tolist() == [600.0, 100.0, 639.0, 200.0]
    assert share == pytest.approx(39 / 80)
    assert inside(np.array([700.0, 100.0, 780.0, 200.0]), (640, 480))[1] == 0.0


def test_an_object_that_nobody_proposes_is_guessed_and_says_so() -> None:
    point = np.array([0.5, 0.1, 0.05])
    found = find_resting([proposals_of(np.array([0.55, -0.12, 0.05]))], CALIBRATIONS, point)
    assert found.agreed == 0.0
    np.testing.assert_allclose(found.middle, point, atol=1e-6)
    assert seen_box(found.boxes[0], np.empty((0, 4))) is None


# -- against the truth ---------------------------------------------------------------------------------------------
def test_derived_labels_agree_with_the_simulator() -> None:
    figures = label_agreement(Path(generated() / "action"), CHECKPOINT)
    assert figures["episodes"] + figures["left_out"] == 2
    assert figures["episodes"] >= 1
    assert figures["iou_median"] > 0.7
    assert figures["grasp_mm"] < 5.0
    assert figures["turn_deg"] < 5.0
    assert figures["middle_mm"] < 20.0
    assert figures["invented"] < 0.05


class SixJoints(LeRobotReader):
    """The same demonstrations by an arm that says six joints."""

    def column(self, name: str) -> np.ndarray:
        values = super().column(name)
        return np.delete(values, 0, axis=1) if name == STATE else values


class Blind:
    """Proposes nothing, so that boxes are guessed where the hand is away."""

    def propose(self, shown) -> list[tuple[np.ndarray, np.ndarray]]:
        return [(np.empty((0, 4)), np.empty(0))] * len(shown)


def test_an_arm_of_six_joints_has_the_labels_of_one_of_seven() -> None:
    found = []
    for kind in (LeRobotReader, SixJoints):
        with kind(generated() / "action") as reader:
            labels = label_episode(reader, reader.metadata.episodes[0], Blind(), ("front", "side"))  # type: ignore[arg-type]
            found.append(labels.columns)
    assert found[0].keys() == found[1].keys()
    for name, values in found[0].items():
        np.testing.assert_array_equal(found[1][name], values, err_msg=name)
