# SPDX-License-Identifier: Apache-2.0
"""What the episode tells of the arm: the first motion that is one, and holds that last."""

from __future__ import annotations

import numpy as np

from vla_ros.nodes.arm.progress import ControlProgress
from vla_ros.nodes.episode.motion_events import MotionEvents

REST = np.eye(4)


def shifted(x: float) -> np.ndarray:
    T = np.eye(4)
    T[0, 3] = x
    return T


def moving(stamp: float) -> ControlProgress:
    return ControlProgress(stamp=stamp, enabled=True, sequence=3, source="policy")


def holding(stamp: float, reason: str = "chunk exhausted") -> ControlProgress:
    return ControlProgress(stamp=stamp, enabled=True, sequence=3, source="policy", hold_reason=reason)


def test_a_chunk_that_keeps_the_arm_where_it_is_is_no_motion():
    events = MotionEvents()
    assert events.update(holding(0.0, "no chunk yet"), REST) == ""
    assert [events.update(moving(t), shifted(2e-4)) for t in (0.1, 0.5, 5.0)] == ["", "", ""]
    assert not events.moved
    assert events.update(moving(5.1), shifted(2e-3)) == "the arm moves"
    assert events.moved
    assert events.update(moving(5.2), shifted(0.1)) == ""  # told once


def test_an_arm_that_only_turns_moves_too():
    events = MotionEvents()
    events.update(holding(0.0, "no chunk yet"), REST)
    T = np.eye(4)
    T[:2, :2] = [[0.99995, -0.01], [0.01, 0.99995]]
    assert events.update(moving(0.1), T) == "the arm moves"


def test_a_pose_that_settles_before_the_first_chunk_is_no_motion():
    events = MotionEvents()
    events.update(holding(0.0, "no chunk yet"), shifted(0.01))
    events.update(holding(0.1, "no chunk yet"), REST)
    events.update(moving(0.2), REST)
    assert not events.moved


def test_a_hold_is_told_once_it_lasts_and_only_once():
    events = MotionEvents()
    lines = [events.update(holding(t), REST) for t in np.arange(0.0, 3.0, 0.02)]
    assert [line for line in lines if line] == ["the arm holds: chunk exhausted"]
    assert lines.index("the arm holds: chunk exhausted") in (25, 26)


def test_holds_between_two_chunks_are_no_news():
    events = MotionEvents()
    for start in np.arange(0.0, 5.0, 0.5):
        assert [events.update(holding(start + t), REST) for t in (0.0, 0.3)] == ["", ""]
        assert events.update(moving(start + 0.4), REST) == ""


def test_control_at_rest_before_anything_is_no_news():
    events = MotionEvents()
    for reason in ("disabled", "no chunk yet"):
        assert [events.update(holding(t, reason), REST) for t in (0.0, 1.0, 2.0)] == ["", "", ""]
    assert events.update(holding(3.0, "invalid"), REST) == ""
    assert events.update(holding(4.0, "invalid"), REST) == "the arm holds: invalid"
