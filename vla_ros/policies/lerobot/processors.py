# SPDX-License-Identifier: Apache-2.0
"""The pre- and post-processor of a LeRobot checkpoint, before lerobot makes them: steps, names, statistics.

lerobot passes on what it has no statistics of as it is (lerobot#4446): a policy then acts on numbers of another scale,
and nobody is told. Here that is an error, and so is a step that would be imported by a path of the checkpoint's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from vla_ros.documents import read_json

STATE, ACTION, IMAGES = "observation.state", "action", "observation.images."
BEFORE, AFTER = "policy_preprocessor.json", "policy_postprocessor.json"
NORMALISER, UNNORMALISER, RENAMES = "normalizer_processor", "unnormalizer_processor", "rename_observations_processor"
IDENTITY = "IDENTITY"
STATISTICS = {
    "MEAN_STD": ("mean", "std"),
    "MIN_MAX": ("min", "max"),
    "QUANTILES": ("q01", "q99"),
    "QUANTILE10": ("q10", "q90"),
}
_MIGRATE = "python -m lerobot.processor.migrate_policy_normalization --pretrained-path DIR"


@dataclass(frozen=True)
class Processors:
    """What the two files say."""

    renamed: dict[str, str]  # keys of the dataset to keys of the policy
    sizes: dict[str, int]  # numbers of what is normalised, by key: the dataset's own
    measured: frozenset[str] = frozenset()  # keys with statistics: of these the dataset had something


def read_processors(
    folder: Path, inputs: Mapping[str, Any], outputs: Mapping[str, Any], modes: Mapping[str, Any]
) -> Processors:
    """Read and check both files for the policy's features and what its config.json says is normalised how.

    Raises ConfigError for a file, a step or a statistic that is missing.
    """
    before, after = _steps(folder, BEFORE), _steps(folder, AFTER)
    sizes = _check(folder, before, NORMALISER, inputs, modes) | _check(folder, after, UNNORMALISER, outputs, modes)
    renamed: dict[str, str] = {}
    for step in before:
        if step["registry_name"] == RENAMES:
            named = _mapping(folder, step, "rename_map")
            renamed |= {str(key): str(value) for key, value in named.items()}
    measured = frozenset(name.rpartition(".")[0] for name in _known(folder, before, NORMALISER))
    return Processors(renamed, sizes, measured)


def preprocessor_statistics(folder: Path) -> dict[str, np.ndarray]:
    """Return what a checkpoint's preprocessor normalises by, as it names it: `observation.state.mean` and so on.

    Raises ConfigError for files that are missing or no processor's.
    """
    return _known(folder, _steps(folder, BEFORE), NORMALISER)


def _known(folder: Path, steps: list[dict[str, Any]], kind: str) -> dict[str, np.ndarray]:
    """Return the statistics of all steps of a kind, by names such as `observation.state.mean`."""
    known: dict[str, np.ndarray] = {}
    for step in steps:
        if step["registry_name"] == kind:
            known |= _statistics(folder, step)
    return known


def _steps(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / name
    if not path.is_file():
        raise ConfigError(f"{path} is not there: without it nothing is normalised; copy the whole folder, or convert "
                          f"a checkpoint of lerobot before 0.4: {_MIGRATE}")  # fmt: skip
    values = read_json(path)
    steps = values.get("steps") if isinstance(values, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise ConfigError(f"{path}: has no list of steps: is it lerobot's?")
    for step in steps:
        if not isinstance(step.get("registry_name"), str):
            raise ConfigError(f"{path}: a step is named by a class to import ({str(step.get('class'))[:60]}), which "
                              "would run whatever code that is: only lerobot's own steps are taken")  # fmt: skip
        if not isinstance(step.get("config") or {}, dict):
            raise ConfigError(f"{path}: the step {step['registry_name'][:60]!r} has a config that is no mapping")
    return [{**step, "config": step.get("config") or {}} for step in steps]


def _mapping(folder: Path, step: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = step["config"].get(key) or {}
    if not isinstance(value, dict):
        raise ConfigError(f"{folder}: {key} of a processor's step is {str(value)[:60]!r}, no mapping: is it lerobot's?")
    return value


def _check(
    folder: Path, steps: list[dict[str, Any]], kind: str, features: Mapping[str, Any], modes: Mapping[str, Any]
) -> dict[str, int]:
    """Return the sizes of what is normalised. Raises ConfigError for the first feature without statistics."""
    normalisers = [step for step in steps if step["registry_name"] == kind]
    known = _known(folder, steps, kind)
    for step in normalisers:
        modes = {**modes, **_mapping(folder, step, "norm_map")}
    sizes = {}
    for key, feature in features.items():
        mode = str(modes.get(str(feature.get("type")), IDENTITY))
        if mode == IDENTITY:
            continue
        if not normalisers:
            raise ConfigError(f"{folder}: {key} is to be normalised ({mode}), and no step of kind {kind} does it: "
                              "its numbers would be of another scale: save the checkpoint again")  # fmt: skip
        for name in STATISTICS.get(mode, ()):
            values = known.get(f"{key}.{name}")
            if values is None or not values.size or not np.isfinite(values).all():
                what = "are missing" if values is None else "are not finite numbers"
                raise ConfigError(f"{folder}: normalisation statistics of {key} ({name}) {what}: lerobot would pass "
                                  "its numbers on as they are: save the checkpoint again with its dataset's statistics"
                                  )  # fmt: skip
            sizes[key] = int(values.size)
    return sizes


def _statistics(folder: Path, step: Mapping[str, Any]) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    name = step.get("state_file")
    if name is None:
        return {}
    path = folder / str(name)
    if path.parent != folder or name not in os.listdir(folder):
        raise ConfigError(f"{str(path)[:300]} is not there, and holds normalisation statistics: copy the whole folder")
    try:
        return dict(load_file(path))
    except (SafetensorError, KeyError, ValueError) as error:
        raise ConfigError(
            f"{path}: cannot be read ({str(error).splitlines()[0][:100]}): copy the folder again"
        ) from None
