# SPDX-License-Identifier: Apache-2.0
"""What the action expert is told: the same wherever the scene stands, and when the fingers were last told what."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from vla_ros.policies.graspvla.small.chain import (
    MEMORY_STEPS,
    TOKEN_SIZE,
    TOKENS,
    ChainState,
    GripperMemory,
    chain_numbers,
    decided_widths,
)

metre = st.floats(-0.4, 0.4)


def pose(position: tuple[float, float, float], turn: tuple[float, float, float]) -> np.ndarray:
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, :3] = Rotation.from_rotvec(turn).as_matrix() @ T[:3, :3]
    T[:3, 3] = position
    return T


STATE = ChainState(
    target=np.array([0.52, 0.1, 0.06]),
    T_base_ee=pose((0.4, 0.0, 0.35), (0.1, 0.0, 0.3)),
    width=0.07,
    moved=np.array([0.02, 0.0, -0.01]),
    width_moved=-0.01,
    T_base_grasp=pose((0.53, 0.11, 0.05), (0.3, 0.1, -0.6)),
    opening=0.06,
    closing=False,
    since_closing=MEMORY_STEPS,
    since_opening=4,
)


def test_numbers_are_finite_and_of_about_unit_size() -> None:
    numbers = chain_numbers(STATE)
    assert numbers.shape == (TOKENS, TOKEN_SIZE)
    assert numbers.dtype == np.float32
    assert np.abs(numbers).max() < 4.0
    at_the_grasp = dataclasses.replace(STATE, T_base_ee=STATE.T_base_grasp, target=STATE.T_base_grasp[:3, 3])
    assert np.isfinite(chain_numbers(at_the_grasp)).all()


@given(metre, metre, metre)
def test_a_scene_somewhere_else_is_the_same_scene(x: float, y: float, z: float) -> None:
    def moved(T: np.ndarray) -> np.ndarray:
        there = T.copy()
        there[:3, 3] += (x, y, z)
        return there

    there = dataclasses.replace(
        STATE,
        target=np.add(STATE.target, (x, y, z)),
        T_base_ee=moved(STATE.T_base_ee),
        T_base_grasp=moved(STATE.T_base_grasp),
    )
    np.testing.assert_allclose(chain_numbers(there), chain_numbers(STATE), atol=1e-5)


def test_every_link_is_told_and_near_the_grasp_each_millimetre() -> None:
    plain = chain_numbers(STATE)
    for change in (
        {"target": np.add(STATE.target, (0.02, 0.0, 0.0))},
        {"T_base_grasp": pose((0.53, 0.11, 0.05), (0.3, 0.1, -0.4))},
        {"width": 0.03},
        {"moved": np.zeros(3)},
        {"width_moved": 0.0},
        {"opening": 0.03},
        {"closing": True},
        {"since_closing": 3},
        {"since_opening": 9},
    ):
        assert np.abs(chain_numbers(dataclasses.replace(STATE, **change)) - plain).max() > 0.02, change
    near = dataclasses.replace(STATE, T_base_ee=pose((0.53, 0.11, 0.055), (0.3, 0.1, -0.6)))
    nearer = dataclasses.replace(STATE, T_base_ee=pose((0.53, 0.11, 0.054), (0.3, 0.1, -0.6)))
    assert np.abs(chain_numbers(near) - chain_numbers(nearer)).max() > 0.04


def test_the_memory_counts_actions_from_closing_and_from_opening_again() -> None:
    memory, poses = GripperMemory(), [pose((0.4, 0.0, 0.01 * k), (0.0, 0.0, 0.0)) for k in range(12)]
    assert (memory.closing, memory.since_closing, memory.T_base_closed) == (False, MEMORY_STEPS, None)
    for k in (0, 1):
        memory.update(0.06, poses[k])
    assert memory.since_closing >= MEMORY_STEPS
    for k in (2, 3, 4):
        memory.update(0.0, poses[k])
    assert (memory.closing, memory.since_closing) == (True, 2)
    np.testing.assert_array_equal(memory.T_base_closed, poses[2])
    memory.update(0.08, poses[5])
    assert (memory.closing, memory.since_closing, memory.since_opening) == (False, 3, 0)
    memory.update(0.08, poses[6], steps=5)
    assert (memory.since_closing, memory.since_opening) == (8, 5)
    memory.update(0.0, poses[7])
    assert (memory.closing, memory.since_closing) == (True, 0)
    np.testing.assert_array_equal(memory.T_base_closed, poses[7])
    memory.update(0.0, poses[8], steps=1000)
    assert memory.since_closing == 1000


def test_how_long_ago_stops_counting_after_a_while() -> None:
    long_ago = dataclasses.replace(STATE, since_closing=1000, since_opening=MEMORY_STEPS)
    longer_ago = dataclasses.replace(STATE, since_closing=MEMORY_STEPS, since_opening=1000)
    np.testing.assert_array_equal(chain_numbers(long_ago), chain_numbers(longer_ago))


def test_what_was_not_done_as_the_chunk_asked_is_remembered_as_it_was_done() -> None:
    here, there = pose((0.4, 0.0, 0.1), (0.0, 0.0, 0.0)), pose((0.4, 0.0, 0.2), (0.0, 0.0, 0.0))
    before = GripperMemory()
    asked = dataclasses.replace(before)
    asked.update(0.0, there)
    assert asked.carried_out(before, 1, True, False, here) is asked
    # The arm waits: the chunk says closed, and the fingers are open yet.
    waits = asked.carried_out(before, 1, False, False, here)
    assert (waits.closing, waits.since_closing, waits.T_base_closed) == (False, MEMORY_STEPS + 1, None)
    # The chunk before has closed them, and the new one knows nothing of it.
    other = GripperMemory().carried_out(before, 3, True, False, here)
    assert (other.closing, other.since_closing) == (True, 0)
    np.testing.assert_array_equal(other.T_base_closed, here)
    # They were closed from the start, and nobody has told them to: no grasp.
    assert GripperMemory().carried_out(before, 3, True, True, here).closing is False
    # An operator opens them.
    opened = other.carried_out(other, 2, False, True, there)
    assert (opened.closing, opened.since_opening) == (False, 0)


def test_the_pose_at_closure_is_kept_though_the_tool_goes_on() -> None:
    memory, T = GripperMemory(), pose((0.4, 0.0, 0.1), (0.0, 0.0, 0.0))
    memory.update(0.0, T)
    T[2, 3] = 9.0
    assert memory.T_base_closed is not None
    assert memory.T_base_closed[2, 3] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("asked", "closing", "told"),
    [
        ([0.06, 0.05, 0.06, 0.05], False, "oooo"),
        ([0.06, 0.05, 0.01, 0.00], False, "oocc"),
        ([0.02, 0.01, 0.02, 0.00], False, "cccc"),
        ([0.06, 0.06, 0.00, 0.06], False, "oooo"),  # closed for one action is a grasp that failed
        ([0.00, 0.00, 0.06, 0.00], True, "cccc"),
        ([0.00, 0.02, 0.04, 0.06], True, "ccoo"),
    ],
)
def test_fingers_are_told_to_be_open_or_closed_and_to_change_for_good(
    asked: list[float], closing: bool, told: str
) -> None:
    widths = decided_widths(np.array(asked), 0.06, closing)
    np.testing.assert_array_equal(widths, [0.06 if word == "o" else 0.0 for word in told])
