# SPDX-License-Identifier: Apache-2.0
"""Whether statistics that numbers are normalised by are those of this data: the dataset's own, and a checkpoint's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.conventions.finding import Answers, Finding, Untold
from vla_ros.data.conventions.recording import Recording
from vla_ros.data.datasets.features import ACTION, STATE
from vla_ros.data.datasets.layout import COUNT_STATS, STATS
from vla_ros.data.datasets.metadata import dataset_statistics
from vla_ros.documents import read_json
from vla_ros.policies.lerobot.processors import BEFORE, preprocessor_statistics

Table = Mapping[str, tuple[np.ndarray, np.ndarray]]  # column → mean, standard deviation
OWN_ROOM = 0.05  # of the standard deviation, between the dataset's own statistics and its data
FAR, WIDER = 4.0, 6.0  # of another dataset: standard deviations of the mean, factor between the deviations
SHARE = 0.25  # of the numbers that must be so far off
_STD_MIN = 1e-3  # what hardly changes tells nothing


def check_statistics(recording: Recording, folder: Path | None) -> Answers:
    """Yield columns whose statistics in the dataset, or in `folder`, are those of other data."""
    own = dataset_statistics(recording.reader.metadata.root)
    for column, values in ((STATE, recording.state), (ACTION, recording.action)):
        entry = own.get(column, {})
        if "mean" not in entry or "std" not in entry:
            yield Finding("statistics", f"{column} in {STATS}", f"has no mean and std: {COUNT_STATS}")
            continue
        found = _off(values, np.ravel(entry["mean"]), np.ravel(entry["std"]))
        if found is None or (found[0] > OWN_ROOM).any() or (np.abs(np.log(found[1])) > OWN_ROOM).any():
            yield Finding("statistics", f"{column} in {STATS}", "are not those of the data: `vla dataset stats --exact "
                          "--write` counts them again")  # fmt: skip
    if folder is None:
        return
    table = read_statistics(folder)
    for column, values in ((STATE, recording.state), (ACTION, recording.action)):
        if column not in table:
            yield Finding("statistics", f"{column} in {folder}", "has none: nothing would be normalised")
            continue
        yield from _compared(f"{column} in {folder}", values, *table[column])


def _compared(where: str, values: np.ndarray, mean: np.ndarray, std: np.ndarray) -> Answers:
    if len(mean) != values.shape[1]:
        yield Finding("statistics", where, f"are of {len(mean)} numbers, the data has {values.shape[1]}")
        return
    found = _off(values, mean, std)
    if found is None:
        yield Finding("statistics", where, "hold a value that is not finite")
        return
    away, factor = found
    changing = values.std(axis=0) > _STD_MIN
    if not changing.any():
        yield Untold(where, "the data hardly changes")
        return
    other = changing & ((away > FAR) | (factor > WIDER) | (factor < 1.0 / WIDER))
    if other.sum() > SHARE * changing.sum():
        worst = int(np.where(changing, away, 0.0).argmax())
        yield Finding(
            "statistics",
            where,
            f"{other.sum()} of {changing.sum()} numbers are far from the data, number {worst} by {away[worst]:.1f} "
            f"standard deviations (mean {mean[worst]:.3g}, data {values[:, worst].mean():.3g}): of another dataset?",
        )


def _off(values: np.ndarray, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return how far means are apart, in deviations, and the ratio of the deviations; None for another size."""
    if len(mean) != values.shape[1] or len(std) != values.shape[1]:
        return None
    if not (np.isfinite(mean).all() and np.isfinite(std).all()):
        return None
    floor = np.maximum(std, 1e-6)
    return np.abs(values.mean(axis=0) - mean) / np.maximum(floor, _STD_MIN), (
        np.maximum(values.std(axis=0), _STD_MIN) / np.maximum(floor, _STD_MIN)
    )


def read_statistics(folder: Path) -> Table:
    """Read the mean and standard deviation that a checkpoint or dataset normalises by.

    Knows a dataset's meta/stats.json, config.json of this stack's checkpoints, openpi's norm_stats.json, and the state
    files of LeRobot's preprocessor. Raises ConfigError for a folder without one of them.
    """
    if (folder / STATS).is_file():
        own = dataset_statistics(folder)
        return {name: (np.ravel(e["mean"]), np.ravel(e["std"])) for name, e in own.items() if {"mean", "std"} <= set(e)}
    if (folder / BEFORE).is_file():
        return _of_lerobot(folder)
    for path in (folder / "norm_stats.json", *sorted(folder.glob("assets/**/norm_stats.json"))):
        if path.is_file():
            return _of_openpi(path)
    if (folder / "config.json").is_file():
        return _of_checkpoint(folder / "config.json")
    raise ConfigError(
        f"--statistics {folder}: no statistics there: give a dataset, or a checkpoint with config.json, "
        f"norm_stats.json or {BEFORE}"
    )


def _of_checkpoint(path: Path) -> Table:
    values = _mapping(path)
    found = {}
    for column, key in ((STATE, "state_statistics"), (ACTION, "action_statistics")):
        if key in values:
            found[column] = _pair(values[key], path, key)
    return found


def _of_openpi(path: Path) -> Table:
    whole = _mapping(path)
    inner = whole.get("norm_stats", whole)
    values = inner if isinstance(inner, dict) else {}
    return {
        column: _pair(values[key], path, key)
        for column, keys in ((STATE, ("state",)), (ACTION, ("actions", "action")))
        for key in keys
        if key in values
    }


def _of_lerobot(folder: Path) -> Table:
    known = preprocessor_statistics(folder)
    return {
        column: (np.ravel(known[f"{column}.mean"]).astype(float), np.ravel(known[f"{column}.std"]).astype(float))
        for column in (STATE, ACTION)
        if f"{column}.mean" in known and f"{column}.std" in known
    }


def _mapping(path: Path) -> dict[str, Any]:
    values = read_json(path)
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: holds no mapping: is it a checkpoint's?")
    return values


def _pair(entry: Any, path: Path, key: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        mean, std = np.asarray(entry["mean"], dtype=float), np.asarray(entry["std"], dtype=float)
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"{path}: '{key}' has no mean and std of numbers") from None
    return mean.ravel(), std.ravel()
