# SPDX-License-Identifier: Apache-2.0
"""The columns of a LeRobotDataset: what each holds, and how parquet and info.json say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import DataContract, ExtraFeature

VIDEO, STRING = "video", "string"
DTYPES = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool", STRING, VIDEO)
STATE, ACTION, ANCHOR, IMAGES = "observation.state", "action", "observation.anchor", "observation.images."


@dataclass(frozen=True)
class Feature:
    """One column: numbers of one shape, a word, or a video's frames. Raises ConfigError for a type it cannot store."""

    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] | None = None  # one for each number of a (N,) feature

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ConfigError(unknown_name("dtype", self.dtype, DTYPES))
        if (
            not self.shape
            or (len(self.shape) != 3 if self.dtype == VIDEO else len(self.shape) > 2)
            or min(self.shape) < 1
        ):
            raise ConfigError(f"shape {list(self.shape)}: give [1], [N] or [N, M], and [H, W, 3] for video")
        if self.names is not None and self.dtype != VIDEO and len(self.names) != self.shape[0]:
            raise ConfigError(f"{len(self.names)} names for {self.shape[0]} numbers")

    @property
    def is_video(self) -> bool:
        """Tell whether the frames lie in a video file instead of a column."""
        return self.dtype == VIDEO

    @property
    def arrow_type(self) -> pa.DataType:
        """Return the parquet column's type: a scalar for [1], a fixed-size list for [N], lists of lists for [N, M]."""
        kind = pa.string() if self.dtype == STRING else pa.from_numpy_dtype(np.dtype(self.dtype))
        if self.shape == (1,):
            return kind
        if len(self.shape) == 2:
            return pa.list_(pa.list_(kind))
        return pa.list_(kind, self.shape[0])

    def arrow_array(self, values: np.ndarray) -> pa.Array:
        """Return frames (T, *shape), or (T,) for [1], as a column."""
        if self.shape == (1,):
            return pa.array(np.asarray(values).reshape(-1), type=self.arrow_type)
        if len(self.shape) == 2:
            return pa.array(np.asarray(values).tolist(), type=self.arrow_type)
        flat = pa.array(np.ascontiguousarray(values).reshape(-1), type=self.arrow_type.value_type)
        return pa.FixedSizeListArray.from_arrays(flat, self.shape[0])

    def to_json(self) -> dict[str, Any]:
        """Return what info.json says of it."""
        names = None if self.names is None else list(self.names)
        return {"dtype": self.dtype, "shape": list(self.shape), "names": names}


DEFAULT_FEATURES = {
    "timestamp": Feature("float32", (1,)),
    "frame_index": Feature("int64", (1,)),
    "episode_index": Feature("int64", (1,)),
    "index": Feature("int64", (1,)),
    "task_index": Feature("int64", (1,)),
}


def camera_feature(height: int, width: int) -> Feature:
    """Return the feature of a camera's colour frames."""
    return Feature(VIDEO, (height, width, 3), ("height", "width", "channels"))


def contract_features(contract: DataContract) -> dict[str, Feature]:
    """Return the columns that a contract makes of a task's data, without those every dataset has."""
    encoding = ActionEncoding(contract.action, contract.quaternion_side)
    features = {
        STATE: Feature("float32", (len(contract.state),), contract.state),
        ACTION: Feature("float32", (encoding.size,), encoding.names),
    }
    anchors = contract.action.anchor_channels
    if contract.action.stores_anchor:
        features[ANCHOR] = Feature("float32", (len(anchors),), anchors)
    for name, camera in contract.cameras.items():
        features[IMAGES + name] = camera_feature(camera.height, camera.width)
    for name, extra in contract.features.items():
        features[name] = Feature("float32", (extra.length,), _extra_names(extra))
    return features


def features_from_json(values: Mapping[str, Any], where: str) -> dict[str, Feature]:
    """Read the features of an info.json. Raises ConfigError that names the one it cannot use."""
    features = {}
    if not isinstance(values, dict) or not values:
        raise ConfigError(f"{where}: features must be a mapping that names at least one: restore the file from a copy")
    for name, entry in values.items():
        try:
            names = entry.get("names")
            if isinstance(names, dict):  # some datasets say {"motors": [...]}
                names = next(iter(names.values()), None)
            if names is not None and not all(isinstance(word, str) for word in names):
                raise ConfigError(f"names are {str(names)[:60]}, expected words")
            if not all(isinstance(size, int) for size in entry["shape"]):
                raise ConfigError(f"shape is {str(entry['shape'])[:60]}, expected whole numbers")
            if entry["dtype"] == VIDEO:
                features[name] = _video_feature(entry["shape"], names)
                continue
            numbered = names is not None and len(names) == entry["shape"][0]
            features[name] = Feature(entry["dtype"], tuple(entry["shape"]), tuple(names) if numbered else None)
        except (KeyError, TypeError, AttributeError):
            raise ConfigError(f"{where}: feature '{name}' lacks dtype or shape") from None
        except ConfigError as error:
            raise ConfigError(f"{where}: feature '{name}': {error}") from None
    return features


def _video_feature(shape: Sequence[int], names: Sequence[str] | None) -> Feature:
    """Return a camera's feature; some datasets name the channels first."""
    if names and len(shape) == 3 and str(names[0]).startswith("channel"):
        shape = (*shape[1:], shape[0])
    return Feature(VIDEO, tuple(shape), camera_feature(1, 1).names if len(shape) == 3 else None)


def check_names(features: Mapping[str, Feature]) -> None:
    """Raise ConfigError for a column that the format cannot have."""
    for name in features:
        if "/" in name:
            raise ConfigError(f"feature '{name}': the format allows no '/' in a name; write '{name.replace('/', '.')}'")
        if name in DEFAULT_FEATURES:
            raise ConfigError(f"feature '{name}' is one that every dataset has: choose another name")


def _extra_names(extra: ExtraFeature) -> tuple[str, ...]:
    pose = ("x", "y", "z", "qx", "qy", "qz", "qw")
    if extra.kind == "calibration":
        return ("fx", "fy", "cx", "cy", *pose)
    if extra.kind == "pose":
        return pose
    if extra.kind == "twist":
        return ("vx", "vy", "vz", "wx", "wy", "wz")
    if extra.kind == "wrench":
        return ("fx", "fy", "fz", "tx", "ty", "tz")
    return tuple(str(i) for i in range(extra.length))
