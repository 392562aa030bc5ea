# SPDX-License-Identifier: Apache-2.0
"""One driver behind joint_topics_node: what of its states is news."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sensor_msgs.msg import JointState

from vla_ros import messages
from vla_ros.nodes.joint_topics_node import DrivenPart
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.joint_topics import joint_drivers


@pytest.fixture
def part() -> DrivenPart:
    node = SimpleNamespace(create_publisher=lambda *_: None, create_subscription=lambda *_: None)
    return DrivenPart(node, joint_drivers(load_embodiment("agilex"))[0], pytest.fail)


def states(part: DrivenPart, stamp: float, place: float = 0.1) -> JointState:
    return messages.joint_position_message(dict.fromkeys(part.driver.state_names, place), stamp)


def test_states_that_are_repeated_are_no_news(part):
    """As of a driver whose arm is unplugged: they would be stamped anew, as if they were measured now."""
    assert part.on_states(states(part, 10.0))
    arrival = part.arrival
    assert not part.on_states(states(part, 10.0))
    assert part.arrival == arrival
    assert part.on_states(states(part, 10.01))
    assert part.arrival > arrival
    assert part.on_states(states(part, 3.0)), "a clock that was set back"


def test_a_driver_that_stamps_nothing_is_believed(part):
    assert part.on_states(states(part, 0.0))
    assert part.on_states(states(part, 0.0, 0.2))
    assert part.measured[0] == pytest.approx(0.2)
    assert not part.on_states(JointState(name=["joint1"], position=[0.3]))
