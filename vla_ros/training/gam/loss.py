# SPDX-License-Identifier: Apache-2.0
"""What actor and critic minimise together: both read the tokens of one encoder (GAM, section II-A)."""

from __future__ import annotations

import torch
from torch import Tensor

from vla_ros.policies.gam.networks.conditioning import Conditioning
from vla_ros.policies.gam.networks.network import GamNetwork
from vla_ros.training.gam.batches import Batch, inputs_of


def gam_loss(network: GamNetwork, batch: Batch, critic_weight: float, rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses of a batch as BatchMaker makes it: `actor` on clean candidates, `critic` on labels."""
    conditioning = network.conditioning(inputs_of(batch))
    learned = Conditioning(*(value[: len(batch["actions"])] for value in vars(conditioning).values()))
    criteria = network.encoder.text.sentences(batch["criteria"])
    return {
        "actor": network.actor.loss(batch["actions"], batch["weights"], learned, rng),
        "critic": critic_weight * network.critic.loss(batch["scored"], criteria, batch["labels"], conditioning),
    }
