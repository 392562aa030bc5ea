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
_PARKED, _APART = 3.0, 0.6  # [m] where things wait, weightless
_CENTERED = 0.5  # share of the tote's half lengths that things are dropped within


def drop(
    things: Sequence[ObjectModel], tote: FixtureModel, size: ToteSize, rng: np.random.Generator, above_rim: float
) -> list[tuple[int, np.ndarray]]:
    """Return which things lie in the tote in the end, by number, and their poses (4, 4) in the fixture's frame.

    What has fallen beside it, or lies more than `above_rim` [m] higher than its rim, is not among them.
    """
    model = _model(things, tote)
    data = mujoco.MjData(model)
    rim = size.wall + size.inside[2]
    weightless = model.body_gravcomp
    bodies = [model.body(f"thing_{number}").id for number in range(len(things))]
    weightless[bodies] = 1.0
    for body in bodies:
        address = model.jnt_qposadr[model.body_jntadr[body]]
        along = np.array(size.inside[:2]) / 2 * _CENTERED
        data.qpos[address : address + 3] = *rng.uniform(-along, along), rim + _HEIGHT
        data.qpos[address + 3 : address + 7] = np.roll(Rotation.from_quat(rng.normal(size=4)).as_quat(), 1)
        weightless[body] = 0.0
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


def _model(things: Sequence[ObjectModel], tote: FixtureModel) -> mujoco.MjModel:
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
        add_object(spec, f"thing_{number}", thing, T, drawn=False)
    return spec.compile()
