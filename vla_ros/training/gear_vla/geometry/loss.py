# SPDX-License-Identifier: Apache-2.0
"""What the geometry encoder minimises, and how well it does on scenes that were kept back.

Shape legend: B samples, V views, h, w of a map.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vla_ros.policies.gear_vla.geometry.network import Geometry, GeometryNetwork
from vla_ros.training.backbone.perception import colored
from vla_ros.training.gear_vla.geometry.pictures import GeometryPictures
from vla_ros.training.stages.mixture import portions

Batch = dict[str, Tensor]
POINT, PLACE = 0.1, 0.1  # [m] that count as much as a depth wrong by a factor of e
AT_ONCE = 16


def batch_of(pictures: GeometryPictures, rows: np.ndarray) -> Batch:
    """Return a batch of moments."""
    return {name: torch.from_numpy(values) for name, values in pictures.take(rows).items()}


def geometry_loss(network: GeometryNetwork, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
    """Return the terms of depth, points and poses, all as absolute errors; colours are changed first."""
    made = network(colored(batch["pictures"], rng))
    counts = (batch["depth"] > 0.0).float()
    every = counts.sum().clamp(min=1.0)
    depth = ((made.depth - _log(batch["depth"])).abs() * counts).sum() / every
    points = ((made.points - batch["points"]).norm(dim=-1) * counts).sum() / every
    poses = (made.poses - batch["poses"]).abs()
    return {
        "depth": depth,
        "points": points / POINT * 0.1,
        "poses": poses[..., :3].mean() / PLACE * 0.1 + poses[..., 3:].mean(),
    }


class Usual:
    """What is usual: the mean of each map and pose, whatever the pictures show. What was learned is held against it."""

    def __init__(self, pictures: GeometryPictures, rows: np.ndarray) -> None:
        """Take the moments that are learned from."""
        sums: dict[str, Tensor] = {}
        for part in portions(rows, AT_ONCE):
            batch = batch_of(pictures, part)
            counts = (batch["depth"] > 0.0).float()
            terms = {
                "depth": (_log(batch["depth"]) * counts).sum(0),
                "points": batch["points"].sum(0),
                "counts": counts.sum(0),
                "poses": batch["poses"].sum(0),
            }
            sums = {name: value + sums.get(name, 0.0) for name, value in terms.items()}
        counts = sums["counts"].clamp(min=1.0)
        poses = sums["poses"] / len(rows)
        self.geometry = Geometry(sums["depth"][None] / counts, (sums["points"] / counts[..., None])[None], poses[None])


@torch.inference_mode()
def judge_geometry(
    network: GeometryNetwork, pictures: GeometryPictures, rows: np.ndarray, usual: Usual
) -> dict[str, float]:
    """Return median errors over moments that were held back, and those of what is usual.

    `depth_percent` of the depth, `points_mm` in the first view's frame, `place_mm` and `turn_deg` of the other cameras.
    """
    own: list[dict[str, np.ndarray]] = []
    others: list[dict[str, np.ndarray]] = []
    for part in portions(rows, AT_ONCE):
        batch = batch_of(pictures, part)
        own.append(_errors(network(batch["pictures"]), batch))
        others.append(_errors(usual.geometry, batch))
    figures = {}
    for prefix, errors in (("", own), ("usual_", others)):
        for name in errors[0]:
            values = np.concatenate([one[name] for one in errors])
            if len(values):  # with one view there is no other camera
                figures[prefix + name] = float(np.median(values))
    return figures


def _errors(made: Geometry, batch: Batch) -> dict[str, np.ndarray]:
    known = batch["depth"] > 0.0
    depth, points = made.depth.expand_as(batch["depth"]), made.points.expand_as(batch["points"])
    poses = made.poses.expand_as(batch["poses"])[:, 1:]
    wanted = batch["poses"][:, 1:]
    turned = _rotations(poses).transpose(-1, -2) @ _rotations(wanted)
    cosine = ((turned.diagonal(dim1=-2, dim2=-1).sum(-1) - 1.0) / 2.0).clamp(-1.0, 1.0)
    return {
        "depth_percent": 100.0 * ((depth - _log(batch["depth"])).abs().expm1())[known].numpy(),
        "points_mm": 1000.0 * (points - batch["points"]).norm(dim=-1)[known].numpy(),
        "place_mm": 1000.0 * (poses - wanted)[..., :3].norm(dim=-1).flatten().numpy(),
        "turn_deg": np.degrees(cosine.arccos().flatten().numpy()),
    }


def _rotations(poses: Tensor) -> Tensor:
    """Return rotations (…, 3, 3) of poses (…, POSE), of which the two columns are made orthonormal."""
    first = normalize(poses[..., 3:6], dim=-1)
    second = poses[..., 6:9] - (first * poses[..., 6:9]).sum(-1, keepdim=True) * first
    second = normalize(second, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)


def _log(depth: Tensor) -> Tensor:
    return depth.clamp(min=1e-3).log()
