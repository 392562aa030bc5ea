# SPDX-License-Identifier: Apache-2.0
"""What a flow knows of waypoints: where to go from here, and whether that is all that matters (HYDRA).

Belkhale, Cui and Sadigh 2023: a policy says its mode with each action. In the sparse one a waypoint is gone to,
straight; in the dense one every action counts. Waypoint and mode are drawn together here, so that of two ways one is
taken.

Shape legend: N samples, B batch, D numbers an action, C numbers of condition.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from controllers.errors import ConfigError
from vla_ros.policies.capabilities.flow_policy import integrate_flow
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.training import FlowTraining, train_flow

_DEPTH, _STEPS = 3, 5  # layers; Euler steps


class WaypointNetwork(nn.Module):
    """A field over a waypoint, as an action that leads all the way there, and the mode: above 0 is dense."""

    def __init__(self, action_size: int, condition_size: int, width: int = 128) -> None:
        super().__init__()
        self.width = width
        self.field = VelocityNetwork(1, action_size + 1, condition_size, width, _DEPTH)
        self.register_buffer("mean", torch.zeros(action_size))  # (D,) of an action that leads there
        self.register_buffer("std", torch.ones(action_size))

    mean: Tensor
    std: Tensor

    def draw(self, condition: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return actions (B, D), not normalised, and modes (B,) for conditions (B, C) from noise (B, 1, D + 1)."""
        x = integrate_flow(lambda x, tau: self.field(x, torch.full((len(x),), tau), condition), noise, _STEPS)
        return x[:, 0, :-1] * self.std + self.mean, x[:, 0, -1]


@dataclass(frozen=True, eq=False)
class Waypoints:
    """Moments of demonstrations: where each was going, and whether the way there mattered."""

    conditions: np.ndarray  # (N, C)
    actions: np.ndarray  # (N, D) that lead all the way there, not normalised; of a dense moment its own first action
    dense: np.ndarray  # (N,) bool


def train_waypoints(network: VelocityNetwork, moments: Waypoints, settings: FlowTraining | None = None) -> float:
    """Give `network` waypoints; return the last mean loss. Raises ConfigError for moments that do not fit it."""
    settings = settings or FlowTraining()
    shapes = moments.conditions.shape[1:], moments.actions.shape[1:]
    if shapes != ((network.condition_size,), (network.action_size,)) or len(moments.dense) != len(moments.actions):
        raise ConfigError(
            f"waypoint training: conditions and actions are {shapes}, the network takes "
            f"({network.condition_size},) and makes ({network.action_size},)"
        )
    if moments.dense.all() or not moments.dense.any():
        raise ConfigError("waypoint training: there must be moments of both modes, sparse and dense")
    sparse = moments.actions[~moments.dense]
    spread = sparse.std(axis=0)
    mean, std = sparse.mean(axis=0), np.where(spread > 1e-6, spread, 1.0)
    modes = np.where(moments.dense, 1.0, -1.0)[:, None]
    rows = np.concatenate([(moments.actions - mean) / std, modes], axis=1)[:, None]
    with torch.random.fork_rng():  # its first weights are not kept: training changes nobody else's numbers
        waypoints = WaypointNetwork(network.action_size, network.condition_size, settings.width)
    waypoints.field, last = train_flow(rows, moments.conditions, dataclasses.replace(settings, depth=_DEPTH))
    waypoints.mean, waypoints.std = torch.as_tensor(mean).float(), torch.as_tensor(std).float()
    network.waypoints = waypoints.eval().requires_grad_(False)
    return last
