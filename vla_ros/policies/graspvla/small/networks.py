# SPDX-License-Identifier: Apache-2.0
"""The four networks of the small GraspVLA as one module: what a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.actions import ACTION_SIZE
from vla_ros.policies.graspvla.small.action_expert import ActionExpert
from vla_ros.policies.graspvla.small.chain import LINKS
from vla_ros.policies.graspvla.small.direct_expert import DirectExpert
from vla_ros.policies.graspvla.small.grasp_network import GraspNetwork
from vla_ros.policies.graspvla.small.matching import MatchNetwork
from vla_ros.policies.graspvla.small.proposals import ProposalNetwork


@dataclass(frozen=True)
class NetworkSizes:
    """How large the networks are; a checkpoint names them."""

    categories: int
    colors: int
    proposal_width: int = 32
    match_size: int = 128
    grasp_size: int = 48
    expert_size: int = 96
    expert_depth: int = 3
    horizon: int = 4
    # Of the chain that the expert is told; an ablation leaves some out. Without any it looks for itself.
    links: tuple[str, ...] = LINKS

    def __post_init__(self) -> None:
        for link in self.links:
            if link not in LINKS:
                raise ConfigError(unknown_name("link", link, LINKS))


class SmallGraspVla(nn.Module):
    """Proposals, matching, grasp and action expert, and the statistics of actions; the expert alone without links."""

    mean: Tensor
    spread: Tensor
    expert: ActionExpert

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.sizes = sizes
        expert = sizes.horizon, sizes.expert_size, sizes.expert_depth
        if sizes.links:
            self.proposals = ProposalNetwork(sizes.proposal_width)
            self.matching = MatchNetwork(sizes.categories, sizes.colors, sizes.match_size)
            self.grasp = GraspNetwork(sizes.grasp_size)
            self.expert = ActionExpert(*expert, sizes.links)
        else:
            self.expert = DirectExpert(*expert, sizes.proposal_width)
        self.register_buffer("mean", torch.zeros(ACTION_SIZE))
        self.register_buffer("spread", torch.ones(ACTION_SIZE))
