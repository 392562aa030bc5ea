# SPDX-License-Identifier: Apache-2.0
"""What the server asks of a robot; the node implements it (vla_ros/nodes/bridge)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from vla_ros.teleop.announcements import CameraDescription, RobotDescription, State
from vla_ros.teleop.protocol import Hands

SILENT = "control does not answer"  # hold reason of a robot of which nothing is known any more


class Robot(Protocol):
    """One robot. Everything is called in the server's thread, in its event loop."""

    def describe(self) -> tuple[RobotDescription, tuple[CameraDescription, ...]]:
        """Return what a client is told at the beginning."""
        ...

    def watch_over(self) -> None:
        """See to what must hold whether or not somebody looks; 20 times a second."""
        ...

    def state(self) -> State:
        """Return what a client is told 20 times a second."""
        ...

    def hands(self, hands: Hands, arrival: float) -> None:
        """Follow the driver's hands; the packet arrived at `arrival` [s, monotonic]."""
        ...

    def let_go(self, reason: str) -> None:
        """Follow nobody: the driver has gone, or speaks nonsense. The arm holds."""
        ...

    def emergency_stop(self, on: bool) -> None:
        """Latch the e-stop, or release it. Never waits."""
        ...

    async def command(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out a command of the driver and return the result. Raises VlaError with the reason when it cannot."""
        ...

    def watch(self, watched: bool) -> None:
        """Send pictures, or no more: nobody looks."""
        ...
