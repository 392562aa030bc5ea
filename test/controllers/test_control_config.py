# SPDX-License-Identifier: Apache-2.0
import pytest
from arms.franka_arm import franka_config

from controllers.control_config import ControlConfig, ImpedanceConfig, SafetyConfig, StitchConfig
from controllers.errors import ConfigError
from vla_ros.configuration import build


def test_the_shipped_file_is_valid_and_complete_for_seven_joints():
    config = franka_config()
    assert len(config.impedance.stiffness_joints) == len(config.impedance.rest_posture) == 7


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: ControlConfig(filter_cutoff=0.0), "'filter_cutoff' must be 0.1 to 100"),
        (lambda: ControlConfig(speed_scale=2.0), "speed_scale"),
        (lambda: ControlConfig(servo_lag=33.0), "'servo_lag' must be 0 to 0.1"),
        (lambda: ImpedanceConfig(stiffness_position=-1.0), "stiffness_position"),
        (lambda: ImpedanceConfig(stiffness_joints=(1.0, -1.0)), "stiffness_joints"),
        (lambda: StitchConfig(alignment="clock"), "progress or time"),
        (lambda: SafetyConfig(lease_s=-1.0), "lease_s"),
        (lambda: build(ControlConfig, {"impedance": {"stifness_position": 1.0}}, "x.yaml"), "stiffness_position"),
        (lambda: build(ControlConfig, {"dynamics": {"viscous_friction": [-1.0]}}, "x.yaml"), "must be >= 0, got -1"),
        (lambda: build(ControlConfig, {"dynamics": {"payload": {"mas": 1.0}}}, "x.yaml"), "did you mean 'mass'"),
        (lambda: build(ControlConfig, {"workspace_lower": [0, 0]}, "x.yaml"), "3 values"),
    ],
)
def test_nonsense_is_refused_by_name(make, match):
    with pytest.raises(ConfigError, match=match):
        make()
