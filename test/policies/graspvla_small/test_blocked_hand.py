# SPDX-License-Identifier: Apache-2.0
"""A hand that stands on something is taken up after a while; one that merely waits, closes or moves is left alone."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.graspvla.small.blocked_hand import RISE, STEP, BlockedHand

RIM = np.array([0.5, 0.1, 0.1])
DOWN = np.array([0.0, 0.0, -1.0])
BELOW = 0.04 * DOWN


def at(seconds: float, tool: np.ndarray, ahead: np.ndarray) -> SingleArmObservation:
    """Return what is seen of a tool (3,) whose command is `ahead` (3,) of it [m]."""
    T, T_commanded = np.eye(4), np.eye(4)
    T[:3, 3], T_commanded[:3, 3] = tool, tool + ahead
    return SingleArmObservation(
        seconds, "pick up the mug", {}, SingleArmState(seconds, np.zeros(7), np.zeros(7), T, 0.08), T_commanded
    )


def updates(
    hand: BlockedHand, tool: np.ndarray, ahead: np.ndarray, start: float = 0.0, closing: bool = False
) -> list[bool]:
    """Look for three seconds, ten times a second, while the tool stays."""
    return [hand.update(at(start + 0.1 * k, tool, ahead), closing) for k in range(30)]


def test_a_hand_that_pushes_on_without_moving_is_blocked_once_and_rises() -> None:
    hand = BlockedHand()
    assert sum(updates(hand, RIM, BELOW)) == 1
    np.testing.assert_allclose(hand.goal, RIM + RISE)
    hand.update(at(3.1, RIM + RISE * 0.9, np.zeros(3)), closing=False)
    assert hand.goal is None
    assert sum(updates(hand, RIM, BELOW, start=4.0)) == 1  # and may be blocked again


def test_a_hand_that_waits_or_closes_or_moves_is_not_blocked() -> None:
    assert not any(updates(BlockedHand(), RIM, 0.2 * BELOW))
    assert not any(updates(BlockedHand(), RIM, BELOW, closing=True))
    hand = BlockedHand()
    assert not any(hand.update(at(0.1 * k, RIM + 0.005 * k * DOWN, BELOW), False) for k in range(50))


def test_a_hand_that_cannot_rise_either_is_let_go() -> None:
    hand = BlockedHand()
    updates(hand, RIM, BELOW)
    updates(hand, RIM, BELOW, start=3.0)
    assert hand.update(at(6.0, RIM, np.zeros(3)), False) is False
    assert hand.goal is None


@pytest.mark.parametrize("depth", [-0.04, -0.3, 0.06])
def test_it_rises_from_its_command_to_above_where_it_stood_in_small_steps(depth: float) -> None:
    hand = BlockedHand()
    updates(hand, RIM, BELOW)
    place = RIM + np.array([0.01, -0.02, depth])
    for _ in range(20):
        actions = hand.rise(place, 4, 0.07)
        assert actions.shape == (4, 7)
        assert np.linalg.norm(actions[:, :3], axis=1).max() <= STEP + 1e-9
        assert (actions[:, 3:6] == 0.0).all()
        assert (actions[:, 6] == 0.07).all()
        place = place + actions[:, :3].sum(axis=0)
    np.testing.assert_allclose(place, RIM + RISE, atol=1e-9)
