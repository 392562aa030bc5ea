# SPDX-License-Identifier: Apache-2.0
"""Episodes that nobody simulates, and what can go wrong with them."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import Any

from vla_ros.evaluation.pool import Run
from vla_ros.evaluation.statistics import EpisodeResult


def fake_episode(seed: int) -> EpisodeResult:
    return EpisodeResult(
        seed=seed, category="mug", target="mug_0", instruction="", outcome="success", success=seed % 2 == 0,
        attempts=1, first_lifted="mug_0", steps=40, duration_s=5.0, wall_s=1.0, reference_steps=40,
    )  # fmt: skip


@dataclass(frozen=True)
class MakeFake:
    """Run fake episodes; the named seeds go wrong in their own way."""

    raises: int = -1
    dies: int = -1
    dies_after: int = -1  # idle, once it has told of this one
    unready: bool = False  # dies before it reads which seed is wanted

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Be what the parent has sent, in a worker."""
        if state["unready"]:
            os.kill(os.getpid(), signal.SIGKILL)
        self.__dict__.update(state)

    def __call__(self) -> Run:
        return self._run

    def _run(self, seed: int) -> EpisodeResult:
        if seed == self.raises:
            raise ValueError(f"seed {seed} is cursed")
        if seed == self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        if seed == self.dies_after:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()
        assert os.environ["OMP_NUM_THREADS"] == "1"
        return fake_episode(seed)
