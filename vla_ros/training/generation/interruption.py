# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C as a wish: workers finish the episode they are at. A second one is a command."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """Remember the first Ctrl-C within the `with` block; the second raises KeyboardInterrupt.

    Not so for the `patient`: torchrun repeats every Ctrl-C to its processes, and kills those that do not end in 30 s.
    """

    def __init__(self, patient: bool = False) -> None:
        self.asked = False
        self._patient = patient
        self._before: Any = None

    def __enter__(self) -> Interruption:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise KeyboardInterrupt when it was requested."""
        if self.asked:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        if not self._patient:
            self.check()
        self.asked = True
