# SPDX-License-Identifier: Apache-2.0
"""The five sets of the grasping task, read from config/tasks/grasping_sets.yaml."""

from __future__ import annotations

from functools import cache

from vla_ros.sim.scenes.sets import SceneSet, SceneSets, check_set, load_sets


@cache
def grasp_sets() -> SceneSets:
    """Return the ranges of a scene and the sets by name."""
    return load_sets("grasping")


def grasp_set(name: str) -> SceneSet:
    """Return one set. Raises ConfigError naming the nearest."""
    return check_set(grasp_sets(), name)
