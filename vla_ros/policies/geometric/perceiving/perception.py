# SPDX-License-Identifier: Apache-2.0
"""From one observation to the things on the table: both cameras, levelled by the table, without the robot."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from controllers.errors import ConfigError
from vla_ros.policies.actions.single_arm import SingleArmObservation
from vla_ros.policies.geometric.grasps.judge import GraspSurroundings
from vla_ros.policies.geometric.perceiving.color_naming import WhiteBalance
from vla_ros.policies.geometric.perceiving.point_cloud import AxisAlignedBox, Cloud, deproject
from vla_ros.policies.geometric.perceiving.segmentation import Segment, join, segment
from vla_ros.policies.geometric.perceiving.self_filter import RobotShape
from vla_ros.policies.geometric.perceiving.table_plane import fit_table, level_together
from vla_ros.policies.observation import CameraView

_SURROUNDING, _BELOW_TABLE = 0.25, 0.03  # [m] around a thing that grasps of it are judged by
_ITS_OWN = 0.004  # [m] from a thing's points that what is measured is of it


@dataclass(frozen=True)
class PerceptionConfig:
    """Where the table may be and what counts as a thing on it."""

    work_space: AxisAlignedBox = AxisAlignedBox((0.18, -0.48, -0.22), (0.92, 0.48, 0.62))  # noqa: RUF009  (frozen, shared safely)
    table_low: float = -0.2  # [m] lowest and highest table top
    table_high: float = 0.4
    stride: int = 2  # pixels
    edge: float = 0.015  # [m] depth step to either side of a floating pixel
    lowest: float = 0.008  # [m] above the table
    highest: float = 0.30
    cell: float = 0.006  # [m] of the grid that separates things
    points_min: int = 25
    self_margin: float = 0.022  # [m]
    white_margin: float = 0.03  # [m] around the robot's white links: at 1.5 m depth is that noisy

    def __post_init__(self) -> None:
        if self.stride < 1 or self.points_min < 5 or not 0.0 < self.lowest < self.highest:
            raise ConfigError("perception: stride >= 1, points_min >= 5 and 0 < lowest < highest are needed")
        if self.table_low >= self.table_high:
            raise ConfigError("perception: table_low must be below table_high")


@dataclass(frozen=True, eq=False)
class TableView:
    """What stands on the table at one instant."""

    stamp: float  # [s]
    table: float  # [m] height of the table top at its middle, base frame
    origins: np.ndarray  # (K, 3) [m] where the cameras stand, in the order of Segment.cameras
    fragments: tuple[Segment, ...]
    things: tuple[Segment, ...]  # what may be one thing: fragments alone, and neighbours together

    @property
    def camera_height(self) -> float:
        """Return how high the cameras stand above the table [m], their mean."""
        return float(self.origins[:, 2].mean()) - self.table

    def without(self, target: Segment) -> list[Segment]:
        """Return the fragments that are no part of the target."""
        return [item for item in self.fragments if not item.parts & target.parts]


class Perception:
    """Look at the table through every camera that carries depth."""

    def __init__(self, robot: RobotShape, config: PerceptionConfig) -> None:
        self._robot = robot
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget the light and where table and cameras are."""
        self._white = WhiteBalance()
        self.table: float | None = None  # [m] height of the table top
        self._poses: dict[str, np.ndarray] = {}  # camera → T_base_camera that agrees with the level table

    def settle(self, observation: SingleArmObservation) -> bool:
        """Find the table, level the cameras by it and learn the light; say whether there is a table."""
        config = self._config
        planes, published = {}, {}
        for view in _with_depth(observation):
            cloud = deproject(view, config.work_space, 4, config.edge)
            plane = fit_table(cloud.points, config.table_low, config.table_high)
            if plane is not None:
                planes[view.name] = plane
                _, published[view.name] = view.calibration
        if not planes:
            return False
        self.table, levelled = level_together(planes, published)
        self._poses |= levelled
        self._learn_light(observation, self.table)
        return True

    def perceive(
        self, observation: SingleArmObservation, around: np.ndarray | None = None, reach: float = 0.15
    ) -> TableView | None:
        """Return the things on the table, colours balanced to white = 1; None before a table was found.

        `around` (2,) [m] restricts perception to a square of ±`reach` [m].
        """
        if self.table is None:
            return None
        config = self._config
        clouds = self._clouds(observation, self._box(self.table, around, reach))
        heights = [cloud.points[:, 2] - np.float32(self.table) for cloud in clouds]
        pieces = segment(clouds, heights, config.cell, config.points_min)
        names = [cloud.camera for cloud in clouds]
        fragments = tuple(self._balance(item, names) for item in pieces.fragments)
        things = tuple(join([fragments[i] for i in sorted(item.parts)]) for item in pieces.things)
        origins = np.stack([cloud.origin for cloud in clouds]) if clouds else np.zeros((0, 3))
        return TableView(observation.stamp, self.table, origins, fragments, things)

    def surroundings(self, observation: SingleArmObservation, view: TableView, target: Segment) -> GraspSurroundings:
        """Return what is measured within 25 cm of a thing of a view, table included; colours are the cameras'."""
        (x, y), low, high = target.center, view.table - _BELOW_TABLE, view.table + self._config.highest
        box = AxisAlignedBox((x - _SURROUNDING, y - _SURROUNDING, low), (x + _SURROUNDING, y + _SURROUNDING, high))
        clouds = self._clouds(observation, box)
        points = np.concatenate([cloud.points for cloud in clouds])
        things = np.full(len(points), -1)
        for number, thing in enumerate((target, *view.without(target))):
            near, _ = cKDTree(thing.points).query(points, distance_upper_bound=_ITS_OWN)
            things[np.isfinite(near) & (things < 0)] = number
        return GraspSurroundings(points, np.concatenate([cloud.colors for cloud in clouds]), things, view.table)

    def _clouds(self, observation: SingleArmObservation, box: AxisAlignedBox) -> list[Cloud]:
        """Return what each camera measures within a box, without the robot."""
        state, config = observation.state, self._config
        clouds = []
        for view in _with_depth(observation):
            if view.name in self._poses:
                cloud = deproject(replace(view, T_base_camera=self._poses[view.name]), box, config.stride, config.edge)
                robot = self._robot.contains(cloud.points, state.q, state.gripper_width, config.self_margin)
                clouds.append(cloud.select(~robot))
        return clouds

    def _box(self, table: float, around: np.ndarray | None, reach: float) -> AxisAlignedBox:
        config = self._config
        low, high = config.work_space.low, config.work_space.high
        bottom, top = table + config.lowest, table + config.highest
        if around is None:
            return AxisAlignedBox((low[0], low[1], bottom), (high[0], high[1], top))
        x, y = (float(value) for value in around)
        return AxisAlignedBox((x - reach, y - reach, bottom), (x + reach, y + reach, top))

    def _learn_light(self, observation: SingleArmObservation, table: float) -> None:
        """Take the light's colour and strength from the robot's white links."""
        reflectance = self._robot.white_reflectance
        if reflectance == 0.0:
            return
        state = observation.state
        reach = AxisAlignedBox((-0.1, -0.4, table + 0.1), (0.7, 0.4, 1.0))
        for view in _with_depth(observation):
            cloud = deproject(view, reach, 4, self._config.edge)
            white = self._robot.white_surface(cloud.points, state.q, state.gripper_width, self._config.white_margin)
            self._white.update(view.name, cloud.colors[white], reflectance)

    def _balance(self, item: Segment, names: list[str]) -> Segment:
        colors = np.empty(item.colors.shape, np.float32)
        for index, name in enumerate(names):
            own = item.cameras == index
            colors[own] = self._white.apply(name, item.colors[own])
        return replace(item, colors=colors)


def _with_depth(observation: SingleArmObservation) -> list[CameraView]:
    return [view for view in observation.cameras.values() if view.depth is not None]
