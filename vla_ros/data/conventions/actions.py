# SPDX-License-Identifier: Apache-2.0
"""Actions: whether row k leads to frame k + 1, read in every usual wrong way as well.

Where a dataset stores what chunks start from, and of the same kind as targets, that of the next frame is exactly what
an action leads to. Else the measured state is compared, which follows what is commanded with a delay.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_ros.data.conventions.action_parts import Part, action_parts
from vla_ros.data.conventions.action_readings import readings
from vla_ros.data.conventions.finding import Answers, Finding, Untold
from vla_ros.data.conventions.recording import Recording, pose_distance

EXACT, LOOSE = 0.05, 0.4  # most error of an action, of the spread of what is expected
BETTER = 0.5  # another reading must have less than this share of the error
MUCH_BETTER = 0.25  # where a delay would explain the error as well
_BY_DELAY = ("action_shifted", "action_scaled")
LATE_S = 0.5  # [s] most that an arm follows its command
ANCHOR_ROOM = (0.08, 0.4)  # [m], [rad] median between where a tool is commanded and measured


def check_anchor(recording: Recording) -> Answers:
    """Yield arms whose anchor is not near to where the state has them, or which follow it too late."""
    if recording.anchor is None:
        return
    for number, name in enumerate(recording.contract.action.arms):
        arm = recording.robot.arm(name)
        measured, where = recording.tool(arm), f"observation.anchor of {name}"
        anchor = recording.anchor[:, 7 * number : 7 * number + 7]
        if measured is None:
            yield Untold(where, "the state does not say where the tool is")
            continue
        shift, angle = pose_distance(anchor, measured)
        if shift <= ANCHOR_ROOM[0] and angle <= ANCHOR_ROOM[1]:
            continue
        recording.doubted.add("anchor")
        yield Finding(
            "anchor", where, f"{1000.0 * shift:.0f} mm and {np.degrees(angle):.0f}° from the measured pose (median)"
            + _as_read(anchor, measured)
        )  # fmt: skip


def check_delay(recording: Recording) -> Answers:
    """Yield a state that comes before or too long after what is commanded."""
    if recording.doubted & {"anchor", "rate"}:
        return
    for part in action_parts(recording):
        if part.commanded is None or part.measured is None or part.contract.target == "measured":
            continue
        lag = _best_lag(recording, part.commanded, part.measured)
        if lag is None:
            continue
        seconds = lag / recording.contract.fps
        if seconds > LATE_S or lag < 0:
            recording.doubted |= {"time"}
            yield Finding(
                "state_late",
                f"state of {part.name}",
                f"is nearest to what was commanded {abs(seconds):.1f} s {'before' if lag > 0 else 'after'} it"
                + (f", at most {LATE_S:g} s are usual" if lag > 0 else ": measured before it was commanded"),
            )


def check_actions(recording: Recording) -> Answers:
    """Yield parts of the action that do not lead to what comes next, by the way in which they would."""
    if recording.doubted & {"anchor", "rate", "time"}:
        yield Untold("action", "what it starts from or its time is wrong already")
        return
    for part in action_parts(recording):
        where = f"action of {part.name}"
        if part.expected is None:
            yield Untold(where, part.why)
            continue
        finding = _judged(recording, part)
        if finding is not None:
            recording.doubted.add("action")
            yield finding


def _judged(recording: Recording, part: Part) -> Finding | None:
    assert part.expected is not None
    where, limit = f"action of {part.name}", EXACT if part.exact else LOOSE
    if part.stored.std(axis=0).max() < 1e-6:
        if part.expected.std(axis=0).max() < 1e-3:
            return None
        return Finding("action_still", where, "is the same in every frame, and the state moves")
    error = part.error(part.stored)
    if error <= EXACT:
        return _early(recording, part, where)
    seen = f"misses what comes next by {100.0 * error:.0f} % of how much that varies"
    for fault, words, read in readings(recording, part):
        found = part.error(read)
        if error <= limit and (fault in _BY_DELAY or found > MUCH_BETTER * error):
            continue  # an arm that follows its command late explains as much
        if found <= limit and found < BETTER * error:
            return Finding(fault, where, f"{seen}; {words}")
    if error <= limit:
        return _early(recording, part, where)
    return Finding("action_unknown", where, f"{seen}, and in no usual other convention less")


def _early(recording: Recording, part: Part, where: str) -> Finding | None:
    """Return what is wrong with the time of absolute actions, which the error above hardly shows."""
    if part.exact or part.absolute is None or part.measured is None:
        return None
    lag = _best_lag(recording, part.absolute, part.measured[:, : part.absolute.shape[1]])
    usual = (1, 1) if part.contract.target == "measured" else (1, int(1 + LATE_S * recording.contract.fps))
    if lag is None or usual[0] <= lag <= usual[1]:
        return None
    wanted = "1 frame" if usual[1] == 1 else f"1 to {usual[1]} frames"
    return Finding(
        "action_shifted", where, f"is nearest to the state {lag} frames later, {wanted} is what the contract makes"
    )


def _best_lag(recording: Recording, first: np.ndarray, second: np.ndarray) -> int | None:
    """Return how many frames later `second` (N, C) is nearest to `first`; None where little moves."""
    usable = int(np.bincount(recording.episode).max()) // 3
    furthest = min(int(np.ceil(1.5 * recording.contract.fps)), usable)
    if furthest < 2 or first.std(axis=0).max() < 0.01:
        return None
    costs = {}
    for lag in range(-min(furthest, 6), furthest + 1):
        frames = recording.follows(lag)
        costs[lag] = float(np.abs(first[frames] - second[frames + lag]).mean())
    best = min(costs, key=lambda lag: costs[lag])
    flat = costs[best] > 0.8 * np.median(list(costs.values()))
    return None if flat else best


def _as_read(anchor: np.ndarray, measured: np.ndarray) -> str:
    for words, read in _other_readings(anchor):
        shift, angle = pose_distance(read, measured)
        if shift <= ANCHOR_ROOM[0] and angle <= ANCHOR_ROOM[1]:
            return f"; near to it {words}"
    return ""


def _other_readings(anchor: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "with quaternions read as w, x, y, z", anchor[:, [0, 1, 2, 4, 5, 6, 3]]
    yield "in millimetres", anchor * np.array([0.001] * 3 + [1.0] * 4)
