# SPDX-License-Identifier: Apache-2.0
"""What is said of a convention: that it is broken, or that this dataset cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# Every fault that can be named, with the convention that it breaks.
FAULTS = {
    "layout": "robot, cameras, sizes and columns are the contract's",
    "rate": "frames are 1 / fps apart",
    "not_finite": "every number is finite",
    "joint_unit": "joints are in radians",
    "joint_order": "joints stand in the contract's order",
    "joint_sign": "joints turn as the URDF says",
    "joint_zero": "joints are zero where the URDF's are",
    "joint_limits": "joints are within the URDF's limits",
    "quaternion_order": "quaternions are x, y, z, w",
    "quaternion_side": "of q and -q the one nearer to quaternion_side is stored",
    "quaternion_norm": "quaternions have length 1",
    "rotation_inverse": "poses are the tool's in the base, not the base's in the tool",
    "position_unit": "positions are in metres",
    "base_frame": "poses are in the base frame",
    "tool_frame": "poses are those of the tool frame",
    "arms_exchanged": "each arm's numbers are its own",
    "pose_unknown": "poses follow from the joints",
    "state_late": "state is what is measured at the frame's time",
    "state_repeated": "every frame has a measurement of its own",
    "action_absolute": "actions are deltas where the contract says so",
    "action_delta": "actions are absolute where the contract says so",
    "action_frame": "deltas are along the axes of the base",
    "action_unit": "actions are in metres and radians",
    "action_scaled": "actions are physical, not normalised",
    "action_sign": "an action moves the way it says",
    "action_order": "numbers of an action stand in the contract's order",
    "action_rotation": "rotations of actions are as the contract's `rotation`",
    "action_shifted": "row k of actions is what is wanted at frame k + 1",
    "action_still": "actions move what the state shows moving",
    "action_unknown": "actions lead to what comes next",
    "anchor": "observation.anchor is where a chunk starts from",
    "gripper_unit": "widths are in metres, of the whole opening",
    "gripper_sign": "a small width is closed",
    "gripper_binary": "a gripper's action is a width",
    "base_unit": "the base's velocity is in m/s and rad/s",
    "base_sign": "the base moves the way its action says",
    "picture_turned": "pictures are upright and not mirrored",
    "picture_squeezed": "pictures are cut or scaled as the contract's `fit`",
    "picture_channels": "pictures are red, green, blue",
    "picture_dark": "pictures use the range 0 to 255",
    "picture_late": "a frame's picture is of its time",
    "picture_repeated": "every frame has a picture of its own",
    "cameras_exchanged": "each camera's pictures are its own",
    "calibration": "a camera's calibration is that of its pictures, its pose in the base frame",
    "statistics": "statistics are those of this data",
}


@dataclass(frozen=True)
class Finding:
    """A convention that the data breaks."""

    fault: str  # of FAULTS
    where: str  # the column, or what of it
    seen: str  # in words, with figures

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"fault '{self.fault}' is not in FAULTS")

    def __str__(self) -> str:
        return f"{self.where}: {self.seen}"


@dataclass(frozen=True)
class Untold:
    """A convention that this data does not show."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


Answer = Finding | Untold
Answers = Iterator[Answer]
