# SPDX-License-Identifier: Apache-2.0
"""A flow policy on disk: config.json and model.safetensors. No pickle is ever read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from controllers.errors import ConfigError
from vla_ros.new_file import replace_file
from vla_ros.policies.action_codec import state_values
from vla_ros.policies.flow.config import CONFIG, WEIGHTS, FlowConfig, read_flow_config
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.policy import MlpFlowPolicy


def load_flow(folder: Path) -> MlpFlowPolicy:
    """Return the policy of a checkpoint. Raises ConfigError for one that is missing, torn, or of other sizes."""
    config, path = read_flow_config(folder), folder / WEIGHTS
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: is corrupt or cut short ({error}): copy the checkpoint again") from None
    network = new_network(config)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for name in sorted(expected.keys() | weights.keys()):
        found = tuple(weights[name].shape) if name in weights else None
        if found != expected.get(name):
            raise ConfigError(f"{path}: {name} has shape {found}, {CONFIG} makes it {expected.get(name)}")
        if not weights[name].isfinite().all():
            raise ConfigError(f"{path}: {name} holds a value that is not finite: take an earlier checkpoint")
    network.load_state_dict(weights)
    return flow_policy(network, config)


def save_flow(folder: Path, network: VelocityNetwork, config: FlowConfig) -> None:
    """Write weights, then config.json: a folder without it is no checkpoint yet."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / WEIGHTS, save({name: value.contiguous() for name, value in network.state_dict().items()}))
    replace_file(folder / CONFIG, (json.dumps(dataclasses.asdict(config), indent=1) + "\n").encode())


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
