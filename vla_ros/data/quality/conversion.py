# SPDX-License-Identifier: Apache-2.0
"""Whether the episode becomes data at all: what `vla convert` says of it."""

from __future__ import annotations

from collections.abc import Iterator

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import REFUSED, Finding


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at what conversion said."""
    contract = data.contract
    if contract is None:
        return
    if contract.refusal:
        reason = f"`vla convert` by contract '{contract.name}' refuses it: {contract.refusal}"
        yield Finding(f"{REFUSED}/{contract.name}", 1.0, config.refused_by_conversion_weight, reason)
    loss = config.unused.penalty(contract.unused_s)
    reason = f"{contract.unused_s:.1f} s of the episode make no frame: a stream begins after it or ends before it does"
    yield Finding("unused_s", contract.unused_s, loss, reason)
