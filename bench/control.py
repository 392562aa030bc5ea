# SPDX-License-Identifier: Apache-2.0
"""What the control loop costs, how punctual it is, how well it follows and how soon it stops."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from bench.figures import add_json_argument, report
from controllers.chunk import ActionChunk, pose_channels
from controllers.errors import ConfigError
from controllers.follower import ChunkFollower
from controllers.loop import PacedLoop, prefer_real_time
from controllers.model import ArmModel
from controllers.rotations import from_matrix
from vla_ros.robots.control import arm_limits, load_control_config
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm

PERIOD = 0.1  # [s] between chunks
REST_SPEED = 0.02  # [rad/s]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench control`."""
    parser.add_argument("--rate", type=float, default=1000.0, help="control rate [Hz] (default 1000)")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement [s] (default 8)")
    parser.add_argument("--delay", type=float, default=0.004, help="command delay of the simulated wire [s]")
    parser.add_argument("--jitter", type=float, default=0.0025, help="jitter on top of the delay [s]")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print a table, write the JSON file."""
    if not (arguments.seconds > 0.0 and 0.0 <= arguments.delay < 1.0 and 0.0 <= arguments.jitter < 1.0):
        raise ConfigError("bench control: --seconds must be > 0, --delay and --jitter 0 to 1 s")
    rig = FrankaRig(arguments.rate, arguments.delay, arguments.jitter)
    figures: dict[str, float] = {}
    for measure in (_following, _stopping, _punctuality):
        figures.update(measure(rig, arguments.seconds))
    figures["delay_margin_ms"] = _delay_margin(rig)
    report(figures, arguments.json)
    return 0


class FrankaRig:
    """The Franka's follower against exact dynamics behind a late wire."""

    def __init__(self, rate: float, delay: float, jitter: float) -> None:
        """Tick at `rate` [Hz]; delays [s]."""
        embodiment = load_embodiment("franka")
        arm = embodiment.arm("panda")
        config = load_control_config("franka")
        self.dt, self.home, self._delay, self._jitter = 1.0 / rate, np.array(arm.home), delay, jitter
        self._plant_model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame, armature=arm.armature)
        self.follower = ChunkFollower("panda", "panda_hand", self._plant_model.clone(), arm_limits(arm, config), config)
        self.stitch_ms: list[float] = []
        self.restart()

    def restart(self, **plant: float) -> None:
        """Put the arm back home and enable afresh."""
        model = self._plant_model
        friction = {"damping": float(model.viscous_friction.mean()), "friction": float(model.dry_friction.mean())}
        delays = {"command_delay": self._delay, "jitter": self._jitter}
        self.arm = DelayedArm(model, self.home, **(delays | friction | {"timestep": min(self.dt, 1e-3)} | plant))
        self.follower.activate(self.arm.q, self.arm.dq, 0.08, 0.0)
        T = model.forward(self.arm.q)
        self._position, self._quaternion = T[:3, 3].copy(), np.array(from_matrix(T[:3, :3]))
        self.sequence = 0

    def path(self, t: float) -> np.ndarray:
        """Return the ideal tool position [m] at t [s]: a figure-eight 0.2 m wide, 0.125 Hz, begun gently."""
        phase = 2.0 * np.pi * 0.125 * t
        return self._position + min(1.0, t) * np.array([0.0, 0.1 * np.sin(phase), 0.05 * np.sin(2.0 * phase)])

    def submit(self) -> None:
        """Hand over the next 0.4 s of the path, four points."""
        times = PERIOD * np.arange(1, 5)
        points = np.array([self.path(self.arm.time + t) for t in times])
        values = np.hstack([points, np.tile(self._quaternion, (4, 1))])
        self.sequence += 1
        chunk = ActionChunk(self.arm.time, "panda_link0", pose_channels("panda"), times, values, self.sequence)
        began = time.perf_counter()
        self.follower.submit(chunk, self.arm.time)
        self.stitch_ms.append(1e3 * (time.perf_counter() - began))

    def tick(self, stale: bool = False) -> float:
        """Tick once and step the arm; return the tick's duration [s]."""
        q, dq = self.arm.measure()
        stamp = self.arm.time - (1.0 if stale else 0.0)
        began = time.perf_counter()
        command = self.follower.tick(self.arm.time, self.dt, q, dq, stamp)
        duration = time.perf_counter() - began
        self.arm.command(command.effort)
        for _ in range(max(1, round(self.dt / self.arm.timestep))):
            self.arm.step()
        return duration

    def follow(self, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """Follow the path; return tick durations [s] and tool errors against the ideal path [m]."""
        durations, errors, next_chunk = [], [], self.arm.time
        end = self.arm.time + seconds
        while self.arm.time < end:
            if self.arm.time >= next_chunk - 1e-9:
                self.submit()
                next_chunk += PERIOD
            durations.append(self.tick())
            tool = self._plant_model.forward(self.arm.q)[:3, 3]
            errors.append(np.linalg.norm(tool - self.path(self.arm.time)))
        return np.array(durations), np.array(errors)


def _following(rig: FrankaRig, seconds: float) -> dict[str, float]:
    rig.restart()
    durations, errors = rig.follow(seconds)
    tick = np.percentile(1e6 * durations, [50, 95, 99, 99.9])
    commanded = rig.follower.progress.T_base_ee_commanded[:3, 3].copy()
    for _ in range(round(1.5 / rig.dt)):
        rig.tick()
    commanded = rig.follower.progress.T_base_ee_commanded[:3, 3]
    static = np.linalg.norm(rig._plant_model.forward(rig.arm.q)[:3, 3] - commanded)
    return {
        "tick_us_median": float(tick[0]),
        "tick_us_p95": float(tick[1]),
        "tick_us_p99": float(tick[2]),
        "tick_us_p999": float(tick[3]),
        "stitch_ms_median": float(np.median(rig.stitch_ms)),
        "stitch_ms_p99": float(np.percentile(rig.stitch_ms, 99)),
        "tracking_rms_mm": float(1e3 * np.sqrt((errors[round(1.0 / rig.dt) :] ** 2).mean())),
        "static_error_mm": float(1e3 * static),
    }


def _stopping(rig: FrankaRig, seconds: float) -> dict[str, float]:
    def rest_time(stop: Callable[[], None], stale: bool = False) -> float:
        rig.restart()
        rig.follow(1.5)
        stop()
        began = last_moving = rig.arm.time
        for k in range(round(1.5 / rig.dt)):
            rig.tick(stale=stale and k * rig.dt < 0.1)
            if np.abs(rig.arm.dq).max() > REST_SPEED:
                last_moving = rig.arm.time
        rig.follower.release_emergency_stop()
        return last_moving - began

    return {
        "estop_rest_s": rest_time(rig.follower.emergency_stop),
        "stale_rest_s": rest_time(lambda: None, stale=True),
        "exhausted_rest_s": rest_time(lambda: None),
    }


def _punctuality(rig: FrankaRig, seconds: float) -> dict[str, float]:
    """Compare the follower's loop with an empty one of the same scheduling class, in interleaved blocks."""
    rig.restart()
    q, dq = (array.copy() for array in rig.arm.measure())
    start = time.monotonic()
    loops = {
        "lateness": PacedLoop(1.0 / rig.dt, lambda now: rig.follower.tick(now - start, rig.dt, q, dq)),
        "empty_lateness": PacedLoop(1.0 / rig.dt, lambda now: None),
    }
    for warning in prefer_real_time():
        print(f"warning: {warning}")
    for _ in range(4):
        for loop in loops.values():
            loop.run(seconds / 8.0)
    reports = {name: loop.report() for name, loop in loops.items()}
    figures = {f"{name}_p999_ms": report.lateness_p999_ms for name, report in reports.items()}
    figures["lateness_median_ms"] = reports["lateness"].lateness_median_ms
    figures["lateness_p999_ratio"] = figures["lateness_p999_ms"] / max(figures["empty_lateness_p999_ms"], 1e-6)
    figures["paced_tick_us_median"] = reports["lateness"].tick_median_us
    return figures


def _delay_margin(rig: FrankaRig) -> float:
    """Return the longest command delay [ms] at which a frictionless arm still comes to rest after a push."""
    random = np.random.default_rng(1)
    push = 3.0 * random.normal(size=(round(0.05 / rig.dt), len(rig.home)))
    for delay_ms in range(8, 60, 2):
        rig.restart(command_delay=1e-3 * delay_ms, jitter=0.0, damping=0.0, friction=0.0)
        speeds = []
        for k in range(round(1.2 / rig.dt)):
            rig.arm.disturbance[:] = push[k] if k < len(push) else 0.0
            rig.tick()
            speeds.append(np.abs(rig.arm.dq).max())
        half = len(speeds) // 2
        ringing = max(speeds[-half // 2 :]) > 0.5 * max(speeds[:half])
        if ringing or rig.follower.progress.hold_reason.startswith("fault"):
            return float(delay_ms - 2)
    return 58.0
