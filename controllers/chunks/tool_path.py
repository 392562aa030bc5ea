# SPDX-License-Identifier: Apache-2.0
"""Where joint targets and joint velocities would bring the tool, before anything moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from controllers.chunks.splicing import Path

SAMPLE_S = 0.05  # [s] of joints at their speed: a tool's way between two samples is short and nearly straight
SAMPLES_MAX = 1000


def tool_poses(configurations: np.ndarray, forward: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the poses (H, 4, 4) of the tool at configurations (H, N) [rad]; `forward` gives that of one."""
    return np.array([forward(q) for q in configurations])


def passed(path: Path, times: np.ndarray, columns: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return configurations (K, N) [rad] that a group passes whose joints are the path's `columns`, from its entry on.

    With them the point (K,) of the chunk, given for `times` (H,) [s], that each belongs to.
    """
    end = float(path.times[-1])
    count = int(np.clip(np.ceil((end - path.entry) / SAMPLE_S), 1, SAMPLES_MAX))
    instants = np.linspace(path.entry, end, count + 1)[1:]
    joints = path.points[:, columns].T
    configurations = np.stack([np.interp(instants, path.times, column) for column in joints], axis=1)
    points = np.clip(np.searchsorted(times, instants - 1e-9, side="right") - 1, 0, len(times) - 1)
    return points, configurations
