# SPDX-License-Identifier: Apache-2.0
"""scenes/<seed>.npz: a scene as measured, and which true object each of its instances shows.

Shape legend: V views, H, W pixels, M points, I instances.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.gam.config import SceneTokens
from vla_ros.policies.gam.observed_scene import ObservedScene
from vla_ros.training.gam.npz_file import Expected, check_rotations, read_arrays

_ARRAYS = {
    "images": Expected("u1", ("V", "H", "W", 3)),
    "places": Expected("f", ("V", "H", "W", 3)),
    "points": Expected("f", ("M", 3)),
    "colors": Expected("u1", ("M", 3)),
    "instances": Expected("i", ("M",)),
    "instance_objects": Expected("i", ("I",)),
    "T_base_source": Expected("f", (4, 4)),
    "T_base_destination": Expected("f", (4, 4)),
}


@dataclass(frozen=True, eq=False)
class RecordedScene:
    """What was measured, and what is true of it."""

    observed: ObservedScene
    instance_objects: np.ndarray  # (I,) the object that an instance mostly shows, −1 for none
    instance_points: np.ndarray  # (I,) how many points there are of each

    def instances_of(self, object_: int) -> np.ndarray:
        """Return the instances that show an object, the one of most points first."""
        shown = np.flatnonzero((self.instance_objects == object_) & (self.instance_points > 0))
        return shown[np.argsort(-self.instance_points[shown], kind="stable")]


def read_scene(path: Path, tokens: SceneTokens) -> RecordedScene:
    """Read a scene for networks of these sizes. Raises ConfigError in one line for one that cannot be used."""
    arrays = read_arrays(path, _ARRAYS, {"V": 2, "H": tokens.height, "W": tokens.width})
    T_base_totes = np.stack([arrays["T_base_source"], arrays["T_base_destination"]]).astype(np.float64)
    check_rotations(path, "T_base_source, T_base_destination", T_base_totes[:, :3, :3])
    instances, objects = arrays["instances"], arrays["instance_objects"]
    if len(instances) and not -1 <= instances.min() <= instances.max() < len(objects):
        raise ConfigError(
            f"{path}: 'instances' must be -1 to {len(objects) - 1}, as many as 'instance_objects' has, got "
            f"{instances.min()} to {instances.max()}: generate the data again"
        )
    if not np.isfinite(arrays["points"]).all() or not np.isfinite(T_base_totes).all():
        raise ConfigError(f"{path}: 'points' and tote frames must be finite: generate the data again")
    observed = ObservedScene(
        arrays["images"], arrays["places"], arrays["points"], arrays["colors"], instances, T_base_totes
    )
    counts = np.bincount(instances[instances >= 0], minlength=len(objects))
    return RecordedScene(observed, objects, counts)
