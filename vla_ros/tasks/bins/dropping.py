# SPDX-License-Identifier: Apache-2.0
"""Things dropped into a tote one after the other until they lie still. Physics without a robot and without pictures."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.totes import ToteSize
from vla_ros.sim.object_geoms import add_body, add_object, add_parts

_STEP = 0.002  # [s]
_BETWEEN = 0.25  # [s] from one thing to the next
_SETTLE = 1.5  # [s] after the last one
_HEIGHT = 0.12  # [m] above the rim that a thing's middle falls from
_RAISE, _RAISED = 0.03, 20  # [m] higher, so often at most, where it would begin in another
_PARKED, _APART = 3.0, 0.6  # [m] where things wait, weightless
_CENTERED = 0.5  # share of the tote's half lengths that things are dropped within


def drop(
    things: Sequence[ObjectModel], tote: FixtureModel, size: ToteSize, rng: np.random.Generator, above_rim: float
) -> list[tuple[int, np.ndarray]]:
    """Return which things lie in the tote in the end, by number, and their poses (4, 4) in the fixture's frame.

    What has fallen beside it, or lies more than `above_rim` [m] higher than its rim, is not among them.
    """
    model = waiting_model(things, tote)
    data = mujoco.MjData(model)
    rim = size.wall + size.inside[2]
    bodies = [model.body(f"thing_{number}").id for number in range(len(things))]
    for body in bodies:
        address = model.jnt_qposadr[model.body_jntadr[body]]
        along = np.array(size.inside[:2]) / 2 * _CENTERED
        data.qpos[address : address + 3] = *rng.uniform(-along, along), rim + _HEIGHT
        data.qpos[address + 3 : address + 7] = np.roll(Rotation.from_quat(rng.normal(size=4)).as_quat(), 1)
        _raise_until_free(model, data, body, address + 2)
        model.body_gravcomp[body] = 0.0
        mujoco.mj_step(model, data, round(_BETWEEN / _STEP))
    mujoco.mj_step(model, data, round(_SETTLE / _STEP))
    mujoco.mj_kinematics(model, data)
    lying = []
    for number, body in enumerate(bodies):
        T = np.eye(4)
        T[:3, 3], T[:3, :3] = data.xpos[body], data.xmat[body].reshape(3, 3)
        low, high = things[number].bounds
        corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
        top = (corners @ T[:3, :3].T + T[:3, 3])[:, 2].max()
        if size.contains(T[None, :3, 3])[0] and T[2, 3] > 0.0 and top <= rim + above_rim:
            lying.append((number, T))
    return lying


def _raise_until_free(model: mujoco.MjModel, data: mujoco.MjData, body: int, height: int) -> None:
    """Raise what is to fall, whose height is that number of `qpos`, until it is in nothing that a full tote holds."""
    for _ in range(_RAISED):
        mujoco.mj_fwdPosition(model, data)
        of = model.geom_bodyid[data.contact.geom]  # (contacts, 2)
        if not (of == body).any():
            return
        data.qpos[height] += _RAISE


def waiting_model(things: Sequence[ObjectModel], tote: FixtureModel) -> mujoco.MjModel:
    """Return the model of a tote and of things that wait beside it, weightless, one above the other."""
    spec = mujoco.MjSpec()
    spec.option.timestep = _STEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    floor = spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE)
    floor.size = [5.0, 5.0, 0.1]
    body = add_body(spec, spec.worldbody, "tote", np.eye(4))
    add_parts(spec, body, "tote", [part for part in tote.parts if part.collide], 1.0, tote.friction)
    for number, thing in enumerate(things):
        T = np.eye(4)
        T[:3, 3] = _PARKED, 0.0, 1.0 + _APART * number
        # Told before it is compiled: MuJoCo compensates gravity of no body where it then had none to.
        add_object(spec, f"thing_{number}", thing, T, drawn=False).gravcomp = 1.0
    return spec.compile()
