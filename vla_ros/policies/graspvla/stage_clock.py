# SPDX-License-Identifier: Apache-2.0
"""How long each stage of an inference takes, by the rows of GraspVLA's Table 15."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

STAGES = ("vision", "boxes", "grasp", "flow")


class StageClock:
    """Wall time [s] of each stage; waits for the device, whose work is otherwise merely queued."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what happens inside to one stage."""
        self._wait()
        started = time.perf_counter()
        try:
            yield
        finally:
            self._wait()
            self.seconds[name] += time.perf_counter() - started

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
