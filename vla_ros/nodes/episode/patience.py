# SPDX-License-Identifier: Apache-2.0
"""How long a policy may do nothing before its episode is over: the same for every task."""

from __future__ import annotations

from controllers.chunks.chunk import TaskStatus

ABSENT_PATIENCE_S = 2.0  # [s] of simulated time in which a policy may still find what it calls absent
DONE_PATIENCE_S = 5.0  # [s] in which a policy that calls itself done, or whose chunks are refused, may be right


class Patience:
    """Follow since when a policy has been absent, done or refused."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}  # [s]

    def over(self, time: float, status: int, refused: str) -> str:
        """Say why it is over at `time` [s], by the status of the newest chunk and why one was refused; "" if not."""
        if self._lasts("absent", time, status == TaskStatus.INVALID.value, ABSENT_PATIENCE_S):
            return "the policy finds nothing that the instruction names"
        if self._lasts("done", time, status == TaskStatus.TERMINATED.value, DONE_PATIENCE_S):
            return "the policy calls itself done"
        if self._lasts("refused", time, bool(refused), DONE_PATIENCE_S):
            return f"chunks are refused: {refused}"
        return ""

    def _lasts(self, what: str, time: float, holds: bool, patience: float) -> bool:
        if not holds:
            self._since.pop(what, None)
            return False
        return time - self._since.setdefault(what, time) >= patience
