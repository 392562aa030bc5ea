# SPDX-License-Identifier: Apache-2.0
"""What an action consists of, part by part, each with what the contract makes of the next frame.

Shape legend: N frames, P numbers of a part, C absolute channels of it (7 of a pose, one a joint).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.data.conventions.recording import Recording, rotations
from vla_ros.policies.actions.encoding import ROTATION_SIZES, ActionEncoding
from vla_ros.policies.contract import ActionContract

STILL = 1e-4  # [m] or [rad] a frame


@dataclass(frozen=True, eq=False)
class Part:
    """The pose of an arm's tool, or the joints that are moved by their own position."""

    name: str
    pose: bool
    contract: ActionContract  # of this part alone
    frames: np.ndarray  # (K,) of the N, whose next one is in the same episode
    stored: np.ndarray  # (K, P)
    start: np.ndarray | None  # (K, C) absolute, where each action starts from
    end: np.ndarray | None  # (K, C) absolute, where it is to lead to
    exact: bool  # the end is that of the action to the bit, not what was measured after it
    commanded: np.ndarray | None  # (N, C) of every frame
    measured: np.ndarray | None  # (N, C)
    every: np.ndarray  # (N, P) stored numbers of every frame
    why: str = ""  # why there is no end

    @cached_property
    def encoding(self) -> ActionEncoding:
        """Return what makes this part's numbers."""
        return ActionEncoding(self.contract)

    @property
    def groups(self) -> tuple[slice, ...]:
        """Return the numbers of one unit: positions and rotations, or joints."""
        return (slice(0, 3), slice(3, None)) if self.pose else (slice(None),)

    @cached_property
    def expected(self) -> np.ndarray | None:
        """Return the numbers (K, P) that the contract makes of start and end."""
        if self.start is None or self.end is None:
            return None
        return encoded(self, self.start, self.end)

    @property
    def absolute(self) -> np.ndarray | None:
        """Return what every frame's action says absolutely (N, C'); None for deltas, and of poses the position."""
        if self.encoding.stored_reference == "delta":
            return None
        return self.every[:, :3] if self.pose else self.every

    def error(self, numbers: np.ndarray) -> float:
        """Return how far numbers (K, P) are from the expected ones, of how much those vary: the worse unit's."""
        expected = self.expected
        assert expected is not None
        errors = []
        for group in self.groups:
            wanted, given = expected[:, group], numbers[:, group]
            if self.pose and group.start == 3 and self.contract.rotation == "quaternion":
                given = np.where((given * wanted).sum(axis=1, keepdims=True) < 0.0, -given, given)
            spread = np.abs(wanted - wanted.mean(axis=0)).mean(axis=0).sum()
            floor = STILL * wanted.shape[1]
            errors.append(np.abs(given - wanted).mean(axis=0).sum() / max(spread, floor))
        return float(max(errors))


def encoded(part: Part, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return one action a row (K, P) from `start` to `end` (K, C)."""
    encoding, reference = part.encoding, part.encoding.stored_reference
    if not part.pose:
        return end - start if reference == "delta" else end
    if reference == "absolute":
        return encoding.encode(end, start[0], "absolute")
    turned = rotations(end[:, 3:]) * rotations(start[:, 3:]).inv()
    return np.hstack([end[:, :3] - start[:, :3], numbers_of(part, turned)])


def numbers_of(part: Part, turned: Rotation) -> np.ndarray:
    """Return rotations (K) as the contract's numbers of a rotation."""
    quaternions = turned.as_quat()
    poses = np.hstack([np.zeros((len(quaternions), 3)), quaternions])
    return part.encoding.encode(poses, poses[0], "absolute")[:, 3:]


def action_parts(recording: Recording) -> Iterator[Part]:
    """Yield the parts of the action that are poses and joints."""
    action = recording.contract.action
    frames = recording.follows()
    size = 3 + ROTATION_SIZES[action.rotation]
    for number, name in enumerate(action.arms):
        stored = recording.action[:, number * size : (number + 1) * size]
        anchor = None if recording.anchor is None else recording.anchor[:, 7 * number : 7 * number + 7]
        only = ActionContract(
            arms=(name,), reference=action.reference, rotation=action.rotation, target=action.target,
            anchor=action.anchor, horizon=action.horizon,
        )  # fmt: skip
        yield _part(recording, name, True, only, frames, stored, anchor, recording.tool(recording.robot.arm(name)))
    if action.joints:
        first = size * len(action.arms)
        stored = recording.action[:, first : first + len(action.joints)]
        anchor = None if recording.anchor is None else recording.anchor[:, 7 * len(action.arms) :]
        only = ActionContract(
            joints=action.joints, reference=action.reference, target=action.target, anchor=action.anchor,
            horizon=action.horizon,
        )  # fmt: skip
        doubted = any(f"joints of {arm.name}" in recording.doubted for arm in recording.robot.arms)
        measured = None if doubted else recording.columns([f"{joint}/position" for joint in action.joints])
        yield _part(recording, "the joints", False, only, frames, stored, anchor, measured)


def _part(
    recording: Recording,
    name: str,
    pose: bool,
    contract: ActionContract,
    frames: np.ndarray,
    stored: np.ndarray,
    anchor: np.ndarray | None,
    measured: np.ndarray | None,
) -> Part:
    same = anchor is not None and contract.anchor == contract.target
    source = anchor if same else measured
    exact = same or (contract.target == "measured" and measured is not None)
    why = "" if source is not None else "neither an anchor of its kind nor a state to be trusted says what comes next"
    if not same and contract.reference == "delta":
        source, why = None, "without observation.anchor deltas cannot be compared with what comes next"
    return Part(
        name, pose, contract, frames, stored[frames],
        None if source is None else source[frames],
        None if source is None else source[frames + 1],
        exact, anchor if contract.anchor == "commanded" else None, measured, stored, why,
    )  # fmt: skip
