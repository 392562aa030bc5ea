# SPDX-License-Identifier: Apache-2.0
"""Where the fingers closed on the object: the closure after which something was lifted, and those that held nothing.

A person closes the fingers slowly, or a little further than the object is wide, while the arm still moves; a script
closes them at once. So a hold is read off the fingers themselves: told to be narrower than they can be.
Shape legend: T frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PRESSED = 0.002  # [m] by which fingers that hold something are told to be narrower than they are
STALLED = 0.001  # [m] they move in a frame at most
SETTLED = 2  # frames a hold lasts at least
SHUT = 0.002  # [m] below this they hold nothing
LIFT = 0.03  # [m] the tool rises while it holds something: else the hold was none
BEGAN = 0.003  # [m] below the opening: the fingers have been told to close


@dataclass(frozen=True, eq=False)
class Closure:
    """A grasp as it was made."""

    told: int  # frame at which the fingers are first told to close
    held: int  # frame from which they hold
    ended: int  # frame after the last one they hold, or may hold
    opening: float  # [m] before
    width: float  # [m] of what they hold
    missed_until: int  # frame after the last earlier closure, the opening included; 0 where there was none


def find_closure(commanded: np.ndarray, measured: np.ndarray, height: np.ndarray) -> Closure | None:
    """Return the last closure that lifted something; None when there is none.

    `commanded` and `measured` (T,) are widths [m] at each frame, `height` (T,) that of the tool [m].
    """
    holds = [run for run in _runs(_holding(commanded, measured)) if run[1] - run[0] >= SETTLED]
    lifting = [run for run in holds if height[run[0] : run[1]].max() - height[run[0]] >= LIFT]
    if not lifting:
        return None
    held, ended = lifting[-1]
    told = _told(commanded, held)
    before = _closures_before(commanded, told)
    return Closure(
        told=told,
        held=held,
        ended=ended,
        opening=float(commanded[max(told - 1, 0)]),
        width=float(np.median(measured[held:ended])),
        missed_until=before,
    )


def _holding(commanded: np.ndarray, measured: np.ndarray) -> np.ndarray:
    moved = np.abs(np.diff(measured, prepend=measured[:1]))
    return (commanded < measured - PRESSED) & (moved < STALLED) & (measured > SHUT)


def _told(commanded: np.ndarray, held: int) -> int:
    """Return the frame at which the closing that led to a hold began."""
    frame = held
    while frame > 0 and commanded[frame - 1] <= commanded[held] + 1e-4:
        frame -= 1
    # The way down of a trigger that is pulled slowly.
    while frame > 0 and commanded[frame - 1] > commanded[frame] + 1e-4:
        frame -= 1
    opening = commanded[frame]
    while frame < held and commanded[frame] > opening - BEGAN:
        frame += 1
    return frame


def _closures_before(commanded: np.ndarray, told: int) -> int:
    """Return the frame after the last time before `told` that the fingers were nearly shut."""
    shut = np.flatnonzero(commanded[:told] < 0.3 * max(commanded[:told].max(initial=0.0), 1e-6))
    return int(shut[-1]) + 1 if len(shut) else 0


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return first and end of each run of true frames; a single frame that is not does not end one."""
    filled = mask.copy()
    filled[1:-1] |= mask[:-2] & mask[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
