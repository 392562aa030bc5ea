# SPDX-License-Identifier: Apache-2.0
"""Kinematics and dynamics of one arm, from its URDF, computed once a tick into the same arrays."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import pinocchio as pin

from controllers.errors import ConfigError, unknown_name


class ArmModel:
    """An arm of N joints with every other joint of the URDF locked.

    Gravity is left out: efforts are without gravity, as a Franka's driver takes them.
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
    ) -> None:
        """Read `urdf` (XML text); `locked` [rad], [m] by joint, else 0; `armature` [kg·m²] reflected rotor inertia."""
        model = _reduce(pin.buildModelFromXML(urdf), joints, locked or {})
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
        self.viscous_friction = np.array(model.damping)  # (N,) [N·m·s/rad] the URDF's <dynamics damping>
        self.dry_friction = np.array(model.friction)  # (N,) [N·m] the URDF's <dynamics friction>
        self._model, self._frame = model, model.getFrameId(tool_frame)
        self._allocate()

    def _allocate(self) -> None:
        n = self.size
        self._data, self._scratch = self._model.createData(), self._model.createData()
        self._zero = np.zeros(n)
        self.q, self.dq = np.zeros(n), np.zeros(n)
        self.T_base_ee = np.eye(4)
        self.position = self.T_base_ee[:3, 3]  # view [m]
        self.rotation = self.T_base_ee[:3, :3]  # view
        self.J = np.zeros((6, n))
        self.M = np.zeros((n, n))  # [kg·m²]
        self.M_inverse = np.zeros((n, n))
        self.coriolis = np.zeros(n)  # C(q, dq) dq [N·m]
        self.twist = np.zeros(6)  # [m/s, rad/s]

    def clone(self) -> ArmModel:
        """Return a model of the same arm with arrays of its own, for another thread."""
        twin = copy.copy(self)
        twin._allocate()
        return twin

    def update(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Compute everything at q [rad], dq [rad/s], both (N,)."""
        model, data = self._model, self._data
        self.q[:], self.dq[:] = q, dq
        self.M[:] = pin.crba(model, data, q)
        self.M_inverse[:] = pin.computeMinverse(model, data, q)
        self.coriolis[:] = pin.rnea(model, data, q, dq, self._zero)
        pin.computeJointJacobians(model, data, q)
        self.J[:] = pin.getFrameJacobian(model, data, self._frame, pin.LOCAL_WORLD_ALIGNED)
        placement = pin.updateFramePlacement(model, data, self._frame)
        self.position[:], self.rotation[:] = placement.translation, placement.rotation
        np.dot(self.J, dq, out=self.twist)

    def forward(self, q: np.ndarray) -> np.ndarray:
        """Return T_base_ee (4, 4) at q, leaving the state of `update` alone."""
        pin.forwardKinematics(self._model, self._scratch, q)
        return pin.updateFramePlacement(self._model, self._scratch, self._frame).homogeneous

    def jacobian(self, q: np.ndarray) -> np.ndarray:
        """Return J (6, N) at q, leaving the state of `update` alone."""
        return pin.computeFrameJacobian(self._model, self._scratch, q, self._frame, pin.LOCAL_WORLD_ALIGNED)

    def forward_dynamics(self, q: np.ndarray, dq: np.ndarray, tau: np.ndarray) -> np.ndarray:
        """Return ddq [rad/s²] (N,) under effort tau [N·m] without gravity."""
        return pin.aba(self._model, self._scratch, q, dq, tau)


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
