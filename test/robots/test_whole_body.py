# SPDX-License-Identifier: Apache-2.0
"""Every robot of config/robots is one that whole-body control takes."""

import numpy as np
import pytest

from controllers.errors import ConfigError
from controllers.whole_body.arm_drive import BodyArmDrive
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import BodyTarget
from controllers.whole_body_config import WholeBodyConfig
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment, robot_names
from vla_ros.robots.whole_body import whole_body


@pytest.mark.parametrize("robot", robot_names())
def test_a_robot_stands_still_at_home(robot):
    embodiment = load_embodiment(robot)
    control = WholeBody(whole_body(embodiment))
    assert set(control.hands) == {arm.name for arm in embodiment.arms}
    for arm in embodiment.arms:
        np.testing.assert_allclose(control.q[control.parts[arm.name]], arm.home)
    for _ in range(50):
        assert control.tick(BodyTarget(), 0.002)
    assert np.abs(control.dq).max() < 0.2
    assert control.distances.minimum(control.T_odom_base) > 0.0


def test_bytemini_has_22_degrees_of_freedom_and_stands_on_its_wheels():
    control = WholeBody(whole_body(load_embodiment("bytemini")))
    assert control.model.size == 22
    assert control.tip_over.edges == 4
    assert control.tip_over.room(control.model.center[:2]) > 0.05


def test_a_robot_is_driven_by_one_programme_where_its_configuration_says_so(tmp_path, monkeypatch):
    folder = tmp_path / "controllers"
    folder.mkdir()
    (folder / "agilex_impedance.yaml").write_text("whole_body: {distance: 0.02, base_helps: true}\n")
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    config = load_control_config("agilex")
    assert config.whole_body == WholeBodyConfig(distance=0.02, base_helps=True)
    follower = FollowerFactory(load_embodiment("agilex"), config).make()
    assert all(isinstance(arm.drive, BodyArmDrive) for arm in follower.arms.values())
    (folder / "agilex_impedance.yaml").write_text("whole_body: {distanc: 0.02}\n")
    with pytest.raises(ConfigError, match="did you mean 'distance'"):
        load_control_config("agilex")
