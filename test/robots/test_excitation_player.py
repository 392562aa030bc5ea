# SPDX-License-Identifier: Apache-2.0
"""The player keeps every joint state once, sends a chunk in time, and stops for good when the arm does not move."""

from __future__ import annotations

import numpy as np
import pytest
from arms.franka_arm import ARM, FRAME, HOME
from arms.identification_arm import excitation

from controllers.errors import ConfigError, VlaError
from vla_ros.robots.identification.player import ExcitationPlayer

ZERO = np.zeros(7)
STEP = 0.01  # [s]


def player() -> ExcitationPlayer:
    return ExcitationPlayer(excitation(), "franka", "panda", FRAME, with_gravity=True)


def take(one: ExcitationPlayer, stamp: float, q=HOME, hold: str = ""):
    return one.take(stamp, q, ZERO, ZERO, hold)


def play(one: ExcitationPlayer, until: float, begin: float = 1000.0) -> list:
    return [take(one, begin + t) for t in np.arange(0.0, until, STEP)]


def test_chunks_come_in_time_and_overlap():
    one = player()
    chunks = [chunk for chunk in play(one, excitation().duration + 1.0) if chunk is not None]
    assert [chunk.sequence for chunk in chunks] == list(range(1, len(chunks) + 1))
    begins = np.array([chunk.stamp for chunk in chunks])
    ends = begins + np.array([chunk.times[-1] for chunk in chunks])
    sent = begins + 0.3  # each begins where the arm was a moment ago
    assert (ends[:-1] - sent[1:] > 0.5).all()  # one may be lost
    assert ends[-1] > 1000.0 + excitation().duration
    assert one.finished
    assert one.share == 1.0


def test_every_state_is_recorded_once():
    one = player()
    play(one, 4.0)
    assert take(one, 1001.0) is None  # a late one
    kept = one.recording()
    np.testing.assert_allclose(kept.time, np.arange(0.0, 4.0, STEP), atol=1e-9)
    assert (kept.robot, kept.arm, kept.joints, kept.with_gravity) == ("franka", "panda", ARM.joints, True)
    with pytest.raises(ConfigError, match="too few"):
        player().recording()


def test_an_arm_elsewhere_is_not_moved():
    with pytest.raises(VlaError, match=r"joint 'panda_joint4' is 0\.10 rad from where the excitation begins"):
        take(player(), 5.0, HOME + 0.1 * np.eye(7)[3])


def test_a_held_arm_ends_it_and_a_short_hold_does_not():
    one = player()
    play(one, 2.0)
    take(one, 1002.3, hold="stopped")
    take(one, 1002.6)
    take(one, 1002.9, hold="stopped")
    take(one, 1003.3, hold="stopped")
    with pytest.raises(VlaError, match=r"control held the arm after 3\.7 s: stopped"):
        take(one, 1003.7, hold="stopped")


def test_control_that_never_takes_a_chunk_ends_it():
    one = player()
    assert take(one, 0.0, hold="no chunk yet") is not None
    for t in np.arange(STEP, 1.0, STEP):
        take(one, t, hold="no chunk yet")
    with pytest.raises(VlaError, match="no chunk yet"):
        take(one, 1.02, hold="no chunk yet")


def test_silence_ends_it():
    one = player()
    play(one, 1.0)
    with pytest.raises(VlaError, match=r"no joint state for 0\.[67]"):
        take(one, 1001.6)
