# SPDX-License-Identifier: Apache-2.0
"""The shapes of a whole robot and of what stands around it, which pairs of them may meet, and how fast at most."""

from __future__ import annotations

from collections.abc import Sequence

import coal
import numpy as np
import pinocchio as pin

from controllers.safety.self_pairs import checked_self_pairs
from controllers.safety.surface import add_surface, limbs_and_hands
from controllers.whole_body.description import Body, Box
from controllers.whole_body.model import BodyModel

SAMPLES = 500  # configurations by which the robot's own pairs are chosen
FIXED = 0  # pinocchio's joint of what does not move
# [m] longest piece of a link: of a long one the near end hides how fast the far one approaches, until it is the nearest
PIECE = 0.16
BASE_PIECE = 0.3  # [m] the same of a box of the base: both corners of a front


class BodyShapes:
    """P pairs of shapes: the robot's own, each shape that moves with each obstacle, arms with the surface."""

    def __init__(self, model: BodyModel, body: Body) -> None:
        """Read the collision shapes out of the robot's URDF."""
        pinocchio = model.pinocchio
        self.geometry = geometry = _in_pieces(
            pin.buildGeomFromUrdfString(pinocchio, body.urdf, pin.GeometryType.COLLISION), bool(model.moved)
        )
        lower, upper = model.q_whole.copy(), model.q_whole.copy()
        moved = model.selection.any(axis=1)
        lower[moved], upper[moved] = pinocchio.lowerPositionLimit[moved], pinocchio.upperPositionLimit[moved]
        groups = [[*group.joints, *group.mimics] for group in body.groups.values()]
        pairs = checked_self_pairs(pinocchio, geometry, lower, upper, SAMPLES, groups)
        own = geometry.ngeoms
        self._obstacles = [(geometry.addGeometryObject(_shape(box)), _placement(box)) for box in body.obstacles]
        moving = [index for index in range(own) if model.moved or geometry.geometryObjects[index].parentJoint != FIXED]
        pairs += [(index, obstacle) for obstacle, _ in self._obstacles for index in moving]
        self._surface, hands = -1, list[int]()
        if body.surface is not None:
            tools = [body.groups[arm].tool_frame for arm in body.arms]
            limbs, hands = limbs_and_hands(pinocchio, geometry, [group.joints for group in body.groups.values()], tools)
            self._surface = add_surface(geometry, body.surface)
            pairs += [(index, self._surface) for index in (*limbs, *hands)]
        geometry.removeAllCollisionPairs()
        for pair in pairs:
            geometry.addCollisionPair(pin.CollisionPair(*pair))
        self.pairs = pairs
        self.touching = np.arange(len(pairs)) >= len(pairs) - len(hands)  # (P,) which may: hands and the surface
        self.names = [" and ".join(self._name(pinocchio, index, own) for index in pair) for pair in pairs]
        self.movers = self._movers(model, own)  # (P, n) which of the two a variable moves, signed
        self.rates = self._rates(model, own)  # (P, n) [m/rad, m/m] how fast it can change the distance, at most

    def place_obstacles(self, T_odom_base: np.ndarray) -> None:
        """Put the obstacles where they are, seen from the base."""
        if self._obstacles:
            T_base_odom = pin.SE3(T_odom_base).inverse()
            for index, placement in self._obstacles:
                self.geometry.geometryObjects[index].placement = T_base_odom * placement

    def _name(self, model: pin.Model, index: int, own: int) -> str:
        item = self.geometry.geometryObjects[index]
        return model.frames[item.parentFrame].name if index < own else str(item.name)

    def _movers(self, model: BodyModel, own: int) -> np.ndarray:
        moves = np.zeros((self.geometry.ngeoms, model.size))
        for index, item in enumerate(self.geometry.geometryObjects):
            if index == self._surface:  # a plane is as high wherever the base is
                moves[index, : model.moved] = 1.0
            elif index < own:  # the base carries all of the robot, and no obstacle
                moves[index, : model.moved] = 1.0
                moves[index, model.moved :] = _moved_by(model, item.parentJoint)
        return np.array([moves[i] - moves[j] for i, j in self.pairs]).reshape(-1, model.size)

    def _rates(self, model: BodyModel, own: int) -> np.ndarray:
        """Bound a pair's speed: a joint turns no point of a shape further out than its links reach."""
        reaches = np.zeros((self.geometry.ngeoms, model.size))
        for index in range(own):
            reaches[index] = _reach(model, self.geometry.geometryObjects[index])
        return np.array(
            [np.where(moves > 0.0, reaches[i], np.where(moves < 0.0, reaches[j], 0.0))
             for (i, j), moves in zip(self.pairs, self.movers, strict=True)]
        ).reshape(-1, model.size)  # fmt: skip


def _in_pieces(geometry: pin.GeometryModel, driven: bool) -> pin.GeometryModel:
    """Return the same shapes, long cylinders and boxes of what moves cut across, so that each end is seen.

    A box of a base that is `driven` is cut across its two longest sides: the nearest point of a flat front to a wall is
    one corner or the other, and only who sees both keeps them away when it turns.
    """
    pieces = pin.GeometryModel()
    for item in geometry.geometryObjects:
        for part, placement in _cut(item, driven):
            name = f"{item.name}_{pieces.ngeoms}"
            pieces.addGeometryObject(pin.GeometryObject(name, item.parentJoint, item.parentFrame, placement, part))
    return pieces


def _cut(item: pin.GeometryObject, driven: bool) -> list[tuple[coal.CollisionGeometry, pin.SE3]]:
    shape, fixed = item.geometry, item.parentJoint == FIXED
    counts = np.ones(3, dtype=int)
    if isinstance(shape, coal.Cylinder) and not fixed:
        sides = np.array([0.0, 0.0, 2.0 * shape.halfLength])
        counts[2] = max(1, int(np.ceil(sides[2] / PIECE)))
    elif isinstance(shape, coal.Box) and (driven or not fixed):
        sides = 2.0 * np.array(shape.halfSide)
        longest = np.argsort(sides)[-2:] if fixed else np.argsort(sides)[-1:]
        counts[longest] = np.maximum(1, np.ceil(sides[longest] / (BASE_PIECE if fixed else PIECE))).astype(int)
    if counts.max() == 1:
        return [(shape, item.placement)]
    size = sides / counts
    part = coal.Box(*size.tolist()) if isinstance(shape, coal.Box) else coal.Cylinder(shape.radius, float(size[2]))
    return [
        (part, item.placement * pin.SE3(np.eye(3), (np.array(place) + 0.5 - 0.5 * counts) * size))
        for place in np.ndindex(*counts)
    ]


def _moved_by(model: BodyModel, joint: int) -> np.ndarray:
    """Say (N,) 1 for each variable that moves what is fixed to a joint of the URDF."""
    supports = [model.pinocchio.joints[int(other)].idx_v for other in model.pinocchio.supports[joint] if other]
    return np.asarray(model.selection[supports].any(axis=0), dtype=float)


def _reach(model: BodyModel, item: pin.GeometryObject) -> np.ndarray:
    """Return (n,) how far from each variable's axis a shape's points may be [m], 1 for what slides."""
    pinocchio = model.pinocchio
    item.geometry.computeLocalAABB()
    reach = item.geometry.aabb_radius + float(np.linalg.norm(item.geometry.aabb_center))
    reach += float(np.linalg.norm(item.placement.translation))
    out = np.zeros(model.size)
    joint = item.parentJoint
    while joint:
        kind, column = pinocchio.joints[joint], pinocchio.joints[joint].idx_v
        slides = kind.shortname().startswith("JointModelP")
        variable = model.selection[column]
        found = np.flatnonzero(variable)
        if len(found):
            out[model.moved + found[0]] += 1.0 if slides else reach
        if slides:
            reach += max(abs(pinocchio.lowerPositionLimit[column]), abs(pinocchio.upperPositionLimit[column]))
        reach += float(np.linalg.norm(pinocchio.jointPlacements[joint].translation))
        joint = pinocchio.parents[joint]
    for index, axis in enumerate(model.axes):
        out[index] = 1.0 if axis < 2 else reach
    return out


def _shape(box: Box) -> pin.GeometryObject:
    return pin.GeometryObject(box.name, FIXED, _placement(box), coal.Box(*box.size))


def _placement(box: Box) -> pin.SE3:
    return pin.SE3(pin.utils.rotate("z", box.yaw), np.array(box.center, dtype=float))


def pairs_of(names: Sequence[str], link: str) -> list[int]:
    """Return which pairs a link, or an obstacle, is one of."""
    return [index for index, name in enumerate(names) if link in name.split(" and ")]
