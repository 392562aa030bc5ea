# SPDX-License-Identifier: Apache-2.0
"""What the full model is trained on: cross-entropy of its tokens plus flow matching (GraspVLA, section 4).

Each term is a mean over what is supervised, and their plain sum is the loss, as in the paper ("a simple sum"). Samples
of grounding data have boxes and nothing else; what they lack is masked, whatever stands in its place, NaN included.

Shape legend: B batch, V views, N box tokens (4 V), P grasp tokens (6), M states (2), L words, H actions, D = 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from vla_ros.policies.graspvla.full.network import GraspVlaNetwork

IGNORED = -100  # what cross_entropy leaves out


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of action data and grounding data, mixed."""

    images: Tensor  # (B, V, 3, S, S) uint8 RGB
    words: Tensor  # (B, L) int64, padded at the left
    word_mask: Tensor  # (B, L) bool
    boxes: Tensor  # (B, V, 4) int64 bins
    box_known: Tensor  # (B, V) bool: the target is in this view and its box is labelled
    has_action: Tensor  # (B,) bool: False for grounding data, and the rest is not looked at
    states: Tensor  # (B, M, 7) normalised
    grasp: Tensor  # (B, P) int64 bins
    actions: Tensor  # (B, H, D) normalised
    counts: Tensor  # (B, H) 1 where a step is to be imitated, else 0: behind the end, or behind what is no example


@dataclass(frozen=True, eq=False)
class Losses:
    """The terms, each a scalar tensor; zero where a batch supervises nothing of the kind."""

    boxes: Tensor
    grasp: Tensor
    flow: Tensor

    @property
    def total(self) -> Tensor:
        """Return the sum to descend."""
        return self.boxes + self.grasp + self.flow


def graspvla_loss(network: GraspVlaNetwork, batch: Batch, random: Generator | None = None) -> Losses:
    """Return the losses of a batch; noise and times of the flow are drawn from `random`."""
    has_action, box_known = batch.has_action, batch.box_known.repeat_interleave(batch.boxes.shape[2], dim=1)
    boxes = batch.boxes.flatten(1)
    actions = batch.actions.where(has_action[:, None, None], 0.0)
    box_logits, grasp_logits, prefix = network(
        batch.images,
        batch.words,
        batch.word_mask,
        boxes.where(box_known, 0),
        batch.states.where(has_action[:, None, None], 0.0),
        batch.grasp.where(has_action[:, None], 0),
    )
    # τ uniform on [0, 1], a^τ = (1 − τ) ε + τ a, u = a − ε.
    tau = torch.rand(len(actions), generator=random, device=actions.device)
    noise = torch.randn(actions.shape, generator=random, device=actions.device)
    share = tau[:, None, None]
    error = network.expert((1.0 - share) * noise + share * actions, tau, prefix) - (actions - noise)
    counts = batch.counts.where(has_action[:, None], 0.0)
    squares = error.square().mean(dim=2) * counts
    return Losses(
        _token_loss(box_logits, boxes, box_known),
        _token_loss(grasp_logits, batch.grasp, has_action[:, None].expand_as(batch.grasp)),
        squares.sum() / counts.sum().clamp(min=1.0),
    )


def _token_loss(logits: Tensor, bins: Tensor, known: Tensor) -> Tensor:
    # Every parameter takes part in every batch, with a gradient of zero if need be: data-parallel training wants that.
    labels = bins.where(known, IGNORED)
    summed = cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum")
    return summed / known.sum().clamp(min=1)
