# SPDX-License-Identifier: Apache-2.0
"""Does the arm touch anything: the URDF's collision shapes against a scene, by pinocchio and coal.

A configuration is free when every shape of the arm, and everything it holds, keeps `margin` from the scene and
SELF_MARGIN from the rest of the robot. What is bolted to the base may touch the scene: it stands on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from controllers.errors import ConfigError
from vla_ros.planning.scene import CollisionScene
from vla_ros.planning.self_collision import checked_self_pairs
from vla_ros.planning.shapes import collision_geometry
from vla_ros.robots.embodiment import ArmGroup, Embodiment, expand_urdf

SELF_MARGIN = 0.002  # [m] more than what moves between two samples of a checked path
NAIVE_MAX = 70  # shapes up to which looking at every pair of boxes is faster than a tree


@dataclass(frozen=True)
class Proximity:
    """Two things and how far apart they are."""

    first: str
    second: str
    distance: float  # [m] negative: depth of the penetration
    margin: float  # [m] what they must keep

    @property
    def excess(self) -> float:
        """Return how much further apart they are than they must be [m]."""
        return self.distance - self.margin

    def __str__(self) -> str:
        if self.distance < 0.0:
            return f"{self.first} and {self.second} overlap by {-1e3 * self.distance:.1f} mm"
        return (
            f"{self.first} and {self.second} are {1e3 * self.distance:.1f} mm apart, the margin is "
            f"{1e3 * self.margin:.1f} mm"
        )


class RobotGeometry:
    """One arm's collision shapes and the pairs among them that are checked; made once for many scenes."""

    def __init__(self, embodiment: Embodiment, arm: ArmGroup) -> None:
        urdf = expand_urdf(embodiment, ros2_control="false")
        self.model = pin.buildModelFromXML(urdf)
        self.geometry = pin.buildGeomFromUrdfString(self.model, urdf, pin.GeometryType.COLLISION)
        self.arm = arm
        self.tool = self.model.frames[self.model.getFrameId(arm.tool_frame)]
        self.columns = [self._column(name) for name in arm.joints]
        grippers = [gripper for gripper in embodiment.grippers if gripper.arm == arm.name]
        self._gripper = grippers[0] if grippers else None
        self._fingers = [self._column(name) for gripper in grippers for name in gripper.joints]
        neutral = pin.neutral(self.model)
        lower, upper = neutral.copy(), neutral.copy()
        moved = self.columns + self._fingers
        lower[moved], upper[moved] = (
            self.model.lowerPositionLimit[moved],
            self.model.upperPositionLimit[moved],
        )
        self.self_pairs = checked_self_pairs(self.model, self.geometry, lower, upper)
        self.reach = self._reach()

    def configuration(self, gripper_width: float | None) -> np.ndarray:
        """Return q of the whole model with the gripper open by `gripper_width` [m]; None: as far as it goes."""
        q = pin.neutral(self.model)
        if self._gripper is not None:
            width = self._gripper.width_max if gripper_width is None else gripper_width
            if not self._gripper.width_min - 1e-3 <= width <= self._gripper.width_max + 1e-3:
                raise ConfigError(
                    f"gripper width {width:g} m is not possible: allowed {self._gripper.width_min:g} to "
                    f"{self._gripper.width_max:g} m"
                )
            q[self._fingers] = width / len(self._fingers)
        return q

    def link(self, index: int) -> str:
        """Return the link that carries a shape."""
        return self.model.frames[self.geometry.geometryObjects[index].parentFrame].name

    def holds(self, joint: int) -> bool:
        """Say whether a joint carries the hand: the tool's own, or a finger's."""
        return joint == self.tool.parentJoint or self.model.parents[joint] == self.tool.parentJoint

    def _column(self, joint: str) -> int:
        return self.model.joints[self.model.getJointId(joint)].idx_q

    def _reach(self) -> np.ndarray:
        """Bound how far [m] any point of the arm can be from each joint's axis, (N,), by chaining link lengths."""
        model = self.model
        ids = [model.getJointId(name) for name in self.arm.joints]
        radius = {joint: 0.0 for joint in range(model.njoints)}
        for item in self.geometry.geometryObjects:
            item.geometry.computeLocalAABB()
            center = np.array(item.geometry.aabb_center).ravel()
            extent = np.linalg.norm(item.placement.act(center)) + item.geometry.aabb_radius
            radius[item.parentJoint] = max(radius[item.parentJoint], float(extent))
        for joint in reversed(range(1, model.njoints)):
            slide = 0.05 if model.joints[joint].shortname().startswith("JointModelP") else 0.0
            offset = float(np.linalg.norm(model.jointPlacements[joint].translation)) + slide
            parent = model.parents[joint]
            radius[parent] = max(radius[parent], offset + radius[joint])
        return np.array([radius[joint] for joint in ids])


class CollisionChecker:
    """Answer for one scene, margin and gripper width."""

    def __init__(
        self, robot: RobotGeometry, scene: CollisionScene, margin: float, gripper_width: float | None = None
    ) -> None:
        self._robot = robot
        self._q = robot.configuration(gripper_width)
        self._model, self._data = robot.model, robot.model.createData()
        self._geometry = robot.geometry.clone()
        self._names = [robot.link(index) for index in range(robot.geometry.ngeoms)]
        self.reach = robot.reach.copy()
        self._margins = self._add(scene, margin)
        self._geometry_data = pin.GeometryData(self._geometry)
        for request, pair_margin in zip(self._geometry_data.collisionRequests, self._margins, strict=True):
            request.security_margin = pair_margin
        manager = (
            pin.BroadPhaseManager_NaiveCollisionManager
            if self._geometry.ngeoms <= NAIVE_MAX
            else pin.BroadPhaseManager_DynamicAABBTreeCollisionManager
        )
        # The margins must be known to the broad phase: it reads them here, and only here.
        self._broad_phase = manager(self._model, self._geometry, self._geometry_data)
        self.checks = 0

    def free(self, q: Sequence[float]) -> bool:
        """Say whether the arm at q (N,) [rad] keeps all margins."""
        self.checks += 1
        self._q[self._robot.columns] = q
        return not pin.computeCollisions(self._model, self._data, self._broad_phase, self._q, True)

    def closest(self, q: np.ndarray) -> Proximity:
        """Return the pair that violates its margin most at q (N,) [rad], or comes nearest to it."""
        self._q[self._robot.columns] = q
        pin.computeDistances(self._model, self._data, self._geometry, self._geometry_data, self._q)
        distances = np.array([result.min_distance for result in self._geometry_data.distanceResults])
        worst = int(np.argmin(distances - self._margins))
        pair = self._geometry.collisionPairs[worst]
        names = sorted((self._names[pair.first], self._names[pair.second]))
        return Proximity(names[0], names[1], float(distances[worst]), float(self._margins[worst]))

    def _add(self, scene: CollisionScene, margin: float) -> np.ndarray:
        """Add the scene's shapes; return the margin of every pair [m]."""
        robot, geometry = self._robot, self._geometry
        own = range(robot.geometry.ngeoms)
        joints = [item.parentJoint for item in geometry.geometryObjects]
        held = [self._add_shape(item.name, item.shape, item.T_tool_object, True) for item in scene.held]
        for index in held:
            self._widen_reach(geometry.geometryObjects[index])
        obstacles = [self._add_shape(item.name, item.shape, item.T_base_obstacle, False) for item in scene.obstacles]
        own_pairs = robot.self_pairs + [(i, h) for h in held for i in own if joints[i] and not robot.holds(joints[i])]
        moving = [i for i in own if joints[i]] + held
        pairs = own_pairs + [(i, o) for o in obstacles for i in moving]
        geometry.removeAllCollisionPairs()
        for pair in pairs:
            geometry.addCollisionPair(pin.CollisionPair(*pair))
        return np.array([min(SELF_MARGIN, margin)] * len(own_pairs) + [margin] * (len(pairs) - len(own_pairs)))

    def _add_shape(self, name: str, shape, T: np.ndarray, held: bool) -> int:
        tool = self._robot.tool
        joint, placement = (tool.parentJoint, tool.placement * pin.SE3(T)) if held else (0, pin.SE3(T))
        self._names.append(f"'{name}'")
        return self._geometry.addGeometryObject(
            pin.GeometryObject(f"scene/{name}", joint, placement, collision_geometry(shape))
        )

    def _widen_reach(self, item: pin.GeometryObject) -> None:
        """Let what is held count as a part of the arm that moves with it."""
        item.geometry.computeLocalAABB()
        center = item.placement.act(np.array(item.geometry.aabb_center).ravel())
        extent = float(np.linalg.norm(center)) + float(item.geometry.aabb_radius)
        last = self.reach[-1]
        self.reach += max(0.0, extent - last)
