# SPDX-License-Identifier: Apache-2.0
"""The backbone and the two networks of the small GraspVLA that act, as one module: what a checkpoint holds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.actions.single_arm import ACTION_SIZE
from vla_ros.policies.backbone.checkpoint import new_backbone
from vla_ros.policies.backbone.matching import MatchNetwork
from vla_ros.policies.backbone.proposals import ProposalNetwork
from vla_ros.policies.grasp_finding.grasp_network import GraspNetwork
from vla_ros.policies.graspvla.small.action_expert import ActionExpert
from vla_ros.policies.graspvla.small.checkpoint_config import NetworkSizes
from vla_ros.policies.graspvla.small.direct_expert import DirectExpert


class SmallGraspVla(nn.Module):
    """Backbone, grasp and action expert, the statistics of actions; the expert alone without any step."""

    mean: Tensor
    spread: Tensor
    expert: ActionExpert

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.sizes = sizes
        expert = sizes.horizon, sizes.expert_size, sizes.expert_depth
        if sizes.conditioning:
            self.backbone = new_backbone(sizes.backbone)
            self.grasp = GraspNetwork(sizes.grasp_size)
            self.expert = ActionExpert(*expert, sizes.conditioning)
        else:
            self.expert = DirectExpert(*expert, sizes.proposal_width)
        self.register_buffer("mean", torch.zeros(ACTION_SIZE))
        self.register_buffer("spread", torch.ones(ACTION_SIZE))

    @property
    def proposals(self) -> ProposalNetwork:
        """Return the backbone's network that proposes boxes."""
        return self.backbone.proposals

    @property
    def matching(self) -> MatchNetwork:
        """Return the backbone's network that compares with the words."""
        return self.backbone.matching
