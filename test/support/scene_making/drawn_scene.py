# SPDX-License-Identifier: Apache-2.0
"""A scene of grasping, as most tests need one: some objects on a table, one of them requested."""

from __future__ import annotations

from typing import Any

from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.table import load_task


def grasping_scene(*given: Any, **named: Any) -> Scene:
    """Draw the scene of a request's fields."""
    return load_task("grasping").scene(SceneRequest(*given, **named))
