# SPDX-License-Identifier: Apache-2.0
"""A tiny GAM, and made-up scenes in which it is known what is good: on top of the middle of the object, from above."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.gam.checkpoint_config import GamConfig
from vla_ros.policies.gam.config import GamSizes, SceneTokens
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.robots.tools.description import SUCTION
from vla_ros.robots.tools.named import load_tool

SIDE = 32  # [px]
SCENE = SceneTokens(
    height=SIDE, width=SIDE, image_layers=1, object_points=48, surrounding_points=48, object_groups=6,
    surrounding_groups=6, neighbours=8, point_layers=1,
)  # fmt: skip
SIZES = GamSizes(
    width=48, heads=2, feedforward=64, actor_blocks=2, critic_blocks=2, diffusion_steps=100, sampling_steps=5,
    scene=SCENE,
)  # fmt: skip
CONFIG = GamConfig(SIZES, ("single_cup",), (SUCTION,))
TOOLS = ("single_cup", "quad_cup")
OBJECTS, CANDIDATES = 3, 60
HALF = 0.03  # [m] of an object's square top
T_BASE_SOURCE = np.eye(4)
T_BASE_SOURCE[:3, 3] = (0.5, 0.3, 0.1)
T_BASE_SOURCE[:3, :3] = Rotation.from_euler("z", 0.4).as_matrix()
T_BASE_DESTINATION = np.eye(4)
T_BASE_DESTINATION[:3, 3] = (0.5, -0.4, 0.1)


def write_scenes(folder: Path, count: int, tools: tuple[str, ...] = TOOLS) -> Path:
    """Write a folder of scenes with candidates by suction, and placements of the first tool."""
    (folder / "scenes").mkdir(parents=True)
    about = {"format": "gam_candidates", "version": 1, "scenes": count}
    (folder / "dataset.json").write_text(json.dumps(about))
    for seed in range(count):
        rng = np.random.default_rng(seed)
        corners = np.array([(-0.12, -0.08), (0.12, -0.08), (0.0, 0.1)]) + rng.uniform(-0.03, 0.03, (OBJECTS, 2))
        tops = np.column_stack([corners, rng.uniform(0.03, 0.12, OBJECTS)])  # in the source's frame
        np.savez(folder / f"scenes/{seed:06d}.npz", **_scene(tops, rng))
        place = folder / f"candidates/{seed:06d}"
        place.mkdir(parents=True)
        for tool in tools:
            np.savez(place / f"{tool}.{SUCTION}.npz", **_picks(tops, len(load_tool(tool).names), rng))
        np.savez(place / f"{tools[0]}.{PLACE}.npz", **_placements(tops, len(load_tool(tools[0]).names), rng))
    return folder


def _scene(tops: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    line = np.linspace(-HALF, HALF, 9)
    square = np.stack([*np.meshgrid(line, line), np.zeros((9, 9))], axis=-1).reshape(-1, 3)
    objects = (tops[:, None] + square).reshape(-1, 3)
    floors = [np.column_stack([rng.uniform(-0.2, 0.2, (300, 2)), np.zeros(300)]) for _ in range(2)]
    instances = np.repeat(np.arange(OBJECTS)[::-1], 81)  # numbered otherwise than the objects
    points = np.concatenate(
        [_base(objects, T_BASE_SOURCE), _base(floors[0], T_BASE_SOURCE), _base(floors[1], T_BASE_DESTINATION)]
    )
    line = np.linspace(-0.2, 0.2, SIDE)
    floor = np.stack([*np.meshgrid(line, line), np.zeros((SIDE, SIDE))], axis=-1)
    places = np.stack([_base(floor, T_BASE_SOURCE), _base(floor, T_BASE_DESTINATION)])
    places[:, :3] = np.nan  # no depth at an edge
    return {
        "images": rng.integers(0, 255, (2, SIDE, SIDE, 3), dtype=np.uint8),
        "places": places.astype(np.float16),
        "points": points.astype(np.float32),
        "colors": rng.integers(0, 255, (len(points), 3), dtype=np.uint8),
        "instances": np.concatenate([instances, np.full(600, -1)]).astype(np.int16),
        "instance_objects": np.arange(OBJECTS, dtype=np.int16)[::-1],
        "T_base_source": T_BASE_SOURCE,
        "T_base_destination": T_BASE_DESTINATION,
    }


def _picks(tops: np.ndarray, elements: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return picks: those whose middle is off seal badly, and those that are too deep collide."""
    count = OBJECTS * CANDIDATES
    objects = np.repeat(np.arange(OBJECTS), CANDIDATES)
    aside = rng.uniform(-0.05, 0.05, (count, 2)) * rng.choice([0.2, 1.0], (count, 1))
    deep = rng.random(count) < 0.4
    positions = tops[objects] + np.column_stack([aside, np.where(deep, -0.03, 0.0)])
    middle = np.clip(1.0 - np.linalg.norm(aside, axis=1) / 0.06, 0.0, 1.0)
    known = {"collision": deep, "centre_distance": middle, "seal": middle > 0.7, "single_object": ~deep}
    return _file(positions, objects, elements, SUCTION, known, (middle > 0.7) & ~deep, T_BASE_SOURCE, rng)


def _placements(tops: np.ndarray, elements: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return placements of a pick each of two objects: those at y > 0 are good."""
    count = 2 * CANDIDATES
    objects = np.repeat(np.arange(2), CANDIDATES)
    positions = np.column_stack([rng.uniform(-0.15, 0.15, (count, 2)), np.full(count, 0.05)])
    good = positions[:, 1] > 0.0
    known = {"collision": ~good, "placement_depth": 0.5 + 3.0 * positions[:, 1], "overflow": ~good}
    arrays = _file(positions, objects, elements, PLACE, known, good, T_BASE_DESTINATION, rng)
    return arrays | {
        "picked_position": tops[objects].astype(np.float32),
        "picked_rotation": np.repeat(_down(np.zeros(2)), CANDIDATES, axis=0).astype(np.float32),
        "picked_active": np.ones((count, elements), dtype=np.float32),
    }


def _file(
    positions: np.ndarray,
    objects: np.ndarray,
    elements: int,
    mode: str,
    known: dict[str, np.ndarray],
    success: np.ndarray,
    T_base_tote: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    count, names = len(objects), [criterion.name for criterion in criteria_of(mode)]
    scores = [np.clip(known[name], 0.0, 1.0) if name in known else np.full(count, np.nan) for name in names]
    return {
        "positions": _base(positions, T_base_tote).astype(np.float32),
        "rotations": (T_base_tote[:3, :3] @ _down(rng.uniform(-np.pi, np.pi, count))).astype(np.float32),
        "active": np.ones((count, elements), dtype=np.float32),
        "widths": np.full(count, np.nan, dtype=np.float32),
        "depths": np.full(count, np.nan, dtype=np.float32),
        "objects": objects.astype(np.int16),
        "criteria": np.array(names),
        "scores": np.stack(scores, axis=1).astype(np.float32),
        "success": success.astype(np.float32),
    }


def _down(angles: np.ndarray) -> np.ndarray:
    """Return tools that point down, turned about their axis."""
    return Rotation.from_euler("zx", np.column_stack([angles, np.full(len(angles), np.pi)])).as_matrix()


def _base(points: np.ndarray, T_base_tote: np.ndarray) -> np.ndarray:
    return points @ T_base_tote[:3, :3].T + T_base_tote[:3, 3]


def random_network(scale: float):
    """Return a network of SIZES that says something: where it begins, its outputs are 0."""
    import torch

    from vla_ros.policies.gam.networks.network import GamNetwork

    torch.manual_seed(0)
    network = GamNetwork(SIZES).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter += scale * torch.randn_like(parameter)
    return network
