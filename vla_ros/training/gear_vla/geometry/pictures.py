# SPDX-License-Identifier: Apache-2.0
"""Pictures whose depth, points and cameras are known: scenes of tasks, with the robot and the cameras here and there.

Shape legend: V views of a moment, N moments, h, w of a map.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.policies.backbone.proposals import small_pictures
from vla_ros.policies.gear_vla.geometry.network import MAP_COLUMNS, MAP_ROWS
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.sim.world import World
from vla_ros.tasks.table import load_task
from vla_ros.training.gear_vla.geometry.config import GeometryTraining
from vla_ros.training.generation.postures import Postures
from vla_ros.training.generation.scene_views import cameras_elsewhere
from vla_ros.training.generation.settings import AMOUNTS, GenerationSettings, draw_set, load_settings
from vla_ros.training.pictures.kept_file import kept_file

FIRST_SEED = 2**41  # above those of demonstrations and of grounding scenes
TRIES = 5  # scenes that are drawn where one cannot be
NEAREST, FARTHEST = 0.05, 4.0  # [m] of a depth that counts

Progress = Callable[[int, int], None]  # scenes that are seen, and all


class GeometryPictures:
    """All moments, in files a scene."""

    def __init__(self, paths: list[Path]) -> None:
        self._scenes = [dict(np.load(path)) for path in paths]
        self._rows = [(scene, i) for scene, one in enumerate(self._scenes) for i in range(len(one["depth"]))]

    def __len__(self) -> int:
        return len(self._rows)

    def scene_of(self, row: int) -> int:
        """Return which scene a moment is of."""
        return self._rows[row][0]

    def take(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return pictures (N, V, HEIGHT, WIDTH, 3) uint8, depth (N, V, h, w) [m], points (N, V, h, w, 3) and poses."""
        chosen = [(self._scenes[scene], i) for scene, i in (self._rows[row] for row in rows.tolist())]
        names = ("pictures", "depth", "points", "poses")
        return {name: np.stack([scene[name][i] for scene, i in chosen]) for name in names}


def make_pictures(config: GeometryTraining, folder: Path, progress: Progress) -> GeometryPictures:
    """Draw scenes and look at them, into a folder; those that are there already are kept. `progress` may raise."""
    paths = []
    for number in range(config.scenes):
        progress(number, config.scenes)
        name = config.scenes_of[number % len(config.scenes_of)]
        # Of what the settings say, not of how they are called: a file of one's own may change.
        drawn = {key: value for key, value in dataclasses.asdict(load_settings(name)).items() if key not in AMOUNTS}
        what = f"{json.dumps(drawn)} {config.cameras(name)} {config.seed} {number} {config.views}"
        path = folder / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.npz"
        paths.append(kept_file(path, partial(_write, config, name, number)))
    progress(config.scenes, config.scenes)
    return GeometryPictures(paths)


def _write(config: GeometryTraining, name: str, number: int, file: BinaryIO) -> None:
    seen = _scene(load_settings(name), config.cameras(name), config.seed, number, config.views)
    np.savez(file, **seen)  # type: ignore[arg-type]  # numpy's stubs take allow_pickle for an array


def _scene(
    settings: GenerationSettings, cameras: tuple[str, ...], seed: int, number: int, views: int
) -> dict[str, np.ndarray]:
    robot, task = load_embodiment(settings.robot), load_task(settings.task)
    rng = np.random.default_rng((seed, number, 2001))
    reason: Exception | None = None
    for attempt in range(TRIES):
        set_name = draw_set(settings.sets, rng)
        request = settings.request(set_name, FIRST_SEED + 1000 * (seed * 10_000 + number) + attempt, cameras)
        try:
            world = World(task.scene(request), robot)
        except VlaError as error:
            reason = error
            continue
        try:
            postures = Postures(world, {})
            moments = []
            for _ in range(views):
                postures.stand(robot.arms[0].name, [], rng)
                seen = {one.name: one for one in cameras_elsewhere(world, task.sets.scene, rng, rng)}
                moments.append(moment(world, [seen[name] for name in cameras]))
            return {name: np.stack([one[name] for one in moments]) for name in moments[0]}
        finally:
            world.close()
    raise ConfigError(f"no scene of {settings.task} could be drawn: {reason}")


def moment(world: World, cameras: Sequence[SceneCamera]) -> dict[str, np.ndarray]:
    """Return what cameras see at this moment: pictures (V, HEIGHT, WIDTH, 3), depth, points and poses.

    Points and poses are in the first one's optical frame; depth is zero where it does not count.
    """
    T_first_base = np.linalg.inv(cameras[0].T_base_camera)
    colors, depths, points, poses = [], [], [], []
    for camera in cameras:
        color, depth = world.render_camera(camera.name)
        colors.append(color)
        T = T_first_base @ camera.T_base_camera
        height, width = depth.shape
        rows = ((np.arange(MAP_ROWS) + 0.5) * height / MAP_ROWS).astype(int)
        columns = ((np.arange(MAP_COLUMNS) + 0.5) * width / MAP_COLUMNS).astype(int)
        z = depth[np.ix_(rows, columns)].astype(np.float64)
        K = camera.intrinsics
        x, y = (columns - K[0, 2]) / K[0, 0], (rows - K[1, 2]) / K[1, 1]
        own = np.stack([x[None] * z, y[:, None] * z, z], axis=2)
        counts = (z > NEAREST) & (z < FARTHEST)
        depths.append(np.where(counts, z, 0.0))
        points.append(np.where(counts[..., None], own @ T[:3, :3].T + T[:3, 3], 0.0))
        poses.append(np.concatenate([T[:3, 3], T[:3, :2].T.ravel(), [K[1, 1] / height]]))
    return {
        "pictures": small_pictures(colors),
        "depth": np.stack(depths).astype(np.float32),
        "points": np.stack(points).astype(np.float32),
        "poses": np.stack(poses).astype(np.float32),
    }
