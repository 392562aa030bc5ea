# SPDX-License-Identifier: Apache-2.0
"""What was requested and could not be done: commands at their limits, chunks that were refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import Finding


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at the commands of each arm, and at the chunks."""
    for arm in data.embodiment.arms if data.embodiment is not None else ():
        for topic, commands in data.commands.items():
            if not topic.endswith(f"/{arm.name}_effort_controller/commands") or not len(commands.values):
                continue
            if commands.values.shape[1] != len(arm.joints):
                continue
            share = float((np.abs(commands.values) > config.saturated_share * arm.effort).any(axis=1).mean())
            reason = f"{100.0 * share:.0f} % of {arm.name}'s commands are clipped at the effort limit"
            yield Finding(f"clipped/{arm.name}", share, config.clipped.penalty(share), reason)
    if data.chunks:
        share = len(data.refused) / data.chunks
        why = Counter(data.refused).most_common(1)[0][0] if data.refused else ""
        reason = f"{len(data.refused)} of {data.chunks} chunks were refused, most because: {why}"
        yield Finding("refused", share, config.refused.penalty(share), reason)
