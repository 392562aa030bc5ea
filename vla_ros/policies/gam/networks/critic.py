# SPDX-License-Identifier: Apache-2.0
"""GAM's critic: what is asked is a prompt, the answer a score of each candidate (section II-A).

A criterion is one more token beside a candidate's: it sees the candidate and itself, and nobody sees it. So all
criteria are answered in one run, and what is asked beside changes no answer.
Shape legend: B samples, N candidates, K elements, Q criteria, A = POSE + K numbers of a candidate, D of a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from vla_ros.policies.gam.actions import POSITION
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.networks.actor import read_alternately, read_there
from vla_ros.policies.gam.networks.candidate_tokens import CandidateTokens
from vla_ros.policies.gam.networks.conditioning import Conditioning
from vla_ros.policies.gam.networks.position_embedding import position_embedding
from vla_ros.policies.gam.networks.transformer_block import TransformerBlock, among


class Critic(nn.Module):
    """Scores candidates by criteria."""

    def __init__(self, sizes: GamSizes) -> None:
        super().__init__()
        width = sizes.width
        self.embed = CandidateTokens(sizes, below=True)
        self.criterion = nn.Linear(width, width)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, sizes.heads, sizes.feedforward, timed=False) for _ in range(sizes.critic_blocks)
        )
        self.norm, self.score = nn.LayerNorm(width), nn.Linear(width, 1)

    def forward(self, actions: Tensor, criteria: Tensor, conditioning: Conditioning) -> Tensor:
        """Return logits (B, N, Q) of candidates (B, N, A) by criteria, a token each (Q, D)."""
        return self.score(self.hidden(actions, criteria, conditioning)[:, :, -len(criteria) :])[..., 0]

    def hidden(self, actions: Tensor, criteria: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the last layer's tokens (B, N, 1 + K + Q, D) of what `forward` takes: pose, elements, criteria."""
        batch, count = actions.shape[:2]
        candidate = self.embed(actions, conditioning)  # (B, N, 1 + K, D)
        asked = self.criterion(criteria) + self.embed.place(
            position_embedding(actions[..., None, POSITION], criteria.shape[1])
        )
        tokens = torch.cat([candidate, asked.expand(batch, count, -1, -1)], dim=2)
        pairs = read_alternately(self.blocks, conditioning)
        sees = _sees(conditioning.elements_there, len(criteria))
        for number, (block, pair) in enumerate(zip(self.blocks, pairs, strict=True)):
            tokens = block(tokens, None, sees, pair, read_there(number, conditioning))
        return self.norm(tokens)

    def scores(self, actions: Tensor, criteria: Tensor, conditioning: Conditioning) -> Tensor:
        """Return scores (B, N, Q) from 0 to 1."""
        return self(actions, criteria, conditioning).sigmoid()

    def loss(self, actions: Tensor, criteria: Tensor, labels: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the mean divergence of labels (B, N, Q) from 0 to 1 from what is scored; NaN where there is none.

        Of a binary label it is the cross-entropy. Of a continuous one it is the same less the label's own entropy, so
        that it is 0 where the score is the label; either way the best score is the label's mean.
        """
        logits = self(actions, criteria, conditioning)
        known = labels.isfinite()
        targets = torch.where(known, labels, 0.5)
        inner = targets.clamp(1e-6, 1.0 - 1e-6)
        entropy = -(inner * logsigmoid(inner.logit()) + (1.0 - inner) * logsigmoid(-inner.logit()))
        divergence = binary_cross_entropy_with_logits(logits, targets, reduction="none") - entropy
        return torch.where(known, divergence, 0.0).sum() / known.sum().clamp(min=1)


def _sees(elements_there: Tensor, criteria: int) -> Tensor:
    """Return (B, 1, C, C) bool, C = 1 + K + Q: all see pose and elements, a criterion itself as well."""
    candidate = torch.cat([torch.ones_like(elements_there[:, :1]), elements_there], dim=1)
    none = torch.zeros(len(candidate), criteria, dtype=torch.bool, device=candidate.device)
    sees = among(torch.cat([candidate, none], dim=1))
    return sees | torch.eye(sees.shape[-1], dtype=torch.bool, device=sees.device)
