# SPDX-License-Identifier: Apache-2.0
"""The speed allowed on the way to what must not be passed."""

import numpy as np
import pytest

from controllers.safety.braking_profile import BrakingProfile

RATE, ACCELERATION = 12.0, 6.0
KNEE = ACCELERATION / RATE**2  # [m]


def speeds(distances) -> np.ndarray:
    speed = np.zeros(np.shape(distances))
    BrakingProfile(RATE, ACCELERATION).write(np.array(distances, float), speed)
    return speed


def test_close_by_it_is_proportional_and_behind_it_leads_back():
    assert speeds([0.0, 0.01, -0.01]) == pytest.approx([0.0, 0.12, -0.12])


def test_far_off_braking_at_the_acceleration_keeps_it():
    distance = np.linspace(2.0 * KNEE, 3.0, 500)
    speed = speeds(distance)
    slope = np.gradient(speed, distance)
    assert np.allclose((speed * slope)[5:-5], ACCELERATION, rtol=1e-2)  # v dv/dd is the deceleration [m/s²]


def test_value_and_slope_agree_at_the_knee():
    step = 1e-6
    below, at, above = speeds([KNEE - step, KNEE, KNEE + step])
    assert (at - below) / step == pytest.approx(RATE, rel=1e-3)
    assert (above - at) / step == pytest.approx(RATE, rel=1e-3)


def test_each_joint_has_its_own_acceleration():
    speed = np.zeros((2, 3))
    BrakingProfile(RATE, np.array([1.0, 4.0, 9.0])).write(np.full((2, 3), 2.0), speed)
    assert np.allclose(speed, np.sqrt(2.0 * np.array([1, 4, 9]) * 2.0), rtol=0.01)
