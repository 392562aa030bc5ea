# SPDX-License-Identifier: Apache-2.0
"""How well things are boxed, and how often the right one is chosen, on frames that were held back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.backbone import proposals
from vla_ros.policies.backbone.matching import MatchNetwork
from vla_ros.training.backbone import perception
from vla_ros.training.pictures.frames import SEEN
from vla_ros.training.pictures.samples import Samples

IOU = 0.5


@torch.inference_mode()
def judge_proposals(network: nn.Module, samples: Samples, rows: np.ndarray) -> dict[str, float]:
    """Return the share of objects with a proposal of IoU > 0.5, the mean IoU of the best, and proposals a picture."""
    found, overlaps, many = [], [], []
    for chunk in np.array_split(rows, max(1, len(rows) // 32)):
        images = torch.from_numpy(samples.columns["pictures"][chunk]).flatten(0, 1)
        boxes, scores = proposals.decode(network(images), 10)
        truth = torch.from_numpy(samples.columns["boxes"][chunk]).flatten(0, 1)
        for proposed, score, wanted in zip(boxes, scores, truth, strict=True):
            wanted = wanted[wanted[:, 4] >= SEEN]
            proposed = proposed[score > 0.12]
            many.append(len(proposed))
            best = _overlap(wanted[:, :4], proposed).amax(dim=1) if len(proposed) else torch.zeros(len(wanted))
            found += (best > IOU).tolist()
            overlaps += best.tolist()
    return {"recall": float(np.mean(found)), "iou": float(np.mean(overlaps)), "proposals": float(np.mean(many))}


def _overlap(first: Tensor, second: Tensor) -> Tensor:
    low = torch.maximum(first[:, None, :2], second[None, :, :2])
    high = torch.minimum(first[:, None, 2:], second[None, :, 2:])
    common = (high - low).clamp(min=0).prod(dim=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(dim=1) for boxes in (first, second)]
    return common / (areas[0][:, None] + areas[1][None] - common).clamp(min=1e-9)


@torch.inference_mode()
def judge_matching(network: MatchNetwork, samples: Samples, rows: np.ndarray) -> dict[str, float]:
    """Return how often the right object is chosen: in one view, and by both views together."""
    rng = np.random.default_rng(0)
    right: dict[str, list[bool]] = {"view": [], "object": [], "absent": []}
    for chunk in np.array_split(rows, max(1, len(rows) // 24)):
        batch = perception.match_batch(samples, chunk, rng)
        seen = network.encode(batch["crops"])
        there = batch["there"]
        looks = seen.new_zeros((*there.shape, seen.shape[1]))
        looks[there] = seen
        scene = batch["scene"]
        logits = network(looks[scene], batch["geometry"][scene], there[scene], batch["words"]).unflatten(1, (2, -1))
        meant = batch["meant"].unflatten(1, (2, -1))
        asked = meant.sum(dim=(1, 2)) > 0
        for view in range(2):
            ok = logits[:, view].argmax(dim=1) == meant[:, view].argmax(dim=1)
            right["view"] += ok[meant[:, view].sum(dim=1) > 0].tolist()
        both = logits.sum(dim=1).argmax(dim=1) == meant.sum(dim=1).argmax(dim=1)
        right["object"] += both[asked].tolist()
        right["absent"] += (logits.amax(dim=(1, 2)) < 0)[~asked].tolist()
    return {f"right_{name}": float(np.mean(values)) if values else 1.0 for name, values in right.items()}
