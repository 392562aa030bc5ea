# SPDX-License-Identifier: Apache-2.0
"""The table is found under clutter and noise, and levelling takes a calibration error away."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_ros.policies.geometric.perceiving.table_plane import fit_table, level, levelled_height


def table_points(height: float, rng: np.random.Generator) -> np.ndarray:
    flat = np.column_stack([rng.uniform(0.2, 0.9, 6000), rng.uniform(-0.45, 0.45, 6000), np.full(6000, height)])
    clutter = np.column_stack(
        [rng.uniform(0.4, 0.5, 1500), rng.uniform(-0.1, 0.1, 1500), height + rng.uniform(0.02, 0.12, 1500)]
    )
    return (np.concatenate([flat, clutter]) + rng.normal(0, 0.002, (7500, 3))).astype(np.float32)


@pytest.mark.parametrize("height", [-0.1, 0.0, 0.13, 0.3])
def test_height_under_clutter(height):
    points = table_points(height, np.random.default_rng(1))
    plane = fit_table(points, -0.2, 0.4)
    assert plane is not None
    assert abs(plane.height - height) < 0.001
    assert np.abs(plane.slope).max() < 0.004


def test_levelling_removes_a_tilted_calibration():
    rng = np.random.default_rng(2)
    points = table_points(0.05, rng)
    camera = np.array([1.35, 0.0, 0.54])
    tilt = Rotation.from_rotvec(np.radians(0.3) * np.array([0.6, 0.8, 0.0]))
    seen = (tilt.apply(points - camera) + camera).astype(np.float32)
    plane = fit_table(seen, -0.2, 0.4)
    calibration = np.eye(4)
    calibration[:3, 3] = camera
    T = level(calibration, plane)
    levelled = (((seen - camera) @ T[:3, :3].T) + camera).astype(np.float32)
    on_table = levelled[:6000]
    again = fit_table(levelled, -0.2, 0.4)
    assert np.abs(again.slope).max() < 0.0008  # 0.05 degrees left of 0.3
    assert abs(again.height - levelled_height(plane, camera)) < 0.0005
    assert np.ptp([on_table[on_table[:, 0] < 0.4, 2].mean(), on_table[on_table[:, 0] > 0.7, 2].mean()]) < 0.0006


def test_no_table_is_none():
    cloud = np.random.default_rng(0).uniform(-1, 1, (50, 3)).astype(np.float32)
    assert fit_table(cloud, -0.2, 0.4) is None
