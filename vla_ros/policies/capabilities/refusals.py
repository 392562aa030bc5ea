# SPDX-License-Identifier: Apache-2.0
"""What a policy does about chunks that control refused: an optional capability, and how often a script tries again."""

from __future__ import annotations

from enum import Enum
from typing import Protocol, runtime_checkable

MOST = 5  # refusals in a row after which a script gives up


@runtime_checkable
class HearsRefusals(Protocol):
    """A policy that wants to know that control refused its last chunk: nothing of it is done."""

    def chunk_refused(self, reason: str) -> None:
        """Take why, before the next `infer`."""
        ...


class Answer(Enum):
    """What to do about a refusal."""

    SEND_AGAIN = "send again"  # a chunk that was planned for too long is refused for its age, not for its motion
    PLAN_AGAIN = "plan again"  # the same was refused twice: from where the robot is
    GIVE_UP = "give up"


class Refusals:
    """Count how many chunks in a row were refused; the script asks once before each new chunk."""

    def __init__(self) -> None:
        """Begin with none."""
        self.reason = ""  # of the last one
        self._count, self._heard = 0, False

    def hear(self, reason: str) -> None:
        """Take why the last chunk was refused."""
        self.reason, self._heard = reason, True
        self._count += 1

    def answer(self) -> Answer | None:
        """Return what to do; None where the last chunk was taken."""
        if not self._heard:
            self._count = 0
            return None
        self._heard = False
        if self._count >= MOST:
            return Answer.GIVE_UP
        return Answer.SEND_AGAIN if self._count % 2 else Answer.PLAN_AGAIN

    @property
    def explanation(self) -> str:
        """Say why the script gave up."""
        return f"control refuses it: {self.reason}"
