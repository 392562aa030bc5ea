# SPDX-License-Identifier: Apache-2.0
"""What control's parameters make of the robot's configuration."""

import dataclasses

import pytest
from arms.franka_arm import franka_config

from controllers.errors import ConfigError
from vla_ros.nodes.arm.tuning import AS_CONFIGURED, PARAMETERS, tuned

UNTOUCHED = dict.fromkeys(PARAMETERS, AS_CONFIGURED)


def test_parameters_that_nobody_set_change_nothing():
    assert tuned(franka_config(), UNTOUCHED) == franka_config()


def test_each_lands_where_it_belongs():
    config = tuned(franka_config(), UNTOUCHED | {"stiffness_position": 500.0, "payload_mass": 0.4})
    assert config.impedance.stiffness_position == 500.0
    assert config.impedance.stiffness_rotation == franka_config().impedance.stiffness_rotation
    assert config.dynamics.payload.mass == 0.4


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_the_most_a_parameter_takes_is_what_the_configuration_takes(name):
    most = PARAMETERS[name][1]
    tuned(franka_config(), {name: most})
    with pytest.raises(ConfigError):
        tuned(franka_config(), {name: 1.01 * most})


def test_a_scalar_that_would_do_nothing_is_refused():
    impedance = dataclasses.replace(franka_config().impedance, stiffness=(500.0,) * 3 + (50.0,) * 3)
    config = dataclasses.replace(franka_config(), impedance=impedance)
    with pytest.raises(ConfigError, match="'stiffness_rotation' does nothing"):
        tuned(config, UNTOUCHED | {"stiffness_rotation": 20.0})
    assert tuned(config, UNTOUCHED) == config
