# SPDX-License-Identifier: Apache-2.0
"""ACT's batches, its loss, and how well it does on frames that were kept back.

Shape legend: B samples, H steps, A numbers of an action, Z of the latent.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vla_ros.policies.act.network import ActNetwork
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.training.act.samples import ActSamples
from vla_ros.training.backbone.perception import colored


class ActBatches:
    """Make batches of samples; sentences are embedded once."""

    def __init__(self, samples: ActSamples, states: Normaliser, actions: Normaliser) -> None:
        self._samples = samples
        self._states = states.normalise(samples.states).astype(np.float32)
        self._actions = actions.normalise(samples.actions).astype(np.float32)
        self._words = {text: word_tokens(text) for text in set(samples.words)}

    def of(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Return pictures, words, normalised proprioception and actions of these rows, as the network takes them."""
        samples = self._samples
        return {
            "pictures": torch.from_numpy(samples.pictures[rows]),
            "words": torch.from_numpy(np.stack([self._words[samples.words[row]] for row in rows.tolist()])),
            "state": torch.from_numpy(self._states[rows]),
            "actions": torch.from_numpy(self._actions[rows]),
            "counts": torch.from_numpy(samples.counts[rows]),
        }


def act_loss(
    network: ActNetwork, batch: dict[str, Tensor], kl_weight: float, rng: torch.Generator
) -> dict[str, Tensor]:
    """Return the two terms of the paper's equation 1: reconstruction (L1), and `kl_weight` times the divergence."""
    pictures = colored(batch["pictures"], rng)
    # Dropout draws from the global generator: borrowed, so that a step is a function of its number alone.
    with torch.random.fork_rng():
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=rng)))
        mean, log_variance = network.style(batch["state"], batch["actions"], batch["counts"])
        mean, log_variance = mean.float(), log_variance.float()
        noise = torch.randn(mean.shape, generator=rng).to(mean.device)
        made = network(pictures, batch["words"], batch["state"], mean + (0.5 * log_variance).exp() * noise)
    return {
        "l1": reconstruction(made, batch["actions"], batch["counts"]),
        "kl": kl_weight * divergence(mean, log_variance),
    }


def reconstruction(made: Tensor, actions: Tensor, counts: Tensor) -> Tensor:
    """Return the mean L1 of actions (B, H, A) over the steps that count (B, H)."""
    error = F.l1_loss(made.float(), actions, reduction="none").mean(dim=2)
    return (error * counts).sum() / counts.sum().clamp(min=1.0)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp log_variance) ‖ N(0, 1)), summed over the latent (B, Z), mean of the samples."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=1).mean()


@torch.inference_mode()
def judge_act(
    network: ActNetwork, batches: ActBatches, rows: np.ndarray, actions: Normaliser, moves_arm: bool
) -> dict[str, float]:
    """Return the mean L1 at latent 0, as it acts, and where an arm is moved how far its first action is off [mm]."""
    l1, off, weights = [], [], []
    for chunk in np.array_split(rows, max(1, len(rows) // 32)):
        batch = batches.of(chunk)
        made = network(batch["pictures"], batch["words"], batch["state"])
        l1.append(float(reconstruction(made, batch["actions"], batch["counts"])))
        weights.append(float(batch["counts"].sum()))
        first = actions.restore((made - batch["actions"])[:, 0].numpy()) - actions.mean
        off.append(np.linalg.norm(first[:, :3], axis=1))
    figures = {"l1": float(np.average(l1, weights=weights))}
    if not moves_arm:
        return figures
    error = 1000.0 * np.concatenate(off)
    return figures | {
        "action_mm": float(np.median(error)),
        "action_mm_p90": float(np.quantile(error, 0.9)),
    }
