# SPDX-License-Identifier: Apache-2.0
"""Whether every frame has a measurement of its own, and the base's velocity is what it is told."""

from __future__ import annotations

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from vla_ros.data.conventions.finding import Answers, Finding, Untold
from vla_ros.data.conventions.recording import Recording

REPEATED = 0.2  # share of moving frames whose state may be the one before to the bit
MOVING = 0.002  # [rad], [m] a frame, of joints or a tool
CORRELATED, UNIT_FACTOR = 0.5, 8.0


def check_repeated(recording: Recording) -> Answers:
    """Yield arms whose state stays the same to the bit while they move: a message that was stored more than once."""
    for arm in recording.robot.arms:
        for name, values in (("joints", recording.stored_joints(arm)), ("pose", recording.pose(arm))):
            if values is None:
                continue
            steps = recording.follows()
            change = np.abs(values[steps + 1] - values[steps]).max(axis=1)
            # A frame counts as moving when the ones around it do: a repeated one shows no motion itself.
            kernel = np.ones(7)
            moving = np.convolve(change > MOVING, kernel, mode="same") >= 2
            if moving.sum() < 20:
                continue
            share = float((change[moving] == 0.0).mean())
            if share > REPEATED:
                recording.doubted.add("repeated")
                yield Finding(
                    "state_repeated",
                    f"{name} of {arm.name}",
                    f"are those of the frame before to the bit in {100.0 * share:.0f} % of the frames in motion",
                )
                break


def check_base(recording: Recording) -> Answers:
    """Yield axes of the base whose measured velocity goes against what is commanded, or is of another unit."""
    action = recording.contract.action
    state = recording.columns(BASE_AXES)
    if not action.base:
        return
    if state is None:
        yield Untold("velocity of the base", "the state has none")
        return
    steps = recording.follows(2)
    commanded = recording.action[steps, recording.action.shape[1] - 3 :]
    measured = state[steps + 2]
    for number, axis in enumerate(BASE_AXES):
        told, found = commanded[:, number], measured[:, number]
        if told.std() < 0.005 or found.std() < 0.005:
            yield Untold(axis, "the base hardly moves so")
            continue
        together = float(np.corrcoef(told, found)[0, 1])
        if together < -CORRELATED:
            yield Finding("base_sign", axis, f"is measured against what is commanded (correlation {together:.2f})")
        elif together > CORRELATED:
            factor = float(found.std() / told.std())
            if not 1.0 / UNIT_FACTOR < factor < UNIT_FACTOR:
                yield Finding("base_unit", axis, f"is measured {factor:.3g} times as fast as it is commanded")
