# SPDX-License-Identifier: Apache-2.0
"""An object above a table, about to fall."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.sim.object_geoms import add_object
from vla_ros.sim.scenes.footprint import place

DROP = 0.01  # [m]


def drop(model, orientation: tuple[float, ...]) -> tuple[mujoco.MjModel, mujoco.MjData, np.ndarray]:
    """Put the object `DROP` above a table at height 0; contacts as World has them."""
    spec = mujoco.MjSpec()
    spec.option.timestep, spec.option.cone, spec.option.impratio = 0.002, mujoco.mjtCone.mjCONE_ELLIPTIC, 10
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=[1, 1, 0.02], pos=[0, 0, -0.02], friction=[0.45, 0.002, 0.0001]
    )
    T = place(model, np.asarray(orientation), np.zeros(2), 0.0).T_base_object.copy()
    T[2, 3] += DROP
    add_object(spec, "thing", model, T)
    compiled = spec.compile()
    return compiled, mujoco.MjData(compiled), T
