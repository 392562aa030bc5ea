# SPDX-License-Identifier: Apache-2.0
"""The manipulability and its gradient, against differences of the measure."""

import numpy as np
import pytest
from robot_rigs.whole_robot import described

from controllers.whole_body.dexterity import Dexterity
from controllers.whole_body.model import BodyModel


@pytest.mark.parametrize(("robot", "arm"), [("bytemini", "left"), ("ur5e", "ur5e"), ("franka", "panda")])
def test_the_gradient_is_that_of_the_measure(robot, arm):
    body = described(robot)
    model, group = BodyModel(body), body.groups[arm]
    part, size = model.parts[arm], len(group.joints)
    dexterity = Dexterity(size)

    def measure(joints):
        q = np.zeros(len(model.joints))
        q[part] = joints
        model.update(q)
        J = model.J[arm][:, model.moved + part.start : model.moved + part.stop]
        dexterity.update(J)
        assert dexterity.measure == pytest.approx(np.prod(np.linalg.svd(J, compute_uv=False)), rel=1e-6)
        return np.log(dexterity.measure)

    q = group.posture + np.random.default_rng(1).uniform(-0.2, 0.2, size)
    differences = [(measure(q + step) - measure(q - step)) / 2e-6 for step in 1e-6 * np.eye(size)]
    measure(q)
    np.testing.assert_allclose(dexterity.gradient, differences, atol=1e-5)
