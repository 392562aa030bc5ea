# SPDX-License-Identifier: Apache-2.0
"""Views of the board with what the robot says of them, and whether they are enough to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError
from vla_ros.calibration.board import Corners
from vla_ros.calibration.motions import difference, rotation_vector

CORNERS_MIN = 8  # of a view
VIEWS_MIN = 8
NEAR_M, NEAR_RAD = 0.01, np.radians(3.0)  # two views that differ by less are one
TURN_MIN = np.radians(8.0)  # root mean square turn about the second axis


@dataclass(frozen=True, eq=False)
class RobotView:
    """Corners of one picture, and where the robot was."""

    corners: Corners
    T_link_boardlink: np.ndarray  # (4, 4) M: the link that the board is fixed to, in the camera's
    joint_twists: np.ndarray = field(default_factory=lambda: np.zeros((6, 0)))  # (6, J): a joint's part in a motion · M


def rich_enough(found: Sequence[Corners]) -> tuple[list[Corners], list[str]]:
    """Return the pictures that show enough of the board, and the names of the others. Raises ConfigError for no one.

    Corners of one line say nothing of a pose.
    """
    good: list[Corners] = []
    poor: list[Corners] = []
    for corners in found:
        spread = np.linalg.svd(corners.board - corners.board.mean(axis=0), compute_uv=False)
        rich = len(corners) >= CORNERS_MIN and spread[1] > 0.1 * spread[0]
        (good if rich else poor).append(corners)
    for corners in good:
        if corners.size != good[0].size:
            (width, height), (first_width, first_height) = corners.size, good[0].size
            raise ConfigError(
                f"{corners.name} is {width}x{height}, {good[0].name} {first_width}x{first_height}: give pictures of "
                "one size"
            )
    return good, [corners.name for corners in poor]


def check_views(views: Sequence[RobotView], poor: Sequence[str] = ()) -> tuple[list[RobotView], list[str]]:
    """Return the views that teach something, and the names of those that repeat another.

    Raises ConfigError with the remedy where they are not enough for a hand-eye calibration.
    """
    kept: list[RobotView] = []
    repeats = []
    for view in views:
        apart = [difference(view.T_link_boardlink, other.T_link_boardlink) for other in kept]
        if any(position < NEAR_M and angle < NEAR_RAD for position, angle in apart):
            repeats.append(view.corners.name)
        else:
            kept.append(view)
    if len(kept) < VIEWS_MIN:
        others = [
            f"{len(names)} {why}" for names, why in ((poor, "show too little"), (repeats, "repeat others")) if names
        ]
        raise ConfigError(
            f"{len(kept)} views of the board from different poses{' (' + ', '.join(others) + ')' if others else ''}: "
            f"take {VIEWS_MIN} at least, better 20, turned by 20 degrees and more about different axes"
        )
    turns = np.array(
        [
            rotation_vector(one.T_link_boardlink[:3, :3].T @ other.T_link_boardlink[:3, :3])
            for i, one in enumerate(kept)
            for other in kept[:i]
        ]
    )
    by_axis = np.linalg.svd(turns, compute_uv=False) / np.sqrt(
        len(turns)
    )  # [rad] root mean square about principal axes
    if by_axis[0] < TURN_MIN:
        raise ConfigError(
            f"the hand was moved and hardly turned ({np.degrees(by_axis[0]):.1f} degrees): turn it by 20 degrees and "
            "more, about two axes, between the views"
        )
    if by_axis[1] < TURN_MIN:
        raise ConfigError(
            f"all turns of the hand are about one axis ({np.degrees(by_axis[1]):.1f} degrees about any other): tilt it "
            "by 20 degrees and more about a second one"
        )
    return kept, repeats
