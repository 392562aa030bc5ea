# SPDX-License-Identifier: Apache-2.0
"""How fast and how exactly the Panda's driver passes on what it is told; -s prints the figures of docs/hardware.md."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from arms.franka_arm import HOME

pytest.importorskip("panda_py", reason="panda_py is not installed: VLA_EXTRAS=hardware ./vla … installs it")

from rig.fci.model_library import compiler
from rig.fci.station import PandaStation

from vla_ros.hardware.panda.arm import PandaArm

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler makes the library that libfranka loads")
PERIOD = 0.002  # [s]
STEPS, STEP, STEP_S = 100, 1.0, 0.03  # torques that change by so much [N·m], and how long each is told [s]


@pytest.fixture
def driven() -> Iterator[tuple[PandaArm, PandaStation]]:
    """An arm at home, held."""
    station = PandaStation()
    arm = PandaArm(station.address)
    try:
        yield arm, station
    finally:
        arm.close()
        station.close()


def drive(arm: PandaArm, kind: str, values: np.ndarray, seconds: float) -> tuple[float, float]:
    """Tell it one thing for a while; return when it was told first: [s] monotonic, [s] of the arm's own time."""
    began, own = time.monotonic(), arm.read().state.time.to_sec()
    while time.monotonic() - began < seconds:
        arm.drive(kind, values)
        time.sleep(PERIOD)
    return began, own


def test_a_torque_reaches_the_arm_within_milliseconds(driven):
    arm, station = driven
    drive(arm, "effort", np.zeros(7), 0.2)
    station.motion()
    told = []
    for number in range(STEPS):
        tau = np.zeros(7)
        tau[0] = STEP if number % 2 else -STEP
        told.append((drive(arm, "effort", tau, STEP_S)[0], tau[0]))
    motion = station.motion()
    first, nearly = [], []
    for when, torque in told[1:]:
        after = motion.arrived > when
        rows = np.flatnonzero(after)[: int(STEP_S * 1e3)]
        change = (motion.tau[rows, 0] - motion.tau[rows[0] - 1, 0]) * np.sign(torque)
        first.append(1e3 * (motion.arrived[rows[np.argmax(change > 0.1 * STEP)]] - when))
        nearly.append(1e3 * (motion.arrived[rows[np.argmax(change > 1.26 * STEP)]] - when))  # 63 % of the step
    for name, values in (("begins", first), ("63 %", nearly)):
        median, most = np.percentile(values, (50, 95))
        print(f"\ntorque {name}: median {median:.1f} ms, p95 {most:.1f} ms, n {len(values)}")
    assert np.median(first) < 8.0
    assert np.median(nearly) < 15.0


def test_positions_are_tracked(driven):
    arm, station = driven
    drive(arm, "position", HOME, 0.2)
    station.motion()
    away = 0.4 * np.array([1.0, -0.5, 1.0, 0.5, 1.0, 1.0, 1.0])
    began = arm.read().state.time.to_sec()
    times, wanted = [], []
    while (t := arm.read().state.time.to_sec() - began) < 3.0:
        wanted.append(HOME + away * np.sin(np.pi * t) ** 2)
        times.append(began + t)
        arm.drive("position", wanted[-1])
        time.sleep(PERIOD)
    motion = station.motion()
    off = np.array([np.interp(times, motion.time, motion.q[:, joint]) for joint in range(7)]).T - np.array(wanted)
    rms, most = np.sqrt(np.mean(off**2, axis=0)), np.abs(off).max(axis=0)
    speed = np.abs(motion.dq).max(axis=0)
    errors = f"rms {1e3 * rms.round(4)}, most {1e3 * most.round(4)}"
    print(f"\npositions [mrad]: {errors}, at up to {speed.round(2)} rad/s, n {len(times)}")
    assert not arm.fault
    assert speed.max() > 0.8
    assert rms.max() < 0.05
