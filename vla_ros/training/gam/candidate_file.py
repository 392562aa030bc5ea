# SPDX-License-Identifier: Apache-2.0
"""candidates/<seed>/<tool>.<mode>.npz: candidates of a tool in a mode, and how good each of them is.

Shape legend: N candidates, K elements of the tool, C criteria of the file, Q criteria that are asked in the mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import Criterion, criteria_of, criterion_named
from vla_ros.policies.gam.prompts import PLACE, PROMPTS
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.named import load_tool
from vla_ros.training.gam.npz_file import Expected, check_rotations, read_arrays

_ARRAYS = {
    "positions": Expected("f", ("N", 3)),
    "rotations": Expected("f", ("N", 3, 3)),
    "active": Expected("f", ("N", "K")),
    "widths": Expected("f", ("N",)),
    "depths": Expected("f", ("N",)),
    "objects": Expected("i", ("N",)),
    "criteria": Expected("U", ("C",)),
    "scores": Expected("f", ("N", "C")),
    "success": Expected("f", ("N",)),
}
_PICKED = {
    "picked_position": Expected("f", ("N", 3)),
    "picked_rotation": Expected("f", ("N", 3, 3)),
    "picked_active": Expected("f", ("N", "K")),
}


@dataclass(frozen=True, eq=False)
class LabelledCandidates:
    """Candidates with what is true of them. Poses are in the base frame, picks in the source tote's."""

    tool: str
    mode: str
    description: Tool
    candidates: Candidates
    objects: np.ndarray  # (N,) that are meant
    scores: np.ndarray  # (N, Q) 0 to 1 by `asked`; NaN where it was not asked
    success: np.ndarray  # (N,) 0 to 1; NaN where it is not known
    picked: Candidates | None  # (N) the picks behind placements

    @property
    def asked(self) -> tuple[Criterion, ...]:
        """Return the criteria of the mode, by which scores stand."""
        return criteria_of(self.mode)


def read_candidates(path: Path) -> LabelledCandidates:
    """Read a file; its name says tool and mode. Raises ConfigError in one line for one that cannot be used."""
    name, dot, mode = path.stem.rpartition(".")
    if not dot or mode not in PROMPTS:
        raise ConfigError(f"{path}: its name must be TOOL.MODE.npz; {unknown_name('mode', mode, PROMPTS)}")
    tool = load_tool(name)
    if mode != PLACE and mode not in tool.modes:
        raise ConfigError(f"{path}: tool '{name}' has no mode {mode}, only {', '.join(tool.modes)}")
    expected = _ARRAYS | (_PICKED if mode == PLACE else {})
    arrays = read_arrays(path, expected, {"K": len(tool.names)})
    for key in ("rotations", *(["picked_rotation"] if mode == PLACE else [])):
        check_rotations(path, key, arrays[key])
    for key in ("positions", "active", *(["picked_position", "picked_active"] if mode == PLACE else [])):
        if not np.isfinite(arrays[key]).all():
            raise ConfigError(f"{path}: '{key}' holds a value that is not finite: generate the data again")
    for key in ("active", "scores", "success"):
        if not (np.isnan(arrays[key]) | ((arrays[key] >= 0.0) & (arrays[key] <= 1.0))).all():
            raise ConfigError(f"{path}: '{key}' must be 0 to 1, or NaN where it is not known: generate the data again")
    for key in ("widths", "depths"):
        if np.isinf(arrays[key]).any():
            raise ConfigError(
                f"{path}: '{key}' must be lengths, or NaN where they mean nothing: generate the data again"
            )
    nowhere = np.full(len(arrays["positions"]), np.nan, dtype=np.float32)
    picked = None
    if mode == PLACE:
        picked = Candidates(
            arrays["picked_position"], arrays["picked_rotation"], arrays["picked_active"], nowhere, nowhere
        )
    return LabelledCandidates(
        tool=name,
        mode=mode,
        description=tool,
        candidates=Candidates(*(arrays[key] for key in ("positions", "rotations", "active", "widths", "depths"))),
        objects=arrays["objects"],
        scores=_by_mode(path, mode, arrays["criteria"].tolist(), arrays["scores"]),
        success=arrays["success"],
        picked=picked,
    )


def _by_mode(path: Path, mode: str, names: list[str], scores: np.ndarray) -> np.ndarray:
    """Return scores (N, Q) in the order of the mode's criteria, NaN for those that the file does not have."""
    try:
        found = [criterion_named(name) for name in names]
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    ordered = np.full((len(scores), len(criteria_of(mode))), np.nan, dtype=np.float32)
    for column, criterion in enumerate(criteria_of(mode)):
        if criterion in found:
            ordered[:, column] = scores[:, found.index(criterion)]
    return ordered
