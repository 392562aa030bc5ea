# SPDX-License-Identifier: Apache-2.0
"""Make config/tasks/grasp_reference.json anew: the expert's actions in the usual scenes of every set.

Run as `python -m vla_ros.sim.reference_command`. What the file holds of scenes drawn as they were is kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from vla_ros.sim.episode_pool import run_all
from vla_ros.sim.episode_runner import EpisodeRunner
from vla_ros.sim.episode_settings import EpisodeSettings
from vla_ros.sim.evaluation import MakeRunner
from vla_ros.sim.expert_reference import Entry, Reference, load_reference, save_reference, scene_digest
from vla_ros.sim.grasp_sets import grasp_sets
from vla_ros.sim.statistics import Episode

SPLITS = ("seen", "heldout")
SEEDS = 200
SAVE_EVERY = 20  # episodes: an interrupted run loses no more


def main(words: Sequence[str] | None = None) -> int:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"seeds 0 to this, exclusive (default {SEEDS})")
    parser.add_argument("--all", action="store_true", help="run the scenes that are known, too")
    arguments = parser.parse_args(words)
    entries = {} if arguments.all else {key: dict(seeds) for key, seeds in load_reference().entries.items()}
    for set_name in grasp_sets().sets:
        for split in SPLITS:
            settings = EpisodeSettings(policy="expert", set_name=set_name, categories=split)
            known = entries.setdefault(f"{set_name}/{split}", {})
            failed = _fill(
                known, settings, arguments.seeds, arguments.workers, lambda: save_reference(Reference(entries))
            )
            print(f"{set_name}/{split}: {len(known)} scenes, the expert failed in {failed}", flush=True)
    return 0


def _fill(known: dict[str, Entry], settings: EpisodeSettings, seeds: int, workers: int) -> Iterator[None]:
    """Run the scenes that `known` lacks or knows by another digest; yield whenever it is worth saving."""
    runner = EpisodeRunner(settings, Reference({}))
    digests = {seed: scene_digest(runner.scene(seed)) for seed in range(seeds)}
    missing = [seed for seed, digest in digests.items() if known.get(str(seed), (None, None))[0] != digest]
    for count, result in enumerate(run_all(MakeRunner(settings), missing, workers), start=1):
        if not isinstance(result, Episode):
            raise SystemExit(f"{settings.set_name}, seed {result.seed}: {result.reason}\n{result.trace}")
        known[str(result.seed)] = (digests[result.seed], result.steps if result.success else None)
        if count % SAVE_EVERY == 0:
            yield
    yield


if __name__ == "__main__":
    raise SystemExit(main())
