# SPDX-License-Identifier: Apache-2.0
"""Do arms touch anything: the URDF's collision shapes against a scene, by pinocchio and coal.

A configuration is free when every shape of the arms, and everything they hold, keeps `margin` from the scene and from
other arms, and SELF_MARGIN from the rest of the robot. What is bolted to the base may touch the scene: it stands on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pinocchio as pin

from controllers.errors import ConfigError, unknown_name
from controllers.safety.self_pairs import SAMPLES, checked_self_pairs
from vla_ros.planning.problem import Widths, width_of
from vla_ros.planning.scene import CollisionScene
from vla_ros.planning.shapes import Shape, collision_geometry
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup

SELF_MARGIN = 0.002  # [m] more than what moves between two samples of a checked path
TURN_METRES = 0.002 / np.radians(0.5)  # [m/rad] a step of 2 mm turns nothing by more than 0.5 degrees
PAIR_SAMPLES = 500  # as many as control takes
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
    """The collision shapes of one arm or several that move together, and the pairs that are checked.

    Made once for many scenes. Shape legend: N joints of all `arms`, one arm's after the other's.
    """

    def __init__(
        self, embodiment: Embodiment, arms: Sequence[ArmGroup], others: Mapping[str, float] | None = None
    ) -> None:
        """Take where the robot's other joints stand [rad], [m], by name; 0 for those that are not given."""
        urdf = expand_urdf(embodiment)
        self.model = pin.buildModelFromXML(urdf)
        self.geometry = pin.buildGeomFromUrdfString(self.model, urdf, pin.GeometryType.COLLISION)
        self.arms = tuple(arms)
        self._tools = {arm.name: self.model.frames[self.model.getFrameId(arm.tool_frame)] for arm in arms}
        self.columns = [self._column(name) for arm in arms for name in arm.joints]
        self._grippers = [gripper for arm in arms if (gripper := embodiment.gripper_of(arm.name)) is not None]
        self._fingers = {one.arm: [self._column(name) for name in one.joints] for one in self._grippers}
        self._rest = pin.neutral(self.model)
        for name, value in (others or {}).items():
            self._rest[self._column(name)] = value
        lower, upper = self._rest.copy(), self._rest.copy()
        moved = self.columns + [column for columns in self._fingers.values() for column in columns]
        lower[moved], upper[moved] = self.model.lowerPositionLimit[moved], self.model.upperPositionLimit[moved]
        # Two arms have more pairs, none of which is left out for not having met: fewer samples decide about the rest.
        groups = [] if len(arms) == 1 else [one.joints for one in embodiment.driven_groups]
        samples = SAMPLES if len(arms) == 1 else PAIR_SAMPLES
        self.self_pairs = checked_self_pairs(self.model, self.geometry, lower, upper, samples, groups)
        self._arm_of = self._arm_of_joints(embodiment.arms)
        self.radius = self._radius()
        self.axes = [(np.zeros(3), False)] + [_axis(joint) for joint in self.model.joints[1:]]

    def configuration(self, gripper_width: Widths) -> np.ndarray:
        """Return q of the whole model with grippers open by `gripper_width` [m], or by arm; None: as far as they go."""
        q = self._rest.copy()
        for name in gripper_width if isinstance(gripper_width, Mapping) else ():
            if name not in self._fingers:
                raise ConfigError(unknown_name("arm with a gripper", name, self._fingers))
        for gripper in self._grippers:
            width = width_of(gripper, gripper_width)
            if not gripper.width_min - 1e-3 <= width <= gripper.width_max + 1e-3:
                raise ConfigError(
                    f"gripper width {width:g} m is not possible: allowed {gripper.width_min:g} to "
                    f"{gripper.width_max:g} m"
                )
            q[self._fingers[gripper.arm]] = width / len(gripper.joints)
        return q

    def link(self, index: int) -> str:
        """Return the link that carries a shape."""
        return self.model.frames[self.geometry.geometryObjects[index].parentFrame].name

    def tool(self, arm: str) -> pin.Frame:
        """Return an arm's tool frame, the only arm's for "". Raises ConfigError where that names none."""
        if arm in self._tools:
            return self._tools[arm]
        if arm or len(self._tools) > 1:
            raise ConfigError(unknown_name("arm of what is held", arm, self._tools))
        return next(iter(self._tools.values()))

    def holds(self, arm: str, joint: int) -> bool:
        """Say whether a joint carries an arm's hand: the tool's own, or a finger's."""
        tool = self.tool(arm).parentJoint
        return bool(tool in (joint, self.model.parents[joint]))

    def of_another_arm(self, arm: str, joint: int) -> bool:
        """Say whether a joint is of another arm than one by its name, the only arm for ""."""
        other = self._arm_of[joint]
        return bool(other >= 0 and other != self._arm_of[self.tool(arm).parentJoint])

    def between_arms(self, first: int, second: int) -> bool:
        """Say whether two shapes, by their numbers, are of two different arms."""
        joints = (self.geometry.geometryObjects[index].parentJoint for index in (first, second))
        one, other = (self._arm_of[joint] for joint in joints)
        return bool(one >= 0 and other >= 0 and one != other)

    def _column(self, joint: str) -> int:
        return self.model.joints[self.model.getJointId(joint)].idx_q

    def _arm_of_joints(self, arms: Sequence[ArmGroup]) -> np.ndarray:
        """Return for each joint of the model which arm it is of, −1: of none, (njoints,)."""
        of = np.full(self.model.njoints, -1)
        roots = {self.model.getJointId(arm.joints[0]): number for number, arm in enumerate(arms)}
        for joint in range(1, self.model.njoints):  # parents come before their children
            of[joint] = roots.get(joint, of[self.model.parents[joint]])
        return of

    def _radius(self) -> np.ndarray:
        """Return how far [m] the shapes of each joint's body reach from the joint's origin, (njoints,)."""
        radius = np.zeros(self.model.njoints)
        for item in self.geometry.geometryObjects:
            radius[item.parentJoint] = max(radius[item.parentJoint], _extent(item))
        return radius


class CollisionChecker:
    """Answer for one scene, margin and gripper width."""

    def __init__(
        self,
        robot: RobotGeometry,
        scene: CollisionScene,
        margin: float,
        gripper_width: Widths = None,
        self_margin: float = SELF_MARGIN,
    ) -> None:
        """Keep `margin` [m] from the scene and other arms, and the lesser of it and `self_margin` [m] between links."""
        self._robot = robot
        self._q = robot.configuration(gripper_width)
        self._model, self._data = robot.model, robot.model.createData()
        self._geometry = robot.geometry.clone()
        self._names = [robot.link(index) for index in range(robot.geometry.ngeoms)]
        self.radius = robot.radius.copy()  # (njoints,) [m] from each joint's origin, held objects included
        self._margins = self._add(scene, margin, self_margin)
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

    def hand_links(self, arm: str = "") -> tuple[str, ...]:
        """Name the links that may touch what an arm's gripper holds."""
        objects = self._robot.geometry.geometryObjects
        names = (self._names[i] for i, item in enumerate(objects) if self._robot.holds(arm, item.parentJoint))
        return tuple(dict.fromkeys(names))

    def free(self, q: np.ndarray | Sequence[float]) -> bool:
        """Say whether the arms at q (N,) [rad] keep all margins."""
        self.checks += 1
        self._q[self._robot.columns] = q
        return not pin.computeCollisions(self._model, self._data, self._broad_phase, self._q, True)

    def closest(self, q: np.ndarray) -> Proximity:
        """Return the pair that violates its margin most at q (N,) [rad], or comes nearest to it."""
        distances = self.distances(q)
        worst = int(np.argmin(distances - self._margins))
        pair = self._geometry.collisionPairs[worst]
        names = sorted((self._names[pair.first], self._names[pair.second]))
        return Proximity(names[0], names[1], float(distances[worst]), float(self._margins[worst]))

    def distances(self, q: np.ndarray) -> np.ndarray:
        """Return how far apart each pair is at q (N,) [rad]: (P,) [m]."""
        self._q[self._robot.columns] = q
        pin.computeDistances(self._model, self._data, self._geometry, self._geometry_data, self._q)
        return np.array([result.min_distance for result in self._geometry_data.distanceResults])

    def _add(self, scene: CollisionScene, margin: float, self_margin: float) -> np.ndarray:
        """Add the scene's shapes; return the margin of every pair [m]."""
        robot, geometry = self._robot, self._geometry
        own = range(robot.geometry.ngeoms)
        joints = [item.parentJoint for item in geometry.geometryObjects]
        held = {
            self._add_shape(item.name, item.shape, item.T_tool_object, robot.tool(item.arm)): item.arm
            for item in scene.held
        }
        for index, arm in held.items():
            tool = robot.tool(arm).parentJoint
            self.radius[tool] = max(self.radius[tool], _extent(geometry.geometryObjects[index]))
        obstacles = [self._add_shape(item.name, item.shape, item.T_base_obstacle) for item in scene.obstacles]
        own_margin = min(self_margin, margin)
        margins = {pair: margin if robot.between_arms(*pair) else own_margin for pair in robot.self_pairs}
        margins |= {
            (i, h): margin if robot.of_another_arm(arm, joints[i]) else own_margin
            for h, arm in held.items()
            for i in own
            if not robot.holds(arm, joints[i])
        }
        margins |= {pair: margin for pair in combinations(held, 2) if held[pair[0]] != held[pair[1]]}
        margins |= {(i, o): margin for o in obstacles for i in (*(i for i in own if joints[i]), *held)}
        geometry.removeAllCollisionPairs()
        for pair in margins:
            geometry.addCollisionPair(pin.CollisionPair(*pair))
        return np.array(list(margins.values()))

    def _add_shape(self, name: str, shape: Shape, T: np.ndarray, tool: pin.Frame | None = None) -> int:
        """Add a shape that stands at T (4, 4) in the base frame, or that a tool holds there in its own."""
        joint, placement = (0, pin.SE3(T)) if tool is None else (tool.parentJoint, tool.placement * pin.SE3(T))
        self._names.append(f"'{name}'")
        return self._geometry.addGeometryObject(
            pin.GeometryObject(f"scene/{name}", joint, placement, collision_geometry(shape))
        )

    def travel(self, positions: np.ndarray) -> np.ndarray:
        """Bound how far [m] any point of the arms gets between rows of `positions` (K, N): (K - 1,).

        A body's points move no further than its origin, plus the chord of its turn times how far they are from it.
        A turn counts TURN_METRES at least, so that a step bounds the turn of every body as well.
        """
        model, q = self._model, np.repeat(self._q[None], len(positions), axis=0)
        q[:, self._robot.columns] = positions
        rotations: list[np.ndarray] = [np.broadcast_to(np.eye(3), (len(q), 3, 3))]
        origins: list[np.ndarray] = [np.zeros((len(q), 3))]
        furthest = np.zeros(len(q) - 1)
        for joint in range(1, model.njoints):
            parent, placement = model.parents[joint], model.jointPlacements[joint]
            origin = origins[parent] + rotations[parent] @ placement.translation
            rotation = rotations[parent] @ placement.rotation
            axis, slides = self._robot.axes[joint]
            value = q[:, model.joints[joint].idx_q]
            if slides:
                origin = origin + (rotation @ axis) * value[:, None]
            else:
                rotation = rotation @ _turns(axis, value)
            rotations.append(rotation)
            origins.append(origin)
            chord = np.linalg.norm(np.diff(rotation, axis=0), axis=(1, 2)) / np.sqrt(2.0)
            shift = np.linalg.norm(np.diff(origin, axis=0), axis=1)
            np.maximum(furthest, shift + chord * self.radius[joint], out=furthest)
            np.maximum(furthest, chord * TURN_METRES, out=furthest)
        return furthest


def _extent(item: pin.GeometryObject) -> float:
    """Return how far [m] a shape reaches from the origin of the joint that carries it."""
    item.geometry.computeLocalAABB()
    center = item.placement.act(np.array(item.geometry.aabb_center).ravel())
    return float(np.linalg.norm(center)) + float(item.geometry.aabb_radius)


def _axis(joint: pin.JointModel) -> tuple[np.ndarray, bool]:
    """Return a joint's axis in its own frame and whether it slides."""
    S = np.asarray(joint.createData().S.matrix() if hasattr(joint.createData().S, "matrix") else joint.createData().S)
    S = S.reshape(6, -1)[:, 0]
    slides = bool(np.abs(S[:3]).max() > 0.5)
    return (S[:3] if slides else S[3:]).copy(), slides


def _turns(axis: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return the rotations (K, 3, 3) about `axis` by `angles` (K,) [rad] (Rodrigues)."""
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    sine, versine = np.sin(angles)[:, None, None], (1.0 - np.cos(angles))[:, None, None]
    return np.eye(3) + sine * cross + versine * (cross @ cross)
