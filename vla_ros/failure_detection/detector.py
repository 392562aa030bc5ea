# SPDX-License-Identifier: Apache-2.0
"""A failure detector: several ways to score a roll-out, and the scores of successes that say what is usual.

On disk a folder of config.json and model.safetensors, as checkpoints are; no pickle is ever read.
Shape legend: B roll-outs, T steps, N calibration curves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from controllers.errors import ConfigError, unknown_name
from vla_ros.documents import read_json
from vla_ros.failure_detection.baselines import Disagreement, Doubt, ElapsedTime, Mahalanobis, NearestNeighbours
from vla_ros.failure_detection.batch import RolloutBatch
from vla_ros.failure_detection.conformal import FunctionalBand, calibrate, least_alpha, padded
from vla_ros.failure_detection.heads import HEADS
from vla_ros.failure_detection.rollout import RecordedRollout
from vla_ros.failure_detection.tasks import HoldOut
from vla_ros.policies.families.network_file import CONFIG, load_network, save_network

KIND, VERSION = "failure_detector", 1
MOST = {"features": 8192, "hidden": 4096, "references": 10_000, "calibration": 5000}  # of the sizes in config.json
BASELINES = ("mahalanobis", "neighbours", "disagreement", "doubt", "time")
SCORES = (*HEADS, *BASELINES)
_SHOWN = 12  # characters of a digest


@dataclass(frozen=True)
class DetectorConfig:
    """What a detector is for and of what sizes."""

    policy: str
    checkpoint: str
    features: int  # F
    hidden: int
    references: int  # features of successful roll-outs that are kept
    period_s: float  # [s] from one inference to the next, where it was made
    hold_out: str  # what it has never seen, as --hold-out says it
    seed: int
    calibration: tuple[int, int]  # (N, T) of each score's curves
    rollouts: tuple[str, ...]  # keys of those that it was made with
    weights: str = ""  # digest of the checkpoint's; "" where nobody noted it
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        for name in ("features", "hidden", "references"):
            _check_size(name, getattr(self, name))
        if self.kind != KIND or self.version != VERSION:
            raise ConfigError(f"is a {self.kind!r} of version {self.version!r}, not a {KIND} of version {VERSION}")
        if not isinstance(self.calibration, list | tuple) or len(self.calibration) != 2:
            raise ConfigError(f"calibration must be 2 sizes, got {self.calibration!r}")
        for size in self.calibration:
            _check_size("calibration", size)
        for name in ("policy", "checkpoint", "hold_out", "weights"):
            if type(getattr(self, name)) is not str:
                raise ConfigError(f"{name} is {getattr(self, name)!r}, which is no text")
        if type(self.period_s) not in (int, float) or not 0.0 < self.period_s <= 60.0:
            raise ConfigError(f"period_s must be above 0 and at most 60 s, got {self.period_s!r}")
        if not isinstance(self.rollouts, list | tuple) or not all(type(key) is str for key in self.rollouts):
            raise ConfigError("rollouts must be names of roll-outs")
        HoldOut.read(self.hold_out)


class FailureDetector(nn.Module):
    """All scores of one policy's roll-outs. A score is high where a roll-out looks like a failure."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        size = config.features
        self.scores = nn.ModuleDict({name: head(size, config.hidden) for name, head in HEADS.items()})
        self.scores["mahalanobis"] = Mahalanobis(size)
        self.scores["neighbours"] = NearestNeighbours(size, config.references)
        self.scores["disagreement"] = Disagreement()
        self.scores["doubt"] = Doubt()
        self.scores["time"] = ElapsedTime()
        for name in SCORES:
            self.register_buffer(f"usual_{name}", torch.zeros(config.calibration))

    @property
    def hold_out(self) -> HoldOut:
        """Return what it has never seen."""
        return HoldOut.read(self.config.hold_out)

    def usual(self, name: str) -> np.ndarray:
        """Return the curves (N, T) of a score of successful roll-outs that nothing was learned from."""
        return getattr(self, f"usual_{name}").numpy()

    def take_usual(self, rollouts: Sequence[RecordedRollout]) -> None:
        """Keep the scores of successful roll-outs for bands."""
        for name in SCORES:
            curves = padded(self.score(name, rollouts), self.config.calibration[1])
            getattr(self, f"usual_{name}").copy_(torch.from_numpy(curves))

    def score(self, name: str, rollouts: Sequence[RecordedRollout]) -> list[np.ndarray]:
        """Return a score's curve (T,) of each roll-out. Raises ConfigError for a name, or features, that it has not."""
        self.check(rollouts)
        curves = self.curves(name, RolloutBatch.of(rollouts))
        return [curve[: len(rollout.times)].copy() for curve, rollout in zip(curves, rollouts, strict=True)]

    @torch.inference_mode()
    def curves(self, name: str, batch: RolloutBatch) -> np.ndarray:
        """Return a score (B, T), which past a roll-out's end means nothing. Raises ConfigError for an unknown name."""
        check_score(name)
        return self.scores[name](batch).numpy()

    def band(self, name: str, alpha: float, seed: int = 0) -> FunctionalBand:
        """Return the band that a successful roll-out of a usual task leaves with probability `alpha`."""
        check_score(name)
        return calibrate(self.usual(name), alpha, np.random.default_rng(seed))

    def check_band(self, name: str, alpha: float) -> None:
        """Raise ConfigError for an unknown score, or a level at which the calibration's few curves raise no alarm."""
        if not np.isfinite(self.band(name, alpha).radius):
            least = least_alpha(self.config.calibration[0])
            raise ConfigError(
                f"alpha {alpha:g}: the detector was calibrated on {self.config.calibration[0]} successes, which allow "
                f"{least:.2g} and more: give that, or record more roll-outs"
            )

    def check(self, rollouts: Sequence[RecordedRollout]) -> None:
        """Raise ConfigError for roll-outs of another policy."""
        for rollout in rollouts:
            episode, size = rollout.episode, rollout.features.shape[1]
            self.check_policy(f"the roll-out {episode.key}", episode.policy, episode.checkpoint, episode.weights)
            self._check_same(f"the roll-out {episode.key}", "features", size, self.config.features)

    def check_policy(self, whose: str, policy: str, checkpoint: str, weights: str) -> None:
        """Raise ConfigError for another policy, or other weights of it, than the detector is of.

        `weights` is their digest: where the detector has one too it alone tells, wherever the folder lies.
        """
        if weights and self.config.weights:
            what = f"weights ({checkpoint})" if checkpoint else "weights"
            self._check_same(whose, what, weights[:_SHOWN], self.config.weights[:_SHOWN])
            return
        self._check_same(whose, "policy", policy, self.config.policy)
        self._check_same(whose, "checkpoint", checkpoint, self.config.checkpoint)

    @staticmethod
    def _check_same(whose: str, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise ConfigError(
                f"{whose} has {what} {found!r}, the detector is of {wanted!r}: a detector knows the features of one "
                "policy"
            )


def check_score(name: str) -> None:
    """Raise ConfigError for a name that no score has."""
    if name not in SCORES:
        raise ConfigError(unknown_name("score", name, SCORES))


def save_detector(folder: Path, detector: FailureDetector) -> None:
    """Write weights, then config.json."""
    save_network(folder, detector, dataclasses.asdict(detector.config))


def load_detector(folder: Path) -> FailureDetector:
    """Read a detector. Raises ConfigError for a folder that holds none."""
    path = folder / CONFIG
    if not path.is_file():
        raise ConfigError(f"{folder}: is no failure detector: `vla detect train … --output {folder}` makes one")
    said = read_json(path)
    try:
        if not isinstance(said, dict):
            raise ConfigError("it is no mapping")
        config = DetectorConfig(**said)
        count, steps = config.calibration
        config = dataclasses.replace(config, calibration=(count, steps), rollouts=tuple(config.rollouts))
    except (ConfigError, TypeError) as error:
        raise ConfigError(f"{path}: not a failure detector's ({error}): train it again") from None
    return load_network(folder, lambda: FailureDetector(config)).eval().requires_grad_(False)


def _check_size(name: str, value: object) -> None:
    if type(value) is not int or not 1 <= value <= MOST[name]:
        raise ConfigError(f"{name} must be a whole number of 1 to {MOST[name]}, got {value!r}")
