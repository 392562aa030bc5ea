# SPDX-License-Identifier: Apache-2.0
"""When an identification is refused, and what to do then: each reason is one line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.arm.arm_dynamics import PAYLOAD_REACH
from controllers.errors import VlaError
from controllers.laws.friction_feedforward import DRY_FRICTION_SPEED
from vla_ros.robots.identification.result import Parameters, Quality

MOVING_SPEED = 5.0 * DRY_FRICTION_SPEED  # [rad/s] at which dry friction has long been whole
MOVING_SHARE = 0.1  # of the time, in each direction
CONDITION_MAX = 100.0  # a good excitation of seven joints has 15 to 30
EXPLAINED_MIN = 0.5  # of what friction and payload have to explain, on what was held out
NEGLIGIBLE = 0.005  # of the effort limit: a residual too small to mind
WORSE_MAX = 2.0  # residual on what was held out, compared with what was fitted


class IdentificationError(VlaError):
    """A recording from which nothing can be identified; the message is the reason."""


def check_movement(joints: Sequence[str], speed: np.ndarray) -> None:
    """Raise IdentificationError for a joint that hardly moved; `speed` (R, N) [rad/s]."""
    shares = np.minimum((speed > MOVING_SPEED).mean(axis=0), (speed < -MOVING_SPEED).mean(axis=0))
    worst = int(shares.argmin())
    if shares[worst] < MOVING_SHARE:
        raise IdentificationError(
            f"joint '{joints[worst]}' moved faster than {MOVING_SPEED:g} rad/s both ways in only "
            f"{100 * shares[worst]:.0f} % of the time, needed {100 * MOVING_SHARE:.0f} %: record a livelier excitation"
        )


def check_condition(condition: float) -> None:
    """Raise IdentificationError when the motion does not tell the parameters apart."""
    if not condition <= CONDITION_MAX:
        raise IdentificationError(
            f"the excitation tells friction and payload apart too badly: condition number {condition:.0f}, allowed "
            f"{CONDITION_MAX:.0f}: let all joints move at once, differently, as `vla identify record` does"
        )


def check_delay(delay: float, searched: tuple[float, float]) -> None:
    """Raise IdentificationError when effort fits the motion best at an end of what was searched."""
    if min(delay - searched[0], searched[1] - delay) < 1e-3:
        raise IdentificationError(
            f"effort and motion do not belong together: they fit best {1e3 * delay:.0f} ms apart, searched "
            f"{1e3 * searched[0]:.0f} to {1e3 * searched[1]:.0f} ms: are both stamped by one clock, signs alike?"
        )


def check_validation(joints: Sequence[str], parameters: Parameters, quality: Quality, effort: np.ndarray) -> None:
    """Raise IdentificationError when the fit does not hold for what it has not seen; `effort` (N,) [N·m] limits."""
    distance = float(np.linalg.norm(parameters.center))
    if distance > PAYLOAD_REACH:
        raise IdentificationError(f"the payload's centre of mass would be {distance:.2f} m from the tool, allowed "
                                  f"{PAYLOAD_REACH:g} m: does the effort include the arm's weight?")  # fmt: skip
    for joint, name in enumerate(joints):
        fit, held, explained = quality.fit_rms[joint], quality.held_out_rms[joint], quality.explained[joint]
        if held < NEGLIGIBLE * effort[joint]:
            continue
        if explained < EXPLAINED_MIN or held > WORSE_MAX * fit:
            raise IdentificationError(
                f"the fit does not hold for the part it has not seen: joint '{name}' is off by {held:.2f} N·m RMS "
                f"there, {fit:.2f} N·m where it was fitted, {100 * max(explained, 0.0):.0f} % explained: "
                "was the arm touched, or a different load in the hand?"
            )
