# SPDX-License-Identifier: Apache-2.0
"""What an arm behind its vendor's Python SDK is asked for, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

# The module here and its class for each of vla_ros.robots.sdk.SDKS.
CLASSES = {"panda_py": ("panda.sdk", "PandaSdk"), "piper_sdk": ("piper.sdk", "PiperSdk")}


@dataclass(frozen=True)
class ArmReading:
    """An arm and its gripper at one instant."""

    stamp: float  # [s] of time.monotonic(), when the SDK had it
    position: np.ndarray  # (N,) [rad]
    velocity: np.ndarray | None = None  # (N,) [rad/s]; None: the SDK says nothing worth using
    effort: np.ndarray | None = None  # (N,) [N·m]
    width: float | None = None  # opening of the gripper [m]; None: there is none


class ArmSdk(Protocol):
    """One arm, with its gripper where it has one. No call blocks but `close`; one thread makes them all."""

    kinds: tuple[str, ...]  # what may drive the arm: effort, position
    fault: str  # why it does not move, in the vendor's words; or ""

    def read(self) -> ArmReading | None:
        """Return the newest reading; None before the first. Its stamp stands still while the arm is silent."""

    def drive(self, kind: str, values: np.ndarray) -> None:
        """Take efforts beyond gravity (N,) [N·m], or positions (N,) [rad], that the gate has let pass."""

    def grip(self, width: float) -> None:
        """Take the wanted opening [m]; it comes as a stream."""

    def hold(self) -> None:
        """Stay where the arm is until it is driven again."""

    def recover(self) -> None:
        """Clear what `fault` says, where the vendor lets that be done from afar; nothing moves by it."""

    def close(self) -> None:
        """Bring the arm to rest and let go of the connection."""


def connect(name: str, address: str, speed_share: float | None = None) -> ArmSdk:
    """Return the arm at an address, bound to a share of its own speed where its SDK has that.

    Raises ConfigError where the SDK is not installed or nobody answers.
    """
    module, kind = CLASSES[name]
    options = {} if speed_share is None else {"speed_share": speed_share}
    return getattr(import_module(f"vla_ros.hardware.{module}"), kind)(address, **options)
