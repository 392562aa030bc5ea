# SPDX-License-Identifier: Apache-2.0
"""Things of glass: the colour camera sees them and what is behind them, the depth camera only what is behind."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneSet
from vla_ros.sim.world import World
from vla_ros.tasks.table import TASKS, load_task

FAR = 0.01  # [m] that depth says something else by


def seen(scene: Scene) -> tuple[np.ndarray, np.ndarray, float]:
    """Return colour and depth of the front camera, and where the target lies [m]."""
    world = World(scene, load_embodiment("franka"))
    try:
        view = world.observe_camera("front")
        assert view.depth is not None
        return view.color.astype(int), view.depth, float(world.object_pose(scene.target)[2, 3])
    finally:
        world.close()


def test_only_what_things_are_made_of_differs() -> None:
    plain, clear = grasping_scene("basic", 4003), grasping_scene("transparent", 4003)
    assert [one.name for one in clear.objects] == [one.name for one in plain.objects]
    assert clear.instruction == plain.instruction
    for one, other in zip(clear.objects, plain.objects, strict=True):
        np.testing.assert_array_equal(one.T_base_object, other.T_base_object)
        assert 0.25 <= one.model.opacity <= 0.5
        assert (other.model.opacity, one.model.mass) == (1.0, other.model.mass)


def test_depth_is_of_what_is_behind_and_colour_of_both() -> None:
    plain, clear = grasping_scene("basic", 4003), grasping_scene("transparent", 4003)
    (color, depth, height), (through, behind, same) = seen(plain), seen(clear)
    world = World(dataclasses.replace(clear, objects=(), target=""), load_embodiment("franka"))
    try:
        table = world.observe_camera("front")
    finally:
        world.close()
    assert same == pytest.approx(height, abs=1e-6)
    assert table.depth is not None
    thing = (np.abs(depth - table.depth) > FAR) & (depth > 0) & (table.depth > 0)
    assert thing.sum() > 300
    # As the empty table, but for the noise of a stereo camera.
    assert np.median(np.abs(behind - table.depth)[thing]) < FAR / 5
    off_plain = np.abs(color - table.color.astype(int)).sum(axis=2)[thing].mean()
    off_clear = np.abs(through - table.color.astype(int)).sum(axis=2)[thing].mean()
    assert 0.1 * off_plain < off_clear < 0.8 * off_plain


def test_the_set_is_of_grasping_alone() -> None:
    assert [name for name in TASKS if "transparent" in load_task(name).sets.sets] == ["grasping"]


@pytest.mark.parametrize("opacity", [(0.0, 0.5), (0.6, 0.5), (0.5, 1.2)])
def test_an_opacity_that_nothing_has_is_refused(opacity: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match=r"opacity must be an increasing range within 0\.05 to 1"):
        SceneSet(opacity=opacity)
