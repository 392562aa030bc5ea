# SPDX-License-Identifier: Apache-2.0
"""A flow policy on disk: config.json and model.safetensors. No pickle is ever read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vla_ros.policies.actions.codec import state_values
from vla_ros.policies.families.network_file import load_network, save_network
from vla_ros.policies.flow.config import FlowConfig, read_flow_config
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.policy import MlpFlowPolicy
from vla_ros.policies.flow.waypoints import WaypointNetwork


def load_flow(folder: Path) -> MlpFlowPolicy:
    """Return the policy of a checkpoint. Raises ConfigError for one that is missing, torn, or of other sizes."""
    config = read_flow_config(folder)
    network = load_network(folder, lambda: new_network(config))
    return flow_policy(network, config)


def save_flow(folder: Path, network: VelocityNetwork, config: FlowConfig) -> None:
    """Write weights, then config.json: a folder without it is no checkpoint yet.

    What the network was trained for beside drawing chunks (a prefix, a correction, horizons, waypoints) is noted in the
    configuration.
    """
    width = 0 if network.correction is None else network.correction.width
    horizons = network.horizons if network.mixes else ()
    config = dataclasses.replace(
        config,
        prefix_max=network.prefix_max,
        correction_width=width,
        horizons=horizons,
        waypoint_width=network.waypoints.width if isinstance(network.waypoints, WaypointNetwork) else 0,
    )
    save_network(folder, network, dataclasses.asdict(config))


def new_network(config: FlowConfig) -> VelocityNetwork:
    """Return a network of the checkpoint's sizes, not trained."""
    codec = config.codec()
    network = VelocityNetwork(
        codec.horizon,
        codec.size,
        len(config.state),
        config.width,
        config.depth,
        config.prefix_max,
        config.correction_width,
        config.horizons,
    )
    if config.waypoint_width:
        network.waypoints = WaypointNetwork(codec.size, len(config.state), config.waypoint_width)
    return network


def flow_policy(network: VelocityNetwork, config: FlowConfig) -> MlpFlowPolicy:
    """Return the policy: the state's columns are taken by their names."""
    states = config.state_statistics.normaliser()
    return MlpFlowPolicy(
        network,
        config.action_statistics.normaliser(),
        config.codec(),
        lambda observation: states.normalise(state_values(observation.state, config.state)),
        config.steps,
    )
