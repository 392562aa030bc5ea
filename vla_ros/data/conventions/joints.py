# SPDX-License-Identifier: Apache-2.0
"""Joints of the state: within the URDF's limits of position and speed, in radians, in order."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from vla_ros.data.conventions.finding import Answers, Finding
from vla_ros.data.conventions.recording import Recording
from vla_ros.robots.embodiment import ArmGroup

LIMIT_ROOM = 0.03  # [rad] beyond the URDF's limits: joints give, encoders have noise
SPEED_ROOM = 1.3  # times the URDF's: differences of two resampled angles exaggerate
OUTSIDE = 0.01  # share of frames that may be beyond a limit


def check_joints(recording: Recording) -> Answers:
    """Yield what is wrong with the joints of every arm alone, without what poses say of them."""
    for arm in recording.robot.arms:
        q = recording.joints(arm)
        if q is None:
            continue
        where = f"joints of {arm.name}"
        if beyond := _beyond(arm, q):
            recording.doubted.add(where)
            yield Finding(*_explained(arm, q, where, beyond))


def check_rate(recording: Recording) -> Answers:
    """Yield arms that move faster than they can: frames are further apart than the contract says."""
    if recording.doubted & {"repeated", "rate"}:
        return  # said already, or every step is that of several frames
    steps = recording.follows()
    for arm in recording.robot.arms:
        q = recording.joints(arm)
        if q is None or not len(steps):
            continue
        speed = np.abs(q[steps + 1] - q[steps]) * recording.contract.fps
        fastest = np.quantile(speed, 0.999, axis=0) / arm.velocity
        worst = int(fastest.argmax())
        if fastest[worst] > SPEED_ROOM:
            recording.doubted.add("rate")
            yield Finding(
                "rate",
                f"joints of {arm.name}",
                f"{arm.joints[worst]} turns at {fastest[worst] * arm.velocity[worst]:.1f} rad/s, its limit is "
                f"{arm.velocity[worst]:.1f}: frames are not 1/{recording.contract.fps} s apart",
            )


def outside(arm: ArmGroup, q: np.ndarray) -> np.ndarray:
    """Return the share of frames (J,) in which each joint of q (N, J) is beyond its limits."""
    return ((q < arm.lower - LIMIT_ROOM) | (q > arm.upper + LIMIT_ROOM)).mean(axis=0)


def _beyond(arm: ArmGroup, q: np.ndarray) -> str:
    share = outside(arm, q)
    worst = int(share.argmax())
    if share[worst] <= OUTSIDE:
        return ""
    low, high = q[:, worst].min(), q[:, worst].max()
    return (
        f"{arm.joints[worst]} is {low:.2f} to {high:.2f}, its limits are {arm.lower[worst]:.2f} to "
        f"{arm.upper[worst]:.2f} rad"
    )


def _explained(arm: ArmGroup, q: np.ndarray, where: str, seen: str) -> tuple[str, str, str]:
    if outside(arm, np.radians(q)).max() <= OUTSIDE and np.abs(q).max() > 2.0 * np.pi:
        return "joint_unit", where, f"{seen}: they are in degrees"
    flipped = np.where(outside(arm, q) > OUTSIDE, -1.0, 1.0)
    if outside(arm, q * flipped).max() <= OUTSIDE:
        names = ", ".join(np.array(arm.joints)[flipped < 0.0])
        return "joint_sign", where, f"{seen}: the sign of {names} is turned round"
    for order in orders(len(arm.joints)):
        if outside(arm, q[:, order]).max() <= OUTSIDE:
            named = ", ".join(arm.joints[i] for i in np.argsort(order))
            return "joint_order", where, f"{seen}: within limits as {named}"
    return "joint_limits", where, seen


def orders(count: int) -> list[tuple[int, ...]]:
    """Return other orders of `count` columns, the likely ones first: reversed, two exchanged, rolled, then any."""
    plain = tuple(range(count))
    likely = [plain[::-1]]
    for first in range(count):
        for second in range(first + 1, count):
            exchanged = list(plain)
            exchanged[first], exchanged[second] = second, first
            likely.append(tuple(exchanged))
    likely += [plain[shift:] + plain[:shift] for shift in range(1, count)]
    rest = permutations(plain) if count <= 6 else ()
    return [order for order in dict.fromkeys([*likely, *rest]) if order != plain]
