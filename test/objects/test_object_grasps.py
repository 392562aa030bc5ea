# SPDX-License-Identifier: Apache-2.0
"""Every object can be grasped as it lies: force closure at a friction of 0.15, an 8 cm gripper, above the table."""

import mujoco
import numpy as np
import pytest
from arms.gripper_shape import GRIPPER

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.sim.grasping.grasps import AntipodalConfig, antipodal_grasps
from vla_ros.sim.grasping.solids import body_solids
from vla_ros.sim.object_geoms import add_object
from vla_ros.sim.scenes.footprint import place

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("base", CATALOGUE.objects, ids=lambda model: model.name)
def test_it_has_grasps_in_every_pose(base) -> None:
    model = CATALOGUE.vary(base, np.random.default_rng(2))
    for orientation in model.resting:
        spec = mujoco.MjSpec()
        add_object(spec, "thing", model, place(model, np.asarray(orientation), np.zeros(2), 0.0).T_base_object)
        compiled = spec.compile()
        data = mujoco.MjData(compiled)
        mujoco.mj_forward(compiled, data)
        solids, rng = body_solids(compiled, data, 1), np.random.default_rng(0)
        config = AntipodalConfig(contacts=200, enough=10)
        grasps = antipodal_grasps(solids, data.xipos[1].copy(), (), 0.0, GRIPPER, rng, config)
        assert len(grasps) >= 5
        assert min(grasp.width for grasp in grasps) <= 0.075
