# SPDX-License-Identifier: Apache-2.0
"""From chunks to torques: our follower, or somebody else's reference behind the same impedance law and gate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from bench.chunk_control.methods import BASELINES, Method
from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from controllers.control_config import ControlConfig
from controllers.drives.torque_law import POSTURE_S, TorqueLaw
from controllers.filters import PoseFilter
from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_arm import DrivenArm
from controllers.rotations import IDENTITY, Quaternion, from_matrix
from controllers.safety.gate import EffortGate


@dataclass(frozen=True)
class Entry:
    """One line of the comparison: a baseline, with or without our filter, or ours with something changed."""

    name: str
    baseline: str = ""  # of BASELINES; empty: ours
    filtered: bool = False
    stitch: dict[str, Any] = field(default_factory=dict)  # overrides of StitchConfig


class Driver(Protocol):
    """What a roll-out needs of a method."""

    commanded: np.ndarray  # (7,) what is commanded now

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Take a chunk. Raises ChunkError when it is refused."""

    def tick(self, now: float, dt: float, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Return the effort (N,) [N·m] at `now` [s]."""

    def ready(self, now: float, settled: bool) -> bool:
        """Say whether the policy may look."""


class OursDriver:
    """The chunk follower as it is shipped."""

    def __init__(self, model: ArmModel, limits: ArmLimits, config: ControlConfig, arm: str, q: np.ndarray) -> None:
        """Enable `arm` at rest at q (N,) [rad]."""
        self._arm = DrivenArm(arm, model, limits, config)
        self._follower = ChunkFollower([self._arm], AuxiliaryDrive({}), config)
        self._follower.activate(q, np.zeros_like(q), {}, 0.0)
        self.commanded = np.zeros(7)
        self._read()

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Hand the chunk over; the follower knows what was commanded at its stamp."""
        self._follower.submit(chunk, now)

    def tick(self, now: float, dt: float, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Tick the follower."""
        self._follower.tick(now, dt, q, dq)
        self._read()
        return self._arm.command.effort

    def ready(self, now: float, settled: bool) -> bool:
        """Look at any time."""
        return True

    def _read(self) -> None:
        T = self._arm.progress.T_base_ee_commanded
        self.commanded[:3], self.commanded[3:] = T[:3, 3], from_matrix(T[:3, :3])


class RawReference:
    """A reference that is passed on as it is: no acceleration is known of it."""

    delay = 0.0

    def __init__(self, pose: np.ndarray) -> None:
        """Rest at `pose` (7,)."""
        self.position, self.twist, self.acceleration = pose[:3].copy(), np.zeros(6), np.zeros(6)
        self.quaternion: Quaternion = IDENTITY
        self.take(pose, self.twist, 0.0)

    def take(self, pose: np.ndarray, twist: np.ndarray, dt: float) -> None:
        """Be at `pose` (7,) with `twist` (6,)."""
        self.position[:], self.twist[:] = pose[:3], twist
        self.quaternion = tuple(pose[3:].tolist())


class FilteredReference(PoseFilter):
    """The cascaded filter behind somebody else's reference, which is sampled ahead by the filter's delay."""

    def __init__(self, pose: np.ndarray, cutoff: float) -> None:
        """Rest at `pose` (7,)."""
        super().__init__(cutoff)
        self.reset(pose[:3], tuple(pose[3:].tolist()))

    def take(self, pose: np.ndarray, twist: np.ndarray, dt: float) -> None:
        """Advance by dt [s] to `pose` (7,)."""
        self.step(pose[:3], tuple(pose[3:].tolist()), dt)


class MethodReference:
    """Stands where TorqueLaw keeps its own reference: `filter` is what the law reads, `step` moves it on."""

    def __init__(self, method: Method, reference: RawReference | FilteredReference) -> None:
        """Sample `method` into `reference`."""
        self.method, self.filter = method, reference
        self.now = 0.0  # [s]

    def step(self, target: np.ndarray, dt: float) -> None:
        """Sample at `now`; there is no path whose `target` could be taken."""
        pose, twist = self.method.sample(self.now + self.filter.delay)
        self.filter.take(pose, twist, dt)


class BaselineDriver:
    """Somebody else's reference behind our impedance law, friction, joint-limit repulsion and effort gate."""

    def __init__(self, entry: Entry, model: ArmModel, limits: ArmLimits, config: ControlConfig, q: np.ndarray) -> None:
        """Start at rest at q (N,) [rad]."""
        model.update(q, np.zeros_like(q))
        self._model, self._gate = model, EffortGate(limits)
        self._law = TorqueLaw(model, limits, config)
        self._law.choose_posture(q)
        self._law.approach_posture(POSTURE_S)  # all the way at once
        self.commanded = np.concatenate([model.position, from_matrix(model.rotation)])
        reference = (
            FilteredReference(self.commanded, config.filter_cutoff) if entry.filtered else RawReference(self.commanded)
        )
        self._reference = MethodReference(BASELINES[entry.baseline](self.commanded.copy()), reference)
        self._law.motion.pose = self._reference  # type: ignore[assignment]

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Hand the chunk to the method, at the time its reference is sampled for."""
        self._reference.method.submit(chunk, origin, now + self._reference.filter.delay)

    def tick(self, now: float, dt: float, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Sample the method, pull the arm along."""
        self._model.update(q, dq)
        self._reference.now = now
        self._gate.apply(self._law.effort(self.commanded, dt), dt)
        self.commanded[:3], self.commanded[3:] = self._reference.filter.position, self._reference.filter.quaternion
        return self._gate.effort

    def ready(self, now: float, settled: bool) -> bool:
        """Ask the method."""
        return self._reference.method.ready(now + self._reference.filter.delay, settled)


def drive(entry: Entry, model: ArmModel, limits: ArmLimits, config: ControlConfig, arm: str, q: np.ndarray) -> Driver:
    """Return the driver of an entry, enabled at rest at q (N,) [rad]."""
    if entry.baseline:
        return BaselineDriver(entry, model, limits, config, q)
    return OursDriver(model, limits, replace(config, stitch=replace(config.stitch, **entry.stitch)), arm, q)
