# SPDX-License-Identifier: Apache-2.0
"""Which episodes of a dataset hold holes that their contract forbids and a relaxed limit allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.datasets.layout import read_json
from vla_ros.data.datasets.metadata import DatasetMetadata

RELAXED = "meta/relaxed.json"  # ours: lerobot's readers leave it alone
_KEY = "longest_hole_s"


def read_relaxed(root: Path) -> dict[str, float]:
    """Return the longest such hole [s] of each episode that has one, by the episode's source; nothing without a file.

    Raises ConfigError for a broken file.
    """
    path = root / RELAXED
    if not path.is_file():
        return {}
    content = read_json(path)
    holes = content.get(_KEY) if isinstance(content, dict) else None
    if not isinstance(holes, dict) or not all(isinstance(value, int | float) for value in holes.values()):
        raise ConfigError(f"{path}: '{_KEY}' must map sources to seconds: restore the file from a copy")
    return {str(source): float(value) for source, value in holes.items()}


def relaxed_text(holes: Mapping[str, float]) -> str:
    """Return the content of the file."""
    return json.dumps({_KEY: {source: round(value, 6) for source, value in holes.items()}}, indent=2) + "\n"


def relaxed_line(metadata: DatasetMetadata) -> str:
    """Return how many episodes are concerned and how far, in words; "" when none is."""
    known = read_relaxed(metadata.root)
    holes = [known[episode.source] for episode in metadata.episodes if episode.source in known]
    if not holes:
        return ""
    limit = f"{metadata.contract.skew_max_s:g} s" if metadata.contract else "a limit"
    return (
        f"--skew-max was relaxed: {len(holes)} of {len(metadata.episodes)} episodes hold holes of up to "
        f"{max(holes):.2f} s, the contract allows {limit}"
    )
