# SPDX-License-Identifier: Apache-2.0
"""Kinematics and dynamics of one arm, from its URDF, computed once a tick into the same arrays."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import pinocchio as pin

from controllers.arm.arm_dynamics import GRAVITY, ArmDynamics, Payload
from controllers.arm.mount import Mount
from controllers.errors import ConfigError, unknown_name


class ArmModel:
    """An arm of N joints with every other joint of the URDF locked; those that carry it may be moved by its `mount`.

    Gravity is left out: efforts are without gravity, as a Franka's driver takes them. A payload that the driver does
    not know is the exception: its `weight` is ours to hold. The base stands upright, z up.
    J and twist are LOCAL_WORLD_ALIGNED: origin at the tool, axes of the base; linear rows first.

    Raises ConfigError for a joint or frame the URDF does not have.
    """

    def __init__(
        self,
        urdf: str,
        joints: Sequence[str],
        tool_frame: str,
        locked: Mapping[str, float] | None = None,
        armature: Sequence[float] | None = None,
        dynamics: ArmDynamics | None = None,
    ) -> None:
        """Read `urdf` (XML text); `locked` [rad], [m] by joint, else 0; `armature` [kg·m²] reflected rotor inertia.

        `dynamics` replaces the URDF's joint friction and puts a payload into the hand.
        """
        whole = pin.buildModelFromXML(urdf)
        model = _reduce(whole, joints, locked or {})
        if not model.existFrame(tool_frame):
            raise ConfigError(unknown_name("frame", tool_frame, (f.name for f in model.frames)))
        model.gravity = pin.Motion.Zero()
        if armature is not None:
            model.armature = np.array(armature, dtype=float)
        self.joints = tuple(joints)
        self.tool_frame = tool_frame
        self.base_frame = next((f.name for f in model.frames if f.type == pin.FrameType.BODY), "")
        self.size = model.nv
        self.lower, self.upper = model.lowerPositionLimit.copy(), model.upperPositionLimit.copy()  # (N,) [rad]
        self._model, self._frame = model, model.getFrameId(tool_frame)
        self.mount = Mount(whole, joints, locked or {})  # shared with clones: all are of the arm where it stands now
        dynamics = dynamics or ArmDynamics()
        # (N,) [N·m·s/rad], [N·m]: where none is given the URDF's <dynamics damping, friction>
        self.viscous_friction = self._friction("viscous_friction", dynamics.viscous_friction, model.damping)
        self.dry_friction = self._friction("dry_friction", dynamics.dry_friction, model.friction)
        # (N, 3) about which each joint turns, in its own frame
        self._axes = np.array([_turning_axis(joint) for joint in model.joints[1:]])
        self._bare_hand = pin.Inertia(model.inertias[model.frames[self._frame].parentJoint])
        self._allocate()
        self.carry(dynamics.payload)

    def _allocate(self) -> None:
        n = self.size
        self._data, self._scratch = self._model.createData(), self._model.createData()
        self.q, self.dq = np.zeros(n), np.zeros(n)
        self.T_base_ee = np.eye(4)
        self.position = self.T_base_ee[:3, 3]  # view [m]
        self.rotation = self.T_base_ee[:3, :3]  # view
        self.J = np.zeros((6, n))
        # Views of what Pinocchio computes of the state of `update` alone: all else asks _scratch.
        self.M_inverse = self._data.Minv  # [1/(kg·m²)]
        self._M, self._coriolis, self._effort = self._data.M, self._data.nle, self._data.tau
        self._inertia_known = self._coriolis_known = False
        self._placement = self._data.oMf[self._frame]
        self._position, self._rotation = self._placement.translation, self._placement.rotation
        self.twist = np.zeros(6)  # [m/s, rad/s]
        self.weight = np.zeros(n)  # [N·m] what holds the payload up, 0 without one
        self._center, self._wrench = np.zeros(3), np.zeros(6)

    def clone(self) -> ArmModel:
        """Return a model of the same arm with arrays of its own, for another thread."""
        twin = copy.copy(self)
        twin._model = self._model.copy()  # the payload is a part of it, and may change
        twin._allocate()
        return twin

    def carry(self, payload: Payload) -> None:
        """Have this in the hand from the next `update` on: its inertia, that of a point, and its weight."""
        self.payload, self._offset = payload, np.array(payload.center)
        self._force = 0.0 if payload.in_driver else GRAVITY * payload.mass  # [N]
        if not self._force:
            self.weight[...] = 0.0
        frame = self._model.frames[self._frame]
        point = pin.Inertia(payload.mass, self._offset, np.zeros((3, 3)))
        self._model.inertias[frame.parentJoint] = self._bare_hand + frame.placement.act(point)

    def update(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Compute at q [rad], dq [rad/s], both (N,), what every tick needs; the rest when it is asked for."""
        model, data = self._model, self._data
        self.q[...], self.dq[...] = q, dq
        self._inertia_known = self._coriolis_known = False
        pin.computeMinverse(model, data, q)  # leaves the joints' Jacobians and placements as well
        self.J[...] = _matrix(pin.getFrameJacobian(model, data, self._frame, pin.LOCAL_WORLD_ALIGNED), 6)
        pin.updateFramePlacement(model, data, self._frame)
        self.position[...], self.rotation[...] = self._position, self._rotation
        if self.mount.moved:
            self.T_base_ee[...] = self.mount.T @ self.T_base_ee
            self._turn(self.J)
        self.J.dot(dq, out=self.twist)
        if self._force:
            # The force m g upwards at the centre of mass, as a wrench at the tool: r × (0, 0, f) = (f y, -f x, 0).
            center, wrench, force = self.rotation.dot(self._offset, out=self._center), self._wrench, self._force
            wrench[2], wrench[3], wrench[4] = force, force * center[1], -force * center[0]
            wrench.dot(self.J, out=self.weight)

    def quaternion(self) -> np.ndarray:
        """Return the tool's orientation (4,) xyzw."""
        placement = pin.SE3(self.T_base_ee) if self.mount.moved else self._placement
        return pin.SE3ToXYZQUAT(placement)[3:]

    @property
    def M(self) -> np.ndarray:
        """Return the inertia (N, N) [kg·m²], a view."""
        if not self._inertia_known:
            pin.crba(self._model, self._data, self.q)
            self._inertia_known = True
        return self._M

    @property
    def coriolis(self) -> np.ndarray:
        """Return C(q, dq) dq (N,) [N·m], a view."""
        if not self._coriolis_known:
            pin.nonLinearEffects(self._model, self._data, self.q, self.dq)
            self._coriolis_known = True
        return self._coriolis

    def effort_for(self, ddq: np.ndarray) -> np.ndarray:
        """Return M ddq + C(q, dq) dq (N,) [N·m], a view: for less than M and C dq cost."""
        pin.rnea(self._model, self._data, self.q, self.dq, ddq)
        return self._effort

    def forward(self, q: np.ndarray) -> np.ndarray:
        """Return T_base_ee (4, 4) at q, leaving the state of `update` alone."""
        pin.forwardKinematics(self._model, self._scratch, q)
        T = pin.updateFramePlacement(self._model, self._scratch, self._frame).homogeneous
        return self.mount.T @ T if self.mount.moved else T

    def jacobian(self, q: np.ndarray) -> np.ndarray:
        """Return J (6, N) at q, leaving the state of `update` alone."""
        J = _matrix(pin.computeFrameJacobian(self._model, self._scratch, q, self._frame, pin.LOCAL_WORLD_ALIGNED), 6)
        if self.mount.moved:
            self._turn(J)
        return J

    def forward_many(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return T_base_ee (B, 4, 4) and J (B, 6, N) at configurations q (B, N) side by side, of joints that turn."""
        R, p = np.broadcast_to(self.mount.T[:3, :3], (len(q), 3, 3)), np.broadcast_to(self.mount.T[:3, 3], (len(q), 3))
        axes, origins = [], []
        for joint in range(1, self._model.njoints):
            placement = self._model.jointPlacements[joint]
            p = p + R @ placement.translation
            R = R @ placement.rotation
            axis = self._axes[joint - 1]
            axes.append(R @ axis)
            origins.append(p)
            cross = pin.skew(axis)
            sine, versine = np.sin(q[:, joint - 1])[:, None, None], (1.0 - np.cos(q[:, joint - 1]))[:, None, None]
            R = R @ (np.eye(3) + sine * cross + versine * (cross @ cross))
        tool = self._model.frames[self._frame].placement
        T = np.tile(np.eye(4), (len(q), 1, 1))
        T[:, :3, 3] = p + R @ tool.translation
        T[:, :3, :3] = R @ tool.rotation
        turning = np.stack(axes, axis=2)  # (B, 3, N)
        arms = T[:, :3, 3, None] - np.stack(origins, axis=2)
        return T, np.concatenate([np.cross(turning, arms, axis=1), turning], axis=1)

    def _turn(self, J: np.ndarray) -> None:
        """Give a Jacobian (6, N) the axes of the base, in place."""
        J[:3], J[3:] = self.mount.rotation @ J[:3], self.mount.rotation @ J[3:]

    def payload_weight(self, q: np.ndarray) -> np.ndarray:
        """Return the effort (N,) [N·m] that holds the payload's weight at q, leaving the state of `update` alone."""
        J = self.jacobian(q)
        center = self.forward(q)[:3, :3] @ np.array(self.payload.center)
        return GRAVITY * self.payload.mass * (J[2] + center[1] * J[3] - center[0] * J[4])

    def inverse_dynamics(self, q: np.ndarray, dq: np.ndarray, ddq: np.ndarray) -> np.ndarray:
        """Return the effort (N,) [N·m] of a motion, without gravity and friction."""
        return pin.rnea(self._model, self._scratch, q, dq, ddq)

    def gravity_effort(self, q: np.ndarray) -> np.ndarray:
        """Return the effort (N,) [N·m] that holds the arm itself and its payload at q."""
        J_center = _matrix(pin.jacobianCenterOfMass(self._model, self._scratch, q), 3)
        return GRAVITY * self._scratch.mass[0] * J_center[2]

    def payload_regressor(self, q: np.ndarray, dq: np.ndarray, ddq: np.ndarray) -> np.ndarray:
        """Return Y (N, 10): the effort, weight included, of a body at the tool is Y times its inertial parameters.

        These are m, m c (3), then Ixx, Ixy, Iyy, Ixz, Iyz, Izz about the tool frame's origin (pinocchio's order).
        """
        model, data, frame = self._model, self._scratch, self._frame
        pin.forwardKinematics(model, data, q, dq, ddq)
        J = _matrix(pin.computeFrameJacobian(model, data, q, frame, pin.LOCAL), 6)
        up = pin.updateFramePlacement(model, data, frame).rotation[2]  # the base's z axis in the tool frame
        velocity = pin.getFrameVelocity(model, data, frame, pin.LOCAL)
        acceleration = pin.getFrameAcceleration(model, data, frame, pin.LOCAL)
        acceleration.linear = acceleration.linear + GRAVITY * up
        return J.T @ pin.bodyRegressor(velocity, acceleration)

    def forward_dynamics(self, q: np.ndarray, dq: np.ndarray, tau: np.ndarray) -> np.ndarray:
        """Return ddq [rad/s²] (N,) under effort tau [N·m] without gravity."""
        return pin.aba(self._model, self._scratch, q, dq, tau)

    def _friction(self, name: str, given: Sequence[float], urdf: np.ndarray) -> np.ndarray:
        if given and len(given) != self.size:
            raise ConfigError(f"dynamics: '{name}' has {len(given)} values for {self.size} joints")
        return np.array(given or urdf, dtype=float)


def _matrix(J: np.ndarray, rows: int) -> np.ndarray:
    """Return a Jacobian (rows, N) as a matrix: of a single joint Pinocchio makes a vector of it."""
    return J.reshape(rows, -1)


def _turning_axis(joint: pin.JointModel) -> np.ndarray:
    """Return the axis (3,) about which a joint turns, in its own frame; zero for one that slides."""
    S = joint.createData().S
    return np.asarray(S.matrix() if hasattr(S, "matrix") else S, dtype=float).reshape(6, -1)[3:, 0].copy()


def _reduce(model: pin.Model, joints: Sequence[str], locked: Mapping[str, float]) -> pin.Model:
    known = list(model.names)[1:]
    for name in (*joints, *locked):
        if name not in known:
            raise ConfigError(unknown_name("joint", name, known))
    q_locked = pin.neutral(model)
    for name, value in locked.items():
        q_locked[model.joints[model.getJointId(name)].idx_q] = value
    others = [model.getJointId(name) for name in known if name not in joints]
    reduced = pin.buildReducedModel(model, others, q_locked)
    if tuple(reduced.names)[1:] != tuple(joints):
        raise ConfigError(
            f"joints {', '.join(joints)} are not in the order of the URDF: {', '.join(reduced.names[1:])}"
        )
    if reduced.nq != reduced.nv:
        raise ConfigError("a continuous joint has no single angle: give every arm joint limits (type revolute)")
    return reduced
