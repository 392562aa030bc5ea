# SPDX-License-Identifier: Apache-2.0
"""A thing's pixels of its box: held against what the simulator knows of them, and on pictures that are hard."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.policies.gear_vla.box_mask import box_mask
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.table import load_task
from vla_ros.training.generation.object_boxes import ObjectBoxes


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.fixture(scope="module")
def seen() -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Return pictures with depth as a stereo camera measures it, a thing's box, and its true pixels."""
    found = []
    task, robot = load_task("grasping"), load_embodiment("franka")
    for seed in range(4):
        world = World(task.scene(SceneRequest("distractor", seed, "generation", robot="franka")), robot)
        boxes = ObjectBoxes(world)
        view, camera = world.observe_camera("front"), world.camera("front")
        true = world.render_camera("front")[1]
        measured = boxes.measure(camera, true)
        before = world.render_state()
        for number, name in enumerate(world.object_names):
            if measured[number, 4] < 0.6:
                continue
            address = int(world.model.joint(int(world.model.body(name).jntadr[0])).qposadr[0])
            state = before.copy()
            state[1 + address + 2] -= 5.0  # under the floor
            world.apply_render_state(state)
            mask = np.abs(world.render_camera("front")[1] - true) > 0.002
            world.apply_render_state(before)
            if mask.sum() > 100:
                found.append((view.color, view.depth, measured[number, :4], mask))
        world.close()
    assert len(found) >= 10
    return found


def test_colors_tell_a_thing_from_what_is_around_it_better_than_its_box_does(seen) -> None:
    found, boxes = [], []
    for color, _, box, true in seen:
        found.append(overlap(box_mask(color, box), true))
        whole = np.zeros_like(true)
        x1, y1, x2, y2 = np.round(box).astype(int)
        whole[y1:y2, x1:x2] = True
        boxes.append(overlap(whole, true))
    assert np.median(found) > np.median(boxes) + 0.05
    assert np.median(found) > 0.75


def test_a_thing_of_the_table_s_own_color_is_what_stands_out() -> None:
    picture = np.full((120, 160, 3), 128, dtype=np.uint8)
    rows, columns = np.indices((120, 160))
    depth = 1.0 / (0.8 + 0.002 * rows)  # a table that comes nearer towards the bottom
    true = (rows - 60) ** 2 + (columns - 80) ** 2 < 18**2
    depth = np.where(true, depth - 0.03, depth)
    box = np.array([60.0, 40.0, 100.0, 80.0])
    assert overlap(box_mask(picture, box, depth), true) > 0.9
    depth[rows > 100] = 0.0  # not measured
    assert overlap(box_mask(picture, box, depth), true) > 0.9


def test_the_same_picture_gives_the_same_mask(seen) -> None:
    color, _, box, _ = seen[0]
    assert np.array_equal(box_mask(color, box), box_mask(color, box))


def test_a_thing_of_the_table_s_own_color_is_never_nothing() -> None:
    picture = np.full((60, 80, 3), 128, dtype=np.uint8)
    mask = box_mask(picture, np.array([20.0, 20.0, 40.0, 40.0]))
    assert mask.any()
    assert not mask[:15].any()


def test_depth_that_is_not_there_leaves_it_to_colors() -> None:
    picture = np.full((60, 80, 3), 128, dtype=np.uint8)
    picture[25:36, 25:36] = 220, 30, 30
    box = np.array([22.0, 22.0, 39.0, 39.0])
    mask = box_mask(picture, box, np.full((60, 80), np.nan))
    assert np.array_equal(mask, box_mask(picture, box))
    assert overlap(mask, (picture[..., 0] == 220)) > 0.9


@pytest.mark.parametrize(
    ("box", "reason"),
    [([5, 5, 5, 9], "of a pixel"), ([90, 5, 99, 9], "outside"), ([0, 0, np.nan, 9], "x1"), ([1, 2, 3], "x1")],
)
def test_a_box_of_nothing_is_refused(box: list[float], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        box_mask(np.zeros((60, 80, 3), np.uint8), np.array(box, dtype=float))


def test_a_box_that_fills_the_picture_is_the_mask() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert box_mask(picture, np.array([0.0, 0.0, 40.0, 40.0])).mean() > 0.5
