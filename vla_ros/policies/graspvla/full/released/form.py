# SPDX-License-Identifier: Apache-2.0
"""What config.json says of a checkpoint in the released form, beside what both forms have. Imports no PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controllers.errors import ConfigError, unknown_name

FITS = ("crop", "pad")
ABSOLUTE = (0.0, 0.0, 0.0, 1.0)  # as `home` of grasp poses: angles are absolute


@dataclass(frozen=True)
class ReleasedForm:
    """Raises ConfigError for what cannot be."""

    vocabulary: int  # words of the tokenizer before any was added: number i (1 is the least) is word `vocabulary` − i
    gripper: tuple[float, float]  # [m] total opening that counts as closed and as open
    tool: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [m] the model's tool in the robot's tool frame
    fit: str = "crop"  # crop: the largest centred square of a picture; pad: all of it, black beside it

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise ConfigError(unknown_name("fit", self.fit, FITS))
        if not self.gripper[0] < self.gripper[1]:
            raise ConfigError(
                f"gripper is closed at {self.gripper[0]} m and open at {self.gripper[1]} m: give less first"
            )

    def check(self, box_bins: int, grasp_bins: int, home: Sequence[float]) -> None:
        """Raise ConfigError unless the other fields fit: boxes and poses share the words that stand for numbers."""
        if box_bins != grasp_bins or not 2 <= box_bins < self.vocabulary:
            raise ConfigError(
                f"box_bins {box_bins} and grasp bins {grasp_bins} must be one number, 2 to {self.vocabulary - 1}: "
                "boxes and poses share the words that stand for numbers"
            )
        if tuple(home) != ABSOLUTE:
            raise ConfigError(f"grasp home is {list(home)}: the released form has absolute angles, {list(ABSOLUTE)}")
