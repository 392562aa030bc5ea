# SPDX-License-Identifier: Apache-2.0
"""What the files of a LeRobot checkpoint say of it: type, cameras, sizes, chunk. Imports neither PyTorch nor lerobot.

A checkpoint is the folder `pretrained_model` that lerobot-train writes: config.json, model.safetensors,
policy_preprocessor.json and policy_postprocessor.json with their statistics, train_config.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import read_json
from vla_ros.policies.families.table import CONFIG, is_lerobot
from vla_ros.policies.families.weights import FILES
from vla_ros.policies.lerobot.processors import ACTION, IMAGES, STATE, Processors, read_processors

TRAINING = "train_config.json"
EMPTY = "empty_camera_"  # in keys of pictures that are never there
RESIZES = ("resize_imgs_with_padding", "image_resolution")  # keys of policies that scale pictures themselves


@dataclass(frozen=True)
class LeRobotCheckpoint:
    """Everything but the weights."""

    folder: Path
    type: str  # act, diffusion, smolvla, pi0, …
    cameras: dict[str, tuple[int, int] | None]  # by the dataset's names: height, width [px]; None: any
    keys: dict[str, str]  # camera → key of its pictures in the dataset
    state_size: int  # numbers of the state that it reads; 0: it reads none
    action_size: int
    observation_steps: int  # T that a chunk is made of
    action_steps: int  # rows of a chunk that are executed
    dataset: Path | None  # that it was trained on, where train_config.json names a folder


def read_checkpoint(folder: Path) -> LeRobotCheckpoint:
    """Read a folder. Raises ConfigError for what is no LeRobot checkpoint, or one that cannot be served.

    Missing statistics are an error: lerobot itself passes such numbers on as they are.
    """
    if not is_lerobot(folder):
        raise ConfigError(f"{folder}: is no LeRobot checkpoint: give the folder pretrained_model that lerobot-train "
                          f"writes, with {CONFIG} (of one on the hub: hf download NAME --local-dir DIR)")  # fmt: skip
    for name in FILES:
        if not (folder / name).is_file():
            raise ConfigError(f"{folder / name} is not there: copy the whole folder pretrained_model")
    config = read_json(folder / CONFIG)
    if config.get("use_peft"):
        raise ConfigError(f"{folder}: holds an adapter (use_peft): merge it into its base policy first")
    inputs, outputs = _features(config, "input_features", folder), _features(config, "output_features", folder)
    for key in inputs:
        if key != STATE and not key.startswith(IMAGES.rstrip("s.")):
            raise ConfigError(f"{folder}: reads {key}, which no data contract has: train without it")
    if ACTION not in outputs:
        raise ConfigError(f"{folder}: makes no {ACTION}: it is no policy")
    processors = read_processors(folder, inputs, outputs, _mapping(config, "normalization_mapping"))
    sizes = processors.sizes
    state = sizes.get(STATE, _numbers(inputs[STATE], folder)) if STATE in inputs else 0
    chunk = _whole(config, ("n_action_steps", "chunk_size", "horizon"), folder)
    pictures = _pictures(config, inputs, processors, folder)
    keys = {camera_name(key): key for key in pictures}
    if len(keys) < len(pictures):  # left.rgb and right.rgb
        keys = {key.removeprefix(IMAGES): key for key in pictures}
    return LeRobotCheckpoint(
        folder,
        str(config["type"]),
        {name: pictures[key] for name, key in keys.items()},
        keys,
        state,
        sizes.get(ACTION, _numbers(outputs[ACTION], folder)),
        _whole(config, ("n_obs_steps",), folder, 1),
        chunk,
        _dataset(folder),
    )


def camera_name(key: str) -> str:
    """Return the camera of a dataset's key: observation.images.front is front."""
    return key.rpartition(".")[2]


def _pictures(
    config: Mapping[str, Any], inputs: Mapping[str, Any], processors: Processors, folder: Path
) -> dict[str, tuple[int, int] | None]:
    """Return height and width by the dataset's keys. A policy that was given others' names says none of their sizes."""
    found: dict[str, tuple[int, int] | None] = {}
    dataset_key = {policy: key for key, policy in processors.renamed.items()}
    resizes = any(config.get(key) for key in RESIZES)
    for key, feature in inputs.items():
        known = dataset_key.get(key, key)
        if key == STATE or camera_name(known).startswith(EMPTY):
            continue
        if processors.renamed and key not in dataset_key and key not in processors.measured:
            continue  # a pretrained policy's further camera, which its dataset had not
        shape = _shape(feature, folder)
        if len(shape) != 3:
            raise ConfigError(f"{folder}: {CONFIG}: {key} is of shape {shape}: give channels, height, width")
        found[known] = None if resizes or processors.renamed else (shape[1], shape[2])
    if not found:
        raise ConfigError(f"{folder}: sees by no camera: nothing here could stamp its chunks")
    return found


def _features(config: Mapping[str, Any], key: str, folder: Path) -> dict[str, Any]:
    return {name: feature for name, feature in _mapping(config, key).items() if _shape(feature, folder)}


def _mapping(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _shape(feature: Any, folder: Path) -> tuple[int, ...]:
    shape = feature.get("shape") if isinstance(feature, dict) else None
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size > 0 for size in shape):
        raise ConfigError(f"{folder}: {CONFIG}: a feature's shape is {str(shape)[:60]}: give whole numbers")
    return tuple(shape)


def _numbers(feature: Any, folder: Path) -> int:
    return _shape(feature, folder)[0]


def _whole(config: Mapping[str, Any], keys: tuple[str, ...], folder: Path, default: int | None = None) -> int:
    for key in keys:
        if type(config.get(key)) is int and config[key] > 0:
            return int(config[key])
    if default is None:
        raise ConfigError(f"{folder}: {CONFIG} says neither {' nor '.join(keys)}: its chunks have no length")
    return default


def _dataset(folder: Path) -> Path | None:
    """Return the dataset's folder that train_config.json names, where it is here."""
    path = folder / TRAINING
    values = read_json(path) if path.is_file() else {}
    dataset = values.get("dataset") if isinstance(values, dict) else None
    root = dataset.get("root") if isinstance(dataset, dict) else None
    return Path(root) if isinstance(root, str) and root and Path(root).is_dir() else None
