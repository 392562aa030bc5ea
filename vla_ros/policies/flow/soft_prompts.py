# SPDX-License-Identifier: Apache-2.0
"""One flow for several robots, told apart by numbers that are learned (X-VLA, Zheng et al. 2025, soft prompts).

What differs from robot to robot and is not seen (how it is mounted, how fast its demonstrations are) is learned as a
prompt of each, beside weights that all share. A robot that joins later learns its prompt first, with the weights as
they are, then both.

Shape legend: R robots, P numbers a prompt, N samples, B batch, H steps, D numbers an action, C numbers of condition.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor, nn

from controllers.errors import ConfigError
from vla_ros.policies.flow.descent import descend
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.training import FlowTraining, flow_matching_loss

_SPREAD = 0.02  # of prompts before they have learned


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """Of one robot. Raises ConfigError for none, and for actions without conditions."""

    actions: np.ndarray  # (N, H, D) normalised
    conditions: np.ndarray  # (N, C)

    def __post_init__(self) -> None:
        if not len(self.actions) or len(self.actions) != len(self.conditions):
            raise ConfigError(f"soft prompts: {len(self.actions)} actions for {len(self.conditions)} conditions")


@dataclass(frozen=True)
class PromptTuning:
    """How a robot joins: `warm_up` iterations for its prompt alone, then `iterations` for everything."""

    warm_up: int = 300
    iterations: int = 300
    learning_rate: float = 1e-3  # of everything, falls to zero along a cosine
    prompt_rate: float = 3e-2  # of the prompt alone
    batch: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 0 if name in ("seed", "warm_up", "iterations") else 1e-12
            if value < least:
                raise ConfigError(f"prompt tuning: {name} must be {'>= 0' if least == 0 else '> 0'}, got {value}")


class PromptedFlow(nn.Module):
    """A velocity network whose condition ends with the prompt of a robot."""

    def __init__(self, network: VelocityNetwork, prompts: Tensor) -> None:
        """`prompts` (R, P): `network` takes P numbers of condition more than are seen."""
        super().__init__()
        self.network, self.prompts = network, nn.Parameter(prompts)

    def prompted(self, conditions: Tensor, robots: Tensor | int) -> Tensor:
        """Return conditions (B, C) with the prompt of each one's robot (B,), (B, C + P)."""
        return with_prompt(conditions, self.prompts[robots])

    def of(self, robot: int) -> VelocityNetwork:
        """Return the network of one robot, which knows no prompts: its own is in the first layer's bias."""
        width = self.prompts.shape[1]
        plain = copy.deepcopy(self.network)
        first = plain.layers[0]
        assert isinstance(first, nn.Linear)
        seen = first.in_features - width
        own = nn.Linear(seen, first.out_features)
        with torch.no_grad():
            own.bias.copy_(first.bias + first.weight[:, seen:] @ self.prompts[robot])
            own.weight.copy_(first.weight[:, :seen])
        plain.layers[0], plain.condition_size = own, plain.condition_size - width
        return plain.eval()


def train_prompted(
    robots: Sequence[Demonstrations], settings: FlowTraining | None = None, prompt: int = 8
) -> tuple[PromptedFlow, float]:
    """Return one network for all robots, each batch drawn from all of them alike, and its last mean loss.

    `prompt`: numbers of each robot's. Raises ConfigError for robots whose numbers differ in size, and for horizons that
    are mixed: these say by a number of the input which one is asked.
    """
    settings = settings or FlowTraining()
    if prompt < 1 or settings.horizons:
        raise ConfigError(f"soft prompts: a prompt has 1 number or more and no mixture of horizons, got {prompt}")
    shapes = {(one.actions.shape[1:], one.conditions.shape[1]) for one in robots}
    if len(shapes) != 1:
        raise ConfigError(
            f"soft prompts: all robots need actions and conditions of the same size, got {shapes or '{}'}"
        )
    (((horizon, size), seen),) = shapes
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = VelocityNetwork(horizon, size, seen + prompt, settings.width, settings.depth, settings.prefix_max)
        flow = PromptedFlow(network, _SPREAD * torch.randn(len(robots), prompt))
    random = Generator().manual_seed(settings.seed)
    actions, conditions = (torch.cat(parts) for parts in zip(*map(_tensors, robots), strict=True))
    counts = torch.tensor([len(one.actions) for one in robots])
    begins = counts.cumsum(dim=0) - counts

    def loss() -> Tensor:
        which = torch.randint(len(robots), (settings.batch,), generator=random)
        some = begins[which] + (torch.rand(settings.batch, generator=random) * counts[which]).long()
        return flow_matching_loss(network, actions[some], flow.prompted(conditions[some], which), random)

    last = descend(flow.parameters(), loss, settings.iterations, settings.learning_rate)
    return flow.eval(), last


def join(flow: PromptedFlow, robot: Demonstrations, settings: PromptTuning | None = None) -> PromptedFlow:
    """Return a flow with a further robot, the last one: its prompt begins as the mean of the others.

    `flow` stays as it is, and so do the prompts of its robots.
    """
    settings = settings or PromptTuning()
    network, prompts = copy.deepcopy(flow.network), flow.prompts.detach()
    own = nn.Parameter(prompts.mean(dim=0))
    random = Generator().manual_seed(settings.seed)
    actions, conditions = _tensors(robot)

    def loss() -> Tensor:
        some = torch.randint(len(actions), (settings.batch,), generator=random)
        return flow_matching_loss(network, actions[some], with_prompt(conditions[some], own), random)

    if settings.warm_up:
        network.requires_grad_(False)
        descend([own], loss, settings.warm_up, settings.prompt_rate)
    if settings.iterations:
        network.requires_grad_(True)
        descend([*network.parameters(), own], loss, settings.iterations, settings.learning_rate)
    return PromptedFlow(network, torch.cat([prompts, own.detach()[None]])).eval()


def with_prompt(conditions: Tensor, prompts: Tensor) -> Tensor:
    """Return conditions (B, C) that end with a prompt each (B, P), or with the same one (P,)."""
    return torch.cat([conditions, prompts.expand(len(conditions), -1)], dim=1)


def _tensors(robot: Demonstrations) -> tuple[Tensor, Tensor]:
    actions, conditions = (torch.as_tensor(one, dtype=torch.float32) for one in (robot.actions, robot.conditions))
    return actions, conditions
