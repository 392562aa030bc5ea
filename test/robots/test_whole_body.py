# SPDX-License-Identifier: Apache-2.0
"""Every robot of config/robots is one that whole-body control takes."""

import numpy as np
import pytest

from controllers.errors import ConfigError
from controllers.whole_body.arm_drive import BodyArmDrive
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import BodyTarget
from controllers.whole_body_config import WholeBodyConfig
from vla_ros.robots.control import (
    FollowerFactory,
    check_whole_body,
    load_control_config,
    with_table,
    with_whole_body,
)
from vla_ros.robots.embodiment import load_embodiment, robot_names
from vla_ros.robots.names import TABLE_AS_CONFIGURED
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
    (folder / "agilex_impedance.yaml").write_text("whole_body: {distance: 0.02}\n")
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    config = load_control_config("agilex")
    assert config.whole_body == WholeBodyConfig(distance=0.02)
    follower = FollowerFactory(load_embodiment("agilex"), config).make()
    assert all(isinstance(arm.drive, BodyArmDrive) for arm in follower.arms.values())
    (folder / "agilex_impedance.yaml").write_text("whole_body: {distanc: 0.02}\n")
    with pytest.raises(ConfigError, match="did you mean 'distance'"):
        load_control_config("agilex")


def test_a_job_may_choose_what_the_configuration_does_not():
    configured = load_control_config("bytemini")
    assert with_whole_body(configured, "configured") is configured
    assert with_whole_body(configured, "on").whole_body == WholeBodyConfig()
    helping = with_whole_body(configured, "base_helps")
    assert helping.whole_body == WholeBodyConfig(base_helps=True)
    assert with_whole_body(helping, "on").whole_body == helping.whole_body
    assert with_whole_body(helping, "off").whole_body is None


@pytest.mark.parametrize(
    ("robot", "choice", "command", "words"),
    [
        ("agilex", "base_helps", "position", "robot 'agilex' has no base that could help its hands"),
        ("franka", "on", "pose", "arm 'panda' is driven by pose, whole-body control drives arms by position or effort"),
    ],
)
def test_what_cannot_be_one_body_is_one_line(robot, choice, command, words):
    embodiment, config = load_embodiment(robot), with_whole_body(load_control_config(robot), choice)
    commands = dict.fromkeys((arm.name for arm in embodiment.arms), command)
    with pytest.raises(ConfigError, match=words) as error:
        check_whole_body(embodiment, config, commands)
    assert "\n" not in str(error.value)
    check_whole_body(embodiment, with_whole_body(config, "off"), commands)


def test_a_job_may_say_how_high_the_table_is():
    configured = load_control_config("agilex")
    assert with_table(configured, TABLE_AS_CONFIGURED) is configured
    told = with_table(with_whole_body(configured, "on"), 0.3)
    assert told.safety.table_height == 0.3
    follower = FollowerFactory(load_embodiment("agilex"), told).make()
    body = follower._ensemble.body.control.body
    assert body.surface == 0.3
    with pytest.raises(ConfigError, match="'table_height' must be -3 to 3, got -5"):
        with_table(configured, -5.0)
