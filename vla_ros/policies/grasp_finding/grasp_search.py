# SPDX-License-Identifier: Apache-2.0
"""Ask the grasp network about a grid of points, then about the neighbourhood of the best.

Shape legend: P points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor

from vla_ros.policies.backbone.crops import Window
from vla_ros.policies.backbone.view_geometry import in_box, point_window, project
from vla_ros.policies.grasp_finding.grasp_network import CROP, EXTENT
from vla_ros.policies.grasp_finding.grasp_pose import doubted, peaks, to_rotation

COARSE = np.stack(
    np.meshgrid(*[np.linspace(-h, h, n) for h, n in ((0.10, 15), (0.10, 15), (0.075, 11))], indexing="ij"), axis=-1
).reshape(-1, 3)  # [m] around the object's middle
FINE = np.stack(np.meshgrid(*[np.linspace(-0.012, 0.012, 7)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)  # [m]
STAY, STAY_THERE = 1.0, 2.0  # logits that the last grasp is worth: equally good ones must not take turns; once there
STAY_NEAR = 0.015  # [m] from the last grasp
THERE = 0.04  # [m] of the tool from it: fingers around an object hide it
BEYOND = 0.05  # shares of its boxes' sides by which a grasp of an object may lie beyond them
OPENING_MIN = 0.03  # [m] the narrowest opening that demonstrations have
ORIENTATIONS = 4  # peaks of the orientation that are told
SLOPE_MAX = 0.35  # [rad] of the closing direction, as in the data
FAILED, FAILED_NEAR = 3.0, 0.02  # logits that a grasp costs nearby [m] of one that failed


class Asked(Protocol):
    """A network that points are asked of, in views that it knows."""

    def encode(self, crops: Tensor) -> Any:
        """Return what is seen in crops (1, V, CROP, CROP, 3) uint8."""
        ...

    def query(self, seen: Any, places: Tensor, points: Tensor, tool: Tensor) -> Tensor:
        """Return what is known of points (1, P, 3), which the crops show at places (1, V, P, 2)."""
        ...

    def judge(self, known: Tensor) -> Tensor:
        """Return logits (1, P)."""
        ...

    def turn(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of orientations (1, P, ANGLES), and openings and slopes (1, P, 2)."""
        ...


@dataclass(frozen=True, eq=False)
class FoundGrasp:
    """A grasp and how sure the network is of it."""

    point: np.ndarray  # (3,) [m] where the tool point is to be
    rotations: tuple[np.ndarray, ...]  # (3, 3) of the tool, the likeliest first
    likelihood: np.ndarray  # (YAWS·TILTS,) of the orientations
    opening: float  # [m]
    score: float  # 0…1


def find_grasp(
    network: Asked,
    pictures: Sequence[np.ndarray],
    calibrations: Sequence[np.ndarray],
    middle: np.ndarray,
    tool: np.ndarray,
    opening_max: float,
    last: np.ndarray | None = None,
    failed: Sequence[np.ndarray] = (),
    within: float = np.inf,
    boxes: Sequence[np.ndarray] | None = None,
) -> FoundGrasp:
    """Return the best grasp of the object whose middle (3,) [m] is given.

    `boxes` (4,) [px] a view show where it is: a point beyond them is of something beside it; None asks everywhere.
    `tool` (3,) is where the tool point is, `last` where it was to be for the last grasp, base frame [m];
    `opening_max` is what the gripper opens to [m]; `failed` are poses (4, 4) of the tool that held nothing or that it
    did not come to, `within` is how far from the middle it may be [m].
    """
    windows = [point_window(calibration, middle, EXTENT) for calibration in calibrations]
    crops = np.stack([window.cut(picture, CROP) for window, picture in zip(windows, pictures, strict=True)])
    seen = network.encode(torch.from_numpy(crops)[None])

    stay = STAY + STAY_THERE * (0.0 if last is None else arrived(tool, last))

    def query(points: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
        places = np.stack([_places(c, w, points) for c, w in zip(calibrations, windows, strict=True)])
        known = network.query(
            seen,
            torch.from_numpy(places)[None].float(),
            torch.from_numpy(points - middle)[None].float(),
            torch.from_numpy(tool - middle)[None].float(),
        )
        logits = network.judge(known)[0].numpy().astype(float)
        if last is not None:
            logits += stay * np.exp(-0.5 * ((points - last) ** 2).sum(axis=1) / STAY_NEAR**2)
        for T in failed:
            logits -= FAILED * np.exp(-0.5 * ((points - T[:3, 3]) ** 2).sum(axis=1) / FAILED_NEAR**2)
        return known, logits

    coarse = middle + COARSE[np.linalg.norm(COARSE, axis=1) <= within]
    if boxes is not None:
        coarse = _inside(boxes, calibrations, coarse)
    _, logits = query(coarse)
    fine = coarse[int(logits.argmax())] + FINE
    known, logits = query(fine)
    # The mean over the peak is finer than the grid.
    share = np.exp(1.5 * (logits - logits.max()))
    point = share @ fine / share.sum()
    best = int(((fine - point) ** 2).sum(axis=1).argmin())
    angles, numbers = network.turn(known[:, best : best + 1])
    opening, slope = numbers[0, 0].tolist()
    slope = float(np.clip(slope, -SLOPE_MAX, SLOPE_MAX))
    likelihood = angles[0, 0].softmax(dim=0).numpy()
    for T in failed:
        likelihood = doubted(likelihood, T[:3, :3])
    turns = peaks(likelihood, ORIENTATIONS)
    return FoundGrasp(
        point,
        tuple(to_rotation(heading, tilt, slope) for heading, tilt in turns),
        likelihood,
        float(np.clip(opening / 10.0, OPENING_MIN, opening_max)),
        float(expit(logits.max())),
    )


def arrived(tool: np.ndarray, point: np.ndarray) -> float:
    """Return how far the tool point has come to a grasp's, both (3,) [m]: 1 there, 0 well away."""
    return float(np.exp(-0.5 * ((tool - point) ** 2).sum() / THERE**2))


def _inside(boxes: Sequence[np.ndarray], calibrations: Sequence[np.ndarray], points: np.ndarray) -> np.ndarray:
    """Return those of points (P, 3) that lie in the boxes of all views; all of them where none does."""
    inside = np.ones(len(points), dtype=bool)
    for box, calibration in zip(boxes, calibrations, strict=True):
        inside &= in_box(project(calibration, points)[0], box, BEYOND)
    return points[inside] if inside.any() else points


def _places(calibration: np.ndarray, window: Window, points: np.ndarray) -> np.ndarray:
    """Return where a crop shows points (P, 3), -1 to 1: (P, 2)."""
    pixels, _ = project(calibration, points)
    return 2.0 * (pixels + 0.5 - (window.x, window.y)) / window.side - 1.0
