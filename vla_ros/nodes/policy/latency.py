# SPDX-License-Identifier: Apache-2.0
"""How long inference takes, as a whole and stage by stage (GraspVLA, Table 15): median and 95th percentile."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

CHUNKS = 100  # the last ones count
WHOLE = "inference"


class Latency:
    """The latencies of the last chunks. One thread adds, another may read."""

    def __init__(self, chunks: int = CHUNKS) -> None:
        self._chunks: deque[dict[str, float]] = deque(maxlen=chunks)

    def add(self, whole_s: float, stages_s: Mapping[str, float]) -> None:
        """Note a chunk: its whole time and that of its stages [s], in their order."""
        self._chunks.append({WHOLE: whole_s, **stages_s})

    def values(self) -> dict[str, str]:
        """Return `<stage>_p50_ms` and `<stage>_p95_ms` of each stage [ms], the whole first."""
        chunks = tuple(self._chunks)
        values = {}
        for stage in dict.fromkeys(name for chunk in chunks for name in chunk):
            times = [chunk[stage] for chunk in chunks if stage in chunk]
            for share in (50, 95):
                values[f"{stage}_p{share}_ms"] = f"{1e3 * float(np.percentile(times, share)):.1f}"
        return values
