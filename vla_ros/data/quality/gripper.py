# SPDX-License-Identifier: Apache-2.0
"""A gripper that cannot make up its mind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import Finding


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at each gripper of a known robot."""
    if data.joints is None or data.embodiment is None:
        return
    for gripper in data.embodiment.grippers:
        columns = data.joints.columns(gripper.joints)
        if columns is None:
            continue
        width = data.joints.q[:, columns].sum(axis=1)
        count = most_turns(data.joints.time, width, config.chatter_travel, config.chatter_window_s)
        reason = f"{gripper.name} chatters: it turns {count} times within {config.chatter_window_s:g} s"
        yield Finding(f"chatter/{gripper.name}", count, config.chatter.penalty(count), reason)


def most_turns(time: np.ndarray, width: np.ndarray, travel: float, window: float) -> int:
    """Return the most turns of direction within `window` [s], each after at least `travel` [m] the other way."""
    turns = np.array(turning_times(time, width, travel))
    if not len(turns):
        return 0
    within = np.searchsorted(turns, turns + window, side="right") - np.arange(len(turns))
    return int(within.max())


def turning_times(time: np.ndarray, width: np.ndarray, travel: float) -> list[float]:
    """Return when the width (N,) turned: it came from at least `travel` away and went as far back."""
    found: list[float] = []
    direction, extreme, at = 0.0, float(width[0]) if len(width) else 0.0, 0.0
    for t, w in zip(time.tolist(), width.tolist(), strict=True):
        if direction == 0.0 and abs(w - extreme) >= travel:
            direction, extreme, at = (1.0 if w > extreme else -1.0), w, t
        elif direction * (w - extreme) > 0.0:
            extreme, at = w, t
        elif direction != 0.0 and direction * (extreme - w) >= travel:
            found.append(at)
            direction, extreme, at = -direction, w, t
    return found
