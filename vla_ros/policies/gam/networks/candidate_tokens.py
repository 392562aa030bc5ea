# SPDX-License-Identifier: Apache-2.0
"""A candidate as tokens: one of its pose, one of each element of the tool, which stands where the pose takes it.

An element's token is made of its cylinder, its actuation and its place in the scene by weights that all elements share:
a tool of another number of elements needs no new ones.
Shape legend: B samples, N candidates, K elements, A = POSE + K numbers of a candidate, D numbers of a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.gam.actions import POSE, POSITION
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.networks.conditioning import Conditioning
from vla_ros.policies.gam.networks.element_places import in_scene, places_in_tool
from vla_ros.policies.gam.networks.points_below import PointsBelow
from vla_ros.policies.gam.networks.position_embedding import position_embedding


class CandidateTokens(nn.Module):
    """Embeds candidates, noisy or clean."""

    def __init__(self, sizes: GamSizes, below: bool) -> None:
        """`below`: whether a token knows the points below it, which says nothing of candidates that are noise yet."""
        super().__init__()
        width = sizes.width
        self._scales = sizes.scales
        self.pose, self.active = nn.Linear(POSE, width), nn.Linear(1, width)
        self.place, self.tool = nn.Linear(width, width), nn.Linear(width, width)
        self.below = PointsBelow(width, sizes.scales.position) if below else None

    def forward(self, actions: Tensor, conditioning: Conditioning) -> Tensor:
        """Return tokens (B, N, 1 + K, D) of candidates (B, N, A)."""
        own = places_in_tool(actions, conditioning, self._scales)
        places = torch.cat([actions[..., None, POSITION], in_scene(actions, own)], dim=2)
        elements = self.active(actions[..., POSE:, None]) + self.tool(conditioning.elements)[:, None]
        tokens = torch.cat([self.pose(actions[..., None, :POSE]), elements], dim=2)
        if self.below is not None:
            tokens = tokens + self.below(actions, own, conditioning)
        return tokens + self.place(position_embedding(places, tokens.shape[3]))
