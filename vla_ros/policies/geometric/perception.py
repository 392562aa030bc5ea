# SPDX-License-Identifier: Apache-2.0
"""From one observation to the things on the table: both cameras, levelled by the table, without the robot."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.geometric.color_naming import WhiteBalance
from vla_ros.policies.geometric.point_cloud import Box, Cloud, deproject
from vla_ros.policies.geometric.segmentation import Segment, segment
from vla_ros.policies.geometric.self_filter import RobotShape
from vla_ros.policies.geometric.table_plane import Plane, fit_table, level
from vla_ros.policies.observation import Observation


@dataclass(frozen=True)
class PerceptionConfig:
    """Where the table may be and what counts as a thing on it."""

    work_space: Box = Box((0.18, -0.48, -0.22), (0.92, 0.48, 0.62))  # noqa: RUF009  (frozen, shared safely)
    table_low: float = -0.2  # [m] lowest and highest table top
    table_high: float = 0.4
    stride: int = 2  # pixels
    edge: float = 0.03  # [m] depth step of an outline
    lowest: float = 0.008  # [m] above the table
    highest: float = 0.30
    cell: float = 0.006  # [m] of the grid that separates things
    points_min: int = 25
    self_margin: float = 0.022  # [m]

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
    segments: tuple[Segment, ...]


class Perception:
    """Look at the table through every camera that carries depth."""

    def __init__(self, robot: RobotShape, config: PerceptionConfig) -> None:
        self._robot = robot
        self._config = config
        self._white = WhiteBalance()

    def reset(self) -> None:
        """Forget the light."""
        self._white = WhiteBalance()

    def look(self, observation: Observation) -> TableView | None:
        """Return the things on the table, colours balanced to white = 1; None when no table is seen."""
        config, state = self._config, observation.state
        views = [view for view in observation.cameras.values() if view.depth is not None]
        clouds = [deproject(view, config.work_space, config.stride, config.edge) for view in views]
        planes = [self._fit(cloud) for cloud in clouds]
        seen = [i for i, plane in enumerate(planes) if plane is not None]
        if not seen:
            return None
        clouds = [level(clouds[i], planes[i]) for i in seen]
        # Turning about the camera leaves the table level but at a slightly different height for each camera.
        tables = [_height_after_levelling(planes[i], clouds[k]) for k, i in enumerate(seen)]
        table = float(np.mean(tables))
        kept, heights = [], []
        for cloud, own_table in zip(clouds, tables, strict=True):
            height = cloud.points[:, 2] - np.float32(own_table)
            above = (height > config.lowest) & (height < config.highest)
            cloud, height = cloud.select(above), height[above]
            robot = self._robot.contains(cloud.points, state.q, state.gripper_width, config.self_margin)
            cloud = cloud.select(~robot)
            points = cloud.points + np.array([0.0, 0.0, table - own_table], np.float32)
            kept.append(replace(cloud, points=points))
            heights.append(height[~robot])
        segments = segment(kept, heights, config.lowest, config.cell, config.points_min)
        names = [cloud.camera for cloud in kept]
        return TableView(observation.stamp, table, tuple(self._balance(item, names) for item in segments))

    def learn_light(self, observation: Observation) -> None:
        """Take the light's colour and strength from the robot's white links."""
        reflectance = self._robot.white_reflectance
        if reflectance == 0.0:
            return
        state = observation.state
        reach = Box((-0.1, -0.5, 0.0), (0.9, 0.5, 1.0))
        for view in observation.cameras.values():
            if view.depth is not None:
                cloud = deproject(view, reach, 4, self._config.edge)
                white = self._robot.white_surface(cloud.points, state.q, state.gripper_width, 0.012)
                self._white.update(view.name, cloud.colors[white], reflectance)

    def _fit(self, cloud: Cloud) -> Plane | None:
        # A few thousand points pin the plane to a fraction of a millimetre; more only cost time.
        step = max(len(cloud) // 6000, 1)
        return fit_table(cloud.points[::step], self._config.table_low, self._config.table_high)

    def _balance(self, item: Segment, names: list[str]) -> Segment:
        colors = np.empty(item.colors.shape, np.float32)
        for index, name in enumerate(names):
            own = item.cameras == index
            colors[own] = self._white.apply(name, item.colors[own])
        return replace(item, colors=colors)


def _height_after_levelling(plane: Plane, cloud: Cloud) -> float:
    """Return the table's height [m] once its camera's points have been turned level."""
    normal = np.array([-plane.slope[0], -plane.slope[1], 1.0])
    normal /= np.linalg.norm(normal)
    on_plane = np.array([*plane.center, plane.height])
    return float(cloud.origin[2] + normal @ (on_plane - cloud.origin))
