# SPDX-License-Identifier: Apache-2.0
"""Under whole-body control forearms and elbows keep off the table and hands go down to it, wherever the base drives."""

import dataclasses

import numpy as np
import pytest
from robot_rigs.limb_heights import LimbHeights
from robot_rigs.whole_robot import DT, controlled, described, shifted

from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import BodyTarget
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

ROBOT = load_embodiment("bytemini")


@pytest.fixture(scope="module")
def heights() -> LimbHeights:
    groups = [group.joints for group in described().groups.values()]
    return LimbHeights(expand_urdf(ROBOT), groups, [arm.tool_frame for arm in ROBOT.arms])


def above(height: float | None) -> WholeBody:
    return WholeBody(dataclasses.replace(described(), surface=height))


def lowest(control: WholeBody, target: BodyTarget, shapes, heights: LimbHeights, seconds: float = 2.0) -> float:
    """Return how low some shapes come within so many seconds of a target [m]."""
    found = np.inf
    for tick in range(round(seconds / DT)):
        assert control.tick(target, DT)
        if tick % 5 == 0:
            found = min(found, heights.lowest(control.q, shapes))
    return found


def test_hands_go_down_to_the_table_and_not_into_it(heights):
    start = heights.lowest(controlled().q, heights.hands)
    height = start - 0.05
    control = above(height)
    down = shifted(control, [0.0, 0.0, -0.1])
    down = dataclasses.replace(down, base_stands=True)
    reached = lowest(control, down, heights.hands, heights)
    assert height - 2e-3 < reached < height + 2e-3  # [m]
    assert lowest(above(None), down, heights.hands, heights) < start - 0.09


@pytest.mark.parametrize(("arm", "outwards"), [("left", -1.2), ("right", 1.2)])
def test_an_elbow_that_is_told_to_hang_keeps_off_the_table(arm, outwards, heights):
    """The hand stays where it is: its forearm alone would come down."""
    control = controlled()
    stay = shifted(control, np.zeros(3))
    turned = dataclasses.replace(stay, elbows={arm: control.elbows[arm].angle() + outwards}, base_stands=True)
    hanging = dataclasses.replace(stay, elbows={arm: 0.0}, base_stands=True)
    lowest(control, turned, heights.limbs, heights, 3.0)
    raised = control.q.copy()
    top = heights.lowest(raised, heights.limbs)
    free = above(None)
    free.reset(raised)
    bottom = lowest(free, hanging, heights.limbs, heights, 3.0)
    assert bottom < top - 0.02
    height = 0.5 * (top + bottom)
    control = above(height)
    control.reset(raised)
    assert lowest(control, hanging, heights.limbs, heights, 3.0) > height + 0.008


def test_the_table_is_as_high_wherever_the_base_has_driven(heights):
    height = heights.lowest(controlled().q, heights.hands) - 0.05
    control = above(height)
    riding = shifted(control, np.zeros(3), riding=True)
    for _ in range(round(3.0 / DT)):
        control.tick(dataclasses.replace(riding, base=np.array([0.4, 0.0, 0.3])), DT)
    assert np.hypot(*control.base_place[:2]) > 0.9
    down = dataclasses.replace(shifted(control, [0.0, 0.0, -0.1]), base_stands=True)
    assert lowest(control, down, heights.hands, heights) == pytest.approx(height, abs=2e-3)
