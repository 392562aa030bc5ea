# SPDX-License-Identifier: Apache-2.0
import numpy as np

from controllers.filters import PoseFilter
from controllers.history import LENGTH, PoseHistory


def test_finds_the_pose_at_a_stamp_and_nothing_far_from_any():
    history, pose = PoseHistory(), PoseFilter(5.0)
    assert history.at(0.0) is None
    for k in range(LENGTH + 500):
        pose.reset(np.full(3, float(k)), (0.0, 0.0, 0.0, 1.0))
        history.add(0.001 * k, pose)
    newest = 0.001 * (LENGTH + 499)
    assert history.at(newest - 1.0)[0] == LENGTH + 499 - 1000
    assert history.at(newest + 0.01)[0] == LENGTH + 499
    assert history.at(newest + 0.5) is None
    assert history.at(0.1) is None  # overwritten
    history.clear()
    assert history.at(newest) is None


def test_what_is_returned_stays_as_it_was():
    history, pose = PoseHistory(), PoseFilter(5.0)
    history.add(0.0, pose)
    found = history.at(0.0)
    for k in range(LENGTH):
        pose.reset(np.ones(3), (0.0, 0.0, 0.0, 1.0))
        history.add(0.001 * k, pose)
    assert not found[:3].any()
