# SPDX-License-Identifier: Apache-2.0
"""One driver behind joint_topics_node: what of its states is news."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from vla_ros import messages
from vla_ros.hardware.differenced_velocity import DifferencedVelocity
from vla_ros.nodes import joint_topics_node
from vla_ros.nodes.joint_topics_node import DrivenPart, JointTopicsNode
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


def test_joints_come_to_rest_after_the_clock_was_set_back(part, monkeypatch):
    """By velocities that stay as they were, control would wait for ever for arms that have stopped long ago."""
    wall, said = SimpleNamespace(monotonic=5.0, system=1000.0), []
    monkeypatch.setattr(joint_topics_node, "time", SimpleNamespace(monotonic=lambda: wall.monotonic))
    node = SimpleNamespace(
        _parts=[part], _silent=lambda: [], _velocity=DifferencedVelocity(len(part.driver.layout.joints)),
        _writer=messages.JointStateWriter(part.driver.layout.joints),
        _states=SimpleNamespace(publish=lambda message: said.append(np.array(message.velocity))),
        get_clock=lambda: SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=wall.system * 1e9)),
    )  # fmt: skip

    def hear(seconds: float, speed: float, place: float) -> float:
        for _ in range(round(seconds / 0.005)):
            wall.monotonic, wall.system, place = wall.monotonic + 0.005, wall.system + 0.005, place + 0.005 * speed
            JointTopicsNode._on_states(node, part, states(part, wall.system, place))
        return place

    place = hear(0.2, 0.5, 0.1)
    assert said[-1][0] == pytest.approx(0.5)
    wall.system -= 60.0
    hear(0.2, 0.0, place)
    assert said[-1][0] == 0.0
