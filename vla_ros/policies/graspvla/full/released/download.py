# SPDX-License-Identifier: Apache-2.0
"""The released folder: checkpoint/model.safetensors, config.json, preprocessor.npz, as its publishers lay them out.

Imports no PyTorch. What the released code reads of config.json is read here; what it does not depend on is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from vla_ros.documents import read_json
from vla_ros.npz_errors import DAMAGED_NPZ
from vla_ros.policies.actions.normalisation import STD_MIN, Statistics
from vla_ros.policies.actions.single_arm import ACTION_SIZE

WEIGHTS, CONFIG, BOUNDS = "checkpoint/model.safetensors", "config.json", "preprocessor.npz"
BOUNDS_NAMES = ("min_proprio", "max_proprio", "min_action", "max_action")
_FIXED = {  # what the released code can be told and this form has one value of
    "data.tokenizer_type": "ratio_min_max_uniform",
    "data.goal_rep": "xyz_rpy",
    "data.use_bbox": 1,
    "data.img_steps": 1,
    "data.proprio_len": 2,
    "data.action_rel_len": 0,
    "model.pred": "cot_flow_matching",
    "model.action_dim": ACTION_SIZE,
    "model.proprio_dim": ACTION_SIZE,
    "model.action_expert": 1,
    "model.backbone_2d.name": "dinosiglip",
    "model.llm.name": "internlm/internlm2-1_8b",
}


@dataclass(frozen=True, eq=False)
class Download:
    """What the folder says. Bounds are those of proprioception (7,) and of actions (7,)."""

    folder: Path
    cameras: tuple[str, ...]  # in the order of their patches
    image_size: int  # [px]
    horizon: int
    numbers: int  # words that stand for numbers
    special_words: tuple[str, ...]  # added to the tokenizer
    rows_multiple: int  # the vocabulary's rows are a multiple of it
    width_scale: int  # the language model's width by the expert's
    mlp_scale: int
    bounds: dict[str, np.ndarray]

    @property
    def weights(self) -> Path:
        """Return the file of weights."""
        return self.folder / WEIGHTS

    def statistics(self, name: str) -> Statistics:
        """Return the bounds of "proprio" or "action" as a mean and a std: the least is −1, the greatest 1."""
        low, high = self.bounds[f"min_{name}"], self.bounds[f"max_{name}"]
        return Statistics(tuple(map(float, (low + high) / 2.0)), tuple(map(float, (high - low) / 2.0)))


def read_download(folder: Path) -> Download:
    """Read all but the weights. Raises ConfigError, in one line, for the first thing that is missing or another."""
    for name in (CONFIG, BOUNDS, WEIGHTS):
        if not (folder / name).is_file():
            raise ConfigError(f"{folder / name}: not found: give the folder that GraspVLA was downloaded to")
    path = folder / CONFIG
    values = read_json(path)
    for key, wanted in _FIXED.items():
        if _at(values, key, path) != wanted:
            raise ConfigError(f"{path}: {key} is {_at(values, key, path)!r}: this reads {wanted!r}")
    cameras = _at(values, "data.img_key", path)
    if not isinstance(cameras, list) or not cameras or not all(isinstance(name, str) for name in cameras):
        raise ConfigError(f"{path}: data.img_key is {cameras!r}: the names of its cameras are needed")
    expert = "model.action_expert_cfg"
    return Download(
        folder=folder,
        cameras=tuple(cameras),
        image_size=_count(values, "model.backbone_2d.image_size", path),
        horizon=_count(values, "model.action_len", path),
        numbers=_count(values, "data.action_token_num", path),
        special_words=tuple(map(str, _at(values, "model.llm.special_tokens", path, []))),
        rows_multiple=_count(values, "model.llm.pad_multiple_of", path, 64),
        width_scale=_count(values, f"{expert}.hidden_size_scale", path),
        mlp_scale=_count(values, f"{expert}.intermediate_size_scale", path),
        bounds=_read_bounds(folder / BOUNDS),
    )


def _read_bounds(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: np.asarray(file[name], dtype=float) for name in BOUNDS_NAMES if name in file.files}
    except (OSError, *DAMAGED_NPZ) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path}: no arrays ({line}): download it again") from None
    for name in BOUNDS_NAMES:
        if name not in found or found[name].shape != (ACTION_SIZE,) or not np.isfinite(found[name]).all():
            raise ConfigError(f"{path}: '{name}' is missing or not {ACTION_SIZE} finite numbers: download it again")
    for name in ("proprio", "action"):
        narrow = (found[f"max_{name}"] - found[f"min_{name}"]) / 2.0 <= STD_MIN
        if narrow.any():
            raise ConfigError(f"{path}: number {int(narrow.argmax())} of {name} never changes: it cannot be scaled")
    return found


def _at(values: Any, key: str, path: Path, default: Any = None) -> Any:
    for part in key.split("."):
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: has no {key}: give GraspVLA's own config.json")
        values = values.get(part, default)
    return values


def _count(values: Any, key: str, path: Path, default: int | None = None) -> int:
    found = _at(values, key, path, default)
    if type(found) is not int or found < 1:
        raise ConfigError(f"{path}: {key} is {found!r}: a count is needed")
    return found
