# SPDX-License-Identifier: Apache-2.0
"""Which form of the network is read how."""

from __future__ import annotations

from vla_ros.policies.graspvla.full.network import GraspVlaNetwork, Network
from vla_ros.policies.graspvla.full.reading import PaperReading, Reading
from vla_ros.policies.graspvla.full.released.network import ReleasedNetwork
from vla_ros.policies.graspvla.full.released.reading import ReleasedReading


def reading_of(network: Network) -> Reading:
    """Return what reads this network. Raises TypeError for one of neither form."""
    if isinstance(network, GraspVlaNetwork):
        return PaperReading(network.config, network)
    if isinstance(network, ReleasedNetwork):
        return ReleasedReading(network.config, network.form, network)
    raise TypeError(type(network).__name__)
