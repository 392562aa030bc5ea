# SPDX-License-Identifier: Apache-2.0
"""Batches and losses of the network that finds grasps.

Shape legend: B samples, V = 2 views, P points, K grasps.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn import functional as F

from vla_ros.policies.backbone.view_geometry import camera_matrix
from vla_ros.policies.grasp_finding import grasp_network
from vla_ros.policies.grasp_finding.grasp_network import GraspHeads, GraspNetwork
from vla_ros.policies.grasp_finding.grasp_pose import soft_bins, to_angles
from vla_ros.training.backbone.perception import colored
from vla_ros.training.pictures.samples import Samples

GRID = np.array([0.10, 0.10, 0.075])  # [m] half edges of where a grasp is looked for around the object's middle
NEAR = 0.010  # [m] standard deviation of "a grasp is here"


def grasp_batch(samples: Samples, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return crops, questions about points around the object, and what the answers should be."""
    columns = samples.columns
    grasps, own = samples.grasps, samples.grasp_rows[rows]
    shift = grasps["crops"].shape[2] - grasp_network.CROP
    count = len(rows)
    crops = np.empty((count, 2, grasp_network.CROP, grasp_network.CROP, 3), dtype=np.uint8)
    corners = np.empty((count, 2, 2))
    for i, kept in enumerate(grasps["crops"][own]):
        for view in range(2):
            y, x = rng.integers(0, shift + 1, size=2)
            crops[i, view] = kept[view, y : y + grasp_network.CROP, x : x + grasp_network.CROP]
            corners[i, view] = x, y
    options = grasps["options"][own]  # (B, K, 9)
    centre = grasps["middles"][own] + 0.006 * rng.normal(size=(count, 3))
    points = question_points(centre, options, rng)
    answers = answers_of(points, options)
    where = np.stack(
        [places(samples, rows, view, points, corners[:, view], shift) for view in range(2)],
        axis=1,
    )
    # A fifth of the time the hand says nothing: it must not be the answer.
    known = rng.uniform(size=(count, 1)) > 0.2
    tool = np.where(known, columns["tools"][rows] + 0.001 * rng.normal(size=(count, 3)), np.nan)
    return answers | {
        "crops": torch.from_numpy(crops),
        "places": torch.from_numpy(where).float(),
        "points": torch.from_numpy(points - centre[:, None]).float(),
        "tool": torch.from_numpy(tool - centre).float(),
    }


ASKED, AROUND, ANYWHERE = 4, 44, 144  # points at grasps, near grasps, anywhere in the grid


def question_points(centre: np.ndarray, options: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points (B, P, 3) [m] about grasps (B, K, 9): pose, opening, weight; anywhere where none is known."""
    count, weights = len(centre), options[..., 8]
    anywhere = centre[:, None] + GRID * rng.uniform(-1, 1, size=(count, ASKED + AROUND + ANYWHERE, 3))
    for i in range(count):
        known = np.flatnonzero(weights[i] > 0)
        if len(known) == 0:
            continue
        share = weights[i, known] / weights[i, known].sum()
        chosen = rng.choice(known, size=ASKED + AROUND, p=share)
        spread = np.where(np.arange(ASKED + AROUND) < ASKED, 0.003, 0.012)[:, None]
        anywhere[i, : ASKED + AROUND] = options[i, chosen, :3] + spread * rng.normal(size=(ASKED + AROUND, 3))
    return anywhere


def places(
    samples: Samples, rows: np.ndarray, view: int, points: np.ndarray, corner: np.ndarray, shift: int
) -> np.ndarray:
    """Return where a view's crop shows points (B, P, 3), -1 to 1: (B, P, 2)."""
    calibrations, windows = samples.columns["calibrations"], samples.grasps["windows"]
    return crop_places(
        calibrations[rows, view], windows[samples.grasp_rows[rows], view], points, corner, grasp_network.CROP + shift
    )


def crop_places(
    calibrations: np.ndarray, windows: np.ndarray, points: np.ndarray, corners: np.ndarray, kept: int
) -> np.ndarray:
    """Return where crops show points (B, P, 3), -1 to 1: (B, P, 2).

    They are cut at `corners` (B, 2) [px] of pictures `kept` pixels wide, which show the windows (B, 3) of cameras of
    these calibrations (B, 11).
    """
    matrices = np.stack([camera_matrix(one) for one in calibrations])  # (B, 3, 4)
    image = np.einsum("bij,bpj->bpi", matrices[:, :, :3], points) + matrices[:, None, :, 3]
    pixels = image[..., :2] / np.maximum(image[..., 2:], 1e-6)  # behind a camera: nowhere in its crop
    x, y, side = windows.T
    origin, scale = np.stack([x, y], axis=1), (kept / side)[:, None, None]
    inside = (pixels + 0.5 - origin[:, None]) * scale - corners[:, None]
    return 2.0 * inside / grasp_network.CROP - 1.0


def answers_of(points: np.ndarray, options: np.ndarray) -> dict[str, Tensor]:
    """Return what should be said of points (B, P, 3) among grasps (B, K, 9)."""
    squared = ((points[:, :, None] - options[:, None, :, :3]) ** 2).sum(axis=3)  # (B, P, K)
    likeness = options[:, None, :, 8] * np.exp(-0.5 * squared / NEAR**2)
    bins, numbers, trust = _orientations(options, likeness[:, :ASKED])
    return {
        "quality": torch.from_numpy(likeness.max(axis=2)).float(),
        "bins": torch.from_numpy(bins),
        "numbers": torch.from_numpy(numbers),
        "trust": torch.from_numpy(trust).float(),
    }


def _orientations(options: np.ndarray, likeness: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return soft bins (B, ASKED, ANGLES), opening [dm] and slope [rad] (B, ASKED, 2), and how far to trust them."""
    count, most = options.shape[:2]
    known = options[..., 8] > 0
    bins = np.zeros((count, most, grasp_network.ANGLES), dtype=np.float32)
    numbers = np.zeros((count, most, 2), dtype=np.float32)
    for i, k in zip(*np.nonzero(known), strict=True):
        heading, tilt, slope = to_angles(Rotation.from_quat(options[i, k, 3:7]).as_matrix())
        bins[i, k] = soft_bins(heading, tilt)
        numbers[i, k] = 10.0 * options[i, k, 7], slope
    total = likeness.sum(axis=2, keepdims=True)
    share = (likeness / np.maximum(total, 1e-6)).astype(np.float32)
    return share @ bins, share @ numbers, (total[..., 0] > 0.05).astype(np.float32)


def grasp_step(network: GraspNetwork, batch: dict[str, Tensor], rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses of one batch of grasp_batch."""
    seen = network.encode(colored(batch["crops"], rng))
    return grasp_losses(network, network.query(seen, batch["places"], batch["points"], batch["tool"]), batch)


def grasp_losses(network: GraspHeads, known: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the losses of what is known (B, P, W) of a batch's points."""
    losses = {"quality": 4.0 * F.binary_cross_entropy_with_logits(network.judge(known), batch["quality"])}
    angles, numbers = network.turn(known[:, :ASKED])
    trust = batch["trust"]
    total = trust.sum().clamp(min=1.0)
    losses["turn"] = -(batch["bins"] * angles.log_softmax(dim=2)).sum(dim=2).mul(trust).sum() / total * 0.3
    losses["opening"] = ((numbers - batch["numbers"]).abs() * numbers.new_tensor([5.0, 2.0])).mean(dim=2).mul(
        trust
    ).sum() / total
    return losses
