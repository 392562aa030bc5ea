# SPDX-License-Identifier: Apache-2.0
import numpy as np

from controllers.chunks.history import LENGTH, MotionHistory
from controllers.filters import PoseFilter


def pose_at(history, stamp):
    (pose,) = history.poses_at(stamp)
    return pose


def test_finds_the_pose_at_a_stamp_and_nothing_far_from_any():
    history, pose = MotionHistory(1), PoseFilter(5.0)
    assert pose_at(history, 0.0) is None
    for k in range(LENGTH + 500):
        pose.reset(np.full(3, float(k)), (0.0, 0.0, 0.0, 1.0))
        history.add(0.001 * k, 0.002 * k, [pose])
    newest = 0.001 * (LENGTH + 499)
    assert pose_at(history, newest - 1.0)[0] == LENGTH + 499 - 1000
    assert pose_at(history, newest + 0.01)[0] == LENGTH + 499
    assert pose_at(history, newest + 0.5) is None
    assert pose_at(history, 0.1) is None  # overwritten
    history.clear()
    assert pose_at(history, newest) is None


def test_what_is_returned_stays_as_it_was():
    history, pose = MotionHistory(1), PoseFilter(5.0)
    history.add(0.0, 0.0, [pose])
    found = pose_at(history, 0.0)
    for k in range(LENGTH):
        pose.reset(np.ones(3), (0.0, 0.0, 0.0, 1.0))
        history.add(0.001 * k, 0.002 * k, [pose])
    assert not found[:3].any()


def test_knows_what_was_executed_and_no_pose_in_joint_space():
    history = MotionHistory(1)
    assert history.executed_at(1.0) == 0.0
    for k in range(1000):
        history.add(0.001 * k, 0.0005 * k, [None])
    assert history.executed_at(0.8) == 0.0005 * 800
    assert history.executed_at(-5.0) == 0.0
    assert history.executed_at(9.0) == 0.0005 * 999
    assert pose_at(history, 0.5) is None
