# SPDX-License-Identifier: Apache-2.0
"""What control's parameters make of the robot's configuration."""

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import rclpy
from arms.franka_arm import franka_config
from rclpy.node import Node
from rclpy.parameter import Parameter

from controllers.errors import ConfigError
from vla_ros.nodes.arm.tuning import AS_CONFIGURED, PARAMETERS, Tuning, tuned

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


class Arms:
    """Two arms, of which those named cannot change their gains in motion; `told` is what each glides to."""

    def __init__(self, fixed: tuple[str, ...] = ()) -> None:
        self.arms, self.fixed = ("left", "right"), fixed
        self.told = {arm: (franka_config().impedance, franka_config().dynamics.payload) for arm in self.arms}

    def change_impedance(self, arm, impedance) -> None:
        if arm in self.fixed:
            raise ConfigError("impedance: the arm is driven by position, its gains are its driver's")
        self.told[arm] = impedance, self.told[arm][1]

    def change_payload(self, arm, payload) -> None:
        self.told[arm] = self.told[arm][0], payload


@pytest.fixture
def control() -> Iterator[SimpleNamespace]:
    """Return a node that is tuned, its tuning and its arms."""
    rclpy.init(args=[])
    node = Node("tuned_node")
    tuning = Tuning(node)
    tuning.applied(franka_config())
    tuning.follower = arms = Arms()
    yield SimpleNamespace(node=node, tuning=tuning, arms=arms)
    node.destroy_node()
    rclpy.try_shutdown()


def set_at_once(control: SimpleNamespace, **values: float | str) -> str:
    """Return why the values are refused that are set at once."""
    result = control.node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])
    return "" if result.successful else result.reason


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"payload_mass": 0.4}, {"stiffness_position": 0.5}),
        ({"payload_mass": 0.4}, {"stiffness_position": float("nan")}),
        ({"stiffness_position": 500.0}, {"payload_mass": "heavy"}),
    ],
)
def test_of_values_that_are_set_at_once_all_are_taken_or_none(control, right, wrong):
    before = dict(control.arms.told)
    for values in (right | wrong, wrong | right):
        assert set_at_once(control, **values) != ""
        assert control.arms.told == before
        assert all(control.node.get_parameter(name).value == AS_CONFIGURED for name in PARAMETERS)
    assert set_at_once(control, payload_mass=0.4) == ""
    assert all(impedance == franka_config().impedance for impedance, _ in control.arms.told.values())
    assert set_at_once(control, stiffness_position=500.0, stiffness_rotation=30.0) == ""
    for impedance, payload in control.arms.told.values():
        assert (impedance.stiffness_position, impedance.stiffness_rotation, payload.mass) == (500.0, 30.0, 0.4)


def test_all_arms_are_tuned_or_none(control):
    control.arms.fixed = ("right",)
    before = dict(control.arms.told)
    assert "its gains are its driver's" in set_at_once(control, stiffness_position=500.0)
    assert control.arms.told == before
