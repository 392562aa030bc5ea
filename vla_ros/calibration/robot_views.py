# SPDX-License-Identifier: Apache-2.0
"""What the robot's joints say of two of its links in every view: the one with the camera and the one with the board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.calibration.board import Corners
from vla_ros.calibration.motions import inverse, rotation_vector
from vla_ros.calibration.pictures import Picture
from vla_ros.calibration.views import RobotView
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.urdf import link_names

_STEP = 1e-6  # [rad]


@dataclass(frozen=True, eq=False)
class Links:
    """Where the camera is fixed and where the board is; joints between them are the arm's."""

    camera_link: str
    board_link: str
    joints: tuple[str, ...]  # of arms and joint groups that move one against the other
    _tree: LinkTree
    _base_frame: str
    _tool_frame: str  # of views that say a pose instead of joints

    def between(self, joints: Mapping[str, float]) -> np.ndarray:
        """Return the pose of the board's link in the camera's (4, 4)."""
        return self._tree.between(self.camera_link, self.board_link, joints)

    def in_base(self, link: str, picture: Picture) -> np.ndarray:
        """Return where a link was in the base frame (4, 4)."""
        if picture.joints is not None:
            self._check(picture)
            return self._tree.between(self._base_frame, link, picture.joints)
        if link == self._base_frame:
            return np.eye(4)
        if picture.T_base_tool is None or link != self._tool_frame:
            raise ConfigError(
                f"{picture.name}: a pose of {self._tool_frame} says nothing of {link}: give the joints of every view"
            )
        return picture.T_base_tool

    def view(self, picture: Picture, corners: Corners) -> RobotView:
        """Return the corners with what the robot says. Raises ConfigError where that is not enough."""
        if picture.joints is None:
            M = inverse(self.in_base(self.camera_link, picture)) @ self.in_base(self.board_link, picture)
            return RobotView(corners, M)
        self._check(picture)
        M = self.between(picture.joints)
        twists = np.zeros((6, len(self.joints)))
        for column, joint in enumerate(self.joints):
            moved = self.between({**picture.joints, joint: picture.joints[joint] + _STEP}) @ inverse(M)
            twists[:, column] = np.concatenate([moved[:3, 3], rotation_vector(moved[:3, :3])]) / _STEP
        return RobotView(corners, M, twists)

    def _check(self, picture: Picture) -> None:
        missing = [joint for joint in self.joints if joint not in (picture.joints or {})]
        if missing:
            raise ConfigError(f"{picture.name}: the joint '{missing[0]}' is missing: is it of another robot?")


def robot_links(robot: Embodiment, camera: str, arm: str = "", board_on: str = "") -> Links:
    """Return the links of a camera of a robot and of the board.

    The board is on the table for a camera that moves, in the hand of `arm` for one that stands, unless `board_on` names
    a link. Raises ConfigError for a camera, an arm or a link that the robot lacks.
    """
    described = robot.camera(camera)
    held = robot.arm(arm) if arm else None
    urdf = expand_urdf(robot)
    camera_link = described.frame or robot.base_frame
    if not board_on:
        board_on = robot.base_frame if described.moves else (held or robot.only_arm).tool_frame
    if board_on not in link_names(urdf):
        raise ConfigError(unknown_name("link", board_on, link_names(urdf)))
    tree = LinkTree(urdf)
    movable = tuple(joint for group in robot.driven_groups for joint in group.joints)
    tool = (held or robot.arms[0]).tool_frame
    links = Links(camera_link, board_on, (), tree, robot.base_frame, tool)
    # A joint counts that moves the one link against the other, about whichever pose the others are in.
    turned = {joint: 0.3 for joint in movable}
    start = links.between(turned)
    joints = tuple(
        joint for joint in movable if not np.allclose(links.between({**turned, joint: 0.4}), start, atol=1e-9)
    )
    if not joints:
        raise ConfigError(
            f"camera '{camera}' on {camera_link} and the board on {board_on} move together: no joint is between them"
        )
    return Links(camera_link, board_on, joints, tree, robot.base_frame, tool)
