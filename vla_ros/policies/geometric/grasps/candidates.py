# SPDX-License-Identifier: Apache-2.0
"""Grasps of a thing from its points: every place, turn and depth at once, then what fits and holds best.

The same test serves a can held across, a bottle held by its neck and a bowl held by its rim: the pads must close on
a thin enough piece, while the open fingers and the hand stay out of everything else.

Shape legend: C candidates, N points, S seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from vla_ros.objects.grasp import Grasp
from vla_ros.policies.geometric.grasps.cost import contact_slope, cost_terms
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions, GripperFrames
from vla_ros.policies.geometric.grasps.search_config import GraspSearchConfig
from vla_ros.policies.geometric.perceiving.completion import thin

CENTER_SHARE = 0.25  # of a thing's length: that far off its middle costs 1
CENTER_RANGE = (0.012, 0.03)  # [m] …within these


@dataclass(frozen=True, eq=False)
class GraspScene:
    """What a grasp is looked for in."""

    target: np.ndarray  # (N, 3) [m] points of the thing
    others: np.ndarray  # (M, 3) [m] points of everything else
    table: float  # [m] height
    reference_x: np.ndarray  # (2,) the tool's present x axis on the table: the nearer of two half turns is taken


def propose_grasps(
    scene: GraspScene, config: GraspSearchConfig, gripper: GripperDimensions, tilts: tuple[float, ...] = (0.0,)
) -> list[Grasp]:
    """Return grasps of the target clear of the others and the table, best first; `tilts` [rad] from upright."""
    seeds = _seeds(scene.target, config)
    found: list[Grasp] = []
    for start in range(0, len(seeds), config.batch):
        found += _try_places(seeds[start : start + config.batch], scene, config, gripper, tilts)
        # Places are tried from the middle outwards, so the first good one is seldom beaten.
        if found and min(grasp.cost for grasp in found) < config.good_enough:
            break
    return sorted(found, key=lambda grasp: grasp.cost)


def _try_places(
    seeds: np.ndarray,
    scene: GraspScene,
    config: GraspSearchConfig,
    gripper: GripperDimensions,
    tilts: tuple[float, ...],
) -> list[Grasp]:
    T, top = _poses(seeds, scene, config, gripper, tilts)
    T, frames = _center(T, GripperFrames.of(T, scene.target), gripper)
    between = frames.between(gripper, gripper.opening_max / 2.0)
    width = np.where(between, frames.y, -np.inf).max(axis=1) - np.where(between, frames.y, np.inf).min(axis=1)
    # Cheap tests first: each one leaves fewer poses to the next.
    keep = np.flatnonzero((between.sum(axis=1) >= config.points_min) & (width < gripper.opening_max - config.play))
    frames, between = frames.select(keep), between[keep]
    slope = contact_slope(frames, between, gripper)
    good = (slope <= config.slope_max) & (frames.hand(gripper, 0.0) <= 1)
    keep, frames, slope = keep[good], frames.select(good), slope[good]
    half = _half_openings(T[keep], width[keep], frames, scene, config, gripper)
    fits = half > 0.0
    keep, half, slope = keep[fits], half[fits], slope[fits]
    terms = cost_terms(T[keep], top[keep], width[keep], scene.table, scene.reference_x, config, gripper)
    # Off its middle a long thing swings a little, a ball slips out.
    size = np.ptp(scene.target[:, :2], axis=0).max()
    off = np.linalg.norm(T[keep][:, :2, 3] - _middle(scene.target), axis=1)
    terms["center"] = config.center_weight * off / np.clip(CENTER_SHARE * size, *CENTER_RANGE)
    terms["slope"] = config.slope_weight * slope
    terms["narrow"] = config.narrow_weight * (2.0 * half < gripper.opening_max - 1e-6)
    cost = reduce(np.add, terms.values())
    return [
        Grasp(
            T[candidate].astype(np.float64),
            float(2.0 * half[i]),
            float(width[candidate]),
            float(cost[i]),
            {name: float(values[i]) for name, values in terms.items()},
        )
        for i, candidate in enumerate(keep)
    ]


def _half_openings(
    T: np.ndarray,
    width: np.ndarray,
    frames: GripperFrames,
    scene: GraspScene,
    config: GraspSearchConfig,
    gripper: GripperDimensions,
) -> np.ndarray:
    """Return half the opening at which the fingers come down without touching anything (C,) [m]; 0 without one."""
    near = np.linalg.norm(scene.others[:, :2] - scene.target[:, :2].mean(axis=0), axis=1) < 0.28
    around = GripperFrames.of(T, scene.others[near])
    above = around.hand(gripper, config.other_margin) <= 1
    result = np.zeros(len(T))
    wide = np.full(len(T), gripper.opening_max / 2.0)
    narrow = np.clip(width / 2.0 + config.narrow_room, config.narrow_min / 2.0, gripper.opening_max / 2.0)
    # The wider opening forgives more; the narrower one fits between neighbours.
    for half in (narrow, wide):
        half = half.astype(np.float32)
        free = above & (frames.fingers(gripper, half[:, None], config.own_margin) <= config.own_points)
        free &= around.fingers(gripper, half[:, None], config.other_margin) <= 1
        result[free] = half[free]
    return result


def _middle(target: np.ndarray) -> np.ndarray:
    """Return where the mass is likely to be on the table (2,) [m]: between the outline's middle and the points'."""
    outline = (target[:, :2].min(axis=0) + target[:, :2].max(axis=0)) / 2.0
    return (outline + target[:, :2].mean(axis=0)) / 2.0


def _seeds(target: np.ndarray, config: GraspSearchConfig) -> np.ndarray:
    """Return places over the target (S, 2), from the middle outwards, the middle itself first."""
    seeds = thin(target * np.array((1.0, 1.0, 0.0), target.dtype), config.seed_spacing)[:, :2]
    middle = _middle(target)
    seeds = seeds[np.argsort(np.linalg.norm(seeds - middle, axis=1), kind="stable")]
    if len(seeds) > config.seeds:
        seeds = seeds[np.linspace(0, len(seeds) - 1, config.seeds).astype(int)]
    return np.concatenate([middle[None], seeds])


def _poses(
    seeds: np.ndarray,
    scene: GraspScene,
    config: GraspSearchConfig,
    gripper: GripperDimensions,
    tilts: tuple[float, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Return tool poses (C, 4, 4) over the seeds (S, 2), and the target's local top [m] under each (C,)."""
    target = scene.target
    distance = np.linalg.norm(target[None, :, :2] - seeds[:, None], axis=2)
    top = np.where(distance < 0.012, target[None, :, 2], -np.inf).max(axis=1)
    top = np.where(np.isfinite(top), top, target[:, 2].max())
    lowest = scene.table + gripper.tip + config.table_clearance
    # Closing directions, tilts and depths for every seed.
    turn, tilt, depth, seed = (
        axis.ravel()
        for axis in np.meshgrid(
            np.arange(config.turns) * np.pi / config.turns,
            np.array(tilts),
            np.array(config.depths),
            np.arange(len(seeds)),
            indexing="ij",
        )
    )
    x_axis = np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)
    x_axis *= np.where(x_axis[:, :2] @ scene.reference_x < 0.0, -1.0, 1.0)[:, None]
    y_axis = np.cross((0.0, 0.0, -1.0), x_axis)
    T = np.tile(np.eye(4), (len(turn), 1, 1))
    z_axis = np.cos(tilt)[:, None] * np.array([0.0, 0.0, -1.0]) + np.sin(tilt)[:, None] * x_axis
    T[:, :3, 0], T[:, :3, 1], T[:, :3, 2] = np.cross(y_axis, z_axis), y_axis, z_axis
    T[:, :2, 3] = seeds[seed]
    # A leaning finger's corner comes lower than its middle.
    lowest = lowest + gripper.finger_half_width * np.abs(np.sin(tilt))
    T[:, 2, 3] = np.maximum(top[seed] - depth, lowest)
    # Low things meet the same lowest pose at every depth: once is enough.
    again = (T[:, 2, 3] <= lowest) & (depth != config.depths[0]) & (top[seed] - config.depths[0] <= lowest)
    return T[~again], top[seed][~again]


def _center(T: np.ndarray, frames: GripperFrames, gripper: GripperDimensions) -> tuple[np.ndarray, GripperFrames]:
    """Shift every pose along its closing direction to the middle of what lies between the pads."""
    between = frames.between(gripper, gripper.opening_max / 2.0)
    some = between.any(axis=1)
    high = np.where(between, frames.y, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(between, frames.y, np.inf).min(axis=1, initial=np.inf)
    shift = np.where(some, (np.where(some, high, 0) + np.where(some, low, 0)) / 2.0, 0.0).astype(np.float32)
    T = T.copy()
    T[:, :3, 3] += shift[:, None] * T[:, :3, 1]
    return T, GripperFrames(frames.x, frames.y - shift[:, None], frames.z)
