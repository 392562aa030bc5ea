# SPDX-License-Identifier: Apache-2.0
"""What is measured of many built-in objects before a scene is drawn: worked out once, kept in the user's cache.

To make an object and find how it comes to rest takes some 20 ms; a scene of some tasks asks that of hundreds, in the
process of each node that draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import scipy

from vla_ros.objects import cache as kept
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.category import categories
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel

Measure = Callable[[ObjectModel], Sequence[float]]


def measured(models: Sequence[ObjectModel], measure: Measure, what: str, code: Path) -> np.ndarray:
    """Return what `measure` says of each object (N, K), K numbers of each.

    `what` names the measure with all that it depends on but the object, `code` is the file of its definition. Objects
    of a user's folder, which may change, are measured every time.
    """
    if not models:
        return np.empty((0, 0))
    if not all(_built_in().get(model.name) is model for model in models):
        return _rows(models, measure)
    names = "\n".join(model.name for model in models)
    entry = f"measured_{kept.digest([what.encode(), code.read_bytes(), names.encode(), _origin()])}"
    rows = _stored(entry, len(models))
    if rows is None:
        with kept.alone():
            rows = _stored(entry, len(models))  # by whoever was before us
            if rows is None:
                rows = _rows(models, measure)
                kept.store(None, entry, {"rows": rows})
    return rows


def _stored(entry: str, count: int) -> np.ndarray | None:
    rows = (kept.load(None, entry) or {}).get("rows", np.empty(0))
    return rows if rows.ndim == 2 and len(rows) == count else None


def _rows(models: Sequence[ObjectModel], measure: Measure) -> np.ndarray:
    return np.array([measure(model) for model in models], dtype=np.float64)


@cache
def _built_in() -> dict[str, ObjectModel]:
    catalogue = load_catalogue()
    return {model.name: model for model in (*catalogue.objects, *catalogue.receptacles)}


@cache
def _origin() -> bytes:
    """Name all that built-in objects follow from."""
    versions = f"NumPy {np.__version__}, SciPy {scipy.__version__}"
    return kept.digest(
        text.encode() for text in (kept.code_digest(), repr(categories()), repr(color_ranges()), versions)
    ).encode()
