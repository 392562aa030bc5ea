# SPDX-License-Identifier: Apache-2.0
"""A maker of small episodes without a simulator, some of whose seeds go wrong; as a program, `vla generate` with it.

python fake_episodes.py '{"delay_s": 0.1}' OUTPUT --episodes 20
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from demonstrations.sample_dataset import FEATURES, columns, episode
from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.features import Feature
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.training.generation.maker import Made
from vla_ros.training.generation.settings import GenerationSettings, Rejection

GROUNDING = {name: feature for name, feature in FEATURES.items() if name in ("observation.state", "note")}


@dataclass(frozen=True)
class FakeEpisodes:
    """Make episodes of 3 to 6 frames; every fifth seed is rejected, the named ones go wrong in their own way."""

    delay_s: float = 0.0
    raises: int = -1
    dies: int = -1  # its worker, each time
    dies_once: str = ""  # file; the first worker to come by writes it and dies
    writes_seeds: str = ""  # file; gets a line for each seed tried
    another_column: bool = False
    rejects_all: bool = False
    in_two: bool = False  # a seed gives two episodes: frames between them are left out

    def __call__(self, settings: GenerationSettings) -> FakeEpisodes:
        return self

    @property
    def schema(self) -> DatasetSchema:
        more = {"more": Feature("float32", (2,))} if self.another_column else {}
        return DatasetSchema(10, "franka", {**FEATURES, **more})

    @property
    def grounding_schema(self) -> DatasetSchema:
        return DatasetSchema(10, "franka", GROUNDING)

    def make(self, seed: int) -> Made:
        assert os.environ["OMP_NUM_THREADS"] == "1"
        time.sleep(self.delay_s)
        if self.writes_seeds:
            with Path(self.writes_seeds).open("a") as file:
                file.write(f"{seed}\n")
        if seed == self.dies or (self.dies_once and seed > 5 and self._first()):
            os.kill(os.getpid(), signal.SIGKILL)
        if seed == self.raises:
            raise ValueError(f"seed {seed} is cursed")
        if self.rejects_all or seed % 5 == 3:
            return Rejection(seed, f"no grasp: the best misses by {seed} mm")
        if self.in_two:
            first, second = episode(2, seed), episode(3, seed)
            return replace(first, source="0-2"), replace(second, source="4-7")
        return episode(3 + seed % 4, seed)

    def make_grounding(self, seed: int) -> Made:
        values = {name: column for name, column in columns(2, seed).items() if name in GROUNDING}
        return encode_episode(GROUNDING, 10, values, {}, "find the mug")

    def _first(self) -> bool:
        try:
            Path(self.dies_once).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def main() -> int:
    from vla_ros import cli
    from vla_ros.training.generation import maker

    maker.episode_maker = FakeEpisodes(**json.loads(sys.argv[1]))
    return cli.main(["generate", *sys.argv[2:]])


if __name__ == "__main__":
    # The children of a program know its classes by another name; as a module they have one.
    from demonstrations import fake_episodes

    sys.exit(fake_episodes.main())
