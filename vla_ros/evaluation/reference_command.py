# SPDX-License-Identifier: Apache-2.0
"""Make config/tasks/<task>_reference.json anew: the expert's actions in the usual scenes of every set.

Run as `python -m vla_ros.evaluation.reference_command`. What is known of scenes that are still drawn so is kept,
the rest dropped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from vla_ros.evaluation.evaluation import MakeRunner
from vla_ros.evaluation.expert_reference import Reference, load_reference, reference_path, save_reference, scene_digest
from vla_ros.evaluation.pool import run_all
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult
from vla_ros.tasks.table import DEFAULT_TASK, TASKS, check_task, load_task

SPLITS = ("action",)
SEEDS = 100
SAVE_EVERY = 20  # episodes: an interrupted run loses no more


def main(words: Sequence[str] | None = None) -> int:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"seeds 0 to this, exclusive (default {SEEDS})")
    parser.add_argument("--task", default=DEFAULT_TASK, help=f"{', '.join(TASKS)} (default {DEFAULT_TASK})")
    parser.add_argument("--all", action="store_true", help="run the scenes that are known, too")
    arguments = parser.parse_args(words)
    task = check_task(arguments.task)
    known = {} if arguments.all else dict(load_reference(task).entries)
    usual: set[int] = set()
    for set_name in load_task(task).sets.sets:
        for split in SPLITS:
            settings = EpisodeSettings(policy="expert", task=task, set_name=set_name, categories=split)
            runner = EpisodeRunner(settings, Reference({}))
            digests = {seed: scene_digest(runner.scene(seed)) for seed in range(arguments.seeds)}
            usual |= set(digests.values())
            for _ in _fill(known, digests, settings, arguments.workers):
                save_reference(Reference(known), reference_path(task))
            failed = sum(known[digest] is None for digest in digests.values())
            print(f"{set_name}, {split}: {len(digests)} scenes, the expert failed in {failed}", flush=True)
    save_reference(Reference({digest: known[digest] for digest in usual}), reference_path(task))
    return 0


def _fill(
    known: dict[int, int | None], digests: dict[int, int], settings: EpisodeSettings, workers: int
) -> Iterator[None]:
    """Run the scenes whose digests, by seed, are not known; yield whenever it is worth saving."""
    missing = [seed for seed, digest in digests.items() if digest not in known]
    for count, result in enumerate(run_all(MakeRunner(settings), missing, workers), start=1):
        if not isinstance(result, EpisodeResult):
            raise SystemExit(f"{settings.set_name}, seed {result.seed}: {result.reason}\n{result.trace}")
        known[digests[result.seed]] = result.steps if result.success else None
        if count % SAVE_EVERY == 0:
            yield
    yield


if __name__ == "__main__":
    raise SystemExit(main())
