# SPDX-License-Identifier: Apache-2.0
"""One arm of a robot: what of a chunk it may execute, and what drives it along its part of the path."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from controllers.chunks.history import CommandedPose
from controllers.chunks.motion import Start
from controllers.chunks.progress import ArmCommand, ArmProgress
from controllers.chunks.splicing import path_of
from controllers.chunks.tool_path import passed, tool_poses
from controllers.chunks.track import CARTESIAN, Track, space_of
from controllers.control_config import ControlConfig
from controllers.drives.choice import make_drive
from controllers.drives.drive import Drive
from controllers.errors import ChunkError
from controllers.groups.driven_group import DrivenGroup
from controllers.safety.clearance import Clearance
from controllers.safety.gate import check_joint_rates, check_joint_targets, check_poses
from controllers.safety.workspace import Workspace, check_workspace
from controllers.whole_body.drive import WholeBodyDrive


class DrivenArm(DrivenGroup):
    """An arm with its drive and its workspace."""

    def __init__(
        self,
        name: str,
        model: ArmModel,
        limits: ArmLimits,
        config: ControlConfig,
        command: str = "effort",
        body: WholeBodyDrive | None = None,
    ) -> None:
        """Take the arm's name in chunks.

        `command` is what drives the arm: effort, position or pose; `body`, where there is one, drives it with all
        others. Raises ConfigError for another command.
        """
        super().__init__(Track(name, model.joints, limits.lower, limits.upper), limits, config.safety)
        self.model, self._config, self.carriers = model, config, model.mount.carriers
        self.command = ArmCommand(np.zeros(model.size), np.zeros(model.size))
        self.progress = ArmProgress()
        self.drive: Drive = (
            make_drive(command, model, limits, config) if body is None else body.arm(name, model, limits, command)
        )
        self._workspace = Workspace(limits, config.safety.workspace_margin)
        self.drive.keep_inside(self._workspace)

    # --- chunks, in the thread that submits them ---

    def check(self, chunk: ActionChunk) -> tuple[str, np.ndarray | None]:
        """Return by what the chunk moves the arm, and where its joint targets bring the tool (H, 4, 4).

        Raises ChunkError for what it must not do.
        """
        asked = self.track.commanded_quantity(chunk)
        if not asked:
            return asked, None
        mode = space_of(asked)
        if mode not in self.drive.modes:
            raise ChunkError(f"chunk holds {mode} targets, an arm driven by {self.drive.command} takes tool poses only")
        margin, tool = self._config.safety.workspace_margin, self.model.position.copy()
        poses = None
        if asked == "pose":
            position = self.progress.T_base_ee_commanded[:3, 3]
            check_poses(chunk, self.name, position, tool, self.limits, self._config.safety)
        elif asked == "position":
            targets = self.track.targets(chunk, asked)
            check_joint_targets(targets, chunk.times, self.joints, self.limits)
            poses = tool_poses(targets, self.drive.motion.forward)
            check_workspace(poses[:, :3, 3], tool, self.limits, margin)
        else:
            check_joint_rates(self.track.targets(chunk, asked), self.joints, self.limits)
        return asked, poses

    def keep_clear(self, clearance: Clearance) -> None:
        """Keep the links of `clearance`, which others bring up to date, apart."""
        self.drive.keep_clear(clearance)

    def check_passed(self, chunk: ActionChunk, asked: list[str], start: Start, track: Track) -> None:
        """Raise ChunkError for joint velocities that lead the tool out of its box from `start` on."""
        stitch, margin = self._config.stitch, self._config.safety.workspace_margin
        path = path_of(chunk, asked, len(chunk.times), start, stitch)
        points, configurations = passed(path, chunk.times, track.columns)
        positions = tool_poses(configurations, self.drive.motion.forward)[:, :3, 3]
        check_workspace(positions, self.model.position.copy(), self.limits, margin, points)

    # --- the loop ---

    def begin(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Take the arm over at q, dq (N,) [rad]."""
        self.drive.begin(q)
        self.model.update(q, dq)

    def carry(self, q: np.ndarray) -> None:
        """Have the arm where its carriers have taken it."""
        self.model.mount.place(q)

    def update(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Bring the model up to date at q, dq (N,) [rad]."""
        self.model.update(q, dq)

    def hold(self) -> np.ndarray:
        """Command the pose at which the arm came to rest; return the path's value (7,) that means it."""
        value = self.drive.hold()
        self.stay_inside()
        return value

    def stay_inside(self) -> None:
        """Take the tool's place as it is: outside its box it goes no further, and comes back no more by itself."""
        self._workspace.reset(self.model.position)

    def watch(self, dt: float) -> str:
        """Look at the workspace, dt [s] after the last tick, at rest too; return why it must stop, or ""."""
        return self._workspace.update(self.model.position, self.model.twist)

    def write(self) -> None:
        """Write what its drive commands."""
        self.drive.write(self.command)

    def write_progress(self, following: bool) -> None:
        """Write where the tool is commanded to be: where it is, when it is not `following`."""
        progress, drive = self.progress, self.drive
        if following:
            drive.write_pose(progress.T_base_ee_commanded)
        else:
            progress.T_base_ee_commanded[...] = self.model.T_base_ee
        progress.mode, progress.manipulability = drive.motion.mode, drive.manipulability

    @property
    def commanded(self) -> CommandedPose | None:
        """Return what holds the commanded pose; None while joints lead."""
        motion = self.drive.motion
        return motion.seen if motion.mode == CARTESIAN else None
