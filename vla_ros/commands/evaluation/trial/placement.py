# SPDX-License-Identifier: Apache-2.0
"""What stands where in a scene, in words for whoever sets it up."""

from __future__ import annotations

import numpy as np

from vla_ros.sim.scenes.scene import Scene


def placement_lines(scene: Scene) -> tuple[str, ...]:
    """Return a line for each body: what it is, where [cm] in the robot's base frame, how it is turned [degrees]."""
    lines = []
    for placed in scene.objects:
        x, y = 100.0 * placed.T_base_object[:2, 3]
        yaw = np.degrees(np.arctan2(placed.T_base_object[1, 0], placed.T_base_object[0, 0]))
        meant = "  ← meant" if placed.name == scene.target else ""
        name = placed.name.replace("_", " ")
        lines.append(f"{name}: {x:+.0f} cm ahead, {y:+.0f} cm to the left, turned by {yaw:+.0f}°{meant}")
    for name, T in [(one.name, one.T_base_fixture) for one in scene.fixtures] + [
        (one.name, one.T_base_cloth) for one in scene.cloths
    ]:
        x, y = 100.0 * T[:2, 3]
        lines.append(f"{name.replace('_', ' ')}: {x:+.0f} cm ahead, {y:+.0f} cm to the left")
    return tuple(lines)
