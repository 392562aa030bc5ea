# SPDX-License-Identifier: Apache-2.0
"""Where an arm can take things from above and lift them, and the room its gripper takes there: rough, and quick to ask.

Both are part of a robot's description (config/robots). Scenes ask for nothing that they rule out; a policy that plans
by geometry fits its gripper's envelope between things.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError

STRETCH = 0.10  # [m] over which an arm at the end of its reach is drawn in
NEAR = 0.17  # [m] beyond the nearest: where it is still folded


@dataclass(frozen=True)
class ArmReach:
    """An arm as a shoulder and a wrist that stays within a distance of it, its tool pointing down [m].

    Distances are from the shoulder's vertical axis, heights those above the base.
    """

    shoulder: float  # height of the shoulder above the base
    wrist: float  # most between shoulder and wrist: a little short of what the links are together
    wrist_height: float  # the wrist above the finger tips
    wrist_offset: float = 0.0  # the tool is further out than the wrist by this
    side_offset: float = 0.0  # the wrist's plane passes the shoulder's axis at this distance
    nearest: float = 0.0  # from the shoulder's axis: nearer the arm is too folded
    # Least manipulability √det(J Jᵀ) of a way that is taken gladly, and of one that is taken for want of another
    strong: float = 0.0
    weak: float = 0.0
    clear: float = 0.02  # kept between the arm's own links on a planned way; less where some always stand nearer
    hangs: bool = False  # the shoulder is above what it takes: the lower that is, the less far the arm reaches
    axis: tuple[float, float] = (0.0, 0.0)  # where the shoulder's vertical axis stands, in the base frame

    def __post_init__(self) -> None:
        for name in ("wrist", "wrist_height"):
            if not 0.0 < getattr(self, name) <= 3.0:
                raise ConfigError(f"reach: '{name}' must be above 0 and at most 3 m, got {getattr(self, name):g}")
        for name in ("wrist_offset", "side_offset", "nearest", "clear"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"reach: '{name}' must be 0 to 1 m, got {getattr(self, name):g}")
        if not 0.0 <= self.weak <= self.strong <= 1.0:
            raise ConfigError(f"reach: 0 ≤ weak ≤ strong ≤ 1 is needed, got {self.weak:g} and {self.strong:g}")

    @property
    def near(self) -> float:
        """Return the distance from that axis [m] within which leaning back helps, and leaning out beyond it."""
        return round(self.nearest + NEAR, 2)

    def contains(self, distance: float, tip: float) -> bool:
        """Say whether finger tips can be `tip` [m] above the base, `distance` [m] from the shoulder's axis."""
        out = float(np.sqrt(max(distance * distance - self.side_offset**2, 0.0)))
        wrist = np.hypot(out - self.wrist_offset, tip + self.wrist_height - self.shoulder)
        return bool(wrist <= self.wrist and distance >= self.nearest)

    def stretch(self, distance: float, height: float) -> float:
        """Return how far the arm is stretched with its tool there, from 0 to 1 at the end of its reach."""
        centre = round(self.shoulder - self.wrist_height, 2)  # to a centimetre: it is no exact circle
        begins = round(self.wrist + self.wrist_offset - STRETCH, 2)
        return float(np.clip((np.hypot(distance, height - centre) - begins) / STRETCH, 0.0, 1.0))


@dataclass(frozen=True)
class GripperEnvelope:
    """The room a parallel gripper takes in its tool frame [m]: y is the closing direction, z points out of the hand."""

    tip: float  # the finger tips reach this far past the tool point
    pad: float  # gripping face behind the tool point
    finger_length: float  # from the tool point back to the hand
    finger_thickness: float  # along y, outwards from the gripping face
    finger_half_width: float  # along x
    hand_half_length: float  # along y
    hand_half_width: float  # along x
    hand_end: float  # from the tool point back to where the hand ends

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 < value <= 1.0:
                raise ConfigError(f"envelope: '{name}' must be above 0 and at most 1 m, got {value:g}")
        if self.hand_end <= self.finger_length:
            raise ConfigError(
                f"envelope: 'hand_end' must be further back than 'finger_length' {self.finger_length:g} m, got "
                f"{self.hand_end:g}"
            )


@dataclass(frozen=True)
class ArmStart:
    """Where an arm may start in generated data [rad]; evaluation starts at home."""

    center: tuple[float, ...]
    spread: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.center) != len(self.spread) or min(self.spread, default=0.0) < 0.0:
            raise ConfigError("start: 'center' and 'spread' need one number a joint each, no spread below 0")
