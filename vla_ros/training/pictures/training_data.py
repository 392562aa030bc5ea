# SPDX-License-Identifier: Apache-2.0
"""Which folders are trained on. Imports no PyTorch: whether they are there is said at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import ACTION
from vla_ros.data.datasets.layout import INFO
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.training.generation.maker import KINDS


@dataclass(frozen=True)
class TrainingData:
    """Folders of datasets with actions, and without."""

    action: tuple[Path, ...]
    grounding: tuple[Path, ...]


def find_datasets(roots: Iterable[Path], boxes_do: bool = False) -> TrainingData:
    """Sort datasets, and those in folders of `vla generate`, by whether they hold actions.

    Raises ConfigError for a folder without any, or, unless `boxes_do`, when none of them holds actions.
    """
    action: list[Path] = []
    grounding: list[Path] = []
    for root in roots:
        for dataset in _datasets_of(root):
            (action if ACTION in load_metadata(dataset).features else grounding).append(dataset)
    if not action and not boxes_do:
        raise ConfigError("no dataset with actions: give the folder of a finished `vla generate`, or its action/")
    return TrainingData(tuple(action), tuple(grounding))


def _datasets_of(root: Path) -> list[Path]:
    if not root.is_dir():
        raise ConfigError(f"{root}: no such folder; give one made by `vla generate`, or a dataset")
    if (root / INFO).is_file():
        return [root]
    found = [root / kind for kind in KINDS if (root / kind / INFO).is_file()]
    if not found:
        raise ConfigError(
            f"{root}: holds no dataset, neither itself nor in {' or '.join(KINDS)}/: give one, or let `vla generate` "
            "finish"
        )
    return found
