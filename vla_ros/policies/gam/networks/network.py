# SPDX-License-Identifier: Apache-2.0
"""GAM's weights: the encoders that both share, the actor and the critic.

Shape legend: B samples, N candidates, Q criteria, A numbers of a candidate, D numbers of a token.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.criteria import Criterion
from vla_ros.policies.gam.networks.actor import Actor
from vla_ros.policies.gam.networks.conditioning import Conditioning, ConditioningEncoder, SceneInputs
from vla_ros.policies.gam.networks.critic import Critic
from vla_ros.policies.gam.networks.text_tokens import prompt_words


class GamNetwork(nn.Module):
    """All weights."""

    def __init__(self, sizes: GamSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoder, self.actor, self.critic = ConditioningEncoder(sizes), Actor(sizes), Critic(sizes)

    def conditioning(self, inputs: SceneInputs) -> Conditioning:
        """Encode what is seen, said and carried: once for actor and critic."""
        return self.encoder(inputs)

    def criteria_tokens(self, criteria: Sequence[Criterion]) -> Tensor:
        """Return a token (Q, D) of each criterion's prompt."""
        words = prompt_words([criterion.prompt for criterion in criteria])
        return self.encoder.text.sentences(words.to(self.encoder.cloud.device))


def parameters(network: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
