# SPDX-License-Identifier: Apache-2.0
"""Widths of grippers in state and action: in metres, of the whole opening, small when closed."""

from __future__ import annotations

import numpy as np

from vla_ros.data.conventions.finding import Answers, Finding, Untold
from vla_ros.data.conventions.recording import Recording
from vla_ros.robots.groups import EndEffectorGroup

ROOM = 0.004  # [m] beyond what the gripper opens
MOVES = 0.004  # [m] standard deviation from which a width is said to move
STEADY = 6  # frames that a command stays the same before what is measured has come to rest
HELD = 0.003  # [m] that a thing keeps the fingers from closing
HALF = (0.42, 0.58)


def check_grippers(recording: Recording) -> Answers:
    """Yield widths in another unit, of one finger, or turned round."""
    for gripper in recording.robot.grippers:
        state, action = _width(recording, gripper, "state"), _width(recording, gripper, "action")
        broken = False
        for what, width in (("state", state), ("action", action)):
            if width is not None and (finding := _unit(gripper, width, f"{gripper.name}/width of {what}")):
                broken = True
                yield finding
        if broken or state is None or action is None:
            continue
        yield from _together(recording, gripper, state, action)


def _width(recording: Recording, gripper: EndEffectorGroup, which: str) -> np.ndarray | None:
    channel = f"{gripper.name}/width"
    if which == "state":
        found = recording.columns([channel])
        return None if found is None else found[:, 0]
    channels = recording.contract.action.absolute_channels
    if channel not in channels:
        return None
    return recording.action[:, recording.action.shape[1] - len(channels) + channels.index(channel)]


def _unit(gripper: EndEffectorGroup, width: np.ndarray, where: str) -> Finding | None:
    low, high = float(width.min()), float(width.max())
    if low >= -ROOM and high <= gripper.width_max + ROOM:
        return None
    seen = f"is {low:.3g} to {high:.3g}, the gripper opens {gripper.width_max:g} m"
    values = np.unique(np.round(width, 6))
    if len(values) <= 3 and np.isin(values, (-1.0, 0.0, 1.0)).all():
        said = "-1 and 1" if low < 0.0 else "0 and 1"
        return Finding("gripper_binary", where, f"{seen}: it is {said}, closed and open, instead of a width")
    if low < -ROOM and high <= 1.05 and low >= -1.05:
        return Finding("gripper_unit", where, f"{seen}: is it normalised to -1 … 1?")
    if high <= 1.05:
        return Finding("gripper_unit", where, f"{seen}: is it the share of the opening, 0 to 1?")
    for factor, unit in ((0.01, "centimetres"), (0.001, "millimetres"), (0.01 * gripper.width_max, "per cent")):
        if gripper.width_max * 0.3 < high * factor <= gripper.width_max + ROOM:
            return Finding("gripper_unit", where, f"{seen}: it would be in {unit}")
    return Finding("gripper_unit", where, seen)


def _together(recording: Recording, gripper: EndEffectorGroup, state: np.ndarray, action: np.ndarray) -> Answers:
    where = f"{gripper.name}/width"
    if state.std() < MOVES or action.std() < MOVES:
        yield Untold(where, "the gripper hardly moves")
        return
    rested = _rested(recording, action)
    later = recording.follows(2)
    together = float(np.corrcoef(action[later], state[later + 2])[0, 1])
    if together < -0.3:
        yield Finding(
            "gripper_sign",
            f"{where} of action",
            f"the measured width grows when the commanded one shrinks (correlation {together:.2f})",
        )
        return
    opened = rested[action[rested] > 0.5 * action.max()]
    if len(opened) >= 10:
        ratio = float(np.median(state[opened]) / np.median(action[opened]))
        if HALF[0] < ratio < HALF[1]:
            yield Finding("gripper_unit", f"{where} of state", _half(ratio, "measured", "commanded"))
            return
        if HALF[0] < 1.0 / max(ratio, 1e-6) < HALF[1]:
            yield Finding("gripper_unit", f"{where} of action", _half(1.0 / ratio, "commanded", "measured"))
            return
    wider = float((state[rested] - action[rested] > HELD).mean()) if len(rested) else 0.0
    narrower = float((action[rested] - state[rested] > HELD).mean()) if len(rested) else 0.0
    if narrower > 0.05 and narrower > 5.0 * wider:
        yield Finding(
            "gripper_sign",
            f"{where} of state and action",
            f"at rest the fingers are narrower than commanded in {100.0 * narrower:.0f} % of the frames, wider in "
            f"{100.0 * wider:.0f} %: things keep fingers from closing, not from opening",
        )
    elif wider < 0.02:
        yield Untold(f"{where}, both turned round", "nothing is held between the fingers")


def _half(ratio: float, first: str, second: str) -> str:
    return f"open, the {first} width is {ratio:.2f} of the {second} one: is it one finger's way?"


def _rested(recording: Recording, action: np.ndarray) -> np.ndarray:
    """Return the frames before which the command stayed the same for STEADY frames."""
    same = np.zeros(len(action), dtype=bool)
    frames = recording.follows(-STEADY)
    spread = np.array([np.ptp(action[frame - STEADY : frame + 1]) for frame in frames])
    same[frames[spread < 1e-4]] = True
    return np.flatnonzero(same)
