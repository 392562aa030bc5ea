# SPDX-License-Identifier: Apache-2.0
"""Channels in a contract's order, orientations on the contract's side, as its datasets hold them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.actions.encoding import one_sided
from vla_ros.policies.contract import DataContract, pose_arms


def contract_values(contract: DataContract, known: Mapping[str, float], channels: tuple[str, ...]) -> np.ndarray:
    """Return channels (C,) of what is known, by name. Raises ConfigError that names the first that is missing."""
    for channel in channels:
        if channel not in known:
            raise ConfigError(f"contract '{contract.name}': {unknown_name('channel', channel, known)}")
    numbers = np.array([known[channel] for channel in channels])
    for arm in pose_arms(channels):
        columns = [channels.index(channel) for channel in pose_channels(arm)[3:]]
        numbers[columns] = one_sided(numbers[None, columns], np.array(contract.quaternion_side))[0]
    return numbers
