# SPDX-License-Identifier: Apache-2.0
"""What the full model is trained on: the next token of vision-language samples plus flow matching of robot samples.

GR-3, section 3.2: robot samples train the vision-language model and the action transformer, vision-language samples
the former alone; both terms are means and their plain sum is the loss. Human hand demonstrations are robot samples of
which less is supervised and less is seen (section 3.3): blank views, a state that nobody measured.

Shape legend: B batch, V views, N images, h × w pixels, T tokens, S numbers of the state, H actions, D = A + 1 numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from vla_ros.policies.action_transformer.flow_matching import flow_loss
from vla_ros.policies.gr3.full.network import Gr3FullNetwork
from vla_ros.policies.gr3.full.prompt import IGNORED


@dataclass(frozen=True, eq=False)
class RobotBatch:
    """Samples with actions: a robot's, and those of human hands."""

    images: Tensor  # (B, V, 3, h, w) uint8 RGB; all zeros where a view is missing
    tokens: Tensor  # (B, T) int64, V blocks in each
    mask: Tensor  # (B, T) bool
    state: Tensor  # (B, S) normalised; NaN where nobody measured
    actions: Tensor  # (B, H, D) normalised, the task status last
    counts: Tensor  # (B, H, D) how much each number counts (supervision.py); 0: whatever stands there, NaN included


@dataclass(frozen=True, eq=False)
class LanguageBatch:
    """Vision-language samples: questions about pictures, with their answers."""

    images: Tensor  # (N, 3, h, w) uint8 RGB, of all samples in order
    tokens: Tensor  # (B, T) int64, N blocks in all
    mask: Tensor  # (B, T) bool
    labels: Tensor  # (B, T) the tokens to be said; prompt.IGNORED elsewhere


@dataclass(frozen=True, eq=False)
class Losses:
    """The terms, each a scalar tensor; zero where no batch of the kind was given."""

    language: Tensor
    flow: Tensor

    @property
    def total(self) -> Tensor:
        """Return the sum to descend."""
        return self.language + self.flow


def co_training_loss(
    network: Gr3FullNetwork,
    robot: RobotBatch | None,
    language: LanguageBatch | None,
    times: int = 4,
    random: Generator | None = None,
) -> Losses:
    """Return the losses of a batch of each kind; one pass over pictures and words serves `times` random τ."""
    zero = torch.zeros((), device=next(network.parameters()).device)
    return Losses(
        zero if language is None else next_token_loss(network, language),
        zero if robot is None else action_loss(network, robot, times, random),
    )


def next_token_loss(network: Gr3FullNetwork, batch: LanguageBatch) -> Tensor:
    """Return the mean cross-entropy of the tokens that are labelled, each from those before it."""
    hidden = network.vision_language.hidden(batch.tokens, batch.mask, batch.images)[:, :-1]
    following = batch.labels[:, 1:]
    said = following != IGNORED
    # Scored where something is said alone: a vocabulary is a hundred times as wide as the model.
    logits = network.vision_language.score(hidden[said])
    return cross_entropy(logits, following[said], reduction="sum") / said.sum().clamp(min=1)


def action_loss(network: Gr3FullNetwork, batch: RobotBatch, times: int, random: Generator | None = None) -> Tensor:
    """Return the flow-matching loss, all `times` τ of a sample after one pass of the vision-language model."""
    prefix = network.vision_language.read(batch.tokens, batch.mask, batch.images.flatten(0, 1))
    state = batch.state.nan_to_num(nan=0.0)  # what nobody measured stands at its mean
    return flow_loss(network.action_transformer, prefix, state, batch.actions, batch.counts, times, random)
