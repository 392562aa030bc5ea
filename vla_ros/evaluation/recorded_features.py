# SPDX-License-Identifier: Apache-2.0
"""What failure detection learns from an episode, written beside the evaluation: `vla eval --features DIR`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult
from vla_ros.failure_detection.rollout import Episode, read_rollout, rollout_path, save_rollout
from vla_ros.policies.families.weights_digest import policy_digest
from vla_ros.robots.embodiment import load_embodiment

if TYPE_CHECKING:
    from vla_ros.failure_detection.recording import FeatureRecorder


def features_path(settings: EpisodeSettings, seed: int) -> Path:
    """Return where the features of a seed's episode lie."""
    scenes = settings.task, settings.set_name, settings.categories, settings.wording
    return rollout_path(settings.features or ".", scenes, seed)


def lacks_features(settings: EpisodeSettings, seed: int) -> bool:
    """Say whether the features of a seed's episode are asked for and not there."""
    return bool(settings.features) and not features_path(settings, seed).is_file()


def check_folder(settings: EpisodeSettings, seeds: Sequence[int]) -> None:
    """Raise ConfigError where the features of these seeds would take the place of another policy's."""
    for path in (features_path(settings, seed) for seed in seeds):
        try:
            episode = read_rollout(path).episode
        except ConfigError:  # not there, or torn: it is recorded anew
            continue
        ours = weights_of(settings) if episode.weights else ""
        same = (episode.policy, episode.checkpoint) == (settings.policy, settings.checkpoint)
        if (ours != episode.weights) if ours else not same:
            whose = f"policy {episode.policy}" + (f" with {episode.checkpoint}" if episode.checkpoint else "")
            raise ConfigError(f"--features {settings.features}: {path.name} is of {whose}: name another folder")


def weights_of(settings: EpisodeSettings) -> str:
    """Return the digest of the policy's weights; "" where it has none."""
    return _digest(settings.policy, settings.checkpoint, settings.robot, settings.changes)


@cache  # of a policy that is loaded, asked for once an episode
def _digest(policy: str, checkpoint: str, robot: str, changes: str) -> str:
    return policy_digest(policy, checkpoint, load_embodiment(robot), changes)


def keep_features(settings: EpisodeSettings, result: EpisodeResult, recorder: FeatureRecorder) -> None:
    """Write what a recorder noted in an episode that is over. Raises ConfigError when it cannot be written."""
    episode = Episode(
        policy=settings.policy,
        checkpoint=settings.checkpoint,
        task=settings.task,
        set=settings.set_name,
        categories=settings.categories,
        wording=settings.wording,
        category=result.category,
        seed=result.seed,
        instruction=result.instruction,
        success=result.success,
        outcome=result.outcome,
        duration_s=float(result.duration_s),
        weights=weights_of(settings),
    )
    path = features_path(settings, result.seed)
    try:
        save_rollout(path, recorder.rollout(episode))
    except OSError as error:
        raise ConfigError(f"--features {path}: cannot be written ({error.strerror})") from error
