# SPDX-License-Identifier: Apache-2.0
"""Hands along paths in kinematic simulation: figures of eight, and a rigid bar that two of them carry.

What a hand follows goes on at the progress of the programme. The bar is carried faster than the joints can, so that
progress has to wait, and it is seen whether it waits for both hands alike. A robot ticks at its own update rate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pinocchio as pin

from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import BodyTarget, HandTarget
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.whole_body import whole_body

WIDTH, HEIGHT = 0.2, 0.1  # [m] of an eight
EIGHT_HZ = 0.25
BAR_WIDTH, BAR_HZ = 0.5, 0.6  # an eight of the bar's middle that no arm follows in time
BAR_TURN = 0.3  # [rad] to and fro about the upright axis

Path = Callable[[float], np.ndarray]  # [s] → (4, 4)


def figure_eight(T: np.ndarray, width: float = WIDTH, rate: float = EIGHT_HZ) -> Path:
    """Return an eight upright before the robot that begins at T (4, 4), at rest in its first tenth of a round."""

    def at(s: float) -> np.ndarray:
        phase = 2.0 * np.pi * rate * eased(s, 0.1 / rate)
        out = T.copy()
        out[1, 3] += 0.5 * width * np.sin(phase)
        out[2, 3] += 0.5 * HEIGHT * np.sin(2.0 * phase)
        return out

    return at


def eased(s: float, ramp: float) -> float:
    """Return the time that a clock shows which takes `ramp` [s] to be as fast as it should."""
    return s - 0.5 * ramp if s > ramp else 0.5 * s * s / ramp


def twist_of(path: Path, s: float, step: float = 1e-5) -> np.ndarray:
    """Return (6,) how a path moves at s [s], by differences."""
    before, after = path(s - step if s > step else 0.0), path(s + step)
    span = step + min(s, step)
    return np.concatenate(
        [(after[:3, 3] - before[:3, 3]) / span, pin.log3(after[:3, :3] @ before[:3, :3].T) / span]
    )  # fmt: skip


def eights(robot: str, rounds: int = 2) -> dict[str, float]:
    """Return by arm the RMS distance [mm] of its tool from where it should be at the time, all at once."""
    embodiment = load_embodiment(robot)
    control = WholeBody(whole_body(embodiment))
    paths = {name: figure_eight(control.tool_pose(name)) for name in control.hands}
    errors: dict[str, list[float]] = {name: [] for name in paths}
    for _ in _follow(control, paths, rounds / EIGHT_HZ, embodiment.control_period):
        for name in paths:
            errors[name].append(float(np.linalg.norm(control.hands[name].error[:3])))
    return {name: 1e3 * float(np.sqrt(np.mean(np.square(values)))) for name, values in errors.items()}


def carried_bar(robot: str, rounds: int = 2, rate: float = BAR_HZ) -> tuple[float, float]:
    """Return how much nearer or further [mm] two hands were than the bar is long, at most, and the least progress.

    The eight is drawn `rate` [Hz] times a second, by its own clock.
    """
    embodiment = load_embodiment(robot)
    control = WholeBody(whole_body(embodiment))
    left, right = list(control.hands)[:2]
    hands = {name: control.tool_pose(name) for name in (left, right)}
    middle = np.eye(4)
    middle[:3, 3] = 0.5 * (hands[left][:3, 3] + hands[right][:3, 3])
    grips = {name: np.linalg.inv(middle) @ T for name, T in hands.items()}
    eight = figure_eight(middle, BAR_WIDTH, rate)

    def bar(s: float) -> np.ndarray:
        T = eight(s)
        T[:3, :3] = pin.exp3(np.array([0.0, 0.0, BAR_TURN * np.sin(2.0 * np.pi * rate * eased(s, 0.1 / rate))]))
        return T

    paths: dict[str, Path] = {name: lambda s, grip=grip: bar(s) @ grip for name, grip in grips.items()}  # type: ignore[misc]
    length = np.linalg.norm(hands[left][:3, 3] - hands[right][:3, 3])
    worst, slowest = 0.0, 1.0
    for _ in _follow(control, paths, rounds / rate, embodiment.control_period):
        apart = np.linalg.norm(control.tool_pose(left)[:3, 3] - control.tool_pose(right)[:3, 3])
        worst, slowest = max(worst, abs(float(apart - length))), min(slowest, control.progress)
    return 1e3 * worst, slowest


def _follow(control: WholeBody, paths: dict[str, Path], duration: float, dt: float):
    """Yield after every tick of dt [s] until so much of the paths [s] is executed, or ten times as long has passed."""
    s, ticks = 0.0, 0
    while s < duration and ticks * dt < 10.0 * duration:
        target = BodyTarget({name: HandTarget(path(s), twist_of(path, s)) for name, path in paths.items()})
        control.tick(target, dt)
        s += control.progress * dt
        ticks += 1
        yield s
