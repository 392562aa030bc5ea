# SPDX-License-Identifier: Apache-2.0
"""What the network that finds grasps learns from: crops around the thing that is about to be grasped, and questions.

Shape legend: F frames, G frames with crops, V views, B samples, P points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.masks import is_masked
from vla_ros.policies.backbone.view_geometry import point_window
from vla_ros.policies.contract import DataContract
from vla_ros.policies.gr3.small.grasp_finder import shows
from vla_ros.policies.grasp_finding.any_views import AnyViewsGrasp
from vla_ros.policies.grasp_finding.grasp_network import CROP, EXTENT
from vla_ros.policies.grasp_finding.grasp_pose import from_bins
from vla_ros.training.backbone.perception import colored
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3.grasps import GraspsToCome, grasps_to_come
from vla_ros.training.graspvla.grasp_examples import NEAR, answers_of, crop_places, grasp_losses, question_points

ROOM = 1.25  # a crop that is kept is so much larger than one that is shown: where it is cut differs each time
KEPT = round(CROP * ROOM)  # [px]
EVERY = 2  # frames looked at of which one is cut
WITHIN = 0.6  # [m] between tool and grasp: from further away no hand needs to know it to the millimetre
CENTRE = 0.012  # [m] standard deviation of where the thing is taken to be
UNTOLD = 0.2  # share of questions in which the tool says nothing: it must not be the answer
LOOKED = 0.7  # chance of a view that shows the thing to be asked: hands and things are in the way


class GraspCropCutter:
    """Cut what some frames of a dataset show of the thing that is about to be grasped."""

    def __init__(self, reader: LeRobotReader, rows: np.ndarray, contract: DataContract) -> None:
        """`rows` (F,) are the frames that will be looked at."""
        acts = notes.VALID in reader.metadata.features and not is_masked(reader.metadata)
        self._grasps: GraspsToCome | None = grasps_to_come(reader, rows, contract) if acts else None
        self._views = len(contract.cameras)
        self._made: dict[str, list[Any]] = {name: [] for name in ("frames", "crops", "windows", "shown")}

    def cut(self, frame: int, pictures: Sequence[np.ndarray], calibrations: Sequence[np.ndarray]) -> None:
        """Look at frame number `frame` of those."""
        grasps = self._grasps
        if grasps is None or not grasps.known[frame] or frame % EVERY:
            return
        away = np.linalg.norm(grasps.tools[frame, :, :3] - grasps.poses[frame, :3], axis=1).min()
        middle = grasps.middles[frame]
        shown = [shows(*one, middle) for one in zip(calibrations, pictures, strict=True)]
        if away > WITHIN or not any(shown):
            return
        crops, windows = np.zeros((self._views, KEPT, KEPT, 3), np.uint8), np.ones((self._views, 3), np.float32)
        for view in np.flatnonzero(shown).tolist():
            window = point_window(calibrations[view], middle, ROOM * EXTENT)
            crops[view], windows[view] = window.cut(pictures[view], KEPT), (window.x, window.y, window.side)
        for name, value in (("frames", frame), ("crops", crops), ("windows", windows), ("shown", shown)):
            self._made[name].append(value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return `grasp_frames` (G,), `grasp_crops` (G, V, KEPT, KEPT, 3), `grasp_windows` and `grasp_shown`."""
        views = self._views
        kinds: dict[str, tuple[tuple[int, ...], type]] = {
            "frames": ((), np.int64),
            "crops": ((views, KEPT, KEPT, 3), np.uint8),
            "windows": ((views, 3), np.float32),
            "shown": ((views,), np.bool_),
        }
        return {
            f"grasp_{name}": np.array(self._made[name], dtype=kind).reshape(-1, *shape)
            for name, (shape, kind) in kinds.items()
        }


@dataclass(frozen=True, eq=False)
class GraspCrops:
    """Crops of frames (G,)."""

    frames: np.ndarray  # (G,) which of all frames with actions
    crops: np.ndarray  # (G, V, KEPT, KEPT, 3) uint8
    windows: np.ndarray  # (G, V, 3) corner and side [px]
    shown: np.ndarray  # (G, V) bool
    calibrations: np.ndarray  # (G, V, 11)

    def __len__(self) -> int:
        return len(self.frames)


def crop_batch(kept: GraspCrops, grasps: GraspsToCome, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return crops of rows (B,), questions about points around the thing, and what the answers should be."""
    frames, count, views = kept.frames[rows], len(rows), kept.shown.shape[1]
    options = grasps.options[frames].astype(float)
    centre = grasps.middles[frames] + CENTRE * rng.normal(size=(count, 3))
    points = question_points(centre, options, rng)
    corners = rng.integers(0, KEPT - CROP + 1, size=(count, views, 2))
    crops = np.empty((count, views, CROP, CROP, 3), dtype=np.uint8)
    for i, row in enumerate(rows.tolist()):
        for view in range(views):
            x, y = corners[i, view]
            crops[i, view] = kept.crops[row, view, y : y + CROP, x : x + CROP]
    tools = grasps.tools[frames, :, :3]
    nearest = tools[np.arange(count), np.linalg.norm(tools - centre[:, None], axis=2).argmin(axis=1)]
    told = rng.uniform(size=(count, 1)) > UNTOLD
    tool = np.where(told, nearest + 0.001 * rng.normal(size=(count, 3)), np.nan)
    seen_by = [(kept.calibrations[rows, view], kept.windows[rows, view].astype(float)) for view in range(views)]
    places = [
        crop_places(calibrations, windows, points, corners[:, view], KEPT)
        for view, (calibrations, windows) in enumerate(seen_by)
    ]
    return answers_of(points, options) | {
        "crops": torch.from_numpy(crops),
        "places": torch.from_numpy(np.stack(places, axis=1)).float(),
        "points": torch.from_numpy(points - centre[:, None]).float(),
        "tool": torch.from_numpy(tool - centre).float(),
        "shown": torch.from_numpy(_asked(kept.shown[rows], rng)),
    }


def crop_loss(network: AnyViewsGrasp, batch: dict[str, Tensor], rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses of a batch of crop_batch."""
    kinds = torch.arange(batch["shown"].shape[1], device=batch["shown"].device)
    seen = network.encode(colored(batch["crops"], rng), kinds, batch["shown"])
    known = network.query(seen, batch["places"], batch["points"], batch["tool"])
    return {f"grasp_{name}": loss for name, loss in grasp_losses(network, known, batch).items()}


@torch.inference_mode()
def judge_crops(network: AnyViewsGrasp, batch: dict[str, Tensor]) -> dict[str, float]:
    """Return how far the likeliest of a batch's points is from the grasp [mm] and how far its heading is off [rad].

    Its points lie around the grasp and anywhere: what a search over a grid finds is no nearer than these.
    """
    shown = batch["shown"]
    seen = network.encode(batch["crops"], torch.arange(shown.shape[1]), shown)
    known = network.query(seen, batch["places"], batch["points"], batch["tool"])
    best = network.judge(known).argmax(dim=1)
    # Quality is exp(-d²/2σ²) of the distance d to the grasp.
    quality = batch["quality"][torch.arange(len(best)), best].double().clamp(min=1e-12)
    distances = NEAR * torch.sqrt(-2.0 * quality.log())
    angles = network.turn(known[:, :1])[0][:, 0].softmax(dim=1)
    off = [_heading_off(*pair) for pair in zip(angles.numpy(), batch["bins"][:, 0].numpy(), strict=True)]
    return {"grasp_mm": 1000.0 * float(distances.median()), "grasp_heading": float(np.median(off))}


def _heading_off(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return by how much headings of bins (ANGLES,) differ [rad], the fingers being alike."""
    apart = from_bins(found)[0] - from_bins(wanted)[0]
    return float(abs((apart + np.pi / 2) % np.pi - np.pi / 2))


def _asked(shown: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which views (B, V) of those that show the thing are asked: one at least."""
    asked = shown & (rng.uniform(size=shown.shape) < LOOKED)
    none = ~asked.any(axis=1)
    asked[none] = shown[none]
    return asked
