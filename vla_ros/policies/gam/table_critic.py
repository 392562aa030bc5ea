# SPDX-License-Identifier: Apache-2.0
"""GAM's critic asked of anybody's pinches by a parallel gripper on a table.

The table is the floor of a tote without walls whose middle is below the thing, its picture what points look like from
straight above. Shape legend: N grasps, M points, H, W pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from vla_ros.objects.grasp import Grasp
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.config import SceneTokens
from vla_ros.policies.gam.criteria import Criterion, criteria_of, merits
from vla_ros.policies.gam.encoded_look import EncodedLook
from vla_ros.policies.gam.networks.network import GamNetwork
from vla_ros.policies.gam.observed_scene import ObservedScene
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions
from vla_ros.policies.geometric.grasps.judge import GraspSurroundings
from vla_ros.robots.tools.description import PINCH, Finger, Tool

PICTURED = (0.37, 0.46)  # [m] along x and y that a picture shows: as of a tote and 3 cm around
_MASS, _HEIGHT = 0.7, 0.1  # [kg], [m] that no network is told of


class TableCritic:
    """The critic of one checkpoint, for one gripper."""

    def __init__(self, network: GamNetwork, gripper: GripperDimensions, criteria: Sequence[Criterion] = ()) -> None:
        """`criteria`: by which it ranks; none: all that are asked of pinches."""
        self._network, self._gripper = network, gripper
        self._criteria = tuple(criteria) or criteria_of(PINCH)
        self.tool = gripper_tool(gripper)

    def merits(self, surroundings: GraspSurroundings, grasps: Sequence[Grasp]) -> np.ndarray:
        """Return the weighted mean merit (N,), 0 to 1, of grasps of the thing 0; −1 outside a criterion's limit."""
        scores = self.scores(surroundings, grasps).tolist()
        taken = [all(one.takes(score) for one, score in zip(self._criteria, row, strict=True)) for row in scores]
        return np.where(taken, merits(scores, self._criteria), -1.0)

    def scores(self, surroundings: GraspSurroundings, grasps: Sequence[Grasp]) -> np.ndarray:
        """Return (N, C) what the critic says of grasps of the thing 0, by criterion."""
        if not grasps:
            return np.zeros((0, len(self._criteria)))
        scene = table_scene(surroundings, self._network.sizes.scene)
        look = EncodedLook(self._network, scene, [0], self.tool, PINCH, self._criteria)
        return look.scores(pinches(grasps, self._gripper, len(self.tool.names)))


def gripper_tool(gripper: GripperDimensions) -> Tool:
    """Return a parallel gripper as a tool whose plane is that of its finger tips."""
    half = gripper.opening_max / 2.0
    size = {"radius": gripper.finger_half_width, "travel": half, "length": gripper.pad + gripper.tip}
    return Tool(
        "parallel",
        _HEIGHT,
        _MASS,
        gripper.opening_max,
        fingers=(
            Finger("left_finger", 0.0, half, closes=(0.0, -1.0), **size),
            Finger("right_finger", 0.0, -half, closes=(0.0, 1.0), **size),
        ),
    )


def pinches(grasps: Sequence[Grasp], gripper: GripperDimensions, elements: int) -> Candidates:
    """Return grasps as pinches of `gripper_tool`: at its tips, as far open as they come."""
    poses = np.array([one.T_base_grasp for one in grasps])
    return Candidates(
        poses[:, :3, 3] + gripper.tip * poses[:, :3, 2],
        poses[:, :3, :3],
        np.ones((len(poses), elements)),
        np.array([one.opening for one in grasps]),
        np.zeros(len(poses)),
    )


def table_scene(surroundings: GraspSurroundings, sizes: SceneTokens) -> ObservedScene:
    """Return what the network reads, of the source alone: a pick reads nothing of the destination."""
    points, things = surroundings.points, surroundings.things
    T_base_table = np.eye(4)
    T_base_table[:2, 3] = points[things == 0, :2].mean(axis=0)
    T_base_table[2, 3] = surroundings.table
    image, places = from_above(points, surroundings.colors, T_base_table[:2, 3], sizes.height, sizes.width)
    nowhere = np.full_like(places, np.nan)
    return ObservedScene(
        np.stack([image, np.zeros_like(image)]),
        np.stack([places, nowhere]),
        points,
        surroundings.colors,
        things,
        np.stack([T_base_table, T_base_table]),
    )


def from_above(
    points: np.ndarray, colors: np.ndarray, middle: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture (H, W, 3) uint8 of points (M, 3) from above, x down and y to the right, and each pixel's place.

    Places (H, W, 3) [m] are NaN where no point is; colors there are those of the nearest.
    """
    cells = np.floor(((points[:, :2] - middle) / PICTURED + 0.5) * (height, width)).astype(int)
    shown = ((cells >= 0) & (cells < (height, width))).all(axis=1)
    order = np.flatnonzero(shown)[np.argsort(points[shown, 2], kind="stable")]  # the highest of a cell is written last
    rows, columns = cells[order].T
    image, places = np.zeros((height, width, 3), np.uint8), np.full((height, width, 3), np.nan, np.float32)
    image[rows, columns], places[rows, columns] = colors[order], points[order]
    holes = np.isnan(places[..., 0])
    if holes.any() and not holes.all():
        nearest = ndimage.distance_transform_edt(holes, return_distances=False, return_indices=True)
        image = image[tuple(nearest)]
    return image, places
