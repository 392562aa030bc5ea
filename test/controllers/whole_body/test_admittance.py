# SPDX-License-Identifier: Apache-2.0
"""A hand gives way as a mass on a spring and a damper, however long the tick."""

import numpy as np
import pytest

from controllers.errors import ConfigError
from controllers.whole_body.admittance import Admittance
from controllers.whole_body_config import AdmittanceConfig

PUSH = np.array([22.0, 0.0, 0.0, 0.0, 0.0, 1.2])


def settled(config, dt, seconds=5.0, wrench=PUSH):
    one = Admittance(config)
    path = []
    for _ in range(round(seconds / dt)):
        one.update(wrench, dt)
        path.append(one.offset.copy())
    return one, np.array(path)


@pytest.mark.parametrize("dt", [1e-3, 5e-3, 0.1])
def test_it_comes_to_rest_where_the_spring_holds_the_push(dt):
    config = AdmittanceConfig()
    _, path = settled(config, dt)
    np.testing.assert_allclose(path[-1][[0, 5]], [20.0 / config.stiffness, 1.0 / config.stiffness_rotation], rtol=1e-3)
    assert path[:, 0].max() <= path[-1, 0] * 1.001  # critically damped: no overshoot
    assert not path[:, [1, 2, 3, 4]].any()


def test_the_first_tenth_of_a_second_is_that_of_the_equation():
    """x = f/K (1 − (1 + ω t) e^(−ω t)) of a critically damped mass."""
    config = AdmittanceConfig()
    _, path = settled(config, 1e-4, 0.1)
    omega, t = np.sqrt(config.stiffness / config.mass), 0.1
    expected = 20.0 / config.stiffness * (1.0 - (1.0 + omega * t) * np.exp(-omega * t))
    assert path[-1, 0] == pytest.approx(expected, rel=0.01)


def test_it_goes_back_when_nothing_pushes():
    one, _ = settled(AdmittanceConfig(), 2e-3)
    for _ in range(2500):
        one.update(None, 2e-3)
    assert np.abs(one.offset).max() < 1e-6


def test_without_a_spring_it_stays():
    one, path = settled(AdmittanceConfig(stiffness=0.0, stiffness_rotation=0.0), 2e-3, 0.2)
    for _ in range(2500):
        one.update(None, 2e-3)
    assert one.offset[0] >= path[-1, 0] > 1e-3


def test_noise_moves_nothing_and_a_blow_no_further_than_allowed():
    assert not settled(AdmittanceConfig(), 2e-3, wrench=np.array([1.9, 0, 0, 0, 0, 0.1]))[1].any()
    config = AdmittanceConfig()
    assert np.abs(settled(config, 2e-3, wrench=1e4 * PUSH)[1]).max() <= config.rotation_max * 1.0001
    assert not settled(config, 2e-3, wrench=np.full(6, np.nan))[1].any()


def test_a_value_out_of_range_is_named():
    with pytest.raises(ConfigError, match=r"'mass' must be 0.1 to 100, got 0"):
        AdmittanceConfig(mass=0.0)
