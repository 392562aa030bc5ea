# SPDX-License-Identifier: Apache-2.0
"""A million ticks in lockstep under random chunks: nothing may drift, grow or gather energy."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import numpy as np
import psutil
from rich.console import Console

from bench.control_loop.rig import FrankaRig
from bench.franka import ARM, GRIPPER, WIDTH
from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, pose_channels
from controllers.errors import ChunkError
from vla_ros.progress import WorkProgress

PARTS = 10
REST_S, HOME_S = 1.5, 2.0  # [s] at the end of each part: at rest at home, after the way there
ENERGY_EVERY = 10  # ticks between two readings of the energy
GROWTH_MIB, DRIFT_MM, POSTURE_RAD, ENERGY_RATIO = 2.0, 0.5, 0.02, 2.0  # what may change from the first part on
HOME_MM, REFUSED_SHARE = 2.0, 0.2  # from home at rest; of the chunks: an arm that moves no more is no proof
STOPPED_S = 0.3  # [s] after which an arm that a fault has stopped is enabled again


class Soak:
    """The rig under chunks of every kind a policy may send."""

    def __init__(self, rig: FrankaRig, seed: int = 0) -> None:
        """Start at home."""
        self.rig, self._random = rig, np.random.default_rng(seed)
        rig.restart()
        self._start = rig.franka.start
        self._stiffness = self._springs()
        self._sequence = self.accepted = self.refused = self.faults = 0
        self._stamp = 0.0  # [s] before which chunks are not dated
        self._stopped = 0  # ticks since a fault
        self.energy = 0.0  # [J] the most since it was set to 0

    def _springs(self) -> np.ndarray:
        impedance = self.rig.franka.config.impedance
        return np.array([impedance.stiffness_position] * 3 + [impedance.stiffness_rotation] * 3)

    def part(self, ticks: int) -> dict[str, float]:
        """Shake the arm for `ticks`, take it home, and say how it rests."""
        rig = self.rig
        self.energy = 0.0
        quiet = round((REST_S + HOME_S) / rig.dt)
        next_chunk = 0
        for k in range(max(0, ticks - quiet)):
            if k >= next_chunk:
                self._submit(self._random_chunk())
                next_chunk = k + round(self._random.uniform(0.02, 0.6) / rig.dt)
            self._tick(k)
        for k in range(quiet):
            if k == 0 or k == round(0.5 * HOME_S / rig.dt):  # again: a chunk far away is met by a limit, not by a jump
                self._submit(self._chunk_to(self._start, HOME_S))
            self._tick(k)
        gc.collect()
        filtered = rig.driven.drive.motion.pose.filter.quaternion
        return {
            "energy_j": self.energy,
            "home_mm": 1e3 * float(np.linalg.norm(rig.tool - self._start[:3])),
            "posture_rad": float(np.abs(rig.arm.q - rig.home).max()),
            "norm": abs(1.0 - float(np.linalg.norm(filtered))),
            "rss_mib": psutil.Process().memory_info().rss / 2**20,
        }

    def _tick(self, k: int) -> None:
        self.rig.tick()
        self._enable_again()
        if k % ENERGY_EVERY == 0:
            driven, dq = self.rig.driven, self.rig.arm.dq
            error = driven.drive.law.cartesian.error
            kinetic, spring = 0.5 * dq @ driven.model.M @ dq, 0.5 * error @ (self._stiffness * error)
            self.energy = float(np.maximum(self.energy, kinetic + spring))  # NaN stays

    def _enable_again(self) -> None:
        """Do what a person would after a fault: a chunk far away may ask a joint for more than its speed."""
        rig, held = self.rig, self.rig.follower.progress.hold_reason.startswith("fault")
        self._stopped = self._stopped + 1 if held else 0
        if self._stopped * rig.dt > STOPPED_S:
            self.faults, self._stopped = self.faults + 1, 0
            rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.arm.time)

    def _submit(self, chunk: ActionChunk) -> None:
        try:
            self.rig.follower.submit(chunk, self.rig.arm.time)
            self.accepted += 1
        except ChunkError:
            self.refused += 1

    def _random_chunk(self) -> ActionChunk:
        """Return a random walk around home, some of it late, ending, with fingers, or in joints."""
        random, now = self._random, self.rig.arm.time
        points, step = int(random.integers(1, 51)), float(random.choice([1 / 50, 1 / 30, 0.1]))
        times = step * np.arange(1, points + 1)
        stamp = max(self._stamp, now - random.uniform(0.0, 0.6))  # most are in order
        self._stamp = stamp if random.random() < 0.95 else self._stamp
        self._sequence += 1
        if random.random() < 0.1:
            way = np.cumsum(0.02 * random.normal(size=(points, len(self.rig.home))), axis=0)
            names = tuple(f"{joint}/position" for joint in self.rig.franka.model.joints)
            values = self.rig.home + np.clip(way, -0.2, 0.2)
            return ActionChunk(stamp, "panda_link0", names, times, values, self._sequence)
        way = np.cumsum(random.normal(size=(points, 3)) * 0.3 * step, axis=0)
        poses = np.tile(self._start, (points, 1))
        poses[:, :3] += np.clip(way + random.uniform(-0.04, 0.04, 3), -0.12, 0.12)
        poses[:, 3:] += 0.05 * random.normal(size=4)  # up to some 15°
        poses[:, 3:] /= np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
        channels, extra = pose_channels(ARM), []
        if random.random() < 0.5:
            channels, extra = (*channels, f"{GRIPPER}/width"), [np.full(points, random.uniform(0.0, 0.08))]
        if random.random() < 0.1:
            channels, extra = (*channels, STATUS_CHANNEL), [*extra, np.full(points, random.choice([-1.0, 1.0]))]
        return ActionChunk(stamp, "panda_link0", channels, times, np.column_stack([poses, *extra]), self._sequence)

    def _chunk_to(self, pose: np.ndarray, seconds: float) -> ActionChunk:
        self._sequence += 1
        times = np.array([0.5, 1.0]) * seconds
        self._stamp = self.rig.arm.time
        return ActionChunk(
            self.rig.arm.time, "panda_link0", pose_channels(ARM), times, np.stack([pose, pose]), self._sequence
        )


def soak_figures(rig: FrankaRig, ticks: int) -> tuple[dict[str, float], list[str]]:
    """Run `ticks` in ten parts; return figures and what is not as it must be. The first part is the measure."""
    soak, parts = Soak(rig), []
    with WorkProgress(console=Console()) as progress:
        task = progress.add_task(f"{ticks} ticks", total=PARTS)
        for _ in range(PARTS):
            parts.append(part := soak.part(ticks // PARTS))
            progress.console.print(
                f"energy {part['energy_j']:.2f} J, from home {part['home_mm']:.2f} mm, "
                f"posture {part['posture_rad']:.3f} rad, {part['rss_mib']:.1f} MiB"
            )
            progress.advance(task)
    first, later = parts[0], parts[1:]

    def most(name: str, of: Sequence[dict[str, float]]) -> float:
        return float(np.max([part[name] for part in of]))  # NaN where one of them is

    def change(name: str) -> float:
        return most(name, later) - first[name]

    figures = {
        "soak_ticks": float(ticks), "soak_chunks": float(soak.accepted), "soak_chunks_refused": float(soak.refused),
        "soak_faults": float(soak.faults), "soak_refused_share": soak.refused / max(1, soak.refused + soak.accepted),
        "soak_home_mm": most("home_mm", parts), "soak_energy_max_j": most("energy_j", parts),
        "soak_energy_ratio": most("energy_j", later) / max(first["energy_j"], 1e-9),
        "soak_drift_mm": change("home_mm"), "soak_posture_drift_rad": change("posture_rad"),
        "soak_quaternion_norm_error": most("norm", parts),
        "soak_memory_growth_mib": change("rss_mib"),
    }  # fmt: skip
    bars = {
        "soak_home_mm": HOME_MM,
        "soak_refused_share": REFUSED_SHARE,
        "soak_energy_ratio": ENERGY_RATIO,
        "soak_drift_mm": DRIFT_MM,
        "soak_posture_drift_rad": POSTURE_RAD,
        "soak_quaternion_norm_error": 1e-9,
        "soak_memory_growth_mib": GROWTH_MIB,
    }
    problems = [
        f"{name} is {figures[name]:.3g}, allowed {bar:g}" for name, bar in bars.items() if not figures[name] <= bar
    ]
    return figures, problems
