# SPDX-License-Identifier: Apache-2.0
"""GraspVLA's delta actions composed one by one: what the product's encoding is compared with.

Shape legend: H steps.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation


def integrate_actions(actions: np.ndarray, T_base_anchor: np.ndarray) -> np.ndarray:
    """Compose delta actions (H, 7) onto the anchor and return absolute poses (H, 4, 4)."""
    poses = np.tile(np.eye(4), (len(actions), 1, 1))
    rotation = Rotation.from_matrix(T_base_anchor[:3, :3])
    position = T_base_anchor[:3, 3].astype(float).copy()
    for i, action in enumerate(actions):
        position += action[:3]
        rotation = Rotation.from_rotvec(action[3:6]) * rotation
        poses[i, :3, 3] = position
        poses[i, :3, :3] = rotation.as_matrix()
    return poses
