# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from controllers.arm.limits import ArmLimits
from controllers.errors import ConfigError

GOOD = {
    "lower": [-1.0, -1.0],
    "upper": [1.0, 1.0],
    "velocity": [2.0, 2.0],
    "effort": [9.0, 9.0],
    "effort_rate": [99.0, 99.0],
}


def test_the_box_contains_what_it_says():
    limits = ArmLimits(**GOOD, workspace_lower=[0, 0, 0], workspace_upper=[1, 1, 1])
    points = np.array([[0.5, 0.5, 0.5], [1.05, 0.5, 0.5], [0.5, -0.2, 0.5]])
    assert limits.contains(points).tolist() == [True, False, False]
    assert limits.contains(points, 0.1).tolist() == [True, True, False]


def test_limits_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        ArmLimits(**GOOD).effort[0] = 1e6


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"velocity": [1.0]}, "1 values for 2 joints"),
        ({"effort": [1.0, float("nan")]}, "finite"),
        ({"effort": [1.0, 0.0]}, "positive"),
        ({"upper": [1.0, -2.0]}, "below"),
        ({"workspace_lower": [2.0, 0.0, 0.0]}, "below"),
    ],
)
def test_nonsense_is_refused(change, match):
    with pytest.raises(ConfigError, match=match):
        ArmLimits(**(GOOD | change))
