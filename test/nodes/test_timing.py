# SPDX-License-Identifier: Apache-2.0
"""What the nodes do with time: delays, buffers, synchronisation, pace. Pure logic, no ROS."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, VlaError
from vla_ros.nodes.episode.real_time_factor import RealTimeFactor
from vla_ros.nodes.policy.state_buffer import StateBuffer, rigid
from vla_ros.nodes.policy.synchronizer import Synchronizer
from vla_ros.nodes.sim.delay_line import DelayLine


# -- delay line --------------------------------------------------------------------------------------------------------
def test_a_command_takes_its_delay():
    line = DelayLine(delay=0.01)
    line.push(1.0, "a")
    assert line.pop_due(1.009) is None
    assert line.pop_due(1.010) == "a"
    assert line.pop_due(2.0) is None


@given(st.floats(0.0, 0.05), st.floats(0.0, 0.05), st.integers(0, 100))
def test_commands_keep_their_order_whatever_the_jitter(delay, jitter, seed):
    line = DelayLine(delay, jitter, seed)
    arrived = []
    for tick in range(200):
        if tick < 100:
            line.push(tick * 0.002, tick)
        item = line.pop_due(tick * 0.002)
        if item is not None:
            arrived.append(item)
            assert 0.002 * tick >= item * 0.002 + delay - 1e-8
    assert arrived == sorted(arrived)
    assert arrived[-1] == 99


# -- state buffer ------------------------------------------------------------------------------------------------------
def test_states_are_interpolated_to_the_stamp():
    buffer = StateBuffer()
    for k in range(10):
        buffer.add(0.002 * k, np.array([0.002 * k, -1.0]))
    np.testing.assert_allclose(buffer.at(0.0111), [0.0111, -1.0], atol=1e-12)


def test_poses_are_interpolated_on_the_rotation_group():
    buffer = StateBuffer(interpolate=rigid)
    before, after = np.eye(4), np.eye(4)
    after[:3, :3] = Rotation.from_rotvec([0.0, 0.0, 1.0]).as_matrix()
    after[:3, 3] = 1.0, 2.0, 3.0
    buffer.add(1.0, before)
    buffer.add(1.02, after)
    middle = buffer.at(1.005)
    np.testing.assert_allclose(middle[:3, 3], [0.25, 0.5, 0.75], atol=1e-9)
    np.testing.assert_allclose(Rotation.from_matrix(middle[:3, :3]).as_rotvec(), [0.0, 0.0, 0.25], atol=1e-9)


def test_a_stamp_without_a_sample_near_is_refused_with_its_skew():
    buffer = StateBuffer(skew_max=0.05)
    with pytest.raises(VlaError, match="nothing received"):
        buffer.at(0.0)
    buffer.add(1.0, np.zeros(1))
    assert buffer.at(1.04) == 0.0
    with pytest.raises(VlaError, match=r"0\.100 s away, allowed 0\.05 s"):
        buffer.at(1.1)


def test_the_buffer_holds_more_than_a_second_and_not_for_ever():
    buffer = StateBuffer(length=1.5)
    for k in range(5000):
        buffer.add(0.002 * k, np.array([float(k)]))
    newest = 0.002 * 4999
    assert buffer.at(newest - 1.4) == pytest.approx(4299.0)
    with pytest.raises(VlaError):
        buffer.at(newest - 4.0)


def test_time_that_is_set_back_starts_the_buffer_anew():
    buffer = StateBuffer()
    buffer.add(100.0, np.array([1.0]))
    buffer.add(0.5, np.array([2.0]))
    assert buffer.at(0.5) == 2.0
    with pytest.raises(VlaError):
        buffer.at(100.0)


# -- synchronisation ---------------------------------------------------------------------------------------------------
def test_exposures_are_matched_by_stamp_in_any_order_of_arrival():
    synchronizer = Synchronizer(["front", "side"], "front", 0.02)
    assert synchronizer.add("side", 0.105, "s1") is None
    assert synchronizer.add("front", 0.1, "f1") == (0.1, {"front": "f1", "side": "s1"})
    assert synchronizer.add("front", 0.2, "f2") is None
    assert synchronizer.add("side", 0.195, "s2") == (0.2, {"front": "f2", "side": "s2"})


def test_exposures_too_far_apart_are_no_observation():
    synchronizer = Synchronizer(["front", "side"], "front", 0.02)
    synchronizer.add("side", 0.15, "s")
    assert synchronizer.add("front", 0.1, "f") is None


def test_the_newest_complete_set_wins_and_none_comes_twice():
    synchronizer = Synchronizer(["front", "side"], "front", 0.02)
    synchronizer.add("front", 0.1, "f1")
    synchronizer.add("front", 0.2, "f2")
    assert synchronizer.add("side", 0.2, "s2") == (0.2, {"front": "f2", "side": "s2"})
    assert synchronizer.add("side", 0.1, "s1") is None  # older than what was handed out
    assert synchronizer.add("side", 0.201, "again") is None


def test_a_restarted_simulation_is_synchronised_again():
    synchronizer = Synchronizer(["front"], "front", 0.02)
    synchronizer.add("front", 50.0, "old")
    assert synchronizer.add("front", 0.1, "new") == (0.1, {"front": "new"})


def test_an_unknown_reference_is_named():
    with pytest.raises(ConfigError, match="fornt"):
        Synchronizer(["front"], "fornt", 0.02)


# -- real-time factor --------------------------------------------------------------------------------------------------
def test_the_worst_second_is_found():
    factor = RealTimeFactor()
    simulated = 0.0
    for tick in range(500):
        wall = 0.01 * tick
        simulated += 0.005 if 200 <= tick < 300 else 0.01
        factor.update(wall, simulated)
    assert factor.worst == pytest.approx(0.5, abs=0.02)
    assert factor.last == pytest.approx(1.0, abs=0.02)
    assert 0.8 < factor.mean < 0.95
