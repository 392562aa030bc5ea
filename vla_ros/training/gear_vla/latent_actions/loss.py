# SPDX-License-Identifier: Apache-2.0
"""What the latent-action tokenizer minimises, and how well it does on clips that were kept back.

Shape legend: B clips, K transitions, Q codes, V the vocabulary, M numbers of a motion.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from vla_ros.policies.gear_vla.latent_actions.network import LatentActionNetwork
from vla_ros.policies.gear_vla.latent_actions.tokenizer import as_input
from vla_ros.training.gear_vla.latent_actions.clips import Clips
from vla_ros.training.gear_vla.latent_actions.config import LatentActionTraining

RIDGE = 10.0  # of the linear map from codes to motion: with a few hundred clips, about one a number


def latent_action_loss(
    network: LatentActionNetwork, frames: Tensor, config: LatentActionTraining, rng: torch.Generator
) -> dict[str, Tensor]:
    """Return the three terms of clips (B, T, 3, height, width).

    `drawn` is 1 where nothing is drawn at all, whatever the clips show.
    """
    share = min(1.0, int(network.learned) / config.quantised_after)
    network.learned += 1
    made, quantised = network(frames, share, rng)
    return {
        "drawn": unexplained(made, frames),
        "nearness": config.nearness * quantised.nearness,
        "spread": config.spread * quantised.spread,
    }


def unexplained(made: Tensor, frames: Tensor) -> Tensor:
    """Return the share of the squared change since the first frame that drawn changes (B, K, …) leave."""
    changes = frames[:, 1:] - frames[:, :1]
    return (made - changes).square().mean() / changes.square().mean().clamp(min=1e-6)


def judge_codes(network: LatentActionNetwork, clips: Clips, kept: np.ndarray, held: np.ndarray) -> dict[str, float]:
    """Return figures of clips that were held back; those in `kept` teach the linear map from codes to motion.

    `unexplained` is 1 for nothing drawn; `unexplained_others` draws by another clip's codes, as if they said nothing of
    this one. `entries` is how many of a group's are chosen, as the exponential of their entropy. `motion_r2` is how
    much of the robot's motion codes tell a linear map, `motion_r2_pixels` how much coarse differences of pixels do.
    """
    config, frames = network.config, as_input(clips.frames(held))
    with torch.no_grad():
        ids = network.encode(frames).ids.reshape(len(held), config.transitions, config.codes)
        own, others = (unexplained(network.draw(frames[:, 0], given), frames) for given in (ids, ids.roll(1, 0)))
    figures = {
        "unexplained": float(own),
        "unexplained_others": float(others),
        "entries": _chosen(ids.numpy(), config.groups, config.entries),
    }
    return figures | _motion(network, clips, clips.of_first_camera(kept), clips.of_first_camera(held))


def _chosen(ids: np.ndarray, groups: int, entries: int) -> float:
    counts = np.bincount(ids.ravel(), minlength=groups * entries).reshape(groups, entries)
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float(np.exp(-(shares * np.log(np.maximum(shares, 1e-9))).sum(axis=1)).mean())


def _motion(network: LatentActionNetwork, clips: Clips, kept: np.ndarray, held: np.ndarray) -> dict[str, float]:
    motion, truth = clips.motion(kept), clips.motion(held)
    if motion is None or truth is None or not len(motion) or not len(truth):
        return {}
    seen, judged = clips.frames(kept), clips.frames(held)
    return {
        "motion_r2": _r2(_codes(network, seen), _codes(network, judged), motion, truth),
        "motion_r2_pixels": _r2(_differences(seen), _differences(judged), motion, truth),
    }


def _codes(network: LatentActionNetwork, frames: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        ids = torch.cat([network.encode(as_input(part)).ids for part in np.array_split(frames, -(-len(frames) // 64))])
    return one_hot(ids.reshape(len(frames), -1), network.config.vocabulary).flatten(1).double().numpy()


def _differences(frames: np.ndarray) -> np.ndarray:
    """Return the last frame less the first one, grey, a number for 8 × 8 pixels."""
    change = frames[:, -1].mean(-1) - frames[:, 0].mean(-1)
    high, wide = change.shape[1] // 8, change.shape[2] // 8
    return change.reshape(len(change), high, 8, wide, 8).mean(axis=(2, 4)).reshape(len(change), -1) / 16.0


def _r2(kept: np.ndarray, held: np.ndarray, motion: np.ndarray, truth: np.ndarray) -> float:
    """Return 1 − the squared error of a ridge regression on held clips, as a share of their variance."""
    scale = motion.std(axis=0)
    moves = scale > 1e-4
    if not moves.any():
        return 0.0
    mean, middle = kept.mean(axis=0), motion[:, moves].mean(axis=0)
    centred = kept - mean
    gram = centred.T @ centred + RIDGE * np.eye(kept.shape[1])
    weights = np.linalg.solve(gram, centred.T @ ((motion[:, moves] - middle) / scale[moves]))
    error = (held - mean) @ weights - (truth[:, moves] - middle) / scale[moves]
    spread = ((truth[:, moves] - truth[:, moves].mean(axis=0)) / scale[moves]) ** 2
    return float(1.0 - (error**2).sum() / max(float(spread.sum()), 1e-9))
