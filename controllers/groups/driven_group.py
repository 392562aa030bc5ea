# SPDX-License-Identifier: Apache-2.0
"""What the chunk follower needs of every group that it moves, an arm's or joints without a tool."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.chunks.chunk import ActionChunk
from controllers.chunks.history import CommandedPose
from controllers.chunks.motion import Start
from controllers.chunks.track import Track
from controllers.control_config import SafetyConfig
from controllers.drives.drive import GroupDrive
from controllers.safety.clearance import Clearance


class DrivenGroup(ABC):
    """A group with its drive and its columns of the path.

    Each tick `update`, then one of `follow`, `come_to_rest`, `idle` of its drive, or instead of all `without_state`;
    then `write`.
    """

    drive: GroupDrive

    def __init__(self, track: Track, limits: ArmLimits, safety: SafetyConfig) -> None:
        """Take which columns are its own, and what its joints may do."""
        self.track, self.limits = track, limits
        self.velocity_max = safety.velocity_margin * limits.velocity  # (N,) [rad/s], [m/s]; faster is a fault

    @property
    def name(self) -> str:
        """Return the group's name."""
        return self.track.group

    @property
    def joints(self) -> tuple[str, ...]:
        """Name the joints."""
        return self.track.joints

    @property
    def mode(self) -> str:
        """Return the space it is being moved in."""
        return self.drive.motion.mode

    # --- chunks, in the thread that submits them ---

    @abstractmethod
    def check(self, chunk: ActionChunk) -> tuple[str, np.ndarray | None]:
        """Return by what the chunk moves the group (`Track.asked`), and where its joint targets bring a tool (H, 4, 4).

        Raises ChunkError for what it must not do.
        """

    def check_passed(self, chunk: ActionChunk, asked: list[str], start: Start, track: Track) -> None:  # noqa: B027
        """Raise ChunkError for joint velocities that lead a tool out of its box from `start` on."""

    def keep_clear(self, clearance: Clearance) -> None:  # noqa: B027 - joints without a tool are stopped, not bent aside
        """Keep the links of `clearance`, which others bring up to date, apart."""

    # --- the loop ---

    @abstractmethod
    def begin(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Take the group over at q, dq (N,)."""

    carriers: tuple[str, ...] = ()  # joints of other groups that carry this one

    def carry(self, q: np.ndarray) -> None:  # noqa: B027 - most groups stand on the base
        """Take where the carriers are (K,), before `begin` and `update`."""

    @abstractmethod
    def update(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Take the measured q, dq (N,) of this tick."""

    def hold(self) -> np.ndarray:
        """Command where the group came to rest; return the path's value that means it."""
        return self.drive.hold()

    def stay_inside(self) -> None:  # noqa: B027 - joints without a tool keep to no box
        """Take the tool's place as it is: outside its box it goes no further, and comes back no more by itself."""

    def watch(self, dt: float) -> str:
        """Look at the workspace, dt [s] after the last tick, at rest too; return why it must stop, or ""."""
        return ""

    @abstractmethod
    def write(self) -> None:
        """Write the command."""

    def write_progress(self, following: bool) -> None:  # noqa: B027 - joints without a tool have no pose to report
        """Write where a tool is commanded to be: where it is, when it is not `following`."""

    @property
    def commanded(self) -> CommandedPose | None:
        """Return what holds the commanded pose; None while joints lead."""
        return None
