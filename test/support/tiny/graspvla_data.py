# SPDX-License-Identifier: Apache-2.0
"""Two demonstrations and two grounding scenes, generated once a run of the tests, and a training that takes seconds."""

from __future__ import annotations

import fcntl
import shutil
from functools import cache
from pathlib import Path

from shared_folder import shared_folder

from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.training.generation.episode_maker import EpisodeMaker
from vla_ros.training.generation.settings import GenerationSettings

TINY = """
threads: 1
rollouts: {episodes: 0}
pretrained: false
trunk_width: 0.25
joint: {steps: 4, batch: 4, grasps: 2, actions: 8, learning_rate: 1.0e-3, validate_every: 2}
"""


@cache
def generated(contract: str = "franka_grasp") -> Path:
    """Return a folder as `vla generate` leaves it: action/ and grounding/."""
    root = shared_folder() / f"graspvla_small_{contract}"
    with (shared_folder() / f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of this run may be making it
        if not root.is_dir():
            made = root.with_suffix(".part")
            _generate(made, contract)
            made.rename(root)
    return root


def _generate(root: Path, contract: str) -> None:
    shutil.rmtree(root, ignore_errors=True)  # half of it, where a test was interrupted
    maker = EpisodeMaker(GenerationSettings(contract=contract))
    for name, schema, make in (
        ("action", maker.schema, maker.make),
        ("grounding", maker.grounding_schema, maker.make_grounding),
    ):
        with LeRobotWriter(root / name, schema) as out:
            for episode in [made for seed in range(2) if isinstance(made := make(seed), EncodedEpisode)]:
                out.add(episode)
