# SPDX-License-Identifier: Apache-2.0
"""Whether control and the simulator compute with the same robot: pinocchio against MuJoCo, one URDF read by both."""

from __future__ import annotations

import mujoco
import numpy as np
import pinocchio as pin

from vla_ros.robots.checks.finding import OK, PROBLEM, Finding

CHECK = "two models"
SAMPLES = 20
TOLERANCE = 1e-6  # relative


class _Worst:
    """The largest relative error of one quantity, and where it was."""

    def __init__(self, quantity: str) -> None:
        self.quantity, self.error, self.where = quantity, 0.0, ""

    def take(self, one: np.ndarray, other: np.ndarray, names: list[str]) -> None:
        """Compare rows, one a name."""
        scale = max(float(np.abs(other).max(initial=0.0)), 1e-9)
        errors = np.abs(one - other).reshape(len(names), -1).max(axis=1) / scale
        worst = int(errors.argmax())
        if errors[worst] > self.error:
            self.error, self.where = float(errors[worst]), names[worst]


def check_agreement(urdf: str, simulated: mujoco.MjModel) -> list[Finding]:
    """Compare kinematics, mass matrix and gravity of `urdf` (XML text) and the simulator's model of it at random."""
    model = pin.buildModelFromXML(urdf)
    data, mj_data = model.createData(), mujoco.MjData(simulated)
    joints = [name for name in model.names[1:] if model.joints[model.getJointId(name)].nq == 1]
    ids = [model.getJointId(name) for name in joints]
    pin_q, pin_v = ([getattr(model.joints[i], which) for i in ids] for which in ("idx_q", "idx_v"))
    mj_q = [int(simulated.joint(name).qposadr[0]) for name in joints]
    mj_v = [int(simulated.joint(name).dofadr[0]) for name in joints]
    bodies = {simulated.body(i).name for i in range(simulated.nbody)}
    links = [frame.name for frame in model.frames if frame.type == pin.FrameType.BODY and frame.name in bodies]
    frames = [model.getFrameId(link, pin.FrameType.BODY) for link in links]
    bodies_ids = [simulated.body(link).id for link in links]
    kinematics, mass, gravity = (_Worst(name) for name in ("kinematics", "mass matrix", "gravity"))
    random, q = np.random.default_rng(0), pin.neutral(model)
    for _ in range(SAMPLES):
        q[pin_q] = random.uniform(model.lowerPositionLimit[pin_q], model.upperPositionLimit[pin_q])
        pin.framesForwardKinematics(model, data, q)
        mj_data.qpos[mj_q] = q[pin_q]
        mujoco.mj_forward(simulated, mj_data)
        ours = np.array([[*data.oMf[f].translation, *data.oMf[f].rotation.ravel()] for f in frames])
        theirs = np.hstack([mj_data.xpos[bodies_ids], mj_data.xmat[bodies_ids]])
        kinematics.take(theirs, ours, links)
        M = pin.crba(model, data, q)
        M = np.triu(M) + np.triu(M, 1).T
        mj_M = np.empty((simulated.nv, simulated.nv))
        mujoco.mj_fullM(simulated, mj_data, mj_M)
        mj_M -= np.diag(simulated.dof_armature)  # motors, which the URDF does not know
        mass.take(mj_M[np.ix_(mj_v, mj_v)], M[np.ix_(pin_v, pin_v)], joints)
        # At rest MuJoCo's bias force is gravity alone.
        gravity.take(mj_data.qfrc_bias[mj_v], pin.computeGeneralizedGravity(model, data, q)[pin_v], joints)
    return _judged([kinematics, mass, gravity])


def _judged(all_worst: list[_Worst]) -> list[Finding]:
    figures = {worst.quantity.replace(" ", "_"): worst.error for worst in all_worst} | {"samples": SAMPLES}
    said = ", ".join(f"{worst.error:.0e} ({worst.quantity})" for worst in all_worst)
    wrong = [worst for worst in all_worst if not worst.error <= TOLERANCE]
    if not wrong:
        return [Finding(CHECK, OK, f"pinocchio and MuJoCo differ by {said} in {SAMPLES} configurations", figures)]
    first = wrong[0]
    return [
        Finding(
            CHECK,
            PROBLEM,
            f"pinocchio and MuJoCo differ by {first.error:.1e} in {first.quantity} at '{first.where}', allowed are "
            f"{TOLERANCE:g}: give every link with a shape an <inertial>, and no link a second joint",
            figures,
        )
    ]
