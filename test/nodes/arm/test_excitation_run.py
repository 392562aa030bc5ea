# SPDX-License-Identifier: Apache-2.0
"""The excitation on a graph, with control replaced by what it would say: messages in, chunks out, reasons in words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from arms.franka_arm import ARM, HOME
from arms.identification_arm import excitation
from sensor_msgs.msg import JointState

from controllers.errors import VlaError
from vla_ros import messages
from vla_ros.nodes.arm.excitation_run import ExcitationRun
from vla_ros.nodes.arm.progress import ControlProgress
from vla_ros.robots.embodiment import load_embodiment

STEP = 0.02  # [s]
NAMES = ["panda_finger_joint1", *reversed(ARM.joints)]  # not in the arm's order


class Control:
    """What a graph would answer: joint states on a grid, progress that follows the chunks."""

    def __init__(self, q=HOME, hold: str = "", refused: str = "", effort: bool = True, ends_after: float = 1e9) -> None:
        self.embodiment = load_embodiment("franka")
        self.progress = ControlProgress(hold_reason="no chunk yet")
        self.chunks: list = []
        self.subscriptions = 0
        self._q, self._hold, self._refused, self._effort, self._ends_after = q, hold, refused, effort, ends_after

    def create_subscription(self, kind, topic, callback, quality):
        assert (kind, topic) == (JointState, "joint_states")
        self.callback, self.subscriptions = callback, self.subscriptions + 1
        return callback

    def destroy_subscription(self, subscription) -> None:
        assert subscription is self.callback
        self.subscriptions -= 1

    def plan(self, chunk) -> None:
        self.chunks.append(chunk)
        hold = self._hold
        self.progress = ControlProgress(hold_reason=hold, source="planner", refused=self._refused)

    def spin_until(self, done, timeout: float) -> bool:
        for tick in range(round(timeout / STEP)):
            if done() or tick * STEP > self._ends_after:
                break
            self.callback(self._message(50.0 + tick * STEP, tick * STEP))
            self.callback(messages.joint_position_message({"wheel_joint": 0.1}, 50.001 + tick * STEP))
        return done()

    def _message(self, stamp: float, elapsed: float) -> JointState:
        q, dq, _ = (values[0] for values in excitation().sample(np.array([elapsed])))
        q = q - HOME + self._q
        message = JointState(name=NAMES, position=[0.04, *q[::-1]], velocity=[0.0, *dq[::-1]])
        message.header.stamp = messages.stamp(stamp)
        if self._effort:
            message.effort = [0.0, *np.arange(7.0, 0.0, -1.0)]
        return message


def run(control: Control):
    way = SimpleNamespace(spin_until=control.spin_until)
    try:
        return ExcitationRun(control, way, excitation(), with_gravity=True).go()
    finally:
        assert control.subscriptions == 0


def test_joints_are_recorded_by_name_and_the_excitation_is_sent():
    control = Control()
    kept = run(control)
    assert kept.joints == ARM.joints
    assert kept.with_gravity
    np.testing.assert_array_equal(kept.effort[0], np.arange(1.0, 8.0))
    np.testing.assert_allclose(kept.q, excitation().sample(kept.time)[0], atol=1e-6)
    assert kept.duration == pytest.approx(excitation().duration, abs=2 * STEP)
    assert len(control.chunks) > 0.9 * excitation().duration / 0.4
    assert control.chunks[0].frame_id == "panda_link0"


@pytest.mark.parametrize(
    ("control", "match"),
    [
        (Control(q=HOME + 0.2), "from where the excitation begins: take the arm home"),
        (Control(hold="e-stop"), "control held the arm after .* s: e-stop"),
        (Control(hold="no chunk yet", refused="source 'planner' is refused"), r"\(source 'planner' is refused\)"),
        (Control(effort=False), "lacks the arm's joints or their effort"),
        (Control(ends_after=3.0), "interrupted after .* s: nothing was recorded"),
    ],
)
def test_why_it_ended_is_said(control, match):
    with pytest.raises(VlaError, match=match):
        run(control)
