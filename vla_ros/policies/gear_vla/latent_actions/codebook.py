# SPDX-License-Identifier: Apache-2.0
"""Vector quantisation in groups: each code is the nearest entry of its group (GEAR-VLA, appendix A).

Shape legend: N transitions, Q codes a transition, G groups, E entries a group, D numbers of an entry.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, one_hot

SHARPNESS = 10.0  # of the soft choice whose spread is counted


@dataclass(frozen=True, eq=False)
class Quantised:
    """What a codebook made of features."""

    values: Tensor  # (N, Q, D) entries; gradients go to the features
    ids: Tensor  # (N, Q) 0 to G·E − 1
    nearness: Tensor  # () how far features and entries are apart: to be minimised
    spread: Tensor  # () 0 where all entries of a group are chosen alike often, up to log E: to be minimised


class GroupedCodebook(nn.Module):
    """G groups of E directions; code j of a transition chooses among those of group j mod G.

    Features are brought to mean 0 and deviation 1 over the batch, number by number, before they are compared with
    entries as directions, and how often the batch chooses which entry is kept even. With distances alone, features that
    have yet to learn anything all choose one entry, and learn nothing from then on.
    """

    group: Tensor  # (Q,) of each code

    def __init__(self, codes: int, groups: int, entries: int, size: int) -> None:
        super().__init__()
        self.entries = nn.Parameter(torch.randn(groups, entries, size))
        self.centre = nn.BatchNorm1d(codes * size, affine=False)
        self.register_buffer("group", torch.arange(codes) % groups, persistent=False)

    def forward(self, features: Tensor, share: float = 1.0, rng: torch.Generator | None = None) -> Quantised:
        """Quantise features (N, Q, D): of this share of them, drawn at random; the others stay as they are.

        While whoever reads the values has yet to learn what is in them, entries would keep it from them.
        """
        centred = self.centre(features.flatten(1)).view_as(features)
        found, entries = normalize(centred, dim=-1), normalize(self.entries, dim=-1)[self.group]  # (Q, E, D)
        likeness = torch.einsum("nqd,qed->nqe", found, entries)
        chosen = likeness.argmax(dim=-1)
        nearest = torch.einsum("nqe,qed->nqd", one_hot(chosen, entries.shape[1]).to(entries.dtype), entries)
        # The entry moves to the features, and a quarter as much the features to the entry (van den Oord et al. 2017).
        apart = (nearest - found.detach()).square().sum(-1) + 0.25 * (nearest.detach() - found).square().sum(-1)
        usual = (SHARPNESS * likeness).softmax(dim=-1).mean(dim=0)  # (Q, E)
        missing = (usual * usual.clamp(min=1e-9).log()).sum(-1) + torch.log(torch.tensor(float(entries.shape[1])))
        step = nearest - found
        if share < 1.0:
            drawn = torch.rand((len(features), 1, 1), generator=rng).to(step.device)
            step = step * (drawn < share)
        return Quantised(
            values=found + step.detach(),
            ids=chosen + self.group * entries.shape[1],
            nearness=apart.mean(),
            spread=missing.mean(),
        )

    def values(self, ids: Tensor) -> Tensor:
        """Return the entries (..., Q, D) of codes (..., Q)."""
        return normalize(self.entries, dim=-1).flatten(0, 1)[ids]
