# SPDX-License-Identifier: Apache-2.0
"""What `vla robots check` finds out of a robot: every check's findings, in the order of its table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import mujoco

from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from vla_ros.robots.checks.camera_views import check_camera
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING, Finding
from vla_ros.robots.checks.home import home_positions, place_at_home
from vla_ros.robots.checks.inertias import check_inertias
from vla_ros.robots.checks.joints import check_limits, check_own_weight
from vla_ros.robots.checks.self_collision import OwnDistance, check_collision_meshes, check_self_collision
from vla_ros.robots.checks.table_area import TableArea
from vla_ros.robots.checks.tool_reach import TIP, ArmMaps, check_reach, collides, reach_map
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.ros2_control.controllers import robot_controllers
from vla_ros.sim.model_agreement import check_agreement
from vla_ros.sim.robot_model import robot_spec
from vla_ros.sim.robot_workplace import camera_views, table_area
from vla_ros.sim.scenes.sets import SceneRanges

Progress = Callable[[float], None]


@dataclass(frozen=True)
class RobotCheck:
    """All that was found of one robot."""

    robot: str  # as it was named
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Return what keeps the robot from being used as it is described."""
        return self._of(PROBLEM)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Return what is to be looked at."""
        return self._of(WARNING)

    def _of(self, level: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level == level)

    def as_json(self) -> dict[str, Any]:
        """Return it for a file."""
        level = PROBLEM if self.problems else WARNING if self.warnings else OK
        return {"robot": self.robot, "level": level, "findings": [finding.as_json() for finding in self.findings]}


def check_robot(name: str, robot: Embodiment, ranges: SceneRanges, progress: Progress) -> RobotCheck:
    """Check all of a robot. Raises ConfigError for one that control cannot be made for; `progress` takes 0 to 1."""
    robot_controllers(robot)
    config, urdf = load_control_config(robot.source), expand_urdf(robot)
    findings = check_inertias(urdf)
    home, table = home_positions(robot, urdf), table_area(robot, ranges)
    findings += check_limits(robot, urdf)
    findings += check_own_weight(robot, urdf, home)
    progress(0.05)
    own = OwnDistance(robot, urdf, home)
    findings += check_self_collision(own, config.safety.self_distance_min) + check_collision_meshes(urdf)
    progress(0.3)
    findings += _simulated(robot, urdf)
    progress(0.4)
    findings += _reach(robot, config, home, own, table, lambda share: progress(0.4 + 0.6 * share))
    findings += [check_camera(camera, view, table) for camera, view in camera_views(robot, urdf, ranges, home)]
    progress(1.0)
    return RobotCheck(name, tuple(findings))


def _simulated(robot: Embodiment, urdf: str) -> list[Finding]:
    try:
        model: mujoco.MjModel = robot_spec(robot).compile()
    except ValueError as error:  # MuJoCo names the body or the joint in one of its first lines
        reason = ", ".join(line.strip() for line in str(error).removeprefix("Error: ").splitlines()[:2])
        said = f"MuJoCo refuses the robot ({reason}): correct it there, a moving link needs mass and inertia"
        return [Finding("simulation", PROBLEM, said)]
    return check_agreement(urdf, model)


def _reach(
    robot: Embodiment,
    config: ControlConfig,
    home: dict[str, float],
    own: OwnDistance,
    table: TableArea,
    progress: Progress,
) -> list[Finding]:
    try:
        models = FollowerFactory(robot, config).models
    except ValueError as error:  # what pinocchio cannot compute
        raise ConfigError(f"robot '{robot.name}' cannot be controlled: {error}") from error
    grids = [table.grid(height + TIP) for height in table.heights]
    total, done = sum(grid[..., 0].size for grid in grids) * max(len(robot.arms), 1), itertools.count(1)
    maps = []
    for arm in robot.arms:
        model = models[arm.name]
        place_at_home(model, home)
        strengths = [
            reach_map(model, arm, grid, partial(collides, own, arm), lambda: progress(next(done) / total))
            for grid in grids
        ]
        drive = config.impedance if arm.command_modes[0] == "effort" else config.kinematics
        maps.append(ArmMaps(arm, strengths, drive.manipulability_min))
    return check_reach(maps, table)
