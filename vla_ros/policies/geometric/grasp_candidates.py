# SPDX-License-Identifier: Apache-2.0
"""Grasps of a thing from its points: every place, turn and depth at once, then what fits and holds best.

The same test serves a can held across, a bottle held by its neck and a bowl held by its rim: the pads must close on
a thin enough piece, while the open fingers and the hand stay out of everything else.

Shape legend: C candidates, N points.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.geometric.gripper_space import GripperConfig, GripperFrames


@dataclass(frozen=True)
class GraspConfig:
    """What is tried and what a good grasp is worth. Costs are about 1 where they start to hurt."""

    turns: int = 16  # closing directions over half a turn
    depths: tuple[float, ...] = (0.012, 0.026, 0.045)  # [m] of the tool point below the local top
    tilts: tuple[float, ...] = (0.35, -0.35, 0.7, -0.7)  # [rad] about the closing direction, where upright fails
    seed_spacing: float = 0.014  # [m] between places tried
    seeds: int = 40
    batch: int = 8  # places tried before looking whether one is good enough
    good_enough: float = 1.3  # cost at which the search stops
    table_clearance: float = 0.006  # [m] finger tips above the table
    width_max: float = 0.076  # [m] widest piece between the pads
    hidden_edge: float = 0.004  # [m] of a thing's far side that no camera measures
    own_margin: float = 0.0015  # [m] open fingers to the thing itself
    own_points: int = 2  # of the thing inside the open fingers: that many are noise
    other_margin: float = 0.007  # [m] open fingers to everything else
    center_weight: float = 1.0  # distance from the thing's middle / 3 cm
    width_weight: float = 0.5  # width / 7 cm
    slope_weight: float = 2.0  # contact faces not square to the closing direction
    high_weight: float = 1.5  # pads above the middle of something round or low
    shallow_weight: float = 1.5  # less than the pads' height on the thing
    turn_weight: float = 0.15  # turning the wrist / 90 degrees
    tilt_weight: float = 0.5  # tilt / 45 degrees
    slope_max: float = 0.7  # faces this far from square slip out: a slope of 0.35 each is an angle of 19°
    points_min: int = 6  # fewer between the pads is air

    def __post_init__(self) -> None:
        if self.turns < 2 or self.seeds < 1 or not self.depths or not self.tilts:
            raise ConfigError("grasp: turns must be >= 2, seeds >= 1, depths and tilts not empty")
        if not 0.0 < self.width_max < 0.08:
            raise ConfigError(f"grasp.width_max must lie between 0 and 0.08 m, got {self.width_max}")


@dataclass(frozen=True, eq=False)
class Grasp:
    """One way to hold the target."""

    T_base_grasp: np.ndarray  # (4, 4) tool pose when the fingers close
    opening: float  # [m] while approaching
    width: float  # [m] expected between the pads
    cost: float
    terms: dict[str, float] = field(default_factory=dict)  # the cost's parts, for those who look into failures


def propose_grasps(
    target: np.ndarray,
    others: np.ndarray,
    table: float,
    config: GraspConfig,
    gripper: GripperConfig,
    reference_x: np.ndarray,
    tilts: tuple[float, ...] = (0.0,),
) -> list[Grasp]:
    """Return grasps of `target` points (N, 3) clear of `others` (M, 3) and the table's height [m], best first.

    `reference_x` (2,) is the tool's present x axis on the table: of two poses half a turn apart, the nearer is taken.
    """
    seeds = _seeds(target, config)
    found: list[Grasp] = []
    for start in range(0, len(seeds), config.batch):
        batch = seeds[start : start + config.batch]
        found += _try_places(batch, target, others, table, config, gripper, reference_x, tilts)
        # Places are tried from the middle outwards, so the first good one is seldom beaten.
        if found and min(grasp.cost for grasp in found) < config.good_enough:
            break
    return sorted(found, key=lambda grasp: grasp.cost)


def _try_places(
    seeds: np.ndarray,
    target: np.ndarray,
    others: np.ndarray,
    table: float,
    config: GraspConfig,
    gripper: GripperConfig,
    reference_x: np.ndarray,
    tilts: tuple[float, ...],
) -> list[Grasp]:
    T, top = _poses(seeds, target, table, config, gripper, reference_x, tilts)
    T, frames = _center(T, GripperFrames.of(T, target), gripper)
    half = gripper.opening_max / 2.0
    between = frames.between(gripper, half)
    y_high = np.where(between, frames.y, -np.inf).max(axis=1)
    y_low = np.where(between, frames.y, np.inf).min(axis=1)
    # Cheap tests first: each one leaves fewer poses to the next.
    keep = np.flatnonzero((between.sum(axis=1) >= config.points_min) & (y_high - y_low < config.width_max))
    frames = frames.select(keep)
    clear = (frames.fingers(gripper, half, config.own_margin) <= config.own_points) & (frames.hand(gripper, 0.0) <= 1)
    keep, frames = keep[clear], frames.select(clear)
    if len(others) and len(keep):
        near = np.linalg.norm(others[:, :2] - target[:, :2].mean(axis=0), axis=1) < 0.28
        around = GripperFrames.of(T[keep], others[near])
        clear = around.fingers(gripper, half, config.other_margin) <= 1
        clear &= around.hand(gripper, config.other_margin) <= 1
        keep, frames = keep[clear], frames.select(clear)
    if len(keep) == 0:
        return []
    width = (y_high - y_low)[keep]
    terms = _terms(T[keep], top[keep], frames, between[keep], width, target, table, config, gripper, reference_x)
    square = terms["slope"] <= config.slope_weight * config.slope_max
    keep, width = keep[square], width[square]
    terms = {name: values[square] for name, values in terms.items()}
    cost = sum(terms.values())
    return [
        Grasp(
            T[keep[i]].astype(np.float64),
            gripper.opening_max,
            float(width[i]),
            float(cost[i]),
            {name: float(values[i]) for name, values in terms.items()},
        )
        for i in range(len(keep))
    ]


def thin(points: np.ndarray, cell: float) -> np.ndarray:
    """Keep one point of every cube of edge `cell` [m]."""
    cells = np.floor((points - points.min(axis=0)) / cell).astype(np.int64)
    size = cells.max(axis=0) + 1
    _, first = np.unique((cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2], return_index=True)
    return points[first]


def _seeds(target: np.ndarray, config: GraspConfig) -> np.ndarray:
    """Return places over the target (S, 2), the middle first."""
    seeds = thin(target * np.array((1.0, 1.0, 0.0), target.dtype), config.seed_spacing)[:, :2]
    middle = (target[:, :2].min(axis=0) + target[:, :2].max(axis=0)) / 2.0
    seeds = seeds[np.argsort(np.linalg.norm(seeds - middle, axis=1), kind="stable")]
    if len(seeds) > config.seeds:
        seeds = seeds[np.linspace(0, len(seeds) - 1, config.seeds).astype(int)]
    return seeds


def _poses(
    seeds: np.ndarray,
    target: np.ndarray,
    table: float,
    config: GraspConfig,
    gripper: GripperConfig,
    reference_x: np.ndarray,
    tilts: tuple[float, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Return tool poses (C, 4, 4) over the seeds (S, 2), and the target's local top [m] under each (C,)."""
    distance = np.linalg.norm(target[None, :, :2] - seeds[:, None], axis=2)
    top = np.where(distance < 0.012, target[None, :, 2], -np.inf).max(axis=1)
    top = np.where(np.isfinite(top), top, target[:, 2].max())
    lowest = table + gripper.pad_below + config.table_clearance
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
    x_axis *= np.where(x_axis[:, :2] @ reference_x < 0.0, -1.0, 1.0)[:, None]
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


def _center(T: np.ndarray, frames: GripperFrames, gripper: GripperConfig) -> tuple[np.ndarray, GripperFrames]:
    """Shift every pose along its closing direction to the middle of what lies between the pads."""
    between = frames.between(gripper, gripper.opening_max / 2.0)
    some = between.any(axis=1)
    high = np.where(between, frames.y, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(between, frames.y, np.inf).min(axis=1, initial=np.inf)
    shift = np.where(some, (np.where(some, high, 0) + np.where(some, low, 0)) / 2.0, 0.0).astype(np.float32)
    T = T.copy()
    T[:, :3, 3] += shift[:, None] * T[:, :3, 1]
    return T, GripperFrames(frames.x, frames.y - shift[:, None], frames.z)


def _terms(
    T: np.ndarray,
    top: np.ndarray,
    frames: GripperFrames,
    between: np.ndarray,
    width: np.ndarray,
    target: np.ndarray,
    table: float,
    config: GraspConfig,
    gripper: GripperConfig,
    reference_x: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the parts of the cost, each (C,)."""
    middle = (target[:, :2].min(axis=0) + target[:, :2].max(axis=0)) / 2.0
    middle = (middle + target[:, :2].mean(axis=0)) / 2.0
    tool_z = T[:, 2, 3]
    high = np.maximum(tool_z - (table + 0.5 * (top - table)), 0.0) / 0.02
    # Tall upright things have straight walls: how high they are held matters little.
    high *= np.clip(1.0 - (top - table - 0.06) / 0.06, 0.1, 1.0)
    overlap = np.minimum(top, tool_z + gripper.pad_above) - (tool_z - gripper.pad_below)
    wanted = np.minimum(2.0 * gripper.pad_above, np.maximum(top - table - config.table_clearance, 0.004))
    turned = np.arccos(np.clip(T[:, :2, 0] @ reference_x, -1.0, 1.0))
    tilted = np.arccos(np.clip(-T[:, 2, 2], -1.0, 1.0))
    return {
        "center": config.center_weight * np.linalg.norm(T[:, :2, 3] - middle, axis=1) / 0.03,
        "width": config.width_weight * width / 0.07,
        "slope": config.slope_weight * _slope(frames, between, gripper),
        "high": config.high_weight * high,
        "shallow": config.shallow_weight * np.clip(1.0 - overlap / wanted, 0.0, 1.0),
        "turn": config.turn_weight * turned / (np.pi / 2),
        "tilt": config.tilt_weight * tilted / (np.pi / 4),
    }


def _slope(frames: GripperFrames, between: np.ndarray, gripper: GripperConfig) -> np.ndarray:
    """Return how far the two contact faces are from square to the closing direction: 1 at a slope of 0.5 (C,)."""
    left, right = between & (frames.x < -0.001), between & (frames.x > 0.001)
    total = np.zeros(len(frames.x))
    for sign in (1.0, -1.0):
        one = np.where(left, sign * frames.y, -np.inf).max(axis=1)
        other = np.where(right, sign * frames.y, -np.inf).max(axis=1)
        both = np.isfinite(one) & np.isfinite(other)
        with np.errstate(invalid="ignore"):
            # A pad that meets the thing on one half alone grips an edge.
            total += np.where(both, np.abs(one - other) / gripper.finger_half_width, 1.0)
    return total
