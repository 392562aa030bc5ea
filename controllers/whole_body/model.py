# SPDX-License-Identifier: Apache-2.0
"""Kinematics of a whole robot whose base drives on a floor: poses, Jacobians, centre of mass, once a tick.

All of it is seen from the base, so that nothing depends on how far the robot has driven. Where the base itself moves,
at v along x and y and ω about z of its own, a point p of it moves at v + ω × p: those are the columns of the base.

Shape legend: n variables (the base's axes, then joints), N joints, A arms.
"""

from __future__ import annotations

import numpy as np
import pinocchio as pin

from controllers.errors import ConfigError, unknown_name
from controllers.rotations import Vector
from controllers.whole_body.description import Body

SHOULDER, ELBOW, WRIST = 1, 3, 5  # joints of an arm of seven at whose places these are


class BodyModel:
    """A robot's terms at q (N,), the joints of all groups one after the other.

    J are LOCAL_WORLD_ALIGNED: origin at the tool, axes of the base; linear rows first.

    Raises ConfigError for a joint or frame the URDF does not have.
    """

    def __init__(self, body: Body) -> None:
        """Read the URDF of `body`."""
        self.pinocchio = model = pin.buildModelFromXML(body.urdf)
        self.data = model.createData()
        self.joints = tuple(joint for group in body.groups.values() for joint in group.joints)
        self.axes = () if body.base is None else body.base.axes  # of the base
        self.moved = len(self.axes)  # variables of the base, the first of all
        self.size = self.moved + len(self.joints)  # n
        self.columns = np.array([self._column(name) for name in self.joints])  # of the URDF's joints
        place = {name: index for index, name in enumerate(self.joints)}
        pairs = [pair for group in body.groups.values() for pair in group.mimics.items()]
        self._followers = np.array([self._column(name) for name, _ in pairs], dtype=int)
        self._followed = np.array([place[name] for _, name in pairs], dtype=int)
        self.selection = np.zeros((model.nv, len(self.joints)))  # which joints of the URDF one of ours moves
        self.selection[self.columns, np.arange(len(self.joints))] = 1.0
        self.selection[self._followers, self._followed] = 1.0
        self.q_whole = pin.neutral(model)  # of all joints of the URDF
        for name, value in body.locked.items():
            self.q_whole[self._column(name)] = value
        self.parts: dict[str, slice] = {}  # of q, by group
        start = 0
        for name, group in body.groups.items():
            self.parts[name] = slice(start, start + len(group.joints))
            start += len(group.joints)
        self._hands = [(name, self._frame(body.groups[name].tool_frame)) for name in body.arms]
        self.T_base_ee = {name: np.eye(4) for name in body.arms}
        self.J = {name: np.zeros((6, self.size)) for name in body.arms}
        self.center, self.J_center = np.zeros(3), np.zeros((3, self.size))  # [m] of mass
        self.J_momentum = np.zeros((3, self.size))  # [kg·m²/s] angular momentum about the centre of mass, a unit speed
        self._fixed = _fixed_part(body.urdf)
        self._fixed_mass = float(self._fixed.mass)
        self._fixed_moment = self._fixed_mass * np.array(self._fixed.lever)
        self._no_speed = np.zeros(model.nv)
        self._elbows = {
            name: [model.getJointId(group.joints[index]) for index in (SHOULDER, ELBOW, WRIST)]
            for name, group in body.groups.items()
            if group.tool_frame and len(group.joints) == 7
        }
        self._elbow_moves = {name: self._moves(joints) for name, joints in self._elbows.items()}  # (nv, 3)
        self.mass = float(pin.computeTotalMass(model)) + self._fixed_mass  # [kg]

    @property
    def bent(self) -> tuple[str, ...]:
        """Name the arms of seven joints: those whose elbow is free."""
        return tuple(self._elbows)

    def update(self, q: np.ndarray) -> None:
        """Compute everything at q (N,) [rad, m]."""
        model, data = self.pinocchio, self.data
        self.q_whole[self.columns] = q
        if len(self._followers):
            self.q_whole[self._followers] = q[self._followed]
        pin.ccrba(model, data, self.q_whole, self._no_speed)
        pin.computeJointJacobians(model, data)
        for name, frame in self._hands:
            placement = pin.updateFramePlacement(model, data, frame)
            T = self.T_base_ee[name]
            T[:3, :3], T[:3, 3] = placement.rotation, placement.translation
            J = pin.getFrameJacobian(model, data, frame, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED)
            self._write(J, T[:3, 3], self.J[name])
        share = 1.0 - self._fixed_mass / self.mass
        np.multiply(data.com[0], share, out=self.center)
        self.center += self._fixed_moment / self.mass
        momentum = data.Ag @ self.selection  # of what joints move, about its own centre
        self._write_base(self.center, self.J_center)
        np.multiply(momentum[:3], 1.0 / self.mass, out=self.J_center[:, self.moved :])
        self._write_momentum(momentum)

    def elbow(self, name: str) -> tuple[Vector, Vector, Vector]:
        """Return where shoulder, elbow and wrist of an arm of seven joints are [m], base frame."""
        shoulder, elbow, wrist = (self.data.oMi[joint].translation.tolist() for joint in self._elbows[name])
        return shoulder, elbow, wrist

    def elbow_row(self, name: str, wrenches: np.ndarray) -> np.ndarray:
        """Return (N,) how fast shoulder, elbow and wrist go along wrenches (6, 3), a column each, about the base."""
        along = self.data.J.T @ wrenches
        along *= self._elbow_moves[name]
        return np.asarray(along.sum(axis=1) @ self.selection)

    def _write(self, whole: np.ndarray, point: np.ndarray, J: np.ndarray) -> None:
        """Write the columns of our variables out of those of all joints of the URDF, for a point of the robot."""
        J[:, self.moved :] = whole @ self.selection
        self._write_base(point, J)

    def _write_momentum(self, momentum: np.ndarray) -> None:
        """Write the angular momentum about the centre of mass; momentum (6, N) is of what joints move about its own."""
        data, mass = self.data, self.mass - self._fixed_mass
        x, y, z = away = data.com[0] - self.center
        cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        np.add(momentum[3:], cross @ momentum[:3], out=self.J_momentum[:, self.moved :])
        if 2 in self.axes:  # all of the robot turns with the base, and none of it turns by driving
            upright = data.Ig.inertia[:, 2] + self._fixed.inertia[:, 2]
            for share, way in ((mass, away), (self._fixed_mass, self._fixed.lever - self.center)):
                upright = upright - share * way[2] * way
                upright[2] += share * way.dot(way)
            self.J_momentum[:, self.axes.index(2)] = upright

    def _write_base(self, point: np.ndarray, J: np.ndarray) -> None:
        for index, axis in enumerate(self.axes):
            if axis < 2:
                J[axis, index] = 1.0
            else:
                J[0, index], J[1, index] = -point[1], point[0]
                if len(J) == 6:
                    J[5, index] = 1.0

    def _moves(self, joints: list[int]) -> np.ndarray:
        """Say (nv, J) 1 where a joint of the URDF moves what is at each of J joints."""
        model = self.pinocchio
        moves = np.zeros((model.nv, len(joints)))
        for index, joint in enumerate(joints):
            moves[[model.joints[int(other)].idx_v for other in model.supports[joint] if other], index] = 1.0
        return moves

    def _column(self, joint: str) -> int:
        model = self.pinocchio
        if not model.existJointName(joint):
            raise ConfigError(unknown_name("joint", joint, model.names[1:]))
        found = model.joints[model.getJointId(joint)]
        if found.nq != 1:
            raise ConfigError(f"joint '{joint}' turns without end: whole-body control takes joints with a range")
        return int(found.idx_q)

    def _frame(self, name: str) -> int:
        model = self.pinocchio
        if not model.existFrame(name):
            raise ConfigError(unknown_name("frame", name, (frame.name for frame in model.frames)))
        return int(model.getFrameId(name))


def _fixed_part(urdf: str) -> pin.Inertia:
    """Return what is fixed to the base: a model whose base is fixed leaves it out."""
    return pin.buildModelFromXML(urdf, pin.JointModelFreeFlyer()).inertias[1].copy()
