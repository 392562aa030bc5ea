# SPDX-License-Identifier: Apache-2.0
"""Episodes that nobody simulates, and what can go wrong with them."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

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

    def __call__(self) -> Run:
        return self._run

    def _run(self, seed: int) -> EpisodeResult:
        if seed == self.raises:
            raise ValueError(f"seed {seed} is cursed")
        if seed == self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        assert os.environ["OMP_NUM_THREADS"] == "1"
        return fake_episode(seed)
