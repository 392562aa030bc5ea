# SPDX-License-Identifier: Apache-2.0
"""A scene of grasping, as most tests need one: some objects on a table, one of them asked for."""

from __future__ import annotations

from typing import Any

from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.grasping.scenes import sample_scene


def grasping_scene(*given: Any, **named: Any) -> Scene:
    """Draw the scene of a request's fields."""
    return sample_scene(SceneRequest(*given, **named))
