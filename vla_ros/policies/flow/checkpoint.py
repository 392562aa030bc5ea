# SPDX-License-Identifier: Apache-2.0
"""A flow policy on disk: config.json and model.safetensors. No pickle is ever read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vla_ros.policies.actions.codec import state_values
from vla_ros.policies.families.network_file import load_weights, save_network
from vla_ros.policies.flow.config import FlowConfig, read_flow_config
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.policy import MlpFlowPolicy


def load_flow(folder: Path) -> MlpFlowPolicy:
    """Return the policy of a checkpoint. Raises ConfigError for one that is missing, torn, or of other sizes."""
    config = read_flow_config(folder)
    network = new_network(config)
    load_weights(folder, network)
    return flow_policy(network, config)


def save_flow(folder: Path, network: VelocityNetwork, config: FlowConfig) -> None:
    """Write weights, then config.json: a folder without it is no checkpoint yet."""
    save_network(folder, network, dataclasses.asdict(config))


def new_network(config: FlowConfig) -> VelocityNetwork:
    """Return a network of the checkpoint's sizes, not trained."""
    codec = config.codec()
    return VelocityNetwork(codec.horizon, codec.size, len(config.state), config.width, config.depth)


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
