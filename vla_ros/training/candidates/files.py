# SPDX-License-Identifier: Apache-2.0
"""The folder of labelled candidates, as `vla train gam_small` reads it.

dataset.json                           what is made in it
scenes/<seed>.npz                      what cameras see of a scene; written last, when its candidates are there
candidates/<seed>/<tool>.<mode>.npz    candidates of a tool in a mode, and what is true of them
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.documents import DocumentError, read_json
from vla_ros.new_file import replace_file
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.training.candidates.settings import CandidateSettings

if TYPE_CHECKING:
    from vla_ros.sim.candidates.labels import Labels

FORMAT, VERSION = "gam_candidates", 1
DATASET, SCENES, CANDIDATES = "dataset.json", "scenes", "candidates"
# More scenes, and other tools in the same scenes, may follow.
_MAY_CHANGE = ("scenes", "tools", "drawn", "modes", "places", "placements")


class UnwritableError(VlaError):
    """A file cannot be written: no other scene's can be either."""


@dataclass(frozen=True)
class CandidateFolder:
    """Where everything is."""

    root: Path

    def scene(self, seed: int) -> Path:
        """Return the file of a scene."""
        return self.root / SCENES / f"{seed:06d}.npz"

    def candidates(self, seed: int, tool: str, mode: str) -> Path:
        """Return the file of a tool's candidates in a mode."""
        return self.root / CANDIDATES / f"{seed:06d}" / f"{tool}.{mode}.npz"

    def begin(self, settings: CandidateSettings) -> None:
        """Note what is made; go on with what is there.

        Raises ConfigError where something else is made, or nothing can be written.
        """
        path = self.root / DATASET
        if self.root.exists() and not self.root.is_dir():
            raise ConfigError(f"{self.root}: is a file; give a folder, new or one of an earlier generation")
        wanted = {"format": FORMAT, "version": VERSION, **json.loads(json.dumps(dataclasses.asdict(settings)))}
        if path.exists():
            try:
                there = read_json(path)
            except DocumentError as error:
                raise ConfigError(f"{path}: {error}") from None
            for key, value in wanted.items():
                if key in _MAY_CHANGE:
                    continue
                if not isinstance(there, dict) or there.get(key) != value:
                    raise ConfigError(f"{self.root}: holds candidates of another '{key}': choose a new folder")
        elif self.root.exists() and any(self.root.iterdir()):
            raise ConfigError(f"{self.root}: is not empty and holds no candidates: choose a new folder")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            replace_file(path, json.dumps(wanted, indent=1).encode())
        except OSError as error:
            raise ConfigError(f"{self.root}: cannot be written ({error.strerror}): choose another place") from None


def candidate_arrays(candidates: Candidates, objects: np.ndarray, mode: str, labels: Labels) -> dict[str, np.ndarray]:
    """Return the arrays of a file: candidates, the objects (N,) that they mean, and what is true of them."""
    return {
        **{name: np.asarray(value, np.float32) for name, value in vars(candidates).items()},
        "objects": objects.astype(np.int16),
        "criteria": np.array([one.name for one in criteria_of(mode)]),
        "scores": labels.scores,
        "success": labels.success.astype(np.float32),
    }


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an npz as a whole or not at all. Raises UnwritableError."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, buffer.getvalue())
    except OSError as error:
        raise UnwritableError(
            f"{path}: cannot be written ({error.strerror}): make room, then start the same command again"
        ) from None
