# SPDX-License-Identifier: Apache-2.0
"""What a collection asks of the place where it is recorded; the node implements it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from vla_ros.teleop.scheduling.prompt import SceneInstruction


class Station(Protocol):
    """Robot, recorder and simulator, as far as a collection needs them. Called in the server's event loop."""

    def mark(self, word: str, values: Mapping[str, str]) -> None:
        """Publish a mark on episode/marks with these values and the time."""
        ...

    def instruct(self, text: str) -> None:
        """Say what is to be done."""
        ...

    def instruction(self) -> str:
        """Return what is to be done now."""
        ...

    def recorder_problem(self) -> str:
        """Say why an episode would not be recorded now; "" when it would."""
        ...

    def hold(self, reason: str) -> None:
        """Have the arm hold: what it does is not recorded any more."""
        ...

    async def show(self, scene: Mapping[str, str | int]) -> SceneInstruction:
        """Have the simulator show a scene, by the names of its parameters; return what it says is to be done there.

        Raises VlaError when it cannot.
        """
        ...
