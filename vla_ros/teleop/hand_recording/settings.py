# SPDX-License-Identifier: Apache-2.0
"""What the terminal says of every demonstration; words and hand are the page's."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.data.hands.demonstration import HandDemonstrationConfig
from vla_ros.data.hands.robot_arm import ON_TABLE
from vla_ros.teleop.hand_recording.checks import INSTRUCTION_MAX

GUESSED_FOR = 640  # [px] width of the pictures that HandDemonstrationConfig's own intrinsics are of


@dataclass(frozen=True)
class HandRecordingSettings:
    """Where the headset's floor lies to the robot, and what its camera is. Raises ConfigError for what cannot be."""

    camera: str  # of the contract, in whose place the headset's picture stands
    opening: float  # [m] of the robot's open hand
    floor: tuple[float, ...] = ON_TABLE  # (3,) [m]
    yaw: float = HandDemonstrationConfig.yaw  # [rad]
    intrinsics: tuple[float, ...] = ()  # fx, fy, cx, cy [px]; empty: guessed
    instruction: str = ""  # what the page begins with
    hand: str = HandDemonstrationConfig.hand  # likewise

    def __post_init__(self) -> None:
        if not self.camera.strip():
            raise ConfigError("camera must not be empty: name one of the contract's")
        if len(self.instruction) > INSTRUCTION_MAX or not self.instruction.isprintable():
            raise ConfigError(f"instruction must be one line of at most {INSTRUCTION_MAX} characters")
        self.config(self.instruction.strip() or "anything", self.hand, (GUESSED_FOR, 480))

    def config(self, instruction: str, hand: str, size: tuple[int, int]) -> HandDemonstrationConfig:
        """Return what the numbers mean, with pictures of `size` (width, height) [px]. Raises ConfigError."""
        return HandDemonstrationConfig(
            instruction,
            self.camera,
            self.opening,
            hand,
            self.intrinsics or guessed_intrinsics(size),
            self.floor,
            self.yaw,
        )

    def misfit(self, size: tuple[int, int]) -> str:
        """Say why the given intrinsics cannot be of pictures of `size` (width, height) [px]; "" when they can."""
        if not self.intrinsics:
            return ""
        _, _, cx, cy = self.intrinsics
        width, height = size
        if 0.3 * width < cx < 0.7 * width and 0.3 * height < cy < 0.7 * height:
            return ""
        return f"--intrinsics have their middle at {cx:g}, {cy:g}, the pictures are {width}x{height}: measure them anew"


def guessed_intrinsics(size: tuple[int, int]) -> tuple[float, ...]:
    """Return fx, fy, cx, cy [px] of a camera as wide as the usual one, square pixels, its axis in the middle."""
    width, height = size
    focal = HandDemonstrationConfig.intrinsics[0] * width / GUESSED_FOR
    return (focal, focal, (width - 1) / 2, (height - 1) / 2)
