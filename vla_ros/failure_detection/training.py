# SPDX-License-Identifier: Apache-2.0
"""Train the heads on successful and failed roll-outs, and fit the baselines on the successful ones.

Shape legend: B roll-outs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from controllers.errors import ConfigError
from vla_ros.failure_detection.baselines import REFERENCES, Mahalanobis, NearestNeighbours
from vla_ros.failure_detection.batch import RolloutBatch
from vla_ros.failure_detection.detector import DetectorConfig, FailureDetector
from vla_ros.failure_detection.heads import HEADS, LstmHead, MlpHead
from vla_ros.failure_detection.rollout import RecordedRollout
from vla_ros.failure_detection.tasks import HoldOut, split
from vla_ros.seed_range import check_seed


@dataclass(frozen=True)
class TrainingConfig:
    """How the heads are trained."""

    hidden: int = 64
    epochs: int = 600
    patience: int = 100  # epochs without a better loss on the roll-outs that say when to stop
    batch: int = 32  # roll-outs
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    noise: float = 0.1  # standard deviations added to features: there are few roll-outs
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("hidden", "epochs", "patience", "batch"):
            value = getattr(self, name)
            if not 1 <= value <= 100_000:
                raise ConfigError(f"--{name} must be 1 to 100000, got {value}")
        check_seed(self.seed)


@dataclass(frozen=True)
class TrainedHead:
    """What training a head came to."""

    epochs: int  # until it was stopped
    best_epoch: int
    loss: float  # there, of the roll-outs that say when to stop


Report = Callable[[str, int, float], None]  # head, epoch, loss


def train_detector(
    rollouts: Sequence[RecordedRollout],
    hold_out: HoldOut,
    config: TrainingConfig,
    report: Report = lambda head, epoch, loss: None,
) -> tuple[FailureDetector, dict[str, TrainedHead]]:
    """Return a detector that learned from the roll-outs that are not held out, and how training went.

    Raises ConfigError where these are too few.
    """
    torch.set_num_threads(1)  # several wait for one another on networks this small, 60 times as long on a busy machine
    hold_out.check(rollouts)
    known, _ = hold_out.parted(rollouts)
    parts = split(known, config.seed)
    torch.manual_seed(config.seed)
    successful = _features([rollout for rollout in parts.train if rollout.success])
    usual = [rollout for rollout in parts.calibrate if rollout.success]
    references = successful[_evenly(len(successful), REFERENCES)]
    episode = rollouts[0].episode
    detector = FailureDetector(
        DetectorConfig(
            policy=episode.policy,
            checkpoint=episode.checkpoint,
            weights=episode.weights,
            features=rollouts[0].features.shape[1],
            hidden=config.hidden,
            references=len(references),
            period_s=_period(known),
            hold_out=str(hold_out),
            seed=config.seed,
            calibration=(len(usual), max(len(rollout.times) for rollout in usual)),
            rollouts=tuple(rollout.episode.key for rollout in known),
        )
    )
    everything = _features(parts.train)
    trained = {}
    for name in HEADS:
        head = detector.scores[name]
        assert isinstance(head, MlpHead | LstmHead)
        head.standard.fit(everything)
        trained[name] = train_head(head, parts.train, parts.stop, config, partial(report, name))
    mahalanobis, neighbours = detector.scores["mahalanobis"], detector.scores["neighbours"]
    assert isinstance(mahalanobis, Mahalanobis)
    assert isinstance(neighbours, NearestNeighbours)
    mahalanobis.fit(successful)
    neighbours.fit(references)
    detector.eval().requires_grad_(False)
    detector.take_usual(usual)
    return detector, trained


def train_head(
    head: MlpHead | LstmHead,
    rollouts: Sequence[RecordedRollout],
    stopping: Sequence[RecordedRollout],
    config: TrainingConfig,
    report: Callable[[int, float], None] = lambda epoch, loss: None,
) -> TrainedHead:
    """Train a head, whose standardiser is fitted, and leave it as it was where `stopping` said it was best.

    Successes and failures weigh alike, however many there are of each.
    """
    rng = np.random.default_rng(config.seed)
    optimiser = torch.optim.AdamW(head.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    judged = RolloutBatch.of(stopping)
    best, best_epoch, kept = float("inf"), 0, copy.deepcopy(head.state_dict())
    spread = config.noise * head.standard.std
    epoch = 0
    for epoch in range(1, config.epochs + 1):
        head.train()
        for rows in _batches(len(rollouts), config.batch, rng):
            batch = RolloutBatch.of([rollouts[i] for i in rows])
            noisy = batch.features + spread * torch.randn_like(batch.features)
            loss = balanced(head.loss(replace(batch, features=noisy)), batch.failed)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimiser.step()
        head.eval()
        with torch.inference_mode():
            now = float(balanced(head.loss(judged), judged.failed))
        report(epoch, now)
        if now < best - 1e-5:
            best, best_epoch, kept = now, epoch, copy.deepcopy(head.state_dict())
        elif epoch - best_epoch >= config.patience:
            break
    head.load_state_dict(kept)
    return TrainedHead(epoch, best_epoch, best)


def balanced(losses: Tensor, failed: Tensor) -> Tensor:
    """Return the mean of the mean losses (B,) of successes and of failures; of one where the other is not there."""
    means = [losses[chosen].mean() for chosen in (failed > 0.5, failed <= 0.5) if bool(chosen.any())]
    return torch.stack(means).mean()


def _batches(count: int, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    order = rng.permutation(count)
    return np.array_split(order, max(1, round(count / size)))


def _features(rollouts: Sequence[RecordedRollout]) -> Tensor:
    """Return all features (N, F) of roll-outs that there are. Raises ConfigError for none."""
    rows = np.concatenate([rollout.features for rollout in rollouts])
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < 2:
        raise ConfigError("the roll-outs of the training tasks hold no features: record other sets of scenes")
    return torch.from_numpy(rows)


def _period(rollouts: Sequence[RecordedRollout]) -> float:
    """Return the time from one inference to the next [s]. Raises ConfigError where there is never a next one."""
    periods = np.concatenate([np.diff(rollout.times) for rollout in rollouts])
    if len(periods) == 0:
        raise ConfigError("every roll-out has one inference: record with `vla eval --features … --non-blocking 0.2`")
    return float(np.median(periods))


def _evenly(count: int, most: int) -> np.ndarray:
    """Return `most` of `count` rows at most, evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
