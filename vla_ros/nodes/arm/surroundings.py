# SPDX-License-Identifier: Apache-2.0
"""What the robot's cameras see once, as obstacles for the planner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from sensor_msgs.msg import Image

from controllers.errors import VlaError
from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.camera.subscriber import CameraSubscriber

if TYPE_CHECKING:
    from vla_ros.planning.scene import CollisionScene
    from vla_ros.policies.observation import CameraView
    from vla_ros.robots.embodiment import Embodiment

OPENED = 0.4  # of its full width: a gripper told to be wider holds nothing, as the judges of tasks see it too
EXPOSURE_WITHIN_S = 2.0  # [s] a camera that gives colour and depth of one exposure needs a few periods
SpinUntil = Callable[[Callable[[], bool], float], bool]


class Surroundings:
    """Take one exposure of every camera that is there; listen to no image before and none after."""

    def __init__(self, node: ArmClient) -> None:
        self._node = node
        self._images: dict[str, Image] = {}  # the newest of each stream
        self._views: dict[str, CameraView] = {}
        self._cameras: dict[str, CameraSubscriber] = {}

    def perceive(self, spin_until: SpinUntil) -> CollisionScene | None:
        """Return what stands around the robot as it stands; None without cameras, or when they say nothing in time.

        A gripper told to close, and cups told to suck, hold what is seen near their tool.
        """
        node = self._node
        seeing = [one for one in map(node.embodiment.camera, node.embodiment.cameras) if one.depth and one.calibrated]
        there = [one.name for one in seeing if node.count_publishers(f"cameras/{one.name}/pose") > 0]
        before = set(node.subscriptions)
        self._cameras = {name: CameraSubscriber(node, name, self._on_image) for name in there}
        try:
            spin_until(lambda: len(self._views) == len(there), EXPOSURE_WITHIN_S)
        finally:
            for subscription in set(node.subscriptions) - before:
                node.destroy_subscription(subscription)
        return self._scene() if self._views else None

    def _on_image(self, stream: str, stamp: float, message: Image) -> None:
        self._images[stream] = message
        camera = self._cameras[stream.partition("/")[0]]
        color, depth = (self._images.get(name) for name in (camera.color_stream, camera.depth_stream))
        if color is not None and depth is not None and color.header.stamp == depth.header.stamp and camera.calibrated:
            self._views[camera.name] = camera.view(color, depth)

    def _scene(self) -> CollisionScene | None:
        from vla_ros.planning.camera_scene import scene_from_cameras
        from vla_ros.policies.geometric.perceiving.self_filter import RobotShape
        from vla_ros.robots.embodiment import expand_urdf

        node, embodiment = self._node, self._node.embodiment
        widths = {one.name: node.progress.end_effectors.get(f"{one.name}/width", 0.0) for one in embodiment.grippers}
        posture = {name: node.measured[name] for name in embodiment.driven_joints if name in node.measured}
        for gripper in embodiment.grippers:
            posture |= dict.fromkeys(gripper.joints, widths[gripper.name] / len(gripper.joints))
        holding = arms_that_hold(embodiment, node.progress.end_effectors)
        held_near = {arm: T for arm, T in node.commanded.items() if arm in holding}
        robot = RobotShape(expand_urdf(embodiment), list(posture), ())
        try:
            return scene_from_cameras(
                self._views.values(), robot, np.array(list(posture.values())), 0.0, held_near=held_near
            )
        except VlaError:  # no depth: as good as no camera
            return None


def arms_that_hold(embodiment: Embodiment, told: Mapping[str, float]) -> set[str]:
    """Return the arms whose end effectors are told by their channels to hold, whether there is something or not."""
    holding = {one.arm for one in embodiment.grippers if told.get(f"{one.name}/width", 0.0) < OPENED * one.width_max}
    sucking = {one.arm for one in embodiment.suction_tools if any(told.get(f"{cup}/suction", 0.0) for cup in one.cups)}
    return holding | sucking
