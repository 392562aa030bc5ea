# SPDX-License-Identifier: Apache-2.0
"""What the action expert attends to, in the order of the chain: boxes, proprioception now and before, grasp, memory.

All of it is relative to the tool or to the grasp, so that a motion learned in one place is known in every other.
Once the fingers have closed, the grasp is the pose they closed at: how far it has been lifted is what matters then
(GraspVLA, Appendix E, has the next pose there, which no picture shows).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.grasp_finding.grasp_pose import CLOSING, softened

TOKENS, TOKEN_SIZE = 5, 9
CLOSED = 0, 4  # token and place in it of whether the fingers are told to be closed
OPENING = 3  # place in the last token of the opening; what follows is of the grasp as well
REASONING_STEPS = ("boxes", "grasp")  # what the networks find before the motion; an ablation leaves one out
MEMORY_STEPS = 20  # actions after which "how long ago" stops counting


@dataclass(frozen=True, eq=False)
class ChainState:
    """Everything the expert is conditioned on; lengths in metres, base frame."""

    target: np.ndarray  # (3,) middle of the object that is meant, as both boxes place it
    T_base_ee: np.ndarray  # (4, 4) the anchor that actions start from
    width: float
    moved: np.ndarray  # (3,) what the tool has moved in the last 0.3 s
    width_moved: float  # the same of the fingers
    T_base_grasp: np.ndarray  # (4, 4)
    opening: float
    closing: bool  # the fingers are told to be closed
    since_closing: int  # actions since they were first told so; MEMORY_STEPS and more when never
    since_opening: int  # actions since they were told to open again; MEMORY_STEPS and more when never


def chain_numbers(state: ChainState) -> np.ndarray:
    """Return the tokens' numbers (TOKENS, TOKEN_SIZE) float32, each of about unit size."""
    R, p = state.T_base_ee[:3, :3], state.T_base_ee[:3, 3]
    R_grasp, g = state.T_base_grasp[:3, :3], state.T_base_grasp[:3, 3]
    turn = Rotation.from_matrix(R_grasp @ R.T).as_rotvec()
    away = g - p
    distance = float(np.linalg.norm(away))
    tokens = np.zeros((TOKENS, TOKEN_SIZE))
    tokens[0, :5] = *softened(state.target - p, 0.1), np.linalg.norm(state.target - p) < 0.06, state.closing
    tokens[1] = *R[:, 2], *R[:, 1], 25.0 * state.width, 200.0 * min(state.width, 0.01), state.closing
    tokens[2, :5] = *(20.0 * state.moved), 50.0 * state.width_moved, state.closing
    tokens[3] = *softened(away, 0.1), *(50.0 * np.clip(away, -0.03, 0.03)), *turn
    tokens[4] = (
        state.closing,
        min(state.since_closing, MEMORY_STEPS) / MEMORY_STEPS,
        min(state.since_opening, MEMORY_STEPS) / MEMORY_STEPS,
        25.0 * state.opening,
        5.0 * distance,
        20.0 * min(distance, 0.05),
        *R_grasp[:, 2],
    )
    return tokens.astype(np.float32)


def conditioning_mask(steps: Sequence[str], closing: bool) -> np.ndarray:
    """Return which of the tokens' numbers (TOKENS, TOKEN_SIZE) an expert sees that is conditioned on these steps alone.

    Where the fingers closed is not found but remembered: every expert sees it that is conditioned on any step.
    """
    mask = np.ones((TOKENS, TOKEN_SIZE), dtype=np.float32)
    if "boxes" not in steps:
        mask[0, :4] = 0.0
    if "grasp" not in steps:
        mask[4, OPENING] = 0.0
        if not (closing and steps):
            mask[3], mask[4, OPENING:] = 0.0, 0.0
    return mask


@dataclass
class GripperMemory:
    """When the fingers were last told to close and to open, counted in actions."""

    closing: bool = False
    since_closing: int = MEMORY_STEPS
    since_opening: int = MEMORY_STEPS
    T_base_closed: np.ndarray | None = None  # (4, 4) where they were told to close

    def update(self, width_commanded: float, T_base_ee: np.ndarray, steps: int = 1) -> None:
        """Take what has been commanded `steps` actions after the last update."""
        self.since_closing += steps
        self.since_opening += steps
        closing = width_commanded < CLOSING
        if closing and not self.closing:
            self.since_closing, self.T_base_closed = 0, T_base_ee.copy()
        elif self.closing and not closing:
            self.since_opening = 0
        self.closing = closing

    def carried_out(
        self, before: GripperMemory, steps: int, closed: bool, was_closed: bool, T_base_ee: np.ndarray
    ) -> GripperMemory:
        """Return what is true where `self`, `before` and what a chunk asked in the `steps` since, has come otherwise.

        A chunk takes over late, and later still where the arm waits; meanwhile the one before it goes on. `closed` and
        `was_closed` say what the fingers are commanded to be now, the tool at T_base_ee, and were at the last look.
        """
        if closed == self.closing:
            return self
        if closed == before.closing:  # not yet
            true, since = replace(before), steps
        elif closed == was_closed:  # nothing has happened: what was decided since is on its way
            return self
        else:
            true, since = replace(self), 0
        true.update(0.0 if closed else np.inf, T_base_ee, since)
        return true


def decided_widths(asked: np.ndarray, opening: float, closing: bool) -> np.ndarray:
    """Return widths (horizon,) [m], each 0 or the opening, of those that the expert asks for.

    It has seen nothing between the two, and is at a loss once fingers are half closed. A change that does not last to
    the end of the chunk is noise, and would count as a grasp that held nothing.
    """
    changed = (asked < 0.5 * opening) != closing
    lasting = np.logical_and.accumulate(changed[::-1])[::-1]
    return np.where(lasting != closing, 0.0, opening)
