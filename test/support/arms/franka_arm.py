# SPDX-License-Identifier: Apache-2.0
"""A Franka for the controllers' tests: model, limits, follower, chunks, and a run against delayed dynamics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.control_config import ControlConfig
from controllers.errors import ChunkError
from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_arm import DrivenArm
from controllers.groups.gripper import GripperAdapter
from controllers.rotations import from_matrix
from controllers.safety.collision_monitor import CollisionMonitor
from vla_ros.configuration import load_config, share_directory
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm

DT = 0.002
FRAME = "panda_link0"
ARM = load_embodiment("franka").arm("panda")
HOME = np.array(ARM.home)
OPENING = 0.08  # [m] of the fingers
FORWARD = 0.02 * np.arange(1, 5)[:, None] * np.array([1.0, 0.0, 0.5])  # (4, 3) [m] shifts of a chunk that moves
STILL = np.zeros((4, 3))  # [m] and of one that does not


@lru_cache
def _model() -> ArmModel:
    return ArmModel(expand_urdf(load_embodiment("franka")), ARM.joints, ARM.tool_frame, armature=ARM.armature)


def franka_model() -> ArmModel:
    return _model().clone()


def franka_config() -> ControlConfig:
    return load_config(share_directory() / "config" / "controllers" / "franka_impedance.yaml", ControlConfig)


def franka_limits(config: ControlConfig) -> ArmLimits:
    box = (np.array(config.workspace_lower), np.array(config.workspace_upper))
    return ArmLimits(ARM.lower, ARM.upper, ARM.velocity, ARM.effort, ARM.effort_rate, *box, ARM.acceleration)


WIDTH = "panda_hand/width"


def franka_gripper(config: ControlConfig) -> AuxiliaryDrive:
    """Return what moves the fingers."""
    return AuxiliaryDrive({WIDTH: GripperAdapter(config.gripper, OPENING)})


def franka_follower(
    model: ArmModel,
    config: ControlConfig,
    monitor: CollisionMonitor | None = None,
    command: str = "effort",
    auxiliaries: AuxiliaryDrive | None = None,
) -> ChunkFollower:
    """Return a follower of one arm and its gripper."""
    arm = DrivenArm("panda", model, franka_limits(config), config, command)
    return ChunkFollower([arm], auxiliaries or franka_gripper(config), config, monitor=monitor)


@dataclass
class Sample:
    """One tick of a run."""

    time: float
    commanded: np.ndarray  # (4, 4)
    effort: np.ndarray
    width: float
    hold: str
    sequence: int
    executed: float  # [s] of that chunk


class Rig:
    """A follower driving delayed dynamics, tick by tick."""

    def __init__(
        self,
        config: ControlConfig | None = None,
        dt: float = DT,
        enable: bool = True,
        monitor: CollisionMonitor | None = None,
        auxiliaries: AuxiliaryDrive | None = None,
        **plant,
    ) -> None:
        self.config, self.dt = config or franka_config(), dt
        self.model = franka_model()
        self.limits = franka_limits(self.config)
        self.follower = franka_follower(self.model, self.config, monitor, auxiliaries=auxiliaries)
        self.driven = self.follower.arms["panda"]
        plant = {"timestep": 0.001, "damping": 0.5, "friction": 0.1} | plant
        self.arm = DelayedArm(franka_model(), plant.pop("q", HOME), **plant)
        self.samples: list[Sample] = []
        self.sequence = 0
        if enable:
            self.follower.activate(self.arm.q, self.arm.dq, {WIDTH: 0.08}, self.arm.time)
        self.T_start = self.arm.model.forward(self.arm.q)
        self.position = self.T_start[:3, 3].copy()
        self.quaternion = np.array(from_matrix(self.T_start[:3, :3]))

    @property
    def now(self) -> float:
        return self.arm.time

    @property
    def tool(self) -> np.ndarray:
        return self.arm.model.forward(self.arm.q)

    def chunk(self, shifts, step: float = 0.1, width=None, status=None, stamp=None, quaternions=None, **keys):
        """Make a pose chunk of `shifts` (H, 3) [m] from where the rig started."""
        shifts = np.atleast_2d(np.asarray(shifts, float))
        count = len(shifts)
        quaternions = np.tile(self.quaternion, (count, 1)) if quaternions is None else quaternions
        values, channels = [self.position + shifts, quaternions], pose_channels("panda")
        for name, column in (("panda_hand/width", width), ("task/status", status)):
            if column is not None:
                values.append(np.broadcast_to(np.asarray(column, float), (count,))[:, None])
                channels = (*channels, name)
        self.sequence += 1
        keys = {"frame_id": FRAME, "sequence": self.sequence} | keys
        stamp = self.now if stamp is None else stamp
        return ActionChunk(
            stamp, channels=channels, times=step * np.arange(1, count + 1), values=np.hstack(values), **keys
        )

    def submit(self, *arguments, source: str = "policy", **keys):
        return self.follower.submit(self.chunk(*arguments, **keys), self.now, source)

    def refused(self, *arguments, source: str = "policy", **keys) -> str:
        """Return why a chunk is refused; fail when it is not."""
        try:
            self.submit(*arguments, source=source, **keys)
        except ChunkError as error:
            return str(error)
        raise AssertionError("the chunk was accepted")

    def run(self, duration: float, stale: bool = False) -> list[Sample]:
        """Tick for `duration` [s]; return the samples of this stretch."""
        first = len(self.samples)
        stamp = self.now
        for _ in range(round(duration / self.dt)):
            q, dq = self.arm.measure()
            command = self.follower.tick(self.now, self.dt, q, dq, stamp if stale else self.now)
            effort = command.arms["panda"].effort
            self.arm.command(effort)
            progress = self.follower.progress
            self.samples.append(
                Sample(self.now, self.driven.progress.T_base_ee_commanded.copy(), effort.copy(),
                       command.end_effectors.get(WIDTH, 0.0), progress.hold_reason, progress.sequence,
                       progress.executed_s)
            )  # fmt: skip
            for _ in range(round(self.dt / self.arm.timestep)):
                self.arm.step()
        return self.samples[first:]


def positions(samples: list[Sample]) -> np.ndarray:
    return np.array([sample.commanded[:3, 3] for sample in samples])


def tool_error(rig: Rig, shift: np.ndarray) -> float:
    """Return how far [m] the tool is from `shift` (3,) [m] off where the rig started."""
    return np.linalg.norm(rig.tool[:3, 3] - rig.position - shift)
